//! Deadlines hold at every stage of a call, and a dropped call or client leaves nothing behind.

use std::future::IntoFuture;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use authing::{CodeState, ErrorKind, RetryPolicy, blocking};
use authing_tests::raw::{RawServer, SUCCESS, read_request, response};
use authing_tests::{APP_ID, CONNECTION, WIDE, builder, eventually, random_code};
use tokio::runtime::{Builder, Handle, Runtime};

const DEADLINE: Duration = Duration::from_millis(500);
/// How much later a call may end on a busy machine.
const TOLERANCE: Duration = Duration::from_secs(3);

/// Reads a request, sends these bytes at once and those slowly, and then reads until the end.
fn stall(at_once: &'static str, slowly: &'static str) -> impl Fn(TcpStream) + Clone + Send {
    move |mut stream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(at_once.as_bytes());
        for byte in slowly.as_bytes() {
            std::thread::sleep(Duration::from_millis(100));
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
        read_to_end(stream);
    }
}

fn read_to_end(mut stream: TcpStream) {
    while stream.read(&mut [0; 99]).is_ok_and(|bytes| bytes > 0) {}
}

#[derive(Clone, Copy, Debug)]
enum Set {
    Client,
    Call,
    Connect,
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_the_server_does() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n";
    let rows = [
        ("silence", RawServer::start(stall("", ""))),
        ("slow head", RawServer::start(stall("", HEAD))),
        ("slow body", RawServer::start(stall(HEAD, SUCCESS))),
        ("half a body", RawServer::start(stall(HEAD, ""))),
    ];
    let mut calls = Vec::new();
    for (name, server) in rows {
        for set in [Set::Client, Set::Call] {
            calls.push((name, set, server.url()));
        }
    }
    let silent = RawServer::start(read_to_end);
    let silent = silent.url().replace("http", "https");
    calls.push(("silent handshake", Set::Client, silent.clone()));
    calls.push(("silent handshake", Set::Connect, silent));
    let calls: Vec<_> = calls
        .into_iter()
        .map(|(name, set, url)| (name, set, tokio::spawn(timed(set, url))))
        .collect();
    for (name, set, call) in calls {
        let (error, took) = call.await.unwrap();
        let got = (error.kind(), error.code_state());
        let expected = match set {
            Set::Connect => (ErrorKind::Connect, CodeState::Unused),
            _ => (ErrorKind::Timeout, CodeState::Unknown),
        };
        let what = format!("{name} {set:?}: {error:?} after {took:?}");
        assert!(got == expected && error.is_timeout(), "{what}");
        assert!((DEADLINE..DEADLINE + TOLERANCE).contains(&took), "{what}");
    }
}

async fn timed(set: Set, url: String) -> (authing::Error, Duration) {
    let client = match set {
        Set::Connect => builder(url).connect_timeout(DEADLINE),
        Set::Call => builder(url).connect_timeout(WIDE),
        Set::Client => builder(url).connect_timeout(WIDE).timeout(DEADLINE),
    };
    let client = client.retry(RetryPolicy::never()).build().unwrap();
    let mut call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    if let Set::Call = set {
        call = call.timeout(DEADLINE);
    }
    let start = Instant::now();
    (call.await.unwrap_err(), start.elapsed())
}

/// Waits until no more tasks are alive than before.
async fn tasks_end(baseline: usize) {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    eventually("the end of all tasks", || tasks() <= baseline).await;
}

#[tokio::test]
async fn a_dropped_call_closes_its_socket() {
    let baseline = Handle::current().metrics().num_alive_tasks();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n";
    for (scheme, first, slowly) in [
        ("http", "", ""),
        ("http", head, ""),
        ("http", head, SUCCESS),
        ("https", "", ""),
    ] {
        let (closed, is_closed) = mpsc::channel();
        let server = RawServer::start(move |mut stream| {
            let copy = stream.try_clone().unwrap();
            stream.read_exact(&mut [0; 100]).unwrap();
            closed.send("started").unwrap();
            stall(first, slowly)(copy);
            closed.send("closed").unwrap();
        });
        let builder = builder(server.url().replace("http", scheme));
        let client = builder.build().unwrap();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let call = tokio::spawn(call.into_future());
        eventually("a request", || is_closed.try_recv().is_ok()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(is_closed.try_recv().is_err(), "closed before the drop");
        call.abort();
        let took = eventually("the end of the connection", || is_closed.try_recv().is_ok());
        assert!(took.await < TOLERANCE);
        tasks_end(baseline).await;
    }
}

#[tokio::test]
async fn a_dropped_client_closes_its_idle_connections() {
    let baseline = Handle::current().metrics().num_alive_tasks();
    let (closed, is_closed) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        while read_request(&mut stream).is_some() {
            stream.write_all(&response(200, "", SUCCESS)).unwrap();
        }
        closed.send(()).unwrap();
    });
    let client = builder(server.url()).build().unwrap();
    let clone = client.clone();
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    call.await.unwrap();
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(is_closed.try_recv().is_err(), "closed too early");
    drop(clone);
    eventually("the end of the connection", || is_closed.try_recv().is_ok()).await;
    tasks_end(baseline).await;
}

#[tokio::test]
async fn a_call_that_is_never_awaited_sends_nothing() {
    let server = RawServer::respond(|_| response(200, "", SUCCESS));
    let client = builder(server.url()).build().unwrap();
    let call = || client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    drop(call());
    drop(call().into_future());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_outlives_the_runtime_it_was_first_used_on() {
    let server = RawServer::respond(|_| response(200, "", SUCCESS));
    let client = builder(server.url()).build().unwrap();
    for _ in 0..3 {
        let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let start = Instant::now();
        runtime.block_on(call.send()).unwrap();
        assert!(start.elapsed() < WIDE / 2);
    }
}

/// Such bytes keep the HTTP library busy without a pause, so the client's own thread cannot end
/// the call.
#[test]
fn a_blocking_call_keeps_its_deadline_while_the_server_floods_it() {
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (first, repeat) in [
        (chunk, "0".repeat(4096)),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)),
    ] {
        let server = RawServer::start(move |mut stream| {
            let _ = read_request(&mut stream);
            let _ = stream.write_all(first.as_bytes());
            let start = Instant::now();
            while start.elapsed() < 3 * TOLERANCE && stream.write_all(repeat.as_bytes()).is_ok() {}
        });
        let builder = blocking::AuthenticationClient::builder().app_host(server.url());
        let client = builder.app_id(APP_ID).timeout(DEADLINE).build().unwrap();
        let start = Instant::now();
        let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
        let error = call.send().unwrap_err();
        let took = start.elapsed();
        assert!(took < DEADLINE + TOLERANCE, "{took:?}");
        assert_eq!(error.code_state(), CodeState::Unknown, "{error:?}");
    }
}
