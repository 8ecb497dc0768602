//! The tools that a command needs and a toolchain does not bring.

use std::process::{Command, Stdio};

/// The exit code that says: a tool is missing, so that nothing passed and nothing failed.
pub(crate) const MISSING: u8 = 3;

/// Whether a program answers to `--version`.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
