//! `authing-sandbox`: a local Authing on a loopback port.
#![expect(
    clippy::print_stdout,
    reason = "the program's purpose is to tell its address"
)]

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run()
}
