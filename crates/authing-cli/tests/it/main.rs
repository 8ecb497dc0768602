//! The program `authing` as a user runs it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod doctor;
mod help;
mod phone;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, told nothing by the environment.
fn authing(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authing"));
    command.args(arguments);
    for name in [
        "AUTHING_APP_HOST",
        "AUTHING_APP_ID",
        "AUTHING_USERPOOL_ID",
        "AUTHING_LANG",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a run gave: its exit status, and both its outputs together.
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(mut command: Command) -> Self {
        Self::from(command.stdin(Stdio::null()).output().unwrap())
    }

    fn with_stdin(mut command: Command, text: &str) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        Self::from(child.wait_with_output().unwrap())
    }

    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn everything(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}
