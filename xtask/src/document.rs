//! An OpenAPI document together with the line on which each of its parts stands.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use openapiv3::OpenAPI;
use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};
use serde_path_to_error::Segment;

use crate::specification;

/// A document that was read from YAML or JSON.
#[derive(Debug, Clone)]
pub struct Document {
    /// The name that messages call it by.
    pub name: String,
    /// The content, as JSON.
    pub value: Value,
    /// The line of each part, by its JSON pointer.
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is neither YAML nor JSON; the message names the line.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Self::parse(&name, &text)
    }

    /// Reads a text; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// If it is neither YAML nor JSON; the message names the line.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let documents = MarkedYaml::load_from_str(text).map_err(|error| {
            let (line, column) = (error.marker().line(), error.marker().col() + 1);
            anyhow!("{name}:{line}:{column}: not valid YAML: {}", error.info())
        })?;
        let [root] = documents.as_slice() else {
            bail!("{name}: expected one document, found {}", documents.len());
        };
        let mut lines = BTreeMap::new();
        let value =
            to_json(root, "", &mut lines).map_err(|(line, why)| anyhow!("{name}:{line}: {why}"))?;
        Ok(Self {
            name: name.to_owned(),
            value,
            lines,
        })
    }

    /// The place of a part, for messages: the file, the line and the JSON pointer. A part that is
    /// not there has the line of the nearest part around it.
    pub fn place(&self, pointer: &str) -> String {
        let line = self.line(pointer);
        let shown = if pointer.is_empty() {
            "the document"
        } else {
            pointer
        };
        format!("{}:{line}: at {shown}", self.name)
    }

    /// The line of a part, counted from 1.
    pub fn line(&self, pointer: &str) -> usize {
        let mut around = pointer;
        loop {
            if let Some(line) = self.lines.get(around) {
                return *line;
            }
            match around.rfind('/') {
                Some(end) => around = &around[..end],
                None => return 1,
            }
        }
    }

    /// The document as progenitor takes it.
    ///
    /// # Errors
    ///
    /// If it is not an OpenAPI 3.0 document; the message names every place.
    pub fn openapi(&self) -> Result<OpenAPI> {
        self.check_version()?;
        // Before deserialising: the untagged enums of `openapiv3` would lose the place.
        let violations = specification::violations(&self.value)?;
        if !violations.is_empty() {
            let lines: Vec<String> = violations
                .iter()
                .map(|violation| format!("{}: {}", self.place(&violation.pointer), violation.what))
                .collect();
            bail!("{}", lines.join("\n"));
        }
        serde_path_to_error::deserialize(&self.value).map_err(|error| {
            let pointer: String = error
                .path()
                .iter()
                .filter_map(|segment| match segment {
                    Segment::Map { key } => Some(pointer_segment(key)),
                    Segment::Seq { index } => Some(format!("/{index}")),
                    Segment::Enum { .. } | Segment::Unknown => None,
                })
                .collect();
            anyhow!("{}: {}", self.place(&pointer), error.inner())
        })
    }

    /// Refuses what does not call itself OpenAPI 3.0.
    ///
    /// # Errors
    ///
    /// If it does not; the message names the version.
    pub fn check_version(&self) -> Result<()> {
        match self.value.get("openapi") {
            Some(Value::String(version)) if version.starts_with("3.0.") => {}
            Some(version) => bail!(
                "{}: this is OpenAPI {version}; the generator takes 3.0.x only",
                self.place("/openapi")
            ),
            None => bail!(
                "{}: no `openapi` version: not an OpenAPI document",
                self.place("")
            ),
        }
        Ok(())
    }
}

/// A key as a segment of a JSON pointer, its slash included.
pub fn pointer_segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Turns YAML into JSON, noting the line of every part on the way.
fn to_json(
    node: &MarkedYaml<'_>,
    pointer: &str,
    lines: &mut BTreeMap<String, usize>,
) -> Result<Value, (usize, String)> {
    let line = node.span.start.line();
    lines.entry(pointer.to_owned()).or_insert(line);
    Ok(match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => Value::Bool(*value),
        YamlData::Value(Scalar::Integer(value)) => Value::Number((*value).into()),
        YamlData::Value(Scalar::FloatingPoint(value)) => Number::from_f64(value.into_inner())
            .map(Value::Number)
            .ok_or((line, "a number that JSON has no form for".to_owned()))?,
        YamlData::Value(Scalar::String(text)) => Value::String(text.to_string()),
        YamlData::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| to_json(item, &format!("{pointer}/{index}"), lines))
            .collect::<Result<_, _>>()?,
        YamlData::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let name = match &key.data {
                    YamlData::Value(Scalar::String(text)) => text.to_string(),
                    // An unquoted status such as `200` is a number to YAML.
                    YamlData::Value(Scalar::Integer(number)) => number.to_string(),
                    _ => return Err((key.span.start.line(), "a key that is not text".to_owned())),
                };
                let inside = format!("{pointer}{}", pointer_segment(&name));
                lines.insert(inside.clone(), key.span.start.line());
                object.insert(name, to_json(value, &inside, lines)?);
            }
            Value::Object(object)
        }
        YamlData::Tagged(..)
        | YamlData::Alias(_)
        | YamlData::Representation(..)
        | YamlData::BadValue => {
            return Err((line, "YAML that JSON has no form for".to_owned()));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "openapi: 3.0.3\ninfo:\n  title: t\n  version: '1'\npaths:\n  /a/b:\n    get:\n      responses:\n        200:\n          description: d\n";

    #[test]
    fn every_part_knows_its_line() {
        let document = Document::parse("d.yaml", TEXT).unwrap();
        assert_eq!(document.line("/paths/~1a~1b"), 6);
        assert_eq!(
            document.line("/paths/~1a~1b/get/responses/200/description"),
            10
        );
        assert_eq!(document.line("/paths/~1a~1b/get/absent/part"), 7);
        assert_eq!(document.place(""), "d.yaml:1: at the document");
        document.openapi().unwrap();
    }

    #[test]
    fn json_is_read_too() {
        let document = Document::parse("d.json", "{\n \"a\": [1,\n 2.5, \"\\u4e2d\\/\"]}").unwrap();
        assert_eq!(document.value, serde_json::json!({"a": [1, 2.5, "中/"]}));
        assert_eq!(document.line("/a/1"), 3);
    }

    #[test]
    fn broken_documents_are_told_where() {
        for (text, expected) in [
            ("a: [1", "d:"),
            ("a: 1\na: 2\n", "d:2:"),
            (
                "openapi: 3.1.0\n",
                "d:1: at /openapi: this is OpenAPI \"3.1.0\"",
            ),
            ("info: {}\n", "d:1: at the document: no `openapi`"),
            (
                "openapi: 3.0.3\ninfo:\n  title: [x]\n  version: '1'\npaths: {}\n",
                "d:3: at /info/title",
            ),
        ] {
            let error = match Document::parse("d", text) {
                Ok(document) => document.openapi().unwrap_err(),
                Err(error) => error,
            };
            assert!(
                error.to_string().contains(expected),
                "{error} lacks {expected}"
            );
        }
    }
}
