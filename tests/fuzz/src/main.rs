//! Any bytes as a reply's body: read or refused, without a panic, and as a plain reading has it.
#![cfg_attr(fuzzing, no_main)]

use authing_api::reply::{PhoneData, Reply};
use serde_json::Value;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|body: &[u8]| check(body));

#[cfg(not(fuzzing))]
fn main() {
    // Without the coverage counters: each file that is named, once.
    for path in std::env::args_os().skip(1) {
        if let Ok(body) = std::fs::read(path) {
            check(&body);
        }
    }
}

fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    let fits = number.fract() == 0.0
        && (-9.223_372_036_854_775_8e18..9.223_372_036_854_775_8e18).contains(&number);
    value.as_i64().or_else(|| fits.then_some(number as i64))
}

/// Panics if the two readings differ in what must be kept.
pub fn check(body: &[u8]) {
    let read = Reply::<PhoneData>::from_slice(body);
    let plain = serde_json::from_slice::<Value>(body);
    let (reply, plain) = match (read, plain) {
        (Ok(reply), Ok(plain)) => (reply, plain),
        (Err(_), Ok(plain)) => {
            let envelope = plain.is_object() && plain.get("statusCode").and_then(whole).is_some();
            assert!(!envelope, "an envelope was refused");
            return;
        }
        // Passed over without a look inside: numbers too large, nesting too deep, half a
        // surrogate. An end that is missing is an end that is missing for both.
        (Ok(_), Err(error)) => return assert!(!error.is_eof(), "half a body was taken"),
        (Err(_), Err(_)) => return,
    };
    assert_eq!(
        Some(reply.status_code),
        plain.get("statusCode").and_then(whole)
    );
    let text = |name| plain.get(name).and_then(Value::as_str);
    assert_eq!(
        reply.envelope.request_id.as_ref().map(|id| id.as_str()),
        text("requestId")
    );
    assert_eq!(
        reply.envelope.message.as_ref().map(|words| words.as_str()),
        text("message")
    );
    assert_eq!(
        reply.envelope.api_code,
        plain.get("apiCode").and_then(whole)
    );
    let errcodes = [plain["data"].get("errcode"), plain.get("errcode")];
    let errcodes = errcodes.map(|value| value.and_then(whole));
    let refused = |errcode: &Option<i64>| errcode.is_some_and(|errcode| errcode != 0);
    let expected = errcodes.into_iter().find(refused);
    assert_eq!(refused(&reply.wechat.errcode), expected.is_some());
    if let Some(expected) = expected {
        assert_eq!(reply.wechat.errcode, expected);
    }
    let number = |value: &Value| {
        let text = value.get("phoneNumber").and_then(Value::as_str);
        text.filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let data = &reply.data;
    let found = [&data.flat, &data.phone_info, &reply.beside.phone_info].map(|info| {
        info.phone_number
            .as_ref()
            .map(|number| number.as_str().to_owned())
    });
    let stands = [
        &plain["data"],
        &plain["data"]["phone_info"],
        &plain["phone_info"],
    ]
    .map(number);
    assert_eq!(found, stands);
    let printed = format!("{reply:?}");
    for text in found.into_iter().flatten().filter(|text| text.len() > 20) {
        assert!(!printed.contains(&text), "a number was printed");
    }
}
