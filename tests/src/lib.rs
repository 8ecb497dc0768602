//! The judges of what the client under test did: servers that share no code with it.
//!
//! Nothing in this crate may depend on the crates it judges, or on an HTTP library: a mistake
//! made on both sides would cancel out. [`judge`] reads raw bytes, counts them and answers by a
//! script; [`certs`] makes the certificates for its TLS side; [`phone`] ties each code to its own
//! number; [`scenarios`] holds the shared list of replies and what a client must make of each;
//! [`markdown`] takes the guide apart.
#![expect(
    clippy::expect_used,
    reason = "test support: a judge that cannot do its work must stop the test, loudly"
)]

pub mod bare;
pub mod certs;
pub mod judge;
pub mod markdown;
pub mod phone;
pub mod scenarios;
