//! One span per attempt, by OpenTelemetry's conventions for HTTP clients.
//!
//! The list of attributes is fixed, and none can hold a code, a token or a phone number. Where the
//! conventions leave a choice:
//!
//! - `error.type` is the name of the [`ErrorKind`](crate::ErrorKind), for failures with an HTTP
//!   status too. The conventions allow "a component-specific error identifier" there; a status
//!   would say 200 for most of this service's failures.
//! - The status of the span is `ERROR` whenever the call would fail, and unset otherwise. It has no
//!   description: the service's words may repeat what was sent.
//! - `http.request.resend_count` is absent on the first attempt.
//! - An attempt that the caller gave up, by dropping the call, ends without a status.

use authing_api::hooks::ResponseHead;
use authing_api::reply::Reply;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use crate::error::{Error, is_uuid};
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
            // Whole numbers are signed in OpenTelemetry; an unsigned one would become a text.
            server.port = i64::from(host.port),
            url.full = Empty,
            http.response.status_code = Empty,
            "error.type" = Empty,
            authing.status_code = Empty,
            authing.api_code = Empty,
            authing.request_id = Empty,
            authing.code_state = Empty,
        );
        if !span.is_disabled() {
            span.record("otel.name", format_args!("POST {path}"));
            span.record("url.full", format_args!("{}{path}", host.base_url));
            if attempts > 1 {
                span.record("http.request.resend_count", i64::from(attempts - 1));
            }
        }
        Self { span }
    }

    /// Lets a future run inside the span.
    pub(crate) fn run<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.instrument(self.span.clone())
    }

    /// Records what the service said of itself.
    pub(crate) fn reply<D>(&self, reply: &Reply<D>) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record("authing.status_code", reply.status_code);
        if let Some(api_code) = reply.envelope.api_code {
            self.span.record("authing.api_code", api_code);
        }
        // Anything else might repeat what was sent.
        let request_id = reply.envelope.request_id.as_ref();
        if let Some(request_id) = request_id.filter(|id| is_uuid(id.as_str())) {
            self.span.record("authing.request_id", request_id.as_str());
        }
    }

    /// Records how the attempt ended.
    pub(crate) fn end(self, head: Option<&ResponseHead>, error: Option<&Error>) {
        let span = self.span;
        if span.is_disabled() {
            return;
        }
        if let Some(head) = head {
            span.record("http.response.status_code", i64::from(head.http_status));
        }
        if let Some(error) = error {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", tracing::field::debug(error.kind()));
            span.record(
                "authing.code_state",
                tracing::field::debug(error.code_state()),
            );
        }
    }
}
