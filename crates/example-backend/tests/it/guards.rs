//! What never gets as far as Authing: bad input, too much of it, too many requests.

use authing_sandbox::{DEFAULT_APP_ID, Sandbox};
use example_backend::MAX_BODY;
use serde_json::{Value, json};

use crate::support::{Backend, NUMBER, settings};

fn fix_request() -> Value {
    json!({ "action": "fix_request" })
}

#[tokio::test]
async fn bad_input_is_refused_and_not_repeated() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"code": null}"#,
        r#"{"code": 5}"#,
        r#"{"code": ""}"#,
        r#"{"code": "a b"}"#,
        r#"{"code": "手机"}"#,
        r#"{"code": "a\r\nx: y"}"#,
    ] {
        backend
            .post(&[], body.to_owned())
            .await
            .is(400, &fix_request());
    }
    let text = r#"{"code": "c0de"}"#.to_owned();
    let answer = backend.post(&[("content-type", "text/plain")], text).await;
    answer.is(415, &fix_request());
    assert_eq!(sandbox.state().total_requests(), 0);
}

#[tokio::test]
async fn a_body_may_be_so_large_and_no_larger() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    let body = |length: usize| format!("{:length$}", r#"{"code": ""}"#);
    let answer = backend.post(&[], body(MAX_BODY)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    backend
        .post(&[], body(MAX_BODY + 1))
        .await
        .is(413, &fix_request());
    assert_eq!(sandbox.state().total_requests(), 0);
}

#[tokio::test]
async fn a_client_over_its_limit_waits_and_others_do_not() {
    let sandbox = Sandbox::start().await.unwrap();
    let settings = settings(&[
        ("REQUESTS_PER_MINUTE", "8"),
        ("CLIENT_ADDRESS_HEADER", "x-real-ip"),
    ]);
    let backend = Backend::start_with(sandbox.base_url(), DEFAULT_APP_ID, &settings).await;
    let ask = async |address: &str| {
        let body = json!({ "code": sandbox.issue_code(NUMBER).unwrap() }).to_string();
        backend.post(&[("x-real-ip", address)], body).await
    };
    // A quarter of them at once.
    for _ in 0..2 {
        assert_eq!(ask("198.51.100.7").await.status, 200);
    }
    let answer = ask("198.51.100.7").await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.json()["action"], "retry");
    let seconds = answer.json()["retryAfterSeconds"].as_u64().unwrap();
    assert!((1..=9).contains(&seconds), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], seconds.to_string());
    assert_eq!(ask("198.51.100.8").await.status, 200);
    assert_eq!(sandbox.state().total_requests(), 3);
}
