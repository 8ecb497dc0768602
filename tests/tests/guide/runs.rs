//! Each Rust block of the guide, run.

use std::error::Error as StdError;
use std::process::Command;

use authing::{AuthenticationClient, Error, ErrorKind};
use authing_sandbox::{CodeStatus, DEFAULT_APP_ID, Fault, Sandbox};
use authing_tests::certs::Authority;
use authing_tests::judge::refused_addr;

use crate::printed;

const NUMBER: &str = "+8613800138000";

fn client(sandbox: &Sandbox) -> AuthenticationClient {
    AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(DEFAULT_APP_ID)
        .build()
        .unwrap()
}

/// A block that is added to a page must be run here, or below `#[tokio::test]` in the page itself.
#[test]
fn every_block_is_known_here() {
    assert_eq!(
        printed::BLOCKS,
        [
            ("code-states", 1),
            ("configuration", 2),
            ("errors", 1),
            ("migration", 1),
            ("observability", 3),
            ("private-deployments", 5),
            ("quick-start", 2),
            ("testing", 2),
        ]
    );
}

/// What is told to [`alone`] which of its parts to run.
const PART: &str = "AUTHING_GUIDE_PART";

/// The blocks that read the environment, write to the standard output, or set what a process has
/// once: they are run by the tests below, each in a process of its own. Here, nothing.
#[test]
fn alone() {
    match std::env::var(PART).as_deref() {
        Err(_) => {}
        Ok("program") => printed::quick_start::block_1::run().unwrap(),
        Ok("blocking program") => printed::quick_start::block_2::run().unwrap(),
        Ok("log") => {
            printed::observability::block_1::log_to_the_terminal();
            two_calls();
        }
        Ok("export") => {
            let provider = printed::observability::block_3::export_to_the_terminal();
            two_calls();
            provider.shutdown().unwrap();
        }
        Ok("provider") => {
            printed::private_deployments::block_4::install_provider();
            printed::private_deployments::block_3::client().unwrap();
            println!("{:?}", rustls::crypto::CryptoProvider::get_default());
        }
        Ok(part) => panic!("there is no part {part}"),
    }
}

/// Runs a part of [`alone`], and hands back what it wrote.
fn run_alone(part: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runs::alone", "--nocapture"])
        .env(PART, part)
        .env("NO_COLOR", "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quick_start_does_what_it_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let run = |part: &str, code: &str| {
        let variables = [
            ("AUTHING_APP_HOST", sandbox.base_url()),
            ("AUTHING_APP_ID", DEFAULT_APP_ID),
            ("CODE", code),
        ];
        run_alone(part, &variables)
    };
    let code = sandbox.issue_code(NUMBER).unwrap();
    let number = "the number is +8613800138000\n";
    let first = run("program", &code);
    assert!(first.contains(number), "{first}");
    let second = run("program", &code);
    let said = "the user must tap again: wechat refused the code";
    assert!(second.contains(said), "{second}");
    assert_eq!(sandbox.entry(&code).unwrap().status, CodeStatus::Consumed);

    let code = sandbox.issue_code(NUMBER).unwrap();
    let blocking = run("blocking program", &code);
    assert!(blocking.contains(number), "{blocking}");
}

#[test]
fn the_configurations_build() {
    let client = printed::configuration::block_1::client().unwrap();
    let shown = format!("{client:?}");
    assert!(
        shown.contains("example.authing.cn") && shown.contains("8s"),
        "{shown}"
    );
    // What the environment of this process says decides; without it, it is named.
    match printed::configuration::block_2::client() {
        Ok(_) => assert!(std::env::var_os("AUTHING_APP_HOST").is_some()),
        Err(error) => assert!(error.to_string().contains("AUTHING_"), "{error}"),
    }
}

#[test]
fn the_errors_page_tells_three_next_steps_apart() {
    use printed::errors::block_1::{Next, next};
    for (kind, expected) in [
        (ErrorKind::Connect, "send"),
        (ErrorKind::Throttled, "send"),
        (ErrorKind::Timeout, "tap"),
        (ErrorKind::CodeRejected, "tap"),
        (ErrorKind::Misconfigured, "later"),
        (ErrorKind::Service, "later"),
    ] {
        let told = match next(&Error::from(kind)) {
            Next::SendTheSameCodeAgain => "send",
            Next::TapAgain => "tap",
            Next::TryLater => "later",
        };
        assert_eq!(told, expected, "{kind:?}");
    }
}

/// The service asks for no wait, so that nobody waits for the page's own pauses.
#[tokio::test]
async fn the_code_states_page_is_patient_with_an_unspent_code_alone() {
    use printed::code_states::block_1::patiently;
    let sandbox = Sandbox::start().await.unwrap();
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(DEFAULT_APP_ID)
        .retry(authing::RetryPolicy::never())
        .build()
        .unwrap();

    let code = sandbox.issue_code(NUMBER).unwrap();
    let throttled = Fault::throttle(Some("0")).times(2);
    sandbox.push_fault(throttled).unwrap();
    let reply = patiently(&client, &code).await.unwrap();
    assert_eq!(reply.data.phone_number.as_str(), NUMBER);
    assert_eq!(sandbox.requests().len(), 3);

    sandbox.push_fault(Fault::reply(200, 500)).unwrap();
    let code = sandbox.issue_code(NUMBER).unwrap();
    let error = patiently(&client, &code).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(sandbox.requests().len(), 4);
}

/// With the host of the page, which does not exist here, it can only be compiled and built.
#[tokio::test]
async fn the_migration_page_compiles_to_a_call() {
    // An empty code is refused before anything leaves the process.
    let error = printed::migration::block_1::phone("").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

/// Makes a call that succeeds and one that fails, and tells the code.
#[expect(
    clippy::print_stdout,
    reason = "the test that started this process reads it"
)]
#[tokio::main(flavor = "current_thread")]
async fn two_calls() {
    let sandbox = Sandbox::start().await.unwrap();
    let code = sandbox.issue_code(NUMBER).unwrap();
    let client = client(&sandbox);
    let call = || client.get_wechat_miniprogram_phone(&code, "my-wxapp");
    call().await.unwrap();
    printed::observability::block_2::log(&call().await.unwrap_err());
    println!("the code was {code}");
}

#[test]
fn the_log_shows_spans_and_the_error_and_no_secret() {
    for (part, expected) in [
        (
            "log",
            [
                "authing.request",
                "server.address=\"127.0.0.1\"",
                "kind=CodeRejected code_state=Spent",
            ],
        ),
        (
            "export",
            [
                "POST /api/v3/get-wechat-miniprogram-phone",
                "authing.code_state",
                "CodeRejected",
            ],
        ),
    ] {
        let text = run_alone(part, &[]);
        let (_, code) = text.split_once("the code was ").unwrap();
        let code = code.lines().next().unwrap();
        for words in expected {
            assert!(text.contains(words), "{words} is missing in {text}");
        }
        assert_eq!(text.matches(code).count(), 1, "{text}");
        assert!(!text.contains(&NUMBER[3..]), "{text}");
    }
}

#[test]
fn the_private_deployments_page_reads_its_files() {
    use printed::private_deployments::{block_1, block_2, block_3};
    let authority = Authority::new("a private authority");
    let folder = std::env::temp_dir().join(format!("authing-guide-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    write("authority.pem", authority.pem());
    write("identity.pem", &authority.client("shop").pem());

    block_1::client(&path("authority.pem")).unwrap();
    block_2::client(&path("authority.pem"), &path("identity.pem")).unwrap();
    block_3::client().unwrap();
    let told = |result: Result<AuthenticationClient, Box<dyn StdError>>| {
        let error = result.unwrap_err();
        let error = error.downcast::<Error>().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    write("empty.pem", "");
    assert!(told(block_1::client(&path("empty.pem"))).contains("root_certificate_pem"));
    let halves = block_2::client(&path("authority.pem"), &path("authority.pem"));
    assert!(told(halves).contains("identity_pem"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_private_deployments_page_installs_a_provider() {
    let text = run_alone("provider", &[]);
    assert!(text.contains("key_provider: Ring"), "{text}");
}

#[tokio::test]
async fn the_causes_of_a_failed_connection_go_down_to_the_system() {
    let error = AuthenticationClient::builder()
        .app_host(format!("http://{}", refused_addr()))
        .app_id("app")
        .build()
        .unwrap()
        .get_wechat_miniprogram_phone("c0de", "my-wxapp")
        .await
        .unwrap_err();
    let text = printed::private_deployments::block_5::causes(&error);
    assert!(text.starts_with("no connection to the service"), "{text}");
    assert!(text.lines().last().unwrap().contains("refused"), "{text}");
}
