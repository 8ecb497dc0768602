//! One tracing span per attempt, with the OpenTelemetry conventions for HTTP clients.
//!
//! The attributes are fixed, and none can contain a code, a token or a phone number. `error.type`
//! is the [`ErrorKind`](crate::ErrorKind), because most failures have HTTP status 200. The span of a
//! dropped call ends without a status.

use authing_api::envelope::Envelope;
use authing_api::scalars::IdText;
use tracing::field::{Empty, debug};
use tracing::{Span, info_span};
use url::Url;

use crate::error::{Error, printable};

/// Starts the span of attempt number `attempts`, counted from 1.
pub(crate) fn start(host: &Url, path: &'static str, attempts: u32) -> Span {
    let span = info_span!(
        "authing.request",
        otel.name = Empty,
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = "POST",
        http.request.resend_count = Empty,
        server.address = host.host_str().map(|host| host.trim_matches(['[', ']'])),
        // OpenTelemetry has only signed integers.
        server.port = host.port_or_known_default().map(i64::from),
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
        span.record("url.full", format_args!("{}{}", host, &path[1..]));
        if attempts > 1 {
            span.record("http.request.resend_count", i64::from(attempts - 1));
        }
    }
    span
}

/// Records the numbers and the request ID of a response.
pub(crate) fn response(span: &Span, response: &impl Envelope) {
    if !span.is_disabled() {
        let request_id = response.request_id().and_then(IdText::well_formed);
        span.record("authing.status_code", printable(response.status_code()));
        span.record("authing.api_code", printable(response.api_code()));
        span.record("authing.request_id", request_id);
    }
}

/// Records how the attempt ended.
pub(crate) fn end(span: &Span, http_status: Option<u16>, error: Option<&Error>) {
    if !span.is_disabled() {
        span.record("http.response.status_code", http_status.map(i64::from));
        if let Some(error) = error {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", debug(error.kind()));
            span.record("authing.code_state", debug(error.code_state()));
        }
    }
}
