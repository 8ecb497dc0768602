//! The blocking client keeps the async one's promises: many callers at once, the same bytes.
//!
//! Broken on purpose: a worker that awaits each call before it takes the next, a `send` that does
//! not look where it is called, and one that loses the caller's span each turn a test here red.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use authing::blocking::AuthenticationClient;
use authing::{AuthenticationClientBuilder, CodeState, ErrorKind};
use authing_tests::judge::{Action, Judge, Request, Script};
use authing_tests::phone;

const CODE: &str = "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999";

fn judge(delay: Duration) -> Judge {
    Judge::start(Script::by_request(move |request| {
        Action::from(phone::reply_for_request("blocking", request)).after(delay)
    }))
}

fn builder(judge: &Judge) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(judge.base_url())
        .app_id("the-app")
}

/// Each of many threads gets its own number, and none waits for another.
#[test]
fn calls_of_many_threads_run_at_once() {
    const CALLS: u32 = 40;
    const DELAY: Duration = Duration::from_millis(400);
    let judge = judge(DELAY);
    let client = builder(&judge).build_blocking().unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..CALLS {
            let client = client.clone();
            scope.spawn(move || {
                let code = format!("{number:064x}");
                let reply = client.get_wechat_miniprogram_phone(&code, "my-wxapp");
                let reply = reply.send().unwrap();
                let expected = phone::phone_for_code("blocking", &code);
                assert_eq!(reply.data.pure_phone_number.as_str(), expected);
            });
        }
    });
    let taken = begun.elapsed();
    assert!(taken < DELAY * CALLS / 4, "{taken:?}");
    assert_eq!(judge.request_count(), CALLS as usize);
}

/// What goes over the wire, but for the code, is what the async client sends with these options.
#[test]
fn every_option_does_what_it_does_to_an_async_call() {
    let judge = judge(Duration::ZERO);
    let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
    let client = builder(&judge).build_blocking().unwrap();
    let call = || client.get_wechat_miniprogram_phone(CODE, "shop-wxapp");
    let with_token = call().access_token("the-token").lang("en-US");
    let shown = format!("{with_token:?} {client:?}");
    with_token.real_ip(address).send().unwrap();
    call().bare_token("bare").send().unwrap();
    assert!(
        !shown.contains(CODE) && !shown.contains("the-token"),
        "{shown}"
    );

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = builder(&judge).build().unwrap();
        let call = || client.get_wechat_miniprogram_phone(CODE, "shop-wxapp");
        let with_token = call().access_token("the-token").lang("en-US");
        with_token.real_ip(address).await.unwrap();
        call().bare_token("bare").await.unwrap();
    });

    assert_eq!(judge.violations(), []);
    let raw: Vec<Vec<u8>> = judge.requests().into_iter().map(|each| each.raw).collect();
    assert_eq!(raw.len(), 4);
    assert_eq!(raw[..2], raw[2..]);
    let has = |request: &Request, name: &str, value: &str| request.header_text(name) == Some(value);
    assert!(has(
        &judge.requests()[0],
        "authorization",
        "Bearer the-token"
    ));
    assert!(has(&judge.requests()[0], "x-real-ip", "203.0.113.7"));
    // One pool: the second call went over the connection of the first.
    assert_eq!(judge.connection_count(), 2);
}

#[test]
fn deadlines_and_checks_are_the_same() {
    let judge = judge(Duration::from_secs(30));
    let client = builder(&judge).build_blocking().unwrap();
    let call = |code: &str| client.get_wechat_miniprogram_phone(code, "my-wxapp");
    let error = call(CODE).timeout(Duration::from_millis(200)).send();
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Timeout, CodeState::Unknown)
    );
    let error = call("").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = AuthenticationClient::builder().build_blocking();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(judge.request_count(), 1);
}

/// In async code a call panics, at the caller's line, before anything is sent.
#[tokio::test]
async fn a_call_in_async_code_panics_before_anything_is_sent() {
    let judge = judge(Duration::ZERO);
    let client = builder(&judge).build_blocking().unwrap();
    let request = client.get_wechat_miniprogram_phone(CODE, "my-wxapp");
    let panicked = catch_unwind(AssertUnwindSafe(|| request.send())).unwrap_err();
    let message = panicked.downcast_ref::<String>().cloned();
    let message = message.or_else(|| panicked.downcast_ref::<&str>().map(ToString::to_string));
    let message = message.unwrap();
    assert!(message.contains("from within a runtime"), "{message}");
    assert_eq!(judge.connection_count(), 0);

    // Where blocking is allowed, it works; and dropping a client is harmless anywhere.
    let allowed = client.clone();
    let call = move || {
        let request = allowed.get_wechat_miniprogram_phone(CODE, "my-wxapp");
        request.send().map(drop)
    };
    tokio::task::spawn_blocking(call).await.unwrap().unwrap();
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_inside_block_in_place_works() {
    let judge = judge(Duration::ZERO);
    let client = builder(&judge).build_blocking().unwrap();
    tokio::spawn(async move {
        tokio::task::block_in_place(|| {
            let request = client.get_wechat_miniprogram_phone(CODE, "my-wxapp");
            request.send().map(drop)
        })
    })
    .await
    .unwrap()
    .unwrap();
}
