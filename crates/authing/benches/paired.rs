//! Throughput of the `authing` crate as a ratio of reqwest's, from alternating runs in one process.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::time::{Duration, Instant};

use authing_benches::{Caller, Facade, Reqwest, Target, call_at_once, runtime};
use tokio::runtime::Runtime;

const PAIRS: usize = 30;
/// Index of the smallest sorted ratio that the true median exceeds with 95 % confidence (sign test).
const LOWER_BOUND: usize = 10;

fn main() {
    println!("calls per second, authing / reqwest, {PAIRS} pairs of runs");
    println!("threads  tasks  median  lower 95 % bound");
    let target = Target::http(Duration::ZERO);
    for threads in [1, 2] {
        for (tasks, calls) in [(1, 2_000), (16, 8_000), (64, 8_000)] {
            let runtime = runtime(threads);
            let (reqwest, facade) =
                runtime.block_on(async { (Reqwest::new(&target), Facade::new(&target)) });
            let mut ratios: Vec<f64> = (0..=PAIRS)
                .map(|pair| {
                    let theirs = || seconds(&runtime, &reqwest, tasks, calls);
                    let ours = || seconds(&runtime, &facade, tasks, calls);
                    // The first of a pair changes, so that drift of the machine cancels out.
                    if pair % 2 == 0 {
                        theirs() / ours()
                    } else {
                        (ours() / theirs()).recip()
                    }
                })
                .skip(1) // the first pair opens the connections
                .collect();
            ratios.sort_by(f64::total_cmp);
            let median = f64::midpoint(ratios[PAIRS / 2 - 1], ratios[PAIRS / 2]);
            let bound = ratios[LOWER_BOUND];
            println!("{threads:>7}  {tasks:>5}  {median:.3}   {bound:.3}");
        }
    }
}

fn seconds<C: Caller>(runtime: &Runtime, caller: &C, tasks: u64, calls: u64) -> f64 {
    let start = Instant::now();
    runtime.block_on(call_at_once(caller, tasks, calls));
    start.elapsed().as_secs_f64()
}
