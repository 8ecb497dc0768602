//! Faults: what a plain socket sees, byte by byte, against what the records and the ledger say.

use crate::*;

/// Adds a fault, and sends the exchange request of a new code.
fn start_exchange(sandbox: &Sandbox, fault: Fault) -> (String, Peer) {
    sandbox.push_fault(fault).unwrap();
    let code = issue(sandbox);
    let peer = Peer::connect(sandbox.address(), exchange_request(&code));
    (code, peer)
}

/// Each row: the place, how many bytes of the request are sent before, what happens to the code.
#[test]
fn every_cut_happens_at_its_byte_with_its_close_and_its_effect_on_the_code() {
    let sandbox = sandbox();
    let processed = send(&sandbox, exchange_request(&issue(&sandbox)));
    sandbox
        .push_fault(Fault::delay(Duration::ZERO).consume(false))
        .unwrap();
    let unprocessed = send(&sandbox, exchange_request("code"));
    let whole = exchange_request(&issue(&sandbox)).len();
    let table = [
        (CutAt::RequestBytes(0), 1, Issued),
        (CutAt::RequestBytes(1), 1, Issued),
        (CutAt::RequestBytes(20), 20, Issued),
        (CutAt::RequestBytes(250), 250, Issued),
        (CutAt::RequestBytes(60), whole, Issued),
        (CutAt::RequestBytes(100_000), whole, Issued),
        (CutAt::Request, whole, Issued),
        (CutAt::StatusLine, whole, Consumed),
        (CutAt::ResponseBytes(0), whole, Consumed),
        (CutAt::ResponseBytes(100), whole, Consumed),
        (CutAt::HalfBody, whole, Consumed),
        (CutAt::Response, whole, Consumed),
    ];
    // `None` is an early response in place of a cut: it keeps the connection.
    let ends = [Some(Fin), Some(Reset), Some(Stall), None];
    for (how, (at, sent, status)) in ends.into_iter().flat_map(|how| table.map(|row| (how, row))) {
        let fault = match (how, at) {
            (Some(how), _) => Fault::cut(at, how),
            (None, CutAt::RequestBytes(bytes)) => Fault::throttle().early(bytes),
            _ => continue,
        };
        for (fault, status) in [
            (fault.clone(), status),
            (fault.clone().consume(false), Issued),
            (fault.consume(true), Consumed),
        ] {
            let case = format!("{fault:?}");
            let kind = json!(fault)["action"]["kind"].take();
            sandbox.push_fault(fault).unwrap();
            let (code, next) = (issue(&sandbox), issue(&sandbox));
            let request = exchange_request(&code).into_bytes();
            let (start, rest) = request.split_at(sent);
            let mut peer = Peer::connect(sandbox.address(), "");
            // A part is sent byte by byte, and is never more than the fault waits for.
            for bytes in start.chunks(if rest.is_empty() { whole } else { 1 }) {
                peer.send(bytes);
            }
            let is_real = status == Consumed;
            let response = if is_real { &processed } else { &unprocessed };
            let head = response.find("\r\n\r\n").unwrap() + 4;
            let length = match at {
                CutAt::StatusLine => "HTTP/1.1 200 OK\r\n".len(),
                CutAt::ResponseBytes(bytes) => bytes,
                CutAt::HalfBody => head + (response.len() - head) / 2,
                CutAt::Response => response.len(),
                _ => 0,
            };
            let bytes = match how {
                Some(how) => peer.read_all(length, how),
                None => peer.receive().into(),
            };
            if how != Some(Reset) {
                // The next request is counted, but processed only if the connection is kept.
                peer.send(rest);
                peer.send(exchange_request(&next));
                eventually(&case, || seen(&sandbox, &next).0 == 1);
                let is_processed = last(&sandbox).outcome != Outcome::NotProcessed;
                assert_eq!(is_processed, how.is_none(), "{case}");
                assert!(!is_processed || peer.receive().contains(NUMBER), "{case}");
            }
            let mut records = sandbox.requests().into_iter();
            let record = records.rfind(|record| record.fault.is_some()).unwrap();
            let (received, expected) = match at {
                CutAt::RequestBytes(bytes @ 0..1000) if how == Some(Reset) => (bytes, (0, Issued)),
                _ => (whole, (1, status)),
            };
            assert_eq!(seen(&sandbox, &code), expected, "{case}");
            assert_eq!(record.bytes, request[..received], "{case}");
            assert_eq!(record.complete, received == whole, "{case}");
            assert_eq!(record.response, bytes, "{case}");
            let ending = match (how, at) {
                (None, _) | (_, CutAt::Response) => Ending::Responded,
                _ => Ending::Faulted,
            };
            assert_eq!(record.ending, ending, "{case}");
            assert_eq!(json!(record.fault), kind, "{case}");
            drop(peer);
            eventually(&case, || sandbox.open_connections() == 0);
            let connection = connection(&sandbox);
            assert_eq!(connection.ended, how, "{case}");
            let peer_closed = (how != Some(Reset)).then_some(Fin);
            assert_eq!(connection.peer_closed, peer_closed, "{case}");
        }
    }
}

#[test]
fn a_cut_on_accept_takes_no_request_and_a_dropped_sandbox_ends_a_stall() {
    let sandbox = sandbox();
    let mut open = Peer::connect(sandbox.address(), "");
    let request = exchange_request("unseen");
    for (how, bytes) in [(Fin, &*request), (Reset, ""), (Stall, &request)] {
        assert_eq!(json(&open.exchange("code"))["statusCode"], 200);
        sandbox.push_fault(Fault::cut(CutAt::Accept, how)).unwrap();
        assert_eq!(json(&open.exchange("code"))["statusCode"], 200);
        Peer::connect(sandbox.address(), bytes).read_all(0, how);
    }
    assert_eq!(sandbox.entry("unseen"), None);
    let (code, mut peer) = start_exchange(&sandbox, Fault::stall(CutAt::Request));
    eventually("it is read", || seen(&sandbox, &code).0 == 1);
    drop(sandbox);
    peer.read_all(0, Fin);
}

/// Each row: the head without the length, a part of the body. All are sent on one connection.
#[test]
fn responses_of_faults_are_sent_as_given_in_order_and_as_often_as_configured() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let plain = json!({"action": {"kind": "answer", "body": "no header"}});
    let delay = Fault::delay(Duration::ZERO);
    for fault in [
        Fault::answer(503, "text/html", "<p>down</p>"),
        Fault::answer(307, "text/html", "").header("location", "http://x.invalid/"),
        Fault::throttle().header("x-a", "b"),
        Fault::reply(603).http_status(500).times(2),
        serde_json::from_value(plain).unwrap(),
        Fault::raw("HTTP/1.1 299 Raw\r\ncontent-length: 3\r\n\r\nraw"),
        Fault::wechat(45011, "api minute-quota reached"),
        // Without a body it is the real response, and the code is consumed.
        delay.http_status(502).header("content-type", "text/plain"),
        Fault::reply(604).permanent(),
    ] {
        sandbox.push_fault(fault).unwrap();
    }
    let table = r#"
        503 Service Unavailable; content-type: text/html | <p>down</p>
        307 Temporary Redirect; content-type: text/html; location: http://x.invalid/ |
        429 Too Many Requests; content-type: application/json; x-a: b | "statusCode":429
        500 Internal Server Error; content-type: application/json | "statusCode":603
        500 Internal Server Error; content-type: application/json | "statusCode":603
        200 OK | no header
        299 Raw | raw
        200 OK; content-type: application/json | "data":{"errcode":45011
        502 Bad Gateway; content-type: text/plain | "phoneNumber":"+8613800138000"
        200 OK; content-type: application/json | "statusCode":604
        200 OK; content-type: application/json | "statusCode":604"#;
    let mut peer = Peer::connect(sandbox.address(), "");
    for [head, part] in rows(table) {
        let response = peer.exchange(&code).replace("\r\n", "; ");
        let (found, body) = response.split_once("; ; ").unwrap();
        let head = format!("HTTP/1.1 {head}; content-length: {}", body.len());
        assert_eq!(found, head, "{response}");
        assert!(body.contains(part), "{response}");
    }
    assert_eq!(seen(&sandbox, &code), (11, Consumed));
    sandbox.clear_faults();
    assert_eq!(json(&peer.exchange(&code))["data"]["errcode"], 40163);
    for _ in 0..MAX_FAULTS {
        sandbox.push_fault(Fault::twice()).unwrap();
    }
    let error = sandbox.push_fault(Fault::twice()).unwrap_err();
    assert!(error.to_string().contains("too many"));
}

#[test]
fn raw_bytes_are_sent_unchanged_and_end_as_configured() {
    let sandbox = sandbox();
    let bytes = b"HTTP/1.0 200 OK\r\ncontent-length: 99\r\n\r\n\xff\0short";
    for then in [Fin, Reset, Stall] {
        let (code, mut peer) = start_exchange(&sandbox, Fault::raw(bytes).then(then));
        assert_eq!(peer.read_all(bytes.len(), then), bytes);
        assert_eq!(seen(&sandbox, &code), (1, Issued));
    }
    let flood = Fault::raw("HTTP/1.1 200 OK\r\n").repeating("x: y\r\n");
    let (_, mut peer) = start_exchange(&sandbox, flood);
    let start = b"HTTP/1.1 200 OK\r\nx: y\r\nx: y\r\n";
    assert!(peer.read(1 << 20).starts_with(start));
    drop(peer);
    eventually("the flood ends", || sandbox.open_connections() == 0);
    assert_eq!(last(&sandbox).ending, Ending::PeerClosed);
}

#[test]
fn a_second_response_is_the_first_one_again_and_keeps_the_connection() {
    let sandbox = sandbox();
    let wait = MILLISECOND * 1000;
    let begun = Instant::now();
    let (code, mut peer) = start_exchange(&sandbox, Fault::twice().after(wait));
    let first = peer.receive();
    assert!(begun.elapsed() < wait);
    assert_eq!(first, peer.receive());
    assert!(begun.elapsed() >= wait);
    assert_eq!(json(&first)["data"]["phoneNumber"], NUMBER);
    let next = json(&peer.exchange(&code));
    assert_eq!(next["data"]["errcode"], 40163);
}

#[test]
fn slow_responses_are_slow_and_the_code_is_consumed_at_once() {
    let sandbox = sandbox();
    let wait = MILLISECOND * 80;
    let late = start(Sandbox::builder().latency(wait));
    let none = Fault::delay(Duration::ZERO);
    let reply = Fault::reply(1).dripping(MILLISECOND * 3);
    for (sandbox, fault, least, status) in [
        (&late, none, 80, Consumed),
        (&sandbox, Fault::delay(wait), 80, Consumed),
        (&sandbox, Fault::drip(MILLISECOND * 3), 840, Consumed),
        (&sandbox, reply, 450, Issued),
    ] {
        let begun = Instant::now();
        let (code, mut peer) = start_exchange(sandbox, fault);
        peer.receive();
        assert!(begun.elapsed() >= MILLISECOND * least);
        assert_eq!(seen(sandbox, &code), (1, status));
    }
    // Long before a delay is over, the code is consumed, and the close of the peer is noticed.
    for (how, linger) in [(Fin, None), (Reset, Some(Duration::ZERO))] {
        let (code, peer) = start_exchange(&sandbox, Fault::delay(wait * 1000));
        eventually("consumed", || seen(&sandbox, &code) == (1, Consumed));
        socket2::SockRef::from(&peer.0).set_linger(linger).unwrap();
        drop(peer);
        eventually("closed", || sandbox.open_connections() == 0);
        assert_eq!(connection(&sandbox).peer_closed, Some(how));
    }
    eventually("ended", || last(&sandbox).ending == Ending::PeerClosed);
}
