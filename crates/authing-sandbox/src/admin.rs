//! The admin routes under `/sandbox`: the state, codes, controls, faults, and what the console sends.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Answer, Shape};
use crate::relay;
use crate::request::Request;
use crate::state::{MAX_LATENCY, State};

/// How many codes and requests `GET /sandbox` shows, the latest.
const LIMIT: usize = 50;

/// What is said about all other requests.
const ROUTES: &str = "no such route; the routes are GET /sandbox, POST /sandbox/codes, \
                      PUT /sandbox/controls, POST, DELETE /sandbox/faults, POST /sandbox/send";

/// Responds to an admin request.
pub(crate) async fn respond(state: &State, request: &Request) -> Answer {
    match handle(state, request).await {
        Ok(value) => Answer::json(200, &value),
        Err(error) if error == ROUTES => Answer::error(404, ROUTES),
        Err(error) => Answer::error(400, &error),
    }
}

async fn handle(state: &State, request: &Request) -> Result<Value, String> {
    match (request.path(), &*request.method) {
        ("/sandbox", "GET") => Ok(show(state)),
        ("/sandbox/codes", "POST") => {
            let code = state.issue(body(request)?)?;
            Ok(json!(state.entry(&code)))
        }
        ("/sandbox/controls", "PUT") => control(state, body(request)?),
        ("/sandbox/faults", "POST") => {
            state.push_fault(body(request)?)?;
            Ok(json!({ "faults": state.core().faults }))
        }
        ("/sandbox/faults", "DELETE") => {
            state.core().faults.clear();
            Ok(json!({ "faults": [] }))
        }
        ("/sandbox/send", "POST") => relay::hand_over(&state.config, body(request)?).await,
        _ => Err(ROUTES.to_owned()),
    }
}

/// Reads a JSON body. The content type is required: browsers do not send it to another origin
/// without asking first.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    if !request.is_json() {
        return Err("the content type must be application/json".to_owned());
    }
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

fn show(state: &State) -> Value {
    let (config, now) = (&state.config, state.clock.now());
    let mut core = state.core();
    let core = &mut *core;
    let ledger = core.ledger.entries(LIMIT, now);
    let requests = core.log.requests.values();
    let requests = requests.skip(core.log.requests.len().saturating_sub(LIMIT));
    let controls = core.controls;
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "baseUrl": config.base_url,
        "appId": config.app_id,
        "userpoolId": config.userpool_id,
        "connections": config.connections,
        "backend": config.backend,
        "now": now,
        "advancedSeconds": state.clock.advanced().as_secs(),
        "shape": controls.shape,
        "rateLimit": controls.rate_limit.map_or(json!("off"), Value::from),
        "latencyMs": controls.latency.as_secs_f64() * 1000.0,
        "faults": core.faults,
        "requestCount": core.log.complete,
        "ledger": ledger,
        "requests": requests.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Switch {
    shape: Option<Shape>,
    rate_limit: Option<Value>,
    latency_ms: Option<u64>,
    advance_seconds: Option<u64>,
}

fn control(state: &State, switch: Switch) -> Result<Value, String> {
    let rate_limit = match &switch.rate_limit {
        None => None,
        Some(Value::String(off)) if off == "off" => Some(None),
        Some(number) => {
            let number = number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok());
            let error = "rateLimit must be a number of requests per second, or \"off\"";
            Some(Some(number.ok_or(error)?))
        }
    };
    let latency = switch.latency_ms.map(Duration::from_millis);
    let advance = Duration::from_secs(switch.advance_seconds.unwrap_or(0));
    let mut core = state.core();
    let controls = &mut core.controls;
    controls.shape = switch.shape.unwrap_or(controls.shape);
    controls.latency = latency.unwrap_or(controls.latency).min(MAX_LATENCY);
    controls.rate_limit = rate_limit.unwrap_or(controls.rate_limit);
    drop(core);
    state.clock.advance(advance);
    Ok(show(state))
}
