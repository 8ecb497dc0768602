//! The configuration: where each value comes from, and how mistakes are told.
#![cfg(feature = "program")]

use std::path::PathBuf;
use std::process::{Command, Output};

const FILE: &str = r#"port = 0
backend = "http://127.0.0.1:3000/api/phone"
shape = "nested"
rateLimit = 7

[[applications]]
appId = "shop"
connections = ["wx-shop", "wx-staff"]

[[applications]]
appId = "desk"

[[codes]]
phoneNumber = "+85251234567"
connection = "wx-staff"
code = "known-code"

[[faults]]
kind = "throttle"
retryAfter = "1"
times = 2
"#;

/// A file that is removed again.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, text: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn print_config(file: &Written, options: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_authing-sandbox"))
        .arg("--config")
        .arg(&file.0)
        .arg("--print-config")
        .args(options)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = Written::new("precedence.toml", FILE);
    let printed = text(print_config(&file, &[], &[]).stdout);
    for line in [
        "host = \"127.0.0.1\"",
        "rateLimit = 7",
        "shape = \"nested\"",
        "appId = \"shop\"",
        "appId = \"desk\"",
        "    \"my-wxapp\",",
        "code = \"known-code\"",
    ] {
        assert!(
            printed.contains(line) || printed.contains(line.trim().trim_end_matches(',')),
            "{line}\n{printed}"
        );
    }
    let environment = [
        ("AUTHING_SANDBOX_RATE_LIMIT", "8"),
        ("AUTHING_SANDBOX_SHAPE", "html"),
        ("AUTHING_SANDBOX_ADMIN_TOKEN", "canary-canary-canary"),
    ];
    let output = print_config(
        &file,
        &["--rate-limit", "9", "--app-id", "own"],
        &environment,
    );
    let printed = text(output.stdout);
    assert!(printed.contains("rateLimit = 9"), "{printed}");
    assert!(printed.contains("shape = \"html\""), "{printed}");
    assert!(printed.contains("appId = \"own\""), "{printed}");
    assert!(!printed.contains("appId = \"shop\""), "{printed}");
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn what_is_printed_is_a_file_that_means_the_same() {
    let file = Written::new("printed-once.toml", FILE);
    let once = text(print_config(&file, &["--latency", "5"], &[]).stdout);
    let again = Written::new("printed-twice.toml", &once);
    assert_eq!(text(print_config(&again, &[], &[]).stdout), once);
}

#[test]
fn a_mistake_is_told_with_its_line_and_key() {
    for (good, bad, words) in [
        (
            "port = 0",
            "prot = 0",
            &["line 1", "unknown field `prot`"][..],
        ),
        (
            "\"nested\"",
            "\"round\"",
            &["line 3", "there are documented"],
        ),
        (
            "appId = \"shop\"",
            "app = \"shop\"",
            &["line 7", "unknown field `app`"],
        ),
        (
            "kind = \"throttle\"",
            "kind = \"flood\"",
            &["line 18", "kind must be"],
        ),
        (
            "times = 2",
            "times = 2\nerrcode = 1",
            &["line 18", "errcode has no meaning"],
        ),
        (
            "port = 0",
            "adminToken = \"canary\"",
            &["line 1", "unknown field `adminToken`"],
        ),
        ("port = 0", "port =", &["line 1"]),
    ] {
        let file = Written::new("mistake.toml", &FILE.replacen(good, bad, 1));
        let output = print_config(&file, &[], &[]);
        let said = text(output.stderr);
        assert!(!output.status.success());
        for word in words {
            assert!(said.contains(word), "{bad}: {said}");
        }
        assert!(said.contains("mistake.toml"), "{said}");
    }
    let missing = Written(PathBuf::from("no-such-file.toml"));
    let said = text(print_config(&missing, &[], &[]).stderr);
    assert!(said.contains("no-such-file.toml"), "{said}");
}

#[test]
fn what_the_file_orders_must_be_possible() {
    for (good, bad, words) in [
        ("+85251234567", "12", "entry 1 of [[codes]]"),
        (
            "connection = \"wx-staff\"",
            "connection = \"wx-none\"",
            "no such connection",
        ),
        ("http://127.0.0.1:3000", "ftp://127.0.0.1", "http://"),
        ("appId = \"desk\"", "appId = \"shop\"", "same id"),
    ] {
        let file = Written::new("impossible.toml", &FILE.replacen(good, bad, 1));
        let output = Command::new(env!("CARGO_BIN_EXE_authing-sandbox"))
            .arg("--config")
            .arg(&file.0)
            .output()
            .unwrap();
        let said = text(output.stderr);
        assert!(
            !output.status.success() && said.contains(words),
            "{bad}: {said}"
        );
    }
}
