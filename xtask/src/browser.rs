//! `cargo xtask browser`: the console in a real browser.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::place::project_root;
use crate::tool::{MISSING, is_there};

/// Runs the tests of the sandbox's console in headless Chromium.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What is handed on to the tests, such as a test's name.
    #[arg(trailing_var_arg = true)]
    rest: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let driver = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
    for (program, package) in [
        ("chromium", "chromium"),
        (driver.as_str(), "chromium-driver"),
    ] {
        if !is_there(program) {
            eprintln!(
                "error: {program} is missing, so that nothing was tested; on Debian: \
                 apt-get install {package}"
            );
            return Ok(ExitCode::from(MISSING));
        }
    }
    let status = Command::new("cargo")
        // The whole workspace, so that little is built again after `cargo test`.
        .args(["test", "--workspace", "--features", "authing-tests/browser"])
        .args(["--test", "browser", "--"])
        // A browser is a heavy guest: two at a time.
        .arg("--test-threads=2")
        .args(&arguments.rest)
        .current_dir(project_root())
        .status()
        .context("cargo cannot be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
