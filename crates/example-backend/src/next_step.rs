//! Maps an error to an HTTP status and to what the mini program does next.

use authing::{Error, ErrorKind};
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;

/// Users do not wait longer than this number of seconds.
const MAX_RETRY_AFTER: u64 = 10;

/// What the mini program does next.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub(crate) enum Action {
    /// Send the same code again after a while; it was not used.
    #[serde(rename_all = "camelCase")]
    Retry { retry_after_seconds: u64 },
    /// Ask the user to tap the button again, because the code is used or may be used.
    TapAgain,
    /// Ask the user to come back later.
    TryLater,
    /// Nothing: the request is invalid, so a developer has to look at it.
    FixRequest,
}

/// The response without a phone number; the details are in the log only.
pub(crate) type Failure = (StatusCode, Json<Action>);

/// Decides what the mini program does after an error.
pub(crate) fn next_step(error: &Error) -> Failure {
    let retry_after_seconds = error.retry_after().unwrap_or_default().as_secs() + 1;
    let action = match error.kind() {
        // The client has retried already, so the mini program waits before it does.
        _ if error.is_retryable() && retry_after_seconds <= MAX_RETRY_AFTER => Action::Retry {
            retry_after_seconds,
        },
        ErrorKind::InvalidArgument => Action::FixRequest,
        // The code is used or may have been used, so it is never sent again.
        ErrorKind::Timeout
        | ErrorKind::Transport
        | ErrorKind::CodeRejected
        | ErrorKind::UnknownStatus => Action::TapAgain,
        // Another tap would fail too, until the operator acts or the service recovers.
        _ => Action::TryLater,
    };
    let status = match error.kind() {
        ErrorKind::Connect | ErrorKind::Throttled => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorKind::CodeRejected => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Config | ErrorKind::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    (status, Json(action))
}
