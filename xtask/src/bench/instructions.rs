//! Instructions, counted by valgrind's callgrind, and the budget that holds their ratios.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::table::Table;
use super::{cargo_bench, profile};
use crate::place::{project_root, target_folder};

const BUDGET: &str = "crates/authing/benches/budget.toml";
const SLACK: f64 = 1.05;
/// How many calls one function of the group `calls` makes.
const CALLS: f64 = 256.0;

/// What was counted, and where it stands in the table.
const FIGURES: &[(&str, &str, &str)] = &[
    ("call_tcp", "instructions per call", "tcp"),
    ("call_hyper", "instructions per call", "hyper"),
    ("call_reqwest", "instructions per call", "reqwest"),
    ("call_generated", "instructions per call", "generated"),
    ("call_facade", "instructions per call", "facade"),
    ("call_refused", "- refused by WeChat", "facade"),
    (
        "call_reqwest_at_once.tasks_1",
        "- in a task, 1 at once",
        "reqwest",
    ),
    ("call_at_once.tasks_1", "- in a task, 1 at once", "facade"),
    ("call_at_once.tasks_2", "- in tasks, 2 at once", "facade"),
    ("call_at_once.tasks_16", "- in tasks, 16 at once", "facade"),
    (
        "call_reqwest_at_once.tasks_64",
        "- in tasks, 64 at once",
        "reqwest",
    ),
    ("call_at_once.tasks_64", "- in tasks, 64 at once", "facade"),
    (
        "call_reqwest_at_once.tasks_256",
        "- in tasks, 256 at once",
        "reqwest",
    ),
    (
        "call_at_once.tasks_256",
        "- in tasks, 256 at once",
        "facade",
    ),
    ("decode_plain", "- reading the documented answer", "reqwest"),
    (
        "decode.documented",
        "- reading the documented answer",
        "facade",
    ),
    ("decode.nested", "- reading the nested answer", "facade"),
    (
        "decode.beside",
        "- reading the answer beside `statusCode`",
        "facade",
    ),
    (
        "decode.refusal",
        "- reading a refusal of WeChat's",
        "facade",
    ),
    (
        "decode.failure",
        "- reading a failure of the service's",
        "facade",
    ),
    ("build_request", "- writing the request's body", "facade"),
    ("span", "- a span that nobody listens to", "facade"),
    ("classify_refusal", "- judging a refusal", "facade"),
    ("retry_decision", "- deciding on a retry", "facade"),
    ("make_error", "- making and dropping an error", "facade"),
];

/// What was counted, by the names of the benchmark's functions.
pub(super) struct Counts(BTreeMap<String, Counted>);

struct Counted {
    /// Instructions for one call or one go.
    count: f64,
    /// Callgrind's file, for the profile.
    file: PathBuf,
}

impl Counts {
    /// Runs the benchmark, and reads what callgrind wrote down.
    pub(super) fn measure(runner: &Path) -> Result<Self> {
        let home = target_folder().join("gungraun");
        // What an earlier run left must not be taken for this one's.
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        let environment = [
            ("GUNGRAUN_RUNNER", runner),
            ("GUNGRAUN_HOME", home.as_path()),
        ];
        cargo_bench("instructions", &environment)?;
        let mut counts = Self(BTreeMap::new());
        counts.collect(&home)?;
        if counts.0.is_empty() {
            bail!("callgrind left no figures in {}", home.display());
        }
        Ok(counts)
    }

    /// Reads every `callgrind.NAME.out` below a folder.
    fn collect(&mut self, folder: &Path) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.collect(&path)?;
            } else if let Some(name) = measured_by(&path) {
                let count = count(&std::fs::read_to_string(&path)?)?;
                self.enter(name, count, &path);
            }
        }
        Ok(())
    }

    fn enter(&mut self, name: &str, count: f64, file: &Path) {
        let goes = if name.starts_with("call_") {
            CALLS
        } else {
            1.0
        };
        let counted = Counted {
            count: count / goes,
            file: file.to_owned(),
        };
        self.0.insert(name.to_owned(), counted);
    }

    /// What was counted of a function, named with or without its case.
    fn find(&self, name: &str) -> Result<&Counted> {
        let with_case = format!("{name}.");
        let mut found = self.0.iter();
        let found = found.find(|(key, _)| *key == name || key.starts_with(&with_case));
        let found = found.with_context(|| format!("`{name}` was not measured"))?;
        Ok(found.1)
    }

    /// Enters everything into the table.
    pub(super) fn show(&self, table: &mut Table) -> Result<()> {
        for (name, row, way) in FIGURES {
            if !table.enter(row, way, self.find(name)?.count) {
                bail!("the table has no column `{way}`");
            }
        }
        Ok(())
    }

    /// Prints where the instructions of a call go.
    pub(super) fn show_profile(&self) -> Result<()> {
        let (reqwest, facade) = (self.find("call_reqwest")?, self.find("call_facade")?);
        profile::show(
            [("reqwest", &reqwest.file), ("facade", &facade.file)],
            CALLS,
        )
    }

    /// Compares ratios with the budget, and prints each.
    pub(super) fn within_budget(&self) -> Result<bool> {
        let text = std::fs::read_to_string(project_root().join(BUDGET))?;
        let budget: BTreeMap<String, f64> = toml::from_str(&text).context(BUDGET)?;
        println!("\nratios of instructions, and the budget for each (5 % of slack)\n");
        let mut within = true;
        for (ratio, allowed) in &budget {
            let measured = self.ratio(ratio).context(BUDGET)?;
            let fits = fits(measured, *allowed);
            within &= fits;
            let verdict = if fits { "" } else { "   beyond the budget" };
            println!("{ratio:<48} {measured:.3}   {allowed:.3}{verdict}");
        }
        Ok(within)
    }

    fn ratio(&self, ratio: &str) -> Result<f64> {
        let parts = ratio.split_once(" / ");
        let (over, under) = parts.context("a line without a ratio")?;
        Ok(self.find(over)?.count / self.find(under)?.count)
    }
}

fn fits(measured: f64, allowed: f64) -> bool {
    measured <= allowed * SLACK
}

/// The function that a file of callgrind's tells of.
///
/// With threads there is a file for each, `NAME.t01.p1`; the stub's, after the first, count nothing.
fn measured_by(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_prefix("callgrind.")?.strip_suffix(".out")?;
    let threaded = name
        .strip_suffix(".p1")
        .and_then(|rest| rest.rsplit_once(".t"));
    match threaded.and_then(|(name, thread)| Some((name, thread.parse::<u32>().ok()?))) {
        None => Some(name),
        Some((name, 1)) => Some(name),
        Some(_) => None,
    }
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
    fn only_the_first_thread_counts() {
        for (file, expected) in [
            ("callgrind.decode.nested.out", Some("decode.nested")),
            ("callgrind.call_tcp.warm.t1.p1.out", Some("call_tcp.warm")),
            (
                "callgrind.call_at_once.tasks_256.t001.p1.out",
                Some("call_at_once.tasks_256"),
            ),
            ("callgrind.call_at_once.tasks_256.t010.p1.out", None),
            (
                "callgrind.call_at_once.tasks_1.out",
                Some("call_at_once.tasks_1"),
            ),
            ("callgrind.call_at_once.tasks_1.log", None),
        ] {
            assert_eq!(measured_by(Path::new(file)), expected, "{file}");
        }
    }

    #[test]
    fn counts_are_found_with_and_without_a_case_and_compared() {
        let mut counts = Counts(BTreeMap::new());
        let file = Path::new("callgrind.out");
        counts.enter("decode.documented", 10.0, file);
        counts.enter("decode_plain.documented", 5.0, file);
        counts.enter("call_x.warm", 2.0 * CALLS, file);
        assert_eq!(counts.find("decode.documented").unwrap().count, 10.0);
        assert_eq!(counts.find("call_x").unwrap().count, 2.0);
        assert!(counts.find("call").is_err());
        assert_eq!(
            counts.ratio("decode.documented / decode_plain").unwrap(),
            2.0
        );
        assert!(counts.ratio("decode.documented").is_err());
        assert!(counts.ratio("decode / nothing").is_err());
    }

    #[test]
    fn the_budget_has_five_per_cent_of_slack() {
        assert!(fits(1.0, 1.0) && fits(1.05, 1.0));
        assert!(!fits(1.06, 1.0));
    }
}
