//! Faults that no HTTP library can express, judged by the bytes and by how the stream ends.

use std::time::{Duration, Instant};

use authing_sandbox::{AttemptResult, CodeStatus, CutAt, CutHow, Ending, Fault, Outcome, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{Answer, DEADLINE, End, exchange, exchange_request, read_to_end, talk};
use crate::server::wait_for;

const PHONE: &str = "+8613800138000";
const BOTH: [(CutHow, End); 2] = [(CutHow::Fin, End::Fin), (CutHow::Reset, End::Reset)];

/// Exchanges a new code under one fault; says what came over the wire, and the code.
async fn under(sandbox: &Sandbox, fault: Fault) -> (Vec<u8>, End, String) {
    let code = sandbox.issue_code(PHONE).unwrap();
    sandbox.push_fault(fault).unwrap();
    let (bytes, end) = talk(sandbox.address(), &exchange_request(&code)).await;
    assert!(sandbox.state().faults().is_empty(), "the fault was used");
    (bytes, end, code)
}

#[tokio::test]
async fn a_connection_is_cut_as_soon_as_it_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    for (how, expected) in BOTH {
        sandbox.push_fault(Fault::cut(CutAt::Accept, how)).unwrap();
        // Not a byte is sent: the server does not wait for one.
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        let (bytes, end) = read_to_end(&mut stream).await;
        assert_eq!((bytes.as_slice(), end), (&b""[..], expected));
        drop(stream);
        // And if some are sent, it is the same cut.
        let (bytes, end, code) = under(&sandbox, Fault::cut(CutAt::Accept, how)).await;
        assert_eq!((bytes.as_slice(), end), (&b""[..], expected));
        let record = sandbox.requests().pop().unwrap();
        assert_eq!((record.method.as_str(), record.complete), ("", false));
        assert_eq!(
            (record.fault, record.ending),
            (Some("cut"), Ending::Faulted)
        );
        assert_eq!(sandbox.entry(&code).unwrap().presented, 0);
    }
    let code = sandbox.issue_code(PHONE).unwrap();
    assert_eq!(exchange(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn a_cut_in_good_order_resets_nothing_that_the_client_still_sends() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox
        .push_fault(Fault::cut(CutAt::Accept, CutHow::Fin))
        .unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, (Vec::new(), End::Fin));
    for _ in 0..3 {
        // A reset would come in answer to the first write, and fail the second.
        stream.write_all(b"late").await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_connection_is_cut_after_some_bytes_of_the_request() {
    let sandbox = Sandbox::start().await.unwrap();
    for (how, expected) in BOTH {
        for bytes in [0, 1, 40, 200] {
            let fault = Fault::cut(CutAt::RequestBytes(bytes), how);
            let (read, end, code) = under(&sandbox, fault).await;
            assert_eq!(
                (read.as_slice(), end),
                (&b""[..], expected),
                "{bytes} {how:?}"
            );
            let entry = sandbox.entry(&code).unwrap();
            assert_eq!((entry.status, entry.presented), (CodeStatus::Issued, 0));
            let record = sandbox.requests().pop().unwrap();
            assert_eq!((record.complete, record.ending), (false, Ending::Faulted));
            assert_eq!(record.outcome, Outcome::NotProcessed);
        }
    }
    assert_eq!(
        sandbox.state().total_requests(),
        8,
        "one number for each request"
    );
}

#[tokio::test]
async fn the_cut_comes_when_the_bytes_come_in_pieces() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    let request = exchange_request(&code);
    let head = request.len() - 20;
    // More than the head, so that the request has begun to be handled when the cut comes.
    sandbox
        .push_fault(Fault::cut(CutAt::RequestBytes(head + 10), CutHow::Reset))
        .unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&request[..head]).await.unwrap();
    wait_for(&sandbox, |sandbox| {
        sandbox
            .requests()
            .pop()
            .is_some_and(|record| record.method == "POST")
    })
    .await;
    assert_eq!(sandbox.requests()[0].ending, Ending::Open);
    stream.write_all(&request[head..]).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, (Vec::new(), End::Reset));
    let records = sandbox.requests();
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].complete, records[0].ending),
        (false, Ending::Faulted)
    );
    assert_eq!(sandbox.entry(&code).unwrap().presented, 0);
}

#[tokio::test]
async fn a_request_shorter_than_the_cut_is_answered() {
    let sandbox = Sandbox::start().await.unwrap();
    let (bytes, end, code) = under(
        &sandbox,
        Fault::cut(CutAt::RequestBytes(1_000_000), CutHow::Reset),
    )
    .await;
    assert_eq!((Answer::parse(&bytes).status, end), (200, End::Fin));
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
}

#[tokio::test]
async fn a_connection_is_cut_before_within_and_after_the_reply() {
    let sandbox = Sandbox::start().await.unwrap();
    for (how, expected) in BOTH {
        for consume in [false, true] {
            for at in [
                CutAt::Request,
                CutAt::StatusLine,
                CutAt::HalfBody,
                CutAt::Reply,
            ] {
                let fault = Fault::cut(at, how).consume(consume);
                let (bytes, end, code) = under(&sandbox, fault).await;
                assert_eq!(end, expected, "{at:?} {how:?}");
                let text = String::from_utf8_lossy(&bytes);
                match at {
                    CutAt::Request => assert_eq!(text, ""),
                    CutAt::StatusLine => assert_eq!(text, "HTTP/1.1 200 OK\r\n"),
                    CutAt::HalfBody => {
                        let (head, body) = text.split_once("\r\n\r\n").unwrap();
                        let length = head.split_once("content-length: ").unwrap().1;
                        let whole: usize = length.parse().unwrap();
                        // The Chinese message may be cut within a character.
                        let sent = bytes.len() - head.len() - 4;
                        assert_eq!(sent, whole / 2);
                        assert!(body.starts_with("{\"statusCode\":"));
                    }
                    _ => {
                        let answer = Answer::parse(&bytes);
                        let status_code = if consume { 200 } else { 500 };
                        assert_eq!(answer.json()["statusCode"], status_code);
                        assert_eq!(answer.header("connection"), None);
                    }
                }
                let entry = sandbox.entry(&code).unwrap();
                let record = sandbox.requests().pop().unwrap();
                assert!(record.complete);
                assert_eq!((record.ending, record.http_status), (Ending::Faulted, None));
                assert_eq!(record.code.as_deref(), Some(code.as_str()));
                if consume {
                    assert_eq!(entry.status, CodeStatus::Consumed);
                    assert_eq!(entry.consumed_by, Some(record.number));
                } else {
                    assert_eq!(entry.status, CodeStatus::Issued);
                    assert_eq!(entry.attempts[0].result, AttemptResult::NotProcessed);
                }
            }
        }
    }
}

#[tokio::test]
async fn an_idle_connection_dies_in_the_clients_pool() {
    let sandbox = Sandbox::start().await.unwrap();
    let pause = Duration::from_millis(500);
    for (how, expected) in BOTH {
        let code = sandbox.issue_code(PHONE).unwrap();
        sandbox
            .push_fault(Fault::cut(CutAt::Reply, how).after(pause))
            .unwrap();
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        let begun = Instant::now();
        stream.write_all(&exchange_request(&code)).await.unwrap();
        let mut first = [0; 1];
        timeout(DEADLINE, stream.read_exact(&mut first))
            .await
            .unwrap()
            .unwrap();
        assert!(begun.elapsed() < pause, "the reply is not held back");
        let (_, end) = read_to_end(&mut stream).await;
        assert!(begun.elapsed() >= pause);
        assert_eq!(end, expected);
        assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
    }
}

#[tokio::test]
async fn garbage_is_written_in_the_place_of_http() {
    let sandbox = Sandbox::start().await.unwrap();
    for consume in [false, true] {
        let garbage = [0xff, 0, b'\r', b'\n', 0x80];
        let (bytes, end, code) = under(&sandbox, Fault::garbage(garbage).consume(consume)).await;
        assert_eq!((bytes.as_slice(), end), (&garbage[..], End::Fin));
        let status = if consume {
            CodeStatus::Consumed
        } else {
            CodeStatus::Issued
        };
        assert_eq!(sandbox.entry(&code).unwrap().status, status);
    }
}

#[tokio::test]
async fn a_drip_comes_byte_by_byte_and_is_whole_in_the_end() {
    let sandbox = Sandbox::start().await.unwrap();
    let interval = Duration::from_millis(1);
    let begun = Instant::now();
    let (bytes, end, code) = under(&sandbox, Fault::drip(interval)).await;
    assert_eq!(end, End::Fin);
    assert!(begun.elapsed() >= interval * u32::try_from(bytes.len()).unwrap());
    assert_eq!(Answer::parse(&bytes).json()["data"]["phoneNumber"], PHONE);
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);

    // A slow drip shows its first byte at once, and no second one for a while.
    let code = sandbox.issue_code(PHONE).unwrap();
    sandbox
        .push_fault(Fault::drip(Duration::from_secs(60)).consume(false))
        .unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(&exchange_request(&code)).await.unwrap();
    let mut buffer = [0; 64];
    assert_eq!(
        timeout(DEADLINE, stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap(),
        1
    );
    sleep(Duration::from_millis(50)).await;
    assert!(
        timeout(Duration::from_millis(50), stream.read(&mut buffer))
            .await
            .is_err()
    );
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Issued);
}

#[tokio::test]
async fn a_permanent_cut_lasts_until_it_is_cleared() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(PHONE).unwrap();
    sandbox
        .push_fault(Fault::cut(CutAt::Request, CutHow::Reset).permanent())
        .unwrap();
    for _ in 0..5 {
        let (bytes, end) = talk(sandbox.address(), &exchange_request(&code)).await;
        assert_eq!((bytes.as_slice(), end), (&b""[..], End::Reset));
    }
    sandbox.state().clear_faults();
    assert_eq!(exchange(&sandbox, &code).await.status, 200);
    assert_eq!(sandbox.entry(&code).unwrap().presented, 6);
}
