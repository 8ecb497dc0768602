//! This test program started once more, for what can be judged in a process of its own alone.
//!
//! What runs in the child is an ignored test; it does nothing unless its parent started it.

use std::process::{Command, Output};

const STARTED_BY_A_TEST: &str = "AUTHING_TESTS_CHILD";

/// Runs an ignored test of this program in a child process, with these variables.
pub(crate) fn run(test: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(STARTED_BY_A_TEST, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// The same for one that must succeed; what it printed.
pub(crate) fn run_well(test: &str, variables: &[(&str, &str)]) -> String {
    let output = run(test, variables);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test}: {text}\n{errors}");
    // A misspelt name would run nothing, and succeed.
    assert!(text.contains("1 passed"), "{test} did not run: {text}");
    text
}

/// A variable that the parent set; nothing if this is not a child.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(STARTED_BY_A_TEST).ok()?;
    Some(std::env::var(name).unwrap())
}
