//! The blocking client makes the same calls as the async client, and reports a fork at once.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use authing::{CodeState, ErrorKind};
use authing_sandbox::{CutAt, Fault, Sandbox};
use authing_tests::{CODE, CONNECTION, WIDE, blocking_client, builder, request};

#[test]
fn calls_of_many_threads_run_at_the_same_time() {
    const CALLS: u32 = 40;
    const DELAY: Duration = Duration::from_millis(400);
    let sandbox = Sandbox::builder().latency(DELAY).start_blocking().unwrap();
    let client = blocking_client(sandbox.base_url(), WIDE);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for index in 0..CALLS {
            let number = format!("138001380{index:02}");
            let code = sandbox.issue_code(&number).unwrap();
            let client = client.clone();
            scope.spawn(move || {
                let call = client.get_wechat_miniprogram_phone(code, CONNECTION);
                let reply = call.send().unwrap();
                assert_eq!(reply.data.pure_phone_number.as_str(), number);
            });
        }
    });
    assert!(begun.elapsed() < DELAY * CALLS / 4, "{:?}", begun.elapsed());
    assert_eq!(sandbox.requests().len(), CALLS as usize);
}

#[test]
fn requests_are_the_bytes_that_the_async_client_sends() {
    let sandbox = Sandbox::builder().start_blocking().unwrap();
    let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
    let client = blocking_client(sandbox.base_url(), WIDE);
    let call = || client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    let options = call().access_token("the-token").lang("en-US");
    options.real_ip(address).send().unwrap_err();
    call().send().unwrap_err();
    // One pool per client: the second call uses the connection of the first.
    assert_eq!(sandbox.connection_count(), 1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = builder(sandbox.base_url()).build().unwrap();
        let options = request(&client).access_token("the-token").lang("en-US");
        options.real_ip(address).await.unwrap_err();
        request(&client).await.unwrap_err();
    });
    // Both make the same checks.
    let invalid = client.get_wechat_miniprogram_phone("", CONNECTION);
    let error = invalid.send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let requests = sandbox.requests();
    let raw: Vec<&[u8]> = requests.iter().map(|each| &*each.bytes).collect();
    assert_eq!(raw.len(), 4);
    assert_eq!(raw[..2], raw[2..]);
    let first = String::from_utf8_lossy(raw[0]);
    for text in ["Bearer the-token", "203.0.113.7"] {
        assert!(first.contains(text), "{first}");
    }
}

/// A forked process has no copy of the client's thread.
#[cfg(unix)]
#[test]
fn a_call_in_a_forked_process_is_rejected_at_once() {
    use authing_tests::child;
    let Some(url) = child::variable("FORK") else {
        let sandbox = Sandbox::builder().start_blocking().unwrap();
        let test = "blocking::a_call_in_a_forked_process_is_rejected_at_once";
        child::run(test, &[("FORK", sandbox.base_url())]);
        return;
    };
    let client = blocking_client(&url, WIDE);
    let call = || client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    assert_eq!(call().send().unwrap_err().kind(), ErrorKind::CodeRejected);
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            let begun = Instant::now();
            let error = call().send().unwrap_err();
            let state = (error.kind(), error.code_state());
            let is_right = state == (ErrorKind::Config, CodeState::Unused);
            let is_fast = begun.elapsed() < Duration::from_secs(1);
            std::process::exit(i32::from(!(is_right && is_fast)));
        }
        fork::Fork::Parent(pid) => {
            let status = fork::waitpid(pid).unwrap();
            let is_right = fork::WIFEXITED(status) && fork::WEXITSTATUS(status) == 0;
            assert!(is_right, "{status}");
        }
    }
}

#[test]
fn a_dropped_client_closes_its_connections() {
    let sandbox = Sandbox::builder().start_blocking().unwrap();
    let client = blocking_client(sandbox.base_url(), WIDE);
    let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    call.send().unwrap_err();
    assert_eq!(sandbox.open_connections(), 1);
    drop(client);
    let begun = Instant::now();
    while sandbox.open_connections() > 0 {
        // Before the connection has been idle for too long.
        assert!(begun.elapsed() < Duration::from_secs(3), "still open");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_call_in_async_code_panics_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.push_fault(Fault::stall(CutAt::Request)).unwrap();
    let client = blocking_client(sandbox.base_url(), WIDE);
    let request = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    let panic = catch_unwind(AssertUnwindSafe(|| request.send())).unwrap_err();
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or(panic.downcast_ref::<&str>().copied()).unwrap();
    assert!(message.contains("from within a runtime"), "{message}");
    assert_eq!(sandbox.connection_count(), 0);
    // Where blocking is allowed, a call works.
    sandbox.clear_faults();
    let request = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    let call = tokio::task::spawn_blocking(|| request.send());
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CodeRejected);
}
