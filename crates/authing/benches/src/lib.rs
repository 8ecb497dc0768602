//! What the benchmarks share. Figures are printed one a line: what, by which way, how much, with
//! tabs between.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

pub mod calls;
pub mod measure;
pub mod program;
pub mod stub;
pub mod tasks;
