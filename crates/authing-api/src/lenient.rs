//! Decoding of responses in which a value of the wrong type affects only its own property.

use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// Decodes an optional property. Anything but a value of type `T` counts as absent.
pub(crate) fn optional<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    // Derived types decode from arrays too, by position.
    starting_with(deserializer, |first| first != b'[')
}

/// Decodes an optional property that is an object.
///
/// If the value is a string, it is not decoded: serde would copy it with escapes into the error.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    starting_with(deserializer, |first| first == b'{')
}

/// Decodes a property whose own type is a list or a map. Anything else counts as empty.
#[allow(dead_code, reason = "used once the document has a list in a response")]
pub(crate) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = starting_with(deserializer, |first| first == b'[' || first == b'{')?;
    Ok(value.unwrap_or_default())
}

fn starting_with<'de, T, D>(
    deserializer: D,
    is_expected: impl Fn(u8) -> bool,
) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    if !raw.bytes().next().is_some_and(is_expected) {
        return Ok(None);
    }
    // The text of a string without escapes is the string; this is faster than a second parser.
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Ok(match text.filter(|text| !text.contains('\\')) {
        Some(text) => T::deserialize(StrDeserializer::<ValueError>::new(text)).ok(),
        None => serde_json::from_str(raw).ok(),
    })
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

    #[derive(Debug, Deserialize, PartialEq)]
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
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        for wrong in ["null", "5", "{}", "[[]]", r#""\ud83d""#, r#"["x"]"#, &deep] {
            let body =
                format!(r#"{{"text":{wrong},"inner":{{"text":"a","list":{wrong}}},"x":{wrong}}}"#);
            let expected = Some(r#"None Some("a") []"#.to_owned());
            assert_eq!(read(body.as_bytes()), expected, "{wrong}");
        }
        assert_eq!(read(br#"{"list":[1,2]}"#).unwrap(), "None None [1, 2]");
        for inner in [r#"["a"]"#, r#""a""#, "null"] {
            let body = format!(r#"{{"inner":{inner}}}"#);
            assert_eq!(read(body.as_bytes()).unwrap(), "None None []");
        }
        let mut array = serde_json::Deserializer::from_str("[1]");
        assert_eq!(optional::<(u8,), _>(&mut array).unwrap(), None);
        // A repeated key makes an inner object absent, and the whole body unreadable.
        let repeated = br#"{"inner":{"text":"a","text":"b"}}"#;
        assert_eq!(read(repeated).unwrap(), "None None []");
        assert_eq!(read(&repeated[9..repeated.len() - 1]), None);
    }

    #[test]
    fn body_must_be_one_object() {
        for body in [
            "",
            "null",
            "[]",
            r#"["a",null,[]]"#,
            "{",
            "{}{}",
            "\u{feff}\u{feff}{}",
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(read(b" \n{}\t").unwrap(), "None None []");
    }

    #[test]
    fn other_encodings_are_read_on_the_second_try() {
        for (body, text) in [
            (&b"\xef\xbb\xbf{\"text\":\"a\"}"[..], "a"),
            (b"{\"text\":\"\xcf\xb5 \xff\",\"x\":\"\xff\"}", "\u{3f5} ?"),
            (b"\xef\xbb\xbf{\"text\":\"\xc4\xe3\xba\xc3\"}", "????"),
        ] {
            assert_eq!(read(body), Some(format!("Some({text:?}) None []")));
        }
        assert_eq!(read(b"\xff{}"), None);
        assert_eq!(read(b"{\"text\":\"\xe4\xbd"), None);
    }
}
