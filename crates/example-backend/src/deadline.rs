//! The time that a request may take as a whole.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::answer::{Action, Refusal};
use crate::settings::REQUEST_TIMEOUT;

/// Ends a request that takes too long. Its exchange, if it had begun, runs on to its own end.
pub(crate) async fn apply(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
        .await
        .unwrap_or_else(|_| {
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, Action::TapAgain).into_response()
        })
}
