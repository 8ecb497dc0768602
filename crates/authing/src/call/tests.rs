//! The call with an operation that needs no network, and a clock that stands until it is waited for.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use authing_api::reply::PhoneData;
use progenitor_client::ResponseValue;
use reqwest::StatusCode;
use reqwest::header::{HeaderValue, RETRY_AFTER};

use super::*;
use crate::error::{CodeState, ErrorKind};
use crate::operation::Sent;
use crate::{AuthenticationClient, RetryPolicy};

const THROTTLED: &str = r#"{"statusCode":429,"message":"m","apiCode":7,"requestId":"r"}"#;
const FAILED: &str = r#"{"statusCode":500}"#;
/// Without a head, which only the wire has, this is no success; it ends the call all the same.
const GOOD: &str = r#"{"statusCode":200}"#;

/// Answers with one body after another, each after a while; the output is their count so far.
struct Scripted {
    answers: Mutex<VecDeque<&'static str>>,
    each_takes: Duration,
    sent: Mutex<u32>,
}

impl Operation for Scripted {
    const PATH: &'static str = "/";
    type Data = PhoneData;
    type Output = u32;

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn hint(&self) -> Option<&'static str> {
        Some("a hint")
    }

    async fn send(&self, _: &Client) -> Sent<PhoneData> {
        *self.sent.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        sleep(self.each_takes).await;
        let reply = Reply::from_slice(answer.as_bytes()).unwrap();
        Ok(ResponseValue::new(reply, StatusCode::OK, HeaderMap::new()))
    }

    fn finish(reply: Reply<PhoneData>) -> Result<u32, Reply<PhoneData>> {
        Ok(u32::try_from(reply.status_code).unwrap())
    }
}

struct Ran {
    result: Result<u32>,
    sent: u32,
    took: Duration,
}

/// Runs the call with answers that take so long each, within so much time.
async fn run(answers: &[&'static str], each_takes: u64, timeout: u64, retry: RetryPolicy) -> Ran {
    let client = AuthenticationClient::builder()
        .app_host("http://127.0.0.1:9")
        .app_id("app")
        .timeout(Duration::from_millis(timeout))
        .retry(retry)
        .build()
        .unwrap();
    let operation = Scripted {
        answers: Mutex::new(answers.iter().copied().collect()),
        each_takes: Duration::from_millis(each_takes),
        sent: Mutex::default(),
    };
    let begun = Instant::now();
    let options = CallOptions::default();
    // Whatever is wrong with the deadline must end the test, not hang it.
    let call = call(client.shared(), &operation, &options, HeaderMap::new());
    let result = timeout_at(begun + Duration::from_secs(3600), call)
        .await
        .unwrap();
    let sent = *operation.sent.lock().unwrap();
    Ran {
        result,
        sent,
        took: begun.elapsed(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_unspent_throttling_is_retried_and_nothing_else_is() {
    let ran = run(
        &[THROTTLED, THROTTLED, GOOD],
        0,
        10_000,
        RetryPolicy::default(),
    )
    .await;
    let error = ran.result.unwrap_err();
    assert_eq!(
        (error.status_code(), error.attempts(), ran.sent),
        (Some(200), 3, 3)
    );
    // Full jitter: 100 ms at most, then 200 ms at most.
    assert!(ran.took <= Duration::from_millis(302), "{:?}", ran.took);

    let ran = run(&[THROTTLED; 4], 0, 10_000, RetryPolicy::default()).await;
    let error = ran.result.unwrap_err();
    assert_eq!((ran.sent, error.attempts()), (3, 3));
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Throttled, CodeState::Unspent)
    );
    assert_eq!(
        (error.status_code(), error.api_code()),
        (Some(429), Some(7))
    );
    assert_eq!(
        (error.message(), error.request_id()),
        (Some("m"), Some("r"))
    );
    assert!(error.to_string().ends_with("(a hint)"));

    let ran = run(&[THROTTLED, GOOD], 0, 10_000, RetryPolicy::never()).await;
    assert_eq!((ran.sent, ran.result.unwrap_err().attempts()), (1, 1));

    let ran = run(&[FAILED, GOOD], 0, 10_000, RetryPolicy::default()).await;
    let error = ran.result.unwrap_err();
    assert_eq!((ran.sent, error.kind()), (1, ErrorKind::Service));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_from_the_beginning_of_the_call() {
    let ran = run(&[GOOD], 999, 1000, RetryPolicy::default()).await;
    assert_eq!(ran.result.unwrap_err().status_code(), Some(200));

    let ran = run(&[GOOD], 60_000, 1000, RetryPolicy::default()).await;
    let error = ran.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Timeout, CodeState::Unknown)
    );
    assert!(error.is_timeout() && ran.sent == 1);
    assert!(ran.took >= Duration::from_secs(1) && ran.took < Duration::from_millis(1010));

    // The second attempt has only what the first and the wait have left.
    let ran = run(&[THROTTLED, GOOD], 600, 1000, RetryPolicy::default()).await;
    let error = ran.result.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), ran.sent),
        (ErrorKind::Timeout, 2, 2)
    );
    assert!(ran.took < Duration::from_millis(1010), "{:?}", ran.took);
}

fn head(http_status: u16, retry_after: Option<&'static str>) -> ResponseHead {
    let retry_after = retry_after.map(|value| (RETRY_AFTER, HeaderValue::from_static(value)));
    ResponseHead::new(http_status, retry_after.into_iter().collect())
}

fn concluded(outcome: Outcome<PhoneData>, head: Option<ResponseHead>) -> Error {
    conclude::<Scripted>(outcome, head.as_ref(), 2, Some("a hint")).unwrap_err()
}

#[test]
fn a_conclusion_keeps_what_is_known() {
    let page = || Outcome::NotAReply(Some("cause".into()));
    let error = concluded(page(), Some(head(503, Some("7"))));
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Service, CodeState::Unknown)
    );
    assert_eq!((error.http_status(), error.attempts()), (Some(503), 2));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(std::error::Error::source(&error).is_some());
    // A hint is about what the service said of the code, so it needs a reply.
    assert!(!error.to_string().contains("a hint"));

    let error = concluded(page(), Some(head(429, None)));
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Throttled, CodeState::Unspent)
    );
    let error = concluded(page(), None);
    assert_eq!(
        (error.kind(), error.http_status()),
        (ErrorKind::UnexpectedResponse, None)
    );

    let error = concluded(
        Outcome::NoAnswer(NoAnswer::deadline()),
        Some(head(200, None)),
    );
    assert_eq!(
        (error.kind(), error.is_timeout()),
        (ErrorKind::Timeout, true)
    );
    assert_eq!(
        (error.http_status(), error.retry_after()),
        (Some(200), None)
    );
}

#[test]
fn a_reply_is_judged_with_its_head() {
    let reply = |text: &str| Outcome::Reply(Reply::from_slice(text.as_bytes()).unwrap());
    let done = conclude::<Scripted>(reply(GOOD), Some(&head(200, None)), 1, None);
    assert_eq!(done.unwrap(), 200);
    // Success by the body alone is none.
    let error = concluded(reply(GOOD), Some(head(500, None)));
    assert_eq!(
        (error.kind(), error.status_code()),
        (ErrorKind::Service, Some(200))
    );
    let refused =
        r#"{"statusCode":200,"errcode":40163,"errmsg":"rid: 632d16be-15ad5486-1e378de4"}"#;
    let error = concluded(reply(refused), Some(head(200, None)));
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::CodeRejected, CodeState::Spent)
    );
    assert_eq!(error.wechat_errcode(), Some(40163));
    assert_eq!(error.wechat_rid(), Some("632d16be-15ad5486-1e378de4"));
}
