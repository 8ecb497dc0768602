//! Runs one test of this binary again in a child process, for properties of a whole process.

use std::process::Command;

const CHILD: &str = "AUTHING_TESTS_CHILD";

/// Runs the test of this full name (`module::test`) in a child process with these variables, and
/// returns what it printed. The child must succeed.
///
/// The test itself does the child's part when [`variable`] returns its variable.
pub fn run(test: &str, variables: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("a child process");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    // A misspelled name runs nothing and succeeds.
    let has_run = text.contains("running 1 test");
    assert!(has_run && output.status.success(), "{test}: {text}");
    text
}

/// Returns a variable set by [`run`], or `None` outside a child process.
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(CHILD)?;
    std::env::var(name).ok()
}
