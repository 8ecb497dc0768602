//! What two documents say of one operation, as short facts side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::codegen::{object, resolved};

/// Facts by name: ours, theirs.
pub(super) type Facts = BTreeMap<String, (String, String)>;

const ABSENT: &str = "absent";

/// An operation as people call it: `POST /a/b`.
pub(super) fn operation_name(place: &str) -> String {
    let (path, method) = place.rsplit_once('/').unwrap_or((place, ""));
    let path = path
        .trim_start_matches("/paths/")
        .replace("~1", "/")
        .replace("~0", "~");
    format!("{} {path}", method.to_uppercase())
}

/// What the two say of one operation.
pub(super) fn facts(
    ours: &Value,
    our_operation: &Value,
    theirs: &Value,
    their_operation: &Value,
) -> Facts {
    let mut facts = Facts::new();
    let ours = Side {
        document: ours,
        operation: our_operation,
    };
    let theirs = Side {
        document: theirs,
        operation: their_operation,
    };
    for side in [&ours, &theirs] {
        let is_ours = std::ptr::eq(side, &ours);
        let mut put = |fact: String, value: String| {
            let entry = facts
                .entry(fact)
                .or_insert_with(|| (ABSENT.into(), ABSENT.into()));
            *(if is_ours { &mut entry.0 } else { &mut entry.1 }) = value;
        };
        side.operation_facts(if is_ours { &theirs } else { &ours }, &mut put);
    }
    one_sided(facts)
}

/// Of what only one side describes, one fact is left: that it does.
fn one_sided(facts: Facts) -> Facts {
    let subject = |fact: &str| {
        fact.rsplit_once(": ")
            .map_or("", |(subject, _)| subject)
            .to_owned()
    };
    let mut sides: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for (fact, (ours, theirs)) in &facts {
        let side = sides.entry(subject(fact)).or_default();
        side.0 |= ours != ABSENT;
        side.1 |= theirs != ABSENT;
    }
    let both = |subject: &str| subject.is_empty() || sides.get(subject) == Some(&(true, true));
    let around = |subject: &str| {
        subject
            .rsplit_once(" .")
            .map_or("", |(around, _)| around)
            .to_owned()
    };
    let mut left = Facts::new();
    for (fact, values) in facts {
        let subject = subject(&fact);
        if both(&subject) {
            left.insert(fact, values);
        } else if both(&around(&subject)) {
            let described = |value: bool| if value { "described" } else { ABSENT }.to_owned();
            let (ours, theirs) = sides.get(&subject).copied().unwrap_or_default();
            left.insert(subject, (described(ours), described(theirs)));
        }
    }
    left
}

struct Side<'a> {
    document: &'a Value,
    operation: &'a Value,
}

impl Side<'_> {
    fn operation_facts(&self, other: &Side<'_>, put: &mut dyn FnMut(String, String)) {
        let operation = self.operation;
        let name = operation.get("operationId").and_then(Value::as_str);
        put("name".into(), name.unwrap_or(ABSENT).to_owned());
        put("security".into(), self.security());
        for parameter in operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let parameter = resolved(self.document, parameter);
            let text = |key: &str| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let fact = format!("{} parameter {}", text("in"), text("name"));
            put(format!("{fact}: required"), flag(parameter, "required"));
            self.schema(parameter.get("schema"), None, &fact, &mut Vec::new(), put);
        }
        if let Some(body) = operation.get("requestBody") {
            let body = resolved(self.document, body);
            put("request: required".into(), flag(body, "required"));
            self.content(body, other.request(), "request", put);
        }
        let statuses: Vec<&str> = object(operation, "responses")
            .into_iter()
            .map(|(s, _)| s.as_str())
            .collect();
        put("responses".into(), statuses.join(", "));
        for (status, response) in object(operation, "responses") {
            // A response that only one has is one difference, told by the statuses.
            let Some(other) = other.response(status) else {
                continue;
            };
            let response = resolved(self.document, response);
            self.content(response, Some(other), &format!("response {status}"), put);
        }
    }

    fn request(&self) -> Option<&Value> {
        Some(resolved(self.document, self.operation.get("requestBody")?))
    }

    fn response(&self, status: &str) -> Option<&Value> {
        Some(resolved(
            self.document,
            self.operation.get("responses")?.get(status)?,
        ))
    }

    /// The schemes that the operation or the document names, as what they put on a request.
    fn security(&self) -> String {
        let required = self
            .operation
            .get("security")
            .or_else(|| self.document.get("security"));
        let names: BTreeSet<&String> = required
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(|scheme| scheme.keys())
            .collect();
        let shown: BTreeSet<String> = names
            .into_iter()
            .map(|name| {
                let scheme = self.document.pointer("/components/securitySchemes");
                let scheme = scheme
                    .and_then(|schemes| schemes.get(name))
                    .unwrap_or(&Value::Null);
                let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
                match text("type") {
                    "http" => format!("http {}", text("scheme")),
                    "apiKey" => format!("{} {}", text("in"), text("name")),
                    other => format!("{other} {name}"),
                }
            })
            .collect();
        shown.into_iter().collect::<Vec<_>>().join(", ")
    }

    fn content(
        &self,
        body: &Value,
        other: Option<&Value>,
        fact: &str,
        put: &mut dyn FnMut(String, String),
    ) {
        for (media_type, media) in object(body, "content") {
            let other = other.and_then(|body| body.get("content")?.get(media_type)?.get("schema"));
            let fact = format!("{fact} {media_type}");
            self.schema(media.get("schema"), other, &fact, &mut Vec::new(), put);
        }
    }

    /// Facts of a schema. Of several alternatives the one that the other document has is taken.
    fn schema(
        &self,
        schema: Option<&Value>,
        other: Option<&Value>,
        fact: &str,
        around: &mut Vec<String>,
        put: &mut dyn FnMut(String, String),
    ) {
        let Some(schema) = schema else {
            return;
        };
        let mut schema = schema;
        let mut name = reference_name(schema);
        schema = resolved(self.document, schema);
        let alternatives: Vec<&Value> = ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array())
            .flatten()
            .collect();
        if alternatives.len() > 1 {
            // Their order means nothing.
            let names: BTreeSet<String> = alternatives
                .iter()
                .filter_map(|a| reference_name(a))
                .collect();
            let names: Vec<String> = names.into_iter().collect();
            put(format!("{fact}: alternatives"), names.join(", "));
            let theirs = other.and_then(reference_name);
            let same = alternatives
                .iter()
                .find(|a| theirs.is_some() && reference_name(a) == theirs);
            let chosen = same.or_else(|| alternatives.first());
            if let Some(chosen) = chosen {
                name = reference_name(chosen);
                schema = resolved(self.document, chosen);
            }
        }
        let nullable = flag(schema, "nullable");
        // An `allOf` of one reference is that reference, with a description.
        if let Some([only]) = schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            name = reference_name(only).or(name);
            schema = resolved(self.document, only);
        }
        put(format!("{fact}: nullable"), nullable);
        if let Some(name) = name {
            put(format!("{fact}: type name"), name.clone());
            if around.contains(&name) {
                return;
            }
            around.push(name);
        } else {
            around.push(String::new());
        }
        self.constraints(schema, fact, put);
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (property, inside) in object(schema, "properties") {
            let fact = format!("{fact} .{property}");
            let is_required = required.contains(&property.as_str());
            put(format!("{fact}: required"), yes_or_no(is_required));
            self.schema(Some(inside), None, &fact, around, put);
        }
        if let Some(items) = schema.get("items") {
            self.schema(Some(items), None, &format!("{fact} []"), around, put);
        }
        around.pop();
    }

    fn constraints(&self, schema: &Value, fact: &str, put: &mut dyn FnMut(String, String)) {
        for key in [
            "type",
            "format",
            "enum",
            "default",
            "minLength",
            "maxLength",
            "pattern",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
            "additionalProperties",
        ] {
            match schema.get(key) {
                Some(Value::String(text)) => put(format!("{fact}: {key}"), text.clone()),
                Some(value) if !value.is_object() => {
                    put(format!("{fact}: {key}"), value.to_string())
                }
                _ => {}
            }
        }
    }
}

fn reference_name(schema: &Value) -> Option<String> {
    let reference = schema.get("$ref")?.as_str()?;
    Some(reference.rsplit('/').next().unwrap_or(reference).to_owned())
}

fn flag(value: &Value, key: &str) -> String {
    yes_or_no(value.get(key) == Some(&Value::Bool(true)))
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
