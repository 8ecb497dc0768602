//! Faults that a whole HTTP reply can express: delays, replies in the place of the real one.

use std::time::{Duration, Instant};

use authing_sandbox::{
    AttemptResult, CodeStatus, CutAt, CutHow, Ending, Fault, FaultError, MAX_DELAY, MAX_FAULT_BODY,
    MAX_FAULTS, Outcome, Sandbox, Shape, State, app,
};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::client::{APP, DEADLINE, JSON, exchange, exchange_request};
use crate::server::wait_for;

const PHONE: &str = "13800138000";

#[tokio::test]
async fn faults_apply_in_turn_and_as_often_as_they_say() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.push_fault(Fault::reply(200, 500).times(2)).unwrap();
    sandbox.push_fault(Fault::reply(503, 503)).unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let code = sandbox.issue_code(PHONE).unwrap();
        let answer = exchange(&sandbox, &code).await;
        seen.push((answer.status, answer.json()["statusCode"].as_i64().unwrap()));
    }
    assert_eq!(seen, [(200, 500), (200, 500), (503, 503), (200, 200)]);

    sandbox.push_fault(Fault::wechat(-1).permanent()).unwrap();
    for _ in 0..3 {
        assert_eq!(exchange(&sandbox, "x").await.errcode(), Some(-1));
    }
    assert_eq!(sandbox.state().faults().len(), 1);
    sandbox.state().clear_faults();
    assert_eq!(exchange(&sandbox, "x").await.errcode(), Some(40029));
}

#[tokio::test]
async fn a_reply_in_the_place_of_the_real_one_consumes_the_code_only_if_told() {
    let sandbox = Sandbox::start().await.unwrap();
    for consume in [false, true] {
        let code = sandbox.issue_code(PHONE).unwrap();
        let fault = Fault::reply(200, 602)
            .api_code(4021)
            .message("third party")
            .consume(consume);
        sandbox.push_fault(fault).unwrap();
        let reply = exchange(&sandbox, &code).await.json();
        assert_eq!(
            (&reply["statusCode"], &reply["apiCode"], &reply["message"]),
            (&json!(602), &json!(4021), &json!("third party"))
        );
        let entry = sandbox.entry(&code).unwrap();
        let record = sandbox.requests().pop().unwrap();
        assert_eq!(record.fault, Some("reply"));
        assert_eq!(record.ending, Ending::Replied);
        if consume {
            assert_eq!(entry.status, CodeStatus::Consumed);
            assert_eq!(
                (entry.consumed_by, record.outcome),
                (Some(record.number), Outcome::Granted)
            );
        } else {
            assert_eq!(entry.status, CodeStatus::Issued);
            assert_eq!(entry.attempts[0].result, AttemptResult::NotProcessed);
            assert_eq!(record.outcome, Outcome::NotProcessed);
        }
    }
}

#[tokio::test]
async fn a_scripted_throttle_says_retry_after_as_it_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    for value in ["7", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "soon"] {
        sandbox.push_fault(Fault::throttle(Some(value))).unwrap();
        let answer = exchange(&sandbox, "x").await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (429, Some(value))
        );
        assert_eq!(answer.json()["statusCode"], 429);
    }
    sandbox.push_fault(Fault::throttle(None)).unwrap();
    assert_eq!(exchange(&sandbox, "x").await.header("retry-after"), None);
}

#[tokio::test]
async fn wechat_refuses_with_any_errcode_where_the_shape_puts_it() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox
        .push_fault(Fault::wechat(45011).message("quota").times(2))
        .unwrap();
    let nested = exchange(&sandbox, "x").await.json();
    assert_eq!(
        (&nested["statusCode"], &nested["data"]["errcode"]),
        (&json!(200), &json!(45011))
    );
    assert!(
        nested["data"]["errmsg"]
            .as_str()
            .unwrap()
            .starts_with("quota, rid: ")
    );
    sandbox.set_shape(Shape::BesideStatus);
    assert_eq!(exchange(&sandbox, "x").await.json()["errcode"], 45011);
}

#[tokio::test]
async fn raw_replies_are_written_as_they_are() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = vec![0xff, 0xfe, 0, b'{'];
    let fault =
        Fault::raw(307, "text/x-odd", body.clone()).header("location", "http://127.0.0.1:1/");
    sandbox.push_fault(fault).unwrap();
    let answer = exchange(&sandbox, "x").await;
    assert_eq!((answer.status, answer.body.clone()), (307, body));
    assert_eq!(answer.header("content-type"), Some("text/x-odd"));
    assert_eq!(answer.header("location"), Some("http://127.0.0.1:1/"));
}

#[tokio::test]
async fn a_delay_comes_after_the_code_is_consumed_or_before() {
    let sandbox = Sandbox::start().await.unwrap();
    let delay = Duration::from_millis(100);
    for consume in [true, false] {
        let code = sandbox.issue_code(PHONE).unwrap();
        sandbox
            .push_fault(Fault::delay(delay).consume(consume))
            .unwrap();
        let begun = Instant::now();
        let reply = exchange(&sandbox, &code).await.json();
        assert!(begun.elapsed() >= delay);
        // It is late, and otherwise what it would have been.
        assert_eq!(reply["data"]["purePhoneNumber"], PHONE);
        assert_eq!(sandbox.requests().pop().unwrap().outcome, Outcome::Granted);
    }

    for consume in [true, false] {
        let hour = Fault::delay(Duration::from_secs(3600)).consume(consume);
        sandbox.push_fault(hour).unwrap();
        let code = sandbox.issue_code(PHONE).unwrap();
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        stream.write_all(&exchange_request(&code)).await.unwrap();
        wait_for(&sandbox, |sandbox| {
            sandbox
                .requests()
                .pop()
                .is_some_and(|record| record.fault == Some("delay"))
        })
        .await;
        drop(stream);
        wait_for(&sandbox, |sandbox| {
            sandbox
                .requests()
                .pop()
                .is_some_and(|record| record.ending == Ending::ClientGone)
        })
        .await;
        let status = if consume {
            CodeStatus::Consumed
        } else {
            CodeStatus::Issued
        };
        assert_eq!(sandbox.entry(&code).unwrap().status, status);
    }
}

#[tokio::test]
async fn what_could_not_be_carried_out_is_refused() {
    let state = State::new();
    let long = MAX_DELAY + Duration::from_nanos(1);
    let too_large = vec![0; MAX_FAULT_BODY + 1];
    for (fault, error) in [
        (Fault::reply(200, 500).times(0), FaultError::Times),
        (Fault::delay(long), FaultError::Delay),
        (Fault::drip(long), FaultError::Delay),
        (Fault::reply(199, 500), FaultError::HttpStatus),
        (Fault::raw(600, "text/html", ""), FaultError::HttpStatus),
        (
            Fault::raw(200, "text/html", too_large.clone()),
            FaultError::BodyTooLarge,
        ),
        (Fault::garbage(too_large), FaultError::BodyTooLarge),
        (Fault::throttle(Some("1\r\nx: y")), FaultError::Header),
        (
            Fault::reply(200, 500).header("Content-Length", "1"),
            FaultError::Header,
        ),
        (Fault::reply(200, 500).header("", "1"), FaultError::Header),
    ] {
        assert_eq!(state.push_fault(fault), Err(error));
    }
    for _ in 0..MAX_FAULTS {
        state.push_fault(Fault::wechat(-1)).unwrap();
    }
    assert_eq!(
        state.push_fault(Fault::wechat(-1)),
        Err(FaultError::QueueFull)
    );
}

#[tokio::test]
async fn the_router_works_without_a_socket() {
    let state = State::new();
    let mut router = app(state.clone());
    let code = state.issue_code(PHONE).unwrap();
    let mut call = async || {
        let body = crate::client::body(&code, authing_sandbox::DEFAULT_CONNECTION);
        let request = Request::post(authing_sandbox::EXCHANGE_PATH)
            .header(JSON.0, JSON.1)
            .header(APP.0, APP.1)
            .body(Body::from(body))
            .unwrap();
        let response = tokio::time::timeout(DEADLINE, router.call(request))
            .await
            .unwrap()
            .unwrap();
        let status = response.status().as_u16();
        (
            status,
            to_bytes(response.into_body(), usize::MAX).await.unwrap(),
        )
    };
    state
        .push_fault(Fault::cut(CutAt::Request, CutHow::Fin))
        .unwrap();
    let (status, body) = call().await;
    assert_eq!(
        (status, &body[..]),
        (500, &b"this fault needs a socket"[..])
    );
    assert_eq!(state.entry(&code).unwrap().status, CodeStatus::Issued);
    assert_eq!(call().await.0, 200);
    assert_eq!(state.entry(&code).unwrap().status, CodeStatus::Consumed);
}
