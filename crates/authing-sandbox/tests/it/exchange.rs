//! The exchange itself: a code for a phone number, once, for five minutes, by whoever may.

use std::collections::HashSet;
use std::time::Duration;

use authing_sandbox::{
    Application, AttemptResult, CODE_LIFETIME, CodeKind, CodeStatus, DEFAULT_CONNECTION,
    EXCHANGE_PATH, Ending, IssueError, Outcome, PhoneNumberError, Refusal, Sandbox,
};
use serde_json::json;

use crate::client::{APP, JSON, body, exchange, exchange_request, request, send};

const PHONE: &str = "+8613800138000";

#[tokio::test]
async fn a_code_is_exchanged_for_its_phone_number() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let other = sandbox.issue_code("+85251234567").unwrap();
    assert_ne!(code, other);

    let answer = exchange(&sandbox, &code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    let reply = answer.json();
    assert_eq!(reply["statusCode"], 200);
    assert_eq!(reply["message"], "操作成功");
    assert_eq!(reply["requestId"].as_str().unwrap().len(), 36);
    assert_eq!(
        reply["data"],
        json!({ "phoneNumber": PHONE, "purePhoneNumber": "13800138000", "countryCode": "86" })
    );
    let answer = exchange(&sandbox, &other).await;
    assert_eq!(
        answer.json()["data"],
        json!({ "phoneNumber": "+85251234567", "purePhoneNumber": "51234567", "countryCode": "852" })
    );
    assert_ne!(answer.json()["requestId"], reply["requestId"]);

    let entry = sandbox.entry(&code).unwrap();
    assert_eq!(entry.status, CodeStatus::Consumed);
    assert_eq!(entry.phone_number.as_deref(), Some(PHONE));
    assert_eq!(entry.consumed_by, Some(1));
    assert!(entry.consumed_at.unwrap() >= entry.issued_at);
    assert_eq!(entry.expires_at, entry.issued_at + CODE_LIFETIME);
    assert_eq!(sandbox.ledger().len(), 2);

    let requests = sandbox.requests();
    assert_eq!((requests.len(), sandbox.state().total_requests()), (2, 2));
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", EXCHANGE_PATH)
    );
    assert_eq!(requests[0].code.as_deref(), Some(code.as_str()));
    assert_eq!(requests[0].outcome, Outcome::Granted);
    assert_eq!(requests[0].ending, Ending::Replied);
    assert_eq!(requests[0].http_status, Some(200));
    assert_eq!(requests[0].header("x-authing-app-id"), Some(APP.1));
    assert!(requests[0].complete);
}

#[tokio::test]
async fn a_second_use_is_refused_and_written_down() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    exchange(&sandbox, &code).await;
    let first = sandbox.entry(&code).unwrap();

    let answer = exchange(&sandbox, &code).await;
    let reply = answer.json();
    assert_eq!(
        (answer.status, reply["statusCode"].as_i64()),
        (200, Some(200))
    );
    assert_eq!(answer.errcode(), Some(40163));
    let errmsg = reply["data"]["errmsg"].as_str().unwrap();
    let rid = errmsg.split_once(", rid: ").unwrap().1;
    assert_eq!(rid.split('-').map(str::len).collect::<Vec<_>>(), [8, 8, 8]);
    assert!(!answer.body.windows(11).any(|part| part == b"13800138000"));

    let entry = sandbox.entry(&code).unwrap();
    assert_eq!(
        (entry.consumed_by, entry.consumed_at),
        (first.consumed_by, first.consumed_at)
    );
    assert_eq!(entry.presented, 2);
    assert_eq!(
        entry.attempts[1].result,
        AttemptResult::Refused(Refusal::CodeUsed)
    );
    assert_eq!(entry.attempts[1].request, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_requests_at_once_get_one_phone_number() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let bytes = exchange_request(&code);
    let address = sandbox.address();
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let bytes = bytes.clone();
            tokio::spawn(async move { crate::client::talk(address, &bytes).await.0 })
        })
        .collect();
    let (mut granted, mut used) = (0, 0);
    for call in calls {
        let answer = crate::client::Answer::parse(&call.await.unwrap());
        match answer.errcode() {
            None => {
                assert_eq!(answer.json()["data"]["phoneNumber"], PHONE);
                granted += 1;
            }
            Some(errcode) => {
                assert_eq!(errcode, 40163);
                used += 1;
            }
        }
    }
    assert_eq!((granted, used), (1, 63));
    let entry = sandbox.entry(&code).unwrap();
    assert_eq!(entry.presented, 64);
    let accepted: Vec<u64> = entry
        .attempts
        .iter()
        .filter(|attempt| attempt.result == AttemptResult::Accepted)
        .map(|attempt| attempt.request)
        .collect();
    assert_eq!(accepted, [entry.consumed_by.unwrap()]);
}

#[tokio::test]
async fn a_code_expires_after_five_minutes_of_the_sandboxs_clock() {
    let sandbox = Sandbox::builder().manual_clock(true).start().await.unwrap();
    let late = sandbox.issue_code(PHONE).unwrap();
    let in_time = sandbox.issue_code(PHONE).unwrap();
    sandbox.clock().advance(Duration::from_secs(299));
    assert_eq!(exchange(&sandbox, &in_time).await.errcode(), None);
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(sandbox.entry(&late).unwrap().status, CodeStatus::Expired);
    assert_eq!(exchange(&sandbox, &late).await.errcode(), Some(40029));
    let entry = sandbox.entry(&late).unwrap();
    assert_eq!(entry.status, CodeStatus::Expired);
    assert_eq!(entry.consumed_by, None);
    assert_eq!(
        entry.attempts[0].result,
        AttemptResult::Refused(Refusal::CodeExpired)
    );
    // Being used stays true, however much time goes by.
    assert_eq!(
        sandbox.entry(&in_time).unwrap().status,
        CodeStatus::Consumed
    );
    assert_eq!(exchange(&sandbox, &in_time).await.errcode(), Some(40163));
    let counts = sandbox.state().counts();
    assert_eq!((counts.issued, counts.consumed, counts.expired), (0, 1, 1));
}

#[tokio::test]
async fn a_login_code_is_refused_like_an_invalid_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.state().issue_login_code().unwrap();
    assert_eq!(exchange(&sandbox, &code).await.errcode(), Some(40029));
    let entry = sandbox.entry(&code).unwrap();
    assert_eq!(
        (entry.kind, entry.status),
        (CodeKind::Login, CodeStatus::Issued)
    );
    assert_eq!(
        entry.attempts[0].result,
        AttemptResult::Refused(Refusal::LoginCode)
    );
}

#[tokio::test]
async fn a_code_that_was_never_issued_is_refused_and_remembered() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = "0".repeat(64);
    assert_eq!(exchange(&sandbox, &code).await.errcode(), Some(40029));
    let unknown = sandbox.state().unknown_codes();
    assert_eq!(unknown.len(), 1);
    assert_eq!(
        (unknown[0].code.as_str(), unknown[0].attempt.request),
        (code.as_str(), 1)
    );
    assert_eq!(
        unknown[0].attempt.result,
        AttemptResult::Refused(Refusal::CodeUnknown)
    );
    assert!(sandbox.entry(&code).is_none());
}

fn two_applications() -> authing_sandbox::Builder {
    Sandbox::builder()
        .app_id("first")
        .connection("first-wxapp")
        .connection("first-other")
        .userpool_id("pool-one")
        .application(
            Application::new("second")
                .userpool_id("pool-two")
                .connection("second-wxapp"),
        )
}

#[tokio::test]
async fn a_code_belongs_to_one_application_and_connection() {
    let sandbox = two_applications().start().await.unwrap();
    let state = sandbox.state();
    let code = state
        .issue_code_for(PHONE, "second", "second-wxapp")
        .unwrap();
    let ask = async |app_id: &str, connection: &str| {
        let headers = [JSON, ("x-authing-app-id", app_id)];
        send(
            &sandbox,
            &request("POST", EXCHANGE_PATH, &headers, &body(&code, connection)),
        )
        .await
    };
    assert_eq!(ask("first", "first-wxapp").await.errcode(), Some(40029));
    assert_eq!(ask("second", "first-wxapp").await.json()["statusCode"], 404);
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
    assert_eq!(
        ask("second", "second-wxapp").await.json()["data"]["phoneNumber"],
        PHONE
    );
    let why: Vec<AttemptResult> = sandbox
        .entry(&code)
        .unwrap()
        .attempts
        .iter()
        .map(|attempt| attempt.result)
        .collect();
    assert_eq!(
        why,
        [
            AttemptResult::Refused(Refusal::CodeOfAnother),
            AttemptResult::Refused(Refusal::UnknownConnection),
            AttemptResult::Accepted
        ]
    );
    let other = state.issue_code_for(PHONE, "first", "first-other").unwrap();
    let headers = [JSON, ("x-authing-app-id", "first")];
    let bytes = request(
        "POST",
        EXCHANGE_PATH,
        &headers,
        &body(&other, "first-wxapp"),
    );
    assert_eq!(send(&sandbox, &bytes).await.errcode(), Some(40029));
}

#[tokio::test]
async fn a_user_pool_id_serves_in_place_of_the_application_id() {
    let sandbox = two_applications().start().await.unwrap();
    let ask = async |headers: &[(&str, &str)]| {
        let code = sandbox
            .state()
            .issue_code_for(PHONE, "second", "second-wxapp")
            .unwrap();
        let headers = [&[JSON], headers].concat();
        let bytes = request(
            "POST",
            EXCHANGE_PATH,
            &headers,
            &body(&code, "second-wxapp"),
        );
        send(&sandbox, &bytes).await.json()
    };
    let app = ("x-authing-app-id", "second");
    let pool = ("x-authing-userpool-id", "pool-two");
    let other_pool = ("x-authing-userpool-id", "pool-one");
    assert_eq!(ask(&[pool]).await["data"]["phoneNumber"], PHONE);
    assert_eq!(ask(&[pool, app]).await["data"]["phoneNumber"], PHONE);
    assert_eq!(ask(&[other_pool]).await["statusCode"], 404);
    assert_eq!(ask(&[other_pool, app]).await["apiCode"], 2011);
    let unknown = ask(&[("x-authing-userpool-id", "nowhere")]).await;
    assert_eq!(
        (&unknown["statusCode"], &unknown["apiCode"]),
        (&json!(404), &json!(2224))
    );
}

#[tokio::test]
async fn what_cannot_be_issued_is_refused_and_leaves_no_trace() {
    let sandbox = Sandbox::start().await.unwrap();
    let state = sandbox.state();
    let error = sandbox.issue_code("139-2468-1357").unwrap_err();
    assert_eq!(error, IssueError::PhoneNumber(PhoneNumberError::NotDigits));
    assert!(!error.to_string().contains("2468"), "{error}");
    let error = state
        .issue_code_for(PHONE, "stranger", DEFAULT_CONNECTION)
        .unwrap_err();
    assert_eq!(error, IssueError::UnknownApp);
    let error = state.issue_code_for(PHONE, APP.1, "nowhere").unwrap_err();
    assert_eq!(error, IssueError::UnknownConnection);
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn codes_of_one_number_have_nothing_in_common() {
    let sandbox = Sandbox::start().await.unwrap();
    let codes: HashSet<String> = (0..100)
        .map(|_| sandbox.issue_code(PHONE).unwrap())
        .collect();
    assert_eq!(codes.len(), 100);
    let starts: HashSet<&str> = codes.iter().map(|code| &code[..8]).collect();
    assert!(starts.len() > 95);
}
