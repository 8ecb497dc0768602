//! Takes out of a document, by name, what the generator cannot express.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::super::{generated, object, obstacles, operations, settings};
use super::LeftOut;
use crate::document::{Document, pointer_segment};

/// Leaves out the operations with known obstacles, and the schemas that lead nowhere with all
/// operations that use them.
pub(super) fn inexpressible(document: &mut Value) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut broken_schemas = Vec::new();
    for obstacle in obstacles(document) {
        let (pointer, why) = (obstacle.finding.pointer, obstacle.finding.what);
        match obstacle.operation {
            Some(place) => {
                if let Some(name) = remove_operation(document, &place) {
                    left_out.push(LeftOut { name, pointer, why });
                }
            }
            None => broken_schemas.push((pointer, why)),
        }
    }
    for (pointer, why) in broken_schemas {
        let Some(name) = pointer.strip_prefix("/components/schemas/") else {
            continue;
        };
        let name = name
            .split('/')
            .next()
            .unwrap_or_default()
            .replace("~1", "/")
            .replace("~0", "~");
        left_out.extend(remove_schema(document, &name, &pointer, &why));
    }
    left_out
}

/// Leaves out what makes the generator give up for reasons that nobody knew, by trying operation
/// after operation alone, and then the schemas that no operation uses.
pub(super) fn unknown(document: &mut Document) -> Result<Vec<LeftOut>> {
    let mut left_out = Vec::new();
    let all: Vec<String> = operations(&document.value)
        .map(|(place, _)| place)
        .collect();
    for place in all {
        let mut alone = document.clone();
        keep_only(&mut alone.value, &place);
        if let Some(why) = gives_up(&alone)
            && let Some(name) = remove_operation(&mut document.value, &place)
        {
            left_out.push(LeftOut {
                name,
                pointer: place,
                why,
            });
        }
    }
    let used = reachable(&document.value);
    let unused: Vec<String> = schema_names(&document.value)
        .into_iter()
        .filter(|name| !used.contains(name))
        .collect();
    for name in unused {
        let mut alone = document.clone();
        keep_only_schema(&mut alone.value, &name);
        if let Some(why) = gives_up(&alone) {
            let pointer = format!("/components/schemas{}", pointer_segment(&name));
            remove_key(&mut document.value, "/components/schemas", &name);
            left_out.push(LeftOut { name, pointer, why });
        }
    }
    Ok(left_out)
}

/// Why the generator gives up on a document; nothing if it does not.
fn gives_up(document: &Document) -> Option<String> {
    let openapi = match document.openapi() {
        Ok(openapi) => openapi,
        Err(error) => return Some(error.to_string()),
    };
    let why = generated(&openapi, &settings::standalone(&openapi)).err()?;
    // Some messages hold the whole of what was not understood.
    Some(
        why.lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect(),
    )
}

/// Removes an operation; its name, if it was there.
fn remove_operation(document: &mut Value, place: &str) -> Option<String> {
    let (item, method) = place.rsplit_once('/')?;
    let removed = document
        .pointer_mut(item)?
        .as_object_mut()?
        .remove(method)?;
    let name = removed.get("operationId").and_then(Value::as_str);
    Some(name.unwrap_or(place).to_owned())
}

/// Removes a schema, and everything that cannot do without it.
fn remove_schema(document: &mut Value, name: &str, pointer: &str, why: &str) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut gone = vec![name.to_owned()];
    while let Some(name) = gone.pop() {
        if !remove_key(document, "/components/schemas", &name) {
            continue;
        }
        let reference = format!(
            "#/components/schemas/{}",
            pointer_segment(&name).trim_start_matches('/')
        );
        left_out.push(LeftOut {
            name,
            pointer: pointer.to_owned(),
            why: why.to_owned(),
        });
        let users: Vec<String> = operations(document)
            .filter(|(_, operation)| refers(operation, &reference))
            .map(|(place, _)| place)
            .collect();
        for place in users {
            if let Some(name) = remove_operation(document, &place) {
                let why = format!("it needs {reference}, which was left out");
                left_out.push(LeftOut {
                    name,
                    pointer: place,
                    why,
                });
            }
        }
        let components = document.get("components").unwrap_or(&Value::Null);
        gone.extend(
            object(components, "schemas")
                .into_iter()
                .filter(|(_, schema)| refers(schema, &reference))
                .map(|(name, _)| name.clone()),
        );
    }
    left_out
}

fn remove_key(document: &mut Value, place: &str, key: &str) -> bool {
    document
        .pointer_mut(place)
        .and_then(Value::as_object_mut)
        .is_some_and(|entries| entries.remove(key).is_some())
}

fn refers(value: &Value, reference: &str) -> bool {
    match value {
        Value::Object(entries) => {
            entries.get("$ref").is_some_and(|found| found == reference)
                || entries.values().any(|inside| refers(inside, reference))
        }
        Value::Array(items) => items.iter().any(|inside| refers(inside, reference)),
        _ => false,
    }
}

fn schema_names(document: &Value) -> BTreeSet<String> {
    let components = document.get("components").unwrap_or(&Value::Null);
    object(components, "schemas")
        .into_iter()
        .map(|(name, _)| name.clone())
        .collect()
}

/// The names of the schemas that paths lead to.
fn reachable(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(
        document,
        document.get("paths").unwrap_or(&Value::Null),
        &mut found,
    );
    found
}

pub(crate) fn collect(document: &Value, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            if let Some(reference) = entries.get("$ref").and_then(Value::as_str)
                && let Some(target) = reference.strip_prefix('#')
                && let Some(inside) = document.pointer(target)
            {
                let name = target
                    .strip_prefix("/components/schemas/")
                    .unwrap_or(target);
                if found.insert(name.replace("~1", "/").replace("~0", "~")) {
                    collect(document, inside, found);
                }
            }
            entries
                .values()
                .for_each(|inside| collect(document, inside, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|inside| collect(document, inside, found)),
        _ => {}
    }
}

/// Reduces a document to one operation and what it needs.
pub(crate) fn keep_only(document: &mut Value, place: &str) {
    let all: Vec<String> = operations(document).map(|(place, _)| place).collect();
    for other in all {
        if other != place {
            remove_operation(document, &other);
        }
    }
    let used = reachable(document);
    retain_schemas(document, &used);
}

/// Reduces a document to one schema and what it needs.
fn keep_only_schema(document: &mut Value, name: &str) {
    let mut used = BTreeSet::from([name.to_owned()]);
    let place = format!("/components/schemas{}", pointer_segment(name));
    if let Some(schema) = document.pointer(&place) {
        collect(document, schema, &mut used);
    }
    document["paths"] = Value::Object(serde_json::Map::new());
    retain_schemas(document, &used);
}

fn retain_schemas(document: &mut Value, used: &BTreeSet<String>) {
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(schemas) = schemas {
        schemas.retain(|name, _| used.contains(name));
    }
}
