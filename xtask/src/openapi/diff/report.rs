//! How a comparison is said: for a terminal, for a review comment, for programs.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use super::{BREAKING, Breaks, Judged, Surface};

/// How to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a review comment.
    Markdown,
    /// For programs.
    Json,
}

/// What a change of the document means.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What it was compared with.
    pub base: String,
    /// What was compared.
    pub document: String,
    /// Each change, those that break somebody first.
    pub changes: Vec<Judged>,
    /// What became of the generated Rust.
    pub surface: Surface,
}

impl Breaks {
    fn words(self) -> &'static str {
        match self {
            Self::Callers => "breaks callers",
            Self::Service => "breaks the service's side",
            Self::Both => "breaks callers and the service's side",
            Self::Neither => "breaks neither",
            Self::NotJudged => "not judged",
        }
    }
}

impl Report {
    /// 0 nothing breaking, 4 breaking, 1 something that could not be judged.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status())
    }

    /// The same, as a number.
    pub fn status(&self) -> u8 {
        let any = |breaks: &[Breaks]| self.changes.iter().any(|c| breaks.contains(&c.breaks));
        if any(&[Breaks::NotJudged]) {
            1
        } else if any(&[Breaks::Callers, Breaks::Service, Breaks::Both]) {
            BREAKING
        } else {
            0
        }
    }

    fn verdict(&self) -> &'static str {
        match self.status() {
            0 if self.changes.is_empty() => "Nothing changed.",
            0 => "Nothing breaks.",
            BREAKING => "Breaking.",
            _ => "Not everything could be judged: have a look at what is not.",
        }
    }

    /// The report in a format.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn render(&self, format: Format) -> Result<String> {
        Ok(match format {
            Format::Text => self.text(),
            Format::Markdown => self.markdown(),
            Format::Json => serde_json::to_string_pretty(self)? + "\n",
        })
    }

    // Writing to a string cannot fail, so the results of `writeln!` say nothing.
    fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{} against {}\n", self.document, self.base);
        for Judged {
            breaks,
            pointer,
            line,
            what,
        } in &self.changes
        {
            let _ = writeln!(
                text,
                "{}: {what}\n    line {line}, at {pointer}",
                breaks.words()
            );
        }
        if !self.surface.is_empty() {
            let _ = writeln!(text, "\nThe generated Rust:");
            self.added_and_removed(&mut text, "  ");
            for item in &self.surface.changed {
                let _ = writeln!(
                    text,
                    "  ~ {}\n      was {}\n      is  {}",
                    item.item, item.old, item.new
                );
            }
        }
        let _ = writeln!(text, "\n{}", self.verdict());
        text
    }

    /// The items that came and went, each on a line that begins as in a unified diff.
    fn added_and_removed(&self, text: &mut String, indent: &str) {
        for (sign, items) in [('+', &self.surface.added), ('-', &self.surface.removed)] {
            for item in items {
                let _ = writeln!(text, "{indent}{sign} {item}");
            }
        }
    }

    fn markdown(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "### `{}` against `{}`: {}\n",
            self.document,
            self.base,
            self.verdict()
        );
        if !self.changes.is_empty() {
            let _ = writeln!(text, "| | change | where |\n|---|---|---|");
        }
        for Judged {
            breaks,
            pointer,
            line,
            what,
        } in &self.changes
        {
            let strong = if *breaks == Breaks::Neither { "" } else { "**" };
            let (words, what) = (breaks.words(), what.replace('|', "\\|"));
            let _ = writeln!(
                text,
                "| {strong}{words}{strong} | {what} | line {line}: `{pointer}` |"
            );
        }
        if self.surface.is_empty() {
            let _ = writeln!(text, "\nThe generated Rust keeps its public items.");
        } else {
            let _ = writeln!(text, "\nThe generated Rust:\n\n```diff");
            self.added_and_removed(&mut text, "");
            for item in &self.surface.changed {
                let _ = writeln!(
                    text,
                    "- {}: {}\n+ {}: {}",
                    item.item, item.old, item.item, item.new
                );
            }
            let _ = writeln!(text, "```");
        }
        text
    }
}
