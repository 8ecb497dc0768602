//! Instructions per call, counted by callgrind: each way of making it, and the facade's pure parts.
//!
//! Each function makes [`CALLS`] calls on a client that is warm, so that a regression shows
//! without noise. The stub runs in threads of its own, which are not counted.

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

/// What those files ask of the crate around them.
mod error {
    pub(crate) use authing::{CodeState, ErrorKind};
}

use std::hint::black_box;
use std::time::Duration;

use authing_api::reply::{PhoneData, Reply};
use authing_api::types::GetWechatMiniProgramPhoneDto;
use authing_benches::calls::{CODE, Caller, Facade, Generated, Hyper, PlainReply, Reqwest, Tcp};
use authing_benches::stub;
use gungraun::prelude::*;
use tokio::runtime::Runtime;

const CALLS: usize = 200;

/// A runtime and a client with a warm connection.
fn warm<C: Caller>(make: impl FnOnce(std::net::SocketAddr) -> C) -> (Runtime, C) {
    let address = stub::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
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

#[library_benchmark]
fn retry_decision() -> Option<Duration> {
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

library_benchmark_group!(
    name = calls,
    benchmarks = [
        call_tcp,
        call_hyper,
        call_reqwest,
        call_generated,
        call_facade
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
        make_error
    ]
);
main!(library_benchmark_groups = [calls, parts]);
