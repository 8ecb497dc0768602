//! What the sandbox itself sends: a code to the developer's backend, or to its own API as a backend
//! would. It is one connection and one request: a browser can repeat a request.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, bail};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::get_wechat_miniprogram_phone::EXCHANGE_PATH;
use crate::state::Config;

/// How long a response may take: longer than the client's own default timeout.
const DEADLINE: Duration = Duration::from_secs(20);
/// The bytes of a response that are read.
const MAX_RESPONSE: usize = 64 * 1024;

/// Reads a URL to which codes are sent: plain http, without user name.
pub(crate) fn parse(url: &str) -> Result<Uri> {
    let allowed = |uri: &Uri| {
        let user = uri.authority().map(|all| all.as_str().contains('@'));
        uri.scheme_str() == Some("http") && user == Some(false)
    };
    let uri = url.parse().ok().filter(allowed);
    uri.context("codes are sent to URLs such as http://127.0.0.1:3000/api/phone, without TLS")
}

/// What is sent, and where to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HandOver {
    code: String,
    to: To,
    connection: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum To {
    Backend,
    Sandbox,
}

/// Sends `{"code": …}` to the backend, as the mini program's page would, or the exchange request to
/// the sandbox's own address, as a backend would. Returns what was sent and what came back.
pub(crate) async fn hand_over(config: &Config, order: HandOver) -> Result<Value> {
    let mut body = json!({ "code": order.code });
    let mut request = Request::builder().method("POST");
    let url = match order.to {
        To::Backend => {
            let known = config.backend.clone();
            known.context("no backend is known; start the sandbox with --backend URL")?
        }
        To::Sandbox => {
            let connection = order.connection.as_ref();
            body["extIdpConnidentifier"] = json!(connection.unwrap_or(&config.connections[0]));
            request = request
                .header("x-authing-app-id", &config.app_id)
                .header("x-authing-lang", "en-US");
            format!("{}{EXCHANGE_PATH}", config.base_url)
        }
    };
    let body = body.to_string();
    let request = request.header("content-type", "application/json");
    let request = request.uri(parse(&url)?).body(body.clone())?;
    let started = Instant::now();
    let result = timeout(DEADLINE, send(request)).await;
    let result = result.unwrap_or_else(|_| bail!("no response within 20 s"));
    let result = result.map_err(|error| format!("{error:#}"));
    Ok(json!({
        "request": { "method": "POST", "url": url, "body": body },
        "error": result.as_ref().err(),
        "response": result.as_ref().ok(),
        "elapsedMs": u64::try_from(started.elapsed().as_millis())?,
    }))
}

async fn send(request: Request<String>) -> Result<Value> {
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .retry_canceled_requests(false)
        .build_http();
    let (head, body) = client.request(request).await?.into_parts();
    let limited = Limited::new(body, MAX_RESPONSE).collect().await;
    let body = limited.map_err(Error::from_boxed)?.to_bytes();
    let content_type = head.headers.get("content-type");
    Ok(json!({
        "httpStatus": head.status.as_u16(),
        "contentType": content_type.map(|value| String::from_utf8_lossy(value.as_bytes())),
        "body": String::from_utf8_lossy(&body),
    }))
}
