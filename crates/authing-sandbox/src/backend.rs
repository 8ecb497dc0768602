//! The developer's own backend: the one address that the sandbox hands codes to when asked.

use std::io;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

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
        let started = Instant::now();
        let (http_status, content_type, body) = timeout(DEADLINE, self.post(code))
            .await
            .map_err(|_| format!("the backend did not answer within {} s", DEADLINE.as_secs()))??;
        Ok(Answer {
            http_status,
            content_type,
            body: String::from_utf8_lossy(&body).into_owned(),
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn post(&self, code: &str) -> Result<(u16, Option<String>, Bytes), String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| format!("the backend cannot be reached: {error}"))?;
        let broken = |error: hyper::Error| format!("the backend broke off: {error}");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        let request = Request::post(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::CONNECTION, "close")
            .header(FORWARDED, "1")
            .body(Body::from(json!({ "code": code }).to_string()))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            let reply = sender.send_request(request).await.map_err(broken)?;
            let status = reply.status().as_u16();
            let content_type = reply
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = Limited::new(reply.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| format!("the backend's answer broke off: {error}"))?;
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
