//! Faults: what a plain socket sees, byte by byte, against what the records and the ledger say.

use std::io::{self, Read as _};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use authing_sandbox::{Closed, CodeStatus, CutAt, Ending, Fault, How, Outcome, Sandbox};
use serde_json::json;

use crate::*;

const RESET: Result<(), io::ErrorKind> = Err(io::ErrorKind::ConnectionReset);

/// The response of a request without fault, whose length all others have.
fn plain_response(sandbox: &Sandbox) -> Response {
    let code = issue(sandbox);
    exchange(sandbox, &code)
}

#[test]
fn every_cut_happens_at_its_byte_with_its_close_and_its_effect_on_the_code() {
    let sandbox = sandbox();
    let plain = plain_response(&sandbox);
    let (head, whole) = (plain.head.len(), plain.bytes.len());
    let status_line = plain.head.find('\n').unwrap() + 1;
    for how in [How::Fin, How::Close, How::Reset] {
        for (at, sent, consumes) in [
            (CutAt::RequestBytes(0), 0, false),
            (CutAt::RequestBytes(1), 0, false),
            (CutAt::RequestBytes(60), 0, false),
            (CutAt::RequestBytes(100_000), 0, false),
            (CutAt::Request, 0, false),
            (CutAt::StatusLine, status_line, true),
            (CutAt::ResponseBytes(0), 0, true),
            (CutAt::ResponseBytes(head + 1), head + 1, true),
            (CutAt::HalfBody, head + plain.body.len() / 2, true),
            (CutAt::Response, whole, true),
        ] {
            for consume in [None, Some(false), Some(true)] {
                let code = issue(&sandbox);
                let fault = Fault::cut(at, how);
                let fault = consume.map_or(fault.clone(), |consume| fault.consume(consume));
                push(&sandbox, fault);
                let mut peer = Peer::connect(&sandbox);
                peer.send(&exchange_request(&code));
                let (bytes, end) = peer.read_to_end();
                let case = format!("{at:?} {how:?} {consume:?}");
                // A failing envelope, which is shorter, takes the place of one not processed.
                if consume != Some(false) || sent <= head {
                    assert_eq!(bytes.len(), sent, "{case}");
                }
                if how == How::Reset {
                    assert_eq!(end, RESET, "{case}");
                } else {
                    assert_eq!(end, Ok(()), "{case}");
                }
                // A reset or closed connection never completes a request it cut short.
                let cut_short = matches!(at, CutAt::RequestBytes(0..1000)) && how != How::Fin;
                let consumed = consume.unwrap_or(consumes) && !cut_short;
                let status = || status(&sandbox, &code);
                let expected = if consumed {
                    CodeStatus::Consumed
                } else {
                    CodeStatus::Issued
                };
                eventually(&case, || status() == expected);
                let record = last(&sandbox);
                assert_eq!(record.fault, Some("cut"), "{case}");
                if let (CutAt::RequestBytes(n @ 0..1000), true) = (at, cut_short) {
                    assert_eq!((record.bytes.len(), record.complete), (n, false), "{case}");
                }
                let complete = at == CutAt::Response;
                let ending = if complete {
                    Ending::Responded
                } else {
                    Ending::Faulted
                };
                assert_eq!(record.ending, ending, "{case}");
                assert_eq!(record.response, bytes, "{case}");
            }
        }
    }
    assert!(sandbox.faults().is_empty());
}

#[test]
fn a_cut_inside_the_request_acts_without_the_rest_of_it() {
    let sandbox = sandbox();
    for position in [0, 1, 5, 20, 300] {
        push(
            &sandbox,
            Fault::cut(CutAt::RequestBytes(position), How::Reset),
        );
        let mut peer = Peer::connect(&sandbox);
        let bytes = exchange_request(&"c".repeat(100));
        // Byte by byte, and never more than the fault waits for.
        for byte in &bytes[..position.max(1)] {
            peer.send(&[*byte]);
        }
        assert_eq!(peer.read_to_end(), (Vec::new(), RESET));
        let record = last(&sandbox);
        assert_eq!(record.bytes, bytes[..position]);
    }
}

#[test]
fn what_arrives_after_a_fin_is_counted_and_processed_only_if_the_fault_says_so() {
    let sandbox = sandbox();
    for consume in [false, true] {
        let code = issue(&sandbox);
        let fault = Fault::cut(CutAt::RequestBytes(50), How::Fin).consume(consume);
        push(&sandbox, fault);
        let mut peer = Peer::connect(&sandbox);
        let bytes = exchange_request(&code);
        peer.send(&bytes[..60]);
        assert_eq!(peer.read_to_end(), (Vec::new(), Ok(())));
        assert_eq!(presented(&sandbox, &code), 0);
        peer.send(&bytes[60..]);
        // And another one, which is never processed.
        let other = issue(&sandbox);
        peer.send(&exchange_request(&other));
        eventually("both are counted", || presented(&sandbox, &other) == 1);
        let entry = sandbox.entry(&code).unwrap();
        assert_eq!(
            (entry.presented, entry.status == CodeStatus::Consumed),
            (1, consume)
        );
        assert_eq!(status(&sandbox, &other), CodeStatus::Issued);
        let records = sandbox.requests();
        let [.., first, second] = &records[..] else {
            panic!()
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
fn faults_on_accept_never_read_a_byte() {
    let sandbox = sandbox();
    for (how, end) in [
        (How::Fin, Ok(())),
        (How::Close, Ok(())),
        (How::Reset, RESET),
    ] {
        push(&sandbox, Fault::cut(CutAt::Accept, how));
        let mut peer = Peer::connect(&sandbox);
        assert_eq!(peer.read_to_end(), (Vec::new(), end), "{how:?}");
    }
    push(&sandbox, Fault::stall(CutAt::Accept));
    let mut peer = Peer::connect(&sandbox);
    peer.send(&exchange_request("code"));
    assert!(peer.is_silent());
    eventually("the others are closed", || sandbox.open_connections() == 1);
    drop(peer);
    eventually("the close is seen", || sandbox.open_connections() == 0);
    let closed = sandbox.connections().pop().unwrap().peer_closed;
    assert_eq!(closed, Some(Closed::Fin));
    assert_eq!(sandbox.request_count(), 0);
}

#[test]
fn a_stall_is_silent_until_the_peer_closes() {
    let sandbox = sandbox();
    let plain = plain_response(&sandbox);
    for (at, sent, consumed) in [
        (CutAt::RequestBytes(30), 0, false),
        (CutAt::Request, 0, false),
        (CutAt::ResponseBytes(20), 20, true),
        (CutAt::Response, plain.bytes.len(), true),
    ] {
        let code = issue(&sandbox);
        push(&sandbox, Fault::stall(at));
        let mut peer = Peer::connect(&sandbox);
        peer.send(&exchange_request(&code));
        peer.0.read_exact(&mut vec![0; sent]).unwrap();
        assert!(peer.is_silent(), "{at:?}");
        eventually("it is counted", || presented(&sandbox, &code) == 1);
        let entry = sandbox.entry(&code).unwrap();
        assert_eq!(entry.status == CodeStatus::Consumed, consumed, "{at:?}");
        assert_eq!(sandbox.open_connections(), 1);
        drop(peer);
        eventually("the close is seen", || sandbox.open_connections() == 0);
    }
}

#[test]
fn responses_of_faults_are_sent_as_they_were_given() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    let push = |fault| crate::push(&sandbox, fault);

    push(Fault::answer(503, "text/html", "<p>down</p>").header("x-a", "b"));
    let response = exchange(&sandbox, &code);
    assert_eq!(
        response.bytes,
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\nx-a: b\r\n\
          content-length: 11\r\n\r\n<p>down</p>"
    );
    push(Fault::throttle().header("retry-after", "7"));
    let response = exchange(&sandbox, &code);
    assert_eq!(
        (response.status, response.header("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(response.json()["statusCode"], 429);
    push(Fault::reply(603).http_status(500));
    let response = exchange(&sandbox, &code);
    assert_eq!(
        (response.status, &response.json()["statusCode"]),
        (500, &json!(603))
    );
    push(Fault::wechat(45011, "api minute-quota reached"));
    assert_eq!(exchange(&sandbox, &code).json()["data"]["errcode"], 45011);
    push(Fault::answer(307, "text/html", "").header("location", "http://elsewhere.invalid/"));
    let response = exchange(&sandbox, &code);
    assert_eq!(
        response.header("location"),
        Some("http://elsewhere.invalid/")
    );
    assert_eq!(status(&sandbox, &code), CodeStatus::Issued);

    // Without a body it is the real response, and the code is consumed.
    push(
        Fault::delay(Duration::ZERO)
            .http_status(500)
            .header("content-type", "text/plain"),
    );
    let response = exchange(&sandbox, &code);
    assert_eq!(
        (response.status, response.header("content-type")),
        (500, Some("text/plain"))
    );
    assert_eq!(response.json()["data"]["phoneNumber"], NUMBER);
    assert_eq!(status(&sandbox, &code), CodeStatus::Consumed);
}

#[test]
fn raw_bytes_are_sent_unchanged_and_end_as_configured() {
    let sandbox = sandbox();
    let bytes = b"HTTP/1.0 200 OK\r\ncontent-length: 99\r\n\r\n\xff\0short".to_vec();
    for (then, end) in [
        (How::Fin, Ok(())),
        (How::Close, Ok(())),
        (How::Reset, RESET),
    ] {
        push(&sandbox, Fault::raw(bytes.clone()).then(then));
        let mut peer = Peer::connect(&sandbox);
        peer.send(&exchange_request("code"));
        assert_eq!(peer.read_to_end(), (bytes.clone(), end), "{then:?}");
    }
    // Kept open, the connection serves the next request.
    push(&sandbox, Fault::raw(bytes.clone()));
    let mut peer = Peer::connect(&sandbox);
    peer.send(&exchange_request("code"));
    peer.0.read_exact(&mut vec![0; bytes.len()]).unwrap();
    peer.send(&exchange_request("code"));
    assert_eq!(peer.receive().status, 200);

    let flood = Fault::raw("HTTP/1.1 200 OK\r\n").repeating("x: y\r\n");
    push(&sandbox, flood);
    peer.send(&exchange_request("code"));
    let mut much = vec![0; 1 << 20];
    peer.0.read_exact(&mut much).unwrap();
    assert!(much.starts_with(b"HTTP/1.1 200 OK\r\nx: y\r\nx: y\r\n"));
    drop(peer);
    eventually("the flood ends", || sandbox.open_connections() == 0);
    assert_eq!(last(&sandbox).ending, Ending::PeerClosed);
}

#[test]
fn an_early_response_comes_before_the_request_is_complete() {
    let sandbox = sandbox();
    for consume in [false, true] {
        let code = issue(&sandbox);
        let fault = Fault::answer(429, "text/plain", "slow down")
            .early(30)
            .consume(consume);
        push(&sandbox, fault);
        let mut peer = Peer::connect(&sandbox);
        let bytes = exchange_request(&code);
        peer.send(&bytes[..100]);
        assert_eq!(peer.receive().status, 429);
        assert!(
            sandbox
                .entry(&code)
                .is_some_and(|entry| entry.presented == 0)
        );
        peer.send(&bytes[100..]);
        // The connection is kept: the next response belongs to the next request.
        peer.send(&request("GET", "/api/next", "", &json!({})));
        assert_eq!(peer.receive().status, 404);
        let entry = sandbox.entry(&code).unwrap();
        assert_eq!(
            (entry.presented, entry.status == CodeStatus::Consumed),
            (1, consume)
        );
        let records = sandbox.requests();
        let record = &records[records.len() - 2];
        assert_eq!(
            (&record.bytes, record.complete, record.late),
            (&bytes, true, false)
        );
    }
}

#[test]
fn a_second_response_follows_on_the_kept_connection() {
    let sandbox = sandbox();
    let code = issue(&sandbox);
    push(&sandbox, Fault::twice());
    push(
        &sandbox,
        Fault::extra("extra").after(Duration::from_millis(30)),
    );
    let mut peer = Peer::connect(&sandbox);
    peer.send(&exchange_request(&code));
    let (first, second) = (peer.receive(), peer.receive());
    assert_eq!(first.bytes, second.bytes);
    assert_eq!(first.json()["data"]["phoneNumber"], NUMBER);
    let begun = Instant::now();
    peer.send(&exchange_request(&code));
    assert_eq!(peer.receive().json()["data"]["errcode"], 40163);
    peer.0.read_exact(&mut [0; 5]).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

#[test]
fn slow_responses_are_slow_and_the_code_is_consumed_at_once() {
    let sandbox = sandbox();
    let plain = plain_response(&sandbox);
    let interval = Duration::from_millis(1);
    for (fault, least, consumes) in [
        (Fault::delay(Duration::from_millis(80)), 80, true),
        (Fault::drip(interval), plain.bytes.len(), true),
        (Fault::reply(1).dripping(interval), 50, false),
    ] {
        let code = issue(&sandbox);
        push(&sandbox, fault);
        let begun = Instant::now();
        let mut peer = Peer::connect(&sandbox);
        peer.send(&exchange_request(&code));
        eventually("it is processed", || presented(&sandbox, &code) == 1);
        peer.receive();
        assert!(begun.elapsed() >= Duration::from_millis(least as u64));
        let status = status(&sandbox, &code);
        assert_eq!(status == CodeStatus::Consumed, consumes);
    }
    // A peer that closes during a delay is noticed before the delay is over.
    push(&sandbox, Fault::delay(Duration::from_secs(60)));
    let mut peer = Peer::connect(&sandbox);
    peer.send(&exchange_request("code"));
    peer.0.shutdown(Shutdown::Write).unwrap();
    eventually("the close is seen", || sandbox.open_connections() == 0);
}

#[test]
fn faults_occur_in_order_and_as_often_as_configured() {
    let sandbox = sandbox();
    push(&sandbox, Fault::reply(501).times(2));
    push(&sandbox, Fault::cut(CutAt::Accept, How::Reset));
    push(&sandbox, Fault::reply(502).permanent());
    let reply = |sandbox: &Sandbox| exchange(sandbox, "code").json()["statusCode"].clone();
    assert_eq!([reply(&sandbox), reply(&sandbox)], [501, 501]);
    let (bytes, end) = Peer::connect(&sandbox).read_to_end();
    assert_eq!((bytes.len(), end), (0, RESET));
    for _ in 0..5 {
        assert_eq!(reply(&sandbox), 502);
    }
    sandbox.clear_faults();
    assert_eq!(reply(&sandbox), 200);
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
    for fault in [
        Fault::reply(500),
        Fault::cut(CutAt::RequestBytes(10), How::Reset),
    ] {
        push(&sandbox, fault);
        for header in [
            "origin: https://evil.example\r\n",
            "sec-fetch-site: cross-site\r\n",
        ] {
            let text = String::from_utf8(exchange_request(&code)).unwrap();
            let text = text.replace("x-authing-lang: en-US\r\n", header);
            let text = text.replace("application/json", "text/plain");
            assert_eq!(send(&sandbox, text.as_bytes()).status, 403);
        }
        assert_eq!(sandbox.faults().len(), 1);
        sandbox.clear_faults();
    }
    assert_eq!(sandbox.entry(&code).map(|entry| entry.presented), Some(0));
}
