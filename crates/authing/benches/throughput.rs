//! Calls per second by the clock, at concurrency 1, 16 and 64, on one thread.
//!
//! Each iteration is one call; the stub is a program of its own. Bare sockets are measured beside,
//! to show what the stub can give.

#![allow(
    missing_docs,
    reason = "the harness's macros write items that nobody sees"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

use std::thread;
use std::time::{Duration, Instant};

use authing_benches::calls::{Caller, Facade, Generated, Hyper, Reqwest, Tcp};
use authing_benches::measure::one_thread;
use authing_benches::program::Stub;
use authing_benches::tasks::{share_out, shares};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const CONCURRENCY: [u64; 3] = [1, 16, 64];

fn throughput(criterion: &mut Criterion) {
    let stub = Stub::start(env!("CARGO_BIN_EXE_stub"));
    let address = stub.address();
    let runtime = one_thread();
    for tasks in CONCURRENCY {
        let mut group = criterion.benchmark_group(format!("concurrency_{tasks}"));
        group.throughput(Throughput::Elements(1)).sample_size(20);
        group.bench_function("tcp", |bencher| {
            bencher.iter_custom(|calls| sockets(|| Tcp::new(address), tasks, calls));
        });
        let (hyper, reqwest) =
            runtime.block_on(async { (Hyper::new(address), Reqwest::new(address)) });
        let (generated, facade) = (Generated::new(address), Facade::new(address));
        group.bench_function("hyper", |bencher| {
            bencher.iter_custom(|calls| run(&runtime, &hyper, tasks, calls));
        });
        group.bench_function("reqwest", |bencher| {
            bencher.iter_custom(|calls| run(&runtime, &reqwest, tasks, calls));
        });
        group.bench_function("generated", |bencher| {
            bencher.iter_custom(|calls| run(&runtime, &generated, tasks, calls));
        });
        group.bench_function("facade", |bencher| {
            bencher.iter_custom(|calls| run(&runtime, &facade, tasks, calls));
        });
        group.finish();
    }
}

/// The time that so many calls take, shared out among so many tasks.
fn run<C: Caller>(runtime: &Runtime, caller: &C, tasks: u64, calls: u64) -> Duration {
    let begun = Instant::now();
    runtime.block_on(share_out(caller, tasks, calls));
    begun.elapsed()
}

/// The same with blocking sockets, a thread each.
fn sockets(connect: impl Fn() -> Tcp, tasks: u64, calls: u64) -> Duration {
    let sockets: Vec<Tcp> = (0..tasks).map(|_| connect()).collect();
    let begun = Instant::now();
    let threads: Vec<_> = sockets
        .into_iter()
        .zip(shares(tasks, calls))
        .map(|(mut socket, share)| thread::spawn(move || (0..share).for_each(|_| socket.call())))
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    begun.elapsed()
}

criterion_group!(benches, throughput);
criterion_main!(benches);
