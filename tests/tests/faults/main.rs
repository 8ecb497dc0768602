//! The promises of a call under faults, each with the judge or the sandbox's ledger as witness.
//!
//! Everything here runs with the features of reqwest that other crates may switch on: HTTP/2,
//! decompression, cookies, SOCKS, the system's proxies (see this package's dev-dependencies).
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop; what is printed is shown when it fails"
)]

#[path = "../../proofs/mod.rs"]
#[allow(dead_code, reason = "some parts are for `cargo xtask prove` alone")]
mod proofs;

mod at_most_once;
mod bad_input;
mod bounds;
mod child;
mod deadlines;
mod features;
mod guarantees;
mod mix_up;
mod own_http_client;
mod proxies;
mod redirects;
mod replies;
mod silence;
mod throttling;
mod tls;
mod verdict;
