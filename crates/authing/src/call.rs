//! A call: its deadline, its attempts and their retries.

use std::pin::pin;
use std::time::SystemTime;

use authing_api::Client;
use authing_api::context::CallContext;
use authing_api::envelope::Envelope;
use reqwest::header::RETRY_AFTER;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use crate::classify::classify;
use crate::client::Shared;
use crate::error::{Error, Result};
use crate::kind::ErrorKind;
use crate::observe;
use crate::operation::Operation;
use crate::options::Options;
use crate::outcome::outcome;
use crate::retry;

/// Carries out an operation.
pub(crate) async fn call<O: Operation>(
    shared: &Shared,
    operation: &O,
    options: &Options,
) -> Result<O::Output> {
    if Handle::try_current().is_err() {
        let text = "no tokio runtime; make the call in one, or use the blocking client";
        return Err(Error::config(text));
    }
    let deadline = options.deadline(shared.timeout)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let error = match attempt(shared, operation, options, attempts, deadline).await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        match retry::wait(&shared.retry, &error, remaining, fastrand::f64()) {
            None => return Err(error),
            Some(wait) => sleep(wait).await,
        }
    }
}

/// Sends one request and reads its response.
async fn attempt<O: Operation>(
    shared: &Shared,
    operation: &O,
    options: &Options,
    attempts: u32,
    deadline: Instant,
) -> Result<O::Output> {
    let url = shared.host.clone();
    let context = CallContext::new(url, options.headers()?, shared.max_response_bytes);
    let api = Client::new_with_client(shared.http.clone(), context);
    let span = observe::start(shared.host.url(), O::PATH, attempts);
    // Pinned here, because it is too large to be moved.
    let mut exchange = pin!(operation.send(&api).instrument(span));
    let outcome = match timeout_at(deadline, exchange.as_mut()).await {
        Ok(sent) => outcome(sent),
        Err(_) => Err(ErrorKind::Timeout.into()),
    };
    let span = exchange.span();
    if let Ok(response) = &outcome {
        observe::response(span, response);
    }
    let result = conclude(operation, outcome, api.context(), attempts);
    observe::end(span, api.context().http_status(), result.as_ref().err());
    result
}

/// Turns the outcome of an attempt into its result.
fn conclude<O: Operation>(
    operation: &O,
    outcome: Result<O::Response>,
    context: &CallContext,
    attempts: u32,
) -> Result<O::Output> {
    let http_status = context.http_status();
    let class = |status_code, errcode| {
        let is_explicit_rejection = context.explicit_rejection();
        let http_status = http_status.unwrap_or_default();
        classify(http_status, status_code, errcode, is_explicit_rejection)
    };
    let (class, mut error) = match outcome {
        Ok(mut response) => {
            let class = class(response.status_code(), response.errcode());
            if class.is_none()
                && let Some(output) = O::map(&mut response)
            {
                return Ok(output);
            }
            // A success that cannot be mapped is an unexpected response.
            let mut error = Error::from(ErrorKind::UnexpectedResponse);
            error.0.response = Some(Box::new(response));
            error.0.hint = operation.hint();
            (class, error)
        }
        Err(error) if error.kind() == ErrorKind::UnexpectedResponse => (class(None, None), error),
        Err(error) => (None, error),
    };
    let facts = &mut *error.0;
    facts.class = class.unwrap_or(facts.class);
    facts.without_code = !O::HAS_CODE;
    facts.attempts = attempts;
    facts.http_status = http_status;
    facts.retry_after = context
        .headers()
        .and_then(|headers| headers.get(RETRY_AFTER))
        .and_then(|value| retry::retry_after(value.as_bytes(), SystemTime::now()));
    Err(error)
}
