//! The table of what was corrected and what was left out.

use std::fmt::Write as _;

use crate::corrections::Applied;

/// An operation or a schema that is not in the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The operation's name, or the schema's.
    pub name: String,
    /// The JSON pointer of the reason.
    pub pointer: String,
    /// Why it is not there.
    pub why: String,
}

/// What it took to make a crate of a document.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the document is called.
    pub document: String,
    /// How many operations the crate has.
    pub operations: usize,
    /// How many named schemas.
    pub schemas: usize,
    /// What was corrected.
    pub applied: Vec<Applied>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// How many lines were generated.
    pub lines: usize,
}

impl Report {
    /// The report as text; with every place of a correction, if they are asked for.
    pub fn table(&self, places: bool) -> String {
        let names = self.applied.iter().map(|applied| applied.correction.name);
        let width = names.chain(["correction"]).map(str::len).max().unwrap_or(0);
        // Writing to a string cannot fail, so the results say nothing.
        let mut text = String::new();
        let _ = writeln!(text, "{:width$}  times  because", "correction");
        for Applied {
            correction,
            changes,
        } in &self.applied
        {
            let (name, times) = (correction.name, changes.len());
            let _ = writeln!(text, "{name:width$}  {times:5}  {}", correction.cause);
            // What is lost is always said in full.
            for change in changes {
                if places || change.what.contains("dropped") {
                    let _ = writeln!(
                        text,
                        "{:width$}         {}: {}",
                        "", change.pointer, change.what
                    );
                }
            }
        }
        if self.applied.is_empty() {
            let _ = writeln!(text, "(none)");
        }
        let _ = writeln!(text, "\nleft out: {}", self.left_out.len());
        for LeftOut { name, pointer, why } in &self.left_out {
            let _ = writeln!(text, "  {name}: {why}\n    at {pointer}");
        }
        let _ = writeln!(
            text,
            "\n{} operations, {} named schemas, {} lines",
            self.operations, self.schemas, self.lines
        );
        text
    }

    /// The report as a file of the crate.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "# What was corrected\n\n| correction | times | because |\n|---|---|---|\n",
        );
        for Applied {
            correction,
            changes,
        } in &self.applied
        {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                correction.name,
                changes.len(),
                correction.cause
            );
        }
        let _ = writeln!(text, "\n# What was left out\n");
        for LeftOut { name, pointer, why } in &self.left_out {
            let _ = writeln!(text, "- `{name}`: {why} (at `{pointer}`)");
        }
        if self.left_out.is_empty() {
            let _ = writeln!(text, "Nothing.");
        }
        let _ = writeln!(text, "\n# Where\n");
        for Applied {
            correction,
            changes,
        } in &self.applied
        {
            let _ = writeln!(text, "## {}\n", correction.name);
            for change in changes {
                let _ = writeln!(text, "- `{}` {}", change.pointer, change.what);
            }
            let _ = writeln!(text);
        }
        text
    }
}
