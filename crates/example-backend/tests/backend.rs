//! Runs the backend with the sandbox in place of Authing.

#![expect(clippy::unwrap_used, reason = "a failure fails the test")]

use std::future::pending;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use authing::{AuthenticationClient, GetWechatMiniProgramPhoneDataDto};
use authing_sandbox::{CodeStatus, CutAt, DEFAULT_APP_ID, Fault, How, Sandbox};
use example_backend::{AppState, Limits, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const NUMBER: &str = "+8613800138000";

async fn start() -> (Sandbox, SocketAddr, AppState) {
    let sandbox = Sandbox::start().unwrap();
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(DEFAULT_APP_ID)
        .timeout(Duration::from_secs(1));
    let state = AppState::new(client.build().unwrap(), "my-wxapp");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, head) = (2, Duration::from_millis(500));
    let limits = Limits { connections, head };
    tokio::spawn(serve(listener, state.clone(), limits, pending::<()>()));
    (sandbox, address, state)
}

async fn post(address: SocketAddr, body: String) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy();
    let http = http.timeout(Duration::from_secs(10)).build().unwrap();
    let request = http.post(format!("http://{address}/api/phone")).body(body);
    let request = request.header("content-type", "application/json");
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn every_outcome_has_a_next_step() {
    let (sandbox, address, state) = start().await;
    let page = include_str!("../miniprogram/pages/phone/phone.js");
    let answer = |body: &str| Fault::answer(200, "application/json", body);
    let throttle = |wait| Fault::throttle().header("retry-after", wait).permanent();
    for (fault, status, action) in [
        (throttle("7"), 503, "retry"),
        (throttle("60"), 503, "try_later"),
        (Fault::wechat(40029, ""), 422, "tap_again"),
        (Fault::wechat(45011, ""), 503, "try_later"),
        (Fault::wechat(48001, ""), 500, "try_later"),
        (Fault::reply(500), 502, "try_later"),
        (answer("<h1>"), 502, "try_later"),
        (Fault::cut(CutAt::HalfBody, How::Reset), 502, "tap_again"),
        (Fault::delay(Duration::from_secs(2)), 504, "tap_again"),
    ] {
        sandbox.push_fault(fault).unwrap();
        let code = sandbox.issue_code(NUMBER).unwrap();
        let (found, body) = post(address, json!({ "code": code }).to_string()).await;
        assert_eq!((found, &body["action"]), (status, &json!(action)));
        let wait = (action == "retry").then_some(8);
        assert_eq!(body["retryAfterSeconds"].as_u64(), wait);
        assert!(page.contains(&format!("case '{action}':")), "{action}");
        sandbox.clear_faults();
    }
    for (body, status) in [
        ("{".to_owned(), 400),
        (r#"{"code": "a b"}"#.to_owned(), 400),
        (format!("{:2000}", r#"{"code": "x"}"#), 413),
    ] {
        let found = post(address, body).await;
        assert_eq!(found, (status, json!({ "action": "fix_request" })));
    }
    assert!(state.numbers().is_empty());
    let data = GetWechatMiniProgramPhoneDataDto::new("13800138000", "13800138000", "86");
    let body = json!({"statusCode": 200, "data": data});
    sandbox.push_fault(answer(&body.to_string())).unwrap();
    let code = sandbox.issue_code(NUMBER).unwrap();
    let found = post(address, json!({ "code": code }).to_string()).await;
    assert_eq!(found.1, json!({ "maskedPhoneNumber": "138****8000" }));
    assert_eq!(state.numbers(), [NUMBER]);
}

#[tokio::test]
async fn a_number_is_stored_after_the_client_has_disconnected() {
    let (sandbox, address, state) = start().await;
    let code = sandbox.issue_code(NUMBER).unwrap();
    let slow = Fault::delay(Duration::from_millis(500));
    sandbox.push_fault(slow).unwrap();
    let client = tokio::spawn(post(address, json!({ "code": code }).to_string()));
    while sandbox.entry(&code).unwrap().status != CodeStatus::Consumed {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.abort();
    let start = Instant::now();
    while state.numbers() != [NUMBER] {
        let is_early = start.elapsed() < Duration::from_secs(10);
        assert!(is_early, "the number is lost");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Two connections that never finish their heads use up the limit until their time is over.
#[tokio::test(flavor = "multi_thread")]
async fn unfinished_heads_are_limited_in_time_and_number() {
    let (_sandbox, address, _) = start().await;
    let start = Instant::now();
    let mut stalled = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    for stream in &mut stalled {
        let head = b"POST /api/phone HTTP/1.1\r\nhost: ";
        stream.write_all(head).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(post(address, "{".to_owned()).await.0, 400);
    let waited = start.elapsed();
    let expected = Duration::from_millis(400)..Duration::from_secs(5);
    assert!(expected.contains(&waited), "{waited:?}");
}
