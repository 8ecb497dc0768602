//! Reading one HTTP request from a growing buffer.

use std::time::Duration;

/// The largest head that is read, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// The largest body that is read, in bytes.
pub(crate) const MAX_READ: usize = 1024 * 1024;
/// How long the rest of a head may take before a fault acts on the part of it that has arrived.
pub(crate) const HEAD_GRACE: Duration = Duration::from_millis(50);
const MAX_HEADERS: usize = 128;
const TOO_LARGE: &str = "the head or the body is too large";

/// A request, or its head if its body is not complete.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    http10: bool,
    pub(crate) body: Vec<u8>,
    /// Whether the body is complete.
    pub(crate) complete: bool,
    /// The length of what there is in bytes, with the empty line after the head.
    pub(crate) length: usize,
}

impl Request {
    /// The value of a header; an empty one counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).find(|value| !value.is_empty())
    }

    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path of the target, whether it has a host before it or a query after it.
    pub(crate) fn path(&self) -> &str {
        let target = self.target.split('?').next().unwrap_or_default();
        match target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => target,
        }
    }

    /// Whether the client expects the connection to end after the response.
    pub(crate) fn closes(&self) -> bool {
        let says = |word| {
            self.all("connection")
                .any(|value| value.eq_ignore_ascii_case(word))
        };
        says("close") || (self.http10 && !says("keep-alive"))
    }

    /// Whether the content type is `application/json`, with or without parameters.
    pub(crate) fn is_json(&self) -> bool {
        self.header("content-type")
            .and_then(|value| value.split(';').next())
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    }

    /// Whether this is a request for the console, the admin routes or the OpenAPI document.
    pub(crate) fn is_for_console(&self) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        matches!(path, "/" | "/sandbox" | "/openapi.json" | "/favicon.ico")
            || path.starts_with("/sandbox/")
            || path.starts_with("/console/")
    }
}

/// Reads the request at the beginning of `bytes`: `None` if its head is not complete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Request>, String> {
    let mut head = match parse_head(bytes)? {
        Some(head) => head,
        None if bytes.len() > MAX_HEAD => return Err(TOO_LARGE.to_owned()),
        None => return Ok(None),
    };
    let hosts = head.all("host").count();
    if hosts != 1 && !(head.http10 && hosts == 0) {
        return Err(format!("{hosts} host headers"));
    }
    let lengths: Vec<&str> = head.all("content-length").collect();
    let codings: Vec<&str> = head.all("transfer-encoding").collect();
    let rest = &bytes[head.length..];
    let body = match (&lengths[..], &codings[..]) {
        ([], []) => Ok(Some((Vec::new(), 0))),
        ([length], []) => match length.parse::<usize>() {
            Ok(length) if length > MAX_READ => Err(TOO_LARGE.to_owned()),
            Ok(length) if !lengths[0].starts_with('+') => {
                Ok(rest.get(..length).map(|body| (body.to_vec(), length)))
            }
            _ => Err("a content-length that is not a number".to_owned()),
        },
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => dechunk(rest),
        _ => Err("not exactly one framing of the body".to_owned()),
    };
    match body? {
        Some((body, length)) => {
            head.body = body;
            head.length += length;
            head.complete = true;
        }
        None if rest.len() > MAX_READ => return Err(TOO_LARGE.to_owned()),
        None => {}
    }
    Ok(Some(head))
}

/// Reads a head: `None` if it is not complete.
fn parse_head(bytes: &[u8]) -> Result<Option<Request>, String> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Some(length) = complete(request.parse(bytes))? else {
        return Ok(None);
    };
    let headers = request.headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_owned(), value)
    });
    Ok(Some(Request {
        headers: headers.collect(),
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        length,
        http10: request.version == Some(0),
        ..Request::default()
    }))
}

/// What was parsed: `None` if the input is not complete.
pub(crate) fn complete<T, E: ToString>(
    parsed: Result<httparse::Status<T>, E>,
) -> Result<Option<T>, String> {
    match parsed {
        Ok(httparse::Status::Complete(value)) => Ok(Some(value)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Decodes a chunked body: its content, and its length on the wire; `None` if it is not complete.
fn dechunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some((start, size)) = complete(httparse::parse_chunk_size(&bytes[at..]))? else {
            return Ok(None);
        };
        at += start;
        if size == 0 {
            // Trailers end with an empty line.
            let mut trailers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let end = complete(httparse::parse_headers(&bytes[at..], &mut trailers))?;
            return Ok(end.map(|(length, _)| (body, at + length)));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let end = at.saturating_add(size);
        let Some(line_end) = bytes.get(end..end.saturating_add(2)) else {
            return Ok(None);
        };
        if line_end != b"\r\n" {
            return Err("a chunk longer than its size".to_owned());
        }
        body.extend_from_slice(&bytes[at..end]);
        at = end + 2;
    }
}
