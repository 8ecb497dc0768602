//! `cargo xtask openapi compare`: our document against the vendor's, for what we describe.

mod deviations;
mod facts;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::codegen::operations;
use crate::document::Document;
use crate::project_root;

pub use deviations::{Deviation, Deviations};

/// What is compared.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 no finding, 1 findings, or a document is unreadable.\n\n\
    Example:\n  cargo xtask openapi compare --against ../shared/vendor/authentication-openapi.json"
)]
pub struct Arguments {
    /// The vendor's document, JSON or YAML.
    #[arg(long, value_name = "FILE")]
    against: PathBuf,
}

/// Where the deviations stand.
pub const DEVIATIONS: &str = "openapi/deviations.toml";

/// Something that two documents say differently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The fact.
    pub fact: String,
    /// What ours says; `absent` if nothing.
    pub ours: String,
    /// What theirs says; `absent` if nothing.
    pub theirs: String,
}

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Differences that no deviation explains.
    pub unexplained: Vec<Difference>,
    /// Deviations that apply.
    pub explained: usize,
    /// Deviations that do not apply any more, with what is the case instead.
    pub stale: Vec<(Deviation, String)>,
    /// How many facts were compared.
    pub facts: usize,
    /// How many operations both describe.
    pub covered: usize,
    /// How many operations only the other describes.
    pub not_covered: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let ours = Document::read(&project_root().join("openapi/authing.yaml"))?;
    let theirs = Document::read(&arguments.against)?;
    let deviations = Deviations::read(&project_root().join(DEVIATIONS))?;
    let comparison = compare(&ours, &theirs, &deviations)?;
    print!("{}", comparison.text());
    Ok(if comparison.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Compares two documents.
///
/// # Errors
///
/// If either is not OpenAPI 3.0.
pub fn compare(ours: &Document, theirs: &Document, deviations: &Deviations) -> Result<Comparison> {
    ours.check_version()?;
    theirs.check_version()?;
    let mut comparison = Comparison::default();
    let mut differences = Vec::new();
    for (place, operation) in operations(&ours.value) {
        let name = facts::operation_name(&place);
        let Some(other) = theirs.value.pointer(&place) else {
            differences.push(Difference {
                fact: name,
                ours: "described".to_owned(),
                theirs: "absent".to_owned(),
            });
            continue;
        };
        comparison.covered += 1;
        let pair = facts::facts(&ours.value, operation, &theirs.value, other);
        comparison.facts += pair.len();
        differences.extend(
            pair.into_iter()
                .filter(|(_, (ours, theirs))| ours != theirs)
                .map(|(fact, (ours, theirs))| Difference {
                    fact: format!("{name}: {fact}"),
                    ours,
                    theirs,
                }),
        );
    }
    comparison.not_covered = operations(&theirs.value)
        .filter(|(place, _)| ours.value.pointer(place).is_none())
        .count();
    differences.sort();
    for deviation in &deviations.deviation {
        if differences
            .iter()
            .any(|difference| deviation.explains(difference))
        {
            comparison.explained += 1;
            continue;
        }
        let instead = differences
            .iter()
            .find(|difference| deviation.is_about(&difference.fact))
            .map_or_else(
                || "the two documents agree, or neither has it".to_owned(),
                |d| format!("ours says {}, theirs {}", d.ours, d.theirs),
            );
        comparison.stale.push((deviation.clone(), instead));
    }
    differences.retain(|difference| {
        !deviations
            .deviation
            .iter()
            .any(|deviation| deviation.explains(difference))
    });
    comparison.unexplained = differences;
    Ok(comparison)
}

impl Comparison {
    /// Whether every difference has its reason, and every reason its difference.
    pub fn is_clean(&self) -> bool {
        self.unexplained.is_empty() && self.stale.is_empty()
    }

    /// The comparison as text.
    pub fn text(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::new();
        for Difference { fact, ours, theirs } in &self.unexplained {
            let _ = writeln!(
                text,
                "{fact}\n  ours:   {ours}\n  theirs: {theirs}\n  fix:    follow theirs, or give the \
                 reason in {DEVIATIONS}\n"
            );
        }
        for (deviation, instead) in &self.stale {
            let _ = writeln!(
                text,
                "{DEVIATIONS}: the deviation `{}` no longer applies\n  it says: ours {}, theirs {}\n  \
                 now:     {instead}\n  fix:     take it out, or correct it\n",
                deviation.fact, deviation.ours, deviation.theirs
            );
        }
        let _ = writeln!(
            text,
            "{} operation(s) compared in {} facts: {} deviation(s) with a reason, {} finding(s)\n\
             {} operation(s) that the vendor offers are not covered here",
            self.covered,
            self.facts,
            self.explained,
            self.unexplained.len() + self.stale.len(),
            self.not_covered,
        );
        text
    }
}

#[cfg(test)]
mod tests;
