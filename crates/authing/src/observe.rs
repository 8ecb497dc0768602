//! One span per attempt, by OpenTelemetry's conventions for HTTP clients.
//!
//! The list of attributes is fixed, and none can hold a code, a token or a phone number.

use authing_api::hooks::ResponseHead;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use crate::error::Error;
use crate::validate::AppHost;

/// The span of one attempt.
pub(crate) struct Attempt {
    span: Span,
}

impl Attempt {
    /// Begins attempt number `attempts`, counted from 1.
    pub(crate) fn begin(host: &AppHost, path: &'static str, attempts: u32) -> Self {
        let span = info_span!(
            "authing.request",
            otel.name = Empty,
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = "POST",
            http.request.resend_count = Empty,
            server.address = host.address,
            server.port = host.port,
            url.full = Empty,
            http.response.status_code = Empty,
            error.r#type = Empty,
            authing.status_code = Empty,
            authing.api_code = Empty,
            authing.request_id = Empty,
            authing.code_state = Empty,
        );
        if !span.is_disabled() {
            span.record("otel.name", format_args!("POST {path}"));
            span.record("url.full", format_args!("{}{path}", host.base_url));
            if attempts > 1 {
                span.record("http.request.resend_count", attempts - 1);
            }
        }
        Self { span }
    }

    /// Lets a future run inside the span.
    pub(crate) fn run<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.instrument(self.span.clone())
    }

    /// Records how the attempt ended.
    pub(crate) fn end(self, head: Option<&ResponseHead>, error: Option<&Error>) {
        let span = self.span;
        if span.is_disabled() {
            return;
        }
        if let Some(head) = head {
            span.record("http.response.status_code", head.http_status);
        }
        let Some(error) = error else {
            span.record("authing.status_code", 200);
            return;
        };
        span.record("otel.status_code", "ERROR");
        span.record("error.type", tracing::field::debug(error.kind()));
        span.record(
            "authing.code_state",
            tracing::field::debug(error.code_state()),
        );
        if let Some(status_code) = error.status_code() {
            span.record("authing.status_code", status_code);
        }
        if let Some(api_code) = error.api_code() {
            span.record("authing.api_code", api_code);
        }
        if let Some(request_id) = error.shown_request_id() {
            span.record("authing.request_id", request_id);
        }
    }
}
