//! The console and the door in front of it: what is served, to whom, and what is turned away.

use std::time::Duration;

use authing_sandbox::{MAX_ADMIN_REQUESTS, MAX_WATCHERS, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{Answer, DEADLINE, JSON, admin, exchange, request, send, talk};

const FILES: &[&str] = &[
    "/",
    "/console/console.css",
    "/console/phone.css",
    "/console/icon.svg",
    "/console/api.js",
    "/console/board.js",
    "/console/main.js",
    "/console/phone.js",
    "/console/switches.js",
];

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in FILES {
        let answer = send(&sandbox, &request("GET", path, &[], "")).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let text = String::from_utf8(answer.body).unwrap();
        for (place, _) in text.match_indices("://") {
            let around = &text[place.saturating_sub(5)..(place + 20).min(text.len())];
            assert!(around.contains("http://www.w3.org/"), "{path}: {around}");
        }
        for forbidden in ["<script>", " onclick", " style=", "innerHTML", "eval("] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
    }
    // Every file that the page and its scripts name is served.
    let page = send(&sandbox, &request("GET", "/", &[], "")).await;
    let page = String::from_utf8(page.body).unwrap();
    for name in page.split('"').filter(|word| word.starts_with("/console/")) {
        assert!(FILES.contains(&name), "{name}");
    }
    // A visit leaves no trace in the log of requests to Authing.
    assert_eq!(sandbox.state().total_requests(), 0);
}

/// Take the layer off any of these routes, and its rows turn red.
#[tokio::test]
async fn another_name_and_another_origin_are_turned_away_everywhere() {
    let sandbox = Sandbox::start().await.unwrap();
    let routes = [
        "/sandbox/ledger",
        "/sandbox/requests",
        "/sandbox/shape",
        "/sandbox/faults",
        "/sandbox/clock",
        "/sandbox/rate-limit",
        "/sandbox/latency",
        "/sandbox/settings",
        "/sandbox/backend",
        "/sandbox/events",
        "/sandbox/nothing",
        "/console/main.js",
        "/",
    ];
    for path in routes {
        let rebound =
            format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        let answer = Answer::parse(&talk(sandbox.address(), rebound.as_bytes()).await.0);
        assert_eq!(answer.status, 403, "{path}");
        let foreign = request("GET", path, &[("origin", "http://evil.example")], "");
        let expected = if path == "/" { 200 } else { 403 };
        assert_eq!(send(&sandbox, &foreign).await.status, expected, "{path}");
    }
    let order = r#"{"phoneNumber":"13800138000"}"#;
    let foreign = [JSON, ("sec-fetch-site", "cross-site")];
    let answer = send(
        &sandbox,
        &request("POST", "/sandbox/codes", &foreign, order),
    )
    .await;
    assert_eq!(answer.status, 403);
    let preflight = [
        ("origin", "http://evil.example"),
        ("access-control-request-method", "POST"),
    ];
    let answer = send(
        &sandbox,
        &request("OPTIONS", "/sandbox/codes", &preflight, ""),
    )
    .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn a_sandbox_for_other_machines_asks_for_its_token() {
    let token = "sixteen-letters-or-more";
    let anywhere = "0.0.0.0:0".parse().unwrap();
    for builder in [
        Sandbox::builder().bind(anywhere),
        Sandbox::builder().bind(anywhere).allow_remote(true),
        Sandbox::builder().bind(anywhere).admin_token(token),
        Sandbox::builder().admin_token("short"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(!error.to_string().contains(token));
    }
    // The same door as for an address of the network, which no test opens.
    let sandbox = Sandbox::builder()
        .allow_remote(true)
        .admin_token(token)
        .start()
        .await
        .unwrap();
    for path in [
        "/",
        "/console/main.js",
        "/sandbox/ledger",
        "/sandbox/events",
    ] {
        let answer = send(&sandbox, &request("GET", path, &[], "")).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic")
        );
    }
    let bearer = format!("Bearer {token}");
    let known = [("authorization", bearer.as_str())];
    let answer = send(&sandbox, &request("GET", "/sandbox/ledger", &known, "")).await;
    assert_eq!(answer.status, 200);
    // What imitates Authing asks for no more than Authing does.
    let code = sandbox.issue_code("13800138000").unwrap();
    assert_eq!(exchange(&sandbox, &code).await.json()["statusCode"], 200);
    assert!(!format!("{:?} {:?}", sandbox, Sandbox::builder().admin_token(token)).contains(token));
}

/// The pictures that a watcher has received so far.
fn pictures(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes)
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

async fn watch(sandbox: &Sandbox) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let request = b"GET /sandbox/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream
}

async fn until(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let reading = async {
        let mut buffer = vec![0; 65_536];
        loop {
            if let Some(picture) = pictures(bytes).into_iter().next_back()
                && wanted(&picture)
            {
                return picture;
            }
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0);
            bytes.extend_from_slice(&buffer[..read]);
        }
    };
    timeout(DEADLINE, reading).await.unwrap()
}

#[tokio::test]
async fn watchers_see_what_happens_as_it_happens() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut stream = watch(&sandbox).await;
    let mut bytes = Vec::new();
    let first = until(&mut stream, &mut bytes, |_| true).await;
    assert_eq!(first["codes"], json!([]));
    assert!(String::from_utf8_lossy(&bytes).contains("content-type: text/event-stream"));

    let code = sandbox.issue_code("13800138000").unwrap();
    let issued = |picture: &Value| picture["counts"]["issued"] == 1;
    let picture = until(&mut stream, &mut bytes, issued).await;
    assert_eq!(picture["codes"][0]["code"], code);

    exchange(&sandbox, &code).await;
    exchange(&sandbox, &code).await;
    let twice = |picture: &Value| picture["codes"][0]["presented"] == 2;
    let picture = until(&mut stream, &mut bytes, twice).await;
    assert_eq!(picture["codes"][0]["status"], "consumed");
    let attempts = &picture["codes"][0]["attempts"];
    assert_eq!(attempts[0]["appId"], authing_sandbox::DEFAULT_APP_ID);
    assert_eq!(attempts[1]["why"], "code-used");

    sandbox.issue_code("13800138000").unwrap();
    // Straight to the clock, so that nothing but the time itself tells.
    sandbox.clock().advance(Duration::from_secs(300));
    let expired = |picture: &Value| picture["counts"]["expired"] == 1;
    until(&mut stream, &mut bytes, expired).await;

    let order = r#"{"millis":250}"#;
    admin(&sandbox, "PUT", "/sandbox/latency", order).await;
    let order = json!({ "kind": "garbage", "body": "x".repeat(5_000) }).to_string();
    admin(&sandbox, "POST", "/sandbox/faults", &order).await;
    let slow = |picture: &Value| picture["latencyMillis"] == 250 && picture["totalFaults"] == 1;
    let picture = until(&mut stream, &mut bytes, slow).await;
    assert_eq!(picture["faults"][0]["kind"], "garbage");
    assert_eq!(picture["faults"][0].get("body"), None);
}

#[tokio::test]
async fn watchers_and_unread_replies_have_so_many_places() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut watchers = Vec::new();
    for _ in 0..MAX_WATCHERS {
        let mut stream = watch(&sandbox).await;
        until(&mut stream, &mut Vec::new(), |_| true).await;
        watchers.push(stream);
    }
    let one_more = request("GET", "/sandbox/events", &[], "");
    assert_eq!(send(&sandbox, &one_more).await.status, 503);
    // Who leaves makes room, which the server notices when it next writes.
    watchers.clear();
    for _ in 0..100 {
        sandbox.issue_code("13800138000").unwrap();
        sleep(Duration::from_millis(50)).await;
        let mut stream = watch(&sandbox).await;
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        if start == *b"HTTP/1.1 200" {
            break;
        }
    }

    // Bodies that never come hold their places for ten seconds, and no longer.
    let mut slow = Vec::new();
    for _ in 0..MAX_ADMIN_REQUESTS {
        let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
        let head = "PUT /sandbox/shape HTTP/1.1\r\nhost: localhost\r\n\
                    content-type: application/json\r\ncontent-length: 9\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    sleep(Duration::from_millis(200)).await;
    let answer = admin(&sandbox, "GET", "/sandbox/shape", "").await;
    assert_eq!(answer.status, 503);
    let code = sandbox.issue_code("13800138000").unwrap();
    assert_eq!(exchange(&sandbox, &code).await.status, 200);
    drop(slow);
    sleep(Duration::from_millis(200)).await;
    let answer = admin(&sandbox, "GET", "/sandbox/shape", "").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn replies_come_as_late_as_they_are_told_to() {
    let sandbox = Sandbox::start().await.unwrap();
    let set = admin(&sandbox, "PUT", "/sandbox/latency", r#"{"millis":300}"#).await;
    assert_eq!(set.json(), json!({ "millis": 300 }));
    let started = std::time::Instant::now();
    let code = sandbox.issue_code("13800138000").unwrap();
    exchange(&sandbox, &code).await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    let refused = admin(&sandbox, "PUT", "/sandbox/latency", r#"{"millis":60001}"#).await;
    assert_eq!(refused.status, 400);
}

/// A backend of bytes: it takes one request, keeps it, and answers with what it was given.
async fn backend(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/phone?x=1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        let mut buffer = [0; 4096];
        while !request.contains("\"}") {
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0);
            request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    });
    (url, task)
}

#[tokio::test]
async fn a_code_is_handed_to_the_one_backend_that_was_named() {
    let (url, task) =
        backend("HTTP/1.1 418 Teapot\r\ncontent-length: 7\r\ncontent-type: text/x\r\n\r\nno tea.")
            .await;
    let sandbox = Sandbox::builder().backend(&url).start().await.unwrap();
    let order = r#"{"code":"abc"}"#;
    let answer = admin(&sandbox, "POST", "/sandbox/backend", order).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["httpStatus"], 418);
    assert_eq!(answer["body"], "no tea.");
    assert_eq!(answer["contentType"], "text/x");
    let request = task.await.unwrap();
    assert!(
        request.starts_with("POST /api/phone?x=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.ends_with(r#"{"code":"abc"}"#), "{request}");
    assert!(
        request.contains("content-type: application/json"),
        "{request}"
    );

    // The address cannot be chosen by whoever asks.
    let order = json!({ "code": "abc", "url": "http://127.0.0.1:1/" }).to_string();
    let answer = admin(&sandbox, "POST", "/sandbox/backend", &order).await;
    assert_eq!(answer.status, 400);
    // It is gone by now, and the sandbox says so.
    let answer = admin(&sandbox, "POST", "/sandbox/backend", r#"{"code":"abc"}"#).await;
    assert_eq!(answer.status, 502);
    let without = Sandbox::start().await.unwrap();
    let answer = admin(&without, "POST", "/sandbox/backend", r#"{"code":"abc"}"#).await;
    assert_eq!(answer.status, 409);
}
