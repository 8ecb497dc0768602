//! Responses: recorded, cut, edited and random ones, compared with an independent reading.

use authing::{AuthenticationClient, CodeState, Error, ErrorKind, RetryPolicy};
use authing_sandbox::{Fault, Sandbox};
use authing_tests::{Outcome, builder, pick, request, response, stress};
use serde::Deserialize;
use serde_json::{Value, json};

/// A response of `data/replies.json`, and fields that the result of a call must have.
#[derive(Deserialize)]
struct Scenario {
    name: String,
    http_status: u16,
    headers: String,
    body: String,
    #[serde(default)]
    latin_1: bool,
    expect: Value,
}

impl Scenario {
    fn bytes(&self) -> Vec<u8> {
        if self.latin_1 {
            return self.body.chars().map(|c| c as u8).collect();
        }
        self.body.clone().into_bytes()
    }
}

fn scenarios() -> Vec<Scenario> {
    let mut list: Value = serde_json::from_str(include_str!("../data/replies.json")).unwrap();
    let list: Vec<Scenario> = serde_json::from_value(list["replies"].take()).unwrap();
    assert_eq!(list.len(), 136);
    list
}

/// A server that responds with the given bytes, and a client of it.
struct Exchange(Sandbox, AuthenticationClient);

impl Exchange {
    fn start() -> Self {
        let sandbox = Sandbox::start().unwrap();
        let builder = builder(sandbox.base_url()).retry(RetryPolicy::never());
        Self(sandbox, builder.build().unwrap())
    }

    async fn call(&self, status: u16, headers: &str, body: impl AsRef<[u8]>) -> Outcome {
        let response = Fault::raw(response(status, headers, body));
        self.0.push_fault(response).unwrap();
        request(&self.1).await
    }
}

/// Returns the outcome in the form of `data/replies.json`.
fn in_list_form(outcome: &Outcome) -> Value {
    match outcome {
        Ok(reply) => json!({"ok": reply}),
        Err(error) => json!({"err": {
            "kind": format!("{:?}", error.kind()),
            "code_state": format!("{:?}", error.code_state()),
            "http_status": error.http_status(),
            "statusCode": error.status_code(),
            "apiCode": error.api_code(),
            "message": error.message(),
            "requestId": error.request_id(),
            "errcode": error.wechat_errcode(),
            "rid": error.wechat_rid(),
            "retry_after_s": error.retry_after().map(|wait| wait.as_secs()),
        }}),
    }
}

/// Reports whether every field of `expected` is in `actual`, with the same value.
fn contains(actual: &Value, expected: &Value) -> bool {
    match expected {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| actual.get(name).is_some_and(|own| contains(own, value))),
        value => actual == value,
    }
}

#[tokio::test]
async fn every_recorded_response_has_its_listed_result() {
    let exchange = Exchange::start();
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        let (status, headers) = (scenario.http_status, &scenario.headers);
        let outcome = exchange.call(status, headers, scenario.bytes()).await;
        let actual = in_list_form(&outcome);
        if !contains(&actual, &scenario.expect) {
            wrong.push(format!("{}: {actual}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Control: the comparison sees a difference.
    assert!(!contains(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}})));
    assert!(!contains(&json!({"a": 1}), &json!({"b": {}})));
}

/// Reads a whole number, also one with a fraction of zero or in a string of digits.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) if text.starts_with('+') => None,
        Value::String(text) => text.parse().ok(),
        number => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
    }
}

/// Returns the errcode that counts: one other than zero, in `data` or at the top level.
fn errcode(body: &Value) -> Option<i64> {
    let mut places = [&body["data"], body].into_iter();
    places.find_map(|place| whole(&place["errcode"]).filter(|errcode| *errcode != 0))
}

/// Returns the complete numbers: two texts and a country code.
fn numbers(body: &Value) -> Vec<[String; 3]> {
    let data = &body["data"];
    let places = [data, &data["phone_info"], &body["phone_info"]];
    let number = |place: &Value| {
        let text = |name| place[name].as_str().filter(|text| has_digit(text));
        let [number, pure] = [text("phoneNumber")?, text("purePhoneNumber")?];
        let country_code = country_code(&place["countryCode"])?;
        Some([number.to_owned(), pure.to_owned(), country_code])
    };
    places.into_iter().filter_map(number).collect()
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn country_code(value: &Value) -> Option<String> {
    let code = match value {
        Value::String(text) => text.strip_prefix('+').unwrap_or(text).to_owned(),
        number => u32::try_from(whole(number)?).ok()?.to_string(),
    };
    has_digit(&code).then_some(code)
}

/// The result that the table of errors gives for this response; `None` for a success.
fn expected(status: u16, body: &Value) -> Option<ErrorKind> {
    use ErrorKind::*;
    if let Some(errcode) = errcode(body) {
        return Some(match errcode {
            40029 | 40163 => CodeRejected,
            45011 => Throttled,
            40013 | 47001 | 48001 | 61007 => Misconfigured,
            _ => Upstream,
        });
    }
    match (whole(&body["statusCode"]), status) {
        (Some(200), 200..=299) if numbers(body).is_empty() => Some(UnexpectedResponse),
        (Some(200), 200..=299) => None,
        (Some(429), _) | (Some(200) | None, 429) => Some(Throttled),
        (Some(400..=404 | 413 | 422), _) => Some(Misconfigured),
        (Some(601..=603), _) => Some(Upstream),
        (Some(500..=599), _) | (Some(200) | None, 500..=599) => Some(Service),
        (Some(200) | None, 400..=407) => Some(Misconfigured),
        (Some(200) | None, _) => Some(UnexpectedResponse),
        (Some(_), _) => Some(UnknownStatus),
    }
}

/// Compares an outcome with the independent reading of the body.
fn check(status: u16, body: &[u8], outcome: &Outcome) -> Result<(), String> {
    let value = serde_json::from_slice::<Value>(body).ok();
    let value = value.filter(Value::is_object).unwrap_or(Value::Null);
    let expected = expected(status, &value);
    let is_right = match outcome {
        Ok(reply) => {
            let data = &reply.data;
            let number = [&data.phone_number, &data.pure_phone_number].map(|text| text.as_str());
            let own = [number[0], number[1], data.country_code.as_str()];
            expected.is_none() && numbers(&value).iter().any(|number| *number == own)
        }
        Err(error) => {
            let is_rejection = expected == Some(ErrorKind::Throttled) && errcode(&value).is_none();
            let status_code = whole(&value["statusCode"]).and_then(|n| i32::try_from(n).ok());
            let codes = (error.kind(), error.http_status(), error.status_code());
            Some(codes) == expected.map(|kind| (kind, Some(status), status_code))
                && error.request_id() == value["requestId"].as_str()
                && (error.code_state() != CodeState::Unused || is_rejection)
                && error.attempts() == 1
        }
    };
    let body = String::from_utf8_lossy(body);
    let wrong = || format!("{outcome:?}, expected {expected:?}: {status} {body}");
    is_right.then_some(()).ok_or_else(wrong)
}

#[tokio::test]
async fn a_body_cut_at_any_byte_is_never_a_success() {
    let exchange = Exchange::start();
    for scenario in scenarios() {
        for length in 0..scenario.body.trim_end().len() {
            let body = &scenario.body.as_bytes()[..length];
            let outcome = exchange.call(scenario.http_status, "", body).await;
            let checked = check(scenario.http_status, body, &outcome);
            let name = &scenario.name;
            checked.unwrap_or_else(|error| panic!("{name} cut at {length}: {error}"));
            assert!(outcome.is_err(), "{name} cut at {length}");
        }
    }
}

/// The paths of all values of a JSON text.
fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    for (name, value) in value.as_object().into_iter().flatten() {
        all.extend(pointers(value).iter().map(|path| format!("/{name}{path}")));
    }
    all
}

/// Values that readers get wrong.
fn listed() -> Vec<Value> {
    let texts = r#"null true 0 -0.0 200 200.0 200.5 429 500 601 -1 40029 45011 "40163" "200" "0" ""
        "\u0020" "+" "a" "86" "+86" 86 "+8613800138000" "\u0000" "\u202e" "\ud83d\ude00" 1e300 [] {}
        9223372036854775807 18446744073709551615 1234567 "a-1+b" [200,"x"] ["+861","1","86"]
        {"phoneNumber":"1","purePhoneNumber":"1","countryCode":1}"#;
    let values = texts.split_whitespace().map(serde_json::from_str);
    values.map(Result::unwrap).collect()
}

/// Replaces a random value of the body by a listed one, or adds a property.
fn edit(body: &mut Value, listed: &[Value]) {
    let names = "statusCode data phone_info errcode phoneNumber purePhoneNumber countryCode \
        requestId message errmsg x";
    let names: Vec<&str> = names.split(' ').collect();
    let mut place = body.pointer_mut(&pick(&pointers(body))).unwrap();
    if place.is_object() && fastrand::bool() {
        place = &mut place[pick(&names)];
    }
    *place = pick(listed);
}

#[tokio::test]
async fn edited_and_random_responses_agree_with_an_independent_reading() {
    let exchange = Exchange::start();
    let compare = async |status, body: &Value| {
        let body = body.to_string();
        let outcome = exchange.call(status, "", &body).await;
        check(status, body.as_bytes(), &outcome).unwrap();
    };
    let recorded = scenarios().into_iter().filter_map(|recorded| {
        let body = serde_json::from_str(&recorded.body).ok()?;
        Some((recorded.http_status, body))
    });
    let recorded: Vec<(u16, Value)> = recorded.collect();
    let listed = listed();
    for (status, body) in &recorded {
        compare(*status, body).await;
        // Each value of a success is replaced by each listed value.
        let is_success = expected(*status, body).is_none();
        for path in pointers(body).iter().filter(|_| is_success) {
            for value in &listed {
                let mut body = body.clone();
                *body.pointer_mut(path).unwrap() = value.clone();
                compare(*status, &body).await;
            }
        }
    }
    for _ in 0..stress(2_000, 100_000) {
        let (status, mut body) = pick(&recorded);
        (0..fastrand::u8(1..8)).for_each(|_| edit(&mut body, &listed));
        let status = pick(&[status, status, 200, 201, 404, 429, 503]);
        compare(status, &body).await;
    }
}

/// Control: each wrong outcome is caught by the comparison.
#[test]
fn the_comparison_catches_false_successes_and_false_errors() {
    let data = json!({"phoneNumber": "+861", "purePhoneNumber": "1", "countryCode": "86"});
    let number = json!({"statusCode": 200, "message": "", "data": data});
    let outcome: Outcome = Ok(serde_json::from_value(number.clone()).unwrap());
    let own = number.to_string();
    assert!(check(200, own.as_bytes(), &outcome).is_ok());
    for body in [
        own.replace("200", "500"),
        own.replace("+861", "+862"),
        own.replace("86\"", "\""),
        own.replacen('{', r#"{"errcode":-1,"#, 1),
        format!("[{own}]"),
        own[1..].to_owned(),
    ] {
        assert!(check(200, body.as_bytes(), &outcome).is_err(), "{body}");
    }
    assert!(check(503, own.as_bytes(), &outcome).is_err());
    let error = Err(Error::from(ErrorKind::Throttled));
    assert!(check(200, own.as_bytes(), &error).is_err());
}
