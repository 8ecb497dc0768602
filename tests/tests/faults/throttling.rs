//! Throttling: waits that are asked for are kept, and none is begun that would pass the deadline.
//!
//! The decision's own table stands beside it (`retry::tests`, `retry_after::tests`), where time
//! is a parameter. Broken on purpose: leaving `Retry-After` out of the wait turns
//! `a_wait_that_is_asked_for_is_kept` red; beginning every wait turns the table's
//! `a_wait_that_would_reach_the_deadline_is_not_begun` red.

use std::time::{Duration, Instant};

use authing::{AuthenticationClient, CodeState, ErrorKind, RetryPolicy};
use authing_tests::judge::{Judge, Reply, Script};
use serde_json::json;

use crate::proofs::{CONNECTION, KEY, builder, random_code};

fn refusal(retry_after: Option<&str>) -> Reply {
    let reply = Reply::json(429, &json!({"statusCode": 429, "message": "x"}));
    match retry_after {
        Some(value) => reply.header("retry-after", value),
        None => reply,
    }
}

/// Refuses so many requests, then answers.
fn refuse(times: usize, retry_after: Option<&str>) -> Judge {
    let refusal = refusal(retry_after);
    Judge::start(Script::by_request(move |request| {
        if request.number < times {
            return refusal.clone().into();
        }
        authing_tests::phone::reply_for_request(KEY, request).into()
    }))
}

fn client(judge: &Judge) -> AuthenticationClient {
    builder(judge.base_url()).build().unwrap()
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_kept() {
    let judge = refuse(1, Some("1"));
    client(&judge)
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .await
        .unwrap();
    let times: Vec<Instant> = judge
        .requests()
        .iter()
        .map(|each| each.received_at)
        .collect();
    let [first, second] = times[..] else {
        panic!("{} requests", times.len())
    };
    let wait = second - first;
    assert!(wait >= Duration::from_millis(990), "{wait:?}");
    assert!(wait < Duration::from_secs(3), "{wait:?}");
    assert_eq!(judge.connection_count(), 1);
}

/// Without a wait that can be read, the backoff alone counts: 100 ms at most, then 200 ms.
#[tokio::test]
async fn garbage_is_no_wait() {
    for value in [
        None,
        Some("0"),
        Some("-5"),
        Some("soon"),
        Some("1e9"),
        Some("1.5"),
        Some(""),
    ] {
        let judge = refuse(2, value);
        let begun = Instant::now();
        let call = client(&judge).get_wechat_miniprogram_phone(random_code(), CONNECTION);
        call.await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(3), "{value:?}");
        assert_eq!(judge.request_count(), 3, "{value:?}");
    }
}

#[tokio::test]
async fn a_date_that_has_passed_is_no_wait_and_one_to_come_is() {
    let judge = refuse(1, Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    client(&judge)
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .await
        .unwrap();
    assert_eq!(judge.request_count(), 2);

    let judge = refuse(1, Some("Tue, 31 Dec 2199 23:59:59 GMT"));
    let call = client(&judge).get_wechat_miniprogram_phone(random_code(), CONNECTION);
    let error = call.await.unwrap_err();
    assert!(error.retry_after().unwrap() > Duration::from_secs(86_400 * 365));
    assert_eq!((judge.request_count(), error.attempts()), (1, 1));
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_begun() {
    for value in [
        "19",
        "20",
        "60",
        "18446744073709551615",
        "99999999999999999999999999",
    ] {
        let judge = refuse(1, Some(value));
        let builder = builder(judge.base_url()).timeout(Duration::from_secs(19));
        let begun = Instant::now();
        let call = builder
            .build()
            .unwrap()
            .get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5), "{value}");
        assert_eq!(
            (error.kind(), error.code_state()),
            (ErrorKind::Throttled, CodeState::Unspent)
        );
        assert!(error.is_retryable() && !error.is_timeout(), "{value}");
        assert!(
            error.retry_after().unwrap() >= Duration::from_secs(19),
            "{value}"
        );
        assert_eq!((judge.request_count(), error.attempts()), (1, 1), "{value}");
    }
}

#[tokio::test]
async fn the_policy_bounds_the_attempts() {
    let judge = Judge::start(refusal(Some("0")));
    let call = client(&judge).get_wechat_miniprogram_phone(random_code(), CONNECTION);
    assert_eq!(call.await.unwrap_err().attempts(), 3);
    assert_eq!(judge.request_count(), 3);

    let judge = Judge::start(refusal(Some("0")));
    let never = builder(judge.base_url())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let call = never.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    assert_eq!(call.await.unwrap_err().attempts(), 1);
    assert_eq!(judge.request_count(), 1);
}

/// A wait is part of the call: dropping the call ends it, and nothing more is sent.
#[tokio::test]
async fn a_call_dropped_while_it_waits_sends_nothing_more() {
    let judge = refuse(1, Some("1"));
    let client = client(&judge);
    let call = client
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .into_future();
    assert!(
        tokio::time::timeout(Duration::from_millis(300), call)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(judge.request_count(), 1);
}
