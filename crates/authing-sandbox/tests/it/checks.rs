//! What is checked before a code is looked at: method, path, headers, fields.

use authing_sandbox::{DEFAULT_CONNECTION, EXCHANGE_PATH, Outcome, Refusal, Sandbox};
use serde_json::json;

use crate::client::{APP, JSON, body, request, send};

const PHONE: &str = "+8613800138000";

/// Headers, body, `statusCode`, `apiCode`, and the reason in the log.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, i64, Option<i64>, Refusal);

#[tokio::test]
async fn each_mistake_in_a_request_gets_its_own_answer_and_spares_the_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let good = body(&code, DEFAULT_CONNECTION);
    let too_large = format!("{{\"pad\":\"{}\",{}", "x".repeat(70_000), &good[1..]);
    let text = ("content-type", "text/plain");
    let stranger = ("x-authing-app-id", "stranger");
    let missing = Refusal::MissingField;
    let unknown_connection = body(&code, "nowhere");
    let numeric = json!({ "code": 7, "extIdpConnidentifier": DEFAULT_CONNECTION }).to_string();
    let no_connection = json!({ "code": code }).to_string();
    let cases: [Case<'_>; 15] = [
        (&[JSON], &good, 400, None, Refusal::MissingIdentity),
        (
            &[JSON, ("x-authing-app-id", "")],
            &good,
            400,
            None,
            Refusal::MissingIdentity,
        ),
        (
            &[JSON, stranger],
            &good,
            403,
            Some(2011),
            Refusal::UnknownApp,
        ),
        (&[APP], &good, 400, None, Refusal::ContentType),
        (&[APP, text], &good, 400, None, Refusal::ContentType),
        (
            &[APP, ("content-type", "application/jsonp")],
            &good,
            400,
            None,
            Refusal::ContentType,
        ),
        (&[APP, JSON], "", 400, None, Refusal::NotJson),
        (&[APP, JSON], &good[1..], 400, None, Refusal::NotJson),
        (&[APP, JSON], "[]", 400, None, Refusal::NotJson),
        (&[APP, JSON], "{}", 400, None, missing),
        (
            &[APP, JSON],
            &body("", DEFAULT_CONNECTION),
            400,
            None,
            missing,
        ),
        (&[APP, JSON], &no_connection, 400, None, missing),
        (&[APP, JSON], &numeric, 400, None, missing),
        (
            &[APP, JSON],
            &unknown_connection,
            404,
            None,
            Refusal::UnknownConnection,
        ),
        (&[APP, JSON], &too_large, 413, None, Refusal::BodyTooLarge),
    ];
    for (headers, body, status_code, api_code, refusal) in cases {
        let answer = send(&sandbox, &request("POST", EXCHANGE_PATH, headers, body)).await;
        let reply = answer.json();
        assert_eq!(answer.status, 200, "{refusal:?}");
        assert_eq!(reply["statusCode"], status_code, "{refusal:?}");
        assert_eq!(reply["apiCode"].as_i64(), api_code, "{refusal:?}");
        assert_eq!(reply.get("data"), None, "{refusal:?}");
        assert!(reply["requestId"].is_string(), "{refusal:?}");
        let message = reply["message"].as_str().unwrap();
        assert!(
            !message.is_empty() && !message.contains(&code),
            "{refusal:?}"
        );
        assert_eq!(
            sandbox.requests().last().unwrap().outcome,
            Outcome::Refused(refusal)
        );
    }
    let parameters = ("content-type", "Application/JSON; charset=utf-8");
    let answer = send(
        &sandbox,
        &request("POST", EXCHANGE_PATH, &[APP, parameters], &good),
    )
    .await;
    assert_eq!(answer.json()["data"]["phoneNumber"], PHONE);
}

#[tokio::test]
async fn other_methods_and_paths_are_not_found() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let good = body(&code, DEFAULT_CONNECTION);
    for (method, path) in [
        ("GET", EXCHANGE_PATH),
        ("PUT", EXCHANGE_PATH),
        ("POST", "/api/v3/get-wechat-miniprogram-phone/"),
        ("POST", "/api/v3/get-wechat-miniprogram-phones"),
        ("POST", "/"),
    ] {
        let answer = send(&sandbox, &request(method, path, &[JSON, APP], &good)).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.json()["statusCode"], 404);
        assert_eq!(answer.json()["message"], format!("Cannot {method} {path}"));
        let record = sandbox.requests().pop().unwrap();
        assert_eq!(
            (record.outcome, record.http_status),
            (Outcome::NotFound, Some(404))
        );
    }
    assert_eq!(sandbox.entry(&code).unwrap().presented, 0);
}

#[tokio::test]
async fn messages_come_in_the_language_that_is_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for (lang, message) in [
        (None, "操作成功"),
        (Some("zh-CN"), "操作成功"),
        (Some("en-US"), "Operation successful"),
    ] {
        let code = sandbox.issue_code(PHONE).unwrap();
        let mut headers = vec![JSON, APP];
        headers.extend(lang.map(|lang| ("x-authing-lang", lang)));
        let bytes = request(
            "POST",
            EXCHANGE_PATH,
            &headers,
            &body(&code, DEFAULT_CONNECTION),
        );
        assert_eq!(send(&sandbox, &bytes).await.json()["message"], message);
    }
}
