//! The operation itself: shapes, rejections, the ledger, the clock, the rate limit, the records.

use std::time::Duration;

use authing_sandbox::{CodeStatus, EXCHANGE_PATH, Order, Outcome, Rejection, Sandbox, Shape};
use serde_json::json;

use crate::*;

#[test]
fn each_shape_is_the_documents_example() {
    let sandbox = sandbox();
    let full =
        json!({"phoneNumber": NUMBER, "purePhoneNumber": "13800138000", "countryCode": "86"});
    let mut loose = full.clone();
    loose["phoneNumber"] = "13800138000".into();
    loose["countryCode"] = 86.into();
    for (shape, place, error_place, expected) in [
        (Shape::Documented, "/data", "/data", &full),
        (Shape::Nested, "/data/phone_info", "/data", &full),
        (Shape::Beside, "/phone_info", "", &full),
        (Shape::Loose, "/data", "/data", &loose),
    ] {
        sandbox.set_shape(shape);
        let code = issue(&sandbox);
        let mut body = exchange(&sandbox, &code).json();
        assert_eq!(body["statusCode"], 200);
        assert_eq!(body.get("requestId").is_none(), shape == Shape::Loose);
        assert_eq!(body.get("data").is_none(), shape == Shape::Beside);
        let fields = body.pointer_mut(place).unwrap();
        let watermark = fields.as_object_mut().unwrap().remove("watermark");
        assert_eq!(fields, expected, "{shape:?}");
        assert_eq!(watermark.is_some(), place.ends_with("phone_info"));
        // A used code is WeChat's error, at the shape's place.
        let body = exchange(&sandbox, &code).json();
        let error = body.pointer(error_place).unwrap();
        assert_eq!(error["errcode"], 40163, "{shape:?}");
        assert!(error["errmsg"].as_str().unwrap().contains("rid: "));
    }
    let code = sandbox.issue_code("+85251234567").unwrap();
    let data = &exchange(&sandbox, &code).json()["data"];
    assert_eq!(data["phoneNumber"], "+85251234567");
    assert_eq!(data["countryCode"], 852);
}

/// Each row: a header, the body, `statusCode` and `apiCode`, a word of `message`. ID stands for a
/// valid identifier of the connection.
#[test]
fn each_mistake_has_its_numbers_and_leaves_the_code_unused() {
    let builder = Sandbox::builder().connection("my-wxapp");
    let sandbox = start(builder.connection("other"));
    let code = issue(&sandbox);
    for [header, body, numbers, word] in rows(
        r#"
        x: y | {"code": CODE, ID} | 400 null | x-authing-app-id
        x-authing-app-id: x | {"code": CODE, ID} | 403 2011 | 应用
        x-authing-userpool-id: x | {"code": CODE, ID} | 404 2224 | 用户池
        APP | [] | 400 null | JSON
        APP | {"code": 7, ID} | 400 null | code
        APP | {"code": "", ID} | 400 null | code
        APP | {"code": CODE} | 400 null | extIdpConnidentifier
        APP | {"code": CODE, "extIdpConnidentifier": "x"} | 404 null | 身份源连接
        APP | {"code": CODE, ID, "pad": "PAD"} | 413 null | 请求体过大"#,
    ) {
        let body = body.replace("ID", r#""extIdpConnidentifier": "my-wxapp""#);
        let body = body.replace("CODE", &format!("{code:?}"));
        let body = body.replace("PAD", &"x".repeat(70_000));
        let headers = format!("{header}\r\n").replace("APP\r\n", APP);
        let reply = send(&sandbox, &request("POST", EXCHANGE_PATH, &headers, body)).json();
        let found = format!("{} {}", reply["statusCode"], reply["apiCode"]);
        assert_eq!(found, numbers, "{reply}");
        assert!(reply["message"].as_str().unwrap().contains(word), "{reply}");
        assert!(reply.get("data").is_none(), "{reply}");
    }
    let request = exchange_request(&code);
    let text = replaced(request.clone(), "application/json", "text/plain");
    let reply = send(&sandbox, &text).json();
    assert_eq!(reply["message"], "content-type must be application/json");

    let login = sandbox.issue(Order::login()).unwrap();
    let other = sandbox.issue(Order::phone(NUMBER).connection("other"));
    for code in [&login, &other.unwrap(), "0123"] {
        assert_eq!(exchange(&sandbox, code).json()["data"]["errcode"], 40029);
    }
    assert_eq!(seen(&sandbox, "0123").1, CodeStatus::Unknown);
    assert_eq!(seen(&sandbox, &code).1, CodeStatus::Issued);
    // A user pool id can take the place of the application id.
    let (app, userpool) = ("app-id: sandbox-app", "userpool-id: sandbox-userpool");
    let reply = send(&sandbox, &replaced(request, app, userpool)).json();
    assert_eq!(reply["data"]["countryCode"], "86");
}

#[test]
fn the_ledger_tells_what_happened_to_a_code() {
    let sandbox = start(Sandbox::builder().manual_clock(true));
    let used = issue(&sandbox);
    let old = Order::phone(NUMBER).code("my-code");
    assert_eq!(sandbox.issue(old).unwrap(), "my-code");
    let mut peer = Peer::connect(&sandbox);
    peer.exchange(&used);
    peer.exchange(&used);
    sandbox.clock().advance(Duration::from_secs(300));
    let reply = exchange(&sandbox, "my-code").json();
    assert_eq!(reply["data"]["errcode"], 40029);
    assert_eq!(seen(&sandbox, "my-code"), (1, CodeStatus::Expired));
    let entry = sandbox.entry(&used).unwrap();
    assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 2));
    assert_eq!(entry.consumed_by, Some(1));
    assert_eq!(entry.consumed_at, entry.issued_at);
    let outcomes = entry.attempts.iter().map(|attempt| attempt.outcome);
    let again = Outcome::Rejected(Rejection::CodeUsed);
    assert!(outcomes.eq([Outcome::Consumed, again]));
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn exactly_one_of_many_requests_consumes_a_code() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let succeeds = || exchange(&sandbox, &code).json()["data"]["phoneNumber"] == NUMBER;
    let successes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(succeeds)).collect();
        let results = threads.into_iter().map(|thread| thread.join().unwrap());
        results.filter(|success| *success).count()
    });
    assert_eq!(successes, 1);
    assert_eq!(seen(&sandbox, &code), (32, CodeStatus::Consumed));
}

#[test]
fn a_rate_limit_of_zero_rejects_every_request_and_off_removes_it() {
    let sandbox = start(Sandbox::builder().rate_limit(Some(2)).manual_clock(true));
    let codes = [(); 4].map(|()| issue(&sandbox));
    let statuses = || codes.each_ref().map(|code| exchange(&sandbox, code).status);
    assert_eq!(statuses(), [200, 200, 429, 429]);
    sandbox.set_rate_limit(Some(0));
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(statuses(), [429; 4]);
    let throttled = exchange(&sandbox, &codes[3]);
    assert_eq!(throttled.header("retry-after"), Some("1"));
    assert_eq!(throttled.json()["statusCode"], 429);
    assert_eq!(seen(&sandbox, &codes[3]).1, CodeStatus::Issued);
    sandbox.set_rate_limit(None);
    assert_eq!(statuses(), [200; 4]);
    assert_eq!(seen(&sandbox, &codes[3]).1, CodeStatus::Consumed);
}

#[test]
fn records_hold_every_byte_in_both_directions() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let (first, second) = (exchange_request(&code), exchange_request("other"));
    // Two requests in one write, the second one completed byte by byte.
    let mut peer = Peer::start(&sandbox, &[&first[..], &second[..40]].concat());
    let mut responses = vec![peer.receive().bytes()];
    for byte in &second[40..] {
        peer.send(&[*byte]);
    }
    responses.push(peer.receive().bytes());
    let records = sandbox.requests();
    let recorded = records
        .iter()
        .map(|record| (&record.bytes, &record.response));
    assert!(recorded.eq([&first, &second].into_iter().zip(&responses)));
    assert_eq!(records[0].method(), "POST");
    assert_eq!(records[0].target(), EXCHANGE_PATH);
    assert_eq!(records[0].header("HOST").as_deref(), Some("localhost"));
    assert!(records[0].body().ends_with(b"\"my-wxapp\"}"));
    assert_eq!(records[0].code.as_deref(), Some(&*code));
    let connection = &sandbox.connections()[0];
    let sizes = (connection.bytes_read, connection.bytes_written);
    let size = |parts: [&[u8]; 2]| parts.concat().len() as u64;
    let expected = (
        size([&first, &second]),
        size([&responses[0], &responses[1]]),
    );
    assert_eq!(sizes, expected);
    assert_eq!(connection.requests, 2);
}

#[test]
fn unusual_requests_are_recorded() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let body = json!({"code": code, "extIdpConnidentifier": "my-wxapp"}).to_string();
    let (start, rest) = body.split_at(5);
    let chunked = format!(
        "POST http://elsewhere{EXCHANGE_PATH} HTTP/1.1\r\nhost: elsewhere\r\n\
         content-type: application/json; charset=utf-8\r\n{APP}\
         transfer-encoding: chunked\r\n\r\n5\r\n{start}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n",
        rest.len()
    );
    let reply = send(&sandbox, chunked.as_bytes()).json();
    assert_eq!(reply["data"]["countryCode"], "86");
    assert_eq!(last(&sandbox).body(), body.as_bytes());

    let unknown = send(&sandbox, &request("GET", "/api/v3/other?x", "", "{}"));
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json()["message"], "Cannot GET /api/v3/other");

    for malformed in [
        "\u{16}\u{3}\u{1}\u{2}\0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /a b HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nhost : x\r\n\r\n",
        "POST / HTTP/1.1\r\nx: y\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
        "HOST content-length: +1\r\n\r\nx",
        "HOST content-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "HOST content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "HOST transfer-encoding: gzip\r\n\r\n",
        "HOST transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ] {
        let bytes = malformed.replace("HOST ", "POST / HTTP/1.1\r\nhost: x\r\n");
        let mut peer = Peer::start(&sandbox, bytes.as_bytes());
        assert_eq!(peer.receive().status, 400, "{malformed}");
        assert_eq!(peer.read_to_end(), (Vec::new(), Ok(())));
        let record = last(&sandbox);
        assert!(record.problem.is_some() && !record.complete);
    }

    let old = replaced(exchange_request(&code), "HTTP/1.1", "HTTP/1.0");
    let mut peer = Peer::start(&sandbox, &old);
    assert_eq!(peer.receive().header("connection"), Some("close"));
    assert_eq!(peer.read_to_end(), (Vec::new(), Ok(())));
}

#[test]
fn invalid_configurations_and_orders_are_rejected() {
    let remote = Sandbox::builder().bind(([0, 0, 0, 0], 0).into());
    for (builder, words) in [
        (Sandbox::builder().app_id(""), "is not an id"),
        (Sandbox::builder().connection("a b"), "is not an id"),
        (Sandbox::builder().admin_token("short"), "at least 16"),
        (Sandbox::builder().backend("https://x/"), "http://"),
        (Sandbox::builder().backend("http://a@b/"), "http://"),
        (remote.allow_remote(true), "admin token"),
    ] {
        let error = builder.start_blocking().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let sandbox = sandbox();
    sandbox.issue(Order::login().code("taken")).unwrap();
    for (order, words) in [
        (Order::phone("138"), "11 more digits"),
        (Order::phone(NUMBER).connection("x"), "has my-wxapp"),
        (Order::phone(NUMBER).code("a b"), "visible"),
        (Order::phone(NUMBER).code("taken"), "before"),
    ] {
        let error = sandbox.issue(order).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
