//! The faults of the judge judged: each really happens on the wire, and no other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::time::{Duration, Instant};

use authing_tests::bare::{End, REQUEST, WIDE, connect, read_exactly, read_to_end};
use authing_tests::judge::{Action, CutAt, DeafListener, Ending, Judge, Reply, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
async fn a_request_on_a_connection_that_died_meets_what_the_ending_says() {
    let after = Duration::from_millis(20);
    for (ending, late) in [(Ending::Fin, 1), (Ending::Close, 0), (Ending::Rst, 0)] {
        let judge = Judge::start(Action::ReplyThenClose {
            reply: reply(),
            after,
            ending,
        });
        let mut stream = connect(&judge).await;
        stream.write_all(REQUEST).await.unwrap();
        read_exactly(&mut stream, reply().to_bytes().len()).await;
        assert!(
            judge
                .wait_for(|j| j.connections()[0].ended.is_some(), WIDE)
                .await
        );
        // A RST that has arrived fails the write at once; a closed socket answers it by a RST.
        let _ = stream.write_all(REQUEST).await;
        let seen = judge
            .wait_for(|j| j.late_requests().len() == 1, WIDE / 50)
            .await;
        assert_eq!(
            (usize::from(seen), judge.request_count()),
            (late, 1),
            "{ending:?}"
        );
        assert_eq!(judge.connections()[0].bytes_read, REQUEST.len() as u64);
        drop(stream);
        assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
    }
}
