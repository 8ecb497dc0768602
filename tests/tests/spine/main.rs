//! From the document to the phone number: replies, the wire, the sandbox.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod blocking;
mod observability;
mod one_line;
mod readme;
mod release;
mod round_trip;
mod sandbox_guide;
mod scenarios;
mod wire;
