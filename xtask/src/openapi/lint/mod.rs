//! `cargo xtask openapi lint`: everything that can be said against a document, each at its place.

mod descriptions;
mod examples;
mod generator;
mod names;
mod schemas;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::document::Document;
use crate::finding::{Finding, render};
use crate::{project_root, specification};

pub(crate) use examples::Judge;

/// What is checked.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 nothing found, 1 findings, or the document is unreadable.\n\n\
    Example:\n  cargo xtask openapi lint\n  cargo xtask openapi lint other.yaml --no-names"
)]
pub struct Arguments {
    /// The document.
    #[arg(default_value = "openapi/authing.yaml")]
    file: PathBuf,
    /// Leaves out the comparison with the names of the vendor's reference page.
    #[arg(long)]
    no_names: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let path = if arguments.file.exists() {
        arguments.file.clone()
    } else {
        // The default is meant from anywhere in the project.
        project_root().join(&arguments.file)
    };
    let mut document = Document::read(&path)?;
    document.name = arguments.file.display().to_string();
    let mut findings = lint(&document)?;
    if !arguments.no_names && findings.iter().all(|finding| !is_structural(finding)) {
        findings.extend(names(&document)?);
    }
    print!("{}", render(&document, &findings));
    if findings.is_empty() {
        println!("{}: nothing found", document.name);
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("error: {} finding(s)", findings.len());
    Ok(ExitCode::FAILURE)
}

const STRUCTURAL: &str = "the document is not OpenAPI 3.0.3, by the specification's own schema";

fn is_structural(finding: &Finding) -> bool {
    finding.why == STRUCTURAL
}

/// What is wrong with a document, whatever service it describes.
///
/// # Errors
///
/// If a checker itself is unusable.
pub fn lint(document: &Document) -> Result<Vec<Finding>> {
    let mut findings = version(document);
    let structural = specification::violations(&document.value)?;
    if !structural.is_empty() {
        findings.extend(structural.into_iter().map(|violation| {
            let fix = "Correct the spelling or the place; see spec.openapis.org/oas/v3.0.3";
            Finding::new(violation.pointer, violation.what, STRUCTURAL, fix)
        }));
        // The other checks read a document by its structure.
        return Ok(findings);
    }
    generator::check(document, &mut findings);
    let dangling = findings
        .iter()
        .any(|finding| finding.what.contains("leads nowhere"));
    if !dangling {
        examples::check(document, &mut findings)?;
    }
    descriptions::check(document, &mut findings);
    Ok(findings)
}

/// Where a document's names differ from the vendor's reference page.
///
/// # Errors
///
/// If the list of documented names is unreadable.
pub fn names(document: &Document) -> Result<Vec<Finding>> {
    names::check(document)
}

fn version(document: &Document) -> Vec<Finding> {
    let version = document.value.get("openapi");
    if version.and_then(|version| version.as_str()) == Some("3.0.3") {
        return Vec::new();
    }
    let what = match version {
        Some(version) => format!("this is OpenAPI {version}"),
        None => "no `openapi` version".to_owned(),
    };
    let why = "the generator reads 3.0.x, and this project writes 3.0.3";
    vec![Finding::new(
        "/openapi",
        what,
        why,
        "Write `openapi: 3.0.3`",
    )]
}

#[cfg(test)]
mod tests;
