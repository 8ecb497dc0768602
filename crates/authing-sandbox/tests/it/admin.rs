//! The sandbox's own HTTP API.

use authing_sandbox::{
    CodeStatus, DEFAULT_APP_ID, DEFAULT_CONNECTION, EXCHANGE_PATH, OPENAPI_DOCUMENT, Sandbox, Shape,
};
use serde_json::{Value, json};

use crate::client::{admin, exchange, request, send};

const PHONE: &str = "+8613800138000";

#[tokio::test]
async fn a_code_is_issued_exchanged_and_found_in_the_ledger_over_http() {
    let sandbox = Sandbox::start().await.unwrap();
    let order = json!({ "phoneNumber": PHONE }).to_string();
    let issued = admin(&sandbox, "POST", "/sandbox/codes", &order).await;
    assert_eq!(issued.status, 200);
    let issued = issued.json();
    let code = issued["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 64);
    for (field, value) in [
        ("status", json!("issued")),
        ("kind", json!("phone")),
        ("phoneNumber", json!(PHONE)),
        ("appId", json!(DEFAULT_APP_ID)),
        ("connection", json!(DEFAULT_CONNECTION)),
        ("consumedBy", Value::Null),
    ] {
        assert_eq!(issued[field], value, "{field}");
    }
    assert!(issued["expiresAt"].as_str().unwrap().ends_with('Z'));
    exchange(&sandbox, &code).await;
    exchange(&sandbox, &code).await;
    exchange(&sandbox, "stranger").await;

    let ledger = admin(&sandbox, "GET", "/sandbox/ledger", "").await.json();
    assert_eq!(
        ledger["counts"],
        json!({ "issued": 0, "consumed": 1, "expired": 0 })
    );
    let entry = &ledger["codes"][0];
    assert_eq!(
        (&entry["status"], &entry["consumedBy"]),
        (&json!("consumed"), &json!(1))
    );
    assert_eq!(entry["attempts"][0]["result"], "accepted");
    assert_eq!(entry["attempts"][1]["result"], "refused");
    assert_eq!(entry["attempts"][1]["why"], "code-used");
    assert_eq!(entry["attempts"][1]["request"], 2);
    assert_eq!(ledger["unknownCodes"][0]["code"], "stranger");
    assert_eq!(ledger["unknownCodes"][0]["why"], "code-unknown");

    let one = admin(&sandbox, "GET", &format!("/sandbox/ledger?code={code}"), "")
        .await
        .json();
    assert_eq!(
        (&one["codes"][0], &one["unknownCodes"]),
        (entry, &json!([]))
    );
    let none = admin(&sandbox, "GET", "/sandbox/ledger?limit=0", "")
        .await
        .json();
    assert_eq!(none["codes"], json!([]));

    let requests = admin(&sandbox, "GET", "/sandbox/requests", "").await.json();
    assert_eq!(requests["total"], 3);
    let second = &requests["requests"][1];
    assert_eq!(
        (&second["number"], &second["path"]),
        (&json!(2), &json!(EXCHANGE_PATH))
    );
    assert_eq!(
        (&second["outcome"], &second["why"]),
        (&json!("refused"), &json!("code-used"))
    );
    assert_eq!(
        (&second["ending"], &second["httpStatus"]),
        (&json!("replied"), &json!(200))
    );
}

#[tokio::test]
async fn a_login_code_has_its_own_kind() {
    let sandbox = Sandbox::start().await.unwrap();
    let issued = admin(&sandbox, "POST", "/sandbox/codes", r#"{"kind":"login"}"#)
        .await
        .json();
    assert_eq!(
        (&issued["kind"], &issued["phoneNumber"]),
        (&json!("login"), &Value::Null)
    );
    let code = issued["code"].as_str().unwrap();
    assert_eq!(exchange(&sandbox, code).await.errcode(), Some(40029));
}

#[tokio::test]
async fn every_switch_can_be_turned_and_read_back() {
    let sandbox = Sandbox::builder().manual_clock(true).start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();

    let set = admin(&sandbox, "PUT", "/sandbox/shape", r#"{"shape":"nested"}"#)
        .await
        .json();
    assert_eq!(set["shape"], "nested");
    assert_eq!(set["shapes"].as_array().unwrap().len(), Shape::all().len());
    assert_eq!(sandbox.state().shape(), Shape::Nested);
    assert_eq!(
        admin(&sandbox, "GET", "/sandbox/shape", "").await.json(),
        set
    );

    let advanced = admin(
        &sandbox,
        "POST",
        "/sandbox/clock",
        r#"{"advanceSeconds":300}"#,
    )
    .await
    .json();
    assert_eq!(advanced["advancedSeconds"], 300);
    assert_eq!(advanced["manual"], true);
    assert_eq!(
        admin(&sandbox, "GET", "/sandbox/clock", "").await.json(),
        advanced
    );
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Expired);

    let order = r#"{"perSecond":7,"retryAfter":false}"#;
    let limit = admin(&sandbox, "PUT", "/sandbox/rate-limit", order)
        .await
        .json();
    assert_eq!(limit, json!({ "perSecond": 7, "retryAfter": false }));
    assert_eq!(sandbox.state().rate_limit(), Some(7));
    let order = r#"{"perSecond":null}"#;
    let limit = admin(&sandbox, "PUT", "/sandbox/rate-limit", order)
        .await
        .json();
    assert_eq!(limit, json!({ "perSecond": null, "retryAfter": false }));
    assert_eq!(
        admin(&sandbox, "GET", "/sandbox/rate-limit", "")
            .await
            .json(),
        limit
    );
    // None of all this counts as a request to Authing.
    assert_eq!(sandbox.state().total_requests(), 0);
}

#[tokio::test]
async fn every_fault_can_be_scripted_and_read_back() {
    let sandbox = Sandbox::start().await.unwrap();
    let specs = [
        json!({ "kind": "delay", "delayMs": 1, "consume": false }),
        json!({ "kind": "reply", "httpStatus": 503, "statusCode": 503, "apiCode": 1, "message": "m",
                "retryAfter": "7", "headers": { "x-a": "b" } }),
        json!({ "kind": "throttle", "retryAfter": "Wed, 21 Oct 2015 07:28:00 GMT", "times": 3 }),
        json!({ "kind": "wechat", "errcode": -1, "errmsg": "system busy", "permanent": true }),
        json!({ "kind": "raw", "httpStatus": 500, "contentType": "text/plain", "body": "x" }),
        json!({ "kind": "cut", "at": "accept", "how": "fin" }),
        json!({ "kind": "cut", "at": "request-bytes", "bytes": 10, "how": "reset" }),
        json!({ "kind": "cut", "at": "request", "how": "reset", "consume": true }),
        json!({ "kind": "cut", "at": "status-line", "how": "fin" }),
        json!({ "kind": "cut", "at": "half-body", "how": "fin" }),
        json!({ "kind": "cut", "at": "reply", "how": "reset", "delayMs": 5 }),
        json!({ "kind": "garbage", "body": "\u{0}\u{1}" }),
        json!({ "kind": "drip", "intervalMs": 3 }),
    ];
    for spec in &specs {
        let answer = admin(&sandbox, "POST", "/sandbox/faults", &spec.to_string()).await;
        assert_eq!(answer.status, 200, "{spec}: {:?}", answer.json());
    }
    let faults = admin(&sandbox, "GET", "/sandbox/faults", "").await.json();
    let faults = faults["faults"].as_array().unwrap();
    assert_eq!(faults.len(), specs.len());
    for (spec, fault) in specs.iter().zip(faults) {
        for (field, value) in spec.as_object().unwrap() {
            match field.as_str() {
                // Both become headers.
                "retryAfter" => assert_eq!(fault["headers"]["retry-after"], *value),
                "contentType" => assert_eq!(fault["headers"]["content-type"], *value),
                "headers" => assert_eq!(fault["headers"]["x-a"], "b"),
                "kind" if value == "throttle" => assert_eq!(fault["statusCode"], 429),
                _ => assert_eq!(fault[field], *value, "{spec}"),
            }
        }
    }
    let cleared = admin(&sandbox, "DELETE", "/sandbox/faults", "")
        .await
        .json();
    assert_eq!(cleared, json!({ "faults": [] }));
    assert!(sandbox.state().faults().is_empty());
}

#[tokio::test]
async fn bad_input_is_told_what_is_wrong_with_it() {
    let sandbox = Sandbox::start().await.unwrap();
    for (method, route, body, words) in [
        ("POST", "codes", "", "EOF"),
        ("POST", "codes", "{}", "phoneNumber is missing"),
        ("POST", "codes", r#"{"phoneNumber":"1"}"#, "11 digits"),
        ("POST", "codes", r#"{"phoneNumber":1}"#, "expected a string"),
        (
            "POST",
            "codes",
            r#"{"phone":"13800138000"}"#,
            "unknown field `phone`",
        ),
        (
            "POST",
            "codes",
            r#"{"phoneNumber":"13800138000","appId":"x"}"#,
            "no application",
        ),
        (
            "POST",
            "codes",
            r#"{"phoneNumber":"13800138000","connection":"x"}"#,
            "no such connection",
        ),
        (
            "POST",
            "codes",
            r#"{"phoneNumber":"13800138000","kind":"login"}"#,
            "no phone number",
        ),
        (
            "POST",
            "codes",
            r#"{"kind":"sms"}"#,
            "expected `phone` or `login`",
        ),
        ("GET", "ledger?limit=x", "", "whole number"),
        (
            "PUT",
            "shape",
            r#"{"shape":"round"}"#,
            "there are documented",
        ),
        ("POST", "clock", r#"{"advanceSeconds":-1}"#, "integer `-1`"),
        (
            "POST",
            "clock",
            r#"{"advanceSeconds":999999999999}"#,
            "ten years",
        ),
        ("PUT", "rate-limit", "{}", "missing field `perSecond`"),
        (
            "PUT",
            "rate-limit",
            r#"{"perSecond":"many"}"#,
            "expected u32",
        ),
        ("POST", "faults", r#"{"kind":"flood"}"#, "kind must be"),
        ("POST", "faults", r#"{"kind":"delay"}"#, "needs delayMs"),
        (
            "POST",
            "faults",
            r#"{"kind":"delay","delayMs":99999999999}"#,
            "a day at most",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"drip","intervalMs":1,"errcode":1}"#,
            "errcode has no meaning",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"drip","intervalMs":1,"times":0}"#,
            "1 or more",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"garbage","times":2,"permanent":true}"#,
            "exclude each other",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"cut","at":"noon","how":"fin"}"#,
            "needs at: accept",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"cut","at":"request","how":"axe"}"#,
            "fin or reset",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"cut","at":"accept","how":"fin","consume":true}"#,
            "cannot consume",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"raw","httpStatus":100}"#,
            "between 200 and 599",
        ),
        (
            "POST",
            "faults",
            r#"{"kind":"raw","httpStatus":200,"headers":{"a b":"c"}}"#,
            "valid headers",
        ),
        ("POST", "faults", r#"{"kind":"reply"}"#, "needs statusCode"),
        ("POST", "faults", r#"{"kind":"wechat"}"#, "needs errcode"),
    ] {
        let answer = admin(&sandbox, method, &format!("/sandbox/{route}"), body).await;
        assert_eq!(answer.status, 400, "{route} {body}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(words), "{route} {body}: {error}");
    }
    assert!(sandbox.ledger().is_empty());
    assert!(sandbox.state().faults().is_empty());
}

#[tokio::test]
async fn other_routes_and_methods_and_content_types_are_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(
        admin(&sandbox, "GET", "/sandbox/nothing", "").await.status,
        404
    );
    assert_eq!(
        admin(&sandbox, "GET", "/sandbox/codes", "").await.status,
        405
    );
    let plain = [("content-type", "text/plain")];
    let body = r#"{"phoneNumber":"13800138000"}"#;
    let answer = send(&sandbox, &request("POST", "/sandbox/codes", &plain, body)).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["error"]
            .as_str()
            .unwrap()
            .contains("application/json")
    );
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn the_document_is_served_byte_for_byte() {
    let sandbox = Sandbox::start().await.unwrap();
    let answer = send(&sandbox, &request("GET", "/openapi.json", &[], "")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, OPENAPI_DOCUMENT.as_bytes());
    let packaged = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    assert_eq!(answer.body, std::fs::read(packaged).unwrap());
    assert_eq!(answer.json()["openapi"], "3.0.3");
}
