//! The proofs at full size; `cargo xtask prove` starts this in release mode.
//!
//! The first argument names the part, the others are `name=value`. Some parts start this program
//! again in another role, so that server and client do not share a process.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a proof that cannot go on must stop, and speaks to a terminal"
)]

#[path = "../../proofs/mod.rs"]
#[allow(dead_code, reason = "some parts are for the default tests alone")]
mod proofs;

mod fleet;
mod peer;
mod soak;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use proofs::{Proof, at_most_once, deadlines, matrix, replies};

/// The numbers that a part was given.
pub(crate) struct Numbers(HashMap<String, String>);

impl Numbers {
    pub(crate) fn get(&self, name: &str, otherwise: u64) -> u64 {
        let given = self.0.get(name);
        given.map_or(otherwise, |text| text.parse().expect("a number"))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_default();
    let pairs = arguments.filter_map(|each| {
        let (name, value) = each.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let numbers = Numbers(pairs.collect());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let begun = Instant::now();
    let proof = match &*part {
        "faults" => runtime.block_on(faults(&numbers)),
        "soak" => runtime.block_on(soak::prove(&numbers)),
        "replies" => prove_replies(&numbers),
        "fleet" => runtime.block_on(fleet::prove(&numbers)),
        // The other processes of soak and fleet.
        "phones" => peer::phones(),
        "sandbox" => runtime.block_on(fleet::sandbox(&numbers)),
        "caller" => runtime.block_on(fleet::caller(&numbers)),
        _ => Err(format!("there is no part `{part}`")),
    };
    match proof {
        Ok(line) => {
            println!("{line}");
            if !["phones", "sandbox", "caller"].contains(&&*part) {
                println!("{part}: proved in {:.1?}", begun.elapsed());
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{part}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Every fault with many codes, and every deadline within a quarter of a second.
async fn faults(numbers: &Numbers) -> Proof {
    let codes = usize::try_from(numbers.get("codes", 1000)).expect("a count");
    let (mut faults, mut calls) = (0, 0);
    let only = numbers.text("only");
    for fault in matrix::faults()
        .into_iter()
        .filter(|fault| fault.name.contains(only))
    {
        println!("{}", at_most_once::prove(&fault, codes).await?);
        faults += 1;
        calls += codes;
    }
    for line in deadlines::prove(Duration::from_millis(250)).await? {
        println!("{line}");
    }
    Ok(format!("{faults} faults, {calls} codes, none sent twice"))
}

/// Random cases in two threads, and every reply cut off at every byte.
fn prove_replies(numbers: &Numbers) -> Proof {
    const THREADS: u64 = 2;
    let share = numbers.get("cases", 100_000).div_ceil(THREADS);
    let share = u32::try_from(share).expect("a count");
    let lines = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(move || replies::prove_random(share)))
            .collect();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        ended.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(format!("{}\n{}", lines.join("\n"), replies::prove_cuts(1)?))
}
