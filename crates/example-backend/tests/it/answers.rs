//! What the mini program is told, for each thing that can become of its code.

use std::time::Duration;

use authing_sandbox::{CodeStatus, CutAt, CutHow, Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::{Backend, MASKED, NUMBER, settings};

fn action(action: &str) -> Value {
    json!({ "action": action })
}

/// The number is kept whole on the server, and leaves it masked.
#[tokio::test]
async fn a_code_becomes_a_kept_number_and_a_masked_one() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    let code = sandbox.issue_code(NUMBER).unwrap();

    let answer = backend.phone(&code).await;
    answer.is(200, &json!({ "maskedPhoneNumber": MASKED }));
    assert_eq!(backend.numbers.all(), [NUMBER]);
    assert!(!format!("{:?}", backend.numbers).contains("138"));

    // The second use of it.
    backend.phone(&code).await.is(422, &action("tap_again"));
    assert_eq!(backend.numbers.all().len(), 1);
}

#[tokio::test]
async fn an_expired_code_needs_another_tap() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    let code = sandbox.issue_code(NUMBER).unwrap();
    sandbox.clock().advance(Duration::from_secs(301));
    backend.phone(&code).await.is(422, &action("tap_again"));
}

#[tokio::test]
async fn a_throttled_code_may_be_sent_again_and_then_works() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    let code = sandbox.issue_code(NUMBER).unwrap();
    sandbox
        .push_fault(Fault::throttle(Some("7")).permanent())
        .unwrap();

    let answer = backend.phone(&code).await;
    answer.is(503, &json!({ "action": "retry", "retryAfterSeconds": 7 }));
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);

    sandbox.state().clear_faults();
    backend
        .phone(&code)
        .await
        .is(200, &json!({ "maskedPhoneNumber": MASKED }));
}

/// A code lives for five minutes: a wait that is not worth it is not asked for.
#[tokio::test]
async fn a_long_throttle_and_wechat_s_quota_are_for_later() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    for fault in [
        Fault::throttle(Some("3600")).permanent(),
        Fault::wechat(45011),
    ] {
        sandbox.state().clear_faults();
        sandbox.push_fault(fault).unwrap();
        let code = sandbox.issue_code(NUMBER).unwrap();
        backend.phone(&code).await.is(503, &action("try_later"));
    }
}

#[tokio::test]
async fn a_failing_service_is_for_later_and_says_nothing_of_itself() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    for fault in [
        Fault::reply(200, 500).message("SELECT secret FROM users"),
        Fault::reply(503, 503),
        Fault::reply(200, 601),
        Fault::wechat(-1),
        Fault::raw(502, "text/html", "<h1>Bad Gateway</h1>"),
        Fault::raw(200, "text/html", "<h1>Welcome</h1>"),
    ] {
        let shown = format!("{fault:?}");
        sandbox.push_fault(fault).unwrap();
        let code = sandbox.issue_code(NUMBER).unwrap();
        let answer = backend.phone(&code).await;
        assert_eq!(answer.status, 502, "{shown}: {answer:?}");
        assert_eq!(answer.json(), action("try_later"), "{shown}");
    }
}

/// Whether the code was used is not known: it is not to be sent again.
#[tokio::test]
async fn a_lost_answer_needs_another_tap() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    for (fault, status) in [
        (
            Fault::cut(CutAt::HalfBody, CutHow::Reset).consume(true),
            502,
        ),
        (Fault::delay(Duration::from_secs(5)), 504),
    ] {
        sandbox.push_fault(fault).unwrap();
        let code = sandbox.issue_code(NUMBER).unwrap();
        backend.phone(&code).await.is(status, &action("tap_again"));
    }
}

#[tokio::test]
async fn a_wrong_application_is_nobody_s_business_but_ours() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start_with(sandbox.base_url(), "no-such-app", &settings(&[])).await;
    let code = sandbox.issue_code(NUMBER).unwrap();
    backend.phone(&code).await.is(500, &action("try_later"));
}

#[tokio::test]
async fn an_unreachable_host_leaves_the_code_as_it_was() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(NUMBER).unwrap();
    let host = sandbox.base_url().to_owned();
    sandbox.shutdown().await;
    let backend = Backend::start_with(&host, "app", &settings(&[])).await;
    let answer = backend.phone(&code).await;
    answer.is(503, &json!({ "action": "retry", "retryAfterSeconds": 1 }));
}

/// The mini program gives up; the code is used up and paid for, and the number is kept.
#[tokio::test]
async fn a_number_is_kept_though_nobody_waits_for_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let backend = Backend::start(&sandbox).await;
    let code = sandbox.issue_code(NUMBER).unwrap();
    let slow = Fault::delay(Duration::from_millis(500));
    sandbox.push_fault(slow).unwrap();
    let numbers = backend.numbers.clone();
    let asking = tokio::spawn({
        let code = code.clone();
        async move { backend.phone(&code).await }
    });
    while sandbox.entry(&code).unwrap().status != CodeStatus::Consumed {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asking.abort();
    for _ in 0..100 {
        if numbers.all() == [NUMBER] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the number is lost");
}
