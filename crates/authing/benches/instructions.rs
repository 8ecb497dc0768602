//! Instructions, allocations and peak memory per call, counted by callgrind and DHAT through gungraun.

#![allow(missing_docs, reason = "items written by gungraun's macros")]

use std::time::Duration;

use authing_benches::{Caller, Facade, Generated, Reqwest, Target, call_at_once, runtime};
use gungraun::Dhat;
use gungraun::prelude::*;
use tokio::runtime::Runtime;

/// A multiple of all numbers of tasks.
const CALLS: u64 = 256;

/// Creates a client with as many warm connections as there are tasks; 0 means no task.
fn warm<C: Caller>(tasks: u64) -> (Runtime, C, u64) {
    let runtime = runtime(1);
    // With tasks, all requests of a round are sent before the first response, so that the peak
    // does not depend on how they overlap.
    let delay = Duration::from_secs(u64::from(tasks > 0));
    let caller = runtime.block_on(async { C::new(&Target::http(delay)) });
    runtime.block_on(caller.call());
    runtime.block_on(call_at_once(&caller, tasks, tasks));
    (runtime, caller, tasks)
}

/// Makes all calls, in sequence or in tasks. The client is returned, so that its drop is not counted.
fn run<C: Caller>((runtime, caller, tasks): (Runtime, C, u64)) -> (Runtime, C) {
    runtime.block_on(async {
        if tasks > 0 {
            return call_at_once(&caller, tasks, CALLS).await;
        }
        for _ in 0..CALLS {
            caller.call().await;
        }
    });
    (runtime, caller)
}

#[library_benchmark]
#[bench::sequential(warm(0))]
#[bench::tasks_64(warm(64))]
#[bench::tasks_256(warm(256))]
fn reqwest(client: (Runtime, Reqwest, u64)) -> (Runtime, Reqwest) {
    run(client)
}

#[library_benchmark]
#[bench::sequential(warm(0))]
fn generated(client: (Runtime, Generated, u64)) -> (Runtime, Generated) {
    run(client)
}

#[library_benchmark]
#[bench::sequential(warm(0))]
#[bench::tasks_64(warm(64))]
#[bench::tasks_256(warm(256))]
fn facade(client: (Runtime, Facade, u64)) -> (Runtime, Facade) {
    run(client)
}

library_benchmark_group!(name = calls, benchmarks = [reqwest, generated, facade]);
main!(
    config = LibraryBenchmarkConfig::default().tool(Dhat::with_args(["--num-callers=200"])),
    library_benchmark_groups = calls
);
