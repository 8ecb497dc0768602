//! Proxies: what the environment says never concerns this machine, and a proxy that refuses is told
//! as a connection that did not come about.
//!
//! Broken on purpose: leaving `no_proxy` out of `transport.rs` turns
//! `loopback_never_goes_through_a_proxy_of_the_environment` red.

use std::time::Duration;

use authing::{CodeState, ErrorKind};
use authing_tests::judge::{Action, CutAt, Ending, Judge, Reply};
use authing_tests::phone::phone_script;

use crate::child;
use crate::proofs::{CONNECTION, KEY, builder, random_code};

const NAMES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

#[test]
fn loopback_never_goes_through_a_proxy_of_the_environment() {
    let proxy = Judge::start(Reply::new(502));
    let proxy_url = proxy.base_url();
    let mut variables: Vec<_> = NAMES.map(|name| (name, &*proxy_url)).to_vec();
    variables.push(("NO_PROXY", ""));
    let judge = Judge::start(phone_script(KEY));
    let urls = format!("{} {}", judge.base_url(), judge.base_url_for("localhost"));
    variables.push(("URLS", &urls));
    child::run_well("proxies::child_calls_loopback", &variables);
    assert_eq!((judge.request_count(), proxy.connection_count()), (2, 0));

    // The control: the environment counts for every other host.
    variables.last_mut().unwrap().1 = "http://no-such-host.invalid";
    child::run_well("proxies::child_calls_elsewhere", &variables);
    assert_eq!((judge.request_count(), proxy.request_count()), (2, 1));
}

#[tokio::test]
#[ignore = "run by loopback_never_goes_through_a_proxy_of_the_environment as a child process"]
async fn child_calls_loopback() {
    let Some(urls) = child::variable("URLS") else {
        return;
    };
    for url in urls.split(' ') {
        let client = builder(url).build().unwrap();
        client
            .get_wechat_miniprogram_phone(random_code(), CONNECTION)
            .await
            .unwrap();
    }
}

#[tokio::test]
#[ignore = "run by loopback_never_goes_through_a_proxy_of_the_environment as a child process"]
async fn child_calls_elsewhere() {
    let Some(url) = child::variable("URLS") else {
        return;
    };
    let client = builder(url).allow_plain_http(true).build().unwrap();
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Service);
}

/// A tunnel that does not come about: the code was in none of the bytes that the proxy got.
#[tokio::test]
async fn a_proxy_that_refuses_is_a_connection_that_did_not_come_about() {
    let mut refusals: Vec<Action> = [400, 403, 407, 500, 502, 503, 429]
        .map(|status| Reply::new(status).into())
        .to_vec();
    refusals.push(Action::raw("not HTTP\r\n\r\n"));
    refusals.push(Action::NeverAnswer);
    for ending in [Ending::Fin, Ending::Close, Ending::Rst] {
        refusals.push(Action::cut(CutAt::Accept, ending));
        refusals.push(Action::cut(CutAt::Request, ending));
        refusals.push(Action::cut(CutAt::StatusLine, ending));
    }
    for refusal in refusals {
        let what = format!("{refusal:?}");
        let judge = Judge::start(refusal);
        let client = builder("https://no-such-host.invalid")
            .proxy(judge.base_url())
            .connect_timeout(Duration::from_millis(400))
            .build()
            .unwrap();
        let code = random_code();
        let call = client.get_wechat_miniprogram_phone(&code, CONNECTION);
        let error = call.access_token("a-token").await.unwrap_err();
        let told = (error.kind(), error.code_state());
        assert_eq!(
            told,
            (ErrorKind::Connect, CodeState::Unspent),
            "{what}: {error:?}"
        );
        assert_eq!(error.attempts(), 3, "{what}");
        for request in judge.requests() {
            assert_eq!(
                (request.method.as_str(), request.body.len()),
                ("CONNECT", 0)
            );
            assert_eq!(request.header_text("authorization"), None);
        }
    }
}
