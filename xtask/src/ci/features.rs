//! `cargo xtask ci features`: each published package with no feature, each, and each pair.

use std::process::ExitCode;

use anyhow::Result;

use super::run_words;
use crate::packages::published;

/// Tests that only a build without some feature can run.
const TESTS: [&str; 2] = [
    "cargo test --package authing --no-default-features --lib without_tls",
    "cargo test --package authing --no-default-features --features rustls-no-provider --lib without_provider",
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
    TESTS.into_iter().try_for_each(run_words)?;
    Ok(ExitCode::SUCCESS)
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
