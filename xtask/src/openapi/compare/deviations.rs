//! The list of deliberate deviations from the vendor's document.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::Difference;

/// All deliberate deviations.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviations {
    /// One entry each.
    #[serde(default)]
    pub deviation: Vec<Deviation>,
}

/// A deliberate deviation. A `*` stands for any text: one reason often serves every operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The fact, as the comparison names it.
    pub fact: String,
    /// What ours says.
    pub ours: String,
    /// What theirs says.
    pub theirs: String,
    /// Why.
    pub reason: String,
}

impl Deviations {
    /// Reads the list.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a deviation has no reason.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Self::parse(&text).with_context(|| format!("{name} is not a list of deviations"))
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// If it is not such a list, or a deviation has no reason.
    pub fn parse(text: &str) -> Result<Self> {
        let deviations: Self = toml::from_str(text)?;
        for deviation in &deviations.deviation {
            if deviation.reason.trim().is_empty() {
                bail!("the deviation `{}` has no reason", deviation.fact);
            }
        }
        Ok(deviations)
    }
}

impl Deviation {
    /// Whether this is the reason for that difference.
    pub(super) fn explains(&self, difference: &Difference) -> bool {
        matches(&self.fact, &difference.fact)
            && matches(&self.ours, &difference.ours)
            && matches(&self.theirs, &difference.theirs)
    }

    /// Whether this speaks of that fact.
    pub(super) fn is_about(&self, fact: &str) -> bool {
        matches(&self.fact, fact)
    }
}

/// Whether a text is of a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    (0..=text.len())
        .filter(|end| text.is_char_boundary(*end))
        .any(|end| matches(rest, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*: format", "x: y: format", true),
            ("*: format", "x: format: z", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deviation_needs_a_reason() {
        let text = "[[deviation]]\nfact = 'f'\nours = 'o'\ntheirs = 't'\nreason = ' '\n";
        let error = Deviations::parse(text).unwrap_err().to_string();
        assert_eq!(error, "the deviation `f` has no reason");
    }
}
