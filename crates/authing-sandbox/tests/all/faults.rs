//! Faults: what a plain socket sees, byte by byte, against what the records and the ledger say.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use authing_sandbox::{CodeStatus, CutAt, Ending, Fault, How, MAX_FAULTS, Outcome, Sandbox};

use crate::*;

/// Adds a fault, and sends the exchange request of a new code.
fn start_exchange(sandbox: &Sandbox, fault: Fault) -> (String, Peer) {
    push(sandbox, fault);
    let code = issue(sandbox);
    let peer = Peer::connect(sandbox, &exchange_request(&code));
    (code, peer)
}

/// Each cut, by default and with the code consumed or not.
#[test]
fn every_cut_happens_at_its_byte_with_its_close_and_its_effect_on_the_code() {
    let sandbox = sandbox();
    let unprocessed = Fault::delay(Duration::ZERO).consume(false);
    let responses = [unprocessed.clone(), unprocessed.consume(true)]
        .map(|fault| start_exchange(&sandbox, fault).1.receive());
    let cuts = [
        (CutAt::Accept, false),
        (CutAt::RequestBytes(0), false),
        (CutAt::RequestBytes(60), false),
        (CutAt::RequestBytes(100_000), false),
        (CutAt::Request, false),
        (CutAt::StatusLine, true),
        (CutAt::ResponseBytes(0), true),
        (CutAt::ResponseBytes(130), true),
        (CutAt::HalfBody, true),
        (CutAt::Response, true),
    ];
    for ((at, by_default), how) in cuts.into_iter().flat_map(|cut| HOWS.map(|how| (cut, how))) {
        let fault = Fault::cut(at, how);
        for (fault, consumes) in [
            (fault.clone(), by_default),
            (fault.clone().consume(false), false),
            (fault.consume(true), true),
        ] {
            let case = format!("{fault:?}");
            let response = &responses[usize::from(consumes)];
            let head = response.find("\r\n\r\n").unwrap() + 4;
            let sent = match at {
                CutAt::StatusLine => "HTTP/1.1 200 OK\r\n".len(),
                CutAt::ResponseBytes(bytes) => bytes,
                CutAt::HalfBody => head + (response.len() - head) / 2,
                CutAt::Response => response.len(),
                _ => 0,
            };
            let (code, mut peer) = start_exchange(&sandbox, fault);
            let bytes = peer.read_all(sent, how);
            // A reset connection never completes a request that it cut short.
            let is_cut_short = matches!(at, CutAt::RequestBytes(0..1000)) && how == How::Reset;
            let is_read = at != CutAt::Accept && !is_cut_short;
            let status = match consumes && is_read {
                true => CodeStatus::Consumed,
                false => CodeStatus::Issued,
            };
            drop(peer);
            eventually(&case, || sandbox.open_connections() == 0);
            assert_eq!(seen(&sandbox, &code), (is_read.into(), status), "{case}");
            let connection = sandbox.connections().pop().unwrap();
            assert_eq!(connection.ended, Some(how), "{case}");
            let closes = (how != How::Reset).then_some(How::Fin);
            assert_eq!(connection.peer_closed, closes, "{case}");
            if at == CutAt::Accept {
                continue;
            }
            let record = last(&sandbox);
            let ending = match at {
                CutAt::Response => Ending::Responded,
                _ => Ending::Faulted,
            };
            let found = (record.fault, record.response, record.complete);
            assert_eq!(found, (Some("cut"), bytes, is_read), "{case}");
            assert_eq!(record.ending, ending, "{case}");
            assert!(!is_cut_short || at == CutAt::RequestBytes(record.bytes.len()));
        }
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
        let mut peer = Peer::connect(&sandbox, b"");
        // Byte by byte, and never more than the fault waits for.
        for byte in &bytes[..position.max(1)] {
            peer.send(&[*byte]);
        }
        peer.read_all(0, How::Reset);
        assert_eq!(last(&sandbox).bytes, bytes[..position]);
    }
}

#[test]
fn the_rest_of_a_request_is_counted_and_processed_only_if_the_fault_says_so() {
    let sandbox = sandbox();
    let fin = Fault::cut(CutAt::RequestBytes(50), How::Fin);
    let early = Fault::answer(429, "text/plain", "slow down").early(30);
    for (fault, is_fin, consume, status) in [
        (&fin, true, false, CodeStatus::Issued),
        (&fin, true, true, CodeStatus::Consumed),
        (&early, false, false, CodeStatus::Issued),
        (&early, false, true, CodeStatus::Consumed),
    ] {
        let (code, next) = (issue(&sandbox), issue(&sandbox));
        push(&sandbox, fault.clone().consume(consume));
        let bytes = exchange_request(&code);
        let mut peer = Peer::connect(&sandbox, &bytes[..100]);
        if is_fin {
            peer.read_all(0, How::Fin);
        } else {
            assert!(peer.receive().starts_with("HTTP/1.1 429 "));
        }
        assert_eq!(seen(&sandbox, &code).0, 0);
        peer.send(&bytes[100..]);
        // The next request is not processed after a FIN. Otherwise the next response is for it.
        peer.send(&exchange_request(&next));
        eventually("both are counted", || seen(&sandbox, &next).0 == 1);
        assert!(is_fin || json(&peer.receive())["data"]["phoneNumber"] == NUMBER);
        assert_eq!(seen(&sandbox, &code), (1, status));
        let records = sandbox.requests();
        let [.., first, second] = &records[..] else {
            panic!("{records:?}")
        };
        assert_eq!((&first.bytes, first.complete), (&bytes, true));
        assert_eq!(first.fault, Some(if is_fin { "cut" } else { "answer" }));
        assert_eq!(second.outcome == Outcome::NotProcessed, is_fin);
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.ended == Some(How::Fin), is_fin);
    }
}

#[test]
fn a_stall_ends_with_the_sandbox_and_a_reset_of_the_peer_is_told_from_a_fin() {
    let sandbox = sandbox();
    let (_, peer) = start_exchange(&sandbox, Fault::stall(CutAt::Request));
    let linger = Some(Duration::ZERO);
    socket2::SockRef::from(&peer.0).set_linger(linger).unwrap();
    drop(peer);
    let closes = || {
        sandbox
            .connections()
            .iter()
            .any(|each| each.peer_closed == Some(How::Reset))
    };
    eventually("the reset is seen", closes);
    let (code, mut peer) = start_exchange(&sandbox, Fault::stall(CutAt::Request));
    eventually("it is read", || seen(&sandbox, &code).0 == 1);
    drop(sandbox);
    peer.read_all(0, How::Fin);
}

/// Each row: status, all headers but the length, a part of the body.
#[test]
fn responses_of_faults_are_sent_as_they_were_given() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    // The real response has a header more.
    sandbox.set_rate_limit(Some(0));
    push(
        &sandbox,
        Fault::answer(503, "text/html", "<p>down</p>").consume(true),
    );
    assert_eq!(
        send(&sandbox, &exchange_request(&code)),
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\n\
         content-length: 11\r\n\r\n<p>down</p>"
    );
    sandbox.set_rate_limit(None);
    let redirect = Fault::answer(307, "text/html", "").header("location", "http://x.invalid/");
    push(&sandbox, redirect);
    let throttle = Fault::throttle().header("retry-after", "7");
    push(&sandbox, throttle.header("x-a", "b"));
    push(&sandbox, Fault::reply(603).http_status(500));
    push(&sandbox, Fault::wechat(45011, "api minute-quota reached"));
    // Without a body it is the real response, and the code is consumed.
    let changed = Fault::delay(Duration::ZERO).http_status(502);
    push(&sandbox, changed.header("content-type", "text/plain"));
    let table = r#"
        307 | content-type: text/html; location: http://x.invalid/ |
        429 | content-type: application/json; retry-after: 7; x-a: b | "statusCode":429
        500 | content-type: application/json | "statusCode":603
        200 | content-type: application/json | "data":{"errcode":45011
        502 | content-type: text/plain | "phoneNumber":"+8613800138000""#;
    for [status, headers, part] in rows(table) {
        assert_eq!(seen(&sandbox, &code).1, CodeStatus::Issued);
        let response = send(&sandbox, &exchange_request(&code));
        assert_eq!(response[9..12], *status);
        let headers = headers.replace("; ", "\r\n") + "\r\ncontent-length: ";
        let (_, rest) = response.split_once("\r\n").unwrap();
        assert!(rest.starts_with(&headers), "{response}");
        assert!(response.contains(part), "{response}");
    }
    assert_eq!(seen(&sandbox, &code), (6, CodeStatus::Consumed));
}

#[test]
fn raw_bytes_are_sent_unchanged_and_end_as_configured() {
    let sandbox = sandbox();
    let bytes = b"HTTP/1.0 200 OK\r\ncontent-length: 99\r\n\r\n\xff\0short";
    for then in HOWS {
        let (code, mut peer) = start_exchange(&sandbox, Fault::raw(bytes).then(then));
        assert_eq!(peer.read_all(bytes.len(), then), bytes);
        assert_eq!(seen(&sandbox, &code), (1, CodeStatus::Issued));
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
fn raw_bytes_and_second_responses_keep_the_connection() {
    let sandbox = sandbox();
    let wait = Duration::from_millis(300);
    let (code, mut peer) = start_exchange(&sandbox, Fault::twice());
    let first = peer.receive();
    assert_eq!(first, peer.receive());
    assert_eq!(json(&first)["data"]["phoneNumber"], NUMBER);
    push(&sandbox, Fault::raw("raw"));
    push(&sandbox, Fault::twice().after(wait));
    peer.send(&exchange_request(&code));
    assert_eq!(peer.read(3), b"raw");
    let begun = Instant::now();
    let first = peer.exchange(&code);
    assert_eq!(json(&first)["data"]["errcode"], 40163);
    assert!(begun.elapsed() < wait);
    assert_eq!(first, peer.receive());
    assert!(begun.elapsed() >= wait);
}

#[test]
fn slow_responses_are_slow_and_the_code_is_consumed_at_once() {
    let interval = Duration::from_millis(1);
    let sandbox = start(Sandbox::builder().latency(interval * 80));
    for (fault, least, status) in [
        (Fault::delay(interval * 80), 160, CodeStatus::Consumed),
        (Fault::drip(interval), 380, CodeStatus::Consumed),
        (Fault::reply(1).dripping(interval), 200, CodeStatus::Issued),
    ] {
        let begun = Instant::now();
        let (code, mut peer) = start_exchange(&sandbox, fault);
        eventually("it is processed", || seen(&sandbox, &code) == (1, status));
        peer.receive();
        assert!(begun.elapsed().as_millis() >= least);
    }
    // A peer that closes during a delay is noticed before the delay is over.
    let (_, peer) = start_exchange(&sandbox, Fault::delay(interval * 60_000));
    peer.0.shutdown(Shutdown::Write).unwrap();
    eventually("the close is seen", || sandbox.open_connections() == 0);
}

#[test]
fn faults_occur_in_order_and_as_often_as_configured_and_on_accept_without_a_request() {
    let sandbox = sandbox();
    push(&sandbox, Fault::reply(501).times(2));
    push(&sandbox, Fault::cut(CutAt::Accept, How::Reset).times(2));
    push(&sandbox, Fault::reply(502).permanent());
    let mut open = Peer::connect(&sandbox, b"");
    let reply = || exchange(&sandbox, "code")["statusCode"].clone();
    assert_eq!([reply(), reply()], [501, 501]);
    // It takes no request on an open connection.
    assert_eq!(json(&open.exchange("code"))["statusCode"], 200);
    for _ in 0..2 {
        Peer::connect(&sandbox, b"").read_all(0, How::Reset);
    }
    assert_eq!(sandbox.request_count(), 3);
    assert_eq!([(); 5].map(|()| reply()), [502; 5]);
    sandbox.clear_faults();
    assert_eq!(reply(), 200);
    for _ in 0..MAX_FAULTS {
        push(&sandbox, Fault::twice());
    }
    let error = sandbox.push_fault(Fault::twice()).unwrap_err();
    assert!(error.to_string().contains("too many"));
}
