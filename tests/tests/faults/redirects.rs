//! Redirects: the code goes to the host it was meant for and to no other.
//!
//! Broken on purpose: leaving `.redirect(Policy::none())` out of `transport.rs` turns
//! `a_redirect_is_never_followed` red; the control shows that the second origin can be reached.

use authing::{CodeState, ErrorKind};
use authing_tests::judge::{Judge, Reply, Script};

use crate::proofs::{CONNECTION, builder, random_code};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let second = Judge::start(authing_tests::phone::phone_script("second"));
    for status in STATUSES {
        for location in [
            format!("{}/api/v3/get-wechat-miniprogram-phone", second.base_url()),
            format!("//{}/", second.addr()),
            second.base_url_for("localhost"),
            "/elsewhere".to_owned(),
        ] {
            let first = Judge::start(Script::always(Reply::redirect(status, &location)));
            let client = builder(first.base_url()).build().unwrap();
            let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
            let error = call.access_token("a-token").await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::UnexpectedResponse,
                "{status} {location}"
            );
            assert_eq!(
                error.code_state(),
                CodeState::Unknown,
                "{status} {location}"
            );
            assert_eq!(error.http_status(), Some(status));
            assert_eq!((first.request_count(), first.connection_count()), (1, 1));
            assert_eq!(second.connection_count(), 0, "{status} {location}");
        }
    }
}

/// The control: a client that follows redirects reaches the second origin, code and all.
#[tokio::test]
async fn a_client_that_follows_redirects_is_seen() {
    let second = Judge::start(Reply::new(200));
    let first = Judge::start(Reply::redirect(307, &second.base_url()));
    let body = r#"{"code":"c0de"}"#;
    let client = crate::features::plain_reqwest().build().unwrap();
    client
        .post(first.base_url())
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        second.requests()[0].body_string("code").as_deref(),
        Some("c0de")
    );
}
