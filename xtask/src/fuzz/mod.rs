//! `cargo xtask sandbox-fuzz`: hostile traffic for the sandbox, on loopback, for a bounded time.

mod attack;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::place::{project_root, target_folder};
use attack::{Attacker, KINDS, ask};

/// How many attack at a time.
const ATTACKERS: u64 = 16;
/// The most requests in all, whatever the time says.
const MAX_ATTACKS: u64 = 20_000_000;
/// How much more memory the end may need than the middle: fragments, and the counts of chance.
const TOLERANCE: f64 = 1.15;
/// Codes that are issued first, so that the ledger is full before memory is compared.
const CODES: usize = 200_000;

/// Sends hostile traffic to a sandbox and watches its memory.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For how long.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=3600))]
    seconds: u64,
    /// Where chance begins; the same seed sends the same attacks, in another order of time.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// The program under attack; it ends with this value.
struct Target {
    child: Child,
    address: SocketAddr,
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut target = start()?;
    let stderr = target.child.stderr.take().context("no stderr")?;
    let panics = thread::spawn(move || {
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    });
    let address = target.address;
    println!("filling the ledger");
    attack::fill(address, CODES)?;
    let stop = Arc::new(AtomicBool::new(false));
    let count: Arc<[AtomicU64]> = KINDS.iter().map(|_| AtomicU64::new(0)).collect();
    let attackers: Vec<_> = (0..ATTACKERS)
        .map(|number| {
            let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
            let mut attacker = Attacker::new(address, arguments.seed * 1_000 + number);
            thread::spawn(move || {
                let mut done = 0;
                while !stop.load(Ordering::Relaxed) && done < MAX_ATTACKS / ATTACKERS {
                    let kind = attacker.attack();
                    count[kind].fetch_add(1, Ordering::Relaxed);
                    done += 1;
                }
            })
        })
        .collect();
    let watched = watch(&mut target, Duration::from_secs(arguments.seconds));
    stop.store(true, Ordering::Relaxed);
    for attacker in attackers {
        if attacker.join().is_err() {
            bail!("an attacker panicked itself");
        }
    }
    let samples = watched?;
    round_trip(address)?;
    drop(target);
    let said = panics.join().unwrap_or_default();
    report(arguments, &count, &samples, &said)
}

fn start() -> Result<Target> {
    let built = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "authing-sandbox",
        ])
        .current_dir(project_root())
        .status()?;
    if !built.success() {
        bail!("the sandbox does not build");
    }
    let mut child = Command::new(target_folder().join("release/authing-sandbox"))
        .args(["--port", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let first = lines.next().context("the sandbox says nothing")??;
    let (_, address) = first.split_once("http://").context("no address")?;
    let address = address.parse()?;
    thread::spawn(move || lines.count());
    Ok(Target { child, address })
}

/// Looks at the target's health and memory twice a second.
fn watch(target: &mut Target, time: Duration) -> Result<Vec<u64>> {
    let started = Instant::now();
    let mut samples = Vec::new();
    while started.elapsed() < time {
        thread::sleep(Duration::from_millis(500));
        if let Some(status) = target.child.try_wait()? {
            bail!("the sandbox ended: {status}");
        }
        samples.push(resident_kib(target.child.id())?);
        // So that no fault that stays for ever hides everything behind it.
        let _ = ask(target.address, "DELETE", "/sandbox/faults", "");
    }
    Ok(samples)
}

/// A code becomes a phone number, after everything.
fn round_trip(address: SocketAddr) -> Result<()> {
    let mut last = String::new();
    for _ in 0..100 {
        for (method, path, body) in [
            ("DELETE", "/sandbox/faults", ""),
            ("PUT", "/sandbox/shape", r#"{"shape":"documented"}"#),
            ("PUT", "/sandbox/latency", r#"{"millis":0}"#),
            ("PUT", "/sandbox/rate-limit", r#"{"perSecond":null}"#),
        ] {
            let _ = ask(address, method, path, body);
        }
        let order = r#"{"phoneNumber":"+8613800138000"}"#;
        let issued = ask(address, "POST", "/sandbox/codes", order).unwrap_or_default();
        let code = issued
            .split("\"code\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
            .to_owned();
        let order = format!(r#"{{"code":"{code}"}}"#);
        last = ask(address, "POST", "/sandbox/exchange", &order).unwrap_or_default();
        if last.contains("+8613800138000") {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("the sandbox does not work any more: {last}")
}

/// What the system says of the process's memory.
fn resident_kib(process: u32) -> Result<u64> {
    let mut text = String::new();
    std::fs::File::open(format!("/proc/{process}/status"))
        .context("memory is read from /proc, which is Linux's")?
        .read_to_string(&mut text)?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmRSS")?
        .parse()
        .context("VmRSS is no number")
}

fn report(
    arguments: &Arguments,
    count: &[AtomicU64],
    samples: &[u64],
    said: &[String],
) -> Result<ExitCode> {
    let total: u64 = count.iter().map(|kind| kind.load(Ordering::Relaxed)).sum();
    println!(
        "seed {}, {} s, {total} attacks:",
        arguments.seed, arguments.seconds
    );
    for (name, kind) in KINDS.iter().zip(count) {
        println!("  {name}: {}", kind.load(Ordering::Relaxed));
    }
    let part = |from: usize, to: usize| {
        let (from, to) = (samples.len() * from / 10, samples.len() * to / 10);
        samples[from..to].iter().copied().max().unwrap_or(0)
    };
    let (begin, middle, end) = (part(0, 2), part(3, 6), part(8, 10));
    println!(
        "memory, at most: {begin} KiB at the beginning, {middle} in the middle, {end} at the end"
    );
    println!("on the standard error output: {} lines", said.len());
    for line in said.iter().take(10) {
        println!("  {line}");
    }
    #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
    let flat = end as f64 <= middle as f64 * TOLERANCE;
    if said.is_empty() && flat && total > 0 {
        println!("no panic, memory flat, and a code still becomes a phone number");
        return Ok(ExitCode::SUCCESS);
    }
    println!("FAILED: a panic, or memory that grows");
    Ok(ExitCode::FAILURE)
}
