//! `GET /sandbox/events`: what the sandbox knows, again whenever it changes.
//!
//! Each event is a whole picture of the latest, never a difference: a watcher that is slow or was
//! away misses pictures and not facts, and nothing has to be kept for it.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract;
use axum::http::Response;
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::admin::error;
use crate::fault_spec;
use crate::state::State;
use crate::time::rfc3339;

/// How many codes, and as many requests and rejected codes, a picture holds.
const LATEST: usize = 40;
/// How many faults a picture holds.
const MAX_FAULTS_SHOWN: usize = 20;
/// The shortest time between two pictures.
const PAUSE: Duration = Duration::from_millis(150);
/// How often a picture is drawn without a change: codes expire by themselves.
const TICK: Duration = Duration::from_secs(1);

pub(super) async fn events(extract::State(state): extract::State<State>) -> Response<Body> {
    let Some(place) = state.admission().watcher() else {
        return error(503, "too many watch already");
    };
    let watcher = Watcher {
        changes: state.changes(),
        state,
        shown: Value::Null,
        not_before: Instant::now(),
        _place: place,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let picture = watcher.next().await;
        let event = Event::default().event("picture").data(picture.to_string());
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response()
}

struct Watcher {
    changes: watch::Receiver<u64>,
    state: State,
    shown: Value,
    not_before: Instant,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next picture that differs from the last.
    async fn next(&mut self) -> Value {
        loop {
            sleep_until(self.not_before).await;
            self.changes.mark_unchanged();
            let picture = picture(&self.state);
            self.not_before = Instant::now() + PAUSE;
            if picture != self.shown {
                self.shown.clone_from(&picture);
                let mut picture = picture;
                picture["now"] = rfc3339(self.state.now()).into();
                return picture;
            }
            // The sender lives as long as the state; a tick without a change is no error.
            let _ = timeout(TICK, self.changes.changed()).await;
        }
    }
}

fn picture(state: &State) -> Value {
    let requests = state.latest_requests(LATEST);
    let mut codes = json!(state.latest_entries(LATEST));
    let mut unknown = json!(state.latest_unknown_codes(LATEST));
    let presenter = |attempt: &mut Value| {
        let number = attempt["request"].as_u64();
        let record = number.and_then(|number| state.request(number));
        let app_id = record.and_then(|record| record.header("x-authing-app-id").map(str::to_owned));
        attempt["appId"] = app_id.into();
    };
    for code in codes.as_array_mut().into_iter().flatten() {
        for attempt in code["attempts"].as_array_mut().into_iter().flatten() {
            presenter(attempt);
        }
    }
    for attempt in unknown.as_array_mut().into_iter().flatten() {
        presenter(attempt);
    }
    let faults = state.faults();
    let shown: Vec<Value> = faults
        .iter()
        .take(MAX_FAULTS_SHOWN)
        .map(|fault| without_bulk(fault_spec::to_json(fault)))
        .collect();
    json!({
        "counts": state.counts(),
        "codes": codes,
        "unknownCodes": unknown,
        "requests": requests,
        "totalRequests": state.total_requests(),
        "shape": state.shape().name(),
        "faults": shown,
        "totalFaults": faults.len(),
        "latencyMillis": u64::try_from(state.latency().as_millis()).unwrap_or(u64::MAX),
        "rateLimit": { "perSecond": state.rate_limit(), "retryAfter": state.retry_after() },
        "advancedSeconds": state.clock().advanced().as_secs(),
    })
}

/// A fault without what can be large.
fn without_bulk(mut fault: Value) -> Value {
    if let Some(fields) = fault.as_object_mut() {
        for name in ["body", "headers", "message", "errmsg"] {
            fields.remove(name);
        }
    }
    fault
}
