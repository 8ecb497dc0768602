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

/// Decodes an optional property that is an object. Derived types would decode from arrays too, by
/// position, and copy a string into the error.
pub(crate) fn object<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let is_object = raw.starts_with('{');
    Ok(is_object.then(|| serde_json::from_str(raw).ok()).flatten())
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
pub(crate) fn strict_object<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    // Checked once for the whole body, which is faster than for each string.
    let text = std::str::from_utf8(body).ok()?;
    let starts_object = text.trim_ascii_start().starts_with('{');
    starts_object.then(|| serde_json::from_str(text).ok())?
}

/// Decodes a body that does not decode as it is, without its byte order mark and with `?` for each
/// byte that is not UTF-8, so that the encoding of a gateway's message affects only that message.
pub(crate) fn repaired_object<T: DeserializeOwned>(mut body: Vec<u8>) -> Option<T> {
    let has_mark = body.starts_with(BYTE_ORDER_MARK);
    if !has_mark && std::str::from_utf8(&body).is_ok() {
        return None;
    }
    replace_invalid_utf8(&mut body);
    strict_object(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body))
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn replace_invalid_utf8(body: &mut [u8]) {
    let mut start = 0;
    while let Err(error) = std::str::from_utf8(&body[start..]) {
        start += error.valid_up_to();
        let length = error.error_len().unwrap_or(body.len() - start);
        body[start..start + length].fill(b'?');
        start += length;
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "optional")]
        text: Option<String>,
        #[serde(default, deserialize_with = "object")]
        inner: Option<Box<Sample>>,
        #[serde(default, deserialize_with = "or_default")]
        list: Vec<u8>,
    }

    fn read(body: &[u8]) -> Option<String> {
        let repaired = || repaired_object(body.to_vec());
        let sample: Sample = strict_object(body).or_else(repaired)?;
        let inner = sample.inner.and_then(|inner| inner.text);
        Some(format!("{:?} {inner:?} {:?}", sample.text, sample.list))
    }

    #[test]
    fn wrong_value_affects_only_its_own_property() {
        for wrong in ["null", "5", "{}", "[[]]", r#""\ud83d""#, r#"["x"]"#] {
            let body =
                format!(r#"{{"text":{wrong},"inner":{{"text":"a","list":{wrong}}},"x":{wrong}}}"#);
            let expected = Some(r#"None Some("a") []"#.to_owned());
            assert_eq!(read(body.as_bytes()), expected, "{wrong}");
        }
        // A repeated key makes an inner object absent.
        for inner in [r#"["a"]"#, r#""a""#, r#"{"text":"a","text":"b"}"#] {
            let body = format!(r#"{{"inner":{inner},"list":[1,2]}}"#);
            assert_eq!(read(body.as_bytes()).unwrap(), "None None [1, 2]");
        }
    }

    #[test]
    fn other_encodings_are_read_on_the_second_try() {
        for (body, text) in [
            (
                &b"{\"text\":\"\xcf\xb5 \xff\",\"x\":\"\xff\"}"[..],
                "\u{3f5} ?",
            ),
            (b"\xef\xbb\xbf{\"text\":\"\xc4\xe3\xba\xc3\"}", "????"),
        ] {
            assert_eq!(read(body), Some(format!("Some({text:?}) None []")));
        }
        for body in [
            &b"\xff{}"[..],
            b"{\"text\":\"\xe4\xbd",
            "\u{feff}\u{feff}{}".as_bytes(),
        ] {
            assert_eq!(read(body), None);
        }
    }
}
