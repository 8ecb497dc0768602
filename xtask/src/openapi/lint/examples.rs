//! Every example is of its schema, and so is every default.

use anyhow::{Result, anyhow};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::document::{Document, pointer_segment};
use crate::finding::Finding;
use crate::specification::explain;

/// Finds examples and defaults that their schemas do not allow.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) -> Result<()> {
    let judge = Judge::new(&document.value);
    let mut failure = None;
    find(
        &document.value,
        "",
        &mut |schema, place, example| match judge.violations(schema, example) {
            Ok(violations) => findings.extend(violations.into_iter().map(|(inside, what)| {
                let kind = if place.ends_with("/default") {
                    "default"
                } else {
                    "example"
                };
                Finding::new(
                    format!("{place}{inside}"),
                    format!("the {kind} {what}"),
                    "what is shown to readers would be refused",
                    format!("Correct the {kind}, or its schema at {schema}"),
                )
            })),
            Err(error) => failure = Some(error),
        },
    );
    failure.map_or(Ok(()), Err)
}

/// Judges values by the schemas of one document.
pub(crate) struct Judge {
    document: Value,
}

impl Judge {
    pub(crate) fn new(document: &Value) -> Self {
        Self {
            document: as_json_schema(document),
        }
    }

    /// What is wrong with a value, by the schema at a pointer: where inside the value, and what.
    pub(crate) fn violations(&self, schema: &str, value: &Value) -> Result<Vec<(String, String)>> {
        let validator = self.validator(schema)?;
        Ok(explain(validator.iter_errors(value))
            .into_iter()
            .map(|violation| (violation.pointer, violation.what))
            .collect())
    }

    fn validator(&self, schema: &str) -> Result<Validator> {
        let unusable = |error| anyhow!("the schema at {schema} cannot be used: {error}");
        let alone = self.document.pointer(schema).unwrap_or(&Value::Null);
        if !has_reference(alone) {
            return jsonschema::draft4::new(alone).map_err(unusable);
        }
        // A pointer inside a reference is a URI fragment.
        let fragment: String = schema
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let mut root = self.document.clone();
        root["allOf"] = json!([{ "$ref": format!("#{fragment}") }]);
        jsonschema::draft4::new(&root).map_err(unusable)
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(entries) => {
            entries.contains_key("$ref") || entries.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

/// Calls `visit` with the pointer of the schema, the pointer of the example, and the example.
fn find(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(entries) => {
            // Beside `schema` in a media type, a parameter, a header; else in the schema itself.
            let schema = if entries.contains_key("schema") {
                format!("{pointer}/schema")
            } else {
                pointer.to_owned()
            };
            let named = is_map_of_names(pointer);
            for (key, inside) in entries {
                let place = format!("{pointer}{}", pointer_segment(key));
                match key.as_str() {
                    "example" if !named => visit(&schema, &place, inside),
                    "default" if !named && is_schema(entries) => visit(&schema, &place, inside),
                    "examples" if !named => {
                        for (name, example) in inside.as_object().into_iter().flatten() {
                            if let Some(value) = example.get("value") {
                                let place = format!("{place}{}/value", pointer_segment(name));
                                visit(&schema, &place, value);
                            }
                        }
                    }
                    _ => find(inside, &place, visit),
                }
            }
        }
        Value::Array(items) => {
            for (index, inside) in items.iter().enumerate() {
                find(inside, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Whether the keys at this place are names of the document's own choice.
fn is_map_of_names(pointer: &str) -> bool {
    pointer.ends_with("/properties") || pointer.ends_with("/schemas")
}

fn is_schema(entries: &Map<String, Value>) -> bool {
    ["type", "allOf", "anyOf", "oneOf", "enum"]
        .iter()
        .any(|key| entries.contains_key(*key))
}

/// The same document in the words of JSON Schema: `nullable` is none of them.
fn as_json_schema(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let nullable = entries.get("nullable") == Some(&Value::Bool(true));
            let converted: Map<String, Value> = entries
                .iter()
                .filter(|(key, inside)| {
                    // `example: {id: …}` would be read as an identifier of the schema; a property
                    // of that name is a schema itself.
                    let is_property = inside.get("type").is_some_and(Value::is_string);
                    is_property || !matches!(key.as_str(), "example" | "examples" | "nullable")
                })
                .map(|(key, inside)| (key.clone(), as_json_schema(inside)))
                .collect();
            if nullable {
                json!({ "anyOf": [{ "type": "null" }, converted] })
            } else {
                Value::Object(converted)
            }
        }
        Value::Array(items) => items.iter().map(as_json_schema).collect(),
        other => other.clone(),
    }
}
