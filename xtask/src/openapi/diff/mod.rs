//! `cargo xtask openapi diff`: what a change of the document means, for callers and for Rust.

mod judge;
mod leftovers;
mod refine;
mod report;
mod surface;

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::codegen;
use crate::document::Document;
use crate::project_root;

pub use judge::{Breaks, Judged};
pub use report::{Format, Report};
pub use surface::Surface;

/// What is compared, and how it is said.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 nothing breaking, 4 breaking, 1 failed, or a change could \
    not be judged.\n\nExample:\n  cargo xtask openapi diff --base origin/main --format markdown"
)]
pub struct Arguments {
    /// The git revision to compare with.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    base: String,
    /// How to say it; markdown is fit for a review comment.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The exit status for changes that break somebody.
pub const BREAKING: u8 = 4;

const DOCUMENT: &str = "openapi/authing.yaml";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let base = at_revision(&arguments.base)?;
    let mut document = Document::read(&project_root().join(DOCUMENT))?;
    document.name = DOCUMENT.to_owned();
    let report = diff(&base, &document)?;
    print!("{}", report.render(arguments.format)?);
    Ok(report.exit_code())
}

/// The document as a git revision has it.
fn at_revision(revision: &str) -> Result<Document> {
    let name = format!("{revision}:{DOCUMENT}");
    let output = Command::new("git")
        .args(["show", &name])
        .current_dir(project_root())
        .output()
        .context("git cannot be started")?;
    if !output.status.success() {
        bail!(
            "git has no {name}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Document::parse(&name, &String::from_utf8(output.stdout)?)
}

/// What the change from one document to the other means.
///
/// # Errors
///
/// If either is not OpenAPI 3.0, or the generator does not take it.
pub fn diff(base: &Document, document: &Document) -> Result<Report> {
    base.openapi()?;
    document.openapi()?;
    let changes = judge::judge(base, document)?;
    // Both by the present generator: only what the document changes is to be seen.
    let surface = Surface::diff(&codegen::generate(base)?, &codegen::generate(document)?)?;
    Ok(Report {
        base: base.name.clone(),
        document: document.name.clone(),
        changes,
        surface,
    })
}

#[cfg(test)]
mod tests;
