//! The admin routes, access control, the console's files, and the bounds of the ledger.

use crate::*;

/// Each row: request, body, status of the response, parts of the response. No response contains
/// inline code, and no other page can embed one.
#[test]
fn the_console_uses_its_files_and_five_routes_that_explain_errors() {
    let backend = sandbox();
    let created = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok";
    backend.push_fault(Fault::raw(created)).unwrap();
    let url = format!("{}/api/phone", backend.base_url());
    let sandbox = start(Sandbox::builder().backend(&url));
    let (new, old) = (issue(&sandbox), issue(&sandbox));
    let table = r#"
        GET / | | 200 | CSP
        GET /console/console.css | | 200 | CSP
        GET /console/console.js | | 200 | CSP
        GET /console/icon.svg | | 200 | CSP
        GET /openapi.json | | 200 | CSP
        HEAD / | | 200 | content-length: 0
        POST /sandbox/codes | {"phoneNumber": "13800138000"} | 200 | "issued"
        POST /sandbox/codes | {} | 400 | missing field `phoneNumber`
        POST /sandbox/codes | {"phoneNumber": ""} | 400 | leading +
        POST /sandbox/codes | {"phoneNumber": "+86 138 0013 8000"} | 400 | leading +
        POST /sandbox/codes | {"phoneNumber": "+86١٣٨"} | 400 | leading +
        POST /sandbox/codes | {"phoneNumber": "8613800138000"} | 400 | 11 more digits
        POST /sandbox/codes | {"phoneNumber": "+8623800138000"} | 400 | 11 more digits
        POST /sandbox/codes | {"phoneNumber": "+0123456789"} | 400 | begins with 0
        POST /sandbox/codes | {"phoneNumber": "+852123"} | 400 | at least 4
        POST /sandbox/codes | {"phoneNumber": "+1234567890123456"} | 400 | 15 in all
        POST /sandbox/codes | {"phone": "1"} | 400 | `phoneNumber` or `connection`
        POST /sandbox/codes | {"phoneNumber": "13800138000", "connection": "x"} | 400 | has my-wxapp
        GET /sandbox | | 200 | "phoneNumber":"+8613800138000"
        PUT /sandbox/controls | {"shape": "nested", "latencyMs": 5} | 200 | "latencyMs":5.0
        PUT /sandbox/controls | {"shape": "x"} | 400 | `documented`, `nested`, `beside`
        PUT /sandbox/controls | {"rateLimit": -1} | 400 | or \"off\"
        GET /sandbox | | 200 | "shape":"nested"
        POST /sandbox/faults | {"action": {"kind": "x"}} | 400 | `answer`, `raw`, `cut`, `twice`
        POST /sandbox/faults | {"action": {"kind": "cut", "at": "x", "how": "fin"}} | 400 | half-body
        POST /sandbox/faults | {"action": {"kind": "twice"}, "time": 1} | 400 | `times`
        POST /sandbox/faults | {"action": {"kind": "twice"}, "times": 0} | 400 | at least 1
        POST /sandbox/faults | {"action": {"kind": "twice"}} | 200 | "kind":"twice"
        DELETE /sandbox/faults | | 200 | "faults":[]
        POST /sandbox/send | {"code": "NEW", "to": "backend"} | 200 | "url":"URL" & "httpStatus":201 & "body":"ok" & "contentType":null
        POST /sandbox/faults | {"action": {"kind": "cut", "at": "request", "how": "reset"}} | 200 | "cut"
        POST /sandbox/send | {"code": "NEW", "to": "sandbox"} | 200 | "response":null & reset by peer
        POST /sandbox/faults | {"action": {"kind": "cut", "at": "half-body", "how": "fin"}, "consume": false} | 200 | "cut"
        POST /sandbox/send | {"code": "NEW", "to": "sandbox"} | 200 | "response":null & end of file
        POST /sandbox/send | {"code": "NEW", "to": "sandbox"} | 200 | +8613800138000
        PUT /sandbox/controls | {"rateLimit": 0, "advanceSeconds": 290} | 200 | "rateLimit":0, & "status":"issued"
        POST /api/v3/get-wechat-miniprogram-phone | {"code": "OLD"} | 429 | "statusCode":429 & retry-after: 1
        PUT /sandbox/controls | {"advanceSeconds": 10} | 200 | "rateLimit":0, & "status":"expired"
        PUT /sandbox/controls | {"rateLimit": "off"} | 200 | "rateLimit":"off"
        POST /sandbox/send | {"code": "OLD", "to": "sandbox"} | 200 | \"errcode\":40029
        POST /sandbox/send | {"code": "other", "to": "sandbox"} | 200 | \"errcode\":40029
        GET /sandbox | | 200 | "status":"unknown" & "outcome":"code-expired" & "ending":"responded" & \"code\":\"OLD\" & \"errcode\":40029
        GET /sandbox/x | | 404 | POST /sandbox/send
        GET /sandbox/faults | | 404 | POST, DELETE
        GET /api/v3/other?x | | 404 | "message":"Cannot GET /api/v3/other"
        PUT /api/v3/get-wechat-miniprogram-phone | {"code": "OLD"} | 404 | Cannot PUT
        POST /sandbox/faults | {"action": {"kind": "cut", "at": {"response-bytes": 9}, "how": "reset"}, "times": null, "consume": false, "afterMs": 1} | 200 | "faults":[{"#;
    let csp = "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
        img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; require-trusted-types-for 'script'\r\n";
    let words = [["NEW", &*new], ["OLD", &old], ["URL", &url], ["CSP", csp]];
    for [line, body, status, parts] in rows(table) {
        let response = send(&sandbox, request(line, APP, fill(body, words)));
        let row = format!("{line} {body}: {response}");
        assert_eq!(response[9..12], *status, "{row}");
        for part in fill(parts, words).split(" & ") {
            assert!(response.contains(part), "{part}: {row}");
        }
        let is_api = line.contains(" /api");
        let is_error = response.contains("\r\n\r\n{\"error\":");
        assert_eq!(is_error, !is_api && status >= "400", "{row}");
        let embedding = "\r\ncross-origin-resource-policy: same-origin\r\n";
        assert!(is_api || response.contains(embedding), "{row}");
        for inline_code in ["innerHTML", "style="] {
            assert!(!response.contains(inline_code), "{row}");
        }
    }
    let fault = Fault::cut(CutAt::ResponseBytes(9), Reset).permanent();
    assert_eq!(sandbox.faults(), [fault.consume(false).after(MILLISECOND)]);
    assert_eq!(seen(&sandbox, &new), (3, Consumed));
    let received = String::from_utf8(last(&backend).bytes).unwrap();
    let (line, _) = received.split_once("\r\n").unwrap();
    assert_eq!(line, "POST /api/phone HTTP/1.1");
    assert_eq!(backend.request_count(), 1);
    assert_eq!(json(&received), json!({ "code": new }));
    let order = json!({"code": new, "to": "backend"});
    let error = send(&backend, request("POST /sandbox/send", JSON, order));
    assert!(error.contains("--backend"), "{error}");
}

/// Each row: sandbox, request, hosts, another header, status of the response. All are requests that
/// a web page can send; none of them uses up the fault, issues a code, or presents one.
#[test]
fn only_local_names_the_same_origin_and_the_token_have_access() {
    let open = sandbox();
    open.push_fault(Fault::cut(CutAt::RequestBytes(10), Reset))
        .unwrap();
    let guarded = start(Sandbox::builder().admin_token("0123456789abcdef"));
    let table = "
        open | GET /sandbox | localhost LocalHost:8787 127.9.9.9:1 [::1]:8787 | x: y | 200
        open | GET /sandbox | evil.example 127.0.0.1.evil.example 0.0.0.0:8787 localhost@evil.example | x: y | 403
        open | POST /sandbox/codes | localhost | x: y | 400
        open | GET /sandbox | localhost:1 | origin: http://localhost:1 | 200
        open | GET /sandbox | localhost:1 | origin: http://localhost:2 | 403
        open | GET /sandbox | localhost:1 | origin: null | 403
        open | GET /sandbox | localhost:1 | sec-fetch-site: same-site | 403
        open | GET /sandbox | localhost:1 | sec-fetch-site: same-origin | 200
        open | GET / | localhost:1 | sec-fetch-site: cross-site | 200
        open | POST /api/v3/get-wechat-miniprogram-phone | localhost | origin: https://evil.example | 403
        open | POST /api/v3/get-wechat-miniprogram-phone | localhost | sec-fetch-site: cross-site | 403
        guarded | GET /sandbox | localhost | x: y | 401
        guarded | GET /sandbox | localhost | authorization: Bearer 0123456789abcdef0 | 401
        guarded | GET /sandbox | localhost | authorization: Bearer 0123456789abcde | 401
        guarded | GET /sandbox | any.example | authorization: Bearer 0123456789abcdef | 200
        guarded | GET /sandbox | localhost:1 | origin: null | 401
        guarded | GET / | localhost | x: y | 200";
    for [which, line, hosts, header, status] in rows(table) {
        let sandbox = if which == "open" { &open } else { &guarded };
        let name = if line.contains("/api") {
            "code"
        } else {
            "phoneNumber"
        };
        let body = json!({ name: NUMBER });
        for host in hosts.split(' ') {
            let headers = format!("host: {host}\r\ncontent-type: text/plain\r\n{header}\r\n");
            let response = send(sandbox, request(line, &headers, &body));
            assert_eq!(response[9..12], *status, "{which} {line} {host} {header}");
        }
    }
    assert_eq!((open.faults().len(), open.ledger().len()), (1, 0));
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
    assert_eq!((ledger.len(), &*ledger[0].code), (MAX_CODES, &long[..128]));
}
