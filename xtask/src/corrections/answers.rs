//! Corrections to bodies: what stands in requests and answers, and how it is called.

use serde_json::{Value, json};

use super::{Change, walk};
use crate::document::pointer_segment;

/// Gives JSON without a schema the schema of anything.
///
/// Cause: the service's document is made from its source code; where that declares no type, the
/// media type stands alone, and the generator stops.
pub(super) fn media_without_schema(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::media(document, &mut |pointer, name, media| {
        if is_json(name)
            && media.get("schema").is_none()
            && let Some(media) = media.as_object_mut()
        {
            media.insert("schema".to_owned(), json!({}));
            changes.push(Change::new(pointer, "is anything"));
        }
    });
    changes
}

/// Drops the `encoding` of JSON bodies.
///
/// Cause: it is meant for forms; the generator asserts that there is none.
pub(super) fn encoding_of_json(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::media(document, &mut |pointer, name, media| {
        if is_json(name)
            && let Some(media) = media.as_object_mut()
            && media.remove("encoding").is_some()
        {
            changes.push(Change::new(format!("{pointer}/encoding"), "dropped"));
        }
    });
    changes
}

/// Keeps JSON of the media types that a request body may have.
///
/// Cause: the generator takes one; JSON is the one that all of them have in common.
pub(super) fn json_of_several_bodies(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::operations(document, &mut |pointer, operation| {
        let content = operation
            .pointer_mut("/requestBody/content")
            .and_then(Value::as_object_mut);
        let Some(content) = content.filter(|content| content.len() > 1) else {
            return;
        };
        let Some(json) = content.keys().find(|name| is_json(name)).cloned() else {
            return;
        };
        content.retain(|name, _| {
            let keep = *name == json;
            if !keep {
                let place = format!("{pointer}/requestBody/content{}", pointer_segment(name));
                changes.push(Change::new(place, "dropped in favour of JSON"));
            }
            keep
        });
    });
    changes
}

/// Gives a response without a description an empty one.
///
/// Cause: OpenAPI requires one, and documents that are made from source code forget it.
pub(super) fn absent_descriptions(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::operations(document, &mut |pointer, operation| {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            if let Some(response) = response.as_object_mut()
                && !response.contains_key("description")
                && !response.contains_key("$ref")
            {
                response.insert("description".to_owned(), json!(""));
                let place = format!("{pointer}/responses{}", pointer_segment(status));
                changes.push(Change::new(place, "has an empty description"));
            }
        }
    });
    changes
}

/// Spells a `default` response out: as success and failure where the document has no success,
/// else as failure.
///
/// Cause: to the generator `default` is a success and a failure at once, and the two may not
/// differ. What is there already under `2…`, `4XX` or `5XX` stays as it is.
pub(super) fn default_responses(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::operations(document, &mut |pointer, operation| {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let Some(responses) = responses else {
            return;
        };
        let Some(default) = responses.remove("default") else {
            return;
        };
        let has_success = responses.keys().any(|status| status.starts_with('2'));
        let wanted = if has_success {
            &["4XX", "5XX"][..]
        } else {
            &["2XX", "4XX", "5XX"][..]
        };
        for status in wanted {
            responses.entry(*status).or_insert_with(|| default.clone());
        }
        let what = format!("is spelled out as {}", wanted.join(", "));
        changes.push(Change::new(format!("{pointer}/responses/default"), what));
    });
    changes
}

/// Makes every `…code` that is a `number` a tolerant whole number.
///
/// Cause: `number` is an f64 in Rust, with which no code is compared; and some answers spell
/// their codes `200.0`.
pub(super) fn whole_number_codes(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let is_code = name.to_lowercase().ends_with("code");
            let is_number = property
                .get("type")
                .is_some_and(|of| of == "number" || of == "integer");
            // Its values are checked by the generator, which knows nothing of our type.
            let is_plain = property.get("enum").is_none();
            let is_ours = property
                .get("format")
                .is_some_and(|format| format == "whole-number");
            if is_code && is_number && is_plain && !is_ours {
                property["type"] = json!("integer");
                property["format"] = json!("whole-number");
                for constraint in [
                    "minimum",
                    "maximum",
                    "exclusiveMinimum",
                    "exclusiveMaximum",
                    "multipleOf",
                ] {
                    if let Some(property) = property.as_object_mut() {
                        property.remove(constraint);
                    }
                }
                let place = format!("{pointer}/properties{}", pointer_segment(name));
                changes.push(Change::new(place, "is a whole number"));
            }
        }
    });
    changes
}

/// Lets replies do without `data`.
///
/// Cause: an answer that failed has none, though the document calls it required; a required field
/// that is absent costs the whole answer, `statusCode` and `message` included.
pub(super) fn data_not_required(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let is_reply = schema.pointer("/properties/statusCode").is_some();
        let required = schema.get_mut("required").and_then(Value::as_array_mut);
        let Some(required) = required.filter(|_| is_reply) else {
            return;
        };
        let before = required.len();
        required.retain(|name| name != "data");
        if required.len() < before {
            changes.push(Change::new(format!("{pointer}/required"), "without `data`"));
            // An empty list is not OpenAPI.
            if required.is_empty()
                && let Some(schema) = schema.as_object_mut()
            {
                schema.remove("required");
            }
        }
    });
    changes
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.starts_with("application/json;")
}
