//! Instructions per call, counted by callgrind: each way of making it, and the facade's pure parts.
//!
//! Each function of the group `calls` makes [`CALLS`] calls on a client that is warm, so that a
//! regression shows without noise. The stub runs in threads of its own, which are not counted.

#![allow(
    missing_docs,
    reason = "the harness's macros write items that nobody sees"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

// The facade's decisions are private; these are their very files.
#[path = "../src/classify.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "included to be measured, not to be used as a whole"
)]
mod classify;
#[path = "../src/retry.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "included to be measured, not to be used as a whole"
)]
mod retry;
#[path = "../src/wechat.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "included to be measured, not to be used as a whole"
)]
mod wechat;

#[path = "../src/observe.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "included to be measured, not to be used as a whole"
)]
mod observe;

/// What those files ask of the crate around them.
mod error {
    pub(crate) use authing::{CodeState, Error, ErrorKind};

    pub(crate) fn is_uuid(_: &str) -> bool {
        unreachable!("nobody listens to the span")
    }
}

/// What those files ask of the crate around them.
mod validate {
    pub(crate) struct AppHost {
        pub(crate) base_url: String,
        pub(crate) address: String,
        pub(crate) port: u16,
    }
}

use std::hint::black_box;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use authing_api::reply::{PhoneData, Reply};
use authing_api::types::GetWechatMiniProgramPhoneDto;
use authing_benches::calls::{
    CODE, Caller, Facade, Generated, Hyper, PlainReply, Refused, Reqwest, Tcp,
};
use authing_benches::measure::one_thread;
use authing_benches::stub;
use authing_benches::tasks::share_out;
use gungraun::prelude::*;
use tokio::runtime::Runtime;

/// As many as the most tasks that share them out.
const CALLS: usize = 256;

/// A runtime and a client with a warm connection.
fn warm<C: Caller>(make: impl FnOnce(SocketAddr) -> C) -> (Runtime, C) {
    warm_at(stub::start(), make)
}

fn warm_at<C: Caller>(address: SocketAddr, make: impl FnOnce(SocketAddr) -> C) -> (Runtime, C) {
    let runtime = one_thread();
    let caller = runtime.block_on(async { make(address) });
    runtime.block_on(caller.call());
    (runtime, caller)
}

fn many<C: Caller>((runtime, caller): (Runtime, C)) -> (Runtime, C) {
    runtime.block_on(async {
        for _ in 0..CALLS {
            caller.call().await;
        }
    });
    (runtime, caller)
}

/// The same with as many connections as there will be tasks.
fn warm_tasks<C: Caller>(make: fn(SocketAddr) -> C, tasks: u64) -> (Runtime, C, u64) {
    let (runtime, caller) = warm(make);
    runtime.block_on(share_out(&caller, tasks, tasks));
    (runtime, caller, tasks)
}

fn warm_tcp() -> Tcp {
    let mut tcp = Tcp::new(stub::start());
    tcp.call();
    tcp
}

#[library_benchmark]
#[bench::warm(warm_tcp())]
fn call_tcp(mut tcp: Tcp) -> Tcp {
    (0..CALLS).for_each(|_| tcp.call());
    tcp
}

#[library_benchmark]
#[bench::warm(warm(Hyper::new))]
fn call_hyper(warm: (Runtime, Hyper)) -> (Runtime, Hyper) {
    many(warm)
}

#[library_benchmark]
#[bench::warm(warm(Reqwest::new))]
fn call_reqwest(warm: (Runtime, Reqwest)) -> (Runtime, Reqwest) {
    many(warm)
}

#[library_benchmark]
#[bench::warm(warm(Generated::new))]
fn call_generated(warm: (Runtime, Generated)) -> (Runtime, Generated) {
    many(warm)
}

#[library_benchmark]
#[bench::warm(warm(Facade::new))]
fn call_facade(warm: (Runtime, Facade)) -> (Runtime, Facade) {
    many(warm)
}

#[library_benchmark]
#[bench::warm(warm_at(stub::start_with(REFUSAL), Refused::new))]
fn call_refused(warm: (Runtime, Refused)) -> (Runtime, Refused) {
    many(warm)
}

#[library_benchmark]
#[bench::tasks_1(warm_tasks(Facade::new, 1))]
#[bench::tasks_2(warm_tasks(Facade::new, 2))]
#[bench::tasks_16(warm_tasks(Facade::new, 16))]
#[bench::tasks_64(warm_tasks(Facade::new, 64))]
#[bench::tasks_256(warm_tasks(Facade::new, 256))]
fn call_at_once(warm: (Runtime, Facade, u64)) -> (Runtime, Facade) {
    at_once(warm)
}

#[library_benchmark]
#[bench::tasks_1(warm_tasks(Reqwest::new, 1))]
#[bench::tasks_64(warm_tasks(Reqwest::new, 64))]
#[bench::tasks_256(warm_tasks(Reqwest::new, 256))]
fn call_reqwest_at_once(warm: (Runtime, Reqwest, u64)) -> (Runtime, Reqwest) {
    at_once(warm)
}

fn at_once<C: Caller>((runtime, caller, tasks): (Runtime, C, u64)) -> (Runtime, C) {
    runtime.block_on(share_out(&caller, tasks, CALLS as u64));
    (runtime, caller)
}

const NESTED: &str = r#"{"statusCode":200,"message":"Operation successful","requestId":"934108e5-9fbf-4d24-8da1-c330328abd6c","data":{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":"86","watermark":{"timestamp":1637744274,"appid":"wx0123456789abcdef"}}}}"#;
const BESIDE: &str = r#"{"statusCode":200,"message":"ok","phone_info":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":86}}"#;
const REFUSAL: &str = r#"{"statusCode":200,"message":"ok","requestId":"934108e5-9fbf-4d24-8da1-c330328abd6c","data":{"errcode":40029,"errmsg":"invalid code, rid: 632d16be-15ad5486-1e378de4"}}"#;
const FAILURE: &str = r#"{"statusCode":403,"message":"No such application","apiCode":2011,"requestId":"934108e5-9fbf-4d24-8da1-c330328abd6c"}"#;

#[library_benchmark]
#[bench::documented(stub::BODY)]
fn decode_plain(body: &str) -> PlainReply {
    serde_json::from_slice(black_box(body.as_bytes())).unwrap()
}

#[library_benchmark]
#[bench::documented(stub::BODY)]
#[bench::nested(NESTED)]
#[bench::beside(BESIDE)]
#[bench::refusal(REFUSAL)]
#[bench::failure(FAILURE)]
fn decode(body: &str) -> Reply<PhoneData> {
    Reply::from_slice(black_box(body.as_bytes())).unwrap()
}

#[library_benchmark]
fn classify_refusal() -> Option<classify::Verdict> {
    let numbers = classify::Numbers {
        http_status: 200,
        status_code: Some(200),
        errcode: Some(40029),
    };
    classify::verdict(black_box(numbers))
}

#[library_benchmark]
fn build_request() -> Vec<u8> {
    let body = GetWechatMiniProgramPhoneDto::new(black_box(CODE).into(), "my-wxapp".into());
    serde_json::to_vec(&body).unwrap()
}

// The first random number of a thread seeds its generator, which is no part of a decision.
#[library_benchmark]
#[bench::seeded(fastrand::f64())]
fn retry_decision(_: f64) -> Option<Duration> {
    let failed = retry::Failed {
        attempts: 2,
        retryable: true,
        retry_after: Some(Duration::from_secs(1)),
        remaining: Duration::from_secs(9),
    };
    retry::wait(
        &retry::RetryPolicy::default(),
        black_box(failed),
        fastrand::f64(),
    )
}

#[library_benchmark]
fn make_error() -> authing::Error {
    authing::Error::from(black_box(authing::ErrorKind::Misconfigured))
}

// A span as every attempt has one, with nobody listening.
#[library_benchmark]
#[bench::nobody_listens(validate::AppHost {
    base_url: "https://example.authing.cn".to_owned(),
    address: "example.authing.cn".to_owned(),
    port: 443,
})]
fn span(host: validate::AppHost) -> validate::AppHost {
    let span = observe::Attempt::begin(black_box(&host), "/api/v3/get-wechat-miniprogram-phone", 1);
    let polled = pin!(span.run(async {})).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(()));
    span.end(black_box(None), black_box(None));
    host
}

library_benchmark_group!(
    name = calls,
    benchmarks = [
        call_tcp,
        call_hyper,
        call_reqwest,
        call_generated,
        call_facade,
        call_refused,
        call_at_once,
        call_reqwest_at_once
    ]
);
library_benchmark_group!(
    name = parts,
    benchmarks = [
        decode_plain,
        decode,
        classify_refusal,
        build_request,
        retry_decision,
        make_error,
        span
    ]
);
main!(library_benchmark_groups = [calls, parts]);
