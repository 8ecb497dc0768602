//! What the mini program is told when there is no phone number: an HTTP status and one action.
//!
//! | action | what the mini program does |
//! |---|---|
//! | `tap_again` | shows the button again: this code is used up, or may be |
//! | `retry` | sends the same code again, after `retryAfterSeconds` |
//! | `try_later` | says that it does not work now; another tap at once would not help |
//! | `fix_request` | nothing; its developer must look |
//!
//! Nothing else goes out: no words of the service, no ids, no names of ours. They are in the log.

use authing::{CodeState, Error, ErrorKind};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What the mini program does next. In JSON the snake-case name; these are never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Ask the user to tap the button again: a new code is needed.
    TapAgain,
    /// Send the same code again after a while: it surely was not used.
    Retry,
    /// Not now; and then with another tap.
    TryLater,
    /// The request itself is wrong, and would be wrong again.
    FixRequest,
}

/// A refusal: an HTTP status, an action, and for [`Action::Retry`] a time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// What the mini program does next.
    pub action: Action,
    /// The seconds to wait first; at least one for [`Action::Retry`].
    pub retry_after_seconds: Option<u64>,
}

impl Refusal {
    /// A refusal without a time to wait.
    pub const fn new(status: StatusCode, action: Action) -> Self {
        Self {
            status,
            action,
            retry_after_seconds: None,
        }
    }

    /// The same code may be sent again after so many seconds.
    pub const fn retry(status: StatusCode, seconds: u64) -> Self {
        let seconds = if seconds == 0 { 1 } else { seconds };
        Self {
            status,
            action: Action::Retry,
            retry_after_seconds: Some(seconds),
        }
    }
}

/// Somebody looks at a spinner. Whoever would have to wait longer is told to come back.
const LONGEST_RETRY: u64 = 10;

impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        use Action::{FixRequest, TapAgain, TryLater};
        let wait = error.retry_after().map_or(1, |wait| {
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        });
        match (error.kind(), error.code_state()) {
            // Surely not used. The client has retried already, hence the pause.
            (ErrorKind::Connect | ErrorKind::Throttled, CodeState::Unspent) => {
                if wait > LONGEST_RETRY {
                    return Self::new(StatusCode::SERVICE_UNAVAILABLE, TryLater);
                }
                Self::retry(StatusCode::SERVICE_UNAVAILABLE, wait)
            }
            // WeChat's quota of the minute: a tap at once would meet it again.
            (ErrorKind::Throttled, _) => Self::new(StatusCode::SERVICE_UNAVAILABLE, TryLater),
            // The code is empty or unprintable; the connection was checked at start.
            (ErrorKind::InvalidArgument, _) => Self::new(StatusCode::BAD_REQUEST, FixRequest),
            // Expired, used before, or of another mini program.
            (ErrorKind::CodeRejected, _) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, TapAgain),
            // Whether the code was used is not known. Sending it again might hit a used one.
            (ErrorKind::Timeout, _) => Self::new(StatusCode::GATEWAY_TIMEOUT, TapAgain),
            (ErrorKind::Transport | ErrorKind::Api, _) => {
                Self::new(StatusCode::BAD_GATEWAY, TapAgain)
            }
            // Not of the user's making, and not mended by tapping.
            (ErrorKind::Upstream | ErrorKind::Service | ErrorKind::UnexpectedResponse, _) => {
                Self::new(StatusCode::BAD_GATEWAY, TryLater)
            }
            (ErrorKind::Misconfigured | ErrorKind::Config, _) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, TryLater)
            }
            // Kinds to come: the code state alone says what is safe.
            (_, CodeState::Unspent) => Self::retry(StatusCode::SERVICE_UNAVAILABLE, wait),
            (_, _) => Self::new(StatusCode::BAD_GATEWAY, TapAgain),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(Body {
            action: self.action,
            retry_after_seconds: self.retry_after_seconds,
        });
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
