//! Replies bent at random: a JSON text taken apart, changed field by field, and put together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use authing_tests::scenarios::{Scenario, replies};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::Value;

/// A reply to send: a listed one, and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The HTTP status.
    pub(crate) http_status: u16,
    /// The headers.
    pub(crate) headers: BTreeMap<String, String>,
    /// The listed body.
    pub(crate) original: String,
    /// What is done to its fields.
    pub(crate) edits: Vec<Edit>,
    /// What is done to its bytes.
    pub(crate) bytes: Vec<(u16, u8)>,
    /// Where it is cut off.
    pub(crate) cut: Option<usize>,
}

/// A change of one field, or of one element; which one, by its number modulo their count.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// It is left out.
    Drop(u16),
    /// It gets another name.
    Rename(u16, &'static str),
    /// It gets another value.
    Retype(u16, String),
    /// It stands twice, the second time with this value.
    Duplicate(u16, String),
    /// Its value moves one level down, under this name.
    Nest(u16, &'static str),
    /// Its value moves one level down, into a list.
    NestInList(u16),
}

/// JSON that keeps the order of fields, and fields that stand twice.
#[derive(Clone)]
enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
}

impl Node {
    fn of(value: &Value) -> Self {
        match value {
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::of(value)));
                Self::Object(fields.collect())
            }
            Value::Array(elements) => Self::List(elements.iter().map(Self::of).collect()),
            other => Self::Text(other.to_string()),
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Text(own) => text.push_str(own),
            Self::List(elements) => {
                text.push('[');
                for (place, element) in elements.iter().enumerate() {
                    text.push_str(if place > 0 { "," } else { "" });
                    element.write(text);
                }
                text.push(']');
            }
            Self::Object(fields) => {
                text.push('{');
                for (place, (name, value)) in fields.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    let _ = write!(text, "{comma}{}:", Value::from(name.as_str()));
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    /// How many fields there are at any depth.
    fn fields(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::List(elements) => elements.iter().map(Self::fields).sum(),
            Self::Object(fields) => fields.iter().map(|(_, value)| 1 + value.fields()).sum(),
        }
    }

    /// Changes field number `at`, counted in the order of the text.
    fn edit(&mut self, at: &mut usize, edit: &Edit) {
        match self {
            Self::Text(_) => {}
            Self::List(elements) => elements.iter_mut().for_each(|each| each.edit(at, edit)),
            Self::Object(fields) => {
                for place in 0..fields.len() {
                    if *at == 0 {
                        *at = usize::MAX;
                        return edit.apply(fields, place);
                    }
                    *at -= 1;
                    fields[place].1.edit(at, edit);
                }
            }
        }
    }
}

impl Edit {
    fn at(&self) -> usize {
        let (Self::Drop(at)
        | Self::Rename(at, _)
        | Self::Retype(at, _)
        | Self::Duplicate(at, _)
        | Self::Nest(at, _)
        | Self::NestInList(at)) = self;
        usize::from(*at)
    }

    fn apply(&self, fields: &mut Vec<(String, Node)>, place: usize) {
        let value = &mut fields[place].1;
        match self {
            Self::Drop(_) => drop(fields.remove(place)),
            Self::Rename(_, name) => (*name).clone_into(&mut fields[place].0),
            Self::Retype(_, text) => *value = Node::Text(text.clone()),
            Self::Duplicate(_, text) => {
                let twin = (fields[place].0.clone(), Node::Text(text.clone()));
                fields.push(twin);
            }
            Self::Nest(_, name) => {
                *value = Node::Object(vec![((*name).to_owned(), value.clone())]);
            }
            Self::NestInList(_) => *value = Node::List(vec![value.clone()]),
        }
    }
}

impl Case {
    /// A listed reply as it is.
    pub(crate) fn plain(scenario: &Scenario) -> Self {
        Self {
            http_status: scenario.http_status,
            headers: scenario.headers.clone(),
            original: scenario.body.clone(),
            edits: Vec::new(),
            bytes: Vec::new(),
            cut: None,
        }
    }

    /// The body to send.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut text = self.original.clone();
        if let (Ok(value), false) = (serde_json::from_str(&text), self.edits.is_empty()) {
            let mut node = Node::of(&value);
            for edit in &self.edits {
                let mut at = edit.at() % node.fields().max(1);
                node.edit(&mut at, edit);
            }
            text.clear();
            node.write(&mut text);
        }
        let mut body = text.into_bytes();
        for (at, byte) in &self.bytes {
            let length = body.len().max(1);
            if let Some(old) = body.get_mut(usize::from(*at) % length) {
                *old = *byte;
            }
        }
        if let Some(length) = self.cut {
            body.truncate(length % (body.len() + 1));
        }
        body
    }
}

/// Names that mean something, and some that do not.
const NAMES: [&str; 14] = [
    "statusCode",
    "message",
    "apiCode",
    "requestId",
    "data",
    "phoneNumber",
    "purePhoneNumber",
    "countryCode",
    "watermark",
    "phone_info",
    "errcode",
    "errmsg",
    "phonenumber",
    "x",
];

/// Values that readers trip over.
const VALUES: [&str; 33] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "200",
    "200.0",
    "2e2",
    "200.5",
    "429",
    "500",
    "-1",
    "40029",
    "86",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e300",
    "1e-400",
    "\"\"",
    "\" \"",
    "\"200\"",
    "\"+\"",
    "\"86\"",
    "\"+8613800138000\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{202e}\"",
    "[]",
    "{}",
    "[[[[]]]]",
    "{\"errcode\":40163}",
    "{\"phoneNumber\":\"1\",\"purePhoneNumber\":\"1\",\"countryCode\":1}",
];

/// Values of every type, and of every size that a reader may trip over.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(&VALUES[..]).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<String>().prop_map(|text| Value::from(text).to_string()),
        // Deeper than readers go.
        1 => (1_usize..300).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
    ]
}

fn edits() -> impl Strategy<Value = Edit> {
    let name = || proptest::sample::select(&NAMES[..]);
    let at = any::<u16>;
    prop_oneof![
        at().prop_map(Edit::Drop),
        (at(), name()).prop_map(|(at, name)| Edit::Rename(at, name)),
        (at(), values()).prop_map(|(at, value)| Edit::Retype(at, value)),
        (at(), values()).prop_map(|(at, value)| Edit::Duplicate(at, value)),
        (at(), name()).prop_map(|(at, name)| Edit::Nest(at, name)),
        at().prop_map(Edit::NestInList),
    ]
}

/// Cases at random: about half of them whole JSON, the others broken in their bytes or cut off.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let bytes = prop_oneof![
        4 => Just(Vec::new()),
        1 => proptest::collection::vec((any::<u16>(), any::<u8>()), 1..3),
        // Never valid in UTF-8.
        1 => (any::<u16>(), 0xf8_u8..).prop_map(|byte| vec![byte]),
    ];
    let cut = prop_oneof![5 => Just(None), 1 => any::<u16>().prop_map(|at| Some(usize::from(at)))];
    let scenario = proptest::sample::select(replies());
    let edits = proptest::collection::vec(edits(), 0..5);
    (scenario, edits, bytes, cut).prop_map(|(scenario, edits, bytes, cut)| Case {
        edits,
        bytes,
        cut,
        ..Case::plain(&scenario)
    })
}
