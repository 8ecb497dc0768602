//! The verdict is true: `code_state()` against the ledger, and every row of the error table.
//!
//! Broken on purpose: `Unspent` for a transport error turns `the_ledger_agrees_with_every_verdict`
//! red; `Unknown` for everything turns `every_row_of_the_table_yields_what_it_lists` red.

use std::collections::BTreeSet;
use std::time::Duration;

use authing::{AuthenticationClient, CodeState, Error, ErrorKind, RetryPolicy};
use authing_sandbox::{CodeStatus, CutAt, CutHow, Fault, Sandbox, Shape};
use authing_tests::judge::{Action, DeafListener, Judge, Reply, refused_addr};
use serde_json::json;

use crate::proofs::{CONNECTION, builder, random_code};

const NUMBER: &str = "+8613800138000";

fn client(sandbox: &Sandbox) -> AuthenticationClient {
    AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(authing_sandbox::DEFAULT_APP_ID)
        .retry(RetryPolicy::never())
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap()
}

/// All faults of the sandbox, each before and, where it can be, after the code is consumed.
fn faults() -> Vec<Fault> {
    let mut faults = vec![
        Fault::throttle(None),
        Fault::throttle(Some("0")),
        Fault::delay(Duration::from_secs(2)).consume(false),
        Fault::delay(Duration::from_secs(2)),
        Fault::drip(Duration::from_millis(200)).consume(false),
        Fault::drip(Duration::from_millis(200)),
    ];
    for how in [CutHow::Fin, CutHow::Reset] {
        faults.push(Fault::cut(CutAt::Accept, how));
        for bytes in [0, 10, 300] {
            faults.push(Fault::cut(CutAt::RequestBytes(bytes), how));
        }
        for at in [CutAt::Request, CutAt::StatusLine, CutAt::HalfBody] {
            faults.push(Fault::cut(at, how));
            faults.push(Fault::cut(at, how).consume(true));
        }
        faults.push(Fault::cut(CutAt::Reply, how));
    }
    for consume in [false, true] {
        for status_code in [
            400, 401, 402, 403, 404, 409, 413, 422, 499, 500, 503, 601, 603, 700,
        ] {
            faults.push(Fault::reply(200, status_code).consume(consume));
        }
        for (http, status_code) in [(500, 500), (503, 200), (429, 200), (429, 500), (401, 401)] {
            faults.push(Fault::reply(http, status_code).consume(consume));
        }
        for errcode in [
            -1, 40013, 40001, 41001, 42001, 45011, 47001, 48001, 61007, 99999,
        ] {
            faults.push(Fault::wechat(errcode).consume(consume));
        }
        for status in [200, 302, 400, 403, 500, 502, 503] {
            faults.push(Fault::raw(status, "text/html", "<html>").consume(consume));
        }
        faults.push(Fault::garbage("\u{0}garbage\r\n\r\n").consume(consume));
        faults
            .push(Fault::garbage("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").consume(consume));
    }
    faults
}

/// Says what the ledger knows against what the call said.
fn agree(sandbox: &Sandbox, code: &str, what: &str, outcome: Result<(), &Error>) {
    let status = sandbox.entry(code).map(|entry| entry.status);
    match outcome {
        Ok(()) => assert_eq!(status, Some(CodeStatus::Consumed), "{what}"),
        Err(error) => match error.code_state() {
            CodeState::Unspent => assert_eq!(status, Some(CodeStatus::Issued), "{what}: {error:?}"),
            CodeState::Spent => assert_ne!(status, Some(CodeStatus::Issued), "{what}: {error:?}"),
            _ => {}
        },
    }
}

#[tokio::test]
async fn the_ledger_agrees_with_every_verdict() {
    let mut seen = BTreeSet::new();
    for shape in [Shape::Documented, Shape::Nested] {
        for fault in faults() {
            let sandbox = Sandbox::builder().shape(shape).start().await.unwrap();
            let client = client(&sandbox);
            let code = sandbox.issue_code(NUMBER).unwrap();
            let what = format!("{shape:?}, {fault:?}");
            sandbox.push_fault(fault).unwrap();
            let outcome = client.get_wechat_miniprogram_phone(&code, CONNECTION).await;
            agree(&sandbox, &code, &what, outcome.as_ref().map(drop));
            seen.insert(
                outcome
                    .err()
                    .map(|e| format!("{:?} {:?}", e.kind(), e.code_state())),
            );
        }
    }
    assert!(seen.len() > 8, "{seen:?}");
}

/// What WeChat itself refuses: used, expired, unknown, of wx.login, of another mini program.
#[tokio::test]
async fn codes_that_can_never_work_are_spent() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let refused = async |code: &str, what: &str| {
        let outcome = client.get_wechat_miniprogram_phone(code, CONNECTION).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code_state(), CodeState::Spent, "{what}: {error:?}");
        agree(&sandbox, code, what, Err(&error));
    };
    let used = sandbox.issue_code(NUMBER).unwrap();
    client
        .get_wechat_miniprogram_phone(&used, CONNECTION)
        .await
        .unwrap();
    refused(&used, "used").await;
    refused(&random_code(), "never issued").await;
    let expired = sandbox.issue_code(NUMBER).unwrap();
    sandbox.clock().advance(Duration::from_secs(301));
    refused(&expired, "expired").await;
}

/// The sandbox's own limit, not a scripted one: what it refuses can be sent again.
#[tokio::test]
async fn a_throttled_code_is_unspent_and_works_later() {
    let sandbox = Sandbox::builder()
        .rate_limit(Some(1))
        .manual_clock(true)
        .start()
        .await
        .unwrap();
    let client = client(&sandbox);
    let codes = [NUMBER, NUMBER].map(|number| sandbox.issue_code(number).unwrap());
    client
        .get_wechat_miniprogram_phone(&codes[0], CONNECTION)
        .await
        .unwrap();
    let throttled = client
        .get_wechat_miniprogram_phone(&codes[1], CONNECTION)
        .await;
    let error = throttled.unwrap_err();
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Throttled, CodeState::Unspent)
    );
    agree(&sandbox, &codes[1], "throttled", Err(&error));
    sandbox.clock().advance(Duration::from_secs(1));
    client
        .get_wechat_miniprogram_phone(&codes[1], CONNECTION)
        .await
        .unwrap();
}

async fn fails(base_url: String, timeout: u64) -> Error {
    let builder = builder(base_url).retry(RetryPolicy::never());
    let client = builder
        .timeout(Duration::from_millis(timeout))
        .build()
        .unwrap();
    client
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .await
        .unwrap_err()
}

/// The table of the error kinds, row by row, with its state.
#[tokio::test]
async fn every_row_of_the_table_yields_what_it_lists() {
    use CodeState::{Spent, Unknown, Unspent};
    let far = 10_000;
    let config = builder("ftp://a.example").build().unwrap_err();
    assert_eq!(
        (config.kind(), config.code_state()),
        (ErrorKind::Config, Unspent)
    );
    let judge = Judge::start(Reply::new(200));
    let client = builder(judge.base_url()).build().unwrap();
    let error = client
        .get_wechat_miniprogram_phone("", CONNECTION)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::InvalidArgument, Unspent)
    );

    let error = fails(format!("http://{}", refused_addr()), far).await;
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Connect, Unspent)
    );
    assert!(!error.is_timeout());
    if let Some(deaf) = DeafListener::start() {
        let error = fails(format!("http://{}", deaf.addr()), 400).await;
        assert_eq!(
            (error.kind(), error.code_state()),
            (ErrorKind::Connect, Unspent)
        );
        assert!(error.is_timeout());
    }
    let silent = Judge::start(Action::NeverAnswer);
    let error = fails(silent.base_url(), 200).await;
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Timeout, Unknown)
    );

    let envelope = |code: i32| Reply::json(200, &json!({"statusCode": code, "message": "x"}));
    let wechat = |errcode: i64| {
        Reply::json(
            200,
            &json!({"statusCode": 200, "data": {"errcode": errcode}}),
        )
    };
    let broken = Action::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{");
    let unparsable = Action::raw("HTTP/1.1 abc\r\n\r\n");
    let rows: Vec<(Action, ErrorKind, CodeState)> = [
        (wechat(40029), ErrorKind::CodeRejected, Spent),
        (wechat(40163), ErrorKind::CodeRejected, Spent),
        (Reply::new(429), ErrorKind::Throttled, Unspent),
        (envelope(429), ErrorKind::Throttled, Unspent),
        (wechat(45011), ErrorKind::Throttled, Unknown),
        (envelope(400), ErrorKind::Misconfigured, Unknown),
        (envelope(422), ErrorKind::Misconfigured, Unknown),
        (wechat(48001), ErrorKind::Misconfigured, Unknown),
        (Reply::new(404), ErrorKind::Misconfigured, Unknown),
        (envelope(602), ErrorKind::Upstream, Unknown),
        (wechat(-1), ErrorKind::Upstream, Unknown),
        (wechat(12345), ErrorKind::Upstream, Unknown),
        (envelope(500), ErrorKind::Service, Unknown),
        (Reply::new(503), ErrorKind::Service, Unknown),
        (envelope(200), ErrorKind::UnexpectedResponse, Unknown),
        (
            Reply::new(200).body("<html>"),
            ErrorKind::UnexpectedResponse,
            Unknown,
        ),
        (Reply::new(302), ErrorKind::UnexpectedResponse, Unknown),
        (envelope(409), ErrorKind::Api, Unknown),
    ]
    .into_iter()
    .map(|(reply, kind, state)| (reply.into(), kind, state))
    .chain([
        (broken, ErrorKind::Transport, Unknown),
        (unparsable, ErrorKind::UnexpectedResponse, Unknown),
    ])
    .collect();
    for (action, kind, code_state) in rows {
        let what = format!("{action:?}");
        let judge = Judge::start(action);
        let error = fails(judge.base_url(), far).await;
        assert_eq!(
            (error.kind(), error.code_state()),
            (kind, code_state),
            "{what}"
        );
        assert_eq!(judge.request_count(), 1, "{what}");
    }
}

/// A head that arrived is told, though the body broke; and one that says 429 promises nothing
/// unless the answer is whole.
#[tokio::test]
async fn half_an_answer_is_no_promise() {
    for status in ["200 OK", "429 Too Many Requests"] {
        let head = format!("HTTP/1.1 {status}\r\nretry-after: 0\r\ncontent-length: 9\r\n\r\n{{");
        let judge = Judge::start(Action::raw(head));
        let client = builder(judge.base_url()).build().unwrap();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code_state()),
            (ErrorKind::Transport, CodeState::Unknown)
        );
        assert_eq!(error.http_status().map(u64::from), status[..3].parse().ok());
        assert_eq!(judge.request_count(), 1);
    }
}
