//! Corrections to operations: their names, and their parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Case, Change, identifier, walk};

/// Names that the generated client has already.
const RESERVED: &[&str] = &[
    "new",
    "new_with_client",
    "pre",
    "post",
    "exec",
    "client",
    "baseurl",
    "inner",
    "api_version",
];

/// Makes every parameter in a path required.
///
/// Cause: OpenAPI wants it so, and the generator asserts it.
pub(super) fn required_path_parameters(document: &mut Value) -> Vec<Change> {
    fn fix(parameters: Option<&mut Value>, place: &str, changes: &mut Vec<Change>) {
        let parameters = parameters.and_then(Value::as_array_mut);
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let in_path = parameter.get("in").is_some_and(|place| place == "path");
            if in_path && parameter.get("required") != Some(&json!(true)) {
                parameter["required"] = json!(true);
                let place = format!("{place}/parameters/{index}");
                changes.push(Change::new(place, "is required"));
            }
        }
    }
    let mut changes = Vec::new();
    walk::operations(document, &mut |pointer, operation| {
        fix(operation.get_mut("parameters"), pointer, &mut changes);
    });
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let place = format!("/paths{}", crate::document::pointer_segment(path));
        fix(item.get_mut("parameters"), &place, &mut changes);
    }
    changes
}

/// An operation that needs another name.
struct Unnamed {
    pointer: String,
    method: String,
    /// The path's segments without parameters, versions and `api`, as words.
    segments: Vec<String>,
}

impl Unnamed {
    fn new(pointer: &str) -> Self {
        let (path, method) = pointer.rsplit_once('/').unwrap_or((pointer, ""));
        let path = path
            .trim_start_matches("/paths/")
            .replace("~1", "/")
            .replace("~0", "~");
        let is_version = |segment: &str| {
            segment
                .strip_prefix('v')
                .is_some_and(|n| n.parse::<u32>().is_ok())
        };
        let segments = path
            .split('/')
            .filter(|segment| !segment.contains('{') && *segment != "api" && !is_version(segment))
            .filter_map(|segment| identifier(segment, Case::Snake))
            .collect();
        Self {
            pointer: pointer.to_owned(),
            method: method.to_owned(),
            segments,
        }
    }

    /// The names to try, the shortest first: the last segment, the last two, and so on; then the
    /// same after the HTTP method.
    fn name(&self, attempt: usize) -> String {
        let all = self.segments.len().max(1);
        let (with_method, count) = (attempt >= all, attempt % all + 1);
        let mut words = Vec::new();
        if with_method || self.segments.is_empty() {
            words.push(self.method.clone());
        }
        let from = self.segments.len().saturating_sub(count);
        words.extend_from_slice(&self.segments[from..]);
        let mut name = words.join("_");
        // All attempts are used up: two paths that differ in their parameters alone.
        if attempt >= 2 * all {
            name = identifier(&self.pointer, Case::Snake).unwrap_or(name);
        }
        name
    }
}

/// Names operations after the last segment of their paths; where that is taken, by more of the
/// path; where that is taken too, by the HTTP method in front. All that would share a name get
/// longer, so that a name does not depend on who came first.
///
/// Cause: the names are those of classes and methods in the service's source code
/// (`XController_getY`), which change with it; or they are used twice; or there are none.
pub(super) fn operation_names(document: &mut Value) -> Vec<Change> {
    let mut present: BTreeMap<String, usize> = BTreeMap::new();
    let spelled = |operation: &Value| {
        let name = operation.get("operationId")?.as_str()?;
        identifier(name, Case::Snake).map(|spelled| (name.to_owned(), spelled))
    };
    walk::operations(document, &mut |_, operation| {
        if let Some((_, spelled)) = spelled(operation) {
            *present.entry(spelled).or_default() += 1;
        }
    });
    let mut unnamed = Vec::new();
    let mut taken: BTreeSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    walk::operations(
        document,
        &mut |pointer, operation| match spelled(operation) {
            Some((name, spelled))
                if !of_source_code(&name)
                    && present.get(&spelled) == Some(&1)
                    && !RESERVED.contains(&spelled.as_str()) =>
            {
                taken.insert(spelled);
            }
            _ => unnamed.push(Unnamed::new(pointer)),
        },
    );
    let names = choose(unnamed, &taken);
    let mut changes = Vec::new();
    walk::operations(document, &mut |pointer, operation| {
        let Some(name) = names.get(pointer) else {
            return;
        };
        let before = operation.get("operationId").and_then(Value::as_str);
        let what = match before {
            Some(before) => format!("`{before}` is called `{name}`"),
            None => format!("is called `{name}`"),
        };
        operation["operationId"] = json!(name);
        changes.push(Change::new(pointer, what));
    });
    changes
}

/// A name for each, all different from each other and from those that are taken.
fn choose(mut unnamed: Vec<Unnamed>, taken: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut taken = taken.clone();
    let mut names = BTreeMap::new();
    let mut attempt = 0;
    while !unnamed.is_empty() {
        let mut wanted: BTreeMap<String, Vec<Unnamed>> = BTreeMap::new();
        for operation in unnamed.drain(..) {
            wanted
                .entry(operation.name(attempt))
                .or_default()
                .push(operation);
        }
        // A name that several want is nobody's, later either.
        for (name, mut operations) in wanted {
            let alone = operations.len() == 1;
            match operations.pop() {
                Some(operation) if alone && taken.insert(name.clone()) => {
                    names.insert(operation.pointer, name.clone());
                }
                Some(operation) => {
                    operations.push(operation);
                    unnamed.append(&mut operations);
                }
                None => {}
            }
            taken.insert(name);
        }
        attempt += 1;
        if attempt > 64 {
            // Distinct places have distinct pointers, so this is not reached.
            break;
        }
    }
    names
}

/// `OidcController_token`, `Api::V3::signIn`, `foo.bar`.
fn of_source_code(name: &str) -> bool {
    name.contains("Controller") || name.contains("::") || name.contains('.') || name.contains('#')
}
