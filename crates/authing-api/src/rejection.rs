//! The rule that decides whether a response proves that the request was not processed.

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::context::ResponseHead;

/// The largest object to decode, because serde's errors contain copies of keys.
const MAX_ENVELOPE_BYTES: usize = 64 * 1024;

/// The only object that counts as a rejection: an envelope without data. Any other key, and a
/// repeated one, is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default = "too_many_requests")]
    status_code: f64,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    api_code: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn too_many_requests() -> f64 {
    429.0
}

impl Envelope<'_> {
    fn is_rejection(&self) -> bool {
        let is_scalar = |value: &RawValue| !value.get().starts_with(['{', '[']);
        let is_empty = |value: &RawValue| {
            let visible = value.get().chars().filter(|c| !c.is_ascii_whitespace());
            visible.eq("{}".chars())
        };
        self.status_code == too_many_requests()
            && self.message.is_none_or(is_scalar)
            && self.api_code.is_none_or(is_scalar)
            && self.request_id.is_none_or(is_scalar)
            && self.data.is_none_or(is_empty)
    }
}

/// Returns whether a response, whose HTTP status or `statusCode` is 429, is an explicit rejection.
///
/// The `body` is complete, its end is proven by its framing, and it is empty, plain text, or an
/// envelope without data. In doubt it returns false.
pub(crate) fn is_explicit_rejection(head: &ResponseHead, body: &[u8]) -> bool {
    if !has_proven_end(head) {
        return false;
    }
    if body.trim_ascii_start().starts_with(b"{") {
        return body.len() <= MAX_ENVELOPE_BYTES
            && serde_json::from_slice(body)
                .is_ok_and(|envelope: Envelope<'_>| envelope.is_rejection());
    }
    head.http_status == 429 && (body.is_empty() || is_plain_text(head, body))
}

/// A body that ends with the connection may be a part of another body. So may one with a length and
/// chunks, because a server or gateway may have meant the length.
fn has_proven_end(head: &ResponseHead) -> bool {
    let has_length = head.headers.contains_key(CONTENT_LENGTH);
    let mut encodings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => has_length,
        (Some(encoding), None) => {
            !has_length && encoding.as_bytes().eq_ignore_ascii_case(b"chunked")
        }
        (Some(_), Some(_)) => false,
    }
}

/// Whether the body is text in which no JSON object can be hidden: neither after other text, such as
/// a prefix against script inclusion, nor in UTF-16.
fn is_plain_text(head: &ResponseHead, body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let starts_with_key = |rest: &str| rest.trim_start().starts_with('"');
    !head.headers.contains_key(CONTENT_ENCODING)
        && !text.contains('\0')
        && !text.split('{').skip(1).any(starts_with_key)
        && !text.starts_with(['{', '[', '"'])
        && serde_json::from_str::<IgnoredAny>(text).is_err()
}

/// `tests/tests/throttling.rs` proves the rule over the wire. These are the bodies and encodings
/// that it does not send.
#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn decide(headers: &[(HeaderName, &'static str)], body: &[u8]) -> bool {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| _ = map.append(name, value));
        is_explicit_rejection(&ResponseHead::new(429, map), body)
    }

    const LENGTH: (HeaderName, &str) = (CONTENT_LENGTH, "1");
    const CHUNKED: (HeaderName, &str) = (TRANSFER_ENCODING, "chunked");
    const GZIP: (HeaderName, &str) = (TRANSFER_ENCODING, "gzip");

    const REJECTIONS: &str = r#"
         {"statusCode":429.0,"apiCode":"1","requestId":1,"data":null,"message":null}
        {"data":{ }}
        {"message":"x"}"#;

    const OTHERS: &str = r#"
        {"statusCode":429,"phoneNumber":"1"}
        {"statusCode":429,"message":{"phoneNumber":"1"}}
        {"statusCode":429,"requestId":["1"]}
        {"statusCode":429,"apiCode":[{"":0}]}
        {"statusCode":429,"data":"{}"}
        {"statusCode":"429"}
        {"statusCode":null}
        {"statusCode":200,"statusCode":429}
        {"data":{"errcode":0},"d\u0061ta":{}}
        {"statusCode":429} slow down
        [429,"x",1,"r",null]
        "slow"#;

    #[test]
    fn explicit_rejections() {
        for body in REJECTIONS.lines().chain([" ", "\u{feff}slow {down}"]) {
            assert!(decide(&[LENGTH], body.as_bytes()), "{body}");
        }
        let hidden = ["\u{feff}{}", "\u{feff}null", "\0{\0}", "slow { \"a\": 1 }"];
        for body in OTHERS.trim().lines().chain(hidden) {
            assert!(!decide(&[LENGTH], body.as_bytes()), "{body}");
        }
        for (length, expected) in [(65_536, true), (65_537, false)] {
            let mut body = br#"{"statusCode":429}"#.to_vec();
            body.resize(length, b' ');
            assert_eq!(decide(&[LENGTH], &body), expected);
        }
    }

    #[test]
    fn doubtful_encodings_are_no_rejections() {
        assert!(!decide(&[LENGTH], b"slow \xff down"));
        assert!(!decide(&[LENGTH], b"{\"message\":\"\xff\"}"));
        assert!(!decide(&[(TRANSFER_ENCODING, "gzip, chunked")], b""));
        assert!(!decide(&[CHUNKED, GZIP], b""));
        assert!(!decide(&[LENGTH, CHUNKED], b""));
    }
}
