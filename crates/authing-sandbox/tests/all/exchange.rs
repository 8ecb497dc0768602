//! The operation itself: shapes, rejections, the ledger, the clock, the rate limit, the records.

use crate::*;

/// Each row: the shape, headers, the body, the response. NEW, USED, KEPT, OTHER and HONG_KONG are
/// codes, and `parts` has the other words in capitals.
#[test]
fn responses_are_those_of_the_document_and_a_mistake_leaves_its_code_unused() {
    let builder = Sandbox::builder().connection("my-wxapp");
    let sandbox = start(builder.connection("other"));
    let hong_kong = sandbox.issue_code("+85251234567").unwrap();
    let other = sandbox.issue_code_for(NUMBER, "other").unwrap();
    let (kept, used) = (issue(&sandbox), issue(&sandbox));
    exchange(&sandbox, &used);
    let table = r#"
        documented | APP | {"code": "NEW", CONN} | {OK, "data": {PHONE}}
        documented | APP | {"code": "USED", CONN} | {OK, "data": {TWICE}}
        nested | APP | {"code": "NEW", CONN} | {OK, "data": {"errcode": 0, "errmsg": "ok", "phone_info": {PHONE, MARK}}}
        nested | APP | {"code": "USED", CONN} | {OK, "data": {TWICE}}
        beside | APP | {"code": "NEW", CONN} | {OK, "phone_info": {PHONE, MARK}}
        beside | APP | {"code": "USED", CONN} | {OK, TWICE}
        loose | APP | {"code": "NEW", CONN} | {LOOSE, "data": {"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": 86}}
        loose | APP | {"code": "HONG_KONG", CONN} | {LOOSE, "data": {"phoneNumber": "+85251234567", "purePhoneNumber": "51234567", "countryCode": 852}}
        loose | APP | {"code": "USED", CONN} | {LOOSE, "data": {TWICE}}
        documented | APP | {"code": "OTHER", CONN} | {OK, "data": {WRONG}}
        documented | APP | {"code": "0123", CONN} | {OK, "data": {WRONG}}
        documented | JSON | {"code": "KEPT", CONN} | {"statusCode": 400, "message": "缺少请求头 x-authing-app-id", UUID}
        documented | JSON; x-authing-app-id: x | {"code": "KEPT", CONN} | {"statusCode": 403, "apiCode": 2011, "message": "应用不存在", UUID}
        documented | JSON; x-authing-userpool-id: x | {"code": "KEPT", CONN} | {"statusCode": 404, "apiCode": 2224, "message": "用户池不存在", UUID}
        documented | host: x; content-type: text/plain; x-authing-app-id: sandbox-app | {"code": "KEPT", CONN} | {"statusCode": 400, "message": "content-type 必须为 application/json", UUID}
        documented | APP | [] | {"statusCode": 400, "message": "请求体不是 JSON 对象", UUID}
        documented | APP; x-authing-lang: en-US | [] | {"statusCode": 400, "message": "The request body is not a JSON object", UUID}
        documented | APP | {"code": 7, CONN} | {FIELD}
        documented | APP | {"code": "", CONN} | {FIELD}
        documented | APP | {"code": "KEPT"} | {FIELD}
        documented | APP | {"code": "KEPT", "extIdpConnidentifier": "x"} | {"statusCode": 404, "message": "身份源连接不存在：extIdpConnidentifier", UUID}
        documented | JSON; x-authing-userpool-id: sandbox-userpool | {"code": "KEPT", CONN} | {OK, "data": {PHONE}}"#;
    let parts = r#"
        OK | "statusCode": 200, "message": "操作成功", UUID
        LOOSE | "statusCode": 200, "message": ""
        PHONE | "phoneNumber": "+8613800138000", "purePhoneNumber": "13800138000", "countryCode": "86"
        MARK | "watermark": {"timestamp": TIME, "appid": "wx0123456789abcdef"}
        TWICE | "errcode": 40163, "errmsg": "code been used, rid: RANDOM"
        WRONG | "errcode": 40029, "errmsg": "invalid code, rid: RANDOM"
        FIELD | "statusCode": 400, "message": "参数格式错误：code 和 extIdpConnidentifier 必须为非空字符串", UUID
        CONN | "extIdpConnidentifier": "my-wxapp""#;
    let line = format!("POST {EXCHANGE_PATH}");
    for [shape, headers, body, expected] in rows(table) {
        sandbox.set_shape(serde_json::from_value(json!(shape)).unwrap());
        let new = issue(&sandbox);
        let issued_at = sandbox.entry(&new).unwrap().issued_at.unwrap();
        let body = body.replace("NEW", &new).replace("USED", &used);
        let body = body.replace("KEPT", &kept).replace("OTHER", &other);
        let body = fill(&body, rows(parts)).replace("HONG_KONG", &hong_kong);
        let names = [["APP; ", APP], ["JSON; ", JSON], ["; ", "\r\n"]];
        let headers = fill(&format!("{headers}; "), names);
        let response = send(&sandbox, request(&line, &headers, body));
        let (_, rid) = response.split_once("rid: ").unwrap_or_default();
        let reply = json(&response);
        let uuid = format!("\"requestId\": {}", reply["requestId"]);
        let time = issued_at.timestamp().to_string();
        let rid = rid.get(..26).unwrap_or_default();
        let random = [["RANDOM", rid], ["UUID", &uuid], ["TIME", &time]];
        let expected = fill(&fill(expected, rows(parts)), random);
        let expected: Value = serde_json::from_str(&expected).expect(&expected);
        assert_eq!(reply, expected, "{shape} {headers}");
    }
    assert_eq!(seen(&sandbox, &other).1, Issued);
}

/// Each row: a number, its country code, and the rest.
#[test]
fn numbers_are_split_by_the_itu_prefix_rules() {
    let sandbox = sandbox();
    let table = "
        13800138000 | 86 | 13800138000
        +12025550123 | 1 | 2025550123
        +442071234567 | 44 | 2071234567
        +420601123456 | 420 | 601123456";
    for [number, country_code, rest] in rows(table) {
        let code = sandbox.issue_code(number).unwrap();
        let data = &exchange(&sandbox, &code)["data"];
        assert_eq!(data["countryCode"], country_code);
        assert_eq!(data["purePhoneNumber"], rest);
    }
}

#[test]
fn exactly_one_of_many_requests_consumes_a_code_and_the_ledger_says_which() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let request = exchange_request(&code);
    let responses = std::thread::scope(|scope| {
        let threads = [(); 32].map(|()| scope.spawn(|| send(&sandbox, &request)));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(responses.concat().matches(NUMBER).count(), 1);
    assert_eq!(seen(&sandbox, &code), (32, Consumed));
    assert_eq!(sandbox.ledger().len(), 1);
    let entry = sandbox.entry(&code).unwrap();
    assert!(entry.consumed_at < entry.expires_at && entry.consumed_at > entry.issued_at);
    for record in sandbox.requests() {
        let is_first = entry.consumed_by == Some(record.number);
        let used = Outcome::Rejected(Rejection::CodeUsed);
        let expected = if is_first { Outcome::Consumed } else { used };
        assert_eq!(record.outcome, expected);
    }
}

#[test]
fn a_rate_limit_holds_for_each_second() {
    let sandbox = sandbox();
    sandbox.set_rate_limit(Some(2));
    let statuses = || [(); 4].map(|()| exchange(&sandbox, "code")["statusCode"].clone());
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
}

#[test]
fn pipelined_and_partial_requests_are_recorded_to_the_byte() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let (first, second) = (exchange_request(&code), exchange_request("other"));
    // Two requests in one write, the second one completed byte by byte.
    let mut peer = Peer::connect(sandbox.address(), format!("{first}{}", &second[..40]));
    assert!(peer.receive().contains(NUMBER));
    for byte in &second.as_bytes()[40..] {
        peer.send([*byte]);
    }
    assert!(peer.receive().contains("40029"));
    let records = sandbox.requests();
    let recorded = records.iter().map(|record| &record.bytes[..]);
    assert!(recorded.eq([first.as_bytes(), second.as_bytes()]));
    assert_eq!(records[0].code.as_deref(), Some(&*code));
    let length = (first.len() + second.len()) as u64;
    assert_eq!(connection(&sandbox).plain_bytes_read, length);

    let part = &second.as_bytes()[..second.len() - 1];
    peer.send(part);
    eventually("a part is recorded", || last(&sandbox).bytes == part);
    drop(peer);
    eventually("a close", || last(&sandbox).ending == Ending::PeerClosed);
}

#[test]
fn unusual_requests_are_recorded() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let body = json!({"code": code, "extIdpConnidentifier": "my-wxapp"}).to_string();
    let (start, rest) = body.split_at(5);
    let chunked = format!(
        "POST http://elsewhere{EXCHANGE_PATH} HTTP/1.1\r\nhost: elsewhere\r\n\
         content-type: application/json; charset=utf-8\r\nx-authing-app-id: sandbox-app\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\n{start}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n",
        rest.len()
    );
    let reply = json(&send(&sandbox, &chunked));
    assert_eq!(reply["data"]["countryCode"], "86");
    assert_eq!(last(&sandbox).bytes, chunked.as_bytes());

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
        let mut peer = Peer::connect(sandbox.address(), bytes);
        assert!(peer.receive().starts_with("HTTP/1.1 400 "), "{malformed}");
        peer.read_all(0, Fin);
        let record = last(&sandbox);
        assert!(record.problem.is_some() && !record.complete);
    }

    let mut peer = Peer::connect(sandbox.address(), "GET / HTTP/1.0\r\n\r\n");
    assert!(peer.receive().contains("\r\nconnection: close\r\n"));
    peer.read_all(0, Fin);
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
