//! Access control: local names, pages of the same origin, and the admin token.

use std::net::IpAddr;

use subtle::ConstantTimeEq as _;

use crate::answer::Answer;
use crate::request::Request;

/// Rejects requests from web pages of another origin, which could use up faults and codes.
pub(crate) fn check_origin(request: &Request) -> Result<(), Answer> {
    let own = request.header("host").unwrap_or_default();
    let is_own = |origin: &str| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some_and(|host| host.eq_ignore_ascii_case(own))
    };
    let is_own_site = |site: &str| matches!(site, "same-origin" | "none");
    if request.all("origin").all(is_own) && request.all("sec-fetch-site").all(is_own_site) {
        return Ok(());
    }
    let text = "web pages of another origin have no access";
    Err(Answer::error(403, text))
}

/// Rejects requests to the console and the admin routes that come by another host name or from
/// another origin, or that lack the admin token. Files of the page need no token: they hold no data.
pub(crate) fn check(request: &Request, token: Option<&str>, file: bool) -> Result<(), Answer> {
    if token.is_none() && !request.all("host").all(is_local) {
        let text = "the sandbox is reached as localhost or by a loopback address; for other host \
                    names start it with an admin token";
        return Err(Answer::error(403, text));
    }
    // A page that reached the sandbox by DNS rebinding does not know the token.
    if token.is_some_and(|token| !file && !presents(request, token)) {
        let text = "this sandbox has an admin token: send authorization: Bearer <token>";
        return Err(Answer::error(401, text).header("www-authenticate", "Bearer"));
    }
    // A link on another page may lead to the console.
    if file && request.method == "GET" {
        return Ok(());
    }
    check_origin(request)
}

/// Whether a Host header names this machine.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn presents(request: &Request, token: &str) -> bool {
    let value = request.header("authorization").unwrap_or_default();
    let (scheme, presented) = value.split_once(' ').unwrap_or_default();
    let same = presented.trim().as_bytes().ct_eq(token.as_bytes());
    scheme.eq_ignore_ascii_case("bearer") && bool::from(same)
}
