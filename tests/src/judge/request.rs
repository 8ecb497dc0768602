//! A complete request as the judge recorded it.

use std::time::Instant;

/// A request that arrived whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number among the complete requests (0 is the first).
    pub number: usize,
    /// The number of the connection it came on.
    pub connection: usize,
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent.
    pub target: String,
    /// The version of the request line, such as `HTTP/1.1`.
    pub version: String,
    /// The headers in the order and with the names in which they were sent; the values without the
    /// blanks around them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
    /// Whether the body was sent with `transfer-encoding: chunked`.
    pub chunked: bool,
    /// Every byte of the request, as it was on the wire.
    pub raw: Vec<u8>,
    /// When the first byte was read.
    pub begun_at: Instant,
    /// When the last byte was read.
    pub received_at: Instant,
}

impl Request {
    /// All values of a header, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&[u8]> {
        self.headers
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
            .collect()
    }

    /// The one value of a header as text, or `None` if it is absent.
    ///
    /// # Panics
    ///
    /// If it was sent more than once or is not UTF-8.
    #[must_use]
    pub fn header_text(&self, name: &str) -> Option<&str> {
        let values = self.header(name);
        assert!(
            values.len() <= 1,
            "header {name} was sent {} times",
            values.len()
        );
        values
            .first()
            .map(|value| std::str::from_utf8(value).expect("a header in UTF-8"))
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is not one JSON value.
    #[must_use]
    pub fn body_json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("the body of request {} is not JSON: {error}", self.number)
        })
    }

    /// The string under `key` in a JSON body, if the body is such an object.
    #[must_use]
    pub fn body_string(&self, key: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(body.get(key)?.as_str()?.to_owned())
    }
}
