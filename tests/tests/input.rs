//! Invalid input is rejected by name, without its value, before a connection is opened.

use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder, CodeState, Error, ErrorKind};
use authing_sandbox::Sandbox;
use authing_tests::{CODE, CONNECTION, Call, builder, request};

type SetOption = fn(AuthenticationClientBuilder, String) -> AuthenticationClientBuilder;
type SetArgument = fn(&AuthenticationClient, String) -> Call;

/// Each argument, with a call that has this value.
pub(crate) const ARGUMENTS: [(&str, SetArgument); 4] = [
    ("code", |client, text| {
        client.get_wechat_miniprogram_phone(text, CONNECTION)
    }),
    ("ext_idp_connidentifier", |client, text| {
        client.get_wechat_miniprogram_phone(CODE, text)
    }),
    ("access_token", |client, text| {
        request(client).access_token(text)
    }),
    ("lang", |client, text| request(client).lang(text)),
];

/// Each option, set to a value.
pub(crate) const OPTIONS: [(&str, SetOption); 8] = [
    ("app_host", |builder, text| builder.app_host(text)),
    ("app_id", |builder, text| builder.app_id(text)),
    ("userpool_id", |builder, text| builder.userpool_id(text)),
    ("lang", |builder, text| builder.lang(text)),
    ("user_agent", |builder, text| builder.user_agent(text)),
    ("proxy", |builder, text| builder.proxy(text)),
    ("add_root_certificate_pem", |builder, text| {
        builder.add_root_certificate_pem(text)
    }),
    ("identity_pem", |builder, text| builder.identity_pem(text)),
];

/// Texts that no id, code, token, language or address may be, the empty one first.
fn hostile_texts() -> Vec<String> {
    let texts = "| |\r|\n|\0|\t|a\rb|a\nb|a\r\nx-evil: 1|a\0b| a|a |a b|a  b|\u{7f}|\u{80}|\u{feff}a|\
        \u{202e}a|a\u{200b}|a\u{2028}b|é|手机号|\u{1f600}";
    let long = "a".repeat(1 << 20);
    texts.split('|').map(str::to_owned).chain([long]).collect()
}

/// The error names the input, does not repeat it, and says that nothing was sent.
#[track_caller]
fn assert_rejected(error: &Error, kind: ErrorKind, name: &str, value: &str) {
    let state = (error.kind(), error.code_state(), error.attempts());
    assert_eq!(state, (kind, CodeState::Unused, 0), "{name} {value:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains(name), "{value:?}: {text}");
    let is_short = value.trim().chars().count() < 3;
    assert!(is_short || !text.contains(value), "{text}");
    assert!(text.len() < 2000, "{text}");
}

#[tokio::test]
async fn invalid_arguments_are_rejected_by_name_and_nothing_is_sent() {
    let server = Sandbox::start().unwrap();
    let client = builder(server.base_url()).build().unwrap();
    for (name, set) in ARGUMENTS {
        for text in hostile_texts() {
            let error = set(&client, text.clone()).await.unwrap_err();
            assert_rejected(&error, ErrorKind::InvalidArgument, name, &text);
        }
    }
    for timeout in [Duration::ZERO, Duration::from_millis(9), Duration::MAX] {
        let error = request(&client).timeout(timeout).await.unwrap_err();
        let value = format!("{timeout:?}");
        assert_rejected(&error, ErrorKind::InvalidArgument, "timeout", &value);
    }
    assert_eq!(server.connections().len(), 0);
}

/// Hosts with less or more than scheme, name and port.
const INVALID_HOSTS: &str = "tenant.authing.test //tenant.authing.test https:tenant.authing.test
    https://user@tenant.authing.test https://user:password@tenant.authing.test https://:443
    https://tenant.authing.test/path https://tenant.authing.test?query https://[::1
    https://tenant.authing.test#fragment https://tenant.authing.test. ftp://tenant.authing.test
    https://tenant.authing.test:0 https://tenant.authing.test:65536 https://[fe80::1%25eth0]
    https://tenant.authing.test\\@evil.example file:///etc/passwd javascript:alert(1)
    https:/tenant.authing.test https:\\tenant.authing.test https://@tenant.authing.test
    https://tenant.authing.test// https://tenant.authing.test/? https://例.example https:///tenant.authing.test
    https://tenant..authing.test https://.authing.test https://tenant.authing.test/x/..";
const INVALID_PROXIES: &str = "their.example:3128 socks5://their.example:1 http:their.example";
const VALID_HOSTS: &str = "https://tenant.authing.test https://tenant.authing.test/
    https://203.0.113.7 https://TENANT.authing.cn:8443 https://xn--fiqs8s.example
    https://[2001:db8::1]:8443";

#[test]
fn invalid_options_are_rejected_by_name() {
    for (name, set) in OPTIONS {
        let mut texts = hostile_texts();
        match name {
            // It may contain single spaces.
            "user_agent" => texts.retain(|text| text != "a b"),
            "app_host" => texts.extend(INVALID_HOSTS.split_whitespace().map(str::to_owned)),
            "proxy" => texts.extend(INVALID_PROXIES.split_whitespace().map(str::to_owned)),
            _ => {}
        }
        for text in texts {
            let built = set(builder("https://example.authing.cn"), text.clone()).build();
            assert_rejected(&built.unwrap_err(), ErrorKind::Config, name, &text);
        }
    }
    for host in VALID_HOSTS.split_whitespace() {
        let built = builder(host).build();
        assert!(built.is_ok(), "{host}: {}", built.unwrap_err());
    }
}

/// The ends of each range are accepted, the next values are not.
#[test]
fn numbers_outside_their_range_are_rejected() {
    type Set = fn(AuthenticationClientBuilder, u64) -> AuthenticationClientBuilder;
    const MAX: u64 = 5 * 60 * 1000;
    let timeout: Set = |builder, number| builder.timeout(Duration::from_millis(number));
    let connect: Set = |builder, number| builder.connect_timeout(Duration::from_millis(number));
    let idle: Set = |builder, number| builder.pool_idle_timeout(Duration::from_millis(number));
    let bytes: Set = |builder, number| builder.max_response_bytes(number as usize);
    for (name, set, lowest, highest) in [
        ("timeout", timeout, 10, MAX),
        ("connect_timeout", connect, 10, MAX),
        ("pool_idle_timeout", idle, 0, MAX),
        ("max_response_bytes", bytes, 1 << 10, 16 << 20),
    ] {
        let build = |number| set(builder("https://example.authing.cn"), number).build();
        for number in [lowest, highest] {
            assert!(build(number).is_ok(), "{name} {number}");
        }
        let outside = [lowest.checked_sub(1), Some(highest + 1), Some(u64::MAX)];
        for number in outside.into_iter().flatten() {
            let error = build(number).unwrap_err();
            assert_rejected(&error, ErrorKind::Config, name, &number.to_string());
        }
    }
}
