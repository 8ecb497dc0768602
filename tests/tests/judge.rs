//! The judge judged: what it records is what was sent, and its counts are exact.

use std::io::ErrorKind;
use std::time::Duration;

use authing_tests::bare::{End, REQUEST, WIDE, connect, read_exactly, read_to_end};
use authing_tests::judge::{Action, Closed, Judge, Reply, Script, refused_addr};
use authing_tests::phone::{phone_for_code, phone_script};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn reply() -> Reply {
    Reply::json(200, &serde_json::json!({"statusCode": 200}))
}

#[tokio::test]
async fn requests_on_one_connection_are_recorded_as_sent() {
    let judge = Judge::start(reply());
    let mut stream = connect(&judge).await;
    // Two at once, then one alone: pipelined and kept alive.
    stream
        .write_all(&[REQUEST, REQUEST].concat())
        .await
        .unwrap();
    let expected = reply().to_bytes();
    read_exactly(&mut stream, 2 * expected.len()).await;
    stream.write_all(REQUEST).await.unwrap();
    assert_eq!(read_exactly(&mut stream, expected.len()).await, expected);

    let requests = judge.requests();
    assert_eq!(requests.len(), 3);
    for (number, request) in requests.iter().enumerate() {
        assert_eq!((request.number, request.connection), (number, 0));
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/a")
        );
        let names: Vec<&str> = request
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["Host", "X-Two", "x-two", "content-length"]);
        assert_eq!(request.header("x-TWO"), [b"1", b"2"]);
        assert_eq!(request.body_json(), serde_json::json!({"code": "abc"}));
        assert_eq!(request.body_string("code").as_deref(), Some("abc"));
        assert_eq!(request.raw, REQUEST);
        assert!(request.begun_at <= request.received_at);
    }
    assert_eq!(judge.bytes_received(), 3 * REQUEST.len() as u64);
    assert_eq!(judge.plaintext_bytes_received(), judge.bytes_received());
    assert_eq!((judge.connection_count(), judge.open_connections()), (1, 1));
    assert!(judge.partial_requests().is_empty() && judge.violations().is_empty());

    drop(stream);
    assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
    let connection = &judge.connections()[0];
    assert_eq!(connection.peer_closed.unwrap().how, Closed::Fin);
    assert_eq!(
        (connection.requests, connection.bytes_written),
        (3, 3 * expected.len() as u64)
    );
}

#[tokio::test]
async fn a_client_that_resets_is_told_from_one_that_closes() {
    let judge = Judge::start(Action::NeverAnswer);
    let stream = connect(&judge).await;
    assert!(judge.wait_for(|j| j.connection_count() == 1, WIDE).await);
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    assert!(
        judge
            .wait_for(|j| j.connections()[0].peer_closed.is_some(), WIDE)
            .await
    );
    assert_eq!(
        judge.connections()[0].peer_closed.unwrap().how,
        Closed::Reset
    );
    assert_eq!((judge.bytes_received(), judge.open_connections()), (0, 0));
}

#[tokio::test]
async fn an_incomplete_request_is_never_counted_as_complete() {
    let judge = Judge::start(reply());
    for length in 1..REQUEST.len() {
        let mut stream = connect(&judge).await;
        stream.write_all(&REQUEST[..length]).await.unwrap();
        drop(stream);
    }
    let all = REQUEST.len() - 1;
    let closed = |j: &Judge| j.connection_count() == all && j.open_connections() == 0;
    assert!(judge.wait_for(closed, WIDE).await);
    assert_eq!(judge.request_count(), 0);
    let mut lengths: Vec<usize> = judge
        .partial_requests()
        .iter()
        .map(|p| p.bytes.len())
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, (1..REQUEST.len()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_breaks_the_rules_is_a_violation_and_no_request() {
    let judge = Judge::start(reply());
    let mut stream = connect(&judge).await;
    stream
        .write_all(b"POST /a HTTP/1.1\nhost: h\n\n")
        .await
        .unwrap();
    let (bytes, end) = read_to_end(&mut stream).await;
    assert!(bytes.starts_with(b"HTTP/1.1 400 "), "{bytes:?}");
    assert_eq!(end, End::Fin);
    assert_eq!((judge.request_count(), judge.violations().len()), (0, 1));
}

#[tokio::test]
async fn scripts_decide_by_request_and_by_connection() {
    let script = Script::by_connection(|connection| match connection {
        0 => Script::by_request(|request| Reply::new(200).body(request.body.clone()).into()),
        _ => Script::always(Reply::redirect(307, "http://elsewhere.invalid/")),
    });
    let judge = Judge::start(script);
    for expected in [
        Reply::new(200).body(&b"{\"code\":\"abc\"}"[..]),
        Reply::redirect(307, "http://elsewhere.invalid/"),
    ] {
        let mut stream = connect(&judge).await;
        stream.write_all(REQUEST).await.unwrap();
        let expected = expected.to_bytes();
        assert_eq!(read_exactly(&mut stream, expected.len()).await, expected);
    }
}

#[tokio::test]
async fn a_dropped_judge_leaves_nothing_open() {
    let judge = Judge::start(Action::NeverAnswer);
    let addr = judge.addr();
    let mut stream = connect(&judge).await;
    stream.write_all(REQUEST).await.unwrap();
    assert!(judge.wait_for_blocking(|j| j.request_count() == 1, WIDE));
    drop(judge);
    read_to_end(&mut stream).await;
    for addr in [addr, refused_addr()] {
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn ipv6_works_where_there_is_any() {
    let Some(judge) = Judge::start_v6(reply()) else {
        return;
    };
    assert!(judge.base_url().starts_with("http://[::1]:"));
    let mut stream = connect(&judge).await;
    stream.write_all(REQUEST).await.unwrap();
    read_exactly(&mut stream, reply().to_bytes().len()).await;
    assert_eq!(judge.request_count(), 1);
}

#[tokio::test]
async fn the_phone_script_answers_with_the_number_of_the_code() {
    let judge = Judge::start(phone_script("key"));
    for (body, expected) in [
        (r#"{"code":"abc","extIdpConnidentifier":"my-wxapp"}"#, 200),
        (r#"{"code":"abc"}"#, 400),
        ("no JSON", 400),
    ] {
        let mut stream = connect(&judge).await;
        let head = format!(
            "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let (bytes, _) = read_to_end(&mut stream).await;
        let text = String::from_utf8(bytes).unwrap();
        let reply: serde_json::Value =
            serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(reply["statusCode"], expected);
        if expected == 200 {
            let pure = phone_for_code("key", "abc");
            assert_eq!(reply["data"]["phoneNumber"], format!("+86{pure}"));
            assert_eq!(reply["data"]["purePhoneNumber"], pure);
            assert_eq!(reply["data"]["countryCode"], "86");
        }
    }
}

#[tokio::test]
async fn a_script_that_panics_is_told() {
    let judge = Judge::start(Script::by_request(|_| {
        panic!("meant, by the test of the judge")
    }));
    let mut stream = connect(&judge).await;
    stream.write_all(REQUEST).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, (Vec::new(), End::Fin));
    assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
    assert_eq!((judge.request_count(), judge.violations().len()), (1, 1));
}
