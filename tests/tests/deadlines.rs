//! Deadlines hold at every stage of a call, and a dropped call or client leaves nothing behind.

use std::future::IntoFuture;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use authing::{CodeState, ErrorKind, RetryPolicy};
use authing_sandbox::{CutAt, Fault, Sandbox};
use authing_tests::{
    CODE, CONNECT, CONNECTION, Call, Class, SUCCESS, TIMEOUT, WIDE, blocking_client, builder,
    class, eventually, request, response, sandbox_with, server,
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

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_the_server_does() {
    let (mut calls, mut sandboxes) = (JoinSet::new(), Vec::new());
    let never = |url: &str| builder(url).retry(RetryPolicy::never());
    for (scheme, fault) in slow_servers() {
        let sandbox = sandbox_with(fault.permanent());
        let url = sandbox.base_url().replace("http", scheme);
        let builder = |their_timeout| {
            let theirs = reqwest::Client::builder().timeout(their_timeout);
            let builder = never(&url).http_client_builder(theirs);
            builder.connect_timeout(WIDE)
        };
        // The option of the client, of the caller's own builder, and of one call.
        let [own, theirs, neither] = [
            builder(2 * WIDE).timeout(DEADLINE),
            builder(DEADLINE),
            builder(2 * WIDE),
        ]
        .map(|builder| request(&builder.build().unwrap()));
        for call in [own, theirs, neither.timeout(DEADLINE)] {
            calls.spawn(check_deadline(call, TIMEOUT));
        }
        sandboxes.push(sandbox);
    }
    // The last server does not accept. The default of the connect timeout is half of the timeout;
    // all of it would be too late.
    let url = sandboxes[4].base_url().replace("http", "https");
    let connect = never(&url).connect_timeout(DEADLINE);
    for builder in [connect, never(&url).timeout(8 * DEADLINE)] {
        let call = request(&builder.build().unwrap());
        calls.spawn(check_deadline(call, CONNECT));
    }
    // Its deadline passes in the second attempt, and retries do not extend it.
    let rejection = Fault::answer(429, "text/plain", "").after(DEADLINE.mul_f32(1.2));
    let throttling = sandbox_with(rejection.permanent());
    let builder = builder(throttling.base_url()).timeout(2 * DEADLINE);
    calls.spawn(check_deadline(request(&builder.build().unwrap()), TIMEOUT));
    calls.join_all().await;
}

async fn check_deadline(call: Call, expected: Class) {
    let start = Instant::now();
    let error = call.await.unwrap_err();
    let took = start.elapsed();
    let what = format!("{error:?} after {took:?}");
    assert!(class(&error) == expected && error.is_timeout(), "{what}");
    // What to do with the code is said.
    assert!(error.to_string().contains("; the code "), "{what}");
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
        assert_eq!(sandbox.connections().len(), 1);
        call.abort();
        everything_ends(&sandbox, tasks).await;
    }
}

#[tokio::test]
async fn a_dropped_client_closes_its_idle_connections() {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let sandbox = Sandbox::start().unwrap();
    let client = builder(sandbox.base_url()).build().unwrap();
    let clone = client.clone();
    request(&client).await.unwrap_err();
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sandbox.open_connections(), 1, "closed too early");
    drop(clone);
    everything_ends(&sandbox, tasks).await;
    let client = blocking_client(sandbox.base_url(), WIDE);
    let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    let call = tokio::task::spawn_blocking(|| call.send());
    call.await.unwrap().unwrap_err();
    assert_eq!(sandbox.open_connections(), 1);
    drop(client);
    everything_ends(&sandbox, tasks).await;
}

#[test]
fn a_client_works_on_any_tokio_runtime_and_only_there() {
    let server = server(response(200, "", SUCCESS));
    let client = builder(server.base_url()).build().unwrap();
    for _ in 0..3 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        runtime.block_on(request(&client).send()).unwrap();
        assert!(start.elapsed() < WIDE / 2);
    }
    let mut context = Context::from_waker(Waker::noop());
    let polled = request(&client).into_future().as_mut().poll(&mut context);
    let Poll::Ready(Err(error)) = polled else {
        panic!("{polled:?}")
    };
    assert_eq!(class(&error), (ErrorKind::Config, CodeState::Unused));
    assert!(error.to_string().contains("tokio"), "{error}");
    assert_eq!(server.request_count(), 3);
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
