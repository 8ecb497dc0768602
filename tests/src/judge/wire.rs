//! The strict reading of HTTP/1.1 requests: whatever is not plainly right is a violation.

/// What a run of bytes holds at its beginning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The beginning of a request that may still become right.
    Incomplete,
    /// One complete request.
    Complete(Box<Parts>),
    /// No request that a strict server would take, and why.
    Violation(String),
}

/// The parts of a complete request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
    /// How many bytes the request took.
    pub(crate) length: usize,
    /// What is wrong with it, though its bounds are plain.
    pub(crate) faults: Vec<String>,
}

/// Why reading stopped early.
enum Stop {
    Incomplete,
    Violation(String),
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Violation(why.into()))
}

/// Reads the request at the beginning of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Reading {
    match read_parts(bytes) {
        Ok(parts) => Reading::Complete(Box::new(parts)),
        Err(Stop::Incomplete) => Reading::Incomplete,
        Err(Stop::Violation(why)) => Reading::Violation(why),
    }
}

fn read_parts(bytes: &[u8]) -> Result<Parts, Stop> {
    let mut parts = Parts::default();
    let mut at = 0;
    let request_line = line(bytes, &mut at)?;
    read_request_line(request_line, &mut parts)?;
    loop {
        let header = line(bytes, &mut at)?;
        if header.is_empty() {
            break;
        }
        parts.headers.push(read_header(header)?);
    }
    let hosts = values(&parts, "host").len();
    if hosts != 1 {
        parts.faults.push(format!("{hosts} host headers"));
    }
    let encodings = values(&parts, "transfer-encoding");
    let lengths = values(&parts, "content-length");
    match (encodings.as_slice(), lengths.as_slice()) {
        ([], []) => {}
        ([], [length]) => {
            let length = content_length(length)?;
            let Some(body) = bytes.get(at..at.saturating_add(length)) else {
                return Err(Stop::Incomplete);
            };
            parts.body = body.to_vec();
            at += length;
        }
        ([encoding], []) if encoding.eq_ignore_ascii_case(b"chunked") => {
            parts.chunked = true;
            parts.body = read_chunks(bytes, &mut at)?;
        }
        ([_], []) => return refuse("a transfer-encoding other than chunked"),
        ([], _) => return refuse("more than one content-length"),
        ([_, ..], _) => return refuse("more than one framing of the body"),
    }
    parts.length = at;
    Ok(parts)
}

/// The next line without its CRLF.
fn line<'a>(bytes: &'a [u8], at: &mut usize) -> Result<&'a [u8], Stop> {
    let rest = &bytes[*at..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n' | 0));
    match end.map(|end| (end, rest[end], rest.get(end + 1))) {
        None | Some((_, b'\r', None)) => Err(Stop::Incomplete),
        Some((end, b'\r', Some(b'\n'))) => {
            *at += end + 2;
            Ok(&rest[..end])
        }
        Some((_, b'\r', _)) => refuse("a CR without LF"),
        Some((_, b'\n', _)) => refuse("a LF without CR"),
        Some(_) => refuse("a NUL in the head"),
    }
}

fn read_request_line(request_line: &[u8], parts: &mut Parts) -> Result<(), Stop> {
    let Ok(text) = std::str::from_utf8(request_line) else {
        return refuse("a request line that is not ASCII");
    };
    let words: Vec<&str> = text.split(' ').collect();
    let [method, target, version] = words[..] else {
        return refuse("a request line of other than three words");
    };
    if !is_token(method.as_bytes()) {
        return refuse("a method that is no token");
    }
    let visible = target
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let form = match method {
        "CONNECT" => target.contains(':'),
        "OPTIONS" if target == "*" => true,
        _ => target.starts_with('/') || target.starts_with("http://"),
    };
    if !visible || !form {
        return refuse("a request target of no known form");
    }
    if version != "HTTP/1.1" {
        return refuse(format!("the version {version:?}"));
    }
    parts.method = method.to_owned();
    parts.target = target.to_owned();
    parts.version = version.to_owned();
    Ok(())
}

fn read_header(header: &[u8]) -> Result<(String, Vec<u8>), Stop> {
    if header.starts_with(b" ") || header.starts_with(b"\t") {
        return refuse("a folded header line");
    }
    let Some(colon) = header.iter().position(|byte| *byte == b':') else {
        return refuse("a header line without a colon");
    };
    let (name, value) = (&header[..colon], &header[colon + 1..]);
    if !is_token(name) {
        return refuse("a header name that is no token");
    }
    if value
        .iter()
        .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
    {
        return refuse("a control character in a header value");
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Ok((name, trim(value).to_vec()))
}

fn values<'a>(parts: &'a Parts, name: &str) -> Vec<&'a [u8]> {
    let of_name = parts
        .headers
        .iter()
        .filter(|(own, _)| own.eq_ignore_ascii_case(name));
    of_name.map(|(_, value)| value.as_slice()).collect()
}

fn content_length(value: &[u8]) -> Result<usize, Stop> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let parsed = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok());
    match parsed {
        Some(length) if digits => Ok(length),
        _ => refuse("a content-length that is no number"),
    }
}

/// Reads chunks up to the terminating one and its trailers, and returns what they held.
fn read_chunks(bytes: &[u8], at: &mut usize) -> Result<Vec<u8>, Stop> {
    let mut body = Vec::new();
    loop {
        let head = line(bytes, at)?;
        let size = head.split(|byte| *byte == b';').next().unwrap_or_default();
        let hex = (1..=8).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
        let parsed = std::str::from_utf8(size)
            .ok()
            .and_then(|t| usize::from_str_radix(t, 16).ok());
        let Some(size) = parsed.filter(|_| hex) else {
            return refuse("a chunk size that is no number");
        };
        if size == 0 {
            while !line(bytes, at)?.is_empty() {}
            return Ok(body);
        }
        let Some(chunk) = bytes.get(*at..*at + size) else {
            return Err(Stop::Incomplete);
        };
        body.extend_from_slice(chunk);
        *at += size;
        if !line(bytes, at)?.is_empty() {
            return refuse("a chunk longer than its size");
        }
    }
}

fn is_token(bytes: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(token)
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value
        .iter()
        .position(|byte| !blank(byte))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|byte| !blank(byte))
        .map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"POST /a HTTP/1.1\r\nHost: h\r\ncontent-length: 3\r\n\r\nabc";
    const CHUNKED: &[u8] =
        b"POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";

    #[test]
    fn every_shorter_beginning_is_incomplete_and_nothing_beyond_the_end_is_taken() {
        for whole in [PLAIN, CHUNKED] {
            for length in 0..whole.len() {
                assert_eq!(
                    read(&whole[..length]),
                    Reading::Incomplete,
                    "{length} bytes"
                );
            }
            let twice = [whole, whole].concat();
            let Reading::Complete(parts) = read(&twice) else {
                panic!("not complete")
            };
            assert_eq!(
                (parts.length, parts.body.as_slice()),
                (whole.len(), &b"abc"[..])
            );
            assert!(parts.faults.is_empty());
        }
    }

    #[test]
    fn what_is_not_plainly_right_is_a_violation() {
        for wrong in [
            "POST  /a HTTP/1.1\r\n",
            "\r\nPOST /a HTTP/1.1\r\n",
            "POST /a HTTP/1.0\r\n",
            "PRI * HTTP/2.0\r\n\r\n",
            "POST a HTTP/1.1\r\n",
            "POST /a HTTP/1.1\n",
            "POST /a HTTP/1.1\r\nhost : h\r\n",
            "POST /a HTTP/1.1\r\nhost: h\r\n folded\r\n",
            "POST /a HTTP/1.1\r\nx: a\0b\r\n",
            "POST /a HTTP/1.1\r\nx: a\rb\r\n",
            "POST /a HTTP/1.1\r\nno colon\r\n",
            "POST /a HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
            "POST /a HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\n",
            "POST /a HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
            "POST /a HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST /a HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n",
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
            "\u{16}\u{3}\u{1}\u{2}\0",
        ] {
            let reading = read(wrong.as_bytes());
            assert!(
                matches!(reading, Reading::Violation(_)),
                "{wrong:?}: {reading:?}"
            );
        }
    }

    #[test]
    fn a_request_without_host_is_taken_and_its_fault_told() {
        let Reading::Complete(parts) = read(b"GET / HTTP/1.1\r\n\r\n") else {
            panic!("not complete")
        };
        assert_eq!(parts.faults, ["0 host headers"]);
    }
}
