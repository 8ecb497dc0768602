//! `cargo xtask openapi …`: what a maintainer asks of the document.

pub mod compare;
pub mod diff;
pub mod lint;

use std::process::ExitCode;

use anyhow::Result;

/// What is asked of the document.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Checks the document: the specification, examples, descriptions, names, the generator.
    Lint(lint::Arguments),
    /// Says what the working document changes against a git revision, and whom that breaks.
    Diff(diff::Arguments),
    /// Compares our document with the vendor's, for the operations that we describe.
    Compare(compare::Arguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Lint(arguments) => lint::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
    }
}
