//! `cargo xtask ci api`: the public items of the libraries against the listings that are kept.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::api::{COMMAND, listings};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Writes the listings; their difference is what a reviewer reads.
    #[arg(long)]
    update: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut stale = 0;
    for listing in listings()? {
        let path = listing.path.display();
        match listing.stale()? {
            None => println!("{path}: as it is"),
            Some(_) if arguments.update => {
                std::fs::write(&listing.path, &listing.text).with_context(|| path.to_string())?;
                println!("{path}: written");
            }
            Some(diff) => {
                println!("{diff}");
                stale += 1;
            }
        }
    }
    if stale > 0 {
        bail!(
            "the public items changed; if that is meant, run `{COMMAND}` and note it in CHANGELOG.md"
        );
    }
    Ok(ExitCode::SUCCESS)
}
