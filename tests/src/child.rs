//! Runs one test of this binary again in a child process, for properties of a whole process.

use std::process::{Command, Output};

const CHILD: &str = "AUTHING_TESTS_CHILD";

/// Runs the test of this full name (`module::test`) in a child process with these variables.
///
/// The test itself does the child's part when [`variable`] returns its variable.
pub fn run(test: &str, variables: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("a child process");
    let text = String::from_utf8_lossy(&output.stdout);
    // A misspelled name runs nothing and succeeds.
    let has_run = text.contains("running 1 test");
    assert!(has_run, "{test} did not run: {text}");
    output
}

/// The same for a child that must succeed. Returns what it printed to standard output.
pub fn run_ok(test: &str, variables: &[(&str, &str)]) -> String {
    let output = run(test, variables);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test}: {text}\n{errors}");
    text
}

/// Returns a variable set by [`run`], or `None` outside a child process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(CHILD)?;
    std::env::var(name).ok()
}
