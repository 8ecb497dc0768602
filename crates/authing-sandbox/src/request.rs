//! Reading one HTTP request from a growing buffer.

use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail, ensure};
use httparse::Status;
use serde_json::{Map, Value};

/// The largest head that is read, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// The largest body that is read, in bytes.
pub(crate) const MAX_READ: usize = 1024 * 1024;
/// How long the rest of a head may take before a fault acts on the part of it that has arrived.
pub(crate) const HEAD_GRACE: Duration = Duration::from_millis(50);
const MAX_HEADERS: usize = 128;
const TOO_LARGE: &str = "the head or the body is too large";

/// A request, or its head if its body is not complete.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    http10: bool,
    pub(crate) body: Vec<u8>,
    /// The body, if it is a JSON object.
    pub(crate) fields: Option<Map<String, Value>>,
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

    /// A field of the body; one that is not a string, or empty, counts as absent.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let value = self.fields.as_ref()?.get(name)?.as_str()?;
        (!value.is_empty()).then_some(value)
    }

    /// The path of the target, whether it has a host before it or a query after it.
    pub(crate) fn path(&self) -> &str {
        let target = self.target.split('?').next().unwrap_or_default();
        match target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => target,
        }
    }

    /// Whether the connection ends after the response: if the client asks for it, and in HTTP/1.0.
    pub(crate) fn closes(&self) -> bool {
        let mut options = self.all("connection");
        self.http10 || options.any(|option| option.eq_ignore_ascii_case("close"))
    }

    /// Whether the content type is `application/json`, with or without parameters.
    pub(crate) fn is_json(&self) -> bool {
        self.header("content-type")
            .and_then(|value| value.split(';').next())
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    }

    /// The text in the language of the request: Chinese unless another one is asked for. All others
    /// get English, because Authing's texts in those are not known.
    pub(crate) fn localize<'a>(&self, (chinese, english): (&'a str, &'a str)) -> &'a str {
        let language = self.header("x-authing-lang").unwrap_or("zh");
        let is_chinese = language.to_ascii_lowercase().starts_with("zh");
        if is_chinese { chinese } else { english }
    }

    /// Whether a web page of another origin sends this, which could use up faults and codes.
    pub(crate) fn is_foreign(&self) -> bool {
        let own = self.header("host").unwrap_or_default();
        let is_own = |origin: &str| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(|host| host.eq_ignore_ascii_case(own))
        };
        let is_own_site = |site: &str| matches!(site, "same-origin" | "none");
        !self.all("origin").all(is_own) || !self.all("sec-fetch-site").all(is_own_site)
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
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let Status::Complete(length) = head.parse(bytes)? else {
        ensure!(bytes.len() <= MAX_HEAD, TOO_LARGE);
        return Ok(None);
    };
    let headers = head.headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_owned(), value)
    });
    let mut request = Request {
        headers: headers.collect(),
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        length,
        http10: head.version == Some(0),
        ..Request::default()
    };
    let hosts = request.all("host").count();
    let is_old = request.http10 && hosts == 0;
    ensure!(hosts == 1 || is_old, "{hosts} host headers");
    let lengths: Vec<&str> = request.all("content-length").collect();
    let codings: Vec<&str> = request.all("transfer-encoding").collect();
    let rest = &bytes[length..];
    let body = match (&lengths[..], &codings[..]) {
        ([], []) => Some((Vec::new(), 0)),
        ([text], []) => {
            let length = text.parse().ok().filter(|_| !text.starts_with('+'));
            let length: usize = length.context("a content-length that is not a number")?;
            ensure!(length <= MAX_READ, TOO_LARGE);
            rest.get(..length).map(|body| (body.to_vec(), length))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => dechunk(rest)?,
        _ => bail!("not exactly one framing of the body"),
    };
    if let Some((body, length)) = body {
        request.fields = serde_json::from_slice(&body).ok();
        request.body = body;
        request.length += length;
        request.complete = true;
    } else {
        ensure!(rest.len() <= MAX_READ, TOO_LARGE);
    }
    Ok(Some(request))
}

/// Decodes a chunked body: its content, and its length on the wire; `None` if it is not complete.
fn dechunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let mut body = Vec::new();
    let mut at = 0;
    while let Status::Complete((start, size)) =
        httparse::parse_chunk_size(&bytes[at..]).map_err(Error::msg)?
    {
        at += start;
        if size == 0 {
            // Trailers end with an empty line.
            let mut trailers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let end = httparse::parse_headers(&bytes[at..], &mut trailers)?;
            let Status::Complete((length, _)) = end else {
                break;
            };
            return Ok(Some((body, at + length)));
        }
        let end = at.saturating_add(usize::try_from(size)?);
        let Some(line_end) = bytes.get(end..end.saturating_add(2)) else {
            break;
        };
        ensure!(line_end == b"\r\n", "a chunk longer than its size");
        body.extend_from_slice(&bytes[at..end]);
        at = end + 2;
    }
    Ok(None)
}
