//! The HTTP side: Authing's route, the sandbox's own, the console, and the OpenAPI document.

mod admin;
mod console;
mod events;
mod exchange;
mod guard;
mod settings;

use axum::Router;
use axum::body::Body;
use axum::extract;
use axum::http::{Method, Response, StatusCode, Uri};
use axum::routing::{any, get};

use crate::reply::{self, Reply};
use crate::requests::{Ending, Outcome, kept_headers, shortened};
use crate::state::State;

/// The path of the exchange (documented).
pub const EXCHANGE_PATH: &str = "/api/v3/get-wechat-miniprogram-phone";
/// The largest request body that is read, in bytes.
pub const MAX_REQUEST_BODY: usize = 64 * 1024;
/// The project's OpenAPI document, as it is served at `/openapi.json`.
pub const OPENAPI_DOCUMENT: &str = include_str!("../../openapi.json");

/// The sandbox as a router, apart from any socket.
///
/// Faults that need a socket (cuts, garbage, drips) are answered with HTTP 500 and a sentence that
/// says so, since there is none.
pub fn app(state: State) -> Router {
    Router::new()
        .route(EXCHANGE_PATH, any(exchange::exchange))
        .route("/openapi.json", get(document))
        .merge(console::routes(&state))
        .nest("/sandbox", admin::routes(&state))
        .fallback(unknown)
        .with_state(state)
}

async fn document() -> Response<Body> {
    Reply::new(200, "application/json", OPENAPI_DOCUMENT).into_response()
}

/// What is not there is answered in the words of NestJS, which Authing's gateway is built on; that
/// it answers so here is a guess.
async fn unknown(
    extract::State(state): extract::State<State>,
    request: extract::Request,
) -> Response<Body> {
    let number = state.begin_request();
    let reply = not_found(request.method(), request.uri());
    state.note_request(number, |record| {
        record.method = shortened(request.method().as_str());
        record.path = shortened(&request.uri().to_string());
        record.headers = kept_headers(request.headers());
        record.outcome = Outcome::NotFound;
        record.ending = Ending::Replied;
        record.http_status = Some(reply.http_status);
    });
    reply.into_response()
}

fn not_found(method: &Method, uri: &Uri) -> Reply {
    let message = format!(
        "Cannot {} {}",
        shortened(method.as_str()),
        shortened(uri.path())
    );
    reply::failure(StatusCode::NOT_FOUND.as_u16(), 404, None, &message)
}
