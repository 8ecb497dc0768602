//! The console page, the OpenAPI document, the admin routes under `/sandbox`, and who has access.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::answer::{Answer, Shape};
use crate::relay;
use crate::request::Request;
use crate::state::{Core, MAX_LATENCY, State};

/// The OpenAPI document of the operation, as it is served at `/openapi.json`.
pub const OPENAPI_DOCUMENT: &str = include_str!("../openapi.json");

/// The page uses only this origin, contains no inline script or style, and must not be framed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The content type and the content of a file.
fn file(path: &str) -> Option<(&'static str, &'static str)> {
    Some(match path {
        "/" => (
            "text/html; charset=utf-8",
            include_str!("../console/index.html"),
        ),
        "/console/console.css" => ("text/css", include_str!("../console/console.css")),
        "/console/console.js" => ("text/javascript", include_str!("../console/console.js")),
        "/console/icon.svg" => ("image/svg+xml", include_str!("../console/icon.svg")),
        "/openapi.json" => ("application/json", OPENAPI_DOCUMENT),
        _ => return None,
    })
}

/// How many codes and requests `GET /sandbox` shows, the latest.
const LIMIT: usize = 50;

/// Responds to a request for the console.
pub(crate) async fn respond(state: &State, request: &Request) -> Answer {
    let file = file(request.path());
    let token = state.core().config.admin_token.clone();
    let rejected = reject(request, token.as_deref(), file.is_some());
    let answer = match (rejected, file) {
        (Some(rejected), _) => rejected,
        (None, Some((content_type, content))) if matches!(&*request.method, "GET" | "HEAD") => {
            Answer::new(200, content_type, content)
                .header("content-security-policy", POLICY)
                .header("cross-origin-opener-policy", "same-origin")
        }
        (None, Some(_)) => Answer::error(405, "the method must be GET"),
        (None, None) => {
            let answer = handle(state, request).await;
            answer.unwrap_or_else(|error| Answer::error(400, &error.to_string()))
        }
    };
    answer
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        // No other page may embed a response, not even as a script that does not parse.
        .header("cross-origin-resource-policy", "same-origin")
}

/// Rejects requests to the console and the admin routes that come by another host name or from
/// another origin, or that lack the admin token. Files of the page need no token: they hold no data.
fn reject(request: &Request, token: Option<&str>, is_file: bool) -> Option<Answer> {
    if token.is_none() && !request.all("host").all(is_local) {
        let text = "the sandbox is reached as localhost or by a loopback address; for other host \
                    names start it with an admin token";
        return Some(Answer::error(403, text));
    }
    // A page that reached the sandbox by DNS rebinding does not know the token.
    if token.is_some_and(|token| !is_file && !presents(request, token)) {
        let text = "this sandbox has an admin token: send authorization: Bearer <token>";
        return Some(Answer::error(401, text).header("www-authenticate", "Bearer"));
    }
    // A link on another page may lead to the console.
    let is_link = is_file && request.method == "GET";
    (!is_link && request.is_foreign()).then(Answer::foreign)
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

async fn handle(state: &State, request: &Request) -> Result<Answer> {
    let value = match (request.path(), &*request.method) {
        ("/sandbox", "GET") => show(&state.core()),
        ("/sandbox/codes", "POST") => {
            let tap: Tap = body(request)?;
            let connection = tap.connection.as_deref();
            json!(state.core().issue(&tap.phone_number, connection)?)
        }
        ("/sandbox/controls", "PUT") => control(&mut state.core(), body(request)?)?,
        ("/sandbox/faults", "POST") => {
            let mut core = state.core();
            core.push_fault(body(request)?)?;
            json!({ "faults": core.faults })
        }
        ("/sandbox/faults", "DELETE") => {
            state.core().faults.clear();
            json!({ "faults": [] })
        }
        ("/sandbox/send", "POST") => {
            let config = state.core().config.clone();
            relay::hand_over(&config, body(request)?).await?
        }
        _ => {
            let routes = "no such route; the routes are GET /sandbox, POST /sandbox/codes, \
                          PUT /sandbox/controls, POST, DELETE /sandbox/faults, POST /sandbox/send";
            return Ok(Answer::error(404, routes));
        }
    };
    Ok(Answer::json(200, &value))
}

/// Reads a JSON body. The content type is required: browsers do not send it to another origin
/// without asking first.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T> {
    let error = "the content type must be application/json";
    ensure!(request.is_json(), error);
    Ok(serde_json::from_slice(&request.body)?)
}

fn show(core: &Core) -> Value {
    let (config, now) = (&core.config, core.now());
    let ledger = core.ledger.entries(LIMIT, now);
    let requests = core.log.requests.values().rev().take(LIMIT).rev();
    json!({
        "appId": config.app_id,
        "userpoolId": config.userpool_id,
        "connections": config.connections,
        "backend": config.backend,
        "now": now,
        "shape": config.shape,
        "rateLimit": config.rate_limit.map_or(json!("off"), Value::from),
        "latencyMs": config.latency.as_secs_f64() * 1000.0,
        "faults": core.faults,
        "ledger": ledger,
        "requests": requests.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tap {
    phone_number: String,
    connection: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Switch {
    shape: Option<Shape>,
    rate_limit: Option<Value>,
    latency_ms: Option<u64>,
    advance_seconds: Option<u64>,
}

fn control(core: &mut Core, switch: Switch) -> Result<Value> {
    let config = &mut core.config;
    if let Some(limit) = switch.rate_limit {
        let error = "rateLimit must be a number of requests per second, or \"off\"";
        config.rate_limit = if limit == "off" {
            None
        } else {
            Some(u32::deserialize(limit).context(error)?)
        };
    }
    config.shape = switch.shape.unwrap_or(config.shape);
    let latency = switch.latency_ms.map(Duration::from_millis);
    config.latency = latency.unwrap_or(config.latency).min(MAX_LATENCY);
    core.advance(Duration::from_secs(switch.advance_seconds.unwrap_or(0)));
    Ok(show(core))
}
