//! `cargo xtask ci`: everything that gates a change, in one list.

mod api;
mod deny;
mod features;
mod package;

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::place::project_root;

/// Runs everything that gates a change, or one of the slower parts that gate a release.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Prints the commands, and runs none.
    #[arg(long)]
    list: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What is checked apart from the gate.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Compares the public items of the libraries with the listings that are kept.
    Api(api::Arguments),
    /// Checks licences, forbidden crates and sources with cargo-deny; exits 3 if that is missing.
    Deny,
    /// Builds the published packages with no feature, with each, and with each pair.
    Features,
    /// Packages what is published, builds each package from its archive, and looks into it.
    Package,
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
    step("cargo xtask openapi lint"),
    step("cargo xtask codegen --check"),
    step(README_TEST_COMMAND),
    step("cargo xtask browser"),
    step("cargo xtask bench --check"),
    Step {
        words: "cargo doc --workspace --no-deps --all-features",
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.part {
        None => {}
        Some(Part::Api(arguments)) => return api::run(arguments),
        Some(Part::Deny) => return deny::run(),
        Some(Part::Features) => return features::run(),
        Some(Part::Package) => return package::run(),
    }
    for step in STEPS {
        if arguments.list {
            println!("\n$ {}", step.shown());
        } else {
            step.run()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Step {
    /// The command as it is typed.
    fn shown(&self) -> String {
        let prefix = self.environment.iter();
        let prefix: String = prefix
            .map(|(name, value)| format!("{name}='{value}' "))
            .collect();
        format!("{prefix}{}", self.words)
    }

    fn run(&self) -> Result<()> {
        println!("\n$ {}", self.shown());
        run_command(self.words.split(' '), self.environment)
    }
}

/// Runs a command of words that hold no spaces; an error if it fails.
fn run_words(words: &str) -> Result<()> {
    println!("\n$ {words}");
    run_command(words.split(' '), &[])
}

fn run_command<'a>(
    mut words: impl Iterator<Item = &'a str>,
    environment: &[(&str, &str)],
) -> Result<()> {
    let program = words.next().context("an empty command")?;
    let status = Command::new(program)
        .args(words)
        .envs(environment.iter().copied())
        .current_dir(project_root())
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    if !status.success() {
        bail!("it failed: {status}");
    }
    Ok(())
}
