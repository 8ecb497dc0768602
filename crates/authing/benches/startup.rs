//! From the start of a process to its first reply, by http and by https, the facade and reqwest in turn.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it prints its figures or stops"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use authing::AuthenticationClient;
use authing_benches::{calls, stub};
use authing_tests::certs::Authority;
use authing_tests::judge::{Judge, Reply, TlsSetup};

const PAIRS: usize = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, url, root] = arguments.as_slice() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(first_reply(way, url, root));
    }
    let authority = Authority::new("a bench's authority");
    let reply = || {
        Reply::new(200)
            .header("content-type", "application/json")
            .body(stub::BODY)
    };
    let plain = Judge::start(reply());
    let tls = Judge::start_tls(reply(), &TlsSetup::new(&authority.server()));
    for (scheme, url) in [("http", plain.base_url()), ("https", tls.base_url())] {
        let mut ratios = Vec::new();
        let (mut facade, mut reqwest) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let pair = ["facade", "reqwest"].map(|way| start(way, &url, authority.pem()));
            facade.push(pair[0]);
            reqwest.push(pair[1]);
            ratios.push(pair[0].as_secs_f64() / pair[1].as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{scheme}\tfacade {:.1} ms\treqwest {:.1} ms\tratio {:.3}",
            median(facade).as_secs_f64() * 1e3,
            median(reqwest).as_secs_f64() * 1e3,
            ratios[ratios.len() / 2]
        );
    }
}

/// How long a process takes from its start to its end, with one call in it.
fn start(way: &str, url: &str, root: &str) -> Duration {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([way, url, root]);
    let begun = Instant::now();
    assert!(command.status().unwrap().success(), "{way} failed");
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
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
