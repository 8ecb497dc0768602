//! Checks of input values; each returns what is wrong with the value and never the value itself.

use std::fmt::Debug;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use url::{Host, Url};

/// The header of the service's language.
pub(crate) const LANG: HeaderName = HeaderName::from_static("x-authing-lang");
/// The longest ID, code or identifier; real ones have at most 64 characters.
pub(crate) const MAX_ID_LENGTH: usize = 512;
/// The longest access token: common servers accept no longer header.
pub(crate) const MAX_TOKEN_LENGTH: usize = 8 * 1024;
pub(crate) const MIN_TIMEOUT: Duration = Duration::from_millis(10);
/// The longest timeout: the lifetime of a code.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(300);

/// What is wrong with a value: a clause that follows the name of the value.
pub(crate) type Problem = String;

/// Checks an ID, a code or an identifier: visible ASCII, and not too long.
///
/// Spaces are rejected too: no such value has any, and a stray one is a mistake of the caller.
pub(crate) fn visible_ascii(value: &str, max_length: usize) -> Result<(), Problem> {
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    if value.len() > max_length {
        return Err(format!("is longer than {max_length} bytes"));
    }
    // Without an early exit, so that the compiler can vectorize the loop.
    let is_visible = |visible, byte: u8| visible & byte.is_ascii_graphic();
    if !value.bytes().fold(true, is_visible) {
        return Err("contains a character that is not visible ASCII, such as a space".to_owned());
    }
    Ok(())
}

/// Checks an ID, and returns its header value.
pub(crate) fn id(value: &str) -> Result<HeaderValue, Problem> {
    visible_ascii(value, MAX_ID_LENGTH)?;
    header(value)
}

/// Checks a language tag, such as `zh-CN` (RFC 5646), and returns its header value.
pub(crate) fn language(value: &str) -> Result<HeaderValue, Problem> {
    const MAX_LENGTH: usize = 35;
    visible_ascii(value, MAX_LENGTH)?;
    let is_tag = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !value.bytes().all(is_tag) {
        return Err("is not a language tag such as zh-CN".to_owned());
    }
    header(value)
}

/// Checks the application's part of the user agent: visible ASCII with single spaces in between.
pub(crate) fn user_agent(value: &str) -> Result<(), Problem> {
    visible_ascii(&value.replace(' ', "_"), MAX_ID_LENGTH)?;
    let mut words = value.split(' ');
    words.try_for_each(|word| visible_ascii(word, MAX_ID_LENGTH))
}

/// Makes a header value.
pub(crate) fn header(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(value).map_err(|_| "cannot be a header value".to_owned())
}

/// Checks an end user's access token, and returns the value of the `authorization` header.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, Problem> {
    visible_ascii(token, MAX_TOKEN_LENGTH)?;
    let mut value = header(&format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Checks the timeout of a call or of connecting.
pub(crate) fn timeout(value: Duration) -> Result<(), Problem> {
    in_range(value, MIN_TIMEOUT..=MAX_DURATION)
}

/// Checks that a value is in its range.
pub(crate) fn in_range<T: PartialOrd + Debug>(
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), Problem> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(format!("is not between {least:?} and {most:?}"))
}

/// Checks the service's host: `https://example.authing.cn`, optionally with a port.
pub(crate) fn app_host(value: &str) -> Result<Url, Problem> {
    // The URL parser silently accepts some of these.
    visible_ascii(value, MAX_ID_LENGTH)?;
    let url = Url::parse(value)
        .map_err(|error| format!("is not a URL such as https://example.authing.cn: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    // The parser drops what it can do without, so the text is checked too.
    let (_, rest) = value.split_once("://").unwrap_or_default();
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let problem = if !matches!(url.scheme(), "https" | "http") {
        "is not an https or http URL"
    } else if rest.is_empty() {
        "does not start with https://"
    } else if value.contains('@') {
        "contains user information"
    } else if rest.contains(['/', '\\', '?', '#']) {
        "has a path, query or fragment; only a host is allowed"
    } else if host.split('.').any(str::is_empty) {
        "has an empty part, such as that after a dot at its end"
    } else if url.port() == Some(0) {
        "has port 0"
    } else {
        return Ok(url);
    };
    Err(problem.to_owned())
}

/// Checks the URL of a proxy.
pub(crate) fn proxy(value: &str) -> Result<Url, Problem> {
    visible_ascii(value, MAX_ID_LENGTH)?;
    // The parser's error is not kept: a proxy URL can contain a password.
    let url = Url::parse(value).ok().filter(|url| {
        let rest = value.get(url.scheme().len()..).unwrap_or_default();
        matches!(url.scheme(), "http" | "https") && rest.starts_with("://")
    });
    url.ok_or_else(|| "is not a URL such as http://proxy.example:3128".to_owned())
}

pub(crate) fn is_https(url: &Url) -> bool {
    url.scheme() == "https"
}

/// Whether a URL points to this machine, by name or address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_inclusive_and_tokens_sensitive() {
        assert!(bearer("t0ken").unwrap().is_sensitive());
        let longest = "a".repeat(8192);
        assert!(bearer(&longest).is_ok() && bearer(&(longest + "a")).is_err());
        let problem = timeout(Duration::ZERO).unwrap_err();
        assert_eq!(problem, "is not between 10ms and 300s");
    }
}
