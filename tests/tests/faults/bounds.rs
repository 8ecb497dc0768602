//! Bounds: no answer, however large, costs more than the cap.
//!
//! Broken on purpose: handing the body on without `Limited` in `hooks.rs` turns
//! `an_answer_without_end_is_cut_at_the_cap` and `memory_stays_bounded` red.

use std::time::{Duration, Instant};

use authing::{CodeState, ErrorKind};
use authing_tests::judge::{Action, Judge, Reply, Script};
use serde_json::json;

use crate::child;
use crate::proofs::{CONNECTION, WIDE, builder, process, random_code};

const TEN_GIB: u64 = 10 << 30;

fn floods() -> Vec<(&'static str, Action)> {
    let reply = || Reply::json(200, &json!({"statusCode": 200, "message": "x"}));
    vec![
        ("an endless chunked body", Action::EndlessChunkedBody),
        (
            "10 GiB, announced and sent",
            Action::EndlessBody {
                content_length: TEN_GIB,
            },
        ),
        (
            "10 GiB announced, and silence",
            Action::ClaimLength {
                reply: reply(),
                content_length: TEN_GIB,
                then: None,
            },
        ),
        (
            "10,000 headers",
            Action::ManyHeaders {
                reply: reply(),
                count: 10_000,
            },
        ),
        ("headers without end", Action::EndlessHeaders),
        (
            "one header of 8 MiB",
            Action::raw(format!(
                "HTTP/1.1 200 OK\r\nx: {}\r\n\r\n",
                "a".repeat(8 << 20)
            )),
        ),
        (
            "a status line of 8 MiB",
            Action::raw(format!("HTTP/1.1 200 {}\r\n\r\n", "a".repeat(8 << 20))),
        ),
        (
            "a length that no number holds",
            Action::raw("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n"),
        ),
        (
            "a deep JSON",
            Reply::new(200).body("[".repeat(60_000)).into(),
        ),
    ]
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_cap() {
    for (what, flood) in floods() {
        let judge = Judge::start(flood);
        let client = builder(judge.base_url()).build().unwrap();
        let begun = Instant::now();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::UnexpectedResponse,
            "{what}: {error:?}"
        );
        assert_eq!(error.code_state(), CodeState::Unknown, "{what}");
        assert!(begun.elapsed() < WIDE / 2, "{what}");
        assert_eq!(judge.request_count(), 1, "{what}");
        // Nobody goes on reading: the connection is given up.
        let closed = |j: &Judge| j.open_connections() == 0 || what == "a deep JSON";
        assert!(judge.wait_for(closed, WIDE).await, "{what}");
    }
}

/// The cap counts bytes of the body, and the last allowed one is still read.
#[tokio::test]
async fn the_cap_is_exact() {
    let judge = Judge::start(Script::by_request(|request| {
        let text = json!({"statusCode": 409, "message": "x"}).to_string();
        let wanted: usize = request
            .header_text("authorization")
            .unwrap()
            .parse()
            .unwrap();
        let body = format!("{text}{}", " ".repeat(wanted - text.len()));
        let reply = Reply::new(200).body(body);
        match request.number % 2 {
            0 => reply.into(),
            _ => Action::ReplyChunked { reply, chunk: 100 },
        }
    }));
    let client = builder(judge.base_url())
        .max_response_bytes(2048)
        .build()
        .unwrap();
    for (length, kind) in [
        (2048, ErrorKind::Api),
        (2048, ErrorKind::Api),
        (2049, ErrorKind::UnexpectedResponse),
        (2049, ErrorKind::UnexpectedResponse),
    ] {
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.bare_token(length.to_string()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{length}: {error:?}");
    }
}

/// An answer too large with HTTP 429 is still a refusal; nothing of its body is believed.
#[tokio::test]
async fn a_flood_keeps_its_http_status() {
    for (status, kind) in [(503, ErrorKind::Service), (403, ErrorKind::Misconfigured)] {
        let judge = Judge::start(Reply::new(status).body("x".repeat(100_000)));
        let client = builder(judge.base_url()).build().unwrap();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (kind, Some(status)));
    }
}

/// The floods in a process of their own, whose memory the system measures.
#[test]
fn memory_stays_bounded() {
    const BOUND: u64 = 8 << 20;
    let judges: Vec<_> = floods()
        .into_iter()
        .map(|(_, flood)| Judge::start(flood))
        .collect();
    let urls: Vec<String> = judges.iter().map(Judge::base_url).collect();
    let text = child::run_well(
        "bounds::child_meets_the_floods",
        &[("URLS", &urls.join(" "))],
    );
    let Some(growth) = text.lines().find_map(|line| line.split_once("growth: ")) else {
        return println!("memory cannot be measured here");
    };
    let growth: u64 = growth.1.parse().unwrap();
    println!("peak memory grew by {}", process::mib(Some(growth)));
    assert!(growth < BOUND, "{growth} bytes");
}

#[tokio::test]
#[ignore = "run by memory_stays_bounded as a child process"]
async fn child_meets_the_floods() {
    let Some(urls) = child::variable("URLS") else {
        return;
    };
    let call = async |url: &str| {
        let client = builder(url)
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        assert_eq!(
            call.await.unwrap_err().kind(),
            ErrorKind::UnexpectedResponse
        );
    };
    // The first call pays for what every process needs once.
    let small = Judge::start(Reply::new(200));
    call(&small.base_url()).await;
    let before = process::memory();
    for url in urls.split(' ') {
        call(url).await;
    }
    if let (Some(before), Some(peak)) = (before, process::peak_memory()) {
        println!("growth: {}", peak.saturating_sub(before));
    }
}
