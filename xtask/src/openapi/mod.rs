//! `cargo xtask openapi …`: what a maintainer asks of the document.

pub mod lint;

use std::process::ExitCode;

use anyhow::Result;

/// What is asked of the document.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Checks the document: the specification, examples, descriptions, names, the generator.
    Lint(lint::Arguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Lint(arguments) => lint::run(arguments),
    }
}
