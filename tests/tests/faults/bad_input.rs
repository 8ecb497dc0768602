//! Bad input: refused where it enters, by name, and not a byte leaves the process.
//!
//! Broken on purpose: leaving a check out of `validate.rs`, or out of the path of one option, turns
//! the test of that option red.

use std::time::Duration;

use authing::{AuthenticationClientBuilder, CodeState, Error, ErrorKind};
use authing_tests::judge::{Judge, Reply};
use authing_tests::phone::phone_script;

use crate::proofs::{CONNECTION, KEY, WIDE, builder, random_code};

/// What no id, code, token or header may hold.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\r",
        "\n",
        "\0",
        "\t",
        "a\rb",
        "a\nb",
        "a\r\nx-evil: 1",
        "a\0b",
        " a",
        "a ",
        "a b",
        "\u{7f}",
        "\u{80}",
        "\u{feff}a",
        "\u{202e}a",
        "a\u{200b}",
        "a\u{2028}b",
        "é",
        "手机号",
        "\u{1f600}",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("a".repeat(1 << 20));
    texts
}

/// An error that names the input, and does not repeat it.
fn names(error: &Error, kind: ErrorKind, name: &str, value: &str) {
    assert_eq!(
        (error.kind(), error.code_state()),
        (kind, CodeState::Unspent),
        "{value:?}"
    );
    let text = format!("{error} {error:?}");
    assert!(text.contains(name), "{value:?}: {text}");
    assert!(
        value.trim().chars().count() < 3 || !text.contains(value),
        "{text}"
    );
    assert!(text.len() < 2000 && error.attempts() == 0, "{text}");
}

#[tokio::test]
async fn a_hostile_argument_never_leaves_the_process() {
    let judge = Judge::start(Reply::new(200));
    let client = builder(judge.base_url()).build().unwrap();
    let call = |code: &str, id: &str| client.get_wechat_miniprogram_phone(code, id);
    let good = random_code();
    for text in hostile() {
        let refused = |name, error| names(&error, ErrorKind::InvalidArgument, name, &text);
        refused("code", call(&text, CONNECTION).await.unwrap_err());
        refused(
            "ext_idp_connidentifier",
            call(&good, &text).await.unwrap_err(),
        );
        let token = call(&good, CONNECTION).access_token(text.as_str());
        refused("access_token", token.await.unwrap_err());
        let token = call(&good, CONNECTION).bare_token(text.as_str());
        refused("bare_token", token.await.unwrap_err());
        refused(
            "lang",
            call(&good, CONNECTION)
                .lang(text.as_str())
                .await
                .unwrap_err(),
        );
    }
    for timeout in [Duration::ZERO, Duration::from_millis(9), Duration::MAX] {
        let error = call(&good, CONNECTION).timeout(timeout).await.unwrap_err();
        names(
            &error,
            ErrorKind::InvalidArgument,
            "timeout",
            &format!("{timeout:?}"),
        );
    }
    assert_eq!(judge.connection_count(), 0);
}

type Set = fn(AuthenticationClientBuilder, String) -> AuthenticationClientBuilder;

#[test]
fn a_hostile_option_is_refused_by_name() {
    let options: [(&str, Set); 8] = [
        ("app_host", |b, text| b.app_host(text)),
        ("app_id", |b, text| b.app_id(text)),
        ("userpool_id", |b, text| b.userpool_id(text)),
        ("lang", |b, text| b.lang(text)),
        ("user_agent", |b, text| b.user_agent(text)),
        ("proxy", |b, text| b.proxy(text)),
        ("root_certificate_pem", |b, text| {
            b.root_certificate_pem(text)
        }),
        ("identity_pem", |b, text| b.identity_pem(text)),
    ];
    for (name, set) in options {
        for text in hostile() {
            // The one text with single spaces in it that may stand in a user agent.
            if name == "user_agent" && text == "a b" {
                continue;
            }
            let error = set(builder("https://example.authing.cn"), text.clone()).build();
            names(&error.unwrap_err(), ErrorKind::Config, name, &text);
        }
    }
}

#[test]
fn every_number_has_a_range() {
    let build = |set: fn(AuthenticationClientBuilder) -> AuthenticationClientBuilder| {
        set(builder("https://example.authing.cn")).build()
    };
    let refused = [
        ("timeout", build(|b| b.timeout(Duration::ZERO))),
        ("timeout", build(|b| b.timeout(Duration::from_millis(9)))),
        ("timeout", build(|b| b.timeout(Duration::from_secs(301)))),
        ("timeout", build(|b| b.timeout(Duration::MAX))),
        (
            "connect_timeout",
            build(|b| b.connect_timeout(Duration::ZERO)),
        ),
        (
            "connect_timeout",
            build(|b| b.connect_timeout(Duration::MAX)),
        ),
        (
            "pool_idle_timeout",
            build(|b| b.pool_idle_timeout(Duration::from_secs(301))),
        ),
        (
            "pool_idle_timeout",
            build(|b| b.pool_idle_timeout(Duration::MAX)),
        ),
        ("max_response_bytes", build(|b| b.max_response_bytes(0))),
        ("max_response_bytes", build(|b| b.max_response_bytes(1023))),
        (
            "max_response_bytes",
            build(|b| b.max_response_bytes((16 << 20) + 1)),
        ),
        (
            "max_response_bytes",
            build(|b| b.max_response_bytes(usize::MAX)),
        ),
    ];
    for (name, built) in refused {
        names(&built.unwrap_err(), ErrorKind::Config, name, "????");
    }
    let taken = [
        build(|b| b.timeout(Duration::from_millis(10))),
        build(|b| b.timeout(Duration::from_secs(300))),
        build(|b| b.connect_timeout(Duration::from_millis(10))),
        build(|b| b.connect_timeout(Duration::from_secs(300))),
        build(|b| b.pool_idle_timeout(Duration::ZERO)),
        build(|b| b.pool_idle_timeout(Duration::from_secs(300))),
        build(|b| b.max_response_bytes(1024)),
        build(|b| b.max_response_bytes(16 << 20)),
    ];
    for built in taken {
        built.unwrap();
    }
}

#[test]
fn a_host_is_a_host_and_nothing_more() {
    for host in [
        "tenant.authing.test",
        "//tenant.authing.test",
        "https:tenant.authing.test",
        "https://:443",
        "https://user@tenant.authing.test",
        "https://user:secret-word@tenant.authing.test",
        "https://tenant.authing.test/path",
        "https://tenant.authing.test/api/v3/get-wechat-miniprogram-phone",
        "https://tenant.authing.test?query",
        "https://tenant.authing.test#fragment",
        "https://tenant.authing.test.",
        "https://tenant.authing.test:0",
        "https://tenant.authing.test:65536",
        "https://tenant.authing.test\\@evil.example",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "ftp://tenant.authing.test",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ] {
        let error = builder(host).build().unwrap_err();
        names(&error, ErrorKind::Config, "app_host", host);
        assert!(!format!("{error:?}").contains("secret-word"));
    }
    for host in [
        "https://tenant.authing.test",
        "https://tenant.authing.test/",
        "https://TENANT.authing.cn:8443",
        "https://xn--fiqs8s.example",
        "https://[2001:db8::1]:8443",
        "https://203.0.113.7",
    ] {
        builder(host)
            .build()
            .unwrap_or_else(|error| panic!("{host}: {error}"));
    }
}

#[tokio::test]
async fn a_host_in_ipv6_is_reached() {
    let Some(judge) = Judge::start_v6(phone_script(KEY)) else {
        return println!("no IPv6 here");
    };
    let client = builder(judge.base_url()).build().unwrap();
    client
        .get_wechat_miniprogram_phone(random_code(), CONNECTION)
        .await
        .unwrap();
    let host = judge.requests()[0].header_text("host").map(str::to_owned);
    assert_eq!(host, Some(judge.addr().to_string()));
}

/// A hint in the error that follows, never a refusal: some such codes may be good.
#[tokio::test]
async fn a_code_that_looks_like_a_login_code_is_sent_and_hinted_at() {
    const LOGIN_CODE: &str = "0c3aBcDeFgHiJkLmNoPqRsTuVwXyZ012";
    let judge = Judge::start(phone_script(KEY));
    let client = builder(judge.base_url()).build().unwrap();
    client
        .get_wechat_miniprogram_phone(LOGIN_CODE, CONNECTION)
        .await
        .unwrap();
    let refusal = serde_json::json!({"statusCode": 200, "data": {"errcode": 40029}});
    let judge = Judge::start(Reply::json(200, &refusal));
    let client = builder(judge.base_url()).timeout(WIDE).build().unwrap();
    for (code, hinted) in [(LOGIN_CODE.to_owned(), true), (random_code(), false)] {
        let error = client
            .get_wechat_miniprogram_phone(&code, CONNECTION)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CodeRejected);
        assert_eq!(error.to_string().contains("wx.login"), hinted, "{error}");
        assert!(!error.to_string().contains(&code));
    }
    assert_eq!(judge.request_count(), 2);
}
