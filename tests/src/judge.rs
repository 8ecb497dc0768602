//! The judge: a raw TCP server that records what a client sent, and answers by a script.
//!
//! It runs on a thread and a runtime of its own, so that the tasks, timers and stalls of the
//! client under test and those of the judge never mix. It is started and read from ordinary and
//! from async code alike, and dropping it closes every socket it holds before `drop` returns.

mod action;
mod connection;
mod deaf;
mod record;
mod reply;
mod request;
mod script;
mod server;
mod tls;
mod wire;
mod writer;

pub use action::{Action, CutAt, Ending};
pub use deaf::DeafListener;
pub use record::{
    ClientCertificate, Closed, Connection, Ended, PartialRequest, PeerClosed, Tls, Violation,
};
pub use reply::Reply;
pub use request::Request;
pub use script::Script;
pub use server::{Judge, refused_addr};
pub use tls::TlsSetup;
