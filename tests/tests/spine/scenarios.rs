//! Every reply of the list, sent by the judge over TCP, comes out of the facade's two clients as listed.

use authing::{
    AuthenticationClient, AuthenticationClientBuilder, CodeState, Error, ErrorKind,
    GetWechatMiniProgramPhoneRespDto, RetryPolicy,
};
use authing_tests::judge::{Judge, Script};
use authing_tests::scenarios::{Expectation, ExpectedError, ExpectedPhone, replies};

/// Distinct from everything in the replies, so that it cannot appear by accident.
const CODE: &str = "c0de5eed00112233445566778899aabbccddeeff0123456789abcdef01234567";

type Outcome = Result<GetWechatMiniProgramPhoneRespDto, Error>;

/// Lets a client make its call against each reply, and compares what it makes of it.
fn every_reply(call: impl Fn(AuthenticationClientBuilder) -> Outcome) {
    for scenario in replies() {
        let name = &scenario.name;
        let judge = Judge::start(Script::always(scenario.reply()));
        let builder = AuthenticationClient::builder()
            .app_host(judge.base_url())
            .app_id("app")
            .retry(RetryPolicy::never());
        let outcome = call(builder);
        assert_eq!(judge.request_count(), 1, "{name}: sent other than once");
        match (&scenario.expect, outcome) {
            (Expectation::Ok(expected), Ok(reply)) => compare_phone(name, expected, &reply),
            (Expectation::Err(expected), Err(error)) => compare_error(name, expected, &error),
            (Expectation::Ok(_), Err(error)) => panic!("{name}: {error:?}"),
            (Expectation::Err(_), Ok(reply)) => panic!("{name}: {reply:?}"),
        }
    }
}

#[test]
fn every_reply_comes_out_as_listed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    every_reply(|builder| {
        let client = builder.build().unwrap();
        runtime.block_on(client.get_wechat_miniprogram_phone(CODE, "my-wxapp").send())
    });
}

#[test]
fn every_reply_comes_out_of_the_blocking_client_as_listed() {
    every_reply(|builder| {
        let client = builder.build_blocking().unwrap();
        client.get_wechat_miniprogram_phone(CODE, "my-wxapp").send()
    });
}

fn compare_phone(name: &str, expected: &ExpectedPhone, reply: &GetWechatMiniProgramPhoneRespDto) {
    let data = &reply.data;
    assert_eq!(data.phone_number.as_str(), expected.phone_number, "{name}");
    assert_eq!(
        data.pure_phone_number.as_str(),
        expected.pure_phone_number,
        "{name}"
    );
    assert_eq!(data.country_code.as_str(), expected.country_code, "{name}");
    assert_eq!(reply.request_id, expected.request_id, "{name}");
    assert_eq!(reply.status_code, 200, "{name}");
    let watermark = data
        .watermark
        .as_ref()
        .map(|w| (w.timestamp.timestamp(), w.appid.as_str()));
    let expected_watermark = expected
        .watermark
        .as_ref()
        .map(|w| (w.timestamp, w.appid.as_str()));
    assert_eq!(watermark, expected_watermark, "{name}");
}

fn compare_error(name: &str, expected: &ExpectedError, error: &Error) {
    assert_eq!(snake_case(error.kind()), expected.kind, "{name}: {error:?}");
    assert_eq!(
        snake_case(error.code_state()),
        expected.code_state,
        "{name}: {error:?}"
    );
    if expected.http_status.is_some() {
        assert_eq!(error.http_status(), expected.http_status, "{name}");
    }
    if expected.status_code.is_some() {
        assert_eq!(error.status_code(), expected.status_code, "{name}");
    }
    if expected.api_code.is_some() {
        assert_eq!(error.api_code(), expected.api_code, "{name}");
    }
    if expected.message.is_some() {
        assert_eq!(error.message(), expected.message.as_deref(), "{name}");
    }
    if expected.request_id.is_some() {
        assert_eq!(error.request_id(), expected.request_id.as_deref(), "{name}");
    }
    if expected.errcode.is_some() {
        assert_eq!(error.wechat_errcode(), expected.errcode, "{name}");
    }
    if expected.rid.is_some() {
        assert_eq!(error.wechat_rid(), expected.rid.as_deref(), "{name}");
    }
    let retry_after = error.retry_after().map(|wait| wait.as_secs());
    assert_eq!(retry_after, expected.retry_after_s, "{name}");
    assert_eq!(error.attempts(), 1, "{name}");
    speaks_well(name, error);
}

/// What every error must be able to say: one lower-case line, without the service's words.
fn speaks_well(name: &str, error: &Error) {
    let line = error.to_string();
    assert!(
        !line.contains('\n') && !line.ends_with('.'),
        "{name}: {line}"
    );
    assert!(
        line.starts_with(|c: char| c.is_lowercase()),
        "{name}: {line}"
    );
    for shown in [line, format!("{error:?}"), format!("{error:#?}")] {
        for word in [error.message(), error.wechat_errmsg()]
            .into_iter()
            .flatten()
        {
            assert!(word.is_empty() || !shown.contains(word), "{name}: {shown}");
        }
        assert!(!shown.contains(CODE), "{name}: {shown}");
    }
    // A user's stand-in for this error; 45011 is the one that cannot be made so.
    if error.wechat_errcode() != Some(45011) {
        let stand_in = Error::from(error.kind());
        assert_eq!(stand_in.code_state(), error.code_state(), "{name}");
    }
    let retryable = error.kind() == ErrorKind::Connect
        || error.kind() == ErrorKind::Throttled && error.code_state() == CodeState::Unspent;
    assert_eq!(error.is_retryable(), retryable, "{name}");
}

/// A bare variant name in snake case, as the list spells it.
fn snake_case(variant: impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}
