//! The Rust types and the document's schemas describe the same JSON: names, types, required sets.

use std::collections::{BTreeMap, BTreeSet};

use authing_api::types;
use schemars::schema_for;
use serde_json::Value;
use xtask::document::Document;

/// A property as both sides can tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Property {
    /// `string phone-number`, `integer whole-number`, or the name of a schema.
    of: String,
    required: bool,
}

type Properties = BTreeMap<String, Property>;

macro_rules! schemas {
    ($($type:path),* $(,)?) => {
        BTreeMap::from([$({
            let name = stringify!($type).rsplit("::").next().unwrap_or_default().trim().to_owned();
            (name, schema_for!($type).to_value())
        }),*])
    };
}

/// The generated types. The test below turns red if one is missing here.
fn generated() -> BTreeMap<String, Value> {
    schemas![
        types::GetWechatMiniProgramPhoneBesideRespDto,
        types::GetWechatMiniProgramPhoneDataDto,
        types::GetWechatMiniProgramPhoneDto,
        types::GetWechatMiniProgramPhoneLooseRespDto,
        types::GetWechatMiniProgramPhoneNestedRespDto,
        types::GetWechatMiniProgramPhoneRespDto,
        types::WechatAnswerDto,
        types::WechatPhoneInfoDto,
        types::WechatWatermarkDto,
    ]
}

/// Schemas that a hand-written type reads: no type is generated, and where a property has such a
/// schema, the hand-written type says what it is to Rust.
const HAND_WRITTEN: &[(&str, &str)] = &[
    ("ErrorRespDto", "a tolerant reply"),
    ("GetWechatMiniProgramPhoneReply", "a tolerant reply"),
    ("WechatCountryCode", "string country-code"),
];

/// Where the facade's types deviate on purpose: the type, the property, the reason.
const FACADE_EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "GetWechatMiniProgramPhoneRespDto",
        "data",
        "always present: without it the call is an error",
    ),
    (
        "GetWechatMiniProgramPhoneDataDto",
        "watermark",
        "WeChat's, handed on beside the number",
    ),
    (
        "WechatWatermarkDto",
        "appid",
        "a watermark is handed on whole or not at all",
    ),
    (
        "WechatWatermarkDto",
        "timestamp",
        "a watermark is handed on whole or not at all",
    ),
];

fn document() -> Document {
    Document::read(&xtask::project_root().join("openapi/authing.yaml")).unwrap()
}

fn components(document: &Value) -> BTreeMap<String, Value> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    schemas
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// The properties of an object's schema, of either side.
fn properties(schema: &Value) -> Properties {
    let required: BTreeSet<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let required = required.contains(name.as_str());
            (
                name.clone(),
                Property {
                    of: type_of(property),
                    required,
                },
            )
        })
        .collect()
}

/// A property's type in one form: OpenAPI wraps a reference in `allOf` to describe it, schemars
/// adds `null` to what is an `Option`.
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        let hand_written = HAND_WRITTEN.iter().find(|(schema, _)| *schema == name);
        return hand_written.map_or(name, |(_, of)| of).to_owned();
    }
    for key in ["allOf", "anyOf"] {
        let inside: Vec<&Value> = schema[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|inside| inside["type"] != "null")
            .collect();
        if let [only] = inside.as_slice() {
            return type_of(only);
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = kinds
        .into_iter()
        .find(|kind| *kind != "null")
        .unwrap_or("anything");
    match schema["format"].as_str() {
        Some(format) => format!("{kind} {format}"),
        None => kind.to_owned(),
    }
}

/// What two lists of properties differ in, one line each.
fn differences(name: &str, document: &Properties, rust: &Properties) -> Vec<String> {
    let names: BTreeSet<&String> = document.keys().chain(rust.keys()).collect();
    names
        .into_iter()
        .filter(|property| document.get(*property) != rust.get(*property))
        .map(|property| {
            let (document, rust) = (document.get(property), rust.get(property));
            format!("{name}.{property}: the document has {document:?}, Rust has {rust:?}")
        })
        .collect()
}

/// Every difference between the document and the generated types.
fn disagreements(document: &Value, rust: &BTreeMap<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, schema) in components(document) {
        if HAND_WRITTEN
            .iter()
            .any(|(hand_written, _)| *hand_written == name)
        {
            continue;
        }
        match rust.get(&name) {
            Some(rust) => {
                found.extend(differences(&name, &properties(&schema), &properties(rust)));
            }
            None => found.push(format!("{name} has no Rust type")),
        }
    }
    let document = components(document);
    found.extend(
        rust.keys()
            .filter(|name| !document.contains_key(*name))
            .map(|name| format!("{name} is not in the document")),
    );
    found
}

#[test]
fn the_generated_types_and_the_document_agree() {
    assert_eq!(
        disagreements(&document().value, &generated()),
        Vec::<String>::new()
    );
}

/// The deliberate break of the test above: each side gets, loses or changes a property alone.
#[test]
fn a_property_on_one_side_only_is_seen() {
    const DTO: &str = "GetWechatMiniProgramPhoneDataDto";
    let place = format!("/components/schemas/{DTO}/properties");
    let string = serde_json::json!({ "type": "string" });

    let mut theirs = document().value;
    theirs.pointer_mut(&place).unwrap()["flavour"] = string.clone();
    let found = disagreements(&theirs, &generated());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(&format!("{DTO}.flavour: the document has Some")),
        "{found:?}"
    );

    let mut ours = generated();
    ours.get_mut(DTO).unwrap()["properties"]["flavour"] = string.clone();
    let found = disagreements(&document().value, &ours);
    assert!(found[0].contains("the document has None"), "{found:?}");

    let mut theirs = document().value;
    theirs.pointer_mut(&place).unwrap()["countryCode"] = string;
    assert_eq!(disagreements(&theirs, &generated()).len(), 1);

    let mut theirs = document().value;
    let required = format!("/components/schemas/{DTO}/required");
    theirs
        .pointer_mut(&required)
        .unwrap()
        .as_array_mut()
        .unwrap()
        .pop();
    assert_eq!(disagreements(&theirs, &generated()).len(), 1);

    let mut ours = generated();
    ours.remove(DTO);
    assert_eq!(
        disagreements(&document().value, &ours),
        [format!("{DTO} has no Rust type")]
    );
}

/// The facade's own types, beside the schemas that they stand for.
fn facade() -> [(&'static str, Value); 3] {
    [
        (
            "GetWechatMiniProgramPhoneRespDto",
            schema_for!(authing::GetWechatMiniProgramPhoneRespDto).to_value(),
        ),
        (
            "GetWechatMiniProgramPhoneDataDto",
            schema_for!(authing::GetWechatMiniProgramPhoneDataDto).to_value(),
        ),
        (
            "WechatWatermarkDto",
            schema_for!(authing::Watermark).to_value(),
        ),
    ]
}

/// What the facade's types differ in: their numbers are plain ones, so formats of numbers and of
/// plain text are not compared.
fn facade_differences(document: &Value) -> BTreeSet<(String, String)> {
    let plain = |properties: Properties| -> Properties {
        properties
            .into_iter()
            .map(|(name, property)| {
                let of = property.of.split(' ').next().unwrap().to_owned();
                (name, Property { of, ..property })
            })
            .collect()
    };
    let document = components(document);
    let mut found = BTreeSet::new();
    for (name, rust) in facade() {
        let (document, rust) = (plain(properties(&document[name])), plain(properties(&rust)));
        let names: BTreeSet<&String> = document.keys().chain(rust.keys()).collect();
        for property in names {
            if document.get(property) != rust.get(property) {
                found.insert((name.to_owned(), property.clone()));
            }
        }
    }
    found
}

/// Turns red when a property comes to one side only, and when an exception is no longer one.
#[test]
fn the_facade_and_the_document_agree_but_for_the_named_exceptions() {
    let expected: BTreeSet<(String, String)> = FACADE_EXCEPTIONS
        .iter()
        .map(|(name, property, _)| ((*name).to_owned(), (*property).to_owned()))
        .collect();
    assert_eq!(facade_differences(&document().value), expected);

    let mut other = document().value;
    let place = "/components/schemas/GetWechatMiniProgramPhoneRespDto/properties";
    other.pointer_mut(place).unwrap()["flavour"] = serde_json::json!({ "type": "string" });
    assert_eq!(facade_differences(&other).len(), expected.len() + 1);
}
