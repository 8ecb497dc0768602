//! Who is let in to the sandbox's own routes: no foreign page, no stranger, not too many at once.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests to the sandbox's own routes are answered at a time, replies that are still
/// being read included. More wait a moment, and are then refused with HTTP 503.
pub const MAX_ADMIN_REQUESTS: usize = 32;
/// How many watch `GET /sandbox/events` at a time. More are refused with HTTP 503.
pub const MAX_WATCHERS: usize = 16;

/// Why a request to the sandbox's own routes was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Host,
    Origin,
    Token,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "the sandbox answers to localhost and loopback addresses only: another name in the \
                 Host header is how a foreign web page would get here"
            }
            Self::Origin => "requests from the pages of another origin are refused",
            Self::Token => {
                "this sandbox asks for its admin token: Authorization: Bearer <token>, or Basic \
                 with any user name and the token as the password"
            }
        })
    }
}

/// The door to `/`, `/console/…` and `/sandbox/…`.
pub(crate) struct Admission {
    token: Option<Vec<u8>>,
    requests: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
}

// The token is not shown.
impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("asks_for_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Admission {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self {
            token: token.map(|token| token.as_bytes().to_vec()),
            requests: Arc::new(Semaphore::new(MAX_ADMIN_REQUESTS)),
            watchers: Arc::new(Semaphore::new(MAX_WATCHERS)),
        }
    }

    /// The places of requests; each waits for one.
    pub(crate) fn requests(&self) -> Arc<Semaphore> {
        Arc::clone(&self.requests)
    }

    /// A place among the watchers, unless all are taken.
    pub(crate) fn watcher(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.watchers).try_acquire_owned().ok()
    }

    /// Whether this request may come in. `page` is true for the console's first page, which a
    /// link on another page may lead to.
    pub(crate) fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        page: bool,
    ) -> Result<(), Refused> {
        match &self.token {
            // A browser that was lured here by another name brings no credentials of ours, so
            // that with a token any name will do.
            Some(token) if !presents(headers, token) => return Err(Refused::Token),
            Some(_) => {}
            // No browser leaves Host out, hence who does so is not one.
            None if !headers.get_all(header::HOST).iter().all(is_local) => {
                return Err(Refused::Host);
            }
            None => {}
        }
        let navigation = page && *method == Method::GET;
        if is_foreign(headers) && !navigation {
            return Err(Refused::Origin);
        }
        Ok(())
    }
}

/// Whether a Host header names this machine.
fn is_local(host: &axum::http::HeaderValue) -> bool {
    let Some(host) = host
        .to_str()
        .ok()
        .filter(|host| !host.contains('@'))
        .and_then(|host| host.parse::<Authority>().ok())
    else {
        return false;
    };
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a browser says that a page of another origin is behind this request.
fn is_foreign(headers: &HeaderMap) -> bool {
    let own = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let foreign_origin = headers.get_all(header::ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let bare = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        !bare.is_some_and(|bare| bare.eq_ignore_ascii_case(own))
    });
    let foreign_site = headers
        .get_all("sec-fetch-site")
        .iter()
        .any(|site| site != "same-origin" && site != "none");
    foreign_origin || foreign_site
}

/// Whether the request carries the token, in either of the two usual ways.
fn presents(headers: &HeaderMap, token: &[u8]) -> bool {
    let Some((scheme, value)) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
    else {
        return false;
    };
    let presented = if scheme.eq_ignore_ascii_case("bearer") {
        value.trim().as_bytes().to_vec()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD.decode(value.trim()).unwrap_or_default();
        match pair.iter().position(|byte| *byte == b':') {
            Some(colon) => pair[colon + 1..].to_vec(),
            None => return false,
        }
    } else {
        return false;
    };
    presented.ct_eq(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    /// Take one arm of `check` away, and its rows turn red.
    #[test]
    fn foreign_names_and_pages_stay_outside() {
        let open = Admission::new(None);
        for (pairs, expected) in [
            (&[][..], Ok(())),
            (&[("host", "localhost")], Ok(())),
            (&[("host", "LocalHost:8787")], Ok(())),
            (&[("host", "127.0.0.1:8787")], Ok(())),
            (&[("host", "127.9.9.9:1")], Ok(())),
            (&[("host", "[::1]:8787")], Ok(())),
            (&[("host", "evil.example:8787")], Err(Refused::Host)),
            (&[("host", "localhost.evil.example")], Err(Refused::Host)),
            (&[("host", "127.0.0.1.evil.example")], Err(Refused::Host)),
            (&[("host", "localhost@evil.example")], Err(Refused::Host)),
            (&[("host", "192.168.0.7:8787")], Err(Refused::Host)),
            (&[("host", "0.0.0.0:8787")], Err(Refused::Host)),
            (&[("host", "")], Err(Refused::Host)),
            (
                &[("host", "localhost:1"), ("origin", "http://localhost:1")],
                Ok(()),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://localhost:2")],
                Err(Refused::Origin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "http://evil.example")],
                Err(Refused::Origin),
            ),
            (
                &[("host", "localhost:1"), ("origin", "null")],
                Err(Refused::Origin),
            ),
            (
                &[("host", "localhost:1"), ("sec-fetch-site", "same-origin")],
                Ok(()),
            ),
            (
                &[("host", "localhost:1"), ("sec-fetch-site", "cross-site")],
                Err(Refused::Origin),
            ),
            (
                &[("host", "localhost:1"), ("sec-fetch-site", "same-site")],
                Err(Refused::Origin),
            ),
        ] {
            let headers = headers(pairs);
            assert_eq!(
                open.check(&Method::GET, &headers, false),
                expected,
                "{pairs:?}"
            );
        }
        let link = headers(&[("host", "localhost:1"), ("sec-fetch-site", "cross-site")]);
        assert_eq!(open.check(&Method::GET, &link, true), Ok(()));
        assert_eq!(open.check(&Method::POST, &link, true), Err(Refused::Origin));
    }

    #[test]
    fn a_token_is_asked_for_in_either_form_and_then_any_name_will_do() {
        let closed = Admission::new(Some("a-token-of-sixteen"));
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (value, expected) in [
            ("Bearer a-token-of-sixteen".to_owned(), Ok(())),
            (basic("anyone:a-token-of-sixteen"), Ok(())),
            (basic(":a-token-of-sixteen"), Ok(())),
            ("Bearer a-token-of-sixteem".to_owned(), Err(Refused::Token)),
            ("Bearer a-token".to_owned(), Err(Refused::Token)),
            ("Bearer".to_owned(), Err(Refused::Token)),
            ("a-token-of-sixteen".to_owned(), Err(Refused::Token)),
            (basic("a-token-of-sixteen"), Err(Refused::Token)),
            (basic("a-token-of-sixteen:"), Err(Refused::Token)),
            ("Basic !!!".to_owned(), Err(Refused::Token)),
        ] {
            let headers = headers(&[("host", "sandbox.internal"), ("authorization", &value)]);
            assert_eq!(
                closed.check(&Method::POST, &headers, false),
                expected,
                "{value}"
            );
        }
        let nothing = headers(&[("host", "localhost")]);
        assert_eq!(
            closed.check(&Method::GET, &nothing, true),
            Err(Refused::Token)
        );
        let foreign = headers(&[
            ("host", "sandbox.internal"),
            ("authorization", "Bearer a-token-of-sixteen"),
            ("origin", "http://evil.example"),
        ]);
        assert_eq!(
            closed.check(&Method::POST, &foreign, false),
            Err(Refused::Origin)
        );
        assert!(!format!("{closed:?}").contains("sixteen"));
    }
}
