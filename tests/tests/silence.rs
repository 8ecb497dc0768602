//! Nothing printed, logged or traced contains a code, a token, a phone number, a key or a password.
//!
//! A child process meets servers that repeat every secret as text and as a number. It prints
//! everything that can be printed, with all logs of all crates at TRACE; the parent searches that.
//! The example backend runs in the child too. The output of the command line program is searched in
//! `crates/authing-cli/tests/cli.rs`.

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder, Error, RetryPolicy};
use authing_sandbox::{Fault, Sandbox};
use authing_tests::canaries::{
    CANARIES, CODE, CONNECTION, PASSWORD, TOKEN, assert_silent, find, forms, servers, success,
};
use authing_tests::certs::Identity;
use authing_tests::{child, response, serve};
use serde_json::json;
use tokio::task::JoinSet;

use crate::input::{ARGUMENTS, OPTIONS};

/// All kinds of errors. The child must have met each.
const KINDS: &str = "Config InvalidArgument Connect Timeout Transport CodeRejected Throttled \
    Misconfigured Upstream Service UnexpectedResponse UnknownStatus";

#[tokio::test]
async fn nothing_that_is_printed_contains_a_secret() {
    if child::variable("URLS").is_some() {
        return print_everything().await;
    }
    let ca = Identity::ca("silence");
    let identity = ca.client();
    let mut servers = servers();
    // One that the client trusts, and one that it does not.
    for server in [ca.server(), Identity::ca("other").server()] {
        let config = server.server_config(rustls::ALL_VERSIONS, Some(&ca));
        let server = Sandbox::builder().tls(config).start().unwrap();
        let response = Fault::raw(response(200, "", success()));
        server.push_fault(response.permanent()).unwrap();
        servers.push(("tls", server));
    }
    let urls = servers.iter();
    let urls = urls.map(|(name, server)| format!("{name}={}", server.base_url()));
    let variables = [
        ("URLS", &*urls.collect::<Vec<_>>().join(" ")),
        ("CA", &ca.certificate.pem()),
        ("IDENTITY", &identity.pem()),
    ];
    let test = "silence::nothing_that_is_printed_contains_a_secret";
    let text = child::run(test, &variables);
    assert_silent("the child", &text);
    for kind in KINDS.split_whitespace() {
        let is_met = text.contains(&format!("kind: {kind}"));
        assert!(is_met, "no {kind} in {text}");
    }
    // The logs of this crate, of the libraries and of the backend are on, and values and panics are
    // printed.
    for word in "authing.request|hyper_util|rustls::client|example_backend|panicked|\
        Request { client: AuthenticationClient { app_host:|AuthenticationClientBuilder { .. }"
        .split('|')
    {
        assert!(text.contains(word), "no {word} in {text}");
    }
    // A part of the key that is on one line of its PEM text, as bytes and as text.
    let key = identity.certificate.key();
    let (der, pem) = (key.serialize_der(), key.serialize_pem());
    let line = pem.lines().nth(2).unwrap();
    for form in [&der[48..66], &line.as_bytes()[..24]]
        .into_iter()
        .flat_map(forms)
    {
        assert!(!text.contains(&form), "the private key was printed");
    }
}

/// The control: a secret is found in any encoding.
#[test]
fn a_leak_in_any_encoding_is_found() {
    for (name, canary) in CANARIES {
        for form in forms(canary.as_bytes()) {
            let found = find(&format!("x{form}y"));
            assert!(found.is_some(), "{name}: {form} was not found");
        }
    }
    assert_eq!(find("nothing of the kind"), None);
}

/// The child's part.
async fn print_everything() {
    // Prints the records of the `log` crate too.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .init();
    let mut tasks = JoinSet::new();
    for server in child::variable("URLS").unwrap().split(' ') {
        tasks.spawn(meet(server.to_owned()));
    }
    tasks.join_all().await;
    call(builder("http://127.0.0.1:1", reqwest::Client::builder())).await;
    invalid_input().await;
    generated_types();
}

/// Calls a server in each way.
async fn meet(server: String) {
    let (name, url) = server.split_once('=').unwrap();
    println!("-- {name}");
    let limit = match name {
        "silent" => Duration::from_millis(300),
        _ => Duration::from_secs(5),
    };
    let plain = reqwest::Client::builder;
    let verbose = plain().connection_verbose(true).referer(true);
    call(builder(url, plain()).timeout(limit)).await;
    call(builder(url, verbose).timeout(limit)).await;
    // The same server as a proxy whose URL contains a password.
    let proxy = url.replacen("://", &format!("://{CODE}:{PASSWORD}@"), 1);
    for host in ["http://localhost:9", "https://localhost:9"] {
        call(builder(host, plain()).timeout(limit).proxy(&*proxy)).await;
    }
    backend(builder(url, plain()).timeout(limit)).await;
}

fn builder(url: &str, theirs: reqwest::ClientBuilder) -> AuthenticationClientBuilder {
    let builder = AuthenticationClient::builder()
        .app_host(url)
        .app_id("app")
        .retry(RetryPolicy::never())
        .add_root_certificate_pem(child::variable("CA").unwrap())
        .identity_pem(child::variable("IDENTITY").unwrap())
        .http_client_builder(theirs);
    println!("{builder:?}\n{builder:#?}");
    builder
}

async fn call(builder: AuthenticationClientBuilder) {
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return print_error(error),
    };
    println!("{client:?}\n{client:#?}");
    let call = client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token(TOKEN);
    println!("{call:?}\n{call:#?}");
    match call.await {
        Ok(reply) => println!("{reply:?}\n{reply:#?}\n{:?}", reply.data.watermark),
        Err(error) => print_error(error),
    }
}

/// Sends the code to the example backend, which calls the server and logs the outcome.
async fn backend(builder: AuthenticationClientBuilder) {
    let state = example_backend::AppState::new(builder.build().unwrap(), CONNECTION);
    let url = serve(example_backend::app(state)).await;
    let request = reqwest::Client::new().post(url + "/api/phone");
    let response = request.json(&json!({"code": CODE})).send().await.unwrap();
    println!("backend {response:?}");
    println!("{}", response.text().await.unwrap());
}

/// Prints an error in every way, and panics with it.
fn print_error(error: Error) {
    println!("kind: {:?}\n{error}\n{error:?}\n{error:#?}", error.kind());
    let mut source = error.source();
    while let Some(cause) = source {
        println!("source {cause}\n{cause:?}\n{cause:#?}");
        source = cause.source();
    }
    // As `Result::expect` does it.
    let _ = catch_unwind(AssertUnwindSafe(|| panic!("a phone number: {error:?}")));
}

/// Gives each secret to each option and argument, in forms that most of them reject.
async fn invalid_input() {
    let plain = || builder("http://127.0.0.1:9", reqwest::Client::builder());
    let client = plain().build().unwrap();
    for (_, canary) in CANARIES {
        let pem = |label| format!("-----BEGIN {label}-----\n{canary}\n-----END {label}-----\n");
        for text in [
            format!("https://u:{canary}@127.0.0.1:9"),
            format!("http://u:{canary}@:0"),
            format!("https://127.0.0.1:9/{canary}"),
            format!("{canary}\u{e9}\r\n"),
            canary.to_owned(),
            pem("CERTIFICATE"),
            pem("PRIVATE KEY"),
            child::variable("CA").unwrap() + &pem("PRIVATE KEY"),
        ] {
            for (_, set) in OPTIONS {
                call(set(plain(), text.clone())).await;
            }
            for (_, set) in ARGUMENTS {
                let request = set(&client, text.clone());
                println!("{request:?}");
                print_error(request.await.unwrap_err());
            }
        }
    }
}

/// Prints the types of the low-level crate.
fn generated_types() {
    use authing_api::types;
    let body = types::GetWechatMiniProgramPhoneDto::new(CODE.into(), CONNECTION.into());
    println!("{body:?}\n{body:#?}");
    let response = serde_json::from_str(&success());
    let response: types::GetWechatMiniProgramPhoneRespDto = response.unwrap();
    println!("{response:?}\n{response:#?}");
}
