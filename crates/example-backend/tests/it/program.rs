//! The program: told by the environment, silent about secrets, stopped in good order.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, Fault, Sandbox};
use serde_json::json;

use crate::support::{MASKED, NUMBER};

fn program(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-backend"));
    command
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(Stdio::piped());
    command
}

#[test]
fn what_is_missing_is_named() {
    let connection = ("AUTHING_EXT_IDP_CONNIDENTIFIER", "my-wxapp");
    for (variables, named) in [
        (&[][..], "AUTHING_EXT_IDP_CONNIDENTIFIER"),
        (&[connection][..], "AUTHING_APP_HOST"),
        (
            &[connection, ("AUTHING_APP_HOST", "https://a.example")][..],
            "AUTHING_APP_ID",
        ),
    ] {
        let output = program(variables).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(named), "{text}");
    }
}

/// The request under way when the signal comes is answered; its code, its number and the words of
/// the service stay out of the log.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_stops_in_good_order_and_logs_no_secret() {
    for signal in ["-TERM", "-INT"] {
        let sandbox = Sandbox::start().await.unwrap();
        let mut child = program(&[
            ("AUTHING_APP_HOST", sandbox.base_url()),
            ("AUTHING_APP_ID", DEFAULT_APP_ID),
            ("AUTHING_EXT_IDP_CONNIDENTIFIER", DEFAULT_CONNECTION),
            ("LISTEN", "127.0.0.1:0"),
        ])
        .spawn()
        .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        let address = first.trim().rsplit("listening on ").next().unwrap();
        let url = format!("http://{address}/api/phone");

        let refused = Fault::reply(200, 500).message("the words of the service");
        sandbox.push_fault(refused).unwrap();
        let code = sandbox.issue_code(NUMBER).unwrap();
        assert_eq!(ask(&url, &code).await.0, 502);

        let slow = Fault::delay(Duration::from_millis(300));
        sandbox.push_fault(slow).unwrap();
        let under_way = tokio::spawn({
            let (url, code) = (url.clone(), code.clone());
            async move { ask(&url, &code).await }
        });
        while sandbox.state().total_requests() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        send(signal, &child);
        let (status, body) = under_way.await.unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!(body, json!({ "maskedPhoneNumber": MASKED }).to_string());
        assert!(child.wait().unwrap().success());

        let mut log = String::new();
        output.read_to_string(&mut log).unwrap();
        for said in ["Service", "a phone number was kept", "stopping", "stopped"] {
            assert!(log.contains(said), "{said} is missing in {log}");
        }
        for secret in [&*code, &NUMBER[3..], "the words of the service"] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

async fn ask(url: &str, code: &str) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(url).json(&json!({ "code": code }));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[cfg(unix)]
fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([signal, &id]).status();
    assert!(status.unwrap().success());
}
