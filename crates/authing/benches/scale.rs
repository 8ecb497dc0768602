//! What stays flat: calls per second with more clones at work, and memory with more calls made.
//!
//! Times are taken in turn, a round of the one and a round of the other; the quickest round of each
//! counts, as the least disturbed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints its figures or stops"
)]

use std::alloc::System;
use std::net::SocketAddr;
use std::time::Instant;

use authing_benches::calls::{Caller, Facade, Reqwest};
use authing_benches::program::{Stub, anew, memory_kib};
use authing_benches::tasks::share_out;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many threads there are, how many clones work at once, and how many calls they make in a
/// round. A single one is not among them: its time is that of waking up, and chance places it.
const CLONES: [(usize, u64, u64); 5] = [
    (1, 2, 4_000),
    (1, 64, 6_000),
    (1, 256, 6_000),
    (2, 2, 4_000),
    (2, 64, 6_000),
];
const ROUNDS: usize = 41;
/// How many calls one client has made when its memory is looked at.
const MADE: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const TASKS: u64 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, address] = arguments.as_slice() {
        let address = address.parse().unwrap();
        return match way.as_str() {
            "reqwest" => many_calls(way, Reqwest::new, address),
            "facade" => many_calls(way, Facade::new, address),
            other => panic!("no such way: {other}"),
        };
    }
    let stub = Stub::start(env!("CARGO_BIN_EXE_stub"));
    more_clones(stub.address());
    for way in ["reqwest", "facade"] {
        anew(&[way, &stub.address().to_string()]);
    }
}

fn more_clones(address: SocketAddr) {
    for (threads, clones, calls) in CLONES {
        let runtime = runtime(threads);
        let (reqwest, facade) =
            runtime.block_on(async { (Reqwest::new(address), Facade::new(address)) });
        let (mut theirs, mut ours) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            theirs = theirs.min(round(&runtime, &reqwest, clones, calls));
            ours = ours.min(round(&runtime, &facade, clones, calls));
        }
        for (way, seconds) in [("reqwest", theirs), ("facade", ours)] {
            let per_second = calls as f64 / seconds;
            println!("calls/s in turn, {clones} clones on {threads} threads\t{way}\t{per_second}");
        }
    }
}

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
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
    let runtime = runtime(1);
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
