//! What a check has to say of one place of a document: what, why, and how to fix it.

use std::fmt::Write as _;

use crate::document::Document;

/// Something that is wrong at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The JSON pointer of the place.
    pub pointer: String,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// How to put it right.
    pub fix: String,
}

impl Finding {
    /// A finding at a place.
    pub fn new(
        pointer: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            what: what.into(),
            why: why.into(),
            fix: fix.into(),
        }
    }
}

/// The findings as text, in the order of the document's lines.
pub fn render(document: &Document, findings: &[Finding]) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (document.line(&finding.pointer), &finding.pointer));
    let mut text = String::new();
    for finding in sorted {
        let place = document.place(&finding.pointer);
        let Finding { what, why, fix, .. } = finding;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{place}\n  what: {what}\n  why:  {why}\n  fix:  {fix}\n"
        );
    }
    text
}
