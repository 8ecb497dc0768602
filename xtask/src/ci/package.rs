//! `cargo xtask ci package`: what would be published builds from its archive, and holds what it must.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};

use super::run_words;
use crate::packages::packages;
use crate::place::project_root;

/// What every archive holds besides its sources.
const FILES: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "Cargo.toml"];

pub(super) fn run() -> Result<ExitCode> {
    // Together, so that they find each other although the registry has none of them.
    let mut words = "cargo package --workspace --allow-dirty".to_owned();
    let packages = packages()?;
    for package in packages.iter().filter(|package| !package.is_published) {
        words.push_str(" --exclude ");
        words.push_str(&package.name);
    }
    run_words(&words)?;
    for package in packages.iter().filter(|package| package.is_published) {
        let name = &package.name;
        let output = Command::new("cargo")
            .args(["package", "--list", "--allow-dirty", "--package", name])
            .current_dir(project_root())
            .output()
            .context("cargo cannot be started")?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let listed = String::from_utf8(output.stdout)?;
        for file in FILES {
            ensure!(
                listed.lines().any(|line| line == file),
                "{name} lacks {file}"
            );
        }
        println!("{name}: {} files", listed.lines().count());
    }
    Ok(ExitCode::SUCCESS)
}
