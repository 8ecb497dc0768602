//! What stays flat: calls per second with more clones at work, and memory with more calls made.
//!
//! Times are taken in turn, a round of the one and a round of the other, each in a process of its own;
//! the medians count.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints its figures or stops"
)]

use std::alloc::System;
use std::net::SocketAddr;
use std::time::Instant;

use authing_benches::calls::{Caller, Facade, Reqwest};
use authing_benches::measure::{median, one_thread};
use authing_benches::program::{Stub, anew, memory_kib};
use authing_benches::tasks::share_out;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many threads there are, and how many clones work at once. A single one is not among them: its
/// time is that of waking up, and chance places it.
const CLONES: [(usize, u64); 4] = [(1, 2), (1, 64), (1, 256), (2, 64)];
const CALLS: u64 = 20_000;
const ROUNDS: usize = 15;
/// How many calls one client has made when its memory is looked at.
const MADE: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const TASKS: u64 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, work, way, address] = arguments.as_slice() {
        let address = address.parse().unwrap();
        return match way.as_str() {
            "reqwest" => measure(work, way, Reqwest::new, address),
            "facade" => measure(work, way, Facade::new, address),
            other => panic!("no such way: {other}"),
        };
    }
    let stub = Stub::start(env!("CARGO_BIN_EXE_stub"));
    let address = stub.address().to_string();
    for (threads, clones) in CLONES {
        more_clones(threads, clones, &address);
    }
    for way in ["reqwest", "facade"] {
        print!("{}", anew(&["many", way, &address]));
    }
}

fn measure<C: Caller>(
    work: &str,
    way: &str,
    make: impl FnOnce(SocketAddr) -> C,
    address: SocketAddr,
) {
    let Some((threads, clones)) = work.split_once('x') else {
        return many_calls(way, make, address);
    };
    let runtime = runtime(threads.parse().unwrap());
    let caller = runtime.block_on(async { make(address) });
    let clones = clones.parse().unwrap();
    round(&runtime, &caller, clones, clones);
    println!("{}", round(&runtime, &caller, clones, CALLS));
}

fn more_clones(threads: usize, clones: u64, address: &str) {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (way, times) in [("reqwest", &mut theirs), ("facade", &mut ours)] {
            let told = anew(&[&format!("{threads}x{clones}"), way, address]);
            times.push(told.trim().parse::<f64>().unwrap());
        }
    }
    for (way, times) in [("reqwest", theirs), ("facade", ours)] {
        let per_second = CALLS as f64 / median(times);
        let s = if threads == 1 { "" } else { "s" };
        println!("calls/s in turn, {clones} clones, {threads} thread{s}\t{way}\t{per_second}");
    }
}

fn runtime(threads: usize) -> Runtime {
    if threads == 1 {
        return one_thread();
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

fn round<C: Caller>(runtime: &Runtime, caller: &C, clones: u64, calls: u64) -> f64 {
    let begun = Instant::now();
    runtime.block_on(share_out(caller, clones, calls));
    begun.elapsed().as_secs_f64()
}

/// One client and all that it ever does.
fn many_calls<C: Caller>(way: &str, make: impl FnOnce(SocketAddr) -> C, address: SocketAddr) {
    let runtime = one_thread();
    let caller = runtime.block_on(async { make(address) });
    let mut made = 0;
    for until in MADE {
        let seconds = round(&runtime, &caller, TASKS, until - made);
        println!(
            "calls/s from call {} to call {until}\t{way}\t{}",
            made + 1,
            (until - made) as f64 / seconds
        );
        let heap = ALLOCATOR.stats();
        let heap = heap.bytes_allocated.saturating_sub(heap.bytes_deallocated);
        println!(
            "heap in use after {until} calls, KiB\t{way}\t{}",
            heap >> 10
        );
        println!(
            "memory after {until} calls, KiB\t{way}\t{}",
            memory_kib("VmRSS")
        );
        made = until;
    }
}
