//! `cargo xtask bench`: what the facade costs, beside what it stands on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::place::project_root;

/// Runs the benchmarks and prints one table; with --check, only what the budget needs.
///
/// Instructions are counted by valgrind's callgrind and are the same from run to run; times are
/// noisy, and only their ratios within one run mean anything.
///
/// Exit status: 0 within the budget, 1 beyond it or failed, 3 without valgrind.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Compares instruction ratios with crates/authing/benches/budget.toml, with 5 % of slack, and
    /// measures nothing else.
    #[arg(long)]
    check: bool,
}

const BUDGET: &str = "crates/authing/benches/budget.toml";
const SLACK: f64 = 1.05;
/// How many calls one function of the group `calls` makes.
const CALLS: f64 = 200.0;
/// The harness's counterpart; its version must be that of the library.
const RUNNER: &str = "gungraun-runner";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if !is_there("valgrind") {
        eprintln!(
            "error: valgrind is not installed, so nothing was measured (apt-get install valgrind)"
        );
        return Ok(ExitCode::from(3));
    }
    let counts = instructions(&runner()?)?;
    show_instructions(&counts);
    let within = within_budget(&counts)?;
    if !arguments.check {
        for bench in ["allocations", "startup", "throughput"] {
            println!("\n{bench}\n");
            cargo_bench(bench, &[])?;
        }
    }
    Ok(if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The harness's runner, installed below the target folder if it is not there.
fn runner() -> Result<PathBuf> {
    let manifest = std::fs::read_to_string(project_root().join("Cargo.toml"))?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("gungraun = \"="))
        .and_then(|rest| rest.split('"').next())
        .context("Cargo.toml does not pin gungraun")?;
    let root = target_folder().join(format!("tools/{RUNNER}-{version}"));
    let program = root.join("bin").join(RUNNER);
    if !program.is_file() {
        println!("installing {RUNNER} {version}");
        let status = Command::new("cargo")
            .args([
                "install",
                "--quiet",
                "--locked",
                RUNNER,
                "--version",
                version,
                "--root",
            ])
            .arg(&root)
            .status()?;
        if !status.success() {
            bail!("{RUNNER} {version} cannot be installed");
        }
    }
    Ok(program)
}

fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| project_root().join("target"))
}

fn cargo_bench(bench: &str, environment: &[(&str, &Path)]) -> Result<()> {
    let status = Command::new("cargo")
        .args([
            "bench",
            "--quiet",
            "--package",
            "authing-benches",
            "--bench",
            bench,
        ])
        .envs(environment.iter().copied())
        .current_dir(project_root())
        .status()?;
    if !status.success() {
        bail!("the benchmark `{bench}` failed");
    }
    Ok(())
}

/// Instructions by function, as callgrind wrote them down.
fn instructions(runner: &Path) -> Result<BTreeMap<String, f64>> {
    let home = target_folder().join("gungraun");
    // What an earlier run left must not be taken for this one's.
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    cargo_bench(
        "instructions",
        &[("GUNGRAUN_RUNNER", runner), ("GUNGRAUN_HOME", &home)],
    )?;
    let mut counts = BTreeMap::new();
    collect(&home, &mut counts)?;
    if counts.is_empty() {
        bail!("callgrind left no figures in {}", home.display());
    }
    Ok(counts)
}

/// Reads every `callgrind.NAME.out` below a folder.
fn collect(folder: &Path, counts: &mut BTreeMap<String, f64>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, counts)?;
            continue;
        }
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let name = file
            .strip_prefix("callgrind.")
            .and_then(|rest| rest.strip_suffix(".out"));
        if let Some(name) = name {
            // With threads there is a file for each; the stub's, after the first, count nothing.
            let (name, thread) = name.rsplit_once(".t").unwrap_or((name, "1.p1"));
            if thread.starts_with("1.") {
                counts.insert(name.to_owned(), count(&std::fs::read_to_string(&path)?)?);
            }
        }
    }
    Ok(())
}

/// The instructions of one file of callgrind's: the first of its totals.
fn count(text: &str) -> Result<f64> {
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let first = line("events: ").and_then(|events| events.split(' ').next());
    if first != Some("Ir") {
        bail!("callgrind's first event is not `Ir`");
    }
    let totals = line("totals: ").or_else(|| line("summary: "));
    let total = totals
        .and_then(|totals| totals.split(' ').next())
        .context("no totals")?;
    total.parse().context("the totals are no number")
}

fn show_instructions(counts: &BTreeMap<String, f64>) {
    println!("instructions, of a call or of one go\n");
    let reference = find(counts, "call_reqwest").unwrap_or(f64::NAN);
    for (name, count) in counts {
        if name.starts_with("call_") {
            println!(
                "{:<28} {:>10.0}   {:.3} of reqwest",
                name,
                count / CALLS,
                count / CALLS / reference
            );
        } else {
            println!("{name:<28} {count:>10.0}");
        }
    }
}

/// A count by the name of a function, with or without that of its case.
fn find(counts: &BTreeMap<String, f64>, name: &str) -> Option<f64> {
    let with_case = format!("{name}.");
    let count = counts
        .iter()
        .find(|(key, _)| *key == name || key.starts_with(&with_case))?
        .1;
    // The budget compares single goes.
    Some(if name.starts_with("call_") {
        count / CALLS
    } else {
        *count
    })
}

/// Compares ratios with the budget, and prints each.
fn within_budget(counts: &BTreeMap<String, f64>) -> Result<bool> {
    let text = std::fs::read_to_string(project_root().join(BUDGET))?;
    let budget: BTreeMap<String, f64> = toml::from_str(&text).context(BUDGET)?;
    println!("\nratios, and the budget for each (5 % of slack)\n");
    let mut within = true;
    for (ratio, allowed) in &budget {
        let (over, under) = ratio
            .split_once(" / ")
            .context("a budget without a ratio")?;
        let missing = || format!("{BUDGET} names `{ratio}`, which was not measured");
        let measured = find(counts, over).with_context(missing)?
            / find(counts, under).with_context(missing)?;
        let fits = measured <= allowed * SLACK;
        within &= fits;
        let verdict = if fits { "" } else { "   beyond the budget" };
        println!("{ratio:<46} {measured:.3}   {allowed:.3}{verdict}");
    }
    Ok(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "version: 1\nevents: Ir Dr\nfn=x\n1 2 3\nsummary: 7 8\ntotals: 12345 6\n";

    #[test]
    fn the_count_is_the_first_total() {
        assert_eq!(count(FILE).unwrap(), 12345.0);
        assert!(count("events: Dr Ir\ntotals: 1 2\n").is_err());
        assert!(count("events: Ir\n").is_err());
    }

    #[test]
    fn names_are_found_with_and_without_a_case() {
        let counts = [
            ("decode.documented", 10.0),
            ("decode_plain.documented", 5.0),
            ("call_x.warm", 400.0),
        ];
        let counts = counts.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(find(&counts, "decode.documented"), Some(10.0));
        assert_eq!(find(&counts, "decode_plain"), Some(5.0));
        assert_eq!(find(&counts, "call_x"), Some(2.0));
        assert_eq!(find(&counts, "call"), None);
    }
}
