//! What an input may look like: each check names the input and never its value.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::header::HeaderValue;
use url::{Host, Url};

/// The longest id, code or identifier; real ones have at most 64 characters.
pub(crate) const MAX_ID_LENGTH: usize = 512;
/// The longest access token: what common servers accept as a header as a whole.
pub(crate) const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// Why an input is refused: a clause that follows its name.
pub(crate) type Refusal = String;

/// An id, a code or an identifier: visible ASCII, and not too long.
///
/// Spaces are refused too. None of these values has any, and a stray one is a mistake in passing
/// the value on, better told than sent.
pub(crate) fn visible_ascii(value: &str, max_length: usize) -> Result<(), Refusal> {
    if value.is_empty() {
        return Err("is empty".to_owned());
    }
    if value.len() > max_length {
        return Err(format!("is longer than {max_length} bytes"));
    }
    // All bytes, without stopping at the first bad one: so the compiler takes many at a time.
    if !value
        .bytes()
        .fold(true, |visible, byte| visible & byte.is_ascii_graphic())
    {
        return Err("holds a character that is not visible ASCII, such as a space".to_owned());
    }
    Ok(())
}

/// A language tag, such as `zh-CN` (RFC 5646): letters, digits and hyphens.
pub(crate) fn language(value: &str) -> Result<(), Refusal> {
    const MAX_LENGTH: usize = 35;
    visible_ascii(value, MAX_LENGTH)?;
    if !value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err("is not a language tag such as zh-CN".to_owned());
    }
    Ok(())
}

/// The application's part of the user agent: visible ASCII and single spaces between.
pub(crate) fn user_agent(value: &str) -> Result<(), Refusal> {
    value
        .split(' ')
        .try_for_each(|word| visible_ascii(word, MAX_ID_LENGTH))?;
    visible_ascii(&value.replace(' ', "_"), MAX_ID_LENGTH)
}

/// A header value that was checked to be ASCII; one that holds a secret is marked as such.
pub(crate) fn header(value: &str, secret: bool) -> Result<HeaderValue, Refusal> {
    let mut header =
        HeaderValue::from_str(value).map_err(|_| "cannot stand in a header".to_owned())?;
    header.set_sensitive(secret);
    Ok(header)
}

/// A number in its range.
pub(crate) fn in_range<T: PartialOrd + Copy>(
    value: T,
    range: RangeInclusive<T>,
    show: impl Fn(T) -> String,
) -> Result<(), Refusal> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "is not between {} and {}",
        show(*range.start()),
        show(*range.end())
    ))
}

/// A duration in its range.
pub(crate) fn duration(value: Duration, range: RangeInclusive<Duration>) -> Result<(), Refusal> {
    in_range(value, range, |duration| format!("{duration:?}"))
}

/// A host that was given as a URL, checked to be nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppHost {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base_url: String,
    /// The host as it is connected to, without brackets.
    pub(crate) address: String,
    /// The port, the scheme's own if none was given.
    pub(crate) port: u16,
    /// Whether the scheme is `https`.
    pub(crate) is_https: bool,
    /// Whether the host is this machine by name or address.
    pub(crate) is_loopback: bool,
}

impl AppHost {
    /// The host as the `host` header has it: with brackets and with a port, where there are such.
    pub(crate) fn authority(&self) -> &str {
        self.base_url
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }
}

/// The application's host: `https://example.authing.cn`, a port allowed, nothing else.
pub(crate) fn app_host(value: &str) -> Result<AppHost, Refusal> {
    // The URL parser passes over some of these in silence.
    visible_ascii(value, MAX_ID_LENGTH)?;
    if value.contains('\\') {
        return Err("holds a backslash".to_owned());
    }
    let url = Url::parse(value)
        .map_err(|error| format!("is not a URL such as https://example.authing.cn: {error}"))?;
    let is_https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err("has a scheme other than https and http".to_owned()),
    };
    // The parser forgives a missing slash, and would take a part of the path for the host.
    if !value[url.scheme().len()..].starts_with("://") {
        return Err("has no // behind its scheme".to_owned());
    }
    // Even an empty name or password needs the sign, which stands nowhere else in a host.
    if value.contains('@') {
        return Err("holds user information".to_owned());
    }
    if url.path() != "/" {
        return Err("has a path; it is to be a host alone".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment".to_owned());
    }
    let (address, is_loopback) = match url.host() {
        None => return Err("has no host".to_owned()),
        Some(Host::Ipv4(address)) => (address.to_string(), address.is_loopback()),
        Some(Host::Ipv6(address)) => (address.to_string(), IpAddr::V6(address).is_loopback()),
        Some(Host::Domain(name)) if name.ends_with('.') => {
            return Err("ends in a dot, which no certificate names".to_owned());
        }
        Some(Host::Domain(name)) => (name.to_owned(), name == "localhost"),
    };
    let port = match url.port_or_known_default() {
        None | Some(0) => return Err("has port 0".to_owned()),
        Some(port) => port,
    };
    let base_url = url.as_str().trim_end_matches('/').to_owned();
    Ok(AppHost {
        base_url,
        address,
        port,
        is_https,
        is_loopback,
    })
}

/// Puts the name of an input before why it is refused.
pub(crate) fn named(name: &str, refusal: impl Display) -> String {
    format!("{name} {refusal}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_passes() {
        for value in [
            "a",
            "8d0c3f5a",
            "my-wxapp",
            "!~",
            &"a".repeat(MAX_ID_LENGTH),
        ] {
            assert_eq!(visible_ascii(value, MAX_ID_LENGTH), Ok(()), "{value:?}");
        }
        for value in [
            "",
            " ",
            "a b",
            "a\r",
            "a\n",
            "a\0",
            "\u{7f}",
            "\u{202e}a",
            "a\u{200b}",
            "é",
            "手机",
            &"a".repeat(MAX_ID_LENGTH + 1),
            &"a".repeat(1 << 20),
        ] {
            assert!(visible_ascii(value, MAX_ID_LENGTH).is_err(), "{value:?}");
        }
    }

    #[test]
    fn the_longest_token_is_what_a_header_may_be() {
        let token = "a".repeat(8192);
        assert_eq!(visible_ascii(&token, MAX_TOKEN_LENGTH), Ok(()));
        assert!(visible_ascii(&(token + "a"), MAX_TOKEN_LENGTH).is_err());
    }

    #[test]
    fn a_secret_header_is_marked_as_one() {
        let value = header("c0de", true).unwrap();
        assert!(value.is_sensitive() && value == "c0de");
        assert!(!header("c0de", false).unwrap().is_sensitive());
        assert!(header("c0\nde", true).is_err());
    }

    #[test]
    fn languages_and_user_agents() {
        for value in ["zh-CN", "en", "en-US"] {
            assert_eq!(language(value), Ok(()), "{value:?}");
        }
        for value in ["", "zh_CN", "zh CN", "zh,en;q=0.5", &"a".repeat(36)] {
            assert!(language(value).is_err(), "{value:?}");
        }
        for value in ["shop/1.2", "shop/1.2 (backend)"] {
            assert_eq!(user_agent(value), Ok(()), "{value:?}");
        }
        for value in [
            "",
            " shop",
            "shop ",
            "a  b",
            "shop\r\nx: y",
            "商店",
            &"ab ".repeat(400),
        ] {
            assert!(user_agent(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn ranges_include_their_ends() {
        let range = Duration::from_millis(10)..=Duration::from_secs(5);
        for (millis, allowed) in [(9, false), (10, true), (5000, true), (5001, false)] {
            let checked = duration(Duration::from_millis(millis), range.clone());
            assert_eq!(checked.is_ok(), allowed, "{millis}");
        }
        assert_eq!(
            duration(Duration::ZERO, range).unwrap_err(),
            "is not between 10ms and 5s"
        );
    }

    #[test]
    fn the_host_header_has_the_port_and_the_brackets_that_the_url_has() {
        for (value, expected) in [
            ("HTTPS://Example.Authing.CN:443", "example.authing.cn"),
            ("https://sso.example.com:8443/", "sso.example.com:8443"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]:8787", "[::1]:8787"),
            ("https://[2001:DB8:0::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(app_host(value).unwrap().authority(), expected, "{value}");
        }
    }

    #[test]
    fn hosts_that_are_taken() {
        for (value, base_url, address, port, is_loopback) in [
            (
                "https://example.authing.cn",
                "https://example.authing.cn",
                "example.authing.cn",
                443,
                false,
            ),
            (
                "https://example.authing.cn/",
                "https://example.authing.cn",
                "example.authing.cn",
                443,
                false,
            ),
            (
                "HTTPS://Example.Authing.CN:443",
                "https://example.authing.cn",
                "example.authing.cn",
                443,
                false,
            ),
            (
                "https://sso.example.com:8443",
                "https://sso.example.com:8443",
                "sso.example.com",
                8443,
                false,
            ),
            (
                "https://xn--fiq228c.example",
                "https://xn--fiq228c.example",
                "xn--fiq228c.example",
                443,
                false,
            ),
            (
                "http://127.0.0.1:8787",
                "http://127.0.0.1:8787",
                "127.0.0.1",
                8787,
                true,
            ),
            (
                "http://127.9.9.9",
                "http://127.9.9.9",
                "127.9.9.9",
                80,
                true,
            ),
            (
                "http://localhost:1",
                "http://localhost:1",
                "localhost",
                1,
                true,
            ),
            ("http://[::1]:8787", "http://[::1]:8787", "::1", 8787, true),
            ("http://[::2]", "http://[::2]", "::2", 80, false),
            ("http://10.0.0.1", "http://10.0.0.1", "10.0.0.1", 80, false),
            (
                "http://localhost.example",
                "http://localhost.example",
                "localhost.example",
                80,
                false,
            ),
        ] {
            let host = app_host(value).unwrap_or_else(|refusal| panic!("{value}: {refusal}"));
            let is_https = base_url.starts_with("https");
            let expected = AppHost {
                base_url: base_url.to_owned(),
                address: address.to_owned(),
                port,
                is_https,
                is_loopback,
            };
            assert_eq!(host, expected, "{value}");
        }
    }

    #[test]
    fn hosts_that_are_refused() {
        for value in [
            "",
            "example.authing.cn",
            "https://",
            "https:///",
            "https:example.authing.cn",
            "https:/example.authing.cn",
            "ftp://a.example",
            "file:///etc",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://@a.example",
            "https://a.example/path",
            "https://a.example//",
            "https://a.example?q",
            "https://a.example/?",
            "https://a.example#f",
            "https://a.example.",
            "https://a.example:0",
            "https://a.example:99999",
            "https://a.example\r\n",
            " https://a.example",
            "https://a.exa\tmple",
            "https://a.example\0",
            "https://\u{202e}a.example",
            "https://a\u{200b}.example",
            "https://例子.example",
            "https:\\\\a.example",
            "https://[::1",
            "https://a b",
        ] {
            assert!(app_host(value).is_err(), "{value:?} was taken");
        }
    }
}
