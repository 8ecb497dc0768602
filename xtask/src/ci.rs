//! `cargo xtask ci`: everything that gates a change, in one list.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::place::project_root;

/// Runs everything that gates a change.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Prints the commands, and runs none.
    #[arg(long)]
    list: bool,
}

/// A command of the gate: its words, and its environment.
struct Step {
    words: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const fn step(words: &'static str) -> Step {
    Step {
        words,
        environment: &[],
    }
}

/// The command by which the README says that the tests are run; a test compares the two.
pub const README_TEST_COMMAND: &str = "cargo test";

const STEPS: &[Step] = &[
    step("cargo fmt --all --check"),
    step("cargo clippy --workspace --all-targets -- -D warnings"),
    step("cargo clippy --workspace --all-targets --all-features -- -D warnings"),
    step(
        "cargo clippy --package authing-sandbox --no-default-features --all-targets -- -D warnings",
    ),
    step("cargo xtask codegen --check"),
    step(README_TEST_COMMAND),
    step("cargo xtask browser"),
    Step {
        words: "cargo doc --workspace --no-deps --all-features",
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    for Step { words, environment } in STEPS {
        let prefix: String = environment
            .iter()
            .map(|(name, value)| format!("{name}='{value}' "))
            .collect();
        println!("\n$ {prefix}{words}");
        if arguments.list {
            continue;
        }
        let mut words_iter = words.split(' ');
        let program = words_iter.next().context("an empty command")?;
        let status = Command::new(program)
            .args(words_iter)
            .envs(environment.iter().copied())
            .current_dir(project_root())
            .status()
            .with_context(|| format!("{program} cannot be started"))?;
        if !status.success() {
            bail!("`{words}` failed: {status}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
