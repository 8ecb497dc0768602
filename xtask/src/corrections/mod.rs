//! Corrections to a document that somebody else wrote: a named function each, with its cause.
//!
//! A correction changes a copy of the document in memory, and says what it changed and where.
//! Asked for by name, one that changes nothing is an error: its cause is gone, and so should it be.

mod answers;
mod identifiers;
mod operations;
mod schemas;
mod secrets;
pub(crate) mod walk;

use anyhow::{Result, bail};
use serde_json::Value;

pub use identifiers::{Case, identifier};

/// A change that a correction made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The JSON pointer of what was changed, in the document as it was.
    pub pointer: String,
    /// What was done there.
    pub what: String,
}

impl Change {
    fn new(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            what: what.into(),
        }
    }
}

/// A correction.
#[derive(Debug, Clone, Copy)]
pub struct Correction {
    /// The name that it is asked for by.
    pub name: &'static str,
    /// What is wrong with documents that need it.
    pub cause: &'static str,
    apply: fn(&mut Value) -> Vec<Change>,
}

/// What a correction did to a document.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Which one.
    pub correction: Correction,
    /// What it changed, in the order of the document.
    pub changes: Vec<Change>,
}

/// Every correction, in the order in which they are applied.
pub const ALL: &[Correction] = &[
    Correction {
        name: "media-without-schema",
        cause: "JSON without a schema has no type",
        apply: answers::media_without_schema,
    },
    Correction {
        name: "encoding-of-json",
        cause: "`encoding` means nothing for JSON and stops the generator",
        apply: answers::encoding_of_json,
    },
    Correction {
        name: "json-of-several-bodies",
        cause: "the generator takes one media type for a request body",
        apply: answers::json_of_several_bodies,
    },
    Correction {
        name: "absent-descriptions",
        cause: "OpenAPI wants a description of every response",
        apply: answers::absent_descriptions,
    },
    Correction {
        name: "default-responses",
        cause: "a `default` response counts as a success and a failure at once",
        apply: answers::default_responses,
    },
    Correction {
        name: "required-path-parameters",
        cause: "a parameter in a path cannot be left out, whatever the document says",
        apply: operations::required_path_parameters,
    },
    Correction {
        name: "operation-names",
        cause: "operations are named after the service's source code, twice, or not at all",
        apply: operations::operation_names,
    },
    Correction {
        name: "colliding-schema-names",
        cause: "two schema names become one Rust name",
        apply: identifiers::colliding_schema_names,
    },
    Correction {
        name: "colliding-properties",
        cause: "two properties of one object become one Rust name",
        apply: identifiers::colliding_properties,
    },
    Correction {
        name: "reference-siblings",
        cause: "what stands beside a `$ref` is ignored",
        apply: schemas::reference_siblings,
    },
    Correction {
        name: "whole-number-codes",
        cause: "codes are described as `number`, which is an f64 in Rust",
        apply: answers::whole_number_codes,
    },
    Correction {
        name: "data-not-required",
        cause: "`data` is called required, but failures have none",
        apply: answers::data_not_required,
    },
    Correction {
        name: "formats-that-examples-contradict",
        cause: "the document's own example is not of the format it names",
        apply: schemas::formats_that_examples_contradict,
    },
    Correction {
        name: "enums-without-names",
        cause: "the values of an enumeration give no distinct Rust names",
        apply: schemas::enums_without_names,
    },
    Correction {
        name: "contradictory-defaults",
        cause: "a default that its own schema does not allow",
        apply: schemas::contradictory_defaults,
    },
    Correction {
        name: "hidden-text",
        cause: "codes, tokens, phone numbers and the like would be shown by `Debug`",
        apply: secrets::hidden_text,
    },
];

/// Applies every correction whose cause is there, and insists on those that are asked for by name.
///
/// # Errors
///
/// If one that is asked for does not exist, or changed nothing.
pub fn apply(document: &mut Value, asked_for: &[String]) -> Result<Vec<Applied>> {
    for name in asked_for {
        if !ALL.iter().any(|correction| correction.name == name) {
            let names: Vec<&str> = ALL.iter().map(|correction| correction.name).collect();
            bail!(
                "there is no correction `{name}`; there are: {}",
                names.join(", ")
            );
        }
    }
    let mut applied = Vec::new();
    for correction in ALL {
        let changes = (correction.apply)(document);
        if !changes.is_empty() {
            applied.push(Applied {
                correction: *correction,
                changes,
            });
        } else if asked_for.iter().any(|name| name == correction.name) {
            bail!(
                "the correction `{}` changed nothing: its cause ({}) is not in this document",
                correction.name,
                correction.cause
            );
        }
    }
    Ok(applied)
}

#[cfg(test)]
mod tests;
