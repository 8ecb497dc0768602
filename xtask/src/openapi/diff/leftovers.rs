//! Judges what the comparison passed over, so that no difference goes without a word.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judge::{Breaks, Direction, Verdict};
use super::refine::of;
use crate::codegen::standalone::leave_out::collect;
use crate::codegen::{object, operations};
use crate::document::pointer_segment;

/// Keys whose values are for readers.
const WORDS: &[&str] = &[
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "tags",
    "contact",
    "license",
    "termsOfService",
    "deprecated",
];

/// A place at which two documents differ.
struct Difference<'a> {
    pointer: String,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
}

/// Verdicts on every difference that no other verdict covers.
pub(super) fn verdicts(old: &Value, new: &Value, known: &[Verdict]) -> Vec<Verdict> {
    let mut differences = Vec::new();
    compare(Some(old), Some(new), String::new(), &mut differences);
    let covered = |pointer: &str| {
        known
            .iter()
            .flat_map(|verdict| &verdict.covers)
            .any(|cover| {
                pointer
                    .strip_prefix(cover.as_str())
                    .is_some_and(|r| r.is_empty() || r.starts_with('/'))
            })
    };
    let spoken_of = |pointer: &str| known.iter().any(|verdict| verdict.pointer == pointer);
    let uses = (used(old), used(new));
    differences
        .into_iter()
        .filter(|difference| !covered(&difference.pointer))
        .filter_map(|difference| {
            let (breaks, what) = verdict(&difference, &uses);
            // "Metadata changed" was said of the schema already.
            let (around, _) = difference.pointer.rsplit_once('/')?;
            (breaks != Breaks::Neither || !spoken_of(around)).then(|| Verdict {
                breaks,
                what,
                covers: Vec::new(),
                pointer: difference.pointer,
            })
        })
        .collect()
}

fn verdict(difference: &Difference<'_>, uses: &(Uses, Uses)) -> (Breaks, String) {
    let Difference { pointer, old, new } = difference;
    let did = match (old, new) {
        (None, _) => "was added",
        (_, None) => "was removed",
        _ => "changed",
    };
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let names_are_free = pointer.ends_with(&format!("/properties/{key}"))
        || pointer.ends_with(&format!("/schemas/{key}"));
    let is_words = !names_are_free
        && pointer
            .split('/')
            .any(|key| WORDS.contains(&key) || key.starts_with("x-"));
    if is_words || pointer.starts_with("/info/") {
        return (Breaks::Neither, format!("`{key}` {did}"));
    }
    // Whoever refers to a component has a verdict of their own, so that one that is new, or a
    // schema that is gone, says nothing more.
    let is_component = pointer.matches('/').count() == 3 && pointer.starts_with("/components/");
    let is_schema = pointer.starts_with("/components/schemas/");
    if is_component && (old.is_none() || (new.is_none() && is_schema)) {
        return (Breaks::Neither, format!("`{key}` {did}"));
    }
    match key {
        "operationId" => (
            Breaks::Callers,
            "the operation, and so its method, has another name".into(),
        ),
        "nullable" => {
            let direction = direction(pointer, uses);
            if *new == Some(&Value::Bool(true)) {
                (
                    of(direction.received, direction.sent),
                    "may be null now".to_owned(),
                )
            } else {
                (
                    of(direction.sent, direction.received),
                    "may no longer be null".to_owned(),
                )
            }
        }
        _ if direction(pointer, uses) == Direction::default()
            && pointer.starts_with("/components/schemas/") =>
        {
            (
                Breaks::Neither,
                format!("`{key}` {did}, in what no operation uses"),
            )
        }
        // A default is the service's affair: what a caller leaves out.
        "default" => (Breaks::NotJudged, format!("the default {did}")),
        _ => (Breaks::NotJudged, format!("`{key}` {did}")),
    }
}

/// The names of the schemas that requests and answers lead to.
struct Uses {
    sent: BTreeSet<String>,
    received: BTreeSet<String>,
}

fn used(document: &Value) -> Uses {
    let (mut sent, mut received) = (BTreeSet::new(), BTreeSet::new());
    for (_, operation) in operations(document) {
        for (key, part) in operation.as_object().into_iter().flatten() {
            let found = if key == "responses" {
                &mut received
            } else {
                &mut sent
            };
            collect(document, part, found);
        }
    }
    // Nothing refers to these by name: they are put on every request by hand.
    let components = document.get("components").unwrap_or(&Value::Null);
    for (_, parameter) in object(components, "parameters") {
        collect(document, parameter, &mut sent);
    }
    Uses { sent, received }
}

fn direction(pointer: &str, (old, new): &(Uses, Uses)) -> Direction {
    if let Some(rest) = pointer.strip_prefix("/components/schemas/") {
        let name = rest.split('/').next().unwrap_or_default();
        return Direction {
            sent: old.sent.contains(name) || new.sent.contains(name),
            received: old.received.contains(name) || new.received.contains(name),
        };
    }
    let received = pointer.contains("/responses/");
    Direction {
        sent: !received,
        received,
    }
}

/// The outermost places at which two values differ.
fn compare<'a>(
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    pointer: String,
    differences: &mut Vec<Difference<'a>>,
) {
    match (old, new) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let inside = format!("{pointer}{}", pointer_segment(key));
                compare(before.get(key), after.get(key), inside, differences);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(
                    Some(before),
                    Some(after),
                    format!("{pointer}/{index}"),
                    differences,
                );
            }
        }
        _ if old == new => {}
        _ => differences.push(Difference { pointer, old, new }),
    }
}
