//! The judge: a raw TCP server that records what a client sent, and answers by a script.
//!
//! It runs on a thread and a runtime of its own, so that the tasks, timers and stalls of the
//! client under test and those of the judge never mix. It is started and read from ordinary and
//! from async code alike, and dropping it closes every socket it holds before `drop` returns.
//!
//! ```
//! use std::time::Duration;
//!
//! use authing_tests::judge::{Action, CutAt, Ending, Judge, Reply, Script};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let judge = Judge::start(Script::sequence([
//!     Action::cut(CutAt::RequestBytes(40), Ending::Rst),
//!     Reply::json(200, &serde_json::json!({"statusCode": 200})).into(),
//! ]));
//! // … a client makes its calls to `judge.base_url()` …
//! # assert!(judge.base_url().starts_with("http://127.0.0.1:"));
//! assert!(judge.wait_for(|j| j.open_connections() == 0, Duration::from_secs(5)).await);
//! let codes: Vec<_> = judge.requests().iter().map(|each| each.body_string("code")).collect();
//! assert_eq!((codes.len(), judge.connection_count(), judge.violations().len()), (0, 0, 0));
//! # });
//! ```

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
