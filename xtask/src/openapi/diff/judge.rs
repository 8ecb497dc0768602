//! Judges each change of a document: `drift` compares, and what it leaves open is judged here.

use anyhow::Result;
use drift::{Change, ChangeClass, ChangeComparison, ChangeDetails, ChangeInfo};
use serde::Serialize;
use serde_json::Value;

use super::{leftovers, refine};
use crate::codegen::standalone::leave_out::keep_only;
use crate::codegen::{operations, without_panic};
use crate::document::Document;

/// Whom a change breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaks {
    /// Programs that were right before are wrong now.
    Callers,
    /// A service that was right before does not keep what is promised now.
    Service,
    /// Both of these.
    Both,
    /// Neither of these.
    Neither,
    /// Nobody knows: have a look.
    NotJudged,
}

/// A change, and whom it breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Judged {
    /// Whom it breaks.
    pub breaks: Breaks,
    /// The JSON pointer of what changed, in the new document, or in the old one if it is gone.
    pub pointer: String,
    /// Its line there.
    pub line: usize,
    /// What changed.
    pub what: String,
}

/// Whether a schema is sent, received, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) sent: bool,
    pub(super) received: bool,
}

/// A verdict before it has a line.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) breaks: Breaks,
    pub(super) pointer: String,
    pub(super) what: String,
    /// The pointers below which every difference is accounted for by this.
    pub(super) covers: Vec<String>,
}

/// Every change between two documents.
pub(super) fn judge(base: &Document, document: &Document) -> Result<Vec<Judged>> {
    let (old, new) = (normalised(&base.value), normalised(&document.value));
    let mut verdicts = Vec::new();
    match without_panic(|| drift::compare(&old, &new)) {
        Ok(changes) => verdicts.extend(verdicts_of(&old, &new, &changes?)),
        Err(_) => one_by_one(&old, &new, &mut verdicts)?,
    }
    verdicts.extend(leftovers::verdicts(&old, &new, &verdicts));
    let mut judged: Vec<Judged> = verdicts
        .into_iter()
        .map(|verdict| {
            let here = document.value.pointer(&verdict.pointer).is_some();
            let line = if here { document } else { base }.line(&verdict.pointer);
            Judged {
                breaks: verdict.breaks,
                pointer: verdict.pointer,
                line,
                what: verdict.what,
            }
        })
        .collect();
    judged.sort();
    judged.dedup();
    Ok(judged)
}

/// Compares operation by operation, so that one that stops the comparison costs only itself.
fn one_by_one(old: &Value, new: &Value, verdicts: &mut Vec<Verdict>) -> Result<()> {
    let mut places: Vec<String> = operations(old)
        .chain(operations(new))
        .map(|(place, _)| place)
        .collect();
    places.sort();
    places.dedup();
    for place in places {
        let (mut old, mut new) = (old.clone(), new.clone());
        keep_only(&mut old, &place);
        keep_only(&mut new, &place);
        match without_panic(|| drift::compare(&old, &new)) {
            Ok(changes) => verdicts.extend(verdicts_of(&old, &new, &changes?)),
            Err(why) => {
                let why = why.lines().next().unwrap_or_default().to_owned();
                verdicts.push(Verdict {
                    breaks: Breaks::NotJudged,
                    what: format!("the comparison gave up on this operation: {why}"),
                    covers: vec![place.clone()],
                    pointer: place,
                });
            }
        }
    }
    Ok(())
}

fn verdicts_of(old: &Value, new: &Value, changes: &[Change]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for change in changes {
        let mut direction = Direction::default();
        for path in &change.paths {
            direction.sent |= path.comparison == ChangeComparison::Input;
            direction.received |= path.comparison == ChangeComparison::Output;
        }
        let Some(path) = change.paths.first() else {
            continue;
        };
        for info in &change.changes {
            let at = |base: &str, inside: &str| {
                let base = base.trim_start_matches('#');
                let inside = inside.replace("request_body", "requestBody");
                if inside.is_empty() {
                    base.to_owned()
                } else {
                    format!("{base}/{inside}")
                }
            };
            let old_place = at(path.old.current_pointer(), &info.old_subpath);
            let new_place = at(path.new.current_pointer(), &info.new_subpath);
            match refine::refine(old, new, &old_place, &new_place, info, direction) {
                Some(refined) => verdicts.extend(refined),
                None => verdicts.push(verdict(old_place, new_place, info)),
            }
        }
    }
    verdicts
}

fn verdict(old_place: String, new_place: String, info: &ChangeInfo) -> Verdict {
    let breaks = match (info.class, info.details) {
        // A service that does not have it yet breaks nobody who does not use it.
        (ChangeClass::ForwardIncompatible, ChangeDetails::Added) => Breaks::Neither,
        (ChangeClass::BackwardIncompatible, _) => Breaks::Callers,
        (ChangeClass::ForwardIncompatible, _) => Breaks::Service,
        (ChangeClass::Incompatible, _) => Breaks::Both,
        (ChangeClass::Trivial, _) => Breaks::Neither,
        (ChangeClass::Unhandled, _) => Breaks::NotJudged,
    };
    let covers = if info.details == ChangeDetails::Metadata {
        // Words cover words; anything else below has its own verdict.
        Vec::new()
    } else {
        vec![old_place, new_place.clone()]
    };
    Verdict {
        breaks,
        pointer: new_place,
        what: info.message.clone(),
        covers,
    }
}

/// The same document in a form that the comparison does not trip on: the order of `required`, of
/// `enum` and of alternatives means nothing; an `anyOf` is compared part by part only if it is
/// called a `oneOf`.
pub(super) fn normalised(value: &Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, inside)| {
                let mut inside = normalised(inside);
                if matches!(key.as_str(), "required" | "enum" | "anyOf" | "oneOf")
                    && let Some(items) = inside.as_array_mut()
                {
                    items.sort_by_key(Value::to_string);
                }
                let is_any_of = key == "anyOf" && inside.is_array();
                let key = if is_any_of {
                    "oneOf".to_owned()
                } else {
                    key.clone()
                };
                (key, inside)
            })
            .collect(),
        Value::Array(items) => items.iter().map(normalised).collect(),
        other => other.clone(),
    }
}
