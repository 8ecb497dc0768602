//! Any reply: the listed ones bent and broken at random, sent over TCP, and what came of them
//! compared with a plain reading of the same bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use authing::{AuthenticationClient, Error, ErrorKind, RetryPolicy};
use authing_tests::judge::{Judge, Reply, Script};
use authing_tests::scenarios::replies;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

use super::bend::{Case, cases};
use super::{CONNECTION, builder, random_code};

/// A judge that answers with one body after another, and a client that asks for them.
pub(crate) struct Exchange {
    judge: Judge,
    client: AuthenticationClient,
    next: Arc<Mutex<Reply>>,
    runtime: tokio::runtime::Runtime,
}

impl Exchange {
    /// Starts both.
    pub(crate) fn start() -> Self {
        let next = Arc::new(Mutex::new(Reply::new(200)));
        let judge = Judge::start(Script::by_request({
            let next = Arc::clone(&next);
            move |_| {
                next.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone()
                    .into()
            }
        }));
        judge.keep_requests(false);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let client = builder(judge.base_url())
            .retry(RetryPolicy::never())
            .build()
            .expect("a client");
        Self {
            judge,
            client,
            next,
            runtime,
        }
    }

    /// What a call makes of this answer.
    pub(crate) fn of(
        &self,
        reply: Reply,
    ) -> Result<authing::GetWechatMiniProgramPhoneRespDto, Error> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = reply;
        let call = self
            .client
            .get_wechat_miniprogram_phone(random_code(), CONNECTION);
        self.runtime.block_on(call.send())
    }

    /// Sends a case and compares what came of it with [`judged`].
    pub(crate) fn check(&self, case: &Case) -> Result<(), String> {
        let body = case.body();
        let reply = case
            .headers
            .iter()
            .fold(Reply::new(case.http_status), |reply, (name, value)| {
                reply.header(name, value)
            })
            .body(body.clone());
        let before = self.judge.request_count();
        let outcome = self.of(reply);
        if self.judge.request_count() != before + 1 {
            return Err("sent other than once".to_owned());
        }
        // A body is not read where HTTP knows none.
        let has_body = !matches!(case.http_status, 204 | 304);
        judged(case.http_status, has_body.then_some(&body[..]), &outcome)
            .map_err(|why| format!("{why}\nbody: {}", String::from_utf8_lossy(&body)))
    }
}

/// Compares an outcome with what stands in the body, by a reading that shares no code with it.
pub(crate) fn judged(
    http_status: u16,
    body: Option<&[u8]>,
    outcome: &Result<authing::GetWechatMiniProgramPhoneRespDto, Error>,
) -> Result<(), String> {
    let body = body.unwrap_or_default();
    let mut read = serde_json::from_slice::<Value>(body);
    if outcome.is_ok() && read.is_err() {
        // Fields that nobody reads are passed over, whatever bytes they hold.
        read = serde_json::from_str(&String::from_utf8_lossy(body));
    }
    if let Err(error) = &read
        && error.to_string().starts_with("recursion limit")
    {
        // Too deep for the plain reading, which then has no opinion.
        return Ok(());
    }
    let value = read.unwrap_or_default();
    let status_code = value.get("statusCode").and_then(whole);
    let request_id = value.get("requestId").and_then(Value::as_str);
    match outcome {
        Ok(reply) => {
            if status_code != Some(200) || !(200..300).contains(&http_status) {
                return Err(format!("success at {http_status} {status_code:?}"));
            }
            if reply.request_id.as_deref() != request_id {
                return Err("the request id was lost".to_owned());
            }
            let data = &reply.data;
            let stands = |name, text: &str| {
                !text.is_empty() && places(&value).any(|place| spells(place.get(name), text))
            };
            if !stands("phoneNumber", data.phone_number.as_str())
                || !stands("purePhoneNumber", data.pure_phone_number.as_str())
                || !stands("countryCode", data.country_code.as_str())
            {
                return Err("a success whose values do not stand in the body".to_owned());
            }
            let refused = [value.get("errcode"), value["data"].get("errcode")];
            let refused = refused.into_iter().flatten().filter_map(whole);
            if refused.into_iter().any(|errcode| errcode != 0) {
                return Err("a success although WeChat refused".to_owned());
            }
            Ok(())
        }
        Err(error) => {
            if error.http_status() != Some(http_status) || error.attempts() != 1 {
                return Err(format!("the HTTP status was lost: {error:?}"));
            }
            if matches!(
                error.kind(),
                ErrorKind::Config
                    | ErrorKind::InvalidArgument
                    | ErrorKind::Connect
                    | ErrorKind::Timeout
                    | ErrorKind::Transport
            ) {
                return Err(format!("a whole answer, and yet {error:?}"));
            }
            let Some(status_code) = status_code.filter(|_| value.is_object()) else {
                return Ok(());
            };
            // One complete envelope: its numbers and its id must have been kept.
            if error.status_code().map(i64::from) != i32::try_from(status_code).ok().map(i64::from)
            {
                return Err(format!("statusCode {status_code} was lost: {error:?}"));
            }
            if error.request_id() != request_id {
                return Err(format!("the request id was lost: {error:?}"));
            }
            Ok(())
        }
    }
}

/// The objects in which a phone number may stand.
fn places(value: &Value) -> impl Iterator<Item = &Value> {
    [
        value.get("data"),
        value["data"].get("phone_info"),
        value.get("phone_info"),
    ]
    .into_iter()
    .flatten()
}

/// Whether a JSON value spells this text: as a string, with a plus, or as a number.
fn spells(value: Option<&Value>, text: &str) -> bool {
    match value {
        Some(Value::String(own)) => own == text || own.strip_prefix('+') == Some(text),
        Some(number) => whole(number).is_some_and(|number| number.to_string() == text),
        None => false,
    }
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    value
        .as_i64()
        .or_else(|| (number.fract() == 0.0 && number.abs() < 9.2e18).then_some(number as i64))
}

/// This many random cases.
pub(crate) fn prove_random(count: u32) -> Result<String, String> {
    let exchange = Exchange::start();
    let kinds = Mutex::new(BTreeMap::<String, u32>::new());
    let mut runner = TestRunner::new(Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&cases(), |case| {
            let body = case.body();
            let whole = serde_json::from_slice::<Value>(&body).is_ok();
            let kind = if whole { "whole JSON" } else { "no JSON" };
            *kinds
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(kind.to_owned())
                .or_default() += 1;
            exchange.check(&case).map_err(TestCaseError::fail)
        })
        .map_err(|error| error.to_string())?;
    let kinds = kinds.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(format!("{count} random cases, {kinds:?}"))
}

/// Every listed reply cut off at every byte; of the replies, one in `one_in`.
pub(crate) fn prove_cuts(one_in: usize) -> Result<String, String> {
    let exchange = Exchange::start();
    let mut count = 0;
    for scenario in replies().into_iter().step_by(one_in) {
        for length in 0..scenario.body.len() {
            let mut case = Case::plain(&scenario);
            case.cut = Some(length);
            exchange
                .check(&case)
                .map_err(|why| format!("{} cut at {length}: {why}", scenario.name))?;
            count += 1;
        }
    }
    Ok(format!("{count} replies cut off"))
}
