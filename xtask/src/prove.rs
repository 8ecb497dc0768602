//! `cargo xtask prove`: the promises at full size, in release mode.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::place::project_root;

/// Proves the promises of the call at full size; without a part, all but `fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to prove.
    #[arg(value_enum)]
    part: Option<Part>,
    /// Codes for each fault, for `faults` [default: 1000].
    #[arg(long)]
    codes: Option<u64>,
    /// Calls in all, for `soak` [default: 100000].
    #[arg(long)]
    calls: Option<u64>,
    /// Random replies, for `replies` [default: 100000].
    #[arg(long)]
    cases: Option<u64>,
    /// The longest time for `soak` [default: 600]; the time for `fleet` [default: 30] and for
    /// `fuzz` [default: 600].
    #[arg(long)]
    seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// At most once under every fault, and every deadline within a quarter of a second.
    Faults,
    /// The right phone to the right caller; calls a second, memory, sockets.
    Soak,
    /// Random replies, and every reply cut off at every byte.
    Replies,
    /// Eight processes above the service's limit.
    Fleet,
    /// Coverage-guided fuzzing of the reading of replies; only when asked for.
    Fuzz,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let all = [Part::Faults, Part::Soak, Part::Replies, Part::Fleet];
    let parts = arguments.part.map_or(all.to_vec(), |part| vec![part]);
    for part in parts {
        println!("\n{part:?}");
        match part {
            Part::Fuzz => fuzz(arguments.seconds.unwrap_or(600))?,
            Part::Faults | Part::Soak | Part::Replies | Part::Fleet => prove(part, arguments)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn prove(part: Part, arguments: &Arguments) -> Result<()> {
    let name = format!("{part:?}").to_lowercase();
    let numbers = [
        ("codes", arguments.codes),
        ("calls", arguments.calls),
        ("cases", arguments.cases),
        ("seconds", arguments.seconds),
    ];
    let mut command = Command::new("cargo");
    command
        .current_dir(project_root())
        .args("run --quiet --release --package authing-tests --example prove --".split(' '))
        .arg(&name);
    for (name, number) in numbers {
        if let Some(number) = number {
            command.arg(format!("{name}={number}"));
        }
    }
    started(command, &name)
}

/// Builds the target with the compiler's own coverage counters, which the stable toolchain has, and
/// runs it. `--target` keeps the counters out of build scripts and procedural macros.
fn fuzz(seconds: u64) -> Result<()> {
    const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
        -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks --cfg fuzzing";
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("rustc cannot be started")?;
    let version = String::from_utf8(output.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let folder = project_root().join("tests/fuzz");
    let mut command = Command::new("cargo");
    command
        .args([
            "run",
            "--release",
            "--target",
            host.context("no host in rustc -vV")?,
            "--",
        ])
        .args([
            "corpus",
            "-print_final_stats=1",
            "-timeout=10",
            "-max_len=4096",
        ])
        .arg(format!("-max_total_time={seconds}"))
        .env("RUSTFLAGS", COUNTERS)
        .current_dir(&folder);
    plant(&folder.join("corpus"))?;
    started(command, "fuzz")
}

/// Begins the corpus with the bodies of the listed replies.
fn plant(corpus: &Path) -> Result<()> {
    std::fs::create_dir_all(corpus)?;
    let text = std::fs::read_to_string(project_root().join("tests/data/replies.json"))?;
    let list: serde_json::Value = serde_json::from_str(&text)?;
    let replies = list["replies"].as_array().context("no list of replies")?;
    for reply in replies {
        let word = |name: &str| {
            reply[name]
                .as_str()
                .context("a reply without a name or body")
        };
        std::fs::write(corpus.join(word("name")?), word("body")?)?;
    }
    Ok(())
}

fn started(mut command: Command, name: &str) -> Result<()> {
    let status = command.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}
