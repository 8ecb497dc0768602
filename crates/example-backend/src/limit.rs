//! The limit of requests per client: guessing codes, and spending money, is kept slow.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::AppState;
use crate::answer::Refusal;
use crate::settings::Settings;

/// How many clients are remembered before those that have been quiet are forgotten.
const MANY_CLIENTS: usize = 10_000;

/// So many requests a minute for each client, a quarter of them at once.
#[derive(Debug)]
pub(crate) struct Limit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    address_header: Option<HeaderName>,
}

impl Limit {
    pub(crate) fn new(settings: &Settings) -> Self {
        let per_minute = settings.requests_per_minute;
        let at_once = per_minute.get().div_ceil(4);
        let quota =
            Quota::per_minute(per_minute).allow_burst(at_once.try_into().unwrap_or(per_minute));
        Self {
            limiter: RateLimiter::keyed(quota),
            address_header: settings.client_address_header.clone(),
        }
    }

    /// Nothing, or the refusal that names the time to wait.
    fn check(&self, client: IpAddr) -> Result<(), Refusal> {
        if self.limiter.len() > MANY_CLIENTS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&client).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            Refusal::retry(StatusCode::TOO_MANY_REQUESTS, wait.as_secs() + 1)
        })
    }
}

/// Lets a request through, or says when to come back.
pub(crate) async fn apply(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let header = state.limit.address_header.as_ref();
    let client = client_address(header, request.headers(), peer.ip());
    match state.limit.check(client) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Who asks: the peer, or whom a gateway of ours names in its header.
///
/// Many phones share one address of their network's, so this is a coarse key with a generous
/// limit. A backend that knows its users by a session takes the user in its place.
fn client_address(header: Option<&HeaderName>, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let named = header
        .and_then(|name| headers.get_all(name).iter().next_back())
        .and_then(|value| value.to_str().ok())
        // In a list, what stands before the last entry was the client's to write.
        .and_then(|value| value.rsplit(',').next()?.trim().parse().ok());
    match named.unwrap_or(peer).to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(network(address)),
        v4 => v4,
    }
}

/// One subscriber has a whole /64.
fn network(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_the_peer_unless_a_gateway_says_otherwise() {
        let peer: IpAddr = "203.0.113.9".parse().unwrap();
        let header = HeaderName::from_static("x-forwarded-for");
        let mut headers = HeaderMap::new();
        let who = |header, headers: &HeaderMap| client_address(header, headers, peer).to_string();
        assert_eq!(who(Some(&header), &headers), "203.0.113.9");
        headers.insert(&header, "10.0.0.1, 198.51.100.7".parse().unwrap());
        assert_eq!(who(None, &headers), "203.0.113.9");
        assert_eq!(who(Some(&header), &headers), "198.51.100.7");
        for (value, client) in [
            ("nonsense", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            headers.insert(&header, value.parse().unwrap());
            assert_eq!(who(Some(&header), &headers), client);
        }
    }
}
