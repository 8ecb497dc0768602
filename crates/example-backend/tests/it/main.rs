//! The backend end to end, with a sandbox in Authing's place.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod answers;
mod guards;
mod page;
mod program;
mod support;
