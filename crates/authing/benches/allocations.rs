//! Allocations per call by a counting allocator, and peak memory with 64 calls under way.
//!
//! Each way of making the call runs in a process of its own, so that none inherits another's peak.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints its figures or stops"
)]

use std::alloc::System;
use std::net::SocketAddr;

use authing_benches::calls::{Caller, Facade, Generated, Hyper, Reqwest};
use authing_benches::measure::one_thread;
use authing_benches::program::{Stub, anew, memory_kib};
use authing_benches::tasks::share_out;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WAYS: [&str; 4] = ["hyper", "reqwest", "generated", "facade"];
const CALLS: usize = 1_000;
const TASKS: u64 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, address] = arguments.as_slice() {
        return measure(way, address.parse().unwrap());
    }
    let stub = Stub::start(env!("CARGO_BIN_EXE_stub"));
    for way in WAYS {
        print!("{}", anew(&[way, &stub.address().to_string()]));
    }
}

fn measure(way: &str, address: SocketAddr) {
    let runtime = one_thread();
    runtime.block_on(async {
        match way {
            "hyper" => count(way, &Hyper::new(address)).await,
            "reqwest" => count(way, &Reqwest::new(address)).await,
            "generated" => count(way, &Generated::new(address)).await,
            "facade" => count(way, &Facade::new(address)).await,
            other => panic!("no such way: {other}"),
        }
    });
}

async fn count<C: Caller>(way: &str, caller: &C) {
    caller.call().await;
    let region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        caller.call().await;
    }
    let change = region.change();
    let per_call = |count: usize| count as f64 / CALLS as f64;
    let allocations = per_call(change.allocations + change.reallocations);
    println!("allocations per call\t{way}\t{allocations}");
    println!(
        "bytes allocated per call\t{way}\t{}",
        per_call(change.bytes_allocated)
    );

    share_out(caller, TASKS, TASKS * 250).await;
    println!(
        "peak memory with {TASKS} calls at once, KiB\t{way}\t{}",
        memory_kib("VmHWM")
    );
}
