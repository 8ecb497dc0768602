//! What the generator would panic on, or get wrong in silence, found beforehand and named by place.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use crate::document::{Document, pointer_segment};

/// The keys of a path item that are operations.
const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Refuses a document with what the generator cannot express.
pub(crate) fn inexpressible(document: &Document) -> Result<()> {
    for (path, item) in object(&document.value, "paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                let place = format!("/paths{}/{method}", pointer_segment(path));
                one_response_type_each_way(document, operation, &place)?;
            }
        }
    }
    references_lead_somewhere(document, &document.value, "")
}

/// An operation may have one type of success and one of failure.
fn one_response_type_each_way(document: &Document, operation: &Value, place: &str) -> Result<()> {
    let (mut successes, mut failures) = (BTreeSet::new(), BTreeSet::new());
    for (status, response) in object(operation, "responses") {
        let types = object(response, "content")
            .into_iter()
            .map(|(media_type, media)| {
                format!(
                    "{media_type} {}",
                    media.get("schema").unwrap_or(&Value::Null)
                )
            });
        let kind: String = types.collect::<Vec<_>>().join(", ");
        let place = format!("{place}/responses{}", pointer_segment(status));
        if status == "default" {
            bail!(
                "{}: `default` counts as a success and a failure to the generator; \
                 use `4XX` and `5XX`",
                document.place(&place)
            );
        }
        let seen = if status.starts_with('2') {
            &mut successes
        } else {
            &mut failures
        };
        seen.insert(kind);
        if seen.len() > 1 {
            bail!(
                "{}: a second response type; the generator takes one for success and one for \
                 failure. Let the schemas be one, with the differences inside",
                document.place(&place)
            );
        }
    }
    Ok(())
}

/// A reference that leads nowhere makes the generator panic.
fn references_lead_somewhere(document: &Document, value: &Value, place: &str) -> Result<()> {
    match value {
        Value::Object(entries) => {
            if let Some(Value::String(reference)) = entries.get("$ref") {
                let target = reference.strip_prefix('#');
                if target
                    .and_then(|target| document.value.pointer(target))
                    .is_none()
                {
                    bail!(
                        "{}: the reference `{reference}` leads nowhere",
                        document.place(place)
                    );
                }
            }
            for (key, value) in entries {
                let inside = format!("{place}{}", pointer_segment(key));
                references_lead_somewhere(document, value, &inside)?;
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                references_lead_somewhere(document, value, &format!("{place}/{index}"))?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn object<'a>(value: &'a Value, key: &str) -> impl IntoIterator<Item = (&'a String, &'a Value)> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
