//! `authing phone`: numbers out, exit status by kind, and never the code.

use authing_sandbox::{CodeStatus, DEFAULT_APP_ID, DEFAULT_CONNECTION, Fault, Sandbox};
use authing_tests::judge::{Judge, Reply, Script};
use serde_json::json;

use crate::{Run, authing};

const CODE: &str = "c0de5eed00112233445566778899aabbccddeeff0123456789abcdef01234567";

fn phone(host: &str, code: &str, more: &[&str]) -> std::process::Command {
    let arguments = [
        "phone",
        "--code",
        code,
        "--ext-idp-connidentifier",
        DEFAULT_CONNECTION,
    ];
    let mut command = authing(&[&arguments[..], more].concat());
    command
        .env("AUTHING_APP_HOST", host)
        .env("AUTHING_APP_ID", DEFAULT_APP_ID);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_becomes_a_number_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code("+85251234567").unwrap();
    let run = Run::of(phone(sandbox.base_url(), &code, &[]));
    assert_eq!(run.status, 0, "{}", run.everything());
    assert!(
        run.stdout.starts_with("phone number       +85251234567\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("calling code     852\n"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stderr, "");

    let again = Run::of(phone(sandbox.base_url(), &code, &[]));
    assert_eq!((again.status, again.stdout.as_str()), (15, ""));
    for part in [
        "error: wechat refused",
        "CodeRejected",
        "Spent",
        "tap again",
    ] {
        assert!(again.stderr.contains(part), "{part} in {}", again.stderr);
    }
    assert!(!again.everything().contains(&code));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_comes_from_standard_input() {
    let sandbox = Sandbox::start().await.unwrap();
    for arguments in [&["--code", "-"][..], &["--code-stdin"]] {
        let code = sandbox.issue_code("+8613800138000").unwrap();
        let fixed = [
            "phone",
            "--json",
            "--ext-idp-connidentifier",
            DEFAULT_CONNECTION,
        ];
        let mut command = authing(&[&fixed[..], arguments].concat());
        // An option beats the environment.
        command.args(["--app-host", sandbox.base_url()]);
        command
            .env("AUTHING_APP_HOST", "http://127.0.0.1:9")
            .env("AUTHING_APP_ID", DEFAULT_APP_ID);
        let run = Run::with_stdin(command, &format!("{code}\n"));
        assert_eq!(run.status, 0, "{}", run.everything());
        assert_eq!(run.json()["data"]["phoneNumber"], "+8613800138000");
        assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_their_exit_status_and_json() {
    let sandbox = Sandbox::start().await.unwrap();
    for (fault, status, kind) in [
        (Fault::reply(200, 403), 17, "Misconfigured"),
        (Fault::reply(200, 500), 19, "Service"),
        (Fault::reply(200, 603), 18, "Upstream"),
        (Fault::reply(200, 409), 21, "Api"),
        (
            Fault::raw(200, "text/html", "<html>"),
            20,
            "UnexpectedResponse",
        ),
        (
            Fault::delay(std::time::Duration::from_secs(30)),
            13,
            "Timeout",
        ),
    ] {
        let code = sandbox.issue_code("+8613800138000").unwrap();
        sandbox.push_fault(fault).unwrap();
        let run = Run::of(phone(
            sandbox.base_url(),
            &code,
            &["--json", "--timeout", "1"],
        ));
        assert_eq!(
            (run.status, run.stderr.as_str()),
            (status, ""),
            "{}",
            run.stdout
        );
        assert_eq!(run.json()["error"]["kind"], kind);
        assert_eq!(run.json()["error"]["codeState"], "Unknown");
    }
    let refused = format!("http://{}", authing_tests::judge::refused_addr());
    let run = Run::of(phone(&refused, CODE, &["--timeout", "1"]));
    assert_eq!(run.status, 12);
    let run = Run::of(phone(sandbox.base_url(), " ", &[]));
    assert_eq!(run.status, 11);
    let run = Run::of(phone("http://example.com", CODE, &[]));
    assert_eq!(run.status, 10);
}

/// A service that repeats the code wherever it can does not get it printed.
#[test]
fn the_code_is_never_printed() {
    let data = json!({"phoneNumber": "+8613800138000", "purePhoneNumber": "13800138000",
        "countryCode": "86", "watermark": {"appid": CODE, "timestamp": 1}});
    for body in [
        json!({"statusCode": 200, "message": CODE, "requestId": CODE, "data": data}),
        json!({"statusCode": 403, "message": CODE, "requestId": CODE}),
        json!({"statusCode": 200, "requestId": CODE,
            "data": {"errcode": 40029, "errmsg": format!("{CODE} rid: {CODE}")}}),
    ] {
        let judge = Judge::start(Script::always(Reply::json(200, &body)));
        for more in [&[][..], &["--json"]] {
            let run = Run::of(phone(&judge.base_url(), CODE, more));
            assert!(!run.everything().contains(CODE), "{}", run.everything());
            assert!(run.everything().contains("hidden"), "{}", run.everything());
        }
        assert_eq!(judge.request_count(), 2);
    }
}
