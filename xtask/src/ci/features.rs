//! `cargo xtask ci features`: each published package with no feature, each, and each pair.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::run_words;
use crate::packages::published;
use crate::place::project_root;

/// Tests that only a build with other features can run: without some of ours, or with one of a
/// dependency's that any crate of a program may switch on.
const TESTS: [&str; 3] = [
    "cargo test --package authing --no-default-features --lib without_tls",
    "cargo test --package authing --no-default-features --features rustls-no-provider --lib without_provider",
    "cargo test --package authing-api --features serde_json/arbitrary_precision --lib the_envelope_survives_any_data",
];

pub(super) fn run() -> Result<ExitCode> {
    for package in published()? {
        for features in up_to_two(&package.features) {
            let features = match features.as_slice() {
                [] => String::new(),
                some => format!(" --features {}", some.join(",")),
            };
            // What clippy checks, `cargo check` does; dependencies are shared with it.
            let name = &package.name;
            run_words(&format!(
                "cargo clippy --quiet --package {name} --no-default-features{features} -- -D warnings"
            ))?;
        }
    }
    TESTS.into_iter().try_for_each(run_test)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a test by its name; a name that no test has any more is a failure too.
fn run_test(words: &str) -> Result<()> {
    println!("\n$ {words}");
    let output = Command::new("cargo")
        .args(words.split(' ').skip(1))
        .current_dir(project_root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{}", told.trim());
    ensure!(output.status.success(), "it failed: {}", output.status);
    ensure!(told.contains(" 1 passed"), "no test of that name was run");
    Ok(())
}

/// No name, each name, each pair of names.
fn up_to_two(names: &[String]) -> Vec<Vec<&str>> {
    let mut sets = vec![Vec::new()];
    for (at, name) in names.iter().enumerate() {
        sets.push(vec![name.as_str()]);
        sets.extend(
            names[at + 1..]
                .iter()
                .map(|other| vec![name.as_str(), other]),
        );
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_and_each_pair_and_none() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let mut sets = up_to_two(&names);
        sets.sort();
        let expected: [&[&str]; 7] = [
            &[],
            &["a"],
            &["a", "b"],
            &["a", "c"],
            &["b"],
            &["b", "c"],
            &["c"],
        ];
        assert_eq!(sets, expected);
    }
}
