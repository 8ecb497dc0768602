//! Faults: what a plain socket sees, byte by byte, against what the records and the ledger say.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use authing_sandbox::{Closed, CodeStatus, CutAt, Ending, Fault, How, Outcome, Sandbox};

use crate::*;

/// The response of a request without fault, whose length all others have.
fn plain_response(sandbox: &Sandbox) -> Response {
    exchange(sandbox, &issue(sandbox))
}

#[test]
fn every_cut_happens_at_its_byte_with_its_close_and_its_effect_on_the_code() {
    let sandbox = sandbox();
    let plain = plain_response(&sandbox);
    let (head, body) = (plain.head.len(), plain.body.len());
    let status_line = plain.head.find('\n').unwrap() + 1;
    let cuts = [
        (CutAt::RequestBytes(0), 0, false),
        (CutAt::RequestBytes(1), 0, false),
        (CutAt::RequestBytes(60), 0, false),
        (CutAt::RequestBytes(100_000), 0, false),
        (CutAt::Request, 0, false),
        (CutAt::StatusLine, status_line, true),
        (CutAt::ResponseBytes(0), 0, true),
        (CutAt::ResponseBytes(head + 1), head + 1, true),
        (CutAt::HalfBody, head + body / 2, true),
        (CutAt::Response, head + body, true),
    ];
    for ((how, end), (at, sent, consumes), consume) in ENDS.into_iter().flat_map(|how| {
        let consume = [None, Some(false), Some(true)];
        cuts.into_iter()
            .flat_map(move |cut| consume.map(|consume| (how, cut, consume)))
    }) {
        let code = issue(&sandbox);
        let fault = Fault::cut(at, how);
        let fault = consume.map_or(fault.clone(), |consume| fault.consume(consume));
        push(&sandbox, fault);
        let mut peer = Peer::start(&sandbox, &exchange_request(&code));
        let (bytes, found) = peer.read_to_end();
        let case = format!("{at:?} {how:?} {consume:?}");
        assert_eq!(found, end, "{case}");
        // A failing envelope, which is shorter, takes the place of one not processed.
        if consume != Some(false) || sent <= head {
            assert_eq!(bytes.len(), sent, "{case}");
        }
        // A reset or closed connection never completes a request it cut short.
        let cut_short = matches!(at, CutAt::RequestBytes(0..1000)) && how != How::Fin;
        let consumed = consume.unwrap_or(consumes) && !cut_short;
        let is_consumed = || seen(&sandbox, &code).1 == CodeStatus::Consumed;
        eventually(&case, || is_consumed() == consumed);
        let record = last(&sandbox);
        assert_eq!(record.fault, Some("cut"), "{case}");
        if let (CutAt::RequestBytes(n), true) = (at, cut_short) {
            assert_eq!((record.bytes.len(), record.complete), (n, false), "{case}");
        }
        let responded = record.ending == Ending::Responded;
        assert_eq!(responded, at == CutAt::Response, "{case}");
        assert!(responded || record.ending == Ending::Faulted, "{case}");
        assert_eq!(record.response, bytes, "{case}");
    }
    assert!(sandbox.faults().is_empty());
}

#[test]
fn a_cut_inside_the_request_acts_without_the_rest_of_it() {
    let sandbox = sandbox();
    let bytes = exchange_request(&"c".repeat(100));
    for position in [0, 1, 5, 20, 300] {
        let at = CutAt::RequestBytes(position);
        push(&sandbox, Fault::cut(at, How::Reset));
        let mut peer = Peer::connect(&sandbox);
        // Byte by byte, and never more than the fault waits for.
        for byte in &bytes[..position.max(1)] {
            peer.send(&[*byte]);
        }
        assert_eq!(peer.read_to_end(), (Vec::new(), RESET));
        assert_eq!(last(&sandbox).bytes, bytes[..position]);
    }
}

#[test]
fn what_arrives_after_a_fin_is_counted_and_processed_only_if_the_fault_says_so() {
    let sandbox = sandbox();
    for (consume, status) in [(false, CodeStatus::Issued), (true, CodeStatus::Consumed)] {
        let (code, other) = (issue(&sandbox), issue(&sandbox));
        let fault = Fault::cut(CutAt::RequestBytes(50), How::Fin);
        push(&sandbox, fault.consume(consume));
        let bytes = exchange_request(&code);
        let mut peer = Peer::start(&sandbox, &bytes[..60]);
        assert_eq!(peer.read_to_end(), (Vec::new(), Ok(())));
        assert_eq!(seen(&sandbox, &code).0, 0);
        peer.send(&bytes[60..]);
        // And another one, which is never processed.
        peer.send(&exchange_request(&other));
        eventually("both are counted", || seen(&sandbox, &other).0 == 1);
        assert_eq!(seen(&sandbox, &code), (1, status));
        assert_eq!(seen(&sandbox, &other).1, CodeStatus::Issued);
        let records = sandbox.requests();
        let [.., first, second] = &records[..] else {
            panic!("{records:?}")
        };
        assert!(first.late && first.complete && second.late);
        assert_eq!((&first.bytes, first.fault), (&bytes, Some("cut")));
        assert_eq!(second.outcome, Outcome::NotProcessed);
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.ended, Some(How::Fin));
        assert!(connection.bytes_read_after_end > bytes.len() as u64);
    }
}

#[test]
fn cuts_on_accept_never_read_a_byte() {
    let sandbox = sandbox();
    for (how, end) in ENDS {
        push(&sandbox, Fault::cut(CutAt::Accept, how));
        let mut peer = Peer::connect(&sandbox);
        assert_eq!(peer.read_to_end(), (Vec::new(), end), "{how:?}");
    }
    assert_eq!(sandbox.request_count(), 0);
}

#[test]
fn a_stall_is_silent_until_the_peer_closes() {
    let sandbox = sandbox();
    let whole = plain_response(&sandbox).bytes().len();
    for (at, sent, presented, status) in [
        (CutAt::Accept, 0, 0, CodeStatus::Issued),
        (CutAt::RequestBytes(30), 0, 1, CodeStatus::Issued),
        (CutAt::Request, 0, 1, CodeStatus::Issued),
        (CutAt::ResponseBytes(20), 20, 1, CodeStatus::Consumed),
        (CutAt::Response, whole, 1, CodeStatus::Consumed),
    ] {
        let code = issue(&sandbox);
        push(&sandbox, Fault::stall(at));
        let mut peer = Peer::start(&sandbox, &exchange_request(&code));
        peer.read(sent);
        assert!(peer.is_silent(), "{at:?}");
        let case = format!("{at:?} has its effect");
        eventually(&case, || seen(&sandbox, &code) == (presented, status));
        assert_eq!(sandbox.open_connections(), 1);
        drop(peer);
        eventually("the close is seen", || sandbox.open_connections() == 0);
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.peer_closed, Some(Closed::Fin), "{at:?}");
    }
}

/// Each row: status, header, a part of the body.
#[test]
fn responses_of_faults_are_sent_as_they_were_given() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    push(&sandbox, Fault::answer(503, "text/html", "<p>down</p>"));
    assert_eq!(
        exchange(&sandbox, &code).bytes(),
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\n\
          content-length: 11\r\n\r\n<p>down</p>"
    );
    let redirect = Fault::answer(307, "text/html", "").header("location", "http://x.invalid/");
    push(&sandbox, redirect);
    let throttle = Fault::throttle().header("retry-after", "7");
    push(&sandbox, throttle.header("x-a", "b"));
    push(&sandbox, Fault::reply(603).http_status(500));
    push(&sandbox, Fault::wechat(45011, "api minute-quota reached"));
    // Without a body it is the real response, and the code is consumed.
    let changed = Fault::delay(Duration::ZERO).http_status(502);
    push(&sandbox, changed.header("content-type", "text/plain"));
    for [status, header, part] in rows(
        r#"
        307 | content-type: text/html\r\nlocation: http://x.invalid/ |
        429 | retry-after: 7\r\nx-a: b | "statusCode":429
        500 | content-type: application/json | "statusCode":603
        200 | content-type: application/json | "data":{"errcode":45011
        502 | content-type: text/plain | "phoneNumber":"+8613800138000""#,
    ) {
        assert_eq!(seen(&sandbox, &code).1, CodeStatus::Issued);
        let response = exchange(&sandbox, &code);
        assert_eq!(response.status.to_string(), status);
        let header = format!("\r\n{header}\r\n").replace("\\r\\n", "\r\n");
        assert!(response.head.contains(&header), "{response:?}");
        assert!(response.body.contains(part), "{response:?}");
    }
    assert_eq!(seen(&sandbox, &code), (6, CodeStatus::Consumed));
}

#[test]
fn raw_bytes_are_sent_unchanged_and_end_as_configured() {
    let sandbox = sandbox();
    let bytes = b"HTTP/1.0 200 OK\r\ncontent-length: 99\r\n\r\n\xff\0short".to_vec();
    for (then, end) in ENDS {
        push(&sandbox, Fault::raw(bytes.clone()).then(then));
        let mut peer = Peer::start(&sandbox, &exchange_request("code"));
        assert_eq!(peer.read_to_end(), (bytes.clone(), end), "{then:?}");
    }
    // Kept open, the connection serves the next request.
    push(&sandbox, Fault::raw(bytes.clone()));
    let mut peer = Peer::start(&sandbox, &exchange_request("code"));
    assert_eq!(peer.read(bytes.len()), bytes);
    assert_eq!(peer.exchange("code").status, 200);

    let flood = Fault::raw("HTTP/1.1 200 OK\r\n").repeating("x: y\r\n");
    push(&sandbox, flood);
    peer.send(&exchange_request("code"));
    let start = b"HTTP/1.1 200 OK\r\nx: y\r\nx: y\r\n";
    assert!(peer.read(1 << 20).starts_with(start));
    drop(peer);
    eventually("the flood ends", || sandbox.open_connections() == 0);
    assert_eq!(last(&sandbox).ending, Ending::PeerClosed);
}

#[test]
fn an_early_response_comes_before_the_request_is_complete() {
    let sandbox = sandbox();
    for (consume, status) in [(false, CodeStatus::Issued), (true, CodeStatus::Consumed)] {
        let code = issue(&sandbox);
        let fault = Fault::answer(429, "text/plain", "slow down").early(30);
        push(&sandbox, fault.consume(consume));
        let bytes = exchange_request(&code);
        let mut peer = Peer::start(&sandbox, &bytes[..100]);
        assert_eq!(peer.receive().status, 429);
        assert_eq!(seen(&sandbox, &code).0, 0);
        peer.send(&bytes[100..]);
        // The connection is kept: the next response belongs to the next request.
        peer.send(&request("GET", "/api/next", "", "{}"));
        assert_eq!(peer.receive().status, 404);
        assert_eq!(seen(&sandbox, &code), (1, status));
        let record = sandbox.requests().into_iter().nth_back(1).unwrap();
        assert_eq!(record.bytes, bytes);
        assert!(record.complete && !record.late);
    }
}

#[test]
fn a_second_response_follows_on_the_kept_connection() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let wait = Duration::from_millis(30);
    push(&sandbox, Fault::twice());
    push(&sandbox, Fault::extra("extra").after(wait));
    let mut peer = Peer::connect(&sandbox);
    let first = peer.exchange(&code);
    assert_eq!(first.bytes(), peer.receive().bytes());
    assert_eq!(first.json()["data"]["phoneNumber"], NUMBER);
    let begun = Instant::now();
    assert_eq!(peer.exchange(&code).json()["data"]["errcode"], 40163);
    assert_eq!(peer.read(5), b"extra");
    assert!(begun.elapsed() >= wait);
}

#[test]
fn slow_responses_are_slow_and_the_code_is_consumed_at_once() {
    let sandbox = sandbox();
    let whole = plain_response(&sandbox).bytes().len();
    let interval = Duration::from_millis(1);
    let delay = Fault::delay(interval * 80);
    for (fault, least, status) in [
        (delay, 80, CodeStatus::Consumed),
        (Fault::drip(interval), whole, CodeStatus::Consumed),
        (Fault::reply(1).dripping(interval), 50, CodeStatus::Issued),
    ] {
        let code = issue(&sandbox);
        push(&sandbox, fault);
        let begun = Instant::now();
        let mut peer = Peer::start(&sandbox, &exchange_request(&code));
        eventually("it is processed", || seen(&sandbox, &code) == (1, status));
        peer.receive();
        assert!(begun.elapsed().as_millis() >= least as u128);
    }
    // A peer that closes during a delay is noticed before the delay is over.
    push(&sandbox, Fault::delay(Duration::from_secs(60)));
    let peer = Peer::start(&sandbox, &exchange_request("code"));
    peer.0.shutdown(Shutdown::Write).unwrap();
    eventually("the close is seen", || sandbox.open_connections() == 0);
}

#[test]
fn faults_occur_in_order_and_as_often_as_configured() {
    let sandbox = sandbox();
    push(&sandbox, Fault::reply(501).times(2));
    push(&sandbox, Fault::cut(CutAt::Accept, How::Reset));
    push(&sandbox, Fault::reply(502).permanent());
    let reply = || exchange(&sandbox, "code").json()["statusCode"].clone();
    assert_eq!([reply(), reply()], [501, 501]);
    let end = Peer::connect(&sandbox).read_to_end();
    assert_eq!(end, (Vec::new(), RESET));
    assert_eq!([(); 5].map(|()| reply()), [502; 5]);
    sandbox.clear_faults();
    assert_eq!(reply(), 200);
    for (fault, word) in [
        (Fault::reply(1).times(0), "at least 1"),
        (Fault::stall(CutAt::Handshake(5)), "TLS"),
        (Fault::delay(Duration::from_secs(100_000)), "a day"),
        (Fault::raw(vec![0; 70_000_000]), "too many"),
    ] {
        let error = sandbox.push_fault(fault).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn web_pages_of_another_origin_use_up_no_fault_and_no_code() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let early = Fault::cut(CutAt::RequestBytes(10), How::Reset);
    for fault in [Fault::reply(500), early] {
        push(&sandbox, fault);
        for header in ["origin: https://evil.example", "sec-fetch-site: cross-site"] {
            let bytes = exchange_request(&code);
            let bytes = replaced(bytes, "application/json", "text/plain");
            let bytes = replaced(bytes, "x-authing-lang: en-US", header);
            assert_eq!(send(&sandbox, &bytes).status, 403);
        }
        assert_eq!(sandbox.faults().len(), 1);
        sandbox.clear_faults();
    }
    assert_eq!(seen(&sandbox, &code).0, 0);
}
