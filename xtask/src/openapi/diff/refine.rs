//! Judges what `drift` notices without judging: properties that come, go, or become required.

use std::collections::BTreeSet;

use drift::{ChangeClass, ChangeInfo};
use serde_json::Value;

use super::judge::{Breaks, Direction, Verdict};
use crate::codegen::{is_own_format, object};
use crate::document::pointer_segment;

/// The verdicts on a change of an object's properties or of its required set; nothing if the
/// change is another.
pub(super) fn refine(
    old: &Value,
    new: &Value,
    old_place: &str,
    new_place: &str,
    info: &ChangeInfo,
    direction: Direction,
) -> Option<Vec<Verdict>> {
    let (before, after) = (old.pointer(old_place)?, new.pointer(new_place)?);
    match info.message.as_str() {
        "object properties changed" => Some(properties(before, after, new_place, direction)),
        "object required properties changed" => Some(required(before, after, new_place, direction)),
        _ if info.class == ChangeClass::Unhandled => own_format(before, after, new_place),
        _ => None,
    }
}

/// A format of our own chooses a Rust type, and says nothing of what goes over the wire.
fn own_format(before: &Value, after: &Value, place: &str) -> Option<Vec<Verdict>> {
    let format = |schema: &Value| {
        schema
            .get("format")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let (old, new) = (format(before), format(after));
    let is_own = |format: &Option<String>| format.as_deref().is_none_or(is_own_format);
    let rest = |schema: &Value| -> Value {
        let entries = schema.as_object().into_iter().flatten();
        entries
            .filter(|(key, _)| !matches!(key.as_str(), "format" | "description" | "example"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    if old == new || !is_own(&old) || !is_own(&new) || rest(before) != rest(after) {
        return None;
    }
    let shown = |format: Option<String>| format.map_or("none".to_owned(), |f| format!("`{f}`"));
    let what = format!(
        "the format was {} and is {}: another Rust type, the same JSON",
        shown(old),
        shown(new)
    );
    Some(vec![Verdict {
        breaks: Breaks::Neither,
        pointer: place.to_owned(),
        what,
        covers: vec![format!("{place}/format")],
    }])
}

fn names(schema: &Value) -> BTreeSet<&str> {
    object(schema, "properties")
        .into_iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

fn required_names(schema: &Value) -> BTreeSet<&str> {
    let required = schema.get("required").and_then(Value::as_array);
    required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn properties(before: &Value, after: &Value, place: &str, direction: Direction) -> Vec<Verdict> {
    let (old, new) = (names(before), names(after));
    let (old_required, new_required) = (required_names(before), required_names(after));
    let mut verdicts = Vec::new();
    let mut push = |name: &str, breaks: Breaks, what: String| {
        let pointer = format!("{place}/properties{}", pointer_segment(name));
        verdicts.push(Verdict {
            breaks,
            what,
            covers: vec![pointer.clone(), format!("{place}/required")],
            pointer,
        });
    };
    for name in new.difference(&old) {
        let is_required = new_required.contains(name);
        // Sent: the service demands it. Received: the service does not give it yet.
        let breaks = of(
            is_required && direction.sent,
            is_required && direction.received,
        );
        let kind = if is_required { "required" } else { "optional" };
        push(
            name,
            breaks,
            format!("the {kind} property `{name}` was added"),
        );
    }
    for name in old.difference(&new) {
        // Received: callers read it. Sent: callers send what is no longer described; and a
        // service that demands it does not get it.
        let was_required = old_required.contains(name);
        let breaks = of(true, direction.sent && was_required);
        push(name, breaks, format!("the property `{name}` was removed"));
    }
    verdicts
}

fn required(before: &Value, after: &Value, place: &str, direction: Direction) -> Vec<Verdict> {
    let (old, new) = (required_names(before), required_names(after));
    let (old_names, new_names) = (names(before), names(after));
    let mut verdicts = Vec::new();
    let mut push = |breaks: Breaks, what: String| {
        let pointer = format!("{place}/required");
        verdicts.push(Verdict {
            breaks,
            what,
            covers: vec![pointer.clone()],
            pointer,
        });
    };
    // What came or went as a whole has its verdict already.
    for name in new
        .difference(&old)
        .filter(|name| old_names.contains(*name))
    {
        let breaks = of(direction.sent, direction.received);
        push(breaks, format!("`{name}` was optional and is required"));
    }
    for name in old
        .difference(&new)
        .filter(|name| new_names.contains(*name))
    {
        let breaks = of(direction.received, direction.sent);
        push(breaks, format!("`{name}` was required and is optional"));
    }
    verdicts
}

/// The verdict for these two.
pub(super) fn of(callers: bool, service: bool) -> Breaks {
    match (callers, service) {
        (true, true) => Breaks::Both,
        (true, false) => Breaks::Callers,
        (false, true) => Breaks::Service,
        (false, false) => Breaks::Neither,
    }
}
