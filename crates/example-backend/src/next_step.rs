//! Maps an error to an HTTP status and to what the mini program does next.

use authing::{CodeState, Error, ErrorKind};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
pub(crate) struct Failure(pub(crate) StatusCode, pub(crate) Action);

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let retry_after_seconds = error.retry_after().unwrap_or_default().as_secs() + 1;
        let (status, action) = match (error.kind(), error.code_state()) {
            // The client has retried already, so the mini program waits before it does.
            _ if error.is_retryable() && retry_after_seconds <= MAX_RETRY_AFTER => {
                let action = Action::Retry {
                    retry_after_seconds,
                };
                (StatusCode::SERVICE_UNAVAILABLE, action)
            }
            (ErrorKind::Connect | ErrorKind::Throttled, _) => {
                (StatusCode::SERVICE_UNAVAILABLE, Action::TryLater)
            }
            (ErrorKind::InvalidArgument, _) => (StatusCode::BAD_REQUEST, Action::FixRequest),
            (_, CodeState::Invalid) => (StatusCode::UNPROCESSABLE_ENTITY, Action::TapAgain),
            // Another tap would fail too, until the operator acts or the service recovers.
            (ErrorKind::Config | ErrorKind::Misconfigured, _) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Action::TryLater)
            }
            (ErrorKind::Upstream | ErrorKind::Service | ErrorKind::UnexpectedResponse, _) => {
                (StatusCode::BAD_GATEWAY, Action::TryLater)
            }
            // The code may have been used, so it is never sent again.
            (ErrorKind::Timeout, _) => (StatusCode::GATEWAY_TIMEOUT, Action::TapAgain),
            _ => (StatusCode::BAD_GATEWAY, Action::TapAgain),
        };
        Self(status, action)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}
