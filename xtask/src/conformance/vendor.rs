//! The vendor's own libraries call the sandbox: they must find what they expect, and put on the
//! wire what the facade does, save for known differences.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result};
use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, EXCHANGE_PATH, RequestRecord, Sandbox};
use serde_json::{Value, json};

use super::Verdict;
use super::tools::{Tools, facade, output};

const TOKEN: &str = "a-users-token";

const EXCEPTIONS: &[&str] = &[
    "their method for this call: the current releases have dropped it, so their HTTP layer is called",
    "headers: theirs name library and language, take compressed answers, and send the token bare",
];

/// The headers in which a library may differ from the facade, with the reason.
const MAY_DIFFER: &[&str] = &[
    // The program's own name and what it can read.
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    // The vendor's libraries introduce themselves; the facade sends these on request or never.
    "x-authing-lang",
    "x-authing-sdk-version",
    "x-authing-request-from",
    // White space in JSON.
    "content-length",
    // `application/json` with or without parameters; each run has another port.
    "host",
];

pub(super) fn judge(tools: &Tools) -> Result<Verdict> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter();
    let sandbox = runtime.block_on(Sandbox::start())?;
    std::fs::write(tools.folder.join("vendor.mjs"), include_str!("vendor.mjs"))?;
    std::fs::write(tools.folder.join("vendor.py"), include_str!("vendor.py"))?;
    let mut verdict = Verdict {
        ran: "authing-node-sdk 4.0.1 and authing (PyPI) 5.1.0, beside the facade".to_owned(),
        passed: 0,
        failed: Vec::new(),
        exceptions: EXCEPTIONS,
    };
    for token in ["", TOKEN] {
        let ours = one_call(&sandbox, |code| {
            facade(&["call", sandbox.base_url(), code, token])
        })?;
        let node = one_call(&sandbox, |code| {
            let mut node = Command::new("node");
            node.arg(tools.folder.join("vendor.mjs"))
                .arg(tools.folder.join("npm"))
                .args([
                    sandbox.base_url(),
                    DEFAULT_APP_ID,
                    code,
                    DEFAULT_CONNECTION,
                    token,
                ]);
            node
        })?;
        let python = one_call(&sandbox, |code| {
            let mut python = Command::new(tools.python("python"));
            python.arg(tools.folder.join("vendor.py")).args([
                sandbox.base_url(),
                DEFAULT_APP_ID,
                code,
                DEFAULT_CONNECTION,
                token,
            ]);
            python
        })?;
        for (name, theirs) in [("node", &node), ("python", &python)] {
            compare(name, &ours, theirs, token, &mut verdict);
        }
    }
    Ok(verdict)
}

/// A call with a fresh code: what the library was given, and what the sandbox saw.
fn one_call(
    sandbox: &Sandbox,
    command: impl Fn(&str) -> Command,
) -> Result<(Value, RequestRecord)> {
    let code = sandbox.issue_code("+8613800138000")?;
    let (_, said) = output(&mut command(&code))?;
    let answer = said
        .lines()
        .find_map(|line| serde_json::from_str::<Value>(line).ok())
        .with_context(|| format!("no answer, but: {said}"))?;
    let record = sandbox.requests().pop().context("no request came")?;
    Ok((answer, record))
}

fn compare(
    name: &str,
    (_, ours): &(Value, RequestRecord),
    (answer, theirs): &(Value, RequestRecord),
    token: &str,
    verdict: &mut Verdict,
) {
    let mut check = |what: &str, good: bool, found: String| {
        if good {
            verdict.passed += 1;
        } else {
            verdict.failed.push(format!("{name}: {what}: {found}"));
        }
    };
    let wanted = json!({
        "phoneNumber": "+8613800138000",
        "purePhoneNumber": "13800138000",
        "countryCode": "86",
    });
    check(
        "the documented answer",
        answer["statusCode"] == 200 && answer["data"] == wanted,
        answer.to_string(),
    );
    check(
        "method and path",
        (&theirs.method[..], &theirs.path[..]) == ("POST", EXCHANGE_PATH)
            && (&ours.method, &ours.path) == (&theirs.method, &theirs.path),
        format!("{} {}", theirs.method, theirs.path),
    );
    let essence = |value: &str| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let kept = |record: &RequestRecord| -> BTreeMap<String, String> {
        record
            .headers
            .iter()
            .filter(|(header, _)| !MAY_DIFFER.contains(&header.as_str()))
            .filter(|(header, _)| header != "authorization")
            .map(|(header, value)| (header.clone(), essence(value)))
            .collect()
    };
    check(
        "the other headers",
        kept(ours) == kept(theirs),
        format!("{:?} and ours {:?}", kept(theirs), kept(ours)),
    );
    let (bare, bearer) = if token.is_empty() {
        (None, None)
    } else {
        (Some("***"), Some("Bearer ***"))
    };
    check(
        "the token, bare by them and as Bearer by us",
        theirs.header("authorization") == bare && ours.header("authorization") == bearer,
        format!(
            "{:?}, {:?}",
            theirs.header("authorization"),
            ours.header("authorization")
        ),
    );
}
