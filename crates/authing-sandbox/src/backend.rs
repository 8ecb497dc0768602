//! What the sandbox sends by itself, when its console is told to: a code to the developer's own
//! backend, or to its own exchange, as a backend would.
//!
//! One connection and one request each, never a second: a browser that meets a broken connection
//! sends a request again by itself, which is the very mistake that the sandbox is there to show.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::EXCHANGE_PATH;

/// How long a backend may take over its answer. Longer than the facade's own deadline, so that
/// what is shown is the backend's word and not the sandbox's impatience.
const DEADLINE: Duration = Duration::from_secs(20);
/// How much of an answer is shown, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Marks what the sandbox forwards, so that an address that leads back to it is noticed.
pub(crate) const FORWARDED: &str = "x-authing-sandbox-forwarded";

/// An address that takes `POST {"code": "…"}`, as a mini program's backend does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    uri: Uri,
    host: String,
    port: u16,
}

/// What a backend answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) http_status: u16,
    content_type: Option<String>,
    body: String,
    elapsed_ms: u64,
}

impl Backend {
    /// Reads an address such as `http://127.0.0.1:3000/api/phone`.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let bad = |why: &str| {
            let text =
                format!("the backend's address {why}, such as http://127.0.0.1:3000/api/phone");
            io::Error::new(io::ErrorKind::InvalidInput, text)
        };
        let uri: Uri = text.parse().map_err(|_| bad("must be a URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(bad(
                "must begin with http:// (it is meant for a local backend)",
            ));
        }
        let authority = uri.authority().ok_or_else(|| bad("needs a host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("may hold no credentials"));
        }
        let host = authority.host();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() {
            return Err(bad("needs a host"));
        }
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { uri, host, port })
    }

    /// The address as it was given.
    pub(crate) fn address(&self) -> String {
        self.uri.to_string()
    }

    /// Hands a code over, as the mini program's page would, and says what came back.
    pub(crate) async fn hand_over(&self, code: &str) -> Result<Answer, String> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or("", |name| name.as_str());
        let request = request(path, authority)
            .header(FORWARDED, "1")
            .body(Body::from(json!({ "code": code }).to_string()))
            .map_err(|error| error.to_string())?;
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        within_deadline("the backend", connecting, request).await
    }
}

/// Exchanges a code at the sandbox's own socket, with the headers that a backend would send.
pub(crate) async fn exchange(
    address: SocketAddr,
    code: &str,
    app_id: &str,
    connection: &str,
) -> Result<Answer, String> {
    // Who listens everywhere is reached by way of loopback.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    let body = json!({ "code": code, "extIdpConnidentifier": connection });
    let request = request(EXCHANGE_PATH, &address.to_string())
        .header(header::USER_AGENT, "authing-sandbox-console")
        .header("x-authing-app-id", app_id)
        .header("x-authing-lang", "en-US")
        .body(Body::from(body.to_string()))
        .map_err(|error| error.to_string())?;
    within_deadline("the exchange", TcpStream::connect(address), request).await
}

fn request(path: &str, authority: &str) -> Builder {
    Request::post(path)
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
}

async fn within_deadline(
    who: &str,
    connecting: impl Future<Output = io::Result<TcpStream>>,
    request: Request<Body>,
) -> Result<Answer, String> {
    let started = Instant::now();
    let sending = async {
        let stream = connecting
            .await
            .map_err(|error| format!("{who} cannot be reached: {error}"))?;
        send(stream, request)
            .await
            .map_err(|error| format!("{who} broke off before a whole answer: {error}"))
    };
    let (http_status, content_type, body) = timeout(DEADLINE, sending)
        .await
        .map_err(|_| format!("{who} did not answer within {} s", DEADLINE.as_secs()))??;
    Ok(Answer {
        http_status,
        content_type,
        body: String::from_utf8_lossy(&body).into_owned(),
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn send(
    stream: TcpStream,
    request: Request<Body>,
) -> Result<(u16, Option<String>, Bytes), BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let reply = sender.send_request(request).await?;
        let status = reply.status().as_u16();
        let content_type = reply
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = Limited::new(reply.into_body(), MAX_ANSWER)
            .collect()
            .await?;
        Ok((status, content_type, body.to_bytes()))
    };
    // Both on this task: when the deadline passes, the connection goes with it.
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_plain_http() {
        let backend = Backend::parse("http://[::1]:3000/api/phone?x=1").unwrap();
        assert_eq!((backend.host.as_str(), backend.port), ("::1", 3000));
        assert_eq!(Backend::parse("http://localhost").unwrap().port, 80);
        for (text, word) in [
            ("", "must be a URL"),
            ("127.0.0.1:3000", "begin with http"),
            ("/api/phone", "begin with http"),
            ("https://127.0.0.1/", "begin with http"),
            ("http://user:word@127.0.0.1/", "no credentials"),
        ] {
            let error = Backend::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
