//! Another generator reads the document, and its Rust client calls the sandbox.

use std::process::Command;

use anyhow::{Context as _, Result};
use authing_sandbox::{Fault, Sandbox, Shape};

use super::Verdict;
use super::tools::{Tools, count, output, succeed};

const EXCEPTIONS: &[&str] = &[
    "alternatives: the generator merges them into one type, and makes an empty one of a country \
     code that is text or number; so WeChat's own shapes must fail, and never yield a wrong number",
    "identity: the generator sends one key under both names, so that application and user pool \
     have one id here",
];

/// One id for both, see the exceptions.
const ID: &str = "judge";

pub(super) fn judge(tools: &Tools) -> Result<Verdict> {
    let folder = tools.folder.join("generated");
    let _ = std::fs::remove_dir_all(folder.join("src"));
    succeed(
        Command::new(tools.python("openapi-generator-cli"))
            .args(["generate", "--generator-name", "rust", "--input-spec"])
            .arg(tools.document())
            .arg("--output")
            .arg(&folder)
            .args([
                "--additional-properties",
                "packageName=judge,library=reqwest",
            ]),
    )?;
    std::fs::create_dir_all(folder.join("src/bin"))?;
    std::fs::write(
        folder.join("src/bin/call.rs"),
        include_str!("generated_call.rs.txt"),
    )?;
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)?.replace(
        "[features]",
        "tokio = { version = \"1\", features = [\"rt\"] }\n\n[features]",
    );
    std::fs::write(&manifest, format!("{text}\n[workspace]\n"))?;
    let mut cargo = Command::new("cargo");
    // Without features it has no TLS library, and plain HTTP is all that is wanted.
    cargo
        .args(["build", "--quiet", "--no-default-features", "--bin", "call"])
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .current_dir(&folder);
    succeed(&mut cargo).context("the generated client does not build")?;

    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter();
    let builder = Sandbox::builder().app_id(ID).userpool_id(ID);
    let sandbox = runtime.block_on(builder.start())?;
    let program = folder.join("target/debug/call");
    let mut verdict = Verdict {
        ran: "the Rust client of openapi-generator 7.26.0, in the document's words".to_owned(),
        passed: 0,
        failed: Vec::new(),
        exceptions: EXCEPTIONS,
    };
    let mut call = |shape: Shape, id: &str, code: &str, wanted: &str| -> Result<()> {
        sandbox.set_shape(shape);
        let mut command = Command::new(&program);
        command.args([sandbox.base_url(), id, code, "my-wxapp", wanted]);
        let (_, said) = output(&mut command)?;
        let (passed, failed) = count(&said);
        verdict.passed += passed;
        if passed == 0 || !failed.is_empty() {
            verdict
                .failed
                .push(format!("{shape}, wanted {wanted}: {said}"));
        }
        Ok(())
    };
    let fresh = || sandbox.issue_code("+8613800138000");
    for shape in [
        Shape::Documented,
        Shape::DataNull,
        Shape::WithoutMessage,
        Shape::WithoutRequestId,
        Shape::EmptyMessage,
        Shape::UnknownFields,
        Shape::Whitespace,
    ] {
        call(shape, ID, &fresh()?, "+8613800138000")?;
    }
    call(Shape::MainlandWithoutPrefix, ID, &fresh()?, "13800138000")?;
    for shape in [
        Shape::Nested,
        Shape::BesideStatus,
        Shape::SuccessWithoutData,
        Shape::Html,
        Shape::TruncatedJson,
    ] {
        call(shape, ID, &fresh()?, "no number")?;
    }
    let used = fresh()?;
    call(Shape::Documented, ID, &used, "+8613800138000")?;
    call(Shape::Documented, ID, &used, "no number")?;
    call(Shape::RejectionAs602, ID, &used, "statusCode 602")?;
    call(Shape::Documented, "other", &fresh()?, "statusCode 404")?;
    call(Shape::DataNull, "other", &fresh()?, "statusCode 404")?;
    call(Shape::Throttled, ID, &fresh()?, "http 429")?;
    sandbox.push_fault(Fault::reply(503, 503))?;
    call(Shape::Documented, ID, &fresh()?, "http 503")?;
    Ok(verdict)
}
