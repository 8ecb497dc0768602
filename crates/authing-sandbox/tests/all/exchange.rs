//! The operation itself: shapes, rejections, the ledger, the clock, the rate limit, the records.

use std::time::Duration;

use authing_sandbox::{CodeStatus, Ending, OPENAPI_DOCUMENT, Outcome, Rejection, Sandbox};
use serde_json::{Value, json};

use crate::*;

/// Each row: the shape, the number, the place of an error, and the response where the document has
/// no example of it.
#[test]
fn each_shape_is_the_documents_example() {
    let sandbox = sandbox();
    let document: Value = serde_json::from_str(OPENAPI_DOCUMENT).unwrap();
    let content = &document["paths"][EXCHANGE_PATH]["post"]["responses"]["200"]["content"];
    let examples = &content["application/json"]["examples"];
    let table = r#"
        documented | +8613800138000 | /data |
        nested | +8613800138000 | /data |
        beside | +8613800138000 | |
        loose | +8613800138000 | /data | "13800138000", "purePhoneNumber": "13800138000", "countryCode": 86
        loose | +85251234567 | /data | "+85251234567", "purePhoneNumber": "51234567", "countryCode": 852
        loose | +12025550123 | /data | "+12025550123", "purePhoneNumber": "2025550123", "countryCode": 1
        loose | +442071234567 | /data | "+442071234567", "purePhoneNumber": "2071234567", "countryCode": 44
        loose | +420601123456 | /data | "+420601123456", "purePhoneNumber": "601123456", "countryCode": 420"#;
    for [shape, number, error_place, data] in rows(table) {
        sandbox.set_shape(serde_json::from_value(json!(shape)).unwrap());
        let code = sandbox.issue_code(number).unwrap();
        let mut body = exchange(&sandbox, &code);
        let loose =
            format!(r#"{{"statusCode": 200, "message": "", "data": {{"phoneNumber": {data}}}}}"#);
        let example = match shape {
            "loose" => &serde_json::from_str(&loose).unwrap(),
            _ => &examples[shape]["value"],
        };
        let time = "phone_info/watermark/timestamp";
        for place in ["/requestId", &format!("/data/{time}"), &format!("/{time}")] {
            // What is made up has the form of the example.
            if let (Some(own), Some(other)) = (body.pointer_mut(place), example.pointer(place)) {
                assert_eq!(own.to_string().len(), other.to_string().len());
                *own = other.clone();
            }
        }
        assert_eq!(&body, example, "{shape}");
        // A used code is WeChat's error, at the shape's place.
        let body = exchange(&sandbox, &code);
        let error = body.pointer(error_place).unwrap();
        assert_eq!(error["errcode"], 40163, "{shape}");
        assert!(error["errmsg"].as_str().unwrap().contains("rid: "));
    }
}

/// Each row: a header, the body, `statusCode` and `apiCode`, a word of `message`. ID stands for a
/// valid identifier of the connection.
#[test]
fn each_mistake_has_its_numbers_and_leaves_the_code_unused() {
    let builder = Sandbox::builder().connection("my-wxapp");
    let sandbox = start(builder.connection("other"));
    let code = issue(&sandbox);
    let table = r#"
        x: y | {"code": CODE, ID} | 400 null | x-authing-app-id
        x-authing-app-id: x | {"code": CODE, ID} | 403 2011 | 应用
        x-authing-userpool-id: x | {"code": CODE, ID} | 404 2224 | 用户池
        APP | [] | 400 null | JSON
        APP | {"code": 7, ID} | 400 null | code
        APP | {"code": "", ID} | 400 null | code
        APP | {"code": CODE} | 400 null | extIdpConnidentifier
        APP | {"code": CODE, "extIdpConnidentifier": "x"} | 404 null | 身份源连接"#;
    for [header, body, numbers, word] in rows(table) {
        let body = body.replace("ID", r#""extIdpConnidentifier": "my-wxapp""#);
        let body = body.replace("CODE", &format!("{code:?}"));
        let headers = format!("{header}\r\n").replace("APP\r\n", APP);
        let request = request("POST", EXCHANGE_PATH, &headers, body);
        let reply = json(&send(&sandbox, &request));
        let found = format!("{} {}", reply["statusCode"], reply["apiCode"]);
        assert_eq!(found, numbers, "{reply}");
        assert!(reply["message"].as_str().unwrap().contains(word), "{reply}");
        assert!(reply.get("data").is_none(), "{reply}");
    }
    let request = exchange_request(&code);
    let text = replaced(request.clone(), "application/json", "text/plain");
    let reply = json(&send(&sandbox, &text));
    assert_eq!(reply["message"], "content-type must be application/json");

    let other = sandbox.issue_code_for(NUMBER, "other").unwrap();
    for code in [&other, "0123"] {
        assert_eq!(exchange(&sandbox, code)["data"]["errcode"], 40029);
    }
    assert_eq!(seen(&sandbox, "0123").1, CodeStatus::Unknown);
    assert_eq!(seen(&sandbox, &code).1, CodeStatus::Issued);
    // A user pool id can take the place of the application id.
    let (app, userpool) = ("app-id: sandbox-app", "userpool-id: sandbox-userpool");
    let reply = json(&send(&sandbox, &replaced(request, app, userpool)));
    assert_eq!(reply["data"]["countryCode"], "86");
}

#[test]
fn exactly_one_of_many_requests_consumes_a_code_and_the_ledger_says_which() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let old = issue(&sandbox);
    let replies = std::thread::scope(|scope| {
        let threads = [(); 32].map(|()| scope.spawn(|| exchange(&sandbox, &code)));
        threads.map(|thread| thread.join().unwrap())
    });
    let successes = replies
        .iter()
        .filter(|reply| reply["data"]["phoneNumber"] == NUMBER);
    assert_eq!(successes.count(), 1);
    sandbox.advance_clock(Duration::from_secs(290));
    assert_eq!(seen(&sandbox, &old).1, CodeStatus::Issued);
    sandbox.advance_clock(Duration::from_secs(10));
    let reply = exchange(&sandbox, &old);
    assert_eq!(reply["data"]["errcode"], 40029);
    assert_eq!(seen(&sandbox, &old), (1, CodeStatus::Expired));

    let entry = sandbox.entry(&code).unwrap();
    assert_eq!((entry.status, entry.presented), (CodeStatus::Consumed, 32));
    assert!(entry.consumed_at < entry.expires_at && entry.consumed_at > entry.issued_at);
    for record in sandbox.requests().iter().take(32) {
        let is_first = entry.consumed_by == Some(record.number);
        assert_eq!(record.outcome == Outcome::Consumed, is_first);
        let used = Outcome::Rejected(Rejection::CodeUsed);
        assert_eq!(record.outcome == used, !is_first);
    }
    assert_eq!(sandbox.ledger().len(), 2);
}

#[test]
fn a_rate_limit_of_zero_rejects_every_request_and_off_removes_it() {
    let sandbox = start(Sandbox::builder().rate_limit(Some(2)));
    let (used, other) = (issue(&sandbox), issue(&sandbox));
    let statuses = || [(); 4].map(|()| exchange(&sandbox, &used)["statusCode"].clone());
    statuses();
    eventually("all requests are in one second", || {
        sandbox.advance_clock(Duration::from_secs(1));
        let found = statuses();
        let records = sandbox.requests();
        let mut seconds = records.iter().rev().map(|record| record.at.timestamp());
        let in_one = seconds.next() == seconds.nth(2);
        // The last request shows that the second had not ended before.
        assert!(!in_one || found[..3] == [200, 200, 429], "{found:?}");
        in_one
    });
    sandbox.set_rate_limit(Some(0));
    assert_eq!(statuses(), [429; 4]);
    let throttled = send(&sandbox, &exchange_request(&other));
    assert_eq!(throttled[9..12], *"429");
    assert!(throttled.contains("\r\nretry-after: 1\r\n"));
    assert_eq!(seen(&sandbox, &other).1, CodeStatus::Issued);
    sandbox.set_rate_limit(None);
    assert_eq!(statuses(), [200; 4]);
}

#[test]
fn records_hold_every_byte_in_both_directions() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let (first, second) = (exchange_request(&code), exchange_request("other"));
    // Two requests in one write, the second one completed byte by byte.
    let mut peer = Peer::connect(&sandbox, &[&first[..], &second[..40]].concat());
    let mut responses = vec![peer.receive()];
    for byte in &second[40..] {
        peer.send(&[*byte]);
    }
    responses.push(peer.receive());
    let records = sandbox.requests();
    assert_eq!((&records[0].bytes, &records[1].bytes), (&first, &second));
    let recorded = records.iter().map(|record| &record.response[..]);
    assert!(recorded.eq(responses.iter().map(String::as_bytes)));
    assert_eq!(records[0].code.as_deref(), Some(&*code));
    let connection = &sandbox.connections()[0];
    let length = (first.len() + second.len()) as u64;
    assert_eq!(connection.plain_bytes_read, length);

    let part = &second[..second.len() - 1];
    peer.send(part);
    let is_recorded = || last(&sandbox).bytes == part;
    eventually("a part is recorded at once", is_recorded);
    drop(peer);
    let is_closed = || last(&sandbox).ending == Ending::PeerClosed;
    eventually("the close is recorded", is_closed);
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
    let reply = json(&send(&sandbox, chunked.as_bytes()));
    assert_eq!(reply["data"]["countryCode"], "86");
    assert_eq!(last(&sandbox).bytes, chunked.as_bytes());

    let unknown = send(&sandbox, &request("GET", "/api/v3/other?x", "", ""));
    assert!(unknown.starts_with("HTTP/1.1 404 "), "{unknown}");
    assert_eq!(json(&unknown)["message"], "Cannot GET /api/v3/other");

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
        let mut peer = Peer::connect(&sandbox, bytes.as_bytes());
        assert!(peer.receive().starts_with("HTTP/1.1 400 "), "{malformed}");
        peer.read_all(0, How::Fin);
        let record = last(&sandbox);
        assert!(record.problem.is_some() && !record.complete);
    }

    for old in [exchange_request(&code), request("HEAD", "/", "", "")] {
        let mut peer = Peer::connect(&sandbox, &replaced(old.clone(), "HTTP/1.1", "HTTP/1.0"));
        let response = peer.receive();
        assert!(response.contains("\r\nconnection: close\r\n"));
        let is_empty = response.ends_with("\r\n\r\n");
        assert_eq!(is_empty, old.starts_with(b"HEAD"), "{response}");
        peer.read_all(0, How::Fin);
    }
}

#[test]
fn invalid_configurations_are_rejected() {
    let remote = Sandbox::builder().bind(([0, 0, 0, 0], 0).into());
    for (builder, words) in [
        (Sandbox::builder().app_id(""), "is not an id"),
        (Sandbox::builder().connection("a b"), "is not an id"),
        (Sandbox::builder().admin_token("short"), "at least 16"),
        (Sandbox::builder().backend("https://x/"), "http://"),
        (Sandbox::builder().backend("http://a@b/"), "http://"),
        (remote.clone().allow_remote(true), "admin token"),
        (remote.admin_token("0123456789abcdef"), "allow-remote"),
    ] {
        let error = builder.start().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
