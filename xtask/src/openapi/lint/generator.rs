//! What the generator cannot take, or would turn into something that nobody wants.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schemas;
use crate::codegen::{object, obstacles, operations};
use crate::document::{Document, pointer_segment};
use crate::finding::Finding;

/// Finds what the generator must not be given.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let value = &document.value;
    findings.extend(
        obstacles(value)
            .into_iter()
            .map(|obstacle| obstacle.finding),
    );
    named_once(value, findings);
    schemas::for_each(value, &mut |pointer, schema| {
        for (name, property) in object(schema, "properties") {
            let is_number = property.get("type").and_then(Value::as_str) == Some("number");
            if is_number && name.to_lowercase().ends_with("code") {
                findings.push(Finding::new(
                    format!("{pointer}/properties{}/type", pointer_segment(name)),
                    format!("the code `{name}` is a `number`"),
                    "the generator makes it an f64, which no code is compared with",
                    "Write `type: integer` and `format: whole-number`, which reads 200.0 too",
                ));
            }
        }
    });
    let mut seen = BTreeSet::new();
    for (place, operation) in operations(value) {
        for (status, response) in object(operation, "responses") {
            let place = format!("{place}/responses{}", pointer_segment(status));
            open_to_growth(value, response, &place, &mut seen, findings);
        }
    }
}

/// An operation's name is a method's name: there, and there once.
fn named_once(document: &Value, findings: &mut Vec<Finding>) {
    let mut names = BTreeSet::new();
    for (place, operation) in operations(document) {
        let why = "it becomes the name of the generated method";
        match operation.get("operationId").and_then(Value::as_str) {
            None => findings.push(Finding::new(
                place,
                "an operation without an `operationId`",
                why,
                "Name it after the last segment of its path",
            )),
            Some(name) if !names.insert(name) => findings.push(Finding::new(
                format!("{place}/operationId"),
                format!("a second operation `{name}`"),
                why,
                "Give each operation a name of its own",
            )),
            Some(_) => {}
        }
    }
}

/// A reply that may not grow makes every new field of the service a failure.
fn open_to_growth(
    document: &Value,
    part: &Value,
    place: &str,
    seen: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    match part {
        Value::Object(entries) => {
            if entries.get("additionalProperties") == Some(&Value::Bool(false)) {
                findings.push(Finding::new(
                    format!("{place}/additionalProperties"),
                    "`additionalProperties: false` on a reply",
                    "a field that the service adds would make the whole answer unreadable",
                    "Leave it out",
                ));
            }
            if let Some(reference) = entries.get("$ref").and_then(Value::as_str)
                && seen.insert(reference.to_owned())
                && let Some(target) = reference.strip_prefix('#')
                && let Some(inside) = document.pointer(target)
            {
                open_to_growth(document, inside, target, seen, findings);
            }
            for (key, inside) in entries {
                if key != "example" && key != "examples" {
                    let place = format!("{place}{}", pointer_segment(key));
                    open_to_growth(document, inside, &place, seen, findings);
                }
            }
        }
        Value::Array(items) => {
            for (index, inside) in items.iter().enumerate() {
                open_to_growth(
                    document,
                    inside,
                    &format!("{place}/{index}"),
                    seen,
                    findings,
                );
            }
        }
        _ => {}
    }
}
