//! The guarantees of the client, one file each; `tests/README.md` lists them.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop; its output is shown when it fails"
)]

mod at_most_once;
mod blocking;
mod bounds;
#[cfg(feature = "browser")]
mod console;
mod deadlines;
mod document;
mod guarantees;
mod guide;
mod input;
mod observability;
mod replies;
mod silence;
mod throttling;
mod tls;
mod transport;

/// Counts the bytes in use while a profiler runs, for the tests of `bounds`.
#[global_allocator]
static MEMORY: dhat::Alloc = dhat::Alloc;
