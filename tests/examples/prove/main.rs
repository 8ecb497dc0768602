//! The proofs at full size; `cargo xtask prove` starts this in release mode.
fn main() {}
