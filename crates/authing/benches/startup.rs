//! From the start of a process to its first reply, by http and by https, the facade and reqwest in
//! turn; by https with either cryptography provider.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints its figures or stops"
)]

use std::time::{Duration, Instant};

use authing::AuthenticationClient;
use authing_benches::measure::{median, one_thread};
use authing_benches::program::anew;
use authing_benches::{calls, stub};
use authing_tests::certs::Authority;
use authing_tests::judge::{Judge, Reply, TlsSetup};

const PAIRS: usize = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, url, root, provider] = arguments.as_slice() {
        if provider == "ring" {
            let ring = rustls::crypto::ring::default_provider();
            ring.install_default().unwrap();
        }
        return one_thread().block_on(first_reply(way, url, root));
    }
    let authority = Authority::new("a bench's authority");
    let reply = || {
        Reply::new(200)
            .header("content-type", "application/json")
            .body(stub::BODY)
    };
    let plain = Judge::start(reply());
    let tls = Judge::start_tls(reply(), &TlsSetup::new(&authority.server()));
    let cases = [
        ("http", plain.base_url(), "-"),
        ("https with aws-lc", tls.base_url(), "-"),
        ("https with ring", tls.base_url(), "ring"),
    ];
    for (case, url, provider) in cases {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            ours.push(start(&["facade", &url, authority.pem(), provider]));
            theirs.push(start(&["reqwest", &url, authority.pem(), provider]));
        }
        for (way, times) in [("facade", ours), ("reqwest", theirs)] {
            println!(
                "start to first reply by {case}, ms\t{way}\t{}",
                median(times) * 1e3
            );
        }
    }
}

/// How long a process takes from its start to its end, with one call in it, in seconds.
fn start(arguments: &[&str]) -> f64 {
    let begun = Instant::now();
    anew(arguments);
    begun.elapsed().as_secs_f64()
}

async fn first_reply(way: &str, url: &str, root: &str) {
    if way == "facade" {
        let builder = AuthenticationClient::builder().app_host(url).app_id("app");
        let client = builder.root_certificate_pem(root).build().unwrap();
        let reply = client
            .get_wechat_miniprogram_phone(calls::CODE, "my-wxapp")
            .await;
        assert_eq!(reply.unwrap().status_code, 200);
        return;
    }
    let root = reqwest::Certificate::from_pem(root.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .tls_certs_merge([root])
        .build()
        .unwrap();
    let request = client.post(format!("{url}/api/v3/get-wechat-miniprogram-phone"));
    let body = serde_json::json!({"code": calls::CODE, "extIdpConnidentifier": "my-wxapp"});
    let reply: calls::PlainReply = request
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(reply.status_code, 200);
}
