//! The facade's calls for `cargo xtask conformance`, which starts what they go to.
//!
//! `prism URL` calls a mock of the document once for every reply that the document knows, with
//! every option that the facade has for a request. `call URL CODE TOKEN` makes one call.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that judges, and says what it found"
)]

use authing::{AuthenticationClient, AuthenticationClientBuilder, ErrorKind, RetryPolicy};
use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION};
use reqwest::header::{HeaderMap, HeaderValue};

const CODE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["prism", url] => prism(url).await,
        ["call", url, code, token] => call(url, code, token).await,
        _ => panic!("usage: prism URL | call URL CODE TOKEN"),
    }
}

fn builder(url: &str) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(url)
        .retry(RetryPolicy::never())
}

async fn call(url: &str, code: &str, token: &str) {
    let client = builder(url).app_id(DEFAULT_APP_ID).build().unwrap();
    let mut call = client.get_wechat_miniprogram_phone(code, DEFAULT_CONNECTION);
    if !token.is_empty() {
        call = call.access_token(token);
    }
    println!("{}", serde_json::to_string(&call.await.unwrap()).unwrap());
}

/// What a mock is asked to answer, by the `Prefer` header that it understands.
fn preferring(url: &str, wish: &str) -> AuthenticationClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert("prefer", HeaderValue::from_str(wish).unwrap());
    let http = reqwest::Client::builder().default_headers(headers);
    builder(url).http_client_builder(http)
}

async fn prism(url: &str) {
    for (wish, wanted) in [
        ("example=documented", Ok("+8613800138000")),
        ("example=loose", Ok("13800138000")),
        ("example=nested", Ok("+8613800138000")),
        ("example=beside", Ok("+8613800138000")),
        ("example=wechatRefusal", Err(ErrorKind::CodeRejected)),
        ("example=failure", Err(ErrorKind::Misconfigured)),
        ("code=429, example=throttled", Err(ErrorKind::Throttled)),
        ("code=500, example=failed", Err(ErrorKind::Service)),
    ] {
        for variant in 0..6 {
            let mut client = preferring(url, wish);
            if variant != 1 {
                client = client.app_id("an-app");
            }
            if variant == 1 || variant == 2 {
                client = client.userpool_id("a-pool");
            }
            let client = client.build().unwrap();
            let mut call = client.get_wechat_miniprogram_phone(CODE, DEFAULT_CONNECTION);
            call = match variant {
                3 => call.access_token("a-token"),
                4 => call.lang("en-US"),
                5 => call
                    .real_ip([203, 0, 113, 7].into())
                    .access_token("a-token"),
                _ => call,
            };
            let answer = call.await;
            let found = match &answer {
                Ok(reply) => Ok(reply.data.phone_number.as_str()),
                Err(error) => Err(error.kind()),
            };
            if found == wanted {
                println!("ok {wish} {variant}");
            } else {
                println!("FAILED {wish} {variant}: {found:?}, {answer:?}");
            }
        }
    }
}
