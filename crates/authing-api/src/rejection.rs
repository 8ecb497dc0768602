//! The rule that decides whether a response proves that the request was not processed.

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use crate::context::ResponseHead;

const TOO_MANY_REQUESTS: u16 = 429;

/// The largest object to decode, because serde's errors contain copies of keys.
const MAX_ENVELOPE_BYTES: usize = 64 * 1024;

/// The only object that counts as a rejection: an envelope of status 429 without data.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "raw")]
    status_code: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "raw")]
    message: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "raw")]
    api_code: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "raw")]
    request_id: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "raw")]
    data: Option<&'a str>,
}

/// Keeps the text of a value, `null` included, without building it.
fn raw<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a str>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(|raw| Some(raw.get()))
}

/// Returns whether a response is an explicit rejection; `body` must be complete.
///
/// The HTTP status or `statusCode` is 429, the end of the body is proven by its framing, and the
/// body is empty, plain text, or an envelope without data. In doubt it returns false.
pub(crate) fn is_explicit_rejection(head: &ResponseHead, body: &[u8]) -> bool {
    let by_status = head.http_status == TOO_MANY_REQUESTS;
    if !has_proven_end(head) {
        return false;
    }
    if body.trim_ascii_start().starts_with(b"{") {
        return body.len() <= MAX_ENVELOPE_BYTES
            && serde_json::from_slice::<Envelope<'_>>(body)
                .is_ok_and(|envelope| envelope.is_rejection(by_status));
    }
    by_status && (body.is_empty() || is_plain_text(head, body))
}

/// A body that ends with the connection may be a part of another body.
fn has_proven_end(head: &ResponseHead) -> bool {
    let mut encodings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => head.headers.contains_key(CONTENT_LENGTH),
        (Some(encoding), None) => encoding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

fn is_plain_text(head: &ResponseHead, body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    !head.headers.contains_key(CONTENT_ENCODING)
        && !text.starts_with(['{', '[', '"'])
        && serde_json::from_str::<IgnoredAny>(text).is_err()
}

impl Envelope<'_> {
    fn is_rejection(&self, by_status: bool) -> bool {
        let is_429 = match self.status_code {
            Some(code) => code.parse() == Ok(f64::from(TOO_MANY_REQUESTS)),
            None => by_status,
        };
        let is_scalar =
            |value: &Option<&str>| value.is_none_or(|text| !text.starts_with(['{', '[']));
        let has_no_data = self.data.is_none_or(|text| {
            let inside = text
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            text == "null" || inside.is_some_and(|inside| inside.trim_ascii().is_empty())
        });
        is_429
            && has_no_data
            && [&self.message, &self.api_code, &self.request_id]
                .into_iter()
                .all(is_scalar)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn decide(status: u16, headers: &[(HeaderName, &'static str)], body: &[u8]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        is_explicit_rejection(&ResponseHead::new(status, map), body)
    }

    const LENGTH: (HeaderName, &str) = (CONTENT_LENGTH, "1");
    const CHUNKED: (HeaderName, &str) = (TRANSFER_ENCODING, "chunked");

    const UNDER_ANY_STATUS: &[&str] = &[
        r#"{"statusCode":429,"message":"x"}"#,
        r#" {"statusCode":429.0,"apiCode":1,"requestId":"r","data":null} "#,
        r#"{"statusCode":429,"data":{ }}"#,
    ];

    const UNDER_429: &[&str] = &[
        "",
        " \n",
        "slow down",
        "<h1>429 Too Many Requests</h1>",
        "\u{feff}slow down",
        r#"{"message":"x"}"#,
    ];

    const NEVER: &[&str] = &[
        // The code may have been used.
        r#"{"statusCode":429,"data":{"phoneNumber":"1"}}"#,
        r#"{"statusCode":429,"phone_info":{"phoneNumber":"1"}}"#,
        r#"{"statusCode":429,"phoneNumber":"1"}"#,
        r#"{"statusCode":429,"errcode":0}"#,
        r#"{"statusCode":429,"data":{"errcode":0}}"#,
        r#"{"statusCode":429,"data":[]}"#,
        r#"{"statusCode":429,"message":{"phoneNumber":"1"}}"#,
        r#"{"statusCode":429,"apiCode":[{"":0}]}"#,
        r#"{"statusCode":200}"#,
        r#"{"statusCode":"429"}"#,
        r#"{"statusCode":"200"}"#,
        r#"{"statusCode":null}"#,
        // The meaning is open.
        r#"{"statusCode":200,"statusCode":429}"#,
        r#"{"statusCode":429,"data":{"errcode":0},"d\u0061ta":{}}"#,
        r#"{"statusCode":429}{"statusCode":200}"#,
        r#"{"statusCode":429} slow down"#,
        r#"{"statusCode":429,"mess"#,
        r#"[429,"x",1,"r",null]"#,
        r#"[{"statusCode":429}]"#,
        "\u{feff}{\"statusCode\":429}",
        r#""slow down""#,
        r#""slow"#,
        "429",
        "\u{feff}null",
    ];

    #[test]
    fn explicit_rejections() {
        let rows = [
            (UNDER_ANY_STATUS, true, true),
            (UNDER_429, true, false),
            (NEVER, false, false),
        ];
        for (bodies, under_429, under_200) in rows {
            for body in bodies.iter().map(|body| body.as_bytes()) {
                let shown = String::from_utf8_lossy(body);
                for framing in [&[LENGTH], &[CHUNKED]] {
                    assert_eq!(decide(429, framing, body), under_429, "HTTP 429: {shown}");
                    assert_eq!(decide(200, framing, body), under_200, "HTTP 200: {shown}");
                }
                assert!(
                    !decide(429, &[], body),
                    "until the connection ends: {shown}"
                );
            }
        }
    }

    #[test]
    fn the_largest_envelope_has_64_kib() {
        for (length, expected) in [(65_536, true), (65_537, false)] {
            let mut body = br#"{"statusCode":429}"#.to_vec();
            body.resize(length, b' ');
            assert_eq!(decide(429, &[LENGTH], &body), expected);
        }
    }

    #[test]
    fn doubtful_encodings_are_no_rejections() {
        let text = b"slow down";
        let gzip = (TRANSFER_ENCODING, "gzip");
        assert!(!decide(429, &[LENGTH], b"slow \xff down"));
        assert!(!decide(
            429,
            &[LENGTH],
            b"{\"statusCode\":429,\"message\":\"\xff\"}"
        ));
        assert!(!decide(429, &[LENGTH, (CONTENT_ENCODING, "gzip")], text));
        assert!(!decide(429, &[(TRANSFER_ENCODING, "gzip, chunked")], text));
        assert!(!decide(429, &[LENGTH, CHUNKED, gzip], text));
        assert!(!decide(503, &[LENGTH], text));
    }
}
