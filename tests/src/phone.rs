//! A phone number for each code, so that a number handed to the wrong caller shows.

use std::hash::Hasher;

use serde_json::{Value, json};

use crate::judge::{Action, Reply, Request, Script};

/// The country code of every derived number.
pub const COUNTRY_CODE: &str = "86";

/// The number that belongs to a code: eleven digits without the country code, the same for the
/// same key and code in every process of one build.
#[must_use]
pub fn phone_for_code(key: &str, code: &str) -> String {
    // SipHash; the lengths keep key and code apart.
    #[expect(
        deprecated,
        reason = "the one keyed hash of std whose algorithm is fixed"
    )]
    let mut hasher = std::hash::SipHasher::new_with_keys(key.len() as u64, code.len() as u64);
    hasher.write(key.as_bytes());
    hasher.write(code.as_bytes());
    format!("1{:010}", hasher.finish() % 10_000_000_000)
}

/// The documented `data` for a code.
#[must_use]
pub fn data_for_code(key: &str, code: &str) -> Value {
    let pure = phone_for_code(key, code);
    json!({
        "phoneNumber": format!("+{COUNTRY_CODE}{pure}"),
        "purePhoneNumber": pure,
        "countryCode": COUNTRY_CODE,
    })
}

/// The documented success for the code in the request's JSON body; the `requestId` is the
/// request's number. Without a code and a connection identifier it is the documented failure.
#[must_use]
pub fn reply_for_request(key: &str, request: &Request) -> Reply {
    let id = format!("judge-{}", request.number);
    let connection = request.body_string("extIdpConnidentifier");
    match (request.body_string("code"), connection) {
        (Some(code), Some(_)) => Reply::json(
            200,
            &json!({
                "statusCode": 200,
                "message": "Operation successful",
                "requestId": id,
                "data": data_for_code(key, &code),
            }),
        ),
        _ => Reply::json(
            200,
            &json!({"statusCode": 400, "message": "Bad request", "requestId": id}),
        ),
    }
}

/// Answers every request by [`reply_for_request`].
#[must_use]
pub fn phone_script(key: &str) -> Script {
    let key = key.to_owned();
    Script::by_request(move |request| Action::Reply(reply_for_request(&key, request)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_fixed_and_differ_by_code_and_by_key() {
        assert_eq!(
            phone_for_code("key", "code-1"),
            phone_for_code("key", "code-1")
        );
        let mut numbers: Vec<String> = (0..5000)
            .map(|each| phone_for_code("key", &format!("code-{each}")))
            .collect();
        numbers.push(phone_for_code("other", "code-1"));
        // The same text on both sides of another border.
        numbers.push(phone_for_code("keyc", "ode-1"));
        assert!(
            numbers
                .iter()
                .all(|n| n.len() == 11 && n.bytes().all(|b| b.is_ascii_digit()))
        );
        let count = numbers.len();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
