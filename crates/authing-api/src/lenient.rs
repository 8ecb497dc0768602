//! Decoding of responses in which a value of the wrong type affects only its own property.

use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// The longest number or text with escapes to decode, because that takes up to four copies.
const MAX_PARSED_BYTES: usize = 32 * 1024;

/// Decodes an optional property that is a text, a number or the like. Anything else counts as
/// absent.
pub(crate) fn optional<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    // The text of a string without escapes is the string; this is faster than a second parser.
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Ok(match text.filter(|text| !text.contains('\\')) {
        Some(text) => T::deserialize(StrDeserializer::<ValueError>::new(text)).ok(),
        // Scalars would read lists and objects of any size into memory.
        None if raw.starts_with(['[', '{']) || raw.len() > MAX_PARSED_BYTES => None,
        None => serde_json::from_str(raw).ok(),
    })
}

/// Decodes an optional property that is an object. Anything else counts as absent.
pub(crate) fn object<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(object_in(raw.get()))
}

/// Decodes a property whose own type is a list or a map. Anything else counts as empty.
#[allow(dead_code, reason = "used once the document has a list in a response")]
pub(crate) fn or_default<'de, T: DeserializeOwned + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// Decodes a body that is one JSON object.
pub(crate) fn strict_body<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    // Checked once for the whole body, which is faster than for each string.
    object_in(std::str::from_utf8(body).ok()?)
}

/// Decodes a body without its byte order mark and with `?` for each byte that is not UTF-8, so that
/// the encoding of a gateway's message affects only that message.
pub(crate) fn repaired_body<T: DeserializeOwned>(body: Vec<u8>) -> Option<T> {
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    // Before the values are copied, so that a response costs at most three times its size.
    drop(body);
    object_in(text.strip_prefix('\u{feff}').unwrap_or(&text))
}

/// Decodes a text that is one object. Derived types would decode from arrays too, by position, and
/// copy a string into the error.
fn object_in<T: DeserializeOwned>(text: &str) -> Option<T> {
    let is_object = text.trim_ascii_start().starts_with('{');
    is_object.then(|| serde_json::from_str(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_list_is_empty() {
        for (text, expected) in [("[1,2]", &[1, 2][..]), ("[1,-2]", &[]), ("{}", &[])] {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let list: Vec<u8> = or_default(&mut deserializer).unwrap();
            assert_eq!(list, expected, "{text}");
        }
    }
}
