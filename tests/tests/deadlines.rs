//! Deadlines hold at every stage of a call, and a dropped call or client leaves nothing behind.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use authing::{CodeState, RetryPolicy};
use authing_sandbox::{CutAt, Fault, Sandbox};
use authing_tests::{
    CODE, CONNECT, CONNECTION, SUCCESS, TIMEOUT, WIDE, blocking_client, builder, class, eventually,
    request, response, sandbox_with, server,
};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_millis(500);
/// How much later a call may end on a busy machine.
const TOLERANCE: Duration = Duration::from_secs(3);

/// Servers that take longer than the deadline: a scheme, and what the server does.
fn slow_servers() -> [(&'static str, Fault); 5] {
    let body = Fault::answer(200, "text/plain", SUCCESS.repeat(100));
    [
        ("http", Fault::stall(CutAt::Request)),
        ("http", Fault::drip(Duration::from_millis(100))),
        ("http", Fault::stall(CutAt::HalfBody)),
        ("http", body.dripping(Duration::from_millis(1))),
        ("https", Fault::stall(CutAt::Accept)),
    ]
}

/// The option that ends a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Set {
    Client,
    CallersBuilder,
    Call,
    Connect,
    /// The default of the connect timeout is half of the timeout.
    Half,
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_the_server_does() {
    let mut calls = JoinSet::new();
    for (scheme, fault) in slow_servers() {
        for set in [Set::Client, Set::CallersBuilder, Set::Call] {
            calls.spawn(check_deadline(scheme, fault.clone(), set));
        }
    }
    for set in [Set::Connect, Set::Half] {
        calls.spawn(check_deadline("https", Fault::stall(CutAt::Accept), set));
    }
    calls.join_all().await;
}

async fn check_deadline(scheme: &str, fault: Fault, set: Set) {
    let what = format!("{scheme} {fault:?} {set:?}");
    let sandbox = sandbox_with(fault);
    let url = sandbox.base_url().replace("http", scheme);
    let builder = builder(url).retry(RetryPolicy::never());
    let with_timeout = |timeout| reqwest::Client::builder().timeout(timeout);
    let builder = match set {
        Set::Connect => builder.connect_timeout(DEADLINE),
        Set::Half => builder.timeout(2 * DEADLINE),
        _ => builder.connect_timeout(WIDE),
    };
    let builder = match set {
        Set::CallersBuilder => builder.http_client_builder(with_timeout(DEADLINE)),
        Set::Client => builder
            .http_client_builder(with_timeout(2 * WIDE))
            .timeout(DEADLINE),
        _ => builder,
    };
    let mut call = request(&builder.build().unwrap());
    if set == Set::Call {
        call = call.timeout(DEADLINE);
    }
    let start = Instant::now();
    let error = call.await.unwrap_err();
    let took = start.elapsed();
    let expected = match set {
        Set::Connect | Set::Half => CONNECT,
        _ => TIMEOUT,
    };
    let what = format!("{what}: {error:?} after {took:?}");
    assert!(class(&error) == expected && error.is_timeout(), "{what}");
    assert!((DEADLINE..DEADLINE + TOLERANCE).contains(&took), "{what}");
}

/// Waits until no connection of the sandbox is open, and no more tasks are alive than before.
async fn everything_ends(sandbox: &Sandbox, tasks: usize) {
    let is_closed = async || sandbox.open_connections() == 0;
    let took = eventually("the end of the connection", is_closed).await;
    assert!(took < TOLERANCE, "{took:?}");
    let has_ended = async || Handle::current().metrics().num_alive_tasks() <= tasks;
    eventually("the end of all tasks", has_ended).await;
}

#[tokio::test]
async fn a_dropped_call_closes_its_socket() {
    let tasks = Handle::current().metrics().num_alive_tasks();
    for (scheme, fault) in slow_servers() {
        let sandbox = sandbox_with(fault);
        let builder = builder(sandbox.base_url().replace("http", scheme));
        let client = builder.build().unwrap();
        // Calls that are never awaited send nothing.
        drop(request(&client));
        drop(request(&client).into_future());
        let call = tokio::spawn(request(&client).into_future());
        let is_read = async || sandbox.connections().iter().any(|each| each.open);
        eventually("a connection", is_read).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(sandbox.open_connections(), 1, "closed before the drop");
        assert_eq!(sandbox.connection_count(), 1);
        call.abort();
        everything_ends(&sandbox, tasks).await;
    }
}

#[tokio::test]
async fn a_dropped_client_closes_its_idle_connections() {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(sandbox.base_url()).build().unwrap();
    let clone = client.clone();
    request(&client).await.unwrap_err();
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sandbox.open_connections(), 1, "closed too early");
    drop(clone);
    everything_ends(&sandbox, tasks).await;
}

#[test]
fn a_client_outlives_the_runtime_it_was_first_used_on() {
    let server = server(response(200, "", SUCCESS));
    let client = builder(server.base_url()).build().unwrap();
    for _ in 0..3 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        runtime.block_on(request(&client).send()).unwrap();
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
        let sandbox = sandbox_with(Fault::raw(first).repeating(repeat));
        let client = blocking_client(sandbox.base_url(), DEADLINE);
        let start = Instant::now();
        let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
        let error = call.send().unwrap_err();
        let took = start.elapsed();
        assert!(took < DEADLINE + TOLERANCE, "{took:?}");
        assert_eq!(error.code_state(), CodeState::Unknown, "{error:?}");
    }
}
