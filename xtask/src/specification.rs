//! Checks a document against the OpenAPI Initiative's own JSON schema of OpenAPI 3.0.

use std::sync::LazyLock;

use anyhow::{Result, anyhow};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// The schema, unchanged; see `data/README.md` for its source and licence.
const SCHEMA: &str = include_str!("../data/openapi-3.0.schema.json");

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    jsonschema::draft4::new(&schema).map_err(|error| error.to_string())
});

/// A place where a document is not what its schema says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The JSON pointer of the place.
    pub pointer: String,
    /// What is wrong there.
    pub what: String,
}

/// Every place where the document is not OpenAPI 3.0.
///
/// # Errors
///
/// If the specification's schema itself is unusable.
pub fn violations(document: &Value) -> Result<Vec<Violation>> {
    let validator = VALIDATOR
        .as_ref()
        .map_err(|why| anyhow!("the schema of OpenAPI 3.0 is unusable: {why}"))?;
    Ok(explain(validator.iter_errors(document)))
}

/// The innermost reasons of these errors.
pub(crate) fn explain<'a>(errors: impl IntoIterator<Item = ValidationError<'a>>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for error in errors {
        push_innermost(&error, &mut violations);
    }
    violations.sort();
    violations.dedup();
    violations
}

/// "Matches none of several schemas" says nothing: the schema that came nearest says what is wrong.
fn push_innermost(error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
    let pointer = error.instance_path().as_str().to_owned();
    let what = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            if let Some(nearest) = nearest(error, context) {
                violations.extend(nearest);
                return;
            }
            "matches none of the forms that it may have".to_owned()
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            violations.extend(unexpected.iter().map(|name| Violation {
                pointer: format!("{pointer}{}", crate::document::pointer_segment(name)),
                what: format!("`{name}` has no business here"),
            }));
            return;
        }
        ValidationErrorKind::Required { property } => format!("{property} is missing"),
        ValidationErrorKind::Enum { options } => format!("is none of {options}"),
        ValidationErrorKind::Pattern { pattern } => format!("does not match `{pattern}`"),
        ValidationErrorKind::Format { format } => format!("is not of the format `{format}`"),
        ValidationErrorKind::Not { .. } => both(error.instance()),
        // Long values are not repeated: the place says which it is.
        _ => {
            let text = error.masked_with("this").to_string();
            text.strip_prefix("this ")
                .map_or(text.clone(), str::to_owned)
        }
    };
    violations.push(Violation { pointer, what });
}

/// The schema of OpenAPI forbids two pairs of neighbours.
fn both(instance: &Value) -> String {
    for (one, other) in [("example", "examples"), ("schema", "content")] {
        if instance.get(one).is_some() && instance.get(other).is_some() {
            return format!("`{one}` and `{other}` exclude each other");
        }
    }
    "is of a form that is forbidden here".to_owned()
}

/// The reasons of the alternative that came nearest: the one that got deepest, then the one with
/// the fewest complaints.
fn nearest(
    error: &ValidationError<'_>,
    alternatives: &[Vec<ValidationError<'static>>],
) -> Option<Vec<Violation>> {
    let here = error.instance_path().as_str();
    let is_reference = error.instance().get("$ref").is_some();
    alternatives
        .iter()
        .filter(|errors| is_reference || !errors.iter().any(|error| wants_reference(error, here)))
        .map(|errors| {
            let mut violations = Vec::new();
            for error in errors {
                push_innermost(error, &mut violations);
            }
            violations
        })
        .filter(|violations| !violations.is_empty())
        .max_by_key(|violations| {
            let depth = |violation: &Violation| violation.pointer.matches('/').count();
            (
                violations.iter().map(depth).max(),
                std::cmp::Reverse(violations.len()),
            )
        })
}

fn wants_reference(error: &ValidationError<'_>, here: &str) -> bool {
    matches!(error.kind(), ValidationErrorKind::Required { property } if property == "$ref")
        && error.instance_path().as_str() == here
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(schema: Value) -> Value {
        json!({
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"S": schema}},
        })
    }

    #[test]
    fn a_document_in_order_has_no_violations() {
        let schema = json!({"type": "object", "properties": {"a": {"$ref": "#/x"}}});
        assert_eq!(violations(&document(schema)).unwrap(), []);
    }

    /// Turns red if the innermost reason gives way to "matches none".
    #[test]
    fn the_place_is_the_innermost_one() {
        for (schema, pointer, what) in [
            (
                json!({"properties": {"a": {"type": "array", "items": {"type": "text"}}}}),
                "/components/schemas/S/properties/a/items/type",
                "is none of",
            ),
            (
                json!({"properties": {"a": {"type": "string", "requierd": true}}}),
                "/components/schemas/S/properties/a/requierd",
                "`requierd` has no business here",
            ),
            (
                json!({"properties": {"a": {"required": true, "type": "string"}}}),
                "/components/schemas/S/properties/a/required",
                "array",
            ),
        ] {
            let found = violations(&document(schema)).unwrap();
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].pointer, pointer);
            assert!(found[0].what.contains(what), "{found:?}");
        }
    }
}
