//! The commands as a maintainer runs them: their help, their exit status, where they write.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// A folder of this test's own, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn each_command_explains_itself() {
    for command in [
        &["openapi", "lint", "--help"][..],
        &["openapi", "diff", "--help"],
        &["openapi", "compare", "--help"],
        &["codegen", "--help"],
    ] {
        let output = xtask(command);
        let told = told(&output);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("Exit status: 0 "), "{told}");
        assert!(told.contains("Example"), "{told}");
    }
}

#[test]
fn lint_tells_the_place_and_fails() {
    let folder = scratch("lint");
    let file = folder.join("d.yaml");
    std::fs::write(
        &file,
        "openapi: 3.0.3\ninfo:\n  titel: x\n  version: '1'\npaths: {}\n",
    )
    .unwrap();
    let output = xtask(&["openapi", "lint", file.to_str().unwrap()]);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("d.yaml:3: at /info/titel\n  what: `titel` has no business here"),
        "{told}"
    );
    for part in ["  why:  ", "  fix:  ", "error: 2 finding(s)"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(xtask(&["openapi", "lint"]).status.code(), Some(0));
}

#[test]
fn a_document_that_cannot_be_read_is_told() {
    for command in [
        &["openapi", "lint", "absent.yaml"][..],
        &["openapi", "compare", "--against", "absent.yaml"],
        &[
            "codegen",
            "--document",
            "absent.yaml",
            "--out",
            "o",
            "--name",
            "n",
        ],
    ] {
        let output = xtask(command);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            told(&output).contains("absent.yaml cannot be read"),
            "{}",
            told(&output)
        );
    }
    let output = xtask(&["openapi", "diff", "--base", "no-such-revision"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("git has no no-such-revision:openapi/authing.yaml"));
}

#[test]
fn compare_gives_its_verdict_as_a_status() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/theirs.yaml");
    let output = xtask(&["openapi", "compare", "--against", fixture.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let other = scratch("compare").join("theirs.yaml");
    let text = std::fs::read_to_string(fixture).unwrap();
    std::fs::write(&other, text.replace("type: number", "type: string")).unwrap();
    let output = xtask(&["openapi", "compare", "--against", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
}

#[test]
fn codegen_writes_a_crate_and_touches_no_other() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/traits.yaml");
    let folder = scratch("codegen");
    let arguments = |out: &Path, correction: &str| -> Output {
        let (document, out) = (fixture.to_str().unwrap(), out.to_str().unwrap());
        xtask(&[
            "codegen",
            "--document",
            document,
            "--out",
            out,
            "--name",
            "traits",
            "--correction",
            correction,
        ])
    };
    let crate_folder = folder.join("traits");
    let output = arguments(&crate_folder, "data-not-required");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    for line in ["data-not-required", "left out: 8", "10 operations"] {
        assert!(told(&output).contains(line), "{}", told(&output));
    }
    for file in [
        "Cargo.toml",
        "CORRECTIONS.md",
        "src/lib.rs",
        "src/generated.rs",
        "src/hooks.rs",
    ] {
        assert!(crate_folder.join(file).exists(), "{file}");
    }
    // Once more into the same folder is fine.
    assert_eq!(
        arguments(&crate_folder, "data-not-required").status.code(),
        Some(0)
    );

    let output = arguments(&crate_folder, "no-such-correction");
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("there is no correction `no-such-correction`"));

    let other = folder.join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("Cargo.toml"), "[package]\nname = \"precious\"\n").unwrap();
    let output = arguments(&other, "data-not-required");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told(&output).contains("is another crate's"),
        "{}",
        told(&output)
    );
    let kept = std::fs::read_to_string(other.join("Cargo.toml")).unwrap();
    assert_eq!(kept, "[package]\nname = \"precious\"\n");
}

#[test]
fn codegen_check_is_quiet_when_nothing_is_stale() {
    let output = xtask(&["codegen", "--check"]);
    assert_eq!(
        (output.status.code(), told(&output).as_str()),
        (Some(0), "")
    );
}
