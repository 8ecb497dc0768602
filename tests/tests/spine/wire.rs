//! The wire contract: method, path, the exact headers, exactly two JSON keys.
//!
//! Every argument has a value of its own, so that two that are swapped show. Broken on purpose:
//! swapping the two arguments, renaming a JSON key, an extra header, and leaving out
//! `x-authing-app-id` each turn a test here red.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder};
use authing_tests::judge::{Judge, Request, Script};
use authing_tests::phone;
use serde_json::json;

const CODE: &str = "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999";
const CONNECTION: &str = "shop-wxapp";

fn judge() -> Judge {
    Judge::start(Script::by_request(|request| {
        phone::reply_for_request("wire", request).into()
    }))
}

fn builder(judge: &Judge) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(judge.base_url())
        .app_id("the-app")
}

fn only_request(judge: &Judge) -> Request {
    assert_eq!(judge.violations(), []);
    let requests = judge.requests();
    assert_eq!(requests.len(), 1);
    requests.into_iter().next().unwrap()
}

/// The headers by name, sorted, with their values as text.
fn headers(request: &Request) -> Vec<(String, String)> {
    let text = |value: &Vec<u8>| String::from_utf8(value.clone()).unwrap();
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
        .collect();
    headers.sort();
    headers
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const USER_AGENT: &str = concat!("authing-rust/", env!("CARGO_PKG_VERSION"));

#[tokio::test]
async fn a_plain_call_sends_exactly_this() {
    let judge = judge();
    let client = builder(&judge).build().unwrap();
    let reply = client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .await
        .unwrap();
    assert_eq!(
        reply.data.pure_phone_number.as_str(),
        phone::phone_for_code("wire", CODE)
    );

    let request = only_request(&judge);
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/api/v3/get-wechat-miniprogram-phone");
    assert_eq!(request.version, "HTTP/1.1");
    assert!(!request.chunked);
    assert_eq!(
        request.body_json(),
        json!({"code": CODE, "extIdpConnidentifier": CONNECTION})
    );
    assert_eq!(
        headers(&request),
        owned(&[
            ("accept", "application/json"),
            ("content-length", &request.body.len().to_string()),
            ("content-type", "application/json"),
            ("host", &judge.addr().to_string()),
            ("user-agent", USER_AGENT),
            ("x-authing-app-id", "the-app"),
        ])
    );
}

#[tokio::test]
async fn each_option_adds_its_own_header_and_no_other() {
    let judge = judge();
    let client = builder(&judge)
        .userpool_id("the-pool")
        .lang("en-US")
        .user_agent("shop/1.2")
        .build()
        .unwrap();
    client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token("the-token")
        .real_ip(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)))
        .timeout(Duration::from_secs(9))
        .await
        .unwrap();

    let request = only_request(&judge);
    assert_eq!(
        headers(&request),
        owned(&[
            ("accept", "application/json"),
            ("authorization", "Bearer the-token"),
            ("content-length", &request.body.len().to_string()),
            ("content-type", "application/json"),
            ("host", &judge.addr().to_string()),
            ("user-agent", &format!("shop/1.2 {USER_AGENT}")),
            ("x-authing-app-id", "the-app"),
            ("x-authing-lang", "en-US"),
            ("x-authing-userpool-id", "the-pool"),
            ("x-real-ip", "203.0.113.7"),
        ])
    );
}

#[tokio::test]
async fn a_call_s_own_options_win_and_end_with_it() {
    let judge = judge();
    let client = AuthenticationClient::builder()
        .app_host(judge.base_url())
        .userpool_id("the-pool")
        .lang("en-US")
        .build()
        .unwrap();
    let call = || client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    call()
        .bare_token("bare")
        .lang("ja-JP")
        .send()
        .await
        .unwrap();
    call().await.unwrap();

    let requests = judge.requests();
    let texts = |name: &str| -> Vec<Option<&str>> {
        requests
            .iter()
            .map(|request| request.header_text(name))
            .collect()
    };
    assert_eq!(texts("authorization"), [Some("bare"), None]);
    assert_eq!(texts("x-authing-lang"), [Some("ja-JP"), Some("en-US")]);
    assert_eq!(texts("x-authing-app-id"), [None, None]);
    assert_eq!(
        texts("x-authing-userpool-id"),
        [Some("the-pool"), Some("the-pool")]
    );
    // One pool: the second call went over the connection of the first.
    assert_eq!(judge.connection_count(), 1);
}
