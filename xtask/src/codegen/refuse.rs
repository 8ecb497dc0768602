//! What the generator would panic on, or get wrong in silence, found beforehand and named by place.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use crate::document::{Document, pointer_segment};
use crate::finding::Finding;

/// The keys of a path item that are operations.
pub(crate) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Something that the generator cannot express.
#[derive(Debug, Clone)]
pub(crate) struct Obstacle {
    /// The JSON pointer of the operation it stands in, if it stands in one.
    pub(crate) operation: Option<String>,
    /// What and where.
    pub(crate) finding: Finding,
}

/// Refuses a document with what the generator cannot express.
pub(crate) fn inexpressible(document: &Document) -> Result<()> {
    let obstacles = obstacles(&document.value);
    let Some(first) = obstacles.first() else {
        return Ok(());
    };
    let finding = &first.finding;
    bail!(
        "{}: {}; {}. {}",
        document.place(&finding.pointer),
        finding.what,
        finding.why,
        finding.fix
    )
}

/// Everything that the generator cannot express.
pub(crate) fn obstacles(document: &Value) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut paths = BTreeMap::new();
    for (place, operation) in operations(document) {
        let mut found = Vec::new();
        one_response_type_each_way(document, operation, &place, &mut found);
        one_body_that_can_be_sent(document, operation, &place, &mut found);
        parameters_that_can_be_sent(document, operation, &place, &mut found);
        same_path_once(&place, &mut paths, &mut found);
        obstacles.extend(found.into_iter().map(|finding| Obstacle {
            operation: Some(place.clone()),
            finding,
        }));
    }
    let mut found = Vec::new();
    references_lead_somewhere(document, document, "", &mut found);
    obstacles.extend(found.into_iter().map(|finding| {
        Obstacle {
            operation: operations(document)
                .map(|(place, _)| place)
                .find(|place| finding.pointer.starts_with(&format!("{place}/"))),
            finding,
        }
    }));
    obstacles
}

/// Every operation, with its JSON pointer.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    object(document, "paths")
        .into_iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .into_iter()
                .flatten()
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, operation)| {
                    let place = format!("/paths{}/{method}", pointer_segment(path));
                    (place, operation)
                })
        })
}

/// An operation may have one type of success and one of failure.
fn one_response_type_each_way(
    document: &Value,
    operation: &Value,
    place: &str,
    found: &mut Vec<Finding>,
) {
    let (mut success, mut failure) = (None, None);
    for (status, response) in object(operation, "responses") {
        let place = format!("{place}/responses{}", pointer_segment(status));
        if status == "default" {
            found.push(Finding::new(
                place,
                "a `default` response",
                "it counts as a success and a failure to the generator",
                "Use `4XX` and `5XX`",
            ));
            continue;
        }
        let response = resolved(document, response);
        let kind = kind_of_response(response);
        if kind == "untyped" {
            found.push(Finding::new(
                format!("{place}/content"),
                "a JSON response without a schema",
                "the generator has no type for it",
                "Give it a schema; `{}` stands for anything",
            ));
        }
        let seen = match status.as_bytes().first() {
            _ if status == "101" => &mut success,
            Some(b'2') => &mut success,
            Some(b'4' | b'5') => &mut failure,
            // To the generator, anything else is neither.
            _ => continue,
        };
        let first: &mut String = seen.get_or_insert_with(|| kind.clone());
        if *first != kind {
            found.push(Finding::new(
                place,
                "a second response type",
                "the generator takes one for success and one for failure",
                "Let the schemas be one, with the differences inside",
            ));
        }
    }
}

/// The type of a response, as far as the generator tells them apart.
fn kind_of_response(response: &Value) -> String {
    let mut kind = "none";
    for (media_type, media) in object(response, "content") {
        if media_type == "application/json" || media_type.starts_with("application/json;") {
            return match media.get("schema") {
                Some(schema) => schema.to_string(),
                None => "untyped".to_owned(),
            };
        }
        kind = "raw";
    }
    kind.to_owned()
}

/// Parameters that the generator has no form for, or that the path does not agree with.
fn parameters_that_can_be_sent(
    document: &Value,
    operation: &Value,
    place: &str,
    found: &mut Vec<Finding>,
) {
    let (item_place, _) = place.rsplit_once('/').unwrap_or((place, ""));
    let item = document.pointer(item_place).unwrap_or(&Value::Null);
    let mut in_path = BTreeSet::new();
    for (owner, owner_place) in [(item, item_place), (operation, place)] {
        let parameters = owner.get("parameters").and_then(Value::as_array);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let place = format!("{owner_place}/parameters/{index}");
            let parameter = resolved(document, parameter);
            let text = |key: &str| parameter.get(key).and_then(Value::as_str);
            let name = text("name").unwrap_or_default();
            let (location, style) = (text("in").unwrap_or_default(), text("style"));
            if location == "path" {
                in_path.insert(name.to_owned());
            }
            let usual = match location {
                "query" => "form",
                "path" | "header" => "simple",
                other => {
                    found.push(Finding::new(
                        place,
                        format!("the parameter `{name}` goes into a {other}"),
                        "the generator takes path, query and header",
                        "Send it by hand, outside the document",
                    ));
                    continue;
                }
            };
            if style.is_some_and(|style| style != usual) {
                found.push(Finding::new(
                    format!("{place}/style"),
                    format!("the parameter `{name}` is not of the style `{usual}`"),
                    "the generator knows no other",
                    "Describe it in the usual style",
                ));
            }
            if parameter.get("schema").is_none() {
                found.push(Finding::new(
                    place,
                    format!("the parameter `{name}` has no schema"),
                    "the generator has no type for it",
                    "Give it a schema",
                ));
            }
        }
    }
    let path = place.split('/').nth(2).unwrap_or_default();
    let in_template: BTreeSet<String> = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in in_template.symmetric_difference(&in_path) {
        found.push(Finding::new(
            place,
            format!("`{name}` is not both in the path and among its parameters"),
            "the generator would write what does not compile",
            "Let the two agree",
        ));
    }
}

/// The generator takes one media type for a request's body, of those it knows.
fn one_body_that_can_be_sent(
    document: &Value,
    operation: &Value,
    place: &str,
    found: &mut Vec<Finding>,
) {
    let Some(body) = operation.get("requestBody") else {
        return;
    };
    let body = resolved(document, body);
    let place = format!("{place}/requestBody/content");
    let types: Vec<&String> = object(body, "content")
        .into_iter()
        .map(|(t, _)| t)
        .collect();
    if types.is_empty() {
        found.push(Finding::new(
            place,
            "a request body of no media type",
            "the generator does not know how to send it",
            "Name the media type, or drop the body",
        ));
        return;
    }
    if types.len() > 1 {
        found.push(Finding::new(
            place.clone(),
            "a request body of several media types",
            "the generator takes one",
            "Keep `application/json`",
        ));
    }
    for media_type in types {
        let known = matches!(
            media_type.split(';').next().unwrap_or_default().trim(),
            "application/json"
                | "application/x-www-form-urlencoded"
                | "application/octet-stream"
                | "text/plain"
                | "text/x-markdown"
        );
        if !known {
            found.push(Finding::new(
                format!("{place}{}", pointer_segment(media_type)),
                format!("a request body of the media type `{media_type}`"),
                "the generator cannot write it",
                "Call this operation by hand",
            ));
        }
    }
}

/// Two paths that differ in their parameters' names alone are one to the generator.
fn same_path_once(place: &str, paths: &mut BTreeMap<String, String>, found: &mut Vec<Finding>) {
    let mut plain = String::new();
    let mut inside = false;
    for c in place.chars() {
        inside = (inside || c == '{') && c != '}';
        if !inside {
            plain.push(c);
        }
    }
    if let Some(first) = paths.insert(plain, place.to_owned()) {
        found.push(Finding::new(
            place,
            format!("the same path as `{first}`, but for the parameters' names"),
            "the two cannot be told apart",
            "Keep one of them",
        ));
    }
}

/// A reference that leads nowhere makes the generator panic.
fn references_lead_somewhere(
    document: &Value,
    value: &Value,
    place: &str,
    found: &mut Vec<Finding>,
) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::String(reference)) = entries.get("$ref") {
                let target = reference.strip_prefix('#');
                if target.and_then(|target| document.pointer(target)).is_none() {
                    found.push(Finding::new(
                        place,
                        format!("the reference `{reference}` leads nowhere"),
                        "the generator cannot know what is meant",
                        "Correct its spelling, or add what it names",
                    ));
                }
            }
            for (key, value) in entries {
                let inside = format!("{place}{}", pointer_segment(key));
                references_lead_somewhere(document, value, &inside, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                references_lead_somewhere(document, value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What a reference leads to; anything else itself.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    // A chain of references that is longer than this is a circle.
    for _ in 0..16 {
        let reference = value.get("$ref").and_then(Value::as_str);
        match reference.and_then(|reference| document.pointer(reference.strip_prefix('#')?)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// The entries of an object's member that is an object itself; nothing if it is not.
pub(crate) fn object<'a>(
    value: &'a Value,
    key: &str,
) -> impl IntoIterator<Item = (&'a String, &'a Value)> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
