//! Rate limits: only an explicit rejection leaves a code unused, and `Retry-After` is respected.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use authing::{AuthenticationClient, CodeState, Error, ErrorKind, RetryPolicy};
use authing_sandbox::{CodeStatus, Fault, How, Sandbox};
use authing_tests::raw::{RawServer, SUCCESS, response};
use authing_tests::{CONNECTION, builder, random_code, stress};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

/// A response as it is sent: status, extra headers, framing, body, and how many bytes of the body
/// are left out at its end. The framing is `length`, `chunked`, or the HTTP version of a body that
/// ends with its connection.
type Sent = (u16, &'static str, &'static str, String, usize);

const FRAMINGS: [&str; 4] = ["length", "chunked", "HTTP/1.1", "HTTP/1.0"];

fn bytes((status, headers, framing, body, cut): &Sent) -> Vec<u8> {
    let length = body.len();
    let (version, header, body) = match *framing {
        "length" => {
            let header = format!("content-length: {length}");
            ("HTTP/1.1", header, body.clone())
        }
        "chunked" => {
            let chunk = format!("{length:x}\r\n{body}\r\n");
            let chunk = if body.is_empty() { "" } else { &chunk };
            let header = "transfer-encoding: chunked".to_owned();
            ("HTTP/1.1", header, format!("{chunk}0\r\n\r\n"))
        }
        version => (version, "connection: close".to_owned(), body.clone()),
    };
    let response = format!("{version} {status} X\r\n{headers}{header}\r\n\r\n{body}");
    let mut bytes = response.into_bytes();
    bytes.truncate(bytes.len() - cut.min(&body.len()));
    bytes
}

/// The rule of an explicit rejection, read independently of the client.
fn is_rejection((status, headers, framing, body, cut): &Sent) -> bool {
    let is_whole = match *framing {
        "length" => *cut == 0 || body.is_empty(),
        "chunked" => *cut == 0,
        // The end of the connection does not prove the end of the body.
        _ => false,
    };
    if !is_whole || body.len() > 64 * 1024 {
        return false;
    }
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        let text = body.trim_start_matches(BOM).trim_start();
        let is_plain = !text.starts_with(['{', '[', '"']) && headers.is_empty();
        return *status == 429 && (body.is_empty() || is_plain);
    };
    let names = ["statusCode", "message", "apiCode", "requestId", "data"];
    let data = value.get("data").unwrap_or(&Value::Null);
    let code = &value["statusCode"];
    let keys = value.as_object().map(|object| object.keys());
    keys.is_some_and(|mut keys| keys.all(|name| names.contains(&&**name)))
        && (code == 429 || code.is_null() && *status == 429)
        && (data.is_null() || *data == json!({}))
}

/// Bodies that are explicit rejections, and bodies that only resemble them.
fn bodies() -> Vec<String> {
    let number = &SUCCESS[SUCCESS.find("\"data\"").unwrap()..SUCCESS.len() - 1];
    let padded = SUCCESS.replace('}', &format!("{}}}", " ".repeat(40_000)));
    let lines = format!(
        r#"
rate limit exceeded
<html>429</html>
{{"statusCode":429}}
{{"statusCode":429,"message":"slow down","apiCode":1,"requestId":"x","data":{{}}}}
{{"statusCode":429,"data":null}}
{{"statusCode":429,"errcode":0}}
{{"statusCode":429,"data":{{"errcode":0}}}}
{{"statusCode":429,"phone_info":{{}}}}
{{"statusCode":429,"data":[]}}
{{"statusCode":429,{number}}}
{{"statusCode":429}}{SUCCESS}
[{{"statusCode":429}}]
"rate limit"
429
null
{{}}
{SUCCESS}
{BOM}{SUCCESS}
{BOM}  {SUCCESS}
[{SUCCESS}]
{SUCCESS}{SUCCESS}
{padded}
busy {padded}"#
    );
    lines.split('\n').map(str::to_owned).collect()
}

const BOM: char = '\u{feff}';
const GZIP: &str = "content-encoding: gzip\r\n";

fn responses() -> impl Strategy<Value = Sent> {
    let statuses = prop_oneof![4 => Just(429), 1 => Just(200), 1 => Just(503)];
    let headers = prop_oneof![4 => Just(""), 1 => Just(GZIP)];
    let framings = proptest::sample::select(&FRAMINGS[..]);
    let bodies = proptest::sample::select(bodies());
    let cuts = prop_oneof![3 => Just(0), 1 => 1_usize..8, 1 => any::<u16>().prop_map(usize::from)];
    (statuses, headers, framings, bodies, cuts)
}

/// Sends one response, having used the code unless the response is an explicit rejection, and
/// compares the error with the ledger.
async fn compare(
    sandbox: &Sandbox,
    client: &AuthenticationClient,
    sent: &Sent,
) -> Result<(), String> {
    let code = sandbox.issue_code("+8613800138000").unwrap();
    let fault = Fault::raw(bytes(sent)).then(How::Fin);
    let fault = fault.consume(!is_rejection(sent));
    sandbox.push_fault(fault).unwrap();
    let result = client.get_wechat_miniprogram_phone(&code, CONNECTION).await;
    let entry = sandbox.entry(&code).unwrap();
    let is_used = entry.status == CodeStatus::Consumed;
    let state = result.map_or_else(|error| error.code_state(), |_| CodeState::Unknown);
    if (state == CodeState::Unused) == is_used || entry.presented != 1 {
        return Err(format!("{state:?}, {entry:?}"));
    }
    Ok(())
}

#[test]
fn only_an_explicit_rejection_leaves_a_code_unused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let builder = builder(sandbox.base_url()).pool_idle_timeout(Duration::ZERO);
    let client = builder.retry(RetryPolicy::never()).build().unwrap();
    let check = |sent: Sent| runtime.block_on(compare(&sandbox, &client, &sent));
    for (body, framing) in bodies()
        .iter()
        .flat_map(|body| FRAMINGS.map(|framing| (body, framing)))
    {
        for (headers, cut) in [("", 0), ("", 1), (GZIP, 0)] {
            let sent = (429, headers, framing, body.clone(), cut);
            check(sent.clone()).unwrap_or_else(|error| panic!("{sent:?}: {error}"));
        }
    }
    let mut runner = TestRunner::new(Config {
        cases: stress(256, 20_000),
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&responses(), |sent| {
        check(sent).map_err(TestCaseError::fail)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// A server that rejects so many requests with this `Retry-After`, and then responds.
fn rejecting(times: usize, retry_after: Option<&str>) -> RawServer {
    let header = retry_after.map_or(String::new(), |value| format!("retry-after: {value}\r\n"));
    let count = Arc::new(AtomicUsize::new(0));
    RawServer::respond(
        move |_| match count.fetch_add(1, Ordering::SeqCst) < times {
            true => response(429, &header, ""),
            false => response(200, "", SUCCESS),
        },
    )
}

async fn call(server: &RawServer, policy: RetryPolicy) -> (Result<(), Error>, Duration) {
    let builder = builder(server.url()).retry(policy);
    let client = builder.timeout(Duration::from_secs(20)).build().unwrap();
    let start = Instant::now();
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    (call.await.map(drop), start.elapsed())
}

#[tokio::test]
async fn a_rejected_code_is_sent_again_after_the_requested_wait() {
    let server = rejecting(1, Some("1"));
    let (result, took) = call(&server, RetryPolicy::default()).await;
    let has_waited = took >= Duration::from_millis(990);
    assert!(result.is_ok() && has_waited, "{took:?}");
    assert_eq!((server.requests().len(), server.connections()), (2, 1));
    // With a date in each of its forms, all in the past.
    let values = "0|-5|soon|1e9|1.5||Sun, 06 Nov 1994 08:49:37 GMT|\
        Sunday, 06-Nov-94 08:49:37 GMT|Sun Nov  6 08:49:37 1994";
    for value in values.split('|').map(Some).chain([None]) {
        let server = rejecting(2, value);
        let (result, took) = call(&server, RetryPolicy::default()).await;
        let is_early = took < Duration::from_secs(10);
        assert!(result.is_ok() && is_early, "{value:?}");
        assert_eq!(server.requests().len(), 3, "{value:?}");
    }
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_started() {
    for value in [
        "20",
        "60",
        "99999999999999999999999999",
        "Tue, 31 Dec 2199 23:59:59 GMT",
        "Tuesday, 31-Dec-69 23:59:59 GMT",
        "Tue Dec 31 23:59:59 2199",
    ] {
        let server = rejecting(1, Some(value));
        let (result, took) = call(&server, RetryPolicy::default()).await;
        let error = result.unwrap_err();
        let got = (error.kind(), error.code_state(), error.attempts());
        assert_eq!(got, (ErrorKind::Throttled, CodeState::Unused, 1), "{value}");
        let wait = error.retry_after();
        assert!(wait >= Some(Duration::from_secs(20)), "{value}");
        let is_early = took < Duration::from_secs(10);
        assert!(is_early && error.is_retryable(), "{value}");
        assert_eq!(server.requests().len(), 1, "{value}");
    }
}

#[tokio::test]
async fn the_retry_policy_limits_the_attempts() {
    for (policy, attempts) in [
        (RetryPolicy::never(), 1),
        (RetryPolicy::default(), 3),
        (RetryPolicy::default().max_retries(5), 6),
    ] {
        let server = rejecting(99, Some("0"));
        let error = call(&server, policy).await.0.unwrap_err();
        assert_eq!(error.attempts(), attempts);
        assert_eq!(server.requests().len(), attempts as usize);
    }
}
