//! The replies the judge writes, as the bytes that go over the wire.

/// One HTTP/1.1 reply, to be framed by `content-length` unless its headers say otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The reason phrase of the status line.
    pub reason: String,
    /// The headers, written in this order and with these very names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A reply without headers and body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        let reason = match status {
            200 => "OK",
            204 => "No Content",
            301 => "Moved Permanently",
            302 => "Found",
            303 => "See Other",
            307 => "Temporary Redirect",
            308 => "Permanent Redirect",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            429 => "Too Many Requests",
            500 => "Internal Server Error",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            _ => "Status",
        };
        Self {
            status,
            reason: reason.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A reply with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status)
            .header("content-type", "application/json; charset=utf-8")
            .body(body.to_string())
    }

    /// A redirect: `status` with `location`, and an empty body.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status).header("location", location)
    }

    /// Adds one header, after those already there.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds `connection: close`; the judge then closes after the reply, as it announced.
    #[must_use]
    pub fn closing(self) -> Self {
        self.header("connection", "close")
    }

    /// Whether the reply announces that the connection ends with it.
    pub(crate) fn announces_close(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
        })
    }

    /// The status line, with its line end.
    pub(crate) fn status_line(&self) -> Vec<u8> {
        format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).into_bytes()
    }

    /// The status line and the headers, each with its line end; the empty line is still missing.
    pub(crate) fn open_head(&self) -> Vec<u8> {
        let mut head = self.status_line();
        for (name, value) in &self.headers {
            head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        head
    }

    /// The whole head with `framing` (a header line without its end) as the last header.
    pub(crate) fn head_framed_by(&self, framing: &str) -> Vec<u8> {
        let mut head = self.open_head();
        head.extend_from_slice(framing.as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        head
    }

    /// The whole head, framed by the body's true length unless a header frames it already or the
    /// status has no body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let framed = self.headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        });
        if framed || matches!(self.status, 100..=199 | 204 | 304) {
            let mut head = self.open_head();
            head.extend_from_slice(b"\r\n");
            head
        } else {
            self.head_framed_by(&format!("content-length: {}", self.body.len()))
        }
    }

    /// The whole reply as it goes over the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
