//! What the sandbox itself sends: a code to the developer's backend, or to its own API as a backend
//! would. It is one connection and one request: a browser can repeat a request.

use std::time::{Duration, Instant};

use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::get_wechat_miniprogram_phone::EXCHANGE_PATH;
use crate::request;
use crate::state::Config;

/// How long a response may take: longer than the client's own default timeout.
const DEADLINE: Duration = Duration::from_secs(20);
/// The bytes of a response that are read.
const MAX_RESPONSE: u64 = 64 * 1024;

/// Reads the URL of a backend: plain http, without user name.
pub(crate) fn parse(url: &str) -> Result<Uri, String> {
    let allowed = |uri: &Uri| {
        let user = uri
            .authority()
            .is_some_and(|all| all.as_str().contains('@'));
        uri.scheme_str() == Some("http") && !user
    };
    let error = "a backend is a URL such as http://127.0.0.1:3000/api/phone";
    let uri = url.parse().ok().filter(allowed);
    uri.ok_or_else(|| error.to_owned())
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
/// the sandbox's own address, as a backend would.
pub(crate) async fn hand_over(config: &Config, order: HandOver) -> Result<Value, String> {
    let code = order.code;
    match order.to {
        To::Backend => {
            let known = config.backend.as_deref();
            let url = known.ok_or("no backend is known; start the sandbox with --backend URL")?;
            Ok(send(&parse(url)?, "", &json!({ "code": code })).await)
        }
        To::Sandbox => {
            let url = parse(&format!("{}{EXCHANGE_PATH}", config.base_url));
            let url = url.map_err(|_| "a sandbox with TLS does not send to itself")?;
            let connection = order.connection.as_ref().unwrap_or(&config.connections[0]);
            let app = format!("x-authing-app-id: {}\r\n", config.app_id);
            let headers = format!("{app}x-authing-lang: en-US\r\n");
            let body = json!({ "code": code, "extIdpConnidentifier": connection });
            Ok(send(&url, &headers, &body).await)
        }
    }
}

/// What was sent and what came back, for the console.
async fn send(url: &Uri, headers: &str, body: &Value) -> Value {
    let body = body.to_string();
    // HTTP/1.0, so that the response is not chunked and ends with the connection.
    let request = format!(
        "POST {} HTTP/1.0\r\nhost: {}\r\ncontent-type: application/json\r\n\
         accept: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        url.path_and_query().map_or("/", |path| path.as_str()),
        url.authority().map_or("", |authority| authority.as_str()),
        body.len()
    );
    let host = url.host().unwrap_or_default();
    let address = format!("{host}:{}", url.port_u16().unwrap_or(80));
    let started = Instant::now();
    let exchange = exchange(address, request);
    let result = timeout(DEADLINE, exchange).await;
    let result = result.unwrap_or_else(|_| Err("no response within 20 s".to_owned()));
    json!({
        "request": { "method": "POST", "url": url.to_string(), "body": body },
        "error": result.as_ref().err(),
        "response": result.as_ref().ok(),
        "elapsedMs": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

async fn exchange(address: String, request: String) -> Result<Value, String> {
    let connected = TcpStream::connect(&address).await;
    let mut stream = connected.map_err(|error| format!("cannot connect to {address}: {error}"))?;
    let mut bytes = Vec::new();
    let sent = stream.write_all(request.as_bytes()).await;
    let read = stream.take(MAX_RESPONSE).read_to_end(&mut bytes).await;
    let broken = match sent.and(read) {
        Ok(_) => "the connection was closed before the response was complete",
        Err(_) => "the connection was reset before the response was complete",
    };
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let length = request::complete(response.parse(&bytes))
        .map_err(|error| format!("not an HTTP response: {error}"))?
        .ok_or(broken)?;
    let header = |name: &str| {
        let mut headers = response.headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let body = &bytes[length..];
    let announced = header("content-length").and_then(|value| value.parse::<usize>().ok());
    if announced.is_some_and(|announced| body.len() < announced) {
        return Err(broken.to_owned());
    }
    Ok(json!({
        "httpStatus": response.code,
        "contentType": header("content-type"),
        "body": String::from_utf8_lossy(body),
    }))
}
