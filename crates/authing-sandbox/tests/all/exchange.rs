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
    for (shape, pointer, expected) in [
        (Shape::Documented, "/data", full.clone()),
        (Shape::Nested, "/data/phone_info", full.clone()),
        (Shape::Beside, "/phone_info", full),
        (
            Shape::Loose,
            "/data",
            json!({"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": 86}),
        ),
    ] {
        sandbox.set_shape(shape);
        let code = issue(&sandbox);
        let response = exchange(&sandbox, &code);
        let body = response.json();
        assert_eq!((response.status, &body["statusCode"]), (200, &json!(200)));
        let mut fields = body.pointer(pointer).unwrap().clone();
        let watermark = fields.as_object_mut().unwrap().remove("watermark");
        assert_eq!(fields, expected, "{shape:?}");
        let nested = matches!(shape, Shape::Nested | Shape::Beside);
        assert_eq!(watermark.is_some(), nested, "{shape:?}");
        assert_eq!(body.get("requestId").is_none(), shape == Shape::Loose);
        assert_eq!(body.get("data").is_none(), shape == Shape::Beside);
        // A used code is WeChat's error, at the shape's place.
        let body = exchange(&sandbox, &code).json();
        let place = if shape == Shape::Beside {
            &body
        } else {
            &body["data"]
        };
        assert_eq!(place["errcode"], 40163, "{shape:?}");
        assert!(place["errmsg"].as_str().unwrap().contains("rid: "));
    }
    sandbox.set_shape(Shape::Loose);
    let code = sandbox.issue_code("+85251234567").unwrap();
    let data = exchange(&sandbox, &code).json()["data"].clone();
    assert_eq!(data["phoneNumber"], "+85251234567");
    assert_eq!(data["countryCode"], 852);
}

#[test]
fn each_mistake_has_its_numbers_and_leaves_the_code_unused() {
    let sandbox = start(
        Sandbox::builder()
            .connection("my-wxapp")
            .connection("other"),
    );
    let code = issue(&sandbox);
    let cases = r#"
        none | {"code": CODE, "extIdpConnidentifier": "my-wxapp"} | 400 null x-authing-app-id
        x-authing-app-id: x | {"code": CODE, "extIdpConnidentifier": "my-wxapp"} | 403 2011 应用
        x-authing-userpool-id: x | {"code": CODE, "extIdpConnidentifier": "my-wxapp"} | 404 2224 用户池
        app | [] | 400 null JSON
        app | {"code": 7, "extIdpConnidentifier": "my-wxapp"} | 400 null code
        app | {"code": "", "extIdpConnidentifier": "my-wxapp"} | 400 null code
        app | {"code": CODE} | 400 null extIdpConnidentifier
        app | {"code": CODE, "extIdpConnidentifier": "x"} | 404 null 身份源连接
        app | {"code": CODE, "extIdpConnidentifier": "my-wxapp", "pad": "PAD"} | 413 null 请求体过大"#;
    for case in cases.trim().lines() {
        let parts: Vec<&str> = case.trim().split(" | ").collect();
        let body = parts[1].replace("CODE", &format!("{code:?}"));
        let body = serde_json::from_str(&body.replace("PAD", &"x".repeat(70_000))).unwrap();
        let headers = match parts[0] {
            "none" => String::new(),
            "app" => "x-authing-app-id: sandbox-app\r\n".to_owned(),
            header => format!("{header}\r\n"),
        };
        let request = request("POST", EXCHANGE_PATH, &headers, &body);
        let reply = send(&sandbox, &request).json();
        let message = reply["message"].as_str().unwrap();
        let words = parts[2].split(' ').next_back().unwrap();
        assert!(
            message.contains(words) && reply.get("data").is_none(),
            "{reply}"
        );
        let numbers = format!("{} {} {words}", reply["statusCode"], reply["apiCode"]);
        assert_eq!(numbers, parts[2]);
    }
    let plain = String::from_utf8(exchange_request(&code)).unwrap();
    let plain = plain.replace("application/json", "text/plain");
    let reply = send(&sandbox, plain.as_bytes()).json();
    assert_eq!(reply["message"], "content-type must be application/json");

    let login = sandbox.issue(Order::login()).unwrap();
    let other = sandbox.issue(Order::phone(NUMBER).connection("other"));
    for code in [&login, &other.unwrap(), "0123"] {
        assert_eq!(exchange(&sandbox, code).json()["data"]["errcode"], 40029);
    }
    assert_eq!(status(&sandbox, "0123"), CodeStatus::Unknown);
    assert_eq!(status(&sandbox, &code), CodeStatus::Issued);
    assert_eq!(
        exchange(&sandbox, &code).json()["data"]["countryCode"],
        "86"
    );
}

#[test]
fn a_user_pool_id_can_take_the_place_of_the_application_id() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let text = String::from_utf8(exchange_request(&code)).unwrap();
    let text = text.replace("app-id: sandbox-app", "userpool-id: sandbox-userpool");
    assert_eq!(send(&sandbox, text.as_bytes()).json()["statusCode"], 200);
}

#[test]
fn the_ledger_tells_what_happened_to_a_code() {
    let sandbox = start(Sandbox::builder().manual_clock(true));
    let (used, old) = (
        issue(&sandbox),
        sandbox.issue(Order::phone(NUMBER).code("my-code")).unwrap(),
    );
    assert_eq!(old, "my-code");
    let mut peer = Peer::connect(&sandbox);
    for _ in 0..2 {
        peer.send(&exchange_request(&used));
        peer.receive();
    }
    sandbox.clock().advance(Duration::from_secs(300));
    assert_eq!(exchange(&sandbox, &old).json()["data"]["errcode"], 40029);
    let entry = sandbox.entry(&used).unwrap();
    assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 2));
    assert_eq!(
        (entry.consumed_by, entry.consumed_at),
        (Some(1), entry.issued_at)
    );
    let outcomes: Vec<Outcome> = entry
        .attempts
        .iter()
        .map(|attempt| attempt.outcome)
        .collect();
    let again = Outcome::Rejected(Rejection::CodeUsed);
    assert_eq!(outcomes, [Outcome::Consumed, again]);
    assert_eq!(status(&sandbox, &old), CodeStatus::Expired);
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn exactly_one_of_many_requests_consumes_a_code() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let numbers: usize = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..32)
            .map(|_| scope.spawn(|| exchange(&sandbox, &code).json()))
            .collect();
        let replies = tasks.into_iter().map(|task| task.join().unwrap());
        replies
            .filter(|reply| reply["data"]["phoneNumber"] == NUMBER)
            .count()
    });
    assert_eq!(numbers, 1);
    assert_eq!(presented(&sandbox, &code), 32);
}

#[test]
fn a_rate_limit_of_zero_rejects_every_request_and_off_removes_it() {
    let sandbox = start(Sandbox::builder().rate_limit(Some(2)).manual_clock(true));
    let codes: Vec<String> = (0..4).map(|_| issue(&sandbox)).collect();
    let statuses = |sandbox: &Sandbox| -> Vec<u16> {
        let replies = codes.iter().map(|code| exchange(sandbox, code).status);
        replies.collect()
    };
    assert_eq!(statuses(&sandbox), [200, 200, 429, 429]);
    sandbox.set_rate_limit(Some(0));
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(statuses(&sandbox), [429; 4]);
    let throttled = exchange(&sandbox, &codes[3]);
    assert_eq!(throttled.header("retry-after"), Some("1"));
    assert_eq!(throttled.json()["statusCode"], 429);
    assert_eq!(sandbox.entry(&codes[3]).unwrap().status, CodeStatus::Issued);
    sandbox.set_rate_limit(None);
    assert_eq!(statuses(&sandbox), [200; 4]);
    assert_eq!(
        sandbox.entry(&codes[3]).unwrap().status,
        CodeStatus::Consumed
    );
}

#[test]
fn records_hold_every_byte_in_both_directions() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let (first, second) = (exchange_request(&code), exchange_request("other"));
    let mut peer = Peer::connect(&sandbox);
    // Two requests in one write, the second one completed byte by byte.
    peer.send(&[&first[..], &second[..40]].concat());
    let response = peer.receive();
    for byte in &second[40..] {
        peer.send(&[*byte]);
    }
    let other = peer.receive();
    let records = sandbox.requests();
    assert_eq!((&records[0].bytes, &records[1].bytes), (&first, &second));
    assert_eq!(records[0].response, response.bytes);
    assert_eq!(records[1].response, other.bytes);
    assert_eq!(
        (records[0].method().as_str(), records[0].target().as_str()),
        ("POST", EXCHANGE_PATH)
    );
    assert_eq!(records[0].header("HOST").as_deref(), Some("localhost"));
    assert!(records[0].body().ends_with(b"\"my-wxapp\"}"));
    assert_eq!(records[0].code.as_deref(), Some(&*code));
    let connection = &sandbox.connections()[0];
    assert_eq!(connection.bytes_read, (first.len() + second.len()) as u64);
    assert_eq!(connection.requests, 2);
    assert_eq!(
        connection.bytes_written,
        (response.bytes.len() + other.bytes.len()) as u64
    );
}

#[test]
fn unusual_requests_are_recorded() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let body = json!({"code": code, "extIdpConnidentifier": "my-wxapp"}).to_string();
    let chunked = format!(
        "POST http://elsewhere{EXCHANGE_PATH} HTTP/1.1\r\nhost: elsewhere\r\n\
         content-type: application/json; charset=utf-8\r\nx-authing-app-id: sandbox-app\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &body[..5],
        body.len() - 5,
        &body[5..]
    );
    assert_eq!(
        send(&sandbox, chunked.as_bytes()).json()["data"]["countryCode"],
        "86"
    );
    assert_eq!(sandbox.requests()[0].body(), body.as_bytes());

    let unknown = send(&sandbox, &request("GET", "/api/v3/other?x", "", &json!({})));
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json()["message"], "Cannot GET /api/v3/other");

    let heads = [
        "\u{16}\u{3}\u{1}\u{2}\0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /a b HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nhost : x\r\n\r\n",
        "POST / HTTP/1.1\r\nx: y\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
    ];
    let framings = [
        "content-length: +1\r\n\r\nx",
        "content-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "transfer-encoding: gzip\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ];
    let framings = framings.map(|framing| format!("POST / HTTP/1.1\r\nhost: x\r\n{framing}"));
    for malformed in heads.map(str::to_owned).iter().chain(&framings) {
        let mut peer = Peer::connect(&sandbox);
        peer.send(malformed.as_bytes());
        assert_eq!(peer.receive().status, 400, "{malformed}");
        assert_eq!(peer.read_to_end(), (Vec::new(), Ok(())));
        let record = last(&sandbox);
        assert!(record.problem.is_some() && !record.complete);
    }

    let old = String::from_utf8(exchange_request(&code)).unwrap();
    let mut peer = Peer::connect(&sandbox);
    peer.send(old.replace("HTTP/1.1", "HTTP/1.0").as_bytes());
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
