//! The program: what it prints is true, and what it refuses it explains.
#![cfg(feature = "program")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::json;

use crate::client::{Answer, talk};

const PROGRAM: &str = env!("CARGO_BIN_EXE_authing-sandbox");

/// Ends the program, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(options: &[&str]) -> (Running, BufReader<ChildStdout>) {
    let mut child = Command::new(PROGRAM)
        .args(["--port", "0"])
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (Running(child), stdout)
}

fn run(options: &[&str]) -> Output {
    Command::new(PROGRAM).args(options).output().unwrap()
}

#[tokio::test]
async fn what_it_prints_can_be_followed() {
    let options = [
        "--app-id",
        "my-app",
        "--connection",
        "one",
        "--connection",
        "two",
    ];
    let (_running, mut stdout) = start(&options);
    let mut printed = String::new();
    while !printed.contains("Ctrl-C") {
        assert_ne!(stdout.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    let (_, rest) = printed.split_once("http://").unwrap();
    let address = rest.split_whitespace().next().unwrap().parse().unwrap();
    assert!(
        printed.contains("x-authing-app-id       my-app"),
        "{printed}"
    );
    assert!(
        printed.contains("extIdpConnidentifier   one, two"),
        "{printed}"
    );

    let json = ("content-type", "application/json");
    let order = json!({ "phoneNumber": "+8613800138000", "connection": "two" }).to_string();
    let bytes = crate::client::request("POST", "/sandbox/codes", &[json], &order);
    let issued = Answer::parse(&talk(address, &bytes).await.0).json();
    let body = crate::client::body(issued["code"].as_str().unwrap(), "two");
    let headers = [json, ("x-authing-app-id", "my-app")];
    let path = authing_sandbox::EXCHANGE_PATH;
    let bytes = crate::client::request("POST", path, &headers, &body);
    let reply = Answer::parse(&talk(address, &bytes).await.0).json();
    assert_eq!(reply["data"]["purePhoneNumber"], "13800138000");
    let bytes = crate::client::request("GET", "/sandbox/rate-limit", &[], "");
    let limit = Answer::parse(&talk(address, &bytes).await.0).json();
    assert_eq!(limit["perSecond"], authing_sandbox::FREE_PLAN_RATE_LIMIT);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_stops_it_in_good_order() {
    let (mut running, mut stdout) = start(&[]);
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let id = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("Stopping.\n"), "{rest}");
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn what_it_cannot_do_it_explains() {
    for (options, words) in [
        (
            &["--host", "0.0.0.0", "--port", "0"][..],
            "loopback addresses only",
        ),
        (&["--host", "localhost"], "invalid value"),
        (&["--shape", "round"], "possible values: documented"),
        (
            &["--app-id", "", "--port", "0"],
            "an application id must be",
        ),
        (&["--rate-limit=-1"], "--rate-limit"),
    ] {
        let output = run(options);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && text.contains(words),
            "{options:?}: {text}"
        );
    }
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(
        help.contains("POST /sandbox/codes") && help.contains("--connection"),
        "{help}"
    );
}
