//! Walks through every schema of a document, wherever it stands.

use serde_json::Value;

use crate::document::pointer_segment;

/// The keys of a schema that hold one schema.
const ONE: &[&str] = &["items", "not", "additionalProperties"];
/// The keys of a schema that hold a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf"];

/// Calls `visit` with the pointer and the value of every schema of the document, outermost first.
pub(super) fn for_each(document: &Value, visit: &mut dyn FnMut(&str, &Value)) {
    find(document, "", visit);
}

/// Looks for schemas in what is no schema.
fn find(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(entries) => {
            for (key, inside) in entries {
                let place = format!("{pointer}{}", pointer_segment(key));
                match key.as_str() {
                    // What stands in an example is no part of the description.
                    "example" | "examples" => {}
                    "schema" => schema(inside, &place, visit),
                    "schemas" if pointer == "/components" => {
                        for (name, inside) in inside.as_object().into_iter().flatten() {
                            let place = format!("{place}{}", pointer_segment(name));
                            schema(inside, &place, visit);
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

/// A schema, and the schemas in it.
pub(super) fn schema(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Value)) {
    let Some(entries) = value.as_object() else {
        return;
    };
    visit(pointer, value);
    for (key, inside) in entries {
        let place = format!("{pointer}/{key}");
        match key.as_str() {
            key if ONE.contains(&key) => schema(inside, &place, visit),
            key if LIST.contains(&key) => {
                for (index, inside) in inside.as_array().into_iter().flatten().enumerate() {
                    schema(inside, &format!("{place}/{index}"), visit);
                }
            }
            "properties" => {
                for (name, inside) in inside.as_object().into_iter().flatten() {
                    schema(inside, &format!("{place}{}", pointer_segment(name)), visit);
                }
            }
            _ => {}
        }
    }
}
