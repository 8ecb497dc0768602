//! Corrections to schemas that contradict themselves, or that give no Rust names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, Change, identifier, walk};
use crate::openapi::lint::Judge;

/// Puts a reference with company into an `allOf`.
///
/// Cause: OpenAPI 3.0 ignores what stands beside a `$ref`; a `nullable` there is meant, though,
/// and an answer with null would not be read.
pub(super) fn reference_siblings(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let Some(entries) = schema.as_object_mut().filter(|entries| entries.len() > 1) else {
            return;
        };
        let meant = ["nullable", "description", "default"]
            .iter()
            .any(|key| entries.contains_key(*key));
        if let Some(reference) = entries.get("$ref").cloned()
            && meant
        {
            entries.remove("$ref");
            // Anything else beside it could contradict what it leads to.
            entries.retain(|key, _| matches!(key.as_str(), "nullable" | "description" | "default"));
            entries.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
            changes.push(Change::new(pointer, "is an `allOf` of the reference"));
        }
    });
    changes
}

/// Drops a format that the schema's own example is not of.
///
/// Cause: `date-time` beside an example such as `2022-07-03 03:20`: what the service sends is
/// what the example shows, and a strict type would not read it.
pub(super) fn formats_that_examples_contradict(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let (Some(format), Some(example)) = (schema.get("format"), schema.get("example")) else {
            return;
        };
        let (format, only_format) = (
            format.clone(),
            json!({ "type": "string", "format": format }),
        );
        if example.is_string()
            && !jsonschema::draft4::is_valid(&only_format, example)
            && let Some(entries) = schema.as_object_mut()
        {
            entries.remove("format");
            let what = format!("{format} dropped: the example is not of it");
            changes.push(Change::new(format!("{pointer}/format"), what));
        }
    });
    changes
}

/// Makes an enumeration plain text where its values give no distinct Rust names; drops repeated
/// values; drops an enumeration whose values are not of its type.
///
/// Cause: values in Chinese or of signs alone (`>=`, `<=`) give no names, or the same.
pub(super) fn enums_without_names(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let Some(values) = schema.get("enum").and_then(Value::as_array) else {
            return;
        };
        let mut distinct: Vec<Value> = Vec::new();
        for value in values {
            if !distinct.contains(value) {
                distinct.push(value.clone());
            }
        }
        let is_string = schema.get("type").is_none_or(|of| of == "string");
        let texts: Option<Vec<&str>> = distinct
            .iter()
            .filter(|v| !v.is_null())
            .map(Value::as_str)
            .collect();
        let names: BTreeSet<_> = texts
            .iter()
            .flatten()
            .map(|text| identifier(text, Case::Pascal))
            .collect();
        let place = format!("{pointer}/enum");
        let nameless = match &texts {
            Some(texts) => is_string && (names.contains(&None) || names.len() < texts.len()),
            None => is_string,
        };
        let Some(entries) = schema.as_object_mut() else {
            return;
        };
        if nameless || !is_string {
            // The generator checks numbers by their values in a type of its own; a service that
            // adds one would no longer be read.
            entries.remove("enum");
            changes.push(Change::new(place, "dropped: its values give no names"));
        } else if distinct.len()
            < entries
                .get("enum")
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        {
            entries.insert("enum".to_owned(), json!(distinct));
            changes.push(Change::new(place, "without its repetitions"));
        }
    });
    changes
}

/// Drops defaults that their own schemas do not allow.
///
/// Cause: such a default cannot be written down in Rust, and the generator stops at it.
pub(super) fn contradictory_defaults(document: &mut Value) -> Vec<Change> {
    let judge = Judge::new(document);
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let Some(default) = schema.get("default") else {
            return;
        };
        let contradicts = match judge.violations(pointer, default) {
            Ok(violations) => !violations.is_empty(),
            // A schema that cannot be used allows nothing.
            Err(_) => true,
        };
        if contradicts && let Some(entries) = schema.as_object_mut() {
            let dropped = entries.remove("default").unwrap_or_default();
            let what = format!("{dropped} dropped: its schema does not allow it");
            changes.push(Change::new(format!("{pointer}/default"), what));
        }
    });
    changes
}
