//! The blocking client makes the same calls as the async client, and reports a fork at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authing::{CodeState, ErrorKind, blocking};
use authing_sandbox::Sandbox;
use authing_tests::{
    APP_ID, CODE, CONNECT, CONNECTION, TRANSPORT, WIDE, blocking_client, builder, class, request,
};
use reqwest::dns::{Name, Resolve, Resolving};
use tokio::runtime::Builder;

#[test]
fn calls_of_many_threads_run_at_the_same_time() {
    const CALLS: u32 = 40;
    const DELAY: Duration = Duration::from_millis(400);
    let sandbox = Sandbox::builder().latency(DELAY).start().unwrap();
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
    let sandbox = Sandbox::start().unwrap();
    let address = "203.0.113.7".parse().unwrap();
    let client = builder(sandbox.base_url()).build().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = request(&client).access_token("the-token").lang("en-US");
        options.real_ip(address).await.unwrap_err();
        request(&client).await.unwrap_err();
    });
    let client = blocking_client(sandbox.base_url(), WIDE);
    let call = |code| client.get_wechat_miniprogram_phone(code, CONNECTION);
    let options = call(CODE).access_token("the-token").lang("en-US");
    options.real_ip(address).send().unwrap_err();
    call(CODE).send().unwrap_err();
    // Both make the same checks.
    let error = call("").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    // One pool per client: the second call uses the connection of the first.
    assert_eq!(sandbox.connections().len(), 2);
    let requests = sandbox.requests();
    let bytes: Vec<&[u8]> = requests.iter().map(|each| &*each.bytes).collect();
    assert_eq!(bytes.len(), 4);
    assert_eq!(bytes[..2], bytes[2..]);
}

/// A forked process has no copy of the client's thread.
#[cfg(unix)]
#[test]
fn a_call_in_a_forked_process_is_rejected_at_once() {
    use authing_tests::child;
    let Some(url) = child::variable("FORK") else {
        let sandbox = Sandbox::builder().start().unwrap();
        let test = "blocking::a_call_in_a_forked_process_is_rejected_at_once";
        child::run(test, &[("FORK", sandbox.base_url())]);
        return;
    };
    let client = blocking_client(&url, WIDE);
    let call = || client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    assert_eq!(call().send().unwrap_err().kind(), ErrorKind::CodeRejected);
    if let fork::Fork::Parent(pid) = fork::fork().unwrap() {
        let status = fork::waitpid(pid).unwrap();
        let is_right = fork::WIFEXITED(status) && fork::WEXITSTATUS(status) == 0;
        return assert!(is_right, "{status}");
    }
    let begun = Instant::now();
    let error = call().send().unwrap_err();
    let is_right = class(&error) == (ErrorKind::Config, CodeState::Unused);
    let is_fast = begun.elapsed() < Duration::from_secs(1);
    std::process::exit(i32::from(!(is_right && is_fast)));
}

#[tokio::test]
async fn a_call_in_async_code_panics_before_anything_is_sent() {
    let sandbox = Sandbox::start().unwrap();
    let client = blocking_client(sandbox.base_url(), WIDE);
    let request = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
    let call = tokio::spawn(async { request.send() });
    let panic = call.await.unwrap_err().to_string();
    assert!(panic.contains("from within a runtime"), "{panic}");
    assert_eq!(sandbox.connections().len(), 0);
}

/// A resolver that panics once, and knows no name.
#[derive(Default)]
struct Panicking(AtomicBool);

impl Resolve for Panicking {
    fn resolve(&self, _: Name) -> Resolving {
        assert!(self.0.swap(true, Ordering::Relaxed), "on purpose");
        Box::pin(async { Err("no such name".into()) })
    }
}

#[test]
fn a_panic_in_a_call_ends_only_that_call() {
    let theirs = reqwest::Client::builder().dns_resolver(Panicking::default());
    let client = blocking::AuthenticationClient::builder()
        .app_host("https://host.invalid")
        .app_id(APP_ID)
        .http_client_builder(theirs)
        .build()
        .unwrap();
    for expected in [TRANSPORT, CONNECT] {
        let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
        assert_eq!(class(&call.send().unwrap_err()), expected);
    }
}
