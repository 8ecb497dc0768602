//! The server as a whole: limits, connections, start and stop.

use std::time::{Duration, Instant};

use authing_sandbox::{
    AttemptResult, CodeStatus, DEFAULT_CONNECTION, EXCHANGE_PATH, Ending, FREE_PLAN_RATE_LIMIT,
    Fault, Outcome, Refusal, Sandbox,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{
    APP, DEADLINE, End, JSON, body, exchange, exchange_request, read_to_end, request, send,
};

const PHONE: &str = "13800138000";

#[tokio::test]
async fn requests_over_the_rate_limit_are_throttled_and_spare_their_codes() {
    let sandbox = Sandbox::builder()
        .rate_limit(Some(2))
        .manual_clock(true)
        .start()
        .await
        .unwrap();
    let codes: Vec<String> = (0..4).map(|_| sandbox.issue_code(PHONE).unwrap()).collect();
    for code in &codes[..2] {
        assert_eq!(exchange(&sandbox, code).await.json()["statusCode"], 200);
    }
    let answer = exchange(&sandbox, &codes[2]).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(answer.json()["statusCode"], 429);
    let entry = sandbox.entry(&codes[2]).unwrap();
    assert_eq!(entry.status, CodeStatus::Issued);
    assert_eq!(
        entry.attempts[0].result,
        AttemptResult::Refused(Refusal::Throttled)
    );

    sandbox.state().set_retry_after(false);
    assert_eq!(
        exchange(&sandbox, &codes[2]).await.header("retry-after"),
        None
    );

    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(
        exchange(&sandbox, &codes[2]).await.json()["statusCode"],
        200
    );
    sandbox.state().set_rate_limit(None);
    assert_eq!(
        exchange(&sandbox, &codes[3]).await.json()["statusCode"],
        200
    );
    assert_eq!(FREE_PLAN_RATE_LIMIT, 300);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    for _ in 0..3 {
        let code = sandbox.issue_code(PHONE).unwrap();
        let bytes = exchange_request(&code);
        let text = String::from_utf8(bytes)
            .unwrap()
            .replace("connection: close\r\n", "");
        stream.write_all(text.as_bytes()).await.unwrap();
        let recorded = async {
            while sandbox.entry(&code).unwrap().status != CodeStatus::Consumed {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(DEADLINE, recorded).await.unwrap();
    }
    sandbox.shutdown().await;
    let (bytes, end) = read_to_end(&mut stream).await;
    assert_eq!(
        String::from_utf8(bytes)
            .unwrap()
            .matches("HTTP/1.1 200 OK")
            .count(),
        3
    );
    assert_eq!(end, End::Fin);
}

#[tokio::test]
async fn shutdown_closes_connections_and_the_port() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    assert_eq!(sandbox.base_url(), format!("http://{address}"));
    let mut idle = TcpStream::connect(address).await.unwrap();
    // A request that would take an hour must not keep the server.
    sandbox
        .push_fault(Fault::delay(Duration::from_secs(3600)))
        .unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    busy.write_all(&exchange_request(&code)).await.unwrap();
    let begun = Instant::now();
    sandbox.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(read_to_end(&mut idle).await.0, b"");
    assert_eq!(read_to_end(&mut busy).await.0, b"");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dropping_closes_connections_and_the_port() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    sleep(Duration::from_millis(20)).await;
    drop(sandbox);
    assert_eq!(read_to_end(&mut idle).await.0, b"");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn only_loopback_is_bound() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Sandbox::builder()
            .bind(address.parse().unwrap())
            .start()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    let sandbox = Sandbox::start().await.unwrap();
    let error = Sandbox::builder()
        .bind(sandbox.address())
        .start()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains(&sandbox.address().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_that_leaves_early_is_noticed() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    sandbox
        .push_fault(Fault::delay(Duration::from_secs(3600)))
        .unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&exchange_request(&code)).await.unwrap();
    wait_for(&sandbox, |sandbox| {
        sandbox
            .entry(&code)
            .is_some_and(|entry| entry.status == CodeStatus::Consumed)
    })
    .await;
    drop(stream);
    wait_for(&sandbox, |sandbox| {
        sandbox.requests()[0].ending == Ending::ClientGone
    })
    .await;
    let record = sandbox.requests().remove(0);
    assert_eq!(
        (record.outcome, record.http_status),
        (Outcome::Granted, None)
    );
}

#[tokio::test]
async fn half_a_request_never_reaches_its_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let bytes = exchange_request(&code);
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    wait_for(&sandbox, |sandbox| sandbox.state().total_requests() == 1).await;
    drop(stream);
    wait_for(&sandbox, |sandbox| {
        sandbox.requests()[0].ending == Ending::ClientGone
    })
    .await;
    let record = sandbox.requests().remove(0);
    assert_eq!((record.complete, record.outcome), (false, Outcome::Pending));
    assert_eq!(sandbox.entry(&code).unwrap().presented, 0);
}

pub(crate) async fn wait_for(sandbox: &Sandbox, happened: impl Fn(&Sandbox) -> bool) {
    let happens = async {
        while !happened(sandbox) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(DEADLINE, happens).await.unwrap();
}

#[tokio::test]
async fn tokens_are_masked_in_the_log() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = "canary-token";
    let bearer = format!("Bearer {token}");
    for value in [bearer.as_str(), token] {
        let headers = [JSON, APP, ("Authorization", value)];
        let bytes = request(
            "POST",
            EXCHANGE_PATH,
            &headers,
            &body("x", DEFAULT_CONNECTION),
        );
        send(&sandbox, &bytes).await;
    }
    let requests = sandbox.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer ***"));
    assert_eq!(requests[1].header("authorization"), Some("***"));
    assert!(!format!("{requests:?}").contains(token));
}
