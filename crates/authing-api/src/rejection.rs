//! The rule that decides whether a response proves that the request was not processed.

use std::collections::BTreeMap;

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The largest object to decode, because serde's errors contain copies of keys.
const MAX_ENVELOPE_BYTES: usize = 64 * 1024;

/// The only object that counts as a rejection: an envelope without data. Any other key, and a
/// repeated one, is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    #[serde(default = "too_many_requests")]
    status_code: f64,
    message: Option<Box<RawValue>>,
    api_code: Option<Box<RawValue>>,
    request_id: Option<Box<RawValue>>,
    /// Absent, null or empty, because no key decodes as `()`.
    #[serde(rename = "data")]
    _data: Option<BTreeMap<(), ()>>,
}

fn too_many_requests() -> f64 {
    429.0
}

/// Returns whether a response, whose HTTP status or `statusCode` is 429, is an explicit rejection.
///
/// The `body` is complete, its end is proven by its framing, and it is empty, plain text, or an
/// envelope without data. In doubt it returns false.
pub(crate) fn is_explicit_rejection(headers: &HeaderMap, body: &[u8]) -> bool {
    let is_rejection = if body.trim_ascii_start().starts_with(b"{") {
        body.len() <= MAX_ENVELOPE_BYTES && is_envelope_without_data(body)
    } else {
        body.is_empty() || (!headers.contains_key(CONTENT_ENCODING) && is_plain_text(body))
    };
    is_rejection && has_proven_end(headers)
}

fn is_envelope_without_data(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|envelope: Envelope| {
        let scalars = [envelope.message, envelope.api_code, envelope.request_id];
        let mut scalars = scalars.into_iter().flatten();
        envelope.status_code == too_many_requests()
            && scalars.all(|value| !value.get().starts_with(['{', '[']))
    })
}

/// Whether the body is text in which no JSON object can be hidden: neither after other text, such as
/// a prefix against script inclusion, nor in UTF-16.
fn is_plain_text(body: &[u8]) -> bool {
    let starts_with_key = |rest: &str| rest.trim_start().starts_with('"');
    std::str::from_utf8(body).is_ok_and(|text| {
        let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        !text.contains('\0')
            && !text.split('{').skip(1).any(starts_with_key)
            && !text.starts_with(['{', '[', '"'])
            && serde_json::from_str::<IgnoredAny>(text).is_err()
    })
}

/// A body that ends with the connection may be a part of another body. So may one with a length and
/// chunks, because a server or gateway may have meant the length.
fn has_proven_end(headers: &HeaderMap) -> bool {
    let has_length = headers.contains_key(CONTENT_LENGTH);
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => has_length,
        (Some(encoding), None) => {
            !has_length && encoding.as_bytes().eq_ignore_ascii_case(b"chunked")
        }
        (Some(_), Some(_)) => false,
    }
}
