//! Every property, schema, parameter, operation and response says what it is.

use serde_json::Value;

use super::schemas;
use crate::codegen::{object, operations};
use crate::document::{Document, pointer_segment};
use crate::finding::Finding;

const WHY: &str = "descriptions become the documentation of the generated code";

/// Finds what says nothing of itself.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let value = &document.value;
    let mut missing = |pointer: String, what: String, fix: &str| {
        findings.push(Finding::new(pointer, what, WHY, fix));
    };
    schemas::for_each(value, &mut |pointer, schema| {
        for (name, property) in object(schema, "properties") {
            let place = format!("{pointer}/properties{}", pointer_segment(name));
            if property.get("$ref").is_some() {
                let what = format!("the property `{name}` is a bare reference");
                missing(
                    place,
                    what,
                    "Write `allOf` with the one reference, and a `description`",
                );
            } else if !described(property) {
                let what = format!("the property `{name}` has no description");
                missing(
                    place,
                    what,
                    "Add a `description`, with where the fact comes from",
                );
            }
        }
    });
    let components = value.get("components").unwrap_or(&Value::Null);
    for kind in [
        "schemas",
        "parameters",
        "headers",
        "responses",
        "securitySchemes",
    ] {
        for (name, component) in object(components, kind) {
            if !described(component) && component.get("$ref").is_none() {
                let place = format!("/components/{kind}{}", pointer_segment(name));
                missing(
                    place,
                    format!("`{name}` has no description"),
                    "Add a `description`",
                );
            }
        }
    }
    for (place, operation) in operations(value) {
        if !described(operation) && operation.get("summary").is_none() {
            missing(
                place.clone(),
                "an operation without a description".into(),
                "Add one",
            );
        }
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            if !described(parameter) && parameter.get("$ref").is_none() {
                let place = format!("{place}/parameters/{index}");
                missing(place, "a parameter without a description".into(), "Add one");
            }
        }
        for (status, response) in object(operation, "responses") {
            if !described(response) && response.get("$ref").is_none() {
                let place = format!("{place}/responses{}", pointer_segment(status));
                missing(
                    place,
                    format!("the response {status} has no description"),
                    "Add one",
                );
            }
        }
    }
}

fn described(value: &Value) -> bool {
    let description = value.get("description").and_then(Value::as_str);
    description.is_some_and(|text| !text.trim().is_empty())
}
