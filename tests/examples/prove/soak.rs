//! Many calls, many at once, some dropped on their way: numbers, memory and sockets.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Numbers;
use crate::peer::Peer;
use crate::proofs::mix_up::{self, Size};
use crate::proofs::{Proof, process};

/// What the process may hold more at the end than after the first thousand calls.
const MEMORY: u64 = 32 << 20;

/// Makes the calls against a server in a process of its own.
pub(crate) async fn prove(numbers: &Numbers) -> Proof {
    let mut server = Peer::start("phones", &[]);
    let url = server.hear();
    let size = |calls| Size {
        calls,
        time: Duration::from_secs(numbers.get("seconds", 600)),
        at_once: 128,
        cancel_one_in: 20,
    };
    let sockets_at_first = process::sockets();
    // The first calls pay for what every process needs once.
    mix_up::run(&url, size(1000)).await?;
    let memory_at_first = process::memory();
    let begun = Instant::now();
    let tally = mix_up::run(&url, size(numbers.get("calls", 100_000))).await?;
    let took = begun.elapsed();
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let (right, wrong) = (count(&tally.right), count(&tally.wrong));
    let (cancelled, failed) = (count(&tally.cancelled), count(&tally.failed));
    let peak = process::peak_memory();
    // The clients were dropped with the run; their sockets must follow.
    let mut sockets_at_last = process::sockets();
    for _ in 0..100 {
        if sockets_at_last <= sockets_at_first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        sockets_at_last = process::sockets();
    }
    let calls = right + wrong + cancelled + failed;
    println!(
        "{calls} calls in {took:.1?}: {:.0} calls/s, {right} right numbers, {wrong} wrong, \
         {cancelled} dropped, {failed} failed",
        calls as f64 / took.as_secs_f64(),
    );
    println!(
        "client: {} resident after the first 1000 calls, {} at its peak; {sockets_at_first:?} \
         sockets before, {sockets_at_last:?} after",
        process::mib(memory_at_first),
        process::mib(peak),
    );
    let said = server.end()?.join("\n");
    println!("{said}");
    if wrong > 0 || failed > 0 {
        return Err(format!("{wrong} wrong numbers, {failed} failures"));
    }
    if sockets_at_last > sockets_at_first {
        return Err("sockets leak".to_owned());
    }
    if !said.contains(" 0 violations") || !said.contains(" 0 open at the end") {
        return Err("the server says otherwise".to_owned());
    }
    if let (Some(first), Some(peak)) = (memory_at_first, peak)
        && peak > first + MEMORY
    {
        return Err("memory grows".to_owned());
    }
    Ok(format!("{right} numbers, each to its own caller"))
}
