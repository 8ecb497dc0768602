//! Schemathesis reads the document, and judges what the sandbox answers.

use std::process::Command;

use anyhow::{Context as _, Result};
use authing_sandbox::{Sandbox, Shape};

use super::Verdict;
use super::tools::{Tools, output};

/// The code of the document's example: issued, so that one request in the run succeeds.
const EXAMPLE: &str = "8d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be19";

const EXCEPTIONS: &[&str] = &[
    "negative_data_rejection: the service answers HTTP 200 on failure, and says 400 in the body",
    "ignored_auth: a missing identity too is HTTP 200 with a failing statusCode",
    "unsupported_method: the service's framework answers another method with 404, not 405",
];

/// The shapes whose replies the document describes.
const SHAPES: &[Shape] = &[
    Shape::Documented,
    Shape::DataNull,
    Shape::Nested,
    Shape::NestedMainland,
    Shape::BesideStatus,
    Shape::RejectionAs602,
    Shape::CountryCodeNumber,
    Shape::WithoutMessage,
    Shape::UnknownFields,
    Shape::Throttled,
];

pub(super) fn judge(tools: &Tools) -> Result<Verdict> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter();
    let sandbox = runtime.block_on(Sandbox::start())?;
    let mut generated = 0;
    let mut failed = Vec::new();
    for shape in SHAPES {
        sandbox.set_shape(*shape);
        // Each shape has a code of its own under the same words only once, so only the first run
        // succeeds by them; the others show how that shape refuses.
        let _ = sandbox
            .state()
            .issue_as_ordered("+8613800138000", None, None, Some(EXAMPLE));
        let examples = if *shape == Shape::Documented {
            "300"
        } else {
            "20"
        };
        let mut st = Command::new(tools.python("st"));
        st.arg("run")
            .arg(tools.document())
            .args(["--url", sandbox.base_url()])
            .args(["--header", "x-authing-app-id:sandbox-app"])
            .args(["--checks", "all", "--exclude-checks"])
            .arg("negative_data_rejection,ignored_auth,unsupported_method")
            .args(["--seed", "7", "--max-examples", examples])
            .args(["--continue-on-failure", "--no-color"])
            .current_dir(&tools.folder);
        let (success, said) = output(&mut st)?;
        let count = said
            .split("Test cases:")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .context("schemathesis did not say how many cases it ran")?;
        let count: usize = count.parse().context("schemathesis's count")?;
        println!("{shape}: {count} cases");
        generated += count;
        if !success {
            failed.push(format!("in the shape {shape}:\n{said}"));
        }
    }
    let presented = sandbox.entry(EXAMPLE).map_or(0, |entry| entry.presented);
    let consumed = sandbox.state().counts().consumed;
    if consumed != 1 {
        failed.push("the example's code was never exchanged".to_owned());
    }
    Ok(Verdict {
        ran: format!(
            "{generated} requests in {} shapes; the example's code was presented {presented} times \
             and consumed once",
            SHAPES.len()
        ),
        passed: generated,
        failed,
        exceptions: EXCEPTIONS,
    })
}
