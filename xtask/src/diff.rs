//! Lists the changes of the OpenAPI document and whom each one breaks.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use drift::{ChangeClass, ChangeComparison, ChangeDetails};
use serde_json::{Value, json};

use crate::codegen::{document, entries, is_own_format, operations, parse};
use crate::{DOCUMENT, read, root};

/// The file with the table of accepted deviations, and the heading above that table.
const DEVIATIONS: &str = "openapi/README.md";
const HEADING: &str = "## Deviations from Authing's document";

/// Whom a change breaks, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Callers,
    Service,
    Look,
    Neither,
}

type Change = (Effect, String);
type Changes = BTreeSet<Change>;

/// Compares the document with a git revision of it, or with the file of another document.
pub(crate) fn run(base: &str) -> Result<ExitCode> {
    let document = document()?;
    let is_file = std::path::Path::new(base).is_file();
    let found = if is_file {
        let other = parse(base, &std::fs::read_to_string(base)?)?;
        unexplained(compare(&document, &other, true), &read(DEVIATIONS)?)
    } else {
        compare(&at_revision(base)?, &document, false)
    };
    for (effect, text) in &found {
        let label = match effect {
            Effect::Callers => "breaks callers",
            Effect::Service => "breaks the service's side",
            Effect::Look => "look",
            Effect::Neither => "breaks neither",
        };
        println!("{label}: {text}");
    }
    if !is_file {
        println!("For the Rust side: git diff {base} -- crates/authing-api/src/generated.rs");
    }
    Ok(ExitCode::from(match found.first() {
        Some((Effect::Callers | Effect::Service, _)) => 4,
        Some((Effect::Look, _)) => 5,
        Some((Effect::Neither, _)) | None => 0,
    }))
}

fn at_revision(revision: &str) -> Result<Value> {
    let name = format!("{revision}:{DOCUMENT}");
    let output = Command::new("git")
        .args(["show", &name])
        .current_dir(root())
        .output()
        .context("cannot start git")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    parse(&name, &String::from_utf8(output.stdout)?)
}

/// Returns the changes that no deviation explains, and the deviations that explain no change.
fn unexplained(mut found: Changes, readme: &str) -> Changes {
    let table = readme.split_once(HEADING).map_or("", |(_, table)| table);
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    for (pattern, _) in rows {
        let count = found.len();
        found.retain(|(_, text)| match pattern.strip_prefix('*') {
            Some(end) => !text.ends_with(end),
            None => text != pattern,
        });
        if found.len() == count {
            let text = format!("{DEVIATIONS}: `{pattern}` no longer applies");
            found.insert((Effect::Look, text));
        }
    }
    found
}

/// Returns all changes; of a foreign document, those in our operations.
fn compare(old: &Value, new: &Value, is_foreign: bool) -> Changes {
    let mut changes = Changes::new();
    for part in [
        "/openapi",
        "/security",
        "/servers",
        "/components/securitySchemes",
    ] {
        if !is_foreign && old.pointer(part) != new.pointer(part) {
            changes.insert((Effect::Look, format!("{}: changed", &part[1..])));
        }
    }
    compare_aspects("/paths", &old["paths"], &new["paths"], &mut changes);
    let [before, after] = [old, new].map(|document| &document["components"]["schemas"]);
    compare_aspects("/components/schemas", before, after, &mut changes);
    let others = operations(new).filter(|_| !is_foreign);
    for ((path, method), _) in operations(old).chain(others) {
        let [old, new] = [old, new].map(|document| {
            let mut only = document.clone();
            only["paths"] = match only["paths"][path][method].take() {
                Value::Null => json!({}),
                operation => json!({path: {method: operation}}),
            };
            only
        });
        // drift has a `todo!` for a change of media types.
        let hook = take_hook();
        set_hook(Box::new(|_| {}));
        let compared = catch_unwind(AssertUnwindSafe(|| drift::compare(&old, &new)));
        set_hook(hook);
        if let Ok(Ok(found)) = compared {
            for change in &found {
                classify(&old, &new, change, &mut changes);
            }
        } else {
            changes.insert((Effect::Look, format!("{path}/{method}: cannot be compared")));
        }
    }
    if changes.is_empty() && old != new && !is_foreign {
        let text = "texts, examples or our own formats: changed";
        changes.insert((Effect::Neither, text.to_owned()));
    }
    changes
}

/// Compares what drift does not, where both documents have the object that contains it.
fn compare_aspects(pointer: &str, old: &Value, new: &Value, changes: &mut Changes) {
    for (key, effect) in [
        ("nullable", Effect::Look),
        ("operationId", Effect::Callers),
        ("security", Effect::Look),
    ] {
        if old.get(key) != new.get(key) {
            let place = name(&format!("{pointer}/{key}"));
            changes.insert((effect, format!("{place}: changed")));
        }
    }
    for (key, inner) in entries(old) {
        if let Some(other) = new.get(key) {
            compare_aspects(&format!("{pointer}/{key}"), inner, other, changes);
        }
    }
}

/// Returns the keywords of a schema that matter for JSON and are not compared elsewhere: no text, no
/// format of ours, and no inner schema.
fn essence(schema: &Value) -> Vec<(&String, &Value)> {
    const OTHERS: [&str; 5] = ["description", "example", "nullable", "title", "type"];
    let keywords = entries(schema).filter(|(key, value)| {
        let is_own = *key == "format" && is_own_format(value);
        let is_plain = !value.is_object() && !value.is_array();
        let is_whole = is_plain || ["default", "discriminator", "enum"].contains(&key.as_str());
        is_whole && !is_own && !key.starts_with("x-") && !OTHERS.contains(&key.as_str())
    });
    keywords.collect()
}

/// Returns a short name for the place of a change: `SchemaName.property`, or the operation.
fn name(pointer: &str) -> String {
    let name = pointer.trim_start_matches("/components/schemas/");
    let name = name.replace("/properties/", ".").replace("~1", "/");
    name.trim_start_matches("/paths/").to_owned()
}

/// Adds the changes of one schema or operation that matter for JSON.
fn classify(old: &Value, new: &Value, change: &drift::Change, changes: &mut Changes) {
    let Some(path) = change.paths.first() else {
        return;
    };
    // A stricter schema breaks those who send it, a looser one those who receive it.
    let [sent, received] = [ChangeComparison::Input, ChangeComparison::Output].map(|direction| {
        match change.paths.iter().any(|p| p.comparison == direction) {
            true => Effect::Callers,
            false => Effect::Service,
        }
    });
    for info in &change.changes {
        let pointer = |base: &str, inside: &str| {
            let pointer = format!("{}/{inside}", base.trim_start_matches('#'));
            let pointer = pointer.replace("/request_body/", "/requestBody/");
            pointer.trim_end_matches('/').to_owned()
        };
        let place = pointer(path.old.current_pointer(), &info.old_subpath);
        let before = old.pointer(&place).unwrap_or(&Value::Null);
        let after = pointer(path.new.current_pointer(), &info.new_subpath);
        let after = new.pointer(&after).unwrap_or(&Value::Null);
        let effect = match (info.class, info.details) {
            (ChangeClass::ForwardIncompatible, ChangeDetails::Added) => Effect::Neither,
            (ChangeClass::ForwardIncompatible, _) => Effect::Service,
            (ChangeClass::Trivial | ChangeClass::Unhandled, _) => Effect::Look,
            _ => Effect::Callers,
        };
        let found = match info.message.as_str() {
            "object properties changed" | "object required properties changed" => {
                properties(before, after, sent, received)
            }
            "schema types changed" => {
                let (before, after) = (&before["type"], &after["type"]);
                vec![(effect, format!(": type changed from {before} to {after}"))]
            }
            message
                if (message.contains("metadata") || message.ends_with(" schema changed"))
                    && essence(before) == essence(after) =>
            {
                continue;
            }
            message => vec![(effect, format!(": {message}"))],
        };
        let found = found.into_iter();
        changes.extend(found.map(|(effect, what)| (effect, name(&place) + &what)));
    }
}

/// Returns the properties that were added or removed, or became required or optional.
fn properties(before: &Value, after: &Value, sent: Effect, received: Effect) -> Vec<Change> {
    let all = entries(&before["properties"]).chain(entries(&after["properties"]));
    let changes = all.filter_map(|(name, _)| {
        let [before, after] = [before, after].map(|schema| {
            let required = schema["required"].as_array();
            let is_required = required.is_some_and(|names| names.contains(&json!(name)));
            schema["properties"].get(name).map(|_| is_required)
        });
        let (effect, what) = match (before, after) {
            (None, Some(true)) => (sent, "required property was added"),
            (None, Some(false)) => (Effect::Neither, "optional property was added"),
            (Some(_), None) => (Effect::Callers, "property was removed"),
            (Some(false), Some(true)) => (sent, "became required"),
            (Some(true), Some(false)) => (received, "became optional"),
            _ => return None,
        };
        Some((effect, format!(".{name}: {what}")))
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::tests::change;

    /// Each row: a change of our document, and what is reported.
    const CHANGES: &str = r#"
        @DataDto/properties/operator | {"type":"string"} | Neither: @DataDto.operator: optional property was added
        @RespDto/required | ["statusCode"] | Callers: @RespDto.message: became optional
        @DataDto/required/+ | "errcode" | Service: @DataDto.errcode: became required
        @DataDto/properties/errcode/type | "string" | Callers: @DataDto.errcode: type changed from "integer" to "string"
        @DataDto/properties/errcode/nullable | true | Look: @DataDto.errcode/nullable: changed
        @DataDto/properties/errmsg/format | "secret" | Neither: texts, examples or our own formats: changed
        @Dto/properties/code/default | "x" | Look: @Dto.code: schema metadata changed
        @Dto/required | ["code"] | Service: @Dto.extIdpConnidentifier: became optional
        OP/operationId | "other" | Callers: OP/operationId: changed
        OP/security | [] | Look: OP/security: changed
        OP/requestBody/content | {"text/plain":{}} | Look: OP: cannot be compared
        OP/requestBody/content/application~1json/schema | {"type":"object","required":["code"],"properties":{"code":{"type":"string"}}} | Callers: @Dto.extIdpConnidentifier: property was removed
        OP/responses/4XX/description | "x" | Neither: texts, examples or our own formats: changed
        /components/securitySchemes/appId/name | "x-app" | Look: components/securitySchemes: changed
        /paths | {} | Callers: OP: The operation get_wechat_miniprogram_phone was removed
    "#;

    #[test]
    fn changes_are_classified() {
        let old = document().unwrap();
        for row in CHANGES.trim().lines() {
            let (edit, expected) = row.trim().rsplit_once(" | ").unwrap();
            let mut new = old.clone();
            change(&mut new, edit);
            let found = compare(&old, &new, false);
            let found = found
                .iter()
                .map(|(effect, text)| format!("{effect:?}: {text}"));
            let expected = expected.replace('@', "GetWechatMiniProgramPhone");
            let expected = expected.replace("OP", "/api/v3/get-wechat-miniprogram-phone/post");
            assert_eq!(found.collect::<Vec<_>>(), [expected], "{row}");
        }
        assert_eq!(compare(&old, &old, false), Changes::new());
    }

    #[test]
    fn deviations_explain_changes() {
        let found = ["A.b: removed", "A.bc: removed", "B.b: removed", "c"];
        let found = found.map(|text| (Effect::Callers, text.to_owned()));
        let rows = "| `*.b: removed` | seen |\n| `c` | seen |\n| `gone` | seen |\n";
        let readme = format!("| `*removed` | no |\n{HEADING}\n\n| change | reason |\n{rows}");
        let left = unexplained(found.into(), &readme);
        let texts: Vec<_> = left.iter().map(|(_, text)| text.as_str()).collect();
        let stale = "openapi/README.md: `gone` no longer applies";
        assert_eq!(texts, ["A.bc: removed", stale]);
    }
}
