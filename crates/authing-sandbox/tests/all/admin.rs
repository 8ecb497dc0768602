//! The admin routes, access control, the console's files, and the bounds of the ledger.

use std::time::Duration;

use authing_sandbox::{CodeStatus, CutAt, Fault, How, MAX_CODES, Sandbox};
use serde_json::{Value, json};

use crate::*;

fn admin(sandbox: &Sandbox, method: &str, path: &str, body: impl Display) -> String {
    send(sandbox, &request(method, path, APP, body))
}

/// Each row: method, path, body, status of the response, a part of the response. No response
/// contains inline code, and no other page can embed one.
#[test]
fn the_console_uses_its_files_and_five_routes_that_explain_errors() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let table = r#"
        GET | / | | 200 | POLICY
        GET | /console/console.css | | 200 | POLICY
        GET | /console/console.js | | 200 | POLICY
        GET | /console/icon.svg | | 200 | POLICY
        GET | /openapi.json | | 200 | POLICY
        POST | /sandbox/codes | {"phoneNumber": "13800138000"} | 200 | "issued"
        POST | /sandbox/codes | {} | 400 | missing field `phoneNumber`
        POST | /sandbox/codes | {"phoneNumber": ""} | 400 | leading +
        POST | /sandbox/codes | {"phoneNumber": "+86 138 0013 8000"} | 400 | leading +
        POST | /sandbox/codes | {"phoneNumber": "+86١٣٨"} | 400 | leading +
        POST | /sandbox/codes | {"phoneNumber": "8613800138000"} | 400 | 11 more digits
        POST | /sandbox/codes | {"phoneNumber": "+8623800138000"} | 400 | 11 more digits
        POST | /sandbox/codes | {"phoneNumber": "+0123456789"} | 400 | begins with 0
        POST | /sandbox/codes | {"phoneNumber": "+852123"} | 400 | at least 4
        POST | /sandbox/codes | {"phoneNumber": "+1234567890123456"} | 400 | 15 in all
        POST | /sandbox/codes | {"phone": "1"} | 400 | `phoneNumber` or `connection`
        POST | /sandbox/codes | {"phoneNumber": "13800138000", "connection": "x"} | 400 | has my-wxapp
        GET | /sandbox | | 200 | "phoneNumber":"+8613800138000"
        PUT | /sandbox/controls | {"shape": "nested", "latencyMs": 5} | 200 | "latencyMs":5.0
        PUT | /sandbox/controls | {"rateLimit": 0, "advanceSeconds": 300} | 200 | "rateLimit":0,
        PUT | /sandbox/controls | {"shape": "x"} | 400 | `documented`, `nested`, `beside`
        PUT | /sandbox/controls | {"rateLimit": -1} | 400 | or \"off\"
        GET | /sandbox | | 200 | "shape":"nested"
        GET | /sandbox | | 200 | "status":"expired"
        POST | /api/v3/get-wechat-miniprogram-phone | {"code": "CODE"} | 429 | "statusCode":429
        PUT | /sandbox/controls | {"rateLimit": "off"} | 200 | "rateLimit":"off"
        POST | /sandbox/send | {"code": "CODE", "to": "sandbox"} | 200 | \"errcode\":40029
        POST | /sandbox/send | {"code": "other", "to": "sandbox"} | 200 | \"errcode\":40029
        POST | /sandbox/send | {"code": "CODE", "to": "backend"} | 400 | --backend
        GET | /sandbox | | 200 | "status":"unknown"
        GET | /sandbox/x | | 404 | POST /sandbox/send
        GET | /sandbox/faults | | 404 | POST, DELETE
        PUT | /api/v3/get-wechat-miniprogram-phone | {"code": "CODE"} | 404 | Cannot PUT
        POST | /sandbox/faults | {"action": {"kind": "x"}} | 400 | `answer`, `raw`, `cut`, `twice`
        POST | /sandbox/faults | {"action": {"kind": "cut", "at": "x", "how": "fin"}} | 400 | half-body
        POST | /sandbox/faults | {"action": {"kind": "twice"}, "time": 1} | 400 | `times`
        POST | /sandbox/faults | {"action": {"kind": "twice"}, "times": 0} | 400 | at least 1
        POST | /sandbox/faults | {"action": {"kind": "twice"}} | 200 | "kind":"twice"
        DELETE | /sandbox/faults | | 200 | "faults":[]"#;
    let policy =
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';";
    for [method, path, body, status, part] in rows(table) {
        let response = admin(&sandbox, method, path, body.replace("CODE", &code));
        let row = format!("{method} {path} {body}: {response}");
        assert_eq!(response[9..12], *status, "{row}");
        assert!(response.contains(&part.replace("POLICY", policy)), "{row}");
        let is_api = path.starts_with("/api");
        let is_error = response.contains("\r\n\r\n{\"error\":");
        assert_eq!(is_error, !is_api && status >= "400", "{row}");
        let embedding = "\r\ncross-origin-resource-policy: same-origin\r\n";
        assert!(is_api || response.contains(embedding), "{row}");
        for inline_code in ["innerHTML", "style="] {
            assert!(!response.contains(inline_code), "{row}");
        }
    }
    let state = json(&admin(&sandbox, "GET", "/sandbox", ""));
    for (name, part) in [
        ("outcome", "code-expired"),
        ("ending", "responded"),
        ("request", &*code),
        ("response", r#""errcode":40029"#),
    ] {
        let text = state["requests"][1][name].as_str().unwrap();
        assert!(text.contains(part), "{state}");
    }

    let fault = json!({"action": {"kind": "cut", "at": {"response-bytes": 9}, "how": "reset"},
        "times": null, "consume": false, "afterMs": 1});
    let post = request("POST", "/sandbox/faults", "", fault);
    let text = replaced(post.clone(), "application/json", "text/plain");
    assert_eq!(send(&sandbox, &text)[9..12], *"400");
    assert!(sandbox.faults().is_empty());
    send(&sandbox, &post);
    let expected = Fault::cut(CutAt::ResponseBytes(9), How::Reset)
        .permanent()
        .consume(false);
    assert_eq!(sandbox.faults(), [expected.after(Duration::from_millis(1))]);
}

/// Each row: sandbox, path, hosts, another header, status of the response. All are requests that a
/// web page can send; none of them uses up the fault or presents the code.
#[test]
fn only_local_names_the_same_origin_and_the_token_have_access() {
    let open = sandbox();
    push(&open, Fault::cut(CutAt::RequestBytes(10), How::Reset));
    let guarded = start(Sandbox::builder().admin_token("0123456789abcdef"));
    let table = "
        open | /sandbox | localhost LocalHost:8787 127.9.9.9:1 [::1]:8787 | x: y | 200
        open | /sandbox | evil.example 127.0.0.1.evil.example 0.0.0.0:8787 | x: y | 403
        open | /sandbox | localhost@evil.example | x: y | 403
        open | /sandbox | localhost:1 | origin: http://localhost:1 | 200
        open | /sandbox | localhost:1 | origin: http://localhost:2 | 403
        open | /sandbox | localhost:1 | origin: null | 403
        open | /sandbox | localhost:1 | sec-fetch-site: same-site | 403
        open | /sandbox | localhost:1 | sec-fetch-site: same-origin | 200
        open | / | localhost:1 | sec-fetch-site: cross-site | 200
        open | /api/v3/get-wechat-miniprogram-phone | localhost | origin: https://evil.example | 403
        open | /api/v3/get-wechat-miniprogram-phone | localhost | sec-fetch-site: cross-site | 403
        guarded | /sandbox | localhost | x: y | 401
        guarded | /sandbox | localhost | authorization: Bearer 0123456789abcdef0 | 401
        guarded | /sandbox | localhost | authorization: Bearer 0123456789abcde | 401
        guarded | /sandbox | any.example | authorization: Bearer 0123456789abcdef | 200
        guarded | /sandbox | localhost:1 | origin: null | 401
        guarded | / | localhost | x: y | 200";
    for [which, path, hosts, header, status] in rows(table) {
        let sandbox = if which == "open" { &open } else { &guarded };
        let bytes = request("GET", path, &format!("{header}\r\n"), r#"{"code": "c"}"#);
        let bytes = replaced(bytes, "application/json", "text/plain");
        for host in hosts.split(' ') {
            let host = format!("host: {host}");
            let response = send(sandbox, &replaced(bytes.clone(), "host: localhost", &host));
            assert_eq!(response[9..12], *status, "{which} {path} {host} {header}");
        }
    }
    assert_eq!((open.faults().len(), open.entry("c")), (1, None));
}

#[test]
fn codes_are_handed_to_the_backend_and_to_the_sandbox_once() {
    let backend = sandbox();
    let created = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok";
    push(&backend, Fault::raw(created).then(How::Fin));
    let url = format!("{}/api/phone", backend.base_url());
    let sandbox = start(Sandbox::builder().backend(&url));
    let code = issue(&sandbox);
    let hand_over = |to: &str| {
        let order = json!({"code": code, "to": to});
        json(&admin(&sandbox, "POST", "/sandbox/send", order))
    };
    let sent = hand_over("backend");
    assert_eq!(sent["request"]["url"], url);
    let expected = json!({"httpStatus": 201, "contentType": null, "body": "ok"});
    assert_eq!(sent["response"], expected);
    let received = String::from_utf8(last(&backend).bytes).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let start = "POST /api/phone HTTP/1.1\r\n";
    assert!(head.starts_with(start), "{head}");
    assert_eq!(body, json!({ "code": code }).to_string());
    assert_eq!(backend.request_count(), 1);

    for (at, how, words) in [
        (CutAt::Request, How::Reset, "reset by peer"),
        (CutAt::HalfBody, How::Fin, "end of file"),
    ] {
        push(&sandbox, Fault::cut(at, how).consume(false));
        let sent = hand_over("sandbox");
        assert_eq!(sent["response"], Value::Null);
        assert!(sent["error"].as_str().unwrap().contains(words), "{sent}");
    }
    let body = hand_over("sandbox")["response"]["body"].to_string();
    assert!(body.contains(NUMBER), "{body}");
    assert_eq!(seen(&sandbox, &code), (3, CodeStatus::Consumed));
}

#[test]
fn the_ledger_keeps_the_latest_codes() {
    let sandbox = sandbox();
    let first = issue(&sandbox);
    let long = "x".repeat(200);
    assert_eq!(exchange(&sandbox, &long)["data"]["errcode"], 40029);
    assert_eq!(sandbox.ledger()[1].code, long[..128]);
    for _ in 2..MAX_CODES {
        issue(&sandbox);
    }
    assert!(sandbox.entry(&first).is_some());
    issue(&sandbox);
    assert_eq!(sandbox.entry(&first), None);
    let ledger = sandbox.ledger();
    assert_eq!(
        (ledger.len(), &ledger[0].code[..]),
        (MAX_CODES, &long[..128])
    );
}
