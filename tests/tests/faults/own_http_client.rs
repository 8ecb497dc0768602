//! A caller's own reqwest builder, set up as badly as can be: no promise is lost.
//!
//! Broken on purpose: leaving `.http1_only()`, `.redirect(…)`, `.retry(…)` or `.no_gzip()` out of
//! `transport.rs`, or the length of the request out of `hooks.rs`, each turns tests here red.

use std::time::Duration;

use authing::{AuthenticationClient, CodeState, ErrorKind};
use authing_tests::judge::{Action, Judge, Reply, Script};
use authing_tests::phone::{phone_for_code, phone_script, reply_for_request};
use reqwest::header::{HeaderMap, HeaderValue};

use crate::proofs::{CONNECTION, KEY, WIDE, builder, random_code};

/// Everything that a builder can be told and ours must outweigh.
fn hostile() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::limited(10))
        .referer(true)
        .gzip(true)
        .brotli(true)
        .zstd(true)
        .deflate(true)
        .http2_prior_knowledge()
        .connection_verbose(true)
        .connect_timeout(Duration::from_secs(100))
        .pool_idle_timeout(None)
        .user_agent("theirs/1.0")
        .retry(retry_everything())
        .tls_danger_accept_invalid_certs(true)
        .tls_danger_accept_invalid_hostnames(true)
}

fn retry_everything() -> reqwest::retry::Builder {
    reqwest::retry::for_host("127.0.0.1")
        .max_retries_per_request(5)
        .no_budget()
        .classify_fn(|request| request.retryable())
}

fn client(judge: &Judge, theirs: reqwest::ClientBuilder) -> AuthenticationClient {
    builder(judge.base_url())
        .http_client_builder(theirs)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_wire_stays_ours() {
    let judge = Judge::start(phone_script(KEY));
    let code = random_code();
    let call = client(&judge, hostile()).get_wechat_miniprogram_phone(&code, CONNECTION);
    let reply = call.await.unwrap();
    assert_eq!(
        reply.data.pure_phone_number.as_str(),
        phone_for_code(KEY, &code)
    );
    let request = &judge.requests()[0];
    assert_eq!(
        (request.version.as_str(), judge.violations()),
        ("HTTP/1.1", vec![])
    );
    for name in [
        "accept-encoding",
        "referer",
        "cookie",
        "api-version",
        "upgrade",
    ] {
        assert_eq!(request.header_text(name), None, "{name}");
    }
    let agent = request.header_text("user-agent").unwrap();
    assert!(agent.starts_with("authing-rust/"), "{agent}");
}

/// The control for the one below: with this policy plain reqwest sends again and again.
#[tokio::test]
async fn a_code_is_not_sent_again_by_the_layer_below() {
    for status in [500, 502, 503, 504, 408, 421] {
        let judge = Judge::start(Reply::new(status));
        let plain = crate::features::plain_reqwest()
            .retry(retry_everything())
            .build()
            .unwrap();
        plain.post(judge.base_url()).body("x").send().await.unwrap();
        assert_eq!(judge.request_count(), 6, "the control sent once");

        let judge = Judge::start(Reply::new(status));
        let call =
            client(&judge, hostile()).get_wechat_miniprogram_phone(random_code(), CONNECTION);
        assert_eq!(call.await.unwrap_err().code_state(), CodeState::Unknown);
        assert_eq!(judge.request_count(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let second = Judge::start(Reply::new(200));
    for status in [301, 302, 303, 307, 308] {
        let first = Judge::start(Reply::redirect(status, &second.base_url()));
        let call =
            client(&first, hostile()).get_wechat_miniprogram_phone(random_code(), CONNECTION);
        assert_eq!(
            call.await.unwrap_err().kind(),
            ErrorKind::UnexpectedResponse
        );
        assert_eq!(second.connection_count(), 0);
    }
}

/// Deadlines are ours; one of theirs that is shorter ends a call early, and is told as what it is.
#[tokio::test]
async fn their_timeouts_lengthen_nothing() {
    let judge = Judge::start(Action::NeverAnswer);
    for (theirs, ours) in [(100_000, 300), (300, 19_000)] {
        let theirs = hostile().timeout(Duration::from_millis(theirs));
        let builder = builder(judge.base_url()).http_client_builder(theirs);
        let client = builder
            .timeout(Duration::from_millis(ours))
            .build()
            .unwrap();
        let begun = std::time::Instant::now();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code_state()),
            (ErrorKind::Timeout, CodeState::Unknown)
        );
        assert!(error.is_timeout() && begun.elapsed() < WIDE / 4);
    }
}

/// Default headers of theirs are sent; those that a call or this library sets cannot be replaced,
/// and those that frame the message cannot be falsified.
#[tokio::test]
async fn their_headers_replace_none_of_ours() {
    let judge = Judge::start(phone_script(KEY));
    let mut headers = HeaderMap::new();
    for name in [
        "host",
        "x-authing-app-id",
        "content-type",
        "accept",
        "user-agent",
        "authorization",
        "x-gateway-key",
    ] {
        headers.insert(name, HeaderValue::from_static("theirs"));
    }
    headers.insert("content-length", HeaderValue::from_static("3"));
    let client = client(&judge, reqwest::Client::builder().default_headers(headers));
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    call.bare_token("token").await.unwrap();
    assert_eq!((judge.violations(), judge.request_count()), (vec![], 1));
    let request = &judge.requests()[0];
    for (name, value) in [
        ("host", judge.addr().to_string().as_str()),
        ("x-authing-app-id", "proofs-app"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("authorization", "token"),
        ("x-gateway-key", "theirs"),
    ] {
        assert_eq!(request.header_text(name), Some(value), "{name}");
    }
    assert_eq!(
        request.header_text("content-length"),
        Some(&*request.body.len().to_string())
    );
}

/// A cookie store of theirs is theirs; it changes neither who gets which number, nor the rest.
#[tokio::test]
async fn a_cookie_store_is_the_caller_s_own() {
    let judge = Judge::start(Script::by_request(|request| {
        reply_for_request(KEY, request)
            .header("set-cookie", "session=1; Path=/")
            .into()
    }));
    let plain = builder(judge.base_url()).build().unwrap();
    let theirs = client(&judge, reqwest::Client::builder().cookie_store(true));
    for client in [&plain, &plain, &theirs] {
        let code = random_code();
        let reply = client
            .get_wechat_miniprogram_phone(&code, CONNECTION)
            .await
            .unwrap();
        assert_eq!(
            reply.data.pure_phone_number.as_str(),
            phone_for_code(KEY, &code)
        );
    }
    // Without a store of theirs, no cookie is ever sent back.
    assert!(
        judge
            .requests()
            .iter()
            .all(|request| request.header_text("cookie").is_none())
    );
}
