//! A fleet above the limit: eight processes that ask for more than the service gives.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use authing::{AuthenticationClient, RetryPolicy};
use authing_sandbox::{
    CodeStatus, DEFAULT_APP_ID, DEFAULT_CONNECTION, FREE_PLAN_RATE_LIMIT, Sandbox,
};

use crate::Numbers;
use crate::peer::Peer;
use crate::proofs::Proof;

const PROCESSES: u64 = 8;
/// New calls a second, of all processes together.
const OFFERED: u64 = 350;

/// The library's own behaviour, then a loop that tries again at once.
pub(crate) async fn prove(numbers: &Numbers) -> Proof {
    let seconds = numbers.get("seconds", 30);
    println!(
        "{PROCESSES} processes, {OFFERED} calls/s offered, {FREE_PLAN_RATE_LIMIT}/s allowed, \
         {seconds} s each"
    );
    let library = run("library", seconds)?;
    let naive = run("naive", seconds)?;
    println!("{library}\n{naive}");
    if library.share() < 0.9 {
        return Err("less than nine tenths of the limit ended in phone numbers".to_owned());
    }
    Ok("the limit is used".to_owned())
}

struct Figures {
    strategy: &'static str,
    seconds: u64,
    /// Numbers gained within the time.
    gained: u64,
    /// Calls that ended in an error.
    failed: u64,
    /// Requests that the sandbox read.
    requests: u64,
    /// Codes that the ledger has as consumed.
    consumed: u64,
    /// Numbers gained in all.
    numbers: u64,
}

impl Figures {
    /// The share of the limit that ended in phone numbers.
    fn share(&self) -> f64 {
        self.gained as f64 / (self.seconds * u64::from(FREE_PLAN_RATE_LIMIT)) as f64
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {:.1} % of the limit ended in phone numbers ({} in time, {} in all; {} consumed by \
             the ledger), {} calls failed, {} requests, {:.2} requests per number",
            self.strategy,
            100.0 * self.share(),
            self.gained,
            self.numbers,
            self.consumed,
            self.failed,
            self.requests,
            self.requests as f64 / self.numbers.max(1) as f64,
        )
    }
}

fn run(strategy: &'static str, seconds: u64) -> Result<Figures, String> {
    let per_process = (OFFERED * seconds).div_ceil(PROCESSES);
    let mut sandbox = Peer::start("sandbox", &[format!("codes={}", per_process * PROCESSES)]);
    let url = sandbox.hear();
    // All begin at the same second, after everybody has read its codes.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock")
        .as_secs();
    let callers: Vec<Peer> = (0..PROCESSES)
        .map(|number| {
            let mut caller = Peer::start(
                "caller",
                &[
                    format!("url={url}"),
                    format!("strategy={strategy}"),
                    format!("number={number}"),
                    format!("begin={}", now + 3),
                    format!("seconds={seconds}"),
                    format!("codes={per_process}"),
                ],
            );
            let codes: Vec<String> = (0..per_process).map(|_| sandbox.hear()).collect();
            caller.tell(&(codes.join("\n") + "\n"));
            caller
        })
        .collect();
    let mut sums = [0; 3];
    for caller in callers {
        let line = caller.end()?.join(" ");
        let figures = line
            .split_whitespace()
            .map(|word| word.parse::<u64>().unwrap_or(0));
        sums.iter_mut()
            .zip(figures)
            .for_each(|(sum, figure)| *sum += figure);
    }
    let report = sandbox.end()?.join(" ");
    let mut report = report
        .split_whitespace()
        .map(|word| word.parse::<u64>().unwrap_or(0));
    let mut next = || report.next().unwrap_or(0);
    let [gained, numbers, failed] = sums;
    Ok(Figures {
        strategy,
        seconds,
        gained,
        failed,
        requests: next(),
        consumed: next(),
        numbers,
    })
}

/// The role of the service: issues codes, tells them, serves until its input ends, and reports.
pub(crate) async fn sandbox(numbers: &Numbers) -> Proof {
    let builder = Sandbox::builder().rate_limit(Some(FREE_PLAN_RATE_LIMIT));
    let sandbox = builder.start().await.map_err(|error| error.to_string())?;
    println!("{}", sandbox.base_url());
    for _ in 0..numbers.get("codes", 0) {
        let number = format!("+86138{:08}", fastrand::u32(..100_000_000));
        println!(
            "{}",
            sandbox
                .issue_code(&number)
                .map_err(|error| error.to_string())?
        );
    }
    let read_to_end = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().count());
    read_to_end.await.map_err(|error| error.to_string())?;
    let consumed = sandbox
        .ledger()
        .iter()
        .filter(|e| e.status == CodeStatus::Consumed)
        .count();
    Ok(format!("{} {consumed}", sandbox.state().total_requests()))
}

/// The role of a backend: a call every so often, whatever becomes of those before.
pub(crate) async fn caller(numbers: &Numbers) -> Proof {
    // By their count and not to the end of the input: all processes begin at the same time.
    let count = usize::try_from(numbers.get("codes", 0)).map_err(|error| error.to_string())?;
    let lines = std::io::stdin().lock().lines();
    let codes: Vec<String> = lines.take(count).map_while(Result::ok).collect();
    let naive = numbers.text("strategy") == "naive";
    let retry = if naive {
        RetryPolicy::never()
    } else {
        RetryPolicy::default()
    };
    let client = AuthenticationClient::builder()
        .app_host(numbers.text("url"))
        .app_id(DEFAULT_APP_ID)
        .retry(retry)
        .build()
        .map_err(|error| error.to_string())?;
    let begin = UNIX_EPOCH + Duration::from_secs(numbers.get("begin", 0));
    let pause = begin.duration_since(SystemTime::now()).unwrap_or_default();
    let end = Instant::now() + pause + Duration::from_secs(numbers.get("seconds", 30));
    let between = Duration::from_secs(PROCESSES).div_f64(OFFERED as f64);
    // The processes' calls lie between one another's.
    let offset = between.mul_f64(numbers.get("number", 0) as f64 / PROCESSES as f64);
    let begin = tokio::time::Instant::now() + pause + offset;
    let counters: Arc<[AtomicU64; 3]> = Arc::default();
    let mut calls = tokio::task::JoinSet::new();
    let mut tick = tokio::time::interval_at(begin, between);
    for code in codes {
        tick.tick().await;
        let (client, counters) = (client.clone(), Arc::clone(&counters));
        calls.spawn(async move {
            let gained = exchange(&client, &code, naive, end).await;
            let [in_time, numbers, failed] = &*counters;
            if gained {
                numbers.fetch_add(1, Ordering::Relaxed);
                if Instant::now() <= end {
                    in_time.fetch_add(1, Ordering::Relaxed);
                }
            } else {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    calls.join_all().await;
    let figures = counters
        .iter()
        .map(|counter| counter.load(Ordering::Relaxed).to_string());
    Ok(figures.collect::<Vec<_>>().join(" "))
}

/// One call, or one after another without a pause as long as the service says 429.
async fn exchange(client: &AuthenticationClient, code: &str, naive: bool, end: Instant) -> bool {
    loop {
        match client
            .get_wechat_miniprogram_phone(code, DEFAULT_CONNECTION)
            .await
        {
            Ok(_) => return true,
            Err(error) if naive && error.is_retryable() && Instant::now() < end => {}
            Err(_) => return false,
        }
    }
}
