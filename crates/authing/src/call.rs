//! The one path of every call: attempts, deadline, verdict, retries.

use std::pin::pin;

use authing_api::Client;
use authing_api::hooks::{CallContext, ResponseHead};
use authing_api::reply::Reply;
use authing_api::scalars::UntrustedText;
use chrono::Utc;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};

use crate::classify::{self, Numbers, UNEXPECTED, Verdict};
use crate::client::Shared;
use crate::error::{Error, Inner, Result};
use crate::observe::Attempt;
use crate::operation::Operation;
use crate::outcome::{self, NoAnswer, Outcome};
use crate::request::CallOptions;
use crate::retry::{self, Failed};
use crate::retry_after;

/// Carries an operation out.
pub(crate) async fn call<O: Operation>(
    shared: &Shared,
    operation: &O,
    options: &CallOptions,
    headers: HeaderMap,
) -> Result<O::Output> {
    let deadline = Instant::now() + options.timeout.unwrap_or(shared.timeout);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let error = match attempt(shared, operation, &headers, attempts, deadline).await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        let failed = Failed {
            attempts,
            retryable: error.is_retryable(),
            retry_after: error.retry_after(),
            remaining: deadline.saturating_duration_since(Instant::now()),
        };
        match retry::wait(&shared.retry, failed, fastrand::f64()) {
            None => return Err(error),
            Some(wait) => sleep(wait).await,
        }
    }
}

/// One request and what it led to.
async fn attempt<O: Operation>(
    shared: &Shared,
    operation: &O,
    headers: &HeaderMap,
    attempts: u32,
    deadline: Instant,
) -> Result<O::Output> {
    let span = Attempt::begin(&shared.host, O::PATH, attempts);
    let context = CallContext::new(headers.clone(), shared.max_response_bytes);
    let api = Client::new_with_client(&shared.host.base_url, shared.http.clone(), context);
    // Pinned here, as it is too large to be moved about.
    let exchange = pin!(async { outcome::read(operation.send(&api).await).await });
    let outcome = match timeout_at(deadline, span.run(exchange)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::NoAnswer(NoAnswer::deadline()),
    };
    if let Outcome::Reply(reply) = &outcome {
        span.reply(reply);
    }
    let result = conclude::<O>(outcome, api.context().head(), attempts, operation.hint());
    span.end(api.context().head(), result.as_ref().err());
    result
}

/// Turns what became of an attempt into its result.
fn conclude<O: Operation>(
    outcome: Outcome<O::Data>,
    head: Option<&ResponseHead>,
    attempts: u32,
    hint: Option<&'static str>,
) -> Result<O::Output> {
    let mut inner = Inner {
        attempts,
        http_status: head.map(|head| head.http_status),
        retry_after: head
            .and_then(|head| head.headers.get(RETRY_AFTER))
            .and_then(|value| retry_after::parse(value.as_bytes(), Utc::now())),
        ..Inner::default()
    };
    let http_status = inner.http_status.unwrap_or_default();
    let verdict = match outcome {
        Outcome::NoAnswer(NoAnswer {
            kind,
            code_state,
            timed_out,
            source,
        }) => {
            inner.timed_out = timed_out;
            inner.source = source;
            Verdict { kind, code_state }
        }
        Outcome::NotAReply(source) => {
            inner.source = source;
            let numbers = Numbers {
                http_status,
                ..Numbers::default()
            };
            classify::verdict(numbers).unwrap_or(UNEXPECTED)
        }
        Outcome::Reply(reply) => {
            let numbers = Numbers {
                http_status,
                status_code: Some(reply.status_code),
                errcode: reply.wechat.errcode,
            };
            let (reply, verdict) = match classify::verdict(numbers) {
                Some(verdict) => (reply, verdict),
                None => match O::finish(reply) {
                    Ok(output) => return Ok(output),
                    Err(reply) => (reply, UNEXPECTED),
                },
            };
            inner.hint = hint;
            note(&mut inner, reply);
            verdict
        }
    };
    inner.kind = verdict.kind;
    inner.code_state = verdict.code_state;
    Err(Error::new(inner))
}

/// Keeps what a reply says of itself.
fn note<D>(inner: &mut Inner, reply: Reply<D>) {
    inner.status_code = Some(reply.status_code);
    inner.api_code = reply.envelope.api_code;
    inner.message = reply.envelope.message;
    inner.request_id = reply.envelope.request_id.map(UntrustedText::into_string);
    inner.wechat_errcode = reply.wechat.errcode;
    inner.wechat_errmsg = reply.wechat.errmsg;
}

#[cfg(test)]
mod tests;
