//! `cargo xtask`: generates code from the OpenAPI document, and compares documents.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the commands print their results"
)]

mod codegen;
mod diff;
mod polish;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

/// The OpenAPI document, as a path from the root of the repository.
const DOCUMENT: &str = "openapi/authing.yaml";

#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Generates the client and the sandbox's copy of the OpenAPI document.
    Codegen {
        /// Writes nothing. Prints a unified diff and exits with 1 if a generated file is stale.
        #[arg(long)]
        check: bool,
    },
    /// Lists the changes of the OpenAPI document and whom each one breaks.
    ///
    /// Exit status: 0 no breaking change, 4 breaking, 5 look, 1 failed.
    Diff {
        /// A git revision, or the file of another OpenAPI document. Of a file, only the operations
        /// of openapi/authing.yaml are compared.
        #[arg(default_value = "HEAD", value_name = "REV or FILE")]
        base: String,
    },
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Codegen { check } => codegen::run(check),
        Command::Diff { base } => diff::run(&base),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Returns the root of the repository.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Reads a file of the repository.
fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
