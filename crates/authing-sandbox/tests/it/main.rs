//! The sandbox as its users meet it: over raw sockets, with no HTTP client in between.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy exempts only inside of test functions"
)]

mod admin;
mod checks;
mod client;
mod config;
mod console;
mod exchange;
mod faults;
mod program;
mod server;
mod shapes;
mod wire_faults;
