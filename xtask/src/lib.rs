//! The project's own commands, as a library so that tests call the same functions.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands speak to a terminal"
)]

mod browser;
mod ci;
pub mod codegen;
mod conformance;
pub mod document;
mod fuzz;
mod place;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use ci::README_TEST_COMMAND;
pub use place::project_root;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Regenerates the low-level client crate from openapi/authing.yaml.
    Codegen(codegen::Arguments),
    /// Runs everything that gates a change.
    Ci(ci::Arguments),
    /// Runs the tests of the sandbox's console in headless Chromium.
    Browser(browser::Arguments),
    /// Lets independent judges loose on the document, the facade and the sandbox.
    Conformance(conformance::Arguments),
    /// Sends hostile traffic to a sandbox and watches its memory.
    SandboxFuzz(fuzz::Arguments),
}

/// Runs the command that the process was given.
pub fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Codegen(arguments) => codegen::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Browser(arguments) => browser::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::SandboxFuzz(arguments) => fuzz::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
