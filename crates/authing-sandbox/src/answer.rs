//! Responses before they are sent: status, headers, body, Authing's envelope, and the shapes.

use http::StatusCode;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::number;
use crate::request::Request;

/// The place and the types of the phone number in a response: the examples of the OpenAPI document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "program", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shape {
    /// `data` holds the phone number in its three parts (documented).
    #[default]
    Documented,
    /// `data` is WeChat's own response: `errcode` 0, `errmsg`, and `phone_info` with a watermark.
    /// Read by Authing's mini-program library.
    Nested,
    /// `phone_info`, or `errcode` and `errmsg`, are next to `statusCode`. Accepted by the same
    /// library.
    Beside,
    /// The documented place with the types of WeChat's sample: a numeric `countryCode`, mainland
    /// numbers without country code, an empty `message`, no `requestId`.
    Loose,
}

/// One HTTP response, complete and not yet sent.
pub(crate) struct Answer {
    pub(crate) http_status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(http_status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            http_status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn json(http_status: u16, body: &impl Serialize) -> Self {
        // Cannot fail: all values have string keys and finite numbers.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::new(http_status, "application/json; charset=utf-8", body)
    }

    /// An error of the sandbox's own routes.
    pub(crate) fn error(http_status: u16, text: &str) -> Self {
        Self::json(http_status, &json!({ "error": text }))
    }

    /// Rejects a request from a web page of another origin.
    pub(crate) fn foreign() -> Self {
        Self::error(403, "web pages of another origin have no access")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Fits the response to the request's method and connection.
    pub(crate) fn finish(mut self, request: &Request) -> Self {
        if request.closes() && self.get("connection").is_none() {
            self = self.header("connection", "close");
        }
        if request.method == "HEAD" {
            self.body.clear();
        }
        self
    }

    /// The status line with its line end.
    pub(crate) fn status_line(&self) -> String {
        let status = StatusCode::from_u16(self.http_status).ok();
        let reason = status.and_then(|status| status.canonical_reason());
        let reason = reason.unwrap_or("Status");
        format!("HTTP/1.1 {} {reason}\r\n", self.http_status)
    }

    /// The head. `content-length` is added unless the headers frame the body already or the status
    /// allows no body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = self.status_line();
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framing = self.get("content-length").or(self.get("transfer-encoding"));
        if framing.is_none() && !matches!(self.http_status, 100..=199 | 204 | 304) {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// Authing's envelope, with its fields in the order of Authing's sample.
pub(crate) type Envelope = IndexMap<String, Value>;

/// An envelope without `apiCode` and `data`.
pub(crate) fn envelope(status_code: i32, message: &str) -> Envelope {
    let fields = [
        ("statusCode", status_code.into()),
        ("message", message.into()),
        ("requestId", number::request_id().into()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}

/// WeChat's error as it is in `data` or next to `statusCode`.
pub(crate) fn wechat_error(errcode: i64, errmsg: &str) -> Value {
    json!({ "errcode": errcode, "errmsg": format!("{errmsg}, rid: {}", number::rid()) })
}
