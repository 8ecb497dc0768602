//! Facade and sandbox together: a code becomes a phone number once.

use std::time::Duration;

use authing::{AuthenticationClient, CodeState, ErrorKind};
use authing_sandbox::{CodeStatus, Sandbox, Shape};

fn client(sandbox: &Sandbox) -> AuthenticationClient {
    AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(authing_sandbox::DEFAULT_APP_ID)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_code_becomes_a_phone_number_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let code = sandbox.issue_code("+85251234567").unwrap();
    let call = || client.get_wechat_miniprogram_phone(&code, authing_sandbox::DEFAULT_CONNECTION);

    let reply = call().await.unwrap();
    assert_eq!(reply.data.phone_number.as_str(), "+85251234567");
    assert_eq!(reply.data.pure_phone_number.as_str(), "51234567");
    assert_eq!(reply.data.country_code.as_str(), "852");
    assert_eq!(reply.data.e164().as_deref(), Some("+85251234567"));
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);

    let error = call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CodeRejected);
    assert_eq!(error.code_state(), CodeState::Spent);
    assert_eq!(error.wechat_errcode(), Some(40163));
    assert!(error.wechat_rid().is_some());
}

#[tokio::test]
async fn an_expired_code_is_spent() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code("+8613800138000").unwrap();
    sandbox.clock().advance(Duration::from_secs(301));
    let error = client(&sandbox)
        .get_wechat_miniprogram_phone(code, "my-wxapp")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::CodeRejected, CodeState::Spent)
    );
}

/// Shapes that carry a whole number yield it; the others an error, and never a panic.
#[tokio::test]
async fn every_shape_of_the_sandbox_is_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = client(&sandbox);
    let mut read = 0;
    for shape in Shape::all() {
        sandbox.set_shape(*shape);
        let code = sandbox.issue_code("+8613800138000").unwrap();
        if let Ok(reply) = client.get_wechat_miniprogram_phone(&code, "my-wxapp").await {
            read += 1;
            assert_eq!(
                reply.data.e164().as_deref(),
                Some("+8613800138000"),
                "{shape:?}"
            );
            assert_eq!(
                sandbox.entry(&code).unwrap().status,
                CodeStatus::Consumed,
                "{shape:?}"
            );
        }
    }
    // Documented, nested, beside, and the four loose forms of facts about numbers and codes.
    assert!(read >= 6, "only {read} shapes gave a number");
}

#[tokio::test]
async fn a_wrong_application_or_connection_is_a_matter_of_set_up() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code("+8613800138000").unwrap();
    let wrong_app = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id("no-such-app")
        .build()
        .unwrap();
    let error = wrong_app
        .get_wechat_miniprogram_phone(&code, "my-wxapp")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.api_code()),
        (ErrorKind::Misconfigured, Some(2011))
    );
    let error = client(&sandbox)
        .get_wechat_miniprogram_phone(&code, "other")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
}
