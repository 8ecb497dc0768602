#![doc = include_str!("../README.md")]

pub mod context;
pub mod envelope;
mod exchange;
mod lenient;
mod rejection;
pub mod scalars;

#[rustfmt::skip]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::pedantic,
    reason = "style of the generator"
)]
mod generated;

pub use generated::{Client, types};
