//! The admin routes, access control, the console's files, and the bounds of the ledger.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use authing_sandbox::{CodeStatus, CutAt, Fault, How, Sandbox};
use serde_json::{Value, json};

use crate::*;

fn admin(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Response {
    send(sandbox, &request(method, path, "", body))
}

#[test]
fn all_that_the_console_does_goes_through_five_routes() {
    let sandbox = sandbox();
    let issued = admin(
        &sandbox,
        "POST",
        "/sandbox/codes",
        &json!({"phoneNumber": NUMBER}),
    )
    .json();
    assert_eq!(
        (&issued["status"], &issued["phoneNumber"]),
        (&json!("issued"), &json!(NUMBER))
    );
    let code = issued["code"].as_str().unwrap();
    let login = admin(
        &sandbox,
        "POST",
        "/sandbox/codes",
        &json!({"kind": "login", "code": "w"}),
    );
    assert_eq!(login.json()["code"], "w");

    let fault = json!({"action": {"kind": "cut", "at": {"response-bytes": 9}, "how": "reset"}, "times": null, "consume": false, "afterMs": 1});
    let faults = admin(&sandbox, "POST", "/sandbox/faults", &fault).json();
    assert_eq!(faults["faults"][0]["action"], fault["action"]);
    let expected = Fault::cut(CutAt::ResponseBytes(9), How::Reset)
        .permanent()
        .consume(false);
    assert_eq!(sandbox.faults(), [expected.after(Duration::from_millis(1))]);
    assert_eq!(
        admin(&sandbox, "DELETE", "/sandbox/faults", &json!({})).json()["faults"],
        json!([])
    );

    let controls =
        json!({"shape": "nested", "rateLimit": 0, "latencyMs": 5, "advanceSeconds": 300});
    let state = admin(&sandbox, "PUT", "/sandbox/controls", &controls).json();
    assert_eq!(
        (&state["shape"], &state["rateLimit"]),
        (&json!("nested"), &json!(0))
    );
    assert_eq!(
        (&state["latencyMs"], &state["advancedSeconds"]),
        (&json!(5.0), &json!(300))
    );
    assert_eq!(state["ledger"][0]["status"], "expired");
    assert_eq!(exchange(&sandbox, code).status, 429);
    let off = json!({"rateLimit": "off"});
    assert_eq!(
        admin(&sandbox, "PUT", "/sandbox/controls", &off).json()["rateLimit"],
        "off"
    );
    assert_eq!(exchange(&sandbox, code).json()["data"]["errcode"], 40029);
    exchange(&sandbox, "other");

    let state = admin(&sandbox, "GET", "/sandbox", &json!({})).json();
    assert_eq!(
        (
            &state["requestCount"],
            state["ledger"].as_array().unwrap().len()
        ),
        (&json!(3), 3)
    );
    let query = format!("/sandbox?code={code}&limit=1");
    let state = admin(&sandbox, "GET", &query, &json!({})).json();
    let [record] = &state["requests"].as_array().unwrap()[..] else {
        panic!("{state}")
    };
    assert_eq!(
        (&record["outcome"], &record["ending"]),
        (&json!("code-expired"), &json!("responded"))
    );
    assert!(record["request"].as_str().unwrap().contains(code));
    assert!(record["response"].as_str().unwrap().contains("40029"));
}

#[test]
fn errors_say_what_is_allowed() {
    let sandbox = sandbox();
    let cases = r#"
        POST /sandbox/codes {} -> phoneNumber is missing
        POST /sandbox/codes {"phoneNumber": "1"} -> 11 more digits
        POST /sandbox/codes {"phone": "1"} -> expected one of `phoneNumber`
        PUT /sandbox/controls {"shape": "x"} -> `documented`, `nested`, `beside`
        PUT /sandbox/controls {"rateLimit": -1} -> or "off"
        PUT /sandbox/controls {"latencyMs": 60001} -> at most 60000
        POST /sandbox/faults {"action": {"kind": "x"}} -> `answer`, `raw`, `cut`, `twice`
        POST /sandbox/faults {"action": {"kind": "cut", "at": "x", "how": "fin"}} -> `half-body`
        POST /sandbox/faults {"action": {"kind": "twice"}, "time": 1} -> `times`
        POST /sandbox/send {"code": "c", "to": "backend"} -> --backend
        GET /sandbox?x=1 {} -> limit and code
        GET /sandbox/faults {} -> POST, DELETE
        GET /sandbox/x {} -> POST /sandbox/send"#;
    for case in cases.trim().lines() {
        let (call, words) = case.split_once(" -> ").unwrap();
        let mut parts = call.trim().splitn(3, ' ');
        let mut part = || parts.next().unwrap();
        let (method, path) = (part(), part());
        let body = serde_json::from_str(part()).unwrap();
        let response = admin(&sandbox, method, path, &body);
        let error = response.json()["error"].as_str().unwrap().to_owned();
        assert!(
            response.status >= 400 && error.contains(words),
            "{case}: {error}"
        );
    }
    let text = request(
        "POST",
        "/sandbox/faults",
        "",
        &json!({"action": {"kind": "twice"}}),
    );
    let text = String::from_utf8(text).unwrap();
    let text = text.replace("application/json", "text/plain");
    assert_eq!(send(&sandbox, text.as_bytes()).status, 400);
    assert!(sandbox.faults().is_empty());
}

#[test]
fn only_local_names_the_same_origin_and_the_token_have_access() {
    let open = sandbox();
    let guarded = start(Sandbox::builder().admin_token("0123456789abcdef"));
    let cases = "
        open /sandbox localhost -> 200
        open /sandbox LocalHost:8787 -> 200
        open /sandbox 127.9.9.9:1 -> 200
        open /sandbox [::1]:8787 -> 200
        open /sandbox evil.example -> 403
        open /sandbox 127.0.0.1.evil.example -> 403
        open /sandbox localhost@evil.example -> 403
        open /sandbox 0.0.0.0:8787 -> 403
        open /sandbox localhost:1 origin: http://localhost:1 -> 200
        open /sandbox localhost:1 origin: http://localhost:2 -> 403
        open /sandbox localhost:1 origin: null -> 403
        open /sandbox localhost:1 sec-fetch-site: same-site -> 403
        open /sandbox localhost:1 sec-fetch-site: same-origin -> 200
        open / localhost:1 sec-fetch-site: cross-site -> 200
        guarded /sandbox localhost -> 401
        guarded /sandbox localhost authorization: Bearer x -> 401
        guarded /sandbox any.example authorization: Bearer 0123456789abcdef -> 200
        guarded /sandbox localhost:1 origin: null -> 401
        guarded / localhost -> 200";
    for case in cases.trim().lines() {
        let (call, expected) = case.split_once(" -> ").unwrap();
        let mut parts = call.trim().splitn(4, ' ');
        let mut part = || parts.next();
        let (which, path, host) = (part().unwrap(), part().unwrap(), part().unwrap());
        let header = part().map_or(String::new(), |header| format!("{header}\r\n"));
        let text = String::from_utf8(request("GET", path, &header, &json!({}))).unwrap();
        let text = text.replace("host: localhost", &format!("host: {host}"));
        let sandbox = if which == "open" { &open } else { &guarded };
        assert_eq!(
            send(sandbox, text.as_bytes()).status.to_string(),
            expected,
            "{case}"
        );
    }
}

#[test]
fn files_are_served_with_a_strict_policy() {
    let sandbox = sandbox();
    for path in [
        "/",
        "/console/console.css",
        "/console/console.js",
        "/console/icon.svg",
        "/openapi.json",
    ] {
        let response = admin(&sandbox, "GET", path, &json!({}));
        assert_eq!(response.status, 200, "{path}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert_eq!(
            response.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
        let text = String::from_utf8(response.body).unwrap();
        assert!(
            !text.contains("innerHTML") && !text.contains("style="),
            "{path}"
        );
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn codes_are_handed_to_the_backend_and_to_the_sandbox_once() {
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/phone", backend.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = backend.accept().unwrap();
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).unwrap();
        stream
            .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    });
    let sandbox = start(Sandbox::builder().backend(&url));
    let code = issue(&sandbox);
    let hand_over = |to: &str| {
        admin(
            &sandbox,
            "POST",
            "/sandbox/send",
            &json!({"code": code, "to": to}),
        )
        .json()
    };
    let sent = hand_over("backend");
    let expected = json!({"httpStatus": 201, "contentType": null, "body": "ok"});
    assert_eq!(
        (&sent["response"], &sent["request"]["url"]),
        (&expected, &json!(url))
    );
    let received = served.join().unwrap();
    assert!(
        received.starts_with("POST /api/phone HTTP/1.0\r\nhost: 127.0.0.1:"),
        "{received}"
    );
    assert!(
        received.ends_with(&format!("\r\n\r\n{{\"code\":\"{code}\"}}")),
        "{received}"
    );

    for (at, how, words) in [
        (CutAt::Request, How::Reset, "was reset"),
        (CutAt::HalfBody, How::Fin, "was closed"),
    ] {
        push(&sandbox, Fault::cut(at, how).consume(false));
        let sent = hand_over("sandbox");
        assert_eq!(sent["response"], Value::Null);
        assert!(sent["error"].as_str().unwrap().contains(words), "{sent}");
    }
    let sent = hand_over("sandbox");
    assert!(
        sent["response"]["body"].as_str().unwrap().contains(NUMBER),
        "{sent}"
    );
    assert_eq!(presented(&sandbox, &code), 3);
}

#[test]
fn the_ledger_keeps_the_latest_codes_and_attempts() {
    let sandbox = sandbox();
    let first = issue(&sandbox);
    let mut peer = Peer::connect(&sandbox);
    for number in 0..authing_sandbox::MAX_UNKNOWN_CODES + 10 {
        peer.send(&exchange_request(&format!("{number}{}", "x".repeat(200))));
        peer.receive();
        if number < 70 {
            peer.send(&exchange_request(&first));
            peer.receive();
        }
    }
    assert_eq!(
        sandbox.ledger().len(),
        authing_sandbox::MAX_UNKNOWN_CODES + 1
    );
    let entry = sandbox.entry(&first).unwrap();
    assert_eq!(
        (entry.presented, entry.attempts.len()),
        (70, authing_sandbox::MAX_ATTEMPTS)
    );
    for _ in 0..authing_sandbox::MAX_CODES {
        issue(&sandbox);
    }
    assert_eq!(sandbox.entry(&first), None);
    let last = sandbox
        .ledger()
        .into_iter()
        .rfind(|entry| entry.status == CodeStatus::Issued);
    assert!(last.is_some());
}
