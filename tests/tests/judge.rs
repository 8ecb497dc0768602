//! The judge judged: each of its actions really happens on the wire, and its counts are exact.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop"
)]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use authing_tests::judge::{
    Action, Closed, CutAt, DeafListener, Ending, Judge, Reply, Script, refused_addr,
};
use authing_tests::phone::{phone_for_code, phone_script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"POST /a HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: 2\r\ncontent-length: 14\r\n\r\n{\"code\":\"abc\"}";
const WIDE: Duration = Duration::from_secs(5);

/// What a client reads in the end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Fin,
    Reset,
}

async fn connect(judge: &Judge) -> TcpStream {
    TcpStream::connect(judge.addr()).await.unwrap()
}

/// Reads to the end of the stream: the bytes, and whether it was a FIN or a RST.
async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            match stream.read_buf(&mut bytes).await {
                Ok(0) => return End::Fin,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return End::Reset,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let end = tokio::time::timeout(WIDE, reading).await.expect("an end");
    (bytes, end)
}

async fn read_exactly(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let reading = stream.read_exact(&mut bytes);
    tokio::time::timeout(WIDE, reading)
        .await
        .expect("bytes in time")
        .unwrap();
    bytes
}

fn reply() -> Reply {
    Reply::json(200, &serde_json::json!({"statusCode": 200}))
}

async fn exchange(action: impl Into<Action>) -> (Judge, Vec<u8>, End) {
    let judge = Judge::start(Script::always(action));
    let mut stream = connect(&judge).await;
    stream.write_all(REQUEST).await.unwrap();
    let (bytes, end) = read_to_end(&mut stream).await;
    drop(stream);
    assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
    (judge, bytes, end)
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
async fn cuts_read_exactly_what_they_say_and_end_as_they_say() {
    for (ending, expected) in [(Ending::Fin, End::Fin), (Ending::Rst, End::Reset)] {
        for bytes in [1, 17, REQUEST.len() - 1] {
            let at = CutAt::RequestBytes(bytes);
            let (judge, reply, end) = exchange(Action::cut(at, ending)).await;
            assert_eq!((&reply[..], &end), (&b""[..], &expected), "{at:?}");
            assert_eq!(judge.request_count(), 0);
            assert_eq!(judge.partial_requests()[0].bytes, &REQUEST[..bytes]);
            let connection = &judge.connections()[0];
            assert_eq!(connection.bytes_read, bytes as u64);
            assert_eq!(connection.ended.unwrap().how, ending);
            // After a FIN the rest still comes in, and is told apart.
            let late = usize::from(ending == Ending::Fin);
            assert_eq!(judge.late_requests().len(), late);
            let after = late * (REQUEST.len() - bytes);
            assert_eq!(connection.bytes_read_after_end, after as u64);
        }
        let (judge, reply, end) = exchange(Action::cut(CutAt::Request, ending)).await;
        assert_eq!((reply.len(), end), (0, expected));
        assert_eq!((judge.request_count(), judge.late_requests().len()), (1, 0));
        assert_eq!(judge.bytes_received(), REQUEST.len() as u64);
    }
}

#[tokio::test]
async fn a_cut_at_accept_comes_before_any_byte() {
    for (ending, expected) in [
        (Ending::Fin, End::Fin),
        (Ending::Close, End::Fin),
        (Ending::Rst, End::Reset),
    ] {
        let first = Action::cut(CutAt::Accept, ending);
        let judge = Judge::start(Script::sequence([first, reply().into()]));
        let mut stream = connect(&judge).await;
        let (bytes, end) = read_to_end(&mut stream).await;
        assert_eq!((bytes.len(), end, judge.bytes_received()), (0, expected, 0));
        // The next connection gets the next action.
        let mut stream = connect(&judge).await;
        stream.write_all(REQUEST).await.unwrap();
        let expected = reply().to_bytes();
        assert_eq!(read_exactly(&mut stream, expected.len()).await, expected);
        assert_eq!(judge.request_count(), 1);
    }
}

#[tokio::test]
async fn cuts_inside_the_reply_send_exactly_the_part_before() {
    let whole = reply().to_bytes();
    let head = whole.len() - reply().body.len();
    for (ending, expected) in [
        (Ending::Fin, End::Fin),
        (Ending::Close, End::Fin),
        (Ending::Rst, End::Reset),
    ] {
        for (at, length) in [
            (CutAt::StatusLine, "HTTP/1.1 200 OK\r\n".len()),
            (CutAt::ReplyBytes(5), 5),
            (CutAt::ReplyBytes(9999), whole.len()),
            (CutAt::HalfBody, head + reply().body.len() / 2),
        ] {
            let (judge, bytes, end) = exchange(Action::cut_reply(at, ending, reply())).await;
            assert_eq!(
                (bytes.as_slice(), &end),
                (&whole[..length], &expected),
                "{at:?} {ending:?}"
            );
            assert_eq!(judge.request_count(), 1);
        }
    }
}

#[tokio::test]
async fn a_reply_that_announces_the_close_is_followed_by_it() {
    let (_, bytes, end) = exchange(reply().closing()).await;
    assert_eq!((bytes, end), (reply().closing().to_bytes(), End::Fin));
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    for (ending, expected) in [
        (Ending::Fin, End::Fin),
        (Ending::Close, End::Fin),
        (Ending::Rst, End::Reset),
    ] {
        for after in [Duration::ZERO, Duration::from_millis(80)] {
            let begun = Instant::now();
            let (_, bytes, end) = exchange(Action::ReplyThenClose {
                reply: reply(),
                after,
                ending,
            })
            .await;
            assert_eq!((bytes, &end), (reply().to_bytes(), &expected));
            assert!(begun.elapsed() >= after);
        }
    }
}

#[tokio::test]
async fn replies_are_framed_and_paced_as_asked() {
    let chunked = Action::ReplyChunked {
        reply: reply().closing(),
        chunk: 10,
    };
    let (_, bytes, _) = exchange(chunked).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"));
    assert_eq!(body, "a\r\n{\"statusCo\r\n8\r\nde\":200}\r\n0\r\n\r\n");

    let reply = reply().closing();
    let interval = Duration::from_millis(2);
    for (action, pauses) in [
        (
            Action::Drip {
                reply: reply.clone(),
                interval,
            },
            reply.to_bytes().len(),
        ),
        (
            Action::DripBody {
                reply: reply.clone(),
                interval,
            },
            reply.body.len(),
        ),
        (
            Action::Reply(reply.clone()).after(Duration::from_millis(40)),
            20,
        ),
    ] {
        let begun = Instant::now();
        let (_, bytes, _) = exchange(action).await;
        assert_eq!(bytes, reply.to_bytes());
        assert!(begun.elapsed() >= interval * u32::try_from(pauses).unwrap());
    }
}

#[tokio::test]
async fn raw_bytes_and_false_lengths_go_out_as_given() {
    let (_, bytes, end) = exchange(Action::raw(*b"\0\xffgarbage")).await;
    assert_eq!((bytes.as_slice(), end), (&b"\0\xffgarbage"[..], End::Fin));

    let claim = |then| Action::ClaimLength {
        reply: reply(),
        content_length: 10 << 30,
        then,
    };
    let (_, bytes, end) = exchange(claim(Some(Ending::Rst))).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains("\r\ncontent-length: 10737418240\r\n\r\n{"),
        "{text}"
    );
    assert_eq!((end, text.ends_with("200}")), (End::Reset, true));

    let many = Action::ManyHeaders {
        reply: reply().closing(),
        count: 10_000,
    };
    let (_, bytes, _) = exchange(many).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("x-filler-"))
            .count(),
        10_000
    );
    assert!(
        text.ends_with("content-length: 18\r\n\r\n{\"statusCode\":200}"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_endless_goes_on_until_the_client_is_gone() {
    for action in [
        Action::EndlessChunkedBody,
        Action::EndlessHeaders,
        Action::EndlessBody {
            content_length: 10 << 30,
        },
    ] {
        let judge = Judge::start(action.clone());
        let mut stream = connect(&judge).await;
        stream.write_all(REQUEST).await.unwrap();
        let bytes = read_exactly(&mut stream, 4 << 20).await;
        assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"), "{action:?}");
        assert_eq!(judge.open_connections(), 1);
        drop(stream);
        assert!(
            judge.wait_for(|j| !j.connections()[0].open, WIDE).await,
            "{action:?}"
        );
    }
}

#[tokio::test]
async fn a_request_never_answered_is_held_until_the_client_closes() {
    let judge = Judge::start(Action::NeverAnswer);
    let mut stream = connect(&judge).await;
    stream.write_all(REQUEST).await.unwrap();
    assert!(judge.wait_for(|j| j.request_count() == 1, WIDE).await);
    let silence = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(silence.is_err() && judge.open_connections() == 1);
    drop(stream);
    assert!(judge.wait_for(|j| !j.connections()[0].open, WIDE).await);
    assert!(
        !judge
            .wait_for(|j| j.request_count() == 2, Duration::from_millis(10))
            .await
    );
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
async fn connecting_to_a_deaf_listener_hangs() {
    let Some(deaf) = DeafListener::start() else {
        return;
    };
    let connecting = TcpStream::connect(deaf.addr());
    assert!(
        tokio::time::timeout(Duration::from_millis(200), connecting)
            .await
            .is_err()
    );
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
