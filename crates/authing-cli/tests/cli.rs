//! Runs the program `authing` against the sandbox.

#![expect(clippy::unwrap_used, reason = "a failure fails the test")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, Fault, Sandbox};
use authing_tests::canaries::{CODE, CONNECTION, PHONE, assert_silent, servers};
use authing_tests::certs::Identity;
use serde_json::{Value, json};

const NUMBER: &str = "+8613800138000";

/// Runs the program without other variables; returns exit status, standard output and error.
fn authing(host: &str, arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authing"));
    command.env_clear().args(arguments);
    command.env("AUTHING_APP_HOST", host);
    command.env("AUTHING_APP_ID", DEFAULT_APP_ID);
    command.env("AUTHING_CONNECTION", DEFAULT_CONNECTION);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap();
    (status, text(output.stdout), text(output.stderr))
}

#[test]
fn a_code_is_exchanged_once_and_the_number_goes_to_standard_output() {
    let sandbox = Sandbox::start().unwrap();
    let host = sandbox.base_url();
    let code = sandbox.issue_code(NUMBER).unwrap();
    let (status, stdout, stderr) = authing(host, &["phone", &code], "");
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(stdout.contains(" +8613800138000\n"), "{stdout}");
    let (status, stdout, stderr) = authing(host, &["phone", &code], "");
    assert_eq!((status, stdout.as_str()), (15, ""));
    assert!(stderr.contains("tap again"), "{stderr}");

    let code = sandbox.issue_code("13800138000").unwrap() + "\n";
    let (_, stdout, _) = authing(host, &["exchange", "--json", "-"], &code);
    let value: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(value["data"]["e164"], NUMBER);
}

#[test]
fn every_error_kind_has_its_exit_status() {
    let sandbox = Sandbox::start().unwrap();
    let (_, help, _) = authing("", &["phone", "--help"], "");
    for (fault, status, kind) in [
        (Fault::delay(Duration::from_secs(60)), 13, "Timeout"),
        (Fault::wechat(45011, ""), 16, "Throttled"),
        (Fault::reply(403), 17, "Misconfigured"),
        (Fault::reply(603), 18, "Upstream"),
        (Fault::reply(500), 19, "Service"),
        (Fault::answer(200, "x/y", "x"), 20, "UnexpectedResponse"),
        (Fault::reply(409), 21, "UnknownStatus"),
    ] {
        sandbox.push_fault(fault).unwrap();
        let arguments = ["phone", "--json", "--timeout", "1", CODE];
        let (found, stdout, _) = authing(sandbox.base_url(), &arguments, "");
        let value: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((found, &value["error"]["kind"]), (status, &json!(kind)));
        assert!(help.contains(&format!("\n  {status}  {kind} ")), "{help}");
    }
}

#[test]
fn errors_of_the_command_line_do_not_repeat_its_values() {
    for arguments in [
        &[CODE][..],
        &["phone", "x", CODE],
        &["phone", &format!("--cod={CODE}")],
        &["phone", &format!("--json={CODE}")],
        &["phone", "--timeout", CODE],
    ] {
        let (status, stdout, stderr) = authing("", arguments, "");
        assert_eq!((status, stdout.as_str()), (2, ""), "{arguments:?}");
        let is_right = stderr.contains("--help") && !stderr.contains(CODE);
        assert!(is_right, "{stderr}");
    }
}

#[test]
fn the_program_prints_no_secret_but_the_number_asked_for() {
    let arguments = ["phone", CODE, "--connection", CONNECTION, "--timeout=1"];
    for (name, server) in servers() {
        for json in [None, Some("--json")] {
            let arguments: Vec<_> = arguments.into_iter().chain(json).collect();
            let (status, stdout, stderr) = authing(server.base_url(), &arguments, "");
            let text = stdout + &stderr;
            let is_expected = (status == 0) == name.starts_with("success");
            assert!(is_expected && !text.is_empty(), "{name}: {text}");
            let number = if name == "success" {
                PHONE
            } else {
                "no number"
            };
            assert_silent(name, &text.replace(number, ""));
        }
    }
}

/// Starts a sandbox with this certificate, and writes the CA's to a file, which it returns.
fn tls_sandbox(name: &str, ca: &Identity, identity: &Identity) -> (Sandbox, String) {
    let file = format!("{}/{name}.pem", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, ca.certificate.pem()).unwrap();
    let config = identity.server_config(rustls::ALL_VERSIONS, None);
    let sandbox = Sandbox::builder().tls(config).start();
    (sandbox.unwrap(), file)
}

/// Each row: host and arguments, exit status, a part of `detail`, a part of `fix`.
#[test]
fn the_doctor_names_the_cause_and_the_flag() {
    let [ca, own] = ["issuer", "own"].map(Identity::ca);
    let (tls, ca_pem) = tls_sandbox("ca", &ca, &ca.server());
    let (own, own_pem) = tls_sandbox("own", &own, &own);
    let plain = Sandbox::start().unwrap();
    for row in [
        "PLAIN | 0 | WeChat rejected the code of this check | nothing to fix",
        "TLS --root-certificate CA_PEM | 0 | WeChat rejected the code | nothing to fix",
        "TLS --root-certificate OWN_PEM | 12 | no certificate in --root-certificate | of this server",
        "TLS --root-certificate Cargo.toml | 10 | --root-certificate is missing or invalid | PEM",
        "TLS | 12 | no --root-certificate is given | to --root-certificate",
        "OWN --root-certificate OWN_PEM | 12 | a CA certificate as its own | leaf certificate",
        "HTTP_TO_TLS | 20 | the port may speak https | use https in --app-host",
        "TLS_TO_HTTP --root-certificate CA_PEM | 12 | may speak plain http | port in --app-host",
        "http://example.com | 10 | --app-host or --allow-plain-http | use https",
        "https://authing.invalid | 12 | cannot be resolved | --app-host",
        "http://127.0.0.1:1 | 12 | nothing listens | --app-host",
        "PLAIN --app-id x | 17 | application ID | --app-id (AUTHING_APP_ID)",
        "PLAIN --connection x | 17 | connection is unknown | --connection (AUTHING_CONNECTION)",
        "PLAIN --connection= | 17 | was not checked | --connection",
    ] {
        let row = row
            .replace("HTTP_TO_TLS", &tls.base_url().replace("https:", "http:"))
            .replace("TLS_TO_HTTP", &plain.base_url().replace("http:", "https:"))
            .replace("TLS", tls.base_url())
            .replace("PLAIN", plain.base_url())
            .replace("CA_PEM", &ca_pem)
            .replace("OWN_PEM", &own_pem)
            .replace("OWN", own.base_url());
        let [call, status, detail, fix] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let mut words = call.split_whitespace();
        let host = words.next().unwrap();
        let arguments: Vec<_> = ["doctor", "--json"].into_iter().chain(words).collect();
        let (found, stdout, _) = authing(host, &arguments, "");
        let value: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(found.to_string(), status, "{row}: {value:#}");
        for (name, part) in [("detail", detail), ("fix", fix)] {
            let text = value[name].as_str().unwrap();
            assert!(text.contains(part), "{row}: {value:#}");
        }
        assert!(value["message"].is_string() && value["causes"].is_array());
    }
}
