//! `authing doctor`: each trouble has its own diagnosis, at the step where it lies.
//!
//! Broken on purpose: taking any HTTP 200 for Authing's, any failed handshake for an expired
//! certificate, and asking with a code that was issued each turn a test here red.

use std::path::PathBuf;

use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, Sandbox};
use authing_tests::certs::{Authority, Identity};
use authing_tests::judge::{Judge, Reply, Script, TlsSetup, refused_addr};
use serde_json::{Value, json};

use crate::{Run, authing};

fn doctor(host: &str, more: &[&str]) -> Run {
    let mut command = authing(&["doctor", "--json"]);
    command
        .env("AUTHING_APP_HOST", host)
        .env("AUTHING_APP_ID", DEFAULT_APP_ID);
    command.args(more);
    Run::of(command)
}

const CONNECTION: [&str; 2] = ["--ext-idp-connidentifier", DEFAULT_CONNECTION];

/// The states of the seven steps, by their first letters.
fn states(run: &Run) -> String {
    let steps = run.json()["steps"].clone();
    let letter = |step: &Value| step["state"].as_str().unwrap()[..1].to_owned();
    steps.as_array().unwrap().iter().map(letter).collect()
}

/// What the failed step says, with its remedy.
fn diagnosis(run: &Run) -> (String, String) {
    let report = run.json();
    let failed = report["failedAt"].as_str().unwrap_or_default();
    let steps = report["steps"].as_array().unwrap().clone();
    let step = steps
        .into_iter()
        .find(|step| step["name"] == failed)
        .unwrap();
    let text = |name: &str| step[name].as_str().unwrap().to_owned();
    (text("found"), text("remedy"))
}

/// A TLS server that answers as Authing does to a code that is no code.
fn authing_behind(identity: &Identity) -> Judge {
    let refusal = json!({"statusCode": 200, "data": {"errcode": 40029, "errmsg": "invalid code"}});
    let script = Script::always(Reply::json(200, &refusal));
    Judge::start_tls(script, &TlsSetup::new(identity))
}

/// A PEM file for the program to read, gone with this value.
struct PemFile(PathBuf);

impl PemFile {
    fn of(authority: &Authority, name: &str) -> Self {
        let name = format!("authing-doctor-{}-{name}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        Self(path)
    }

    fn option(&self) -> [&str; 2] {
        ["--root-certificate", self.0.to_str().unwrap()]
    }
}

impl Drop for PemFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_is_well_and_nothing_is_spent() {
    let sandbox = Sandbox::start().await.unwrap();
    let run = doctor(sandbox.base_url(), &CONNECTION);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (0, "pspsppp"),
        "{}",
        run.stdout
    );
    assert_eq!(run.json()["failedAt"], Value::Null);
    let steps = run.json()["steps"].clone();
    assert!(steps[0]["found"].as_str().unwrap().contains(DEFAULT_APP_ID));
    assert!(steps[4]["milliseconds"].is_u64());
    // The one code that was asked for is none that a tap ever issued.
    let asked: Vec<String> = sandbox
        .state()
        .unknown_codes()
        .into_iter()
        .map(|each| each.code)
        .collect();
    assert_eq!(asked, ["authing-doctor-no-code"]);

    // In words, each step stands on its line with its time.
    let mut command = authing(&["doctor", "--app-id", DEFAULT_APP_ID, "--app-host"]);
    command.arg(sandbox.base_url()).args(CONNECTION);
    let run = Run::of(command);
    assert_eq!(run.status, 0);
    assert!(
        run.stdout.ends_with("\neverything works\n"),
        "{}",
        run.stdout
    );
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("ok    authing"));
    assert!(
        line.unwrap().contains(" ms  it answers as Authing does"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_closed_port() {
    let run = doctor(&format!("http://{}", refused_addr()), &[]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (12, "psfssss"),
        "{}",
        run.stdout
    );
    let (found, remedy) = diagnosis(&run);
    assert!(found.contains("the connection was refused"), "{found}");
    assert!(remedy.contains("nothing listens there"), "{remedy}");
}

#[test]
fn an_expired_certificate() {
    let authority = Authority::new("doctor's root");
    let root = PemFile::of(&authority, "expired");
    let judge = authing_behind(&authority.expired_server());
    let run = doctor(&judge.base_url(), &root.option());
    assert_eq!(
        (run.status, states(&run).as_str()),
        (12, "pspfsss"),
        "{}",
        run.stdout
    );
    assert_eq!(diagnosis(&run).0, "the host's certificate has expired");
    assert_eq!(judge.request_count(), 0);
}

#[test]
fn a_web_server_that_is_not_authing() {
    for (reply, found) in [
        (
            Reply::new(200).body("<html>welcome</html>"),
            "a web server answers (HTTP 200)",
        ),
        (
            Reply::new(404).body("not found"),
            "a web server answers (HTTP 404)",
        ),
        (
            Reply::json(200, &json!({"ok": true})),
            "a web server answers (HTTP 200)",
        ),
        (
            Reply::new(501).body("unsupported method"),
            "a web server answers (HTTP 501)",
        ),
        (
            Reply::redirect(302, "https://www.example.com/"),
            "a redirect (HTTP 302)",
        ),
        (
            Reply::new(502).body("bad gateway"),
            "HTTP 502, and not in Authing's form",
        ),
    ] {
        let judge = Judge::start(Script::always(reply));
        let run = doctor(&judge.base_url(), &CONNECTION);
        assert_eq!(states(&run), "pspsfss", "{}", run.stdout);
        assert!([17, 19, 20].contains(&run.status), "{}", run.status);
        assert!(diagnosis(&run).0.contains(found), "{:?}", diagnosis(&run));
        assert_eq!(run.json()["steps"][4]["guess"], found.contains("502"));
    }
}

#[test]
fn tls_in_good_order_and_in_other_troubles() {
    let authority = Authority::new("doctor's root");
    let root = PemFile::of(&authority, "tls");
    let judge = authing_behind(&authority.server());
    let run = doctor(
        &judge.base_url(),
        &[&root.option()[..], &CONNECTION].concat(),
    );
    assert_eq!(
        (run.status, states(&run).as_str()),
        (0, "psppppp"),
        "{}",
        run.stdout
    );

    let run = doctor(&judge.base_url(), &[]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (12, "pspfsss"),
        "{}",
        run.stdout
    );
    assert!(
        diagnosis(&run)
            .0
            .contains("an authority that this machine does not trust")
    );
    let other = authing_behind(&authority.server_for(&["other.example"]));
    let run = doctor(&other.base_url(), &root.option());
    assert!(
        diagnosis(&run).0.contains("for another name"),
        "{}",
        run.stdout
    );
    let plain = Judge::start(Script::always(Reply::new(200)));
    let run = doctor(&plain.base_url().replace("http:", "https:"), &[]);
    assert!(
        diagnosis(&run).0.contains("does not speak TLS"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_name_that_nobody_has() {
    // Reserved never to exist (RFC 6761).
    let run = doctor("https://authing.invalid", &[]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (12, "pfsssss"),
        "{}",
        run.stdout
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_that_are_not_known() {
    let sandbox = Sandbox::start().await.unwrap();
    let host = sandbox.base_url();
    let run = doctor(host, &["--app-id", "no-such-app"]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (17, "pspspfs"),
        "{}",
        run.stdout
    );
    assert!(diagnosis(&run).0.contains("apiCode 2011"), "{}", run.stdout);
    let run = doctor(host, &["--app-id", "", "--userpool-id", "no-such-pool"]);
    assert!(diagnosis(&run).0.contains("apiCode 2224"), "{}", run.stdout);

    let run = doctor(host, &["--ext-idp-connidentifier", "no-such-connection"]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (17, "pspsppf"),
        "{}",
        run.stdout
    );
    assert_eq!(run.json()["steps"][6]["guess"], true);
    // Without one, a made-up one was asked with, and that is said.
    let run = doctor(host, &[]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (0, "pspsppd"),
        "{}",
        run.stdout
    );
}

/// Behind a proxy the steps in between would examine another way than the call's.
#[test]
fn a_proxy_that_is_not_there() {
    let proxy = format!("http://{}", refused_addr());
    let run = doctor("https://example.authing.cn", &["--proxy", &proxy]);
    assert_eq!(
        (run.status, states(&run).as_str()),
        (12, "psssfss"),
        "{}",
        run.stdout
    );
    assert!(
        diagnosis(&run).1.contains("check the proxy"),
        "{}",
        run.stdout
    );
}

#[test]
fn no_configuration() {
    let run = Run::of(authing(&["doctor", "--json"]));
    assert_eq!(
        (run.status, states(&run).as_str()),
        (10, "fssssss"),
        "{}",
        run.stdout
    );
    assert!(
        diagnosis(&run).0.contains("app_host is missing"),
        "{}",
        run.stdout
    );
}
