//! `cargo xtask conformance`: judges that nobody here wrote, on the document, the facade and the
//! sandbox.

mod generator;
mod prism;
mod schemathesis;
mod tools;
mod vendor;

use std::process::ExitCode;

use anyhow::Result;

use crate::tool::MISSING;
use tools::Tools;

/// Lets independent judges loose on the document, the facade and the sandbox.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this judge: prism, schemathesis, vendor or generator.
    #[arg(long)]
    only: Option<String>,
}

/// What a judge found.
#[derive(Debug)]
struct Verdict {
    /// What was looked at, and how often, in a sentence.
    ran: String,
    passed: usize,
    /// Each in a sentence.
    failed: Vec<String>,
    /// What was left out, each with its reason.
    exceptions: &'static [&'static str],
}

type Judge = fn(&Tools) -> Result<Verdict>;

const JUDGES: &[(&str, Judge)] = &[
    ("prism", prism::judge),
    ("schemathesis", schemathesis::judge),
    ("vendor", vendor::judge),
    ("generator", generator::judge),
];

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(only) = &arguments.only
        && !JUDGES.iter().any(|(name, _)| name == only)
    {
        anyhow::bail!("there is no judge `{only}`");
    }
    let tools = match Tools::install() {
        Ok(tools) => tools,
        Err(error) => {
            eprintln!("error: a judge is missing, so that nothing was judged: {error:#}");
            return Ok(ExitCode::from(MISSING));
        }
    };
    let (mut passed, mut failed) = (0, 0);
    for (name, judge) in JUDGES {
        if arguments.only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        println!("\n== {name}");
        let verdict = judge(&tools)?;
        println!("{}", verdict.ran);
        for exception in verdict.exceptions {
            println!("left out: {exception}");
        }
        for failure in &verdict.failed {
            println!("FAILED: {failure}");
        }
        println!(
            "{name}: {} passed, {} failed",
            verdict.passed,
            verdict.failed.len()
        );
        passed += verdict.passed;
        failed += verdict.failed.len();
    }
    println!("\n{passed} passed, {failed} failed");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
