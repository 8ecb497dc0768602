//! `authing doctor`: everything between here and a phone number, step by step, spending nothing.

mod answer;
mod network;
mod report;
mod tls;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use authing::{AuthenticationClient, ErrorKind, RetryPolicy};
use serde_json::json;
use url::Url;

use self::report::Step;
use crate::arguments::{DoctorArguments, Pem, Service};
use crate::exit;
use crate::output;

/// A code that no mini program ever got, so that asking for it spends nothing.
const NO_CODE: &str = "authing-doctor-no-code";
/// A connection identifier for those who gave none.
const NO_CONNECTION: &str = "authing-doctor-no-connection";
/// How long a name, a connection or a handshake may take; the library allows as much by default.
const PATIENCE: Duration = Duration::from_secs(3);

/// The steps, in their order.
const NAMES: [&str; 7] = [
    "configuration",
    "name",
    "connection",
    "tls",
    "authing",
    "application",
    "code",
];

pub(crate) async fn run(arguments: &DoctorArguments) -> ExitCode {
    let pem = match arguments.service.pem() {
        Ok(pem) => pem,
        Err(what) => return exit::other(&what),
    };
    let steps = examine(arguments, &pem).await;
    let failed = steps.iter().find(|step| step.is_failed());
    let status = failed.map_or(0, |step| step.kind.map_or(1, exit::status));
    let text = if arguments.json {
        let failed_at = failed.map(|step| step.name);
        output::json(&json!({ "steps": steps, "failedAt": failed_at }))
    } else {
        report::text(&steps)
    };
    output::print(&text, ExitCode::from(status))
}

/// Takes the steps one after another; behind the first that fails all are skipped.
async fn examine(arguments: &DoctorArguments, pem: &Pem) -> Vec<Step> {
    let mut steps = Vec::new();
    let reached = steps_to_the_answer(arguments, pem, &mut steps).await;
    if reached.is_none() {
        for name in &NAMES[steps.len()..] {
            steps.push(Step::skipped(name, "not reached"));
        }
    }
    steps
}

async fn steps_to_the_answer(
    arguments: &DoctorArguments,
    pem: &Pem,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let service = &arguments.service;
    let begun = Instant::now();
    // A retry would only say the same more slowly.
    let client = service.builder(pem).retry(RetryPolicy::never()).build();
    let (client, url) = match client {
        Ok(client) => (client, host_url(service)?),
        Err(error) => {
            let remedy = "give the options, or set AUTHING_APP_HOST and AUTHING_APP_ID; both stand \
                          in the console, on the application's page";
            let step = Step::failed(NAMES[0], ErrorKind::Config, because(&error), remedy);
            steps.push(step.since(begun));
            return None;
        }
    };
    steps.push(configuration(service, &url).since(begun));

    match proxy_in_the_way(service, &url) {
        Some(which) => {
            for name in &NAMES[1..4] {
                steps.push(Step::skipped(name, format!("calls go through {which}")));
            }
        }
        None => network_steps(&url, pem, steps).await?,
    }

    let begun = Instant::now();
    let connection = arguments.ext_idp_connidentifier.as_deref();
    let answer = ask(&client, connection).await;
    steps.extend(answer::steps(
        &answer,
        connection.is_some(),
        begun.elapsed(),
    ));
    Some(())
}

async fn ask(client: &AuthenticationClient, connection: Option<&str>) -> authing::Result<()> {
    let connection = connection.unwrap_or(NO_CONNECTION);
    let request = client.get_wechat_miniprogram_phone(NO_CODE, connection);
    request.await.map(drop)
}

/// Name, connection and TLS, of this program's own making, so that each can be told apart.
async fn network_steps(url: &Url, pem: &Pem, steps: &mut Vec<Step>) -> Option<()> {
    let (step, addresses) = network::resolve(url).await;
    steps.push(step);
    let (step, stream) = network::connect(&addresses?).await;
    steps.push(step);
    let stream = stream?;
    if url.scheme() != "https" {
        steps.push(Step::skipped(NAMES[3], "plain http"));
        return Some(());
    }
    let step = tls::shake_hands(url, stream, pem).await;
    let failed = step.is_failed();
    steps.push(step);
    (!failed).then_some(())
}

fn configuration(service: &Service, url: &Url) -> Step {
    let mut found = url.origin().ascii_serialization();
    for (name, id) in [
        ("app id", &service.app_id),
        ("user pool", &service.userpool_id),
    ] {
        if let Some(id) = id.as_ref().filter(|id| !id.is_empty()) {
            found.push_str(&format!(", {name} {id}"));
        }
    }
    Step::passed(NAMES[0], found)
}

/// The host, which the library has checked already.
fn host_url(service: &Service) -> Option<Url> {
    Url::parse(service.app_host.as_deref()?).ok()
}

/// The proxy that calls go through, if any: the steps in between would then examine another way.
fn proxy_in_the_way(service: &Service, url: &Url) -> Option<&'static str> {
    if service.proxy.is_some() {
        return Some("the proxy given");
    }
    let is_loopback = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let names: [&str; 4] = if url.scheme() == "https" {
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    };
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Whether NO_PROXY exempts this host is the HTTP client's to decide.
    let name = names.iter().find(is_set).filter(|_| !is_loopback);
    name.map(|_| "a proxy of the environment, unless NO_PROXY exempts the host")
}

/// An error with its causes, in one line.
fn because(error: &authing::Error) -> String {
    let mut text = error.to_string();
    for cause in crate::phone::causes(error) {
        text.push_str(": ");
        text.push_str(&cause);
    }
    text
}
