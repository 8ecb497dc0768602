//! Corrections to names that are two in the document and would be one in Rust.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToPascalCase as _, ToSnakeCase as _};
use serde_json::{Value, json};

use super::{Change, walk};
use crate::document::pointer_segment;

/// How an identifier is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `LikeThis`: types and variants.
    Pascal,
    /// `like_this`: methods, fields, arguments.
    Snake,
}

/// The Rust identifier that the generator makes of a name; nothing if none of its characters can
/// stand in one.
pub fn identifier(name: &str, case: Case) -> Option<String> {
    let words: String = name
        .chars()
        .filter(|c| *c != '\'')
        .map(|c| {
            if c.is_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let spelled = match case {
        Case::Pascal => words.to_pascal_case(),
        Case::Snake => words.to_snake_case(),
    };
    let first = spelled.chars().next()?;
    Some(if first.is_alphabetic() || first == '_' {
        spelled
    } else {
        match case {
            Case::Pascal => format!("X{spelled}"),
            Case::Snake => format!("x{spelled}"),
        }
    })
}

/// Renames schemas whose names differ in case or signs alone, by a number at the end.
///
/// Cause: `Foo_Dto` and `FooDto` are both `FooDto` in Rust, which does not compile.
pub(super) fn colliding_schema_names(document: &mut Value) -> Vec<Change> {
    let Some(schemas) = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
    else {
        return Vec::new();
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut renamed = BTreeMap::new();
    for name in schemas.keys() {
        let Some(mut spelled) = identifier(name, Case::Pascal) else {
            continue;
        };
        if !taken.insert(spelled.clone()) {
            let other = (2..)
                .map(|number| format!("{name}{number}"))
                .find(|other| {
                    let free = identifier(other, Case::Pascal);
                    !schemas.contains_key(other) && free.is_some_and(|free| !taken.contains(&free))
                })
                .unwrap_or_default();
            spelled = identifier(&other, Case::Pascal).unwrap_or(spelled);
            taken.insert(spelled);
            renamed.insert(name.clone(), other);
        }
    }
    let mut changes = Vec::new();
    for (name, other) in &renamed {
        if let Some(schemas) = document.pointer_mut("/components/schemas")
            && let Some(schemas) = schemas.as_object_mut()
            && let Some(schema) = schemas.remove(name)
        {
            schemas.insert(other.clone(), schema);
            let place = format!("/components/schemas{}", pointer_segment(name));
            changes.push(Change::new(place, format!("is called `{other}`")));
        }
    }
    if !renamed.is_empty() {
        redirect(document, &renamed);
    }
    changes
}

/// Lets references follow their schemas.
fn redirect(value: &mut Value, renamed: &BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::String(reference)) = entries.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/components/schemas/")
                && let Some(other) = renamed.get(name)
            {
                *reference = format!("#/components/schemas/{other}");
            }
            for inside in entries.values_mut() {
                redirect(inside, renamed);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, renamed)),
        _ => {}
    }
}

/// Drops all but the first of the properties that are one name in Rust.
///
/// Cause: the service reads `userId` and `user_id` alike, and documents both.
pub(super) fn colliding_properties(document: &mut Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk::schemas(document, &mut |pointer, schema| {
        let mut dropped = BTreeSet::new();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            let mut taken = BTreeSet::new();
            properties.retain(|name, _| {
                let keep = taken.insert(identifier(name, Case::Snake));
                if !keep {
                    let place = format!("{pointer}/properties{}", pointer_segment(name));
                    changes.push(Change::new(
                        place,
                        "dropped; another has the same Rust name",
                    ));
                    dropped.insert(name.clone());
                }
                keep
            });
        }
        if let Some(required) = schema.get_mut("required") {
            let kept: Vec<Value> = required
                .as_array()
                .into_iter()
                .flatten()
                .filter(|name| !name.as_str().is_some_and(|name| dropped.contains(name)))
                .cloned()
                .collect();
            if !dropped.is_empty() && !kept.is_empty() {
                *required = json!(kept);
            }
        }
    });
    changes
}
