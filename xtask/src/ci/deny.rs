//! `cargo xtask ci deny`: licences, forbidden crates and sources, by `deny.toml`.

use std::process::{Command, ExitCode};

use anyhow::Result;

use super::run_words;
use crate::tool::MISSING;

pub(super) fn run() -> Result<ExitCode> {
    let found = Command::new("cargo").args(["deny", "--version"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("cargo-deny is missing: `cargo install --locked cargo-deny` (takes some minutes)");
        return Ok(ExitCode::from(MISSING));
    }
    // Not the advisories: those need the network, and change without a change of ours.
    run_words("cargo deny --all-features --offline check bans licenses sources")?;
    Ok(ExitCode::SUCCESS)
}
