//! `POST /api/phone`: takes `{"code": "…"}` and returns the masked phone number.

use std::time::Duration;

use authing::{Error, ErrorKind};
use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::AppState;
use crate::next_step::{Action, Failure, next_step};

/// The time for a request body.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

// Without `Debug`: it contains the code.
#[derive(Deserialize)]
struct PhoneRequest {
    code: String,
}

/// Exchanges a code, stores the number, and returns enough of it for the user to recognize it.
pub(crate) async fn phone(
    State(state): State<AppState>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let code = read_code(request).await?;
    // A real backend checks the user's session here, and stores the number for that user.

    // If the client disconnects, axum drops this handler. The spawned exchange still runs to its
    // end and stores the number, which has been paid for.
    let exchange = state.exchanges.clone().spawn(exchange(state, code));
    let panicked = (StatusCode::INTERNAL_SERVER_ERROR, Json(Action::TapAgain));
    exchange.await.unwrap_or(Err(panicked))
}

async fn read_code(request: Request) -> Result<String, Failure> {
    let body = Json::<PhoneRequest>::from_request(request, &());
    let status = match timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(Json(request))) => return Ok(request.code),
        // The text of the rejection may quote the code, so only its status is used.
        Ok(Err(rejection)) => rejection.status(),
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    Err((status, Json(Action::FixRequest)))
}

async fn exchange(state: AppState, code: String) -> Result<Json<Value>, Failure> {
    let request = state
        .client
        .get_wechat_miniprogram_phone(code, &*state.connection);
    let reply = request.await.map_err(|error| {
        log(&error);
        next_step(&error)
    })?;
    state.numbers.add(&reply.data);
    tracing::info!("stored a phone number");
    // Only the masked number leaves the server: a page could leak the full number, and a number
    // that a page sends back can be forged.
    let masked = mask(reply.data.pure_phone_number.as_str());
    Ok(Json(json!({ "maskedPhoneNumber": masked })))
}

/// Logs an error by its `Display`, which contains neither code nor number, and a request ID only
/// if it has the form of one. `request_id()` and `message()` are untrusted texts.
fn log(error: &Error) {
    match error.kind() {
        // No user gets a number until the operator acts.
        ErrorKind::Config | ErrorKind::Misconfigured => tracing::error!("{error}"),
        _ => tracing::warn!("{error}"),
    }
}

/// Masks `13800138000` as `138****8000`. Shorter numbers keep their last two digits, or none.
fn mask(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    match digits[..] {
        [a, b, c, .., w, x, y, z] if digits.len() > 10 => format!("{a}{b}{c}****{w}{x}{y}{z}"),
        [.., y, z] if digits.len() > 5 => format!("****{y}{z}"),
        _ => "****".to_owned(),
    }
}
