//! What the benchmarks share: the stub they talk to, and one call by each way of making it.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

pub mod calls;
pub mod program;
pub mod stub;
