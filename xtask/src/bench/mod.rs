//! `cargo xtask bench`: what the facade costs, beside what it stands on.

mod build;
mod instructions;
mod profile;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::place::{project_root, target_folder};
use crate::tool::{MISSING, is_there};
use instructions::Counts;
use table::Table;

/// Runs the benchmarks and prints one table; with --check, only what the budget needs.
///
/// Instructions are counted by valgrind's callgrind and are nearly the same from run to run; times
/// are noisy, and only their ratios within one run mean anything.
///
/// Exit status: 0 within the budget, 1 beyond it or failed, 3 without valgrind.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Compares instruction ratios with crates/authing/benches/budget.toml, with 5 % of slack, and
    /// measures nothing else.
    #[arg(long)]
    check: bool,
    /// Builds small programs from nothing instead, with either TLS provider and without the facade:
    /// crates, seconds, sizes. Takes some ten minutes, and needs no valgrind.
    #[arg(long, conflicts_with = "check")]
    build: bool,
}

/// The harness's counterpart; its version must be that of the library.
const RUNNER: &str = "gungraun-runner";

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.build {
        build::run()?;
        return Ok(ExitCode::SUCCESS);
    }
    if !is_there("valgrind") {
        eprintln!(
            "error: valgrind is not installed, so nothing was measured (apt-get install valgrind)"
        );
        return Ok(ExitCode::from(MISSING));
    }
    let counts = Counts::measure(&runner()?)?;
    let mut table = Table::default();
    counts.show(&mut table)?;
    if !arguments.check {
        for bench in ["allocations", "startup", "scale"] {
            enter_all(&mut table, &cargo_bench(bench, &[])?)?;
        }
        // What an earlier run left must not be taken for this one's.
        let left = target_folder().join("criterion");
        if left.exists() {
            std::fs::remove_dir_all(left)?;
        }
        cargo_bench("throughput", &[])?;
        enter_throughput(&mut table)?;
    }
    println!("\n{table}");
    if !arguments.check {
        counts.show_profile()?;
    }
    let within = counts.within_budget()?;
    Ok(if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
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

/// Runs a benchmark, and gives what it printed.
fn cargo_bench(bench: &str, environment: &[(&str, &Path)]) -> Result<String> {
    println!("measuring: {bench}");
    let output = Command::new("cargo")
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
        .stderr(Stdio::inherit())
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("the benchmark `{bench}` failed\n{told}");
    }
    Ok(told)
}

/// Enters lines of what was measured, by which way, and the figure, with tabs between.
fn enter_all(table: &mut Table, told: &str) -> Result<()> {
    let mut entered = 0;
    for line in told.lines() {
        let [row, way, figure] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        let figure = figure.parse().with_context(|| line.to_owned())?;
        if !table.enter(row, way, figure) {
            bail!("a figure of a way that is not known: {line}");
        }
        entered += 1;
    }
    if entered == 0 {
        bail!("a benchmark printed no figures:\n{told}");
    }
    Ok(())
}

/// Enters criterion's medians, which it leaves in files, as calls per second.
fn enter_throughput(table: &mut Table) -> Result<()> {
    let mut groups = folders(&target_folder().join("criterion"))?;
    groups.retain(|(name, _)| name.starts_with("concurrency_"));
    groups.sort_by_key(|(name, _)| (name.len(), name.clone()));
    if groups.is_empty() {
        bail!("criterion left no figures");
    }
    for (group, folder) in groups {
        let tasks = group.trim_start_matches("concurrency_");
        for (way, folder) in folders(&folder)? {
            let file = folder.join("new/estimates.json");
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            let estimates: serde_json::Value = serde_json::from_str(&text)?;
            let nanoseconds = estimates["median"]["point_estimate"].as_f64();
            let nanoseconds = nanoseconds.with_context(|| format!("{}", file.display()))?;
            let row = format!("calls/s, {tasks} at once");
            if !table.enter(&row, &way, 1e9 / nanoseconds) {
                bail!("a figure of a way that is not known: {way}");
            }
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push((
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            ));
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_line_by_line() {
        let mut table = Table::default();
        enter_all(
            &mut table,
            "calls\tfacade\t2.5\nsome words\ncalls\treqwest\t5\n",
        )
        .unwrap();
        assert!(table.to_string().contains("0.500"));
        assert!(enter_all(&mut table, "some words").is_err());
        assert!(enter_all(&mut table, "calls\tpigeon\t1").is_err());
        assert!(enter_all(&mut table, "calls\tfacade\tmany").is_err());
    }
}
