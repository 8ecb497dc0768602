//! Walks through the schemas and the operations of a document that is being changed.

use serde_json::Value;

use crate::codegen::METHODS;
use crate::document::pointer_segment;

/// The keys of a schema that hold one schema.
const ONE: &[&str] = &["items", "not", "additionalProperties"];
/// The keys of a schema that hold a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf"];

/// Calls `visit` for every schema of the document, outermost first, with its JSON pointer.
pub(crate) fn schemas(document: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    find(document, "", visit);
}

fn find(value: &mut Value, pointer: &str, visit: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(entries) => {
            for (key, inside) in entries {
                let place = format!("{pointer}{}", pointer_segment(key));
                match key.as_str() {
                    // What stands in an example is no part of the description.
                    "example" | "examples" => {}
                    "schema" => schema(inside, &place, visit),
                    "schemas" if pointer == "/components" => {
                        for (name, inside) in inside.as_object_mut().into_iter().flatten() {
                            schema(inside, &format!("{place}{}", pointer_segment(name)), visit);
                        }
                    }
                    _ => find(inside, &place, visit),
                }
            }
        }
        Value::Array(items) => {
            for (index, inside) in items.iter_mut().enumerate() {
                find(inside, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

fn schema(value: &mut Value, pointer: &str, visit: &mut dyn FnMut(&str, &mut Value)) {
    if !value.is_object() {
        return;
    }
    visit(pointer, value);
    for (key, inside) in value.as_object_mut().into_iter().flatten() {
        let place = format!("{pointer}/{key}");
        if ONE.contains(&key.as_str()) {
            schema(inside, &place, visit);
        } else if LIST.contains(&key.as_str()) {
            for (index, inside) in inside.as_array_mut().into_iter().flatten().enumerate() {
                schema(inside, &format!("{place}/{index}"), visit);
            }
        } else if key == "properties" {
            for (name, inside) in inside.as_object_mut().into_iter().flatten() {
                schema(inside, &format!("{place}{}", pointer_segment(name)), visit);
            }
        }
    }
}

/// Calls `visit` for every operation, with its JSON pointer.
pub(super) fn operations(document: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                let place = format!("/paths{}/{method}", pointer_segment(path));
                visit(&place, operation);
            }
        }
    }
}

/// Calls `visit` for every media type of a body, with its JSON pointer and its name.
pub(super) fn media(document: &mut Value, visit: &mut dyn FnMut(&str, &str, &mut Value)) {
    content(document, "", visit);
}

fn content(value: &mut Value, pointer: &str, visit: &mut dyn FnMut(&str, &str, &mut Value)) {
    match value {
        Value::Object(entries) => {
            for (key, inside) in entries {
                let place = format!("{pointer}{}", pointer_segment(key));
                match key.as_str() {
                    "example" | "examples" | "schema" | "schemas" => {}
                    "content" => {
                        for (name, media) in inside.as_object_mut().into_iter().flatten() {
                            visit(&format!("{place}{}", pointer_segment(name)), name, media);
                        }
                    }
                    _ => content(inside, &place, visit),
                }
            }
        }
        Value::Array(items) => {
            for (index, inside) in items.iter_mut().enumerate() {
                content(inside, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}
