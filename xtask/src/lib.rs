//! The project's own commands, as a library so that tests call the same functions.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands speak to a terminal"
)]

pub mod api;
mod bench;
mod browser;
mod ci;
pub mod codegen;
mod conformance;
pub mod corrections;
pub mod document;
pub mod finding;
mod fuzz;
pub mod openapi;
pub mod packages;
mod place;
mod prove;
pub mod specification;
mod tool;

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
    /// Regenerates the low-level client crate, or makes a crate of another document.
    ///
    /// Writes crates/authing-api/src/generated.rs from openapi/authing.yaml; or, with --document, a
    /// low-level crate of its own from any Authing document, JSON or YAML.
    ///
    /// What somebody else's document needs before the generator takes it is corrected in memory; a
    /// table says what was corrected how often, what was left out, and why.
    Codegen(codegen::Arguments),
    /// Checks the document, shows what a change of it means, compares it with the vendor's.
    #[command(subcommand)]
    Openapi(openapi::Command),
    /// Runs everything that gates a change, or one part of it.
    Ci(ci::Arguments),
    /// Proves the promises of the call at full size.
    Prove(prove::Arguments),
    /// Measures what the facade costs, beside what it stands on.
    Bench(bench::Arguments),
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
        Command::Openapi(command) => openapi::run(&command),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
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
