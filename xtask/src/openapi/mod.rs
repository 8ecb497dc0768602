//! `cargo xtask openapi …`: what a maintainer asks of the document.

pub mod compare;
pub mod diff;
pub mod lint;

use std::process::ExitCode;

use anyhow::Result;

/// What is asked of the document.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Checks the document, and says of each mistake where it is and how to fix it.
    ///
    /// Checked are: OpenAPI 3.0.3 by the specification's own schema, every example against its
    /// schema, a description everywhere, the names of the vendor's reference page, and nothing that
    /// the generator cannot take.
    ///
    /// Each finding says where (file, line, JSON pointer), what, why, and how to fix it.
    Lint(lint::Arguments),
    /// Says what the working document changes against a git revision.
    ///
    /// That is: each change, whether it breaks callers, the service's side, or neither; and what it does to the generated Rust.
    ///
    /// Callers are broken by what makes a program that was right before wrong now; the service's side
    /// by what a service that was right before does not keep. What is merely added breaks neither.
    Diff(diff::Arguments),
    /// Compares our document with the vendor's, for the operations that we describe.
    ///
    /// Compared are names, types, required sets, responses, security. Prose and examples are not compared.
    ///
    /// Where we deviate on purpose, openapi/deviations.toml says so, with a reason. Anything else is a
    /// finding, and so is a deviation that no longer applies.
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
