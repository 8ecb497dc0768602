//! Calls per second, and the time from the start of a process to its first https response.

#![allow(missing_docs, reason = "items written by criterion's macros")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use authing_benches::{Caller, Facade, Generated, Reqwest, Target, call_at_once, runtime};
use criterion::{Criterion, Throughput, criterion_group};

fn throughput(criterion: &mut Criterion) {
    let target = Target::http(Duration::ZERO);
    for tasks in [1, 16, 64] {
        let mut group = criterion.benchmark_group(format!("concurrency_{tasks}"));
        group.throughput(Throughput::Elements(1)).sample_size(20);
        group.bench_function("reqwest", |bencher| {
            bencher.iter_custom(|calls| time::<Reqwest>(&target, tasks, calls));
        });
        group.bench_function("generated", |bencher| {
            bencher.iter_custom(|calls| time::<Generated>(&target, tasks, calls));
        });
        group.bench_function("facade", |bencher| {
            bencher.iter_custom(|calls| time::<Facade>(&target, tasks, calls));
        });
        group.finish();
    }
}

fn time<C: Caller>(target: &Target, tasks: u64, calls: u64) -> Duration {
    let runtime = runtime(1);
    let caller = runtime.block_on(async { C::new(target) });
    runtime.block_on(call_at_once(&caller, tasks, tasks));
    let start = Instant::now();
    runtime.block_on(call_at_once(&caller, tasks, calls));
    start.elapsed()
}

fn first_https_response(criterion: &mut Criterion) {
    let target = Target::https();
    let address = target.address.to_string();
    let root = target.root.as_deref().unwrap();
    let mut group = criterion.benchmark_group("first_https_response");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(10));
    for client in ["reqwest", "facade"] {
        group.bench_function(client, |bencher| {
            bencher.iter(|| {
                let mut child = Command::new(std::env::current_exe().unwrap());
                child.args(["first", client, &address, root]);
                assert!(child.status().unwrap().success());
            });
        });
    }
    group.finish();
}

/// Makes one call; a process of its own, so that nothing is initialized before.
fn first<C: Caller>(target: &Target) {
    runtime(1).block_on(async { C::new(target).call().await });
}

criterion_group!(benches, throughput, first_https_response);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [_, "first", client, address, root] = arguments[..] {
        let (address, root) = (address.parse().unwrap(), Some(root.to_owned()));
        let target = Target { address, root };
        return match client {
            "reqwest" => first::<Reqwest>(&target),
            _ => first::<Facade>(&target),
        };
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
