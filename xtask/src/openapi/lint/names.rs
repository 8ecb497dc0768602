//! The document's names, types and required sets are those of the vendor's reference page.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::codegen::{object, operations};
use crate::document::{Document, pointer_segment};
use crate::finding::Finding;

/// The page's facts, in words of our own.
const DOCUMENTED: &str = include_str!("../../../data/documented.toml");

const WHY: &str = "callers find their way by the names of the vendor's reference page";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documented {
    operation: Vec<Operation>,
    r#type: BTreeMap<String, BTreeMap<String, Property>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    operation_id: String,
    method: String,
    path: String,
    request: String,
    response: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Property {
    r#type: String,
    #[serde(default)]
    required: bool,
}

/// Finds where the document differs from the page.
pub(super) fn check(document: &Document) -> Result<Vec<Finding>> {
    let documented: Documented =
        toml::from_str(DOCUMENTED).context("xtask/data/documented.toml is unreadable")?;
    let mut findings = Vec::new();
    for operation in &documented.operation {
        check_operation(&document.value, operation, &mut findings);
    }
    for (name, properties) in &documented.r#type {
        check_type(&document.value, name, properties, &mut findings);
    }
    Ok(findings)
}

fn check_operation(document: &Value, documented: &Operation, findings: &mut Vec<Finding>) {
    let Operation {
        operation_id,
        method,
        path,
        request,
        response,
    } = documented;
    let place = format!("/paths{}/{method}", pointer_segment(path));
    let Some((_, operation)) = operations(document).find(|(found, _)| *found == place) else {
        let what = format!(
            "the documented operation {} {path} is missing",
            method.to_uppercase()
        );
        findings.push(Finding::new(
            "/paths",
            what,
            WHY,
            "Correct the path's spelling, or add it",
        ));
        return;
    };
    if operation.get("operationId").and_then(Value::as_str) != Some(operation_id) {
        let what = format!("the documented name is `{operation_id}`");
        let place = format!("{place}/operationId");
        findings.push(Finding::new(place, what, WHY, "Use the documented name"));
    }
    for (part, name) in [
        ("requestBody/content/application~1json/schema", request),
        ("responses/200/content/application~1json/schema", response),
    ] {
        let place = format!("{place}/{part}");
        let schema = document.pointer(&place).unwrap_or(&Value::Null);
        if !leads_to(document, schema, name) {
            let what = format!("the documented type `{name}` is not what stands here");
            findings.push(Finding::new(
                place,
                what,
                WHY,
                "Refer to the documented type",
            ));
        }
    }
}

/// Whether a schema is, or has among its alternatives, the component of this name.
fn leads_to(document: &Value, schema: &Value, name: &str) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return reference == format!("#/components/schemas/{name}")
            || reference
                .strip_prefix('#')
                .and_then(|target| document.pointer(target))
                .is_some_and(|target| leads_to(document, target, name));
    }
    ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|key| schema.get(*key)?.as_array())
        .flatten()
        .any(|alternative| leads_to(document, alternative, name))
}

fn check_type(
    document: &Value,
    name: &str,
    documented: &BTreeMap<String, Property>,
    findings: &mut Vec<Finding>,
) {
    let place = format!("/components/schemas{}", pointer_segment(name));
    let Some(schema) = document.pointer(&place) else {
        let what = format!("the documented type `{name}` is missing");
        findings.push(Finding::new(
            "/components/schemas",
            what,
            WHY,
            "Name it as documented",
        ));
        return;
    };
    for (property, _) in object(schema, "properties") {
        if !documented.contains_key(property) {
            let place = format!("{place}/properties{}", pointer_segment(property));
            let what = format!("`{property}` is not on the page");
            let fix = "Correct its spelling, or describe it in a type of another name";
            findings.push(Finding::new(place, what, WHY, fix));
        }
    }
    for (property, Property { r#type, required }) in documented {
        let property_place = format!("{place}/properties{}", pointer_segment(property));
        let Some(described) = document.pointer(&property_place) else {
            let what = format!("the documented property `{property}` is missing");
            findings.push(Finding::new(
                &place,
                what,
                WHY,
                "Add it under its documented name",
            ));
            continue;
        };
        if !is_of_type(document, described, r#type) {
            let what = format!("the page says that `{property}` is of the type `{type}`");
            findings.push(Finding::new(
                property_place,
                what,
                WHY,
                "Use the documented type",
            ));
        }
        let in_required = schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|name| name == property));
        if *required && !in_required {
            let what = format!("the page says that `{property}` is required");
            let place = format!("{place}/required");
            findings.push(Finding::new(place, what, WHY, "Add it to `required`"));
        }
    }
}

fn is_of_type(document: &Value, schema: &Value, documented: &str) -> bool {
    match (schema.get("type").and_then(Value::as_str), documented) {
        // The page knows one kind of number; all of ours are whole.
        (Some("integer"), "number") => true,
        (Some(of), documented) => of == documented,
        (None, documented) => leads_to(document, schema, documented),
    }
}
