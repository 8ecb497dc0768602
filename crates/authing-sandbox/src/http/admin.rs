//! `/sandbox/…`: the switches and the ledger over HTTP.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{self, Query};
use axum::http::{HeaderMap, Response, header};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::timeout;

use super::exchange::is_json;
use super::guard::{bounded, guarded};
use super::{events, settings};
use crate::backend::{self, Backend, FORWARDED};
use crate::clock::MAX_ADVANCE;
use crate::fault::Fault;
use crate::fault_spec::{self, FaultSpec};
use crate::reply::Reply;
use crate::shape::Shape;
use crate::state::{MAX_LATENCY, Order, State};
use crate::time::rfc3339;

/// How many entries `GET /sandbox/ledger` shows unless told otherwise.
const LEDGER_LIMIT: usize = 1_000;
/// The largest body of an admin request: a fault with its body in JSON.
const MAX_ADMIN_BODY: usize = 8 * 1024 * 1024;

/// How long a client may take over the body of an admin request, which holds one of few places.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What went wrong with an admin request: a sentence, sent with HTTP 400.
type Bad = String;
type Answer = Result<Reply, Bad>;

pub(super) fn routes(state: &State) -> Router<State> {
    let answered_at_once = Router::new()
        .route("/codes", post(issue_code))
        .route("/ledger", get(ledger))
        .route("/requests", get(requests))
        .route("/shape", get(shape).put(set_shape))
        .route("/faults", get(faults).post(push_fault).delete(clear_faults))
        .route("/clock", get(clock).post(advance_clock))
        .route("/latency", get(latency).put(set_latency))
        .route("/rate-limit", get(rate_limit).put(set_rate_limit))
        .route("/settings", get(settings::settings))
        .route("/backend", get(named_backend).post(hand_over))
        .route("/exchange", post(play_backend));
    let all = bounded(answered_at_once, state)
        // Its answer goes on for as long as somebody watches, so it has places of its own.
        .route("/events", get(events::events))
        .fallback(async || error(404, "there is no such route under /sandbox"))
        .method_not_allowed_fallback(async || error(405, "this route has other methods"));
    guarded(all, state)
}

pub(super) fn error(http_status: u16, what: &str) -> Response<Body> {
    Reply::json(http_status, &json!({ "error": what })).into_response()
}

fn answer(result: Answer) -> Response<Body> {
    result.map_or_else(|bad| error(400, &bad), Reply::into_response)
}

/// A JSON body. The content type is insisted upon: a browser asks permission before it sends that
/// to another origin, so that no web page can play with a developer's sandbox.
struct Json<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> extract::FromRequest<S> for Json<T> {
    type Rejection = Response<Body>;

    async fn from_request(request: extract::Request, _: &S) -> Result<Self, Self::Rejection> {
        let headers: &HeaderMap = request.headers();
        if !is_json(
            headers
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok()),
        ) {
            return Err(error(400, "the content type must be application/json"));
        }
        let body = timeout(BODY_TIMEOUT, to_bytes(request.into_body(), MAX_ADMIN_BODY))
            .await
            .map_err(|_| error(408, "the body did not come in time"))?
            .map_err(|_| error(400, "the body is too large, or was cut off"))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|bad| error(400, &bad.to_string()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IssueCode {
    phone_number: Option<String>,
    app_id: Option<String>,
    connection: Option<String>,
    code: Option<String>,
    #[serde(default)]
    kind: Kind,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    #[default]
    Phone,
    Login,
}

async fn issue_code(
    extract::State(state): extract::State<State>,
    Json(order): Json<IssueCode>,
) -> Response<Body> {
    answer((|| {
        let phone_number = match (order.kind, &order.phone_number) {
            (Kind::Phone, None) => return Err("phoneNumber is missing".to_owned()),
            (Kind::Login, Some(_)) => {
                return Err("a login code has no phone number: leave phoneNumber out".to_owned());
            }
            (Kind::Phone, Some(number)) => Some(number.as_str()),
            (Kind::Login, None) => None,
        };
        let entry = state
            .issue(Order {
                phone_number,
                app_id: order.app_id.as_deref(),
                connection: order.connection.as_deref(),
                code: order.code.as_deref(),
            })
            .map_err(|bad| bad.to_string())?;
        Ok(Reply::json(200, &entry))
    })())
}

#[derive(Deserialize)]
struct LedgerQuery {
    code: Option<String>,
    limit: Option<String>,
}

async fn ledger(
    extract::State(state): extract::State<State>,
    Query(query): Query<LedgerQuery>,
) -> Response<Body> {
    answer((|| {
        let limit = match query.limit {
            None => LEDGER_LIMIT,
            Some(limit) => limit
                .parse()
                .map_err(|_| "limit must be a whole number".to_owned())?,
        };
        let mut unknown = state.unknown_codes();
        let codes = match &query.code {
            Some(code) => {
                unknown.retain(|rejected| rejected.code == *code);
                state.entry(code).into_iter().collect()
            }
            None => state.latest_entries(limit),
        };
        let body = json!({ "counts": state.counts(), "codes": codes, "unknownCodes": unknown });
        Ok(Reply::json(200, &body))
    })())
}

async fn requests(extract::State(state): extract::State<State>) -> Response<Body> {
    let body = json!({ "total": state.total_requests(), "requests": state.requests() });
    Reply::json(200, &body).into_response()
}

fn shape_reply(state: &State) -> Reply {
    let all: Vec<&str> = Shape::all().iter().map(|shape| shape.name()).collect();
    Reply::json(
        200,
        &json!({ "shape": state.shape().name(), "shapes": all }),
    )
}

async fn shape(extract::State(state): extract::State<State>) -> Response<Body> {
    shape_reply(&state).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetShape {
    shape: String,
}

async fn set_shape(
    extract::State(state): extract::State<State>,
    Json(order): Json<SetShape>,
) -> Response<Body> {
    answer(
        order
            .shape
            .parse()
            .map_err(|bad: crate::UnknownShape| bad.to_string())
            .map(|shape| {
                state.set_shape(shape);
                shape_reply(&state)
            }),
    )
}

fn faults_reply(state: &State) -> Reply {
    let faults: Vec<_> = state.faults().iter().map(fault_spec::to_json).collect();
    Reply::json(200, &json!({ "faults": faults }))
}

async fn faults(extract::State(state): extract::State<State>) -> Response<Body> {
    faults_reply(&state).into_response()
}

async fn push_fault(
    extract::State(state): extract::State<State>,
    Json(spec): Json<FaultSpec>,
) -> Response<Body> {
    answer((|| {
        let fault = Fault::try_from(spec).map_err(|bad| bad.to_string())?;
        state.push_fault(fault).map_err(|bad| bad.to_string())?;
        Ok(faults_reply(&state))
    })())
}

async fn clear_faults(extract::State(state): extract::State<State>) -> Response<Body> {
    state.clear_faults();
    faults_reply(&state).into_response()
}

fn clock_reply(state: &State) -> Reply {
    let clock = state.clock();
    Reply::json(
        200,
        &json!({
            "now": rfc3339(clock.now()),
            "advancedSeconds": clock.advanced().as_secs(),
            "manual": clock.is_manual(),
        }),
    )
}

async fn clock(extract::State(state): extract::State<State>) -> Response<Body> {
    clock_reply(&state).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AdvanceClock {
    advance_seconds: u64,
}

async fn advance_clock(
    extract::State(state): extract::State<State>,
    Json(order): Json<AdvanceClock>,
) -> Response<Body> {
    let duration = Duration::from_secs(order.advance_seconds);
    if duration > MAX_ADVANCE.saturating_sub(state.clock().advanced()) {
        return error(400, "the clock can be advanced by ten years altogether");
    }
    state.clock().advance(duration);
    state.touch();
    clock_reply(&state).into_response()
}

fn latency_reply(state: &State) -> Reply {
    let millis = u64::try_from(state.latency().as_millis()).unwrap_or(u64::MAX);
    Reply::json(200, &json!({ "millis": millis }))
}

async fn latency(extract::State(state): extract::State<State>) -> Response<Body> {
    latency_reply(&state).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetLatency {
    millis: u64,
}

async fn set_latency(
    extract::State(state): extract::State<State>,
    Json(order): Json<SetLatency>,
) -> Response<Body> {
    let latency = Duration::from_millis(order.millis);
    if latency > MAX_LATENCY {
        return error(400, "replies can come a minute later at most");
    }
    state.set_latency(latency);
    latency_reply(&state).into_response()
}

async fn named_backend(extract::State(state): extract::State<State>) -> Response<Body> {
    let address = state.backend().map(Backend::address);
    Reply::json(200, &json!({ "backend": address })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOver {
    code: String,
}

/// Where the code goes was said at the start: whoever can ask here cannot choose the address.
async fn hand_over(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    Json(order): Json<HandOver>,
) -> Response<Body> {
    let Some(backend) = state.backend() else {
        return error(409, "the sandbox was started without --backend");
    };
    if headers.contains_key(FORWARDED) {
        return error(508, "the backend's address leads back to the sandbox");
    }
    match backend.hand_over(&order.code).await {
        Ok(answer) => Reply::json(200, &answer).into_response(),
        Err(why) => error(502, &why),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Exchange {
    code: String,
    app_id: Option<String>,
    connection: Option<String>,
}

/// Plays the backend: one request to the exchange, over a socket like any other.
async fn play_backend(
    extract::State(state): extract::State<State>,
    Json(order): Json<Exchange>,
) -> Response<Body> {
    let Some(address) = state.address() else {
        return error(409, "this sandbox has no socket");
    };
    let target = match state.target(order.app_id.as_deref(), order.connection.as_deref()) {
        Ok(target) => target,
        Err(bad) => return error(400, &bad.to_string()),
    };
    match backend::exchange(address, &order.code, &target.app_id, &target.connection).await {
        Ok(answer) => Reply::json(200, &answer).into_response(),
        Err(why) => error(502, &why),
    }
}

fn rate_limit_reply(state: &State) -> Reply {
    let body = json!({ "perSecond": state.rate_limit(), "retryAfter": state.retry_after() });
    Reply::json(200, &body)
}

async fn rate_limit(extract::State(state): extract::State<State>) -> Response<Body> {
    rate_limit_reply(&state).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetRateLimit {
    // Present but null means no limit; that it is absent is a mistake, so it is no `Option` of
    // the kind that serde fills in.
    #[serde(deserialize_with = "Option::deserialize")]
    per_second: Option<u32>,
    retry_after: Option<bool>,
}

async fn set_rate_limit(
    extract::State(state): extract::State<State>,
    Json(order): Json<SetRateLimit>,
) -> Response<Body> {
    state.set_rate_limit(order.per_second);
    if let Some(retry_after) = order.retry_after {
        state.set_retry_after(retry_after);
    }
    rate_limit_reply(&state).into_response()
}
