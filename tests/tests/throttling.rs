//! Rate limits: only an explicit rejection leaves a code unused, and `Retry-After` is respected.

use std::time::{Duration, Instant};

use authing::{AuthenticationClient, CodeState, RetryPolicy};
use authing_sandbox::{CodeStatus, Fault, How, Sandbox};
use authing_tests::{
    CONNECTION, Outcome, SUCCESS, THROTTLED, builder, class, insert, pick, rows, sandbox_with,
    stress,
};

/// A response as it is sent: status, extra headers, framing, body, and how many bytes of the body
/// are left out at its end. The framing is `length`, transfer encodings, or the HTTP version of a
/// body that ends with its connection.
type Sent = (u16, &'static str, &'static str, Body, usize);
/// The case in which a complete body is an explicit rejection, and the body.
type Body = (&'static str, String);

const FRAMINGS: [&str; 7] = [
    "length",
    "chunked",
    "gzip, chunked",
    "gzip\r\ntransfer-encoding: chunked",
    "chunked\r\ncontent-length: 9",
    "HTTP/1.1",
    "HTTP/1.0",
];

/// In its place, a byte that is not UTF-8 is sent.
const INVALID: char = '\u{1a}';

fn bytes((status, headers, framing, (_, body), cut): &Sent) -> Vec<u8> {
    let length = body.len();
    let (version, header, body) = match *framing {
        "length" => {
            let header = format!("content-length: {length}");
            ("HTTP/1.1", header, body.clone())
        }
        encoding if encoding.contains("chunked") => {
            let chunk = format!("{length:x}\r\n{body}\r\n");
            let chunk = if body.is_empty() { "" } else { &chunk };
            let header = format!("transfer-encoding: {encoding}");
            ("HTTP/1.1", header, format!("{chunk}0\r\n\r\n"))
        }
        version => (version, "connection: close".to_owned(), body.clone()),
    };
    let response = format!("{version} {status} X\r\n{headers}{header}\r\n\r\n{body}");
    let mut bytes = response.into_bytes();
    bytes.truncate(bytes.len() - cut.min(&body.len()));
    for byte in bytes.iter_mut().filter(|byte| **byte == INVALID as u8) {
        *byte = 0xff;
    }
    bytes
}

/// The rule of an explicit rejection.
fn is_rejection((status, headers, framing, (case, body), cut): &Sent) -> bool {
    let is_whole = match *framing {
        "length" => *cut == 0 || body.is_empty(),
        "chunked" => *cut == 0,
        // Neither the end of the connection, nor another encoding, nor two framings prove it.
        _ => false,
    };
    let rejects = match *case {
        "always" => true,
        "with_429" => *status == 429,
        "plain" => *status == 429 && headers.is_empty(),
        _ => false,
    };
    is_whole && rejects
}

/// Returns bodies that are explicit rejections, and bodies that only resemble them.
fn bodies() -> Vec<Body> {
    let padded = SUCCESS.replace('}', &format!("{}}}", " ".repeat(MAX_BYTES / 2)));
    let words = [
        ("$EMPTY", ""),
        ("$SPACE", " "),
        ("$BOM", "\u{feff}"),
        ("$NUL", "\0"),
        ("$INVALID", &INVALID.to_string()),
        ("$SUCCESS", SUCCESS),
        ("$PADDED", &padded),
    ];
    let read = |row: &'static str| {
        let (case, body) = row.split_once(": ").unwrap();
        (case, insert(body, &words))
    };
    let mut bodies: Vec<Body> = rows(BODIES).map(read).collect();
    let envelope = r#"{"statusCode":429}"#;
    bodies.push(("always", format!("{envelope:65535} ")));
    // One byte too large.
    bodies.push(("never", format!("{envelope:65535}  ")));
    bodies
}

const BODIES: &str = include_str!("../data/rejections.txt");
/// The largest body that the client reads.
const MAX_BYTES: usize = 80_000;
const GZIP: &str = "content-encoding: gzip\r\n";

/// Sends one response, having used the code unless the response is an explicit rejection, and
/// compares the error with the ledger.
async fn compare(sandbox: &Sandbox, client: &AuthenticationClient, sent: &Sent) {
    let code = sandbox.issue_code("+8613800138000").unwrap();
    let fault = Fault::raw(bytes(sent)).then(How::Fin);
    let fault = fault.consume(!is_rejection(sent));
    sandbox.push_fault(fault).unwrap();
    let result = client.get_wechat_miniprogram_phone(&code, CONNECTION).await;
    let entry = sandbox.entry(&code).unwrap();
    let is_used = entry.status == CodeStatus::Consumed;
    let state = result.map_or_else(|error| error.code_state(), |_| CodeState::Unknown);
    let is_right = (state == CodeState::Unused) != is_used && entry.presented == 1;
    assert!(is_right, "{state:?}, {entry:?}, {sent:?}");
}

#[tokio::test]
async fn only_an_explicit_rejection_leaves_a_code_unused() {
    let sandbox = Sandbox::start().await.unwrap();
    let builder = builder(sandbox.base_url()).pool_idle_timeout(Duration::ZERO);
    let builder = builder.retry(RetryPolicy::never());
    let client = builder.max_response_bytes(MAX_BYTES).build().unwrap();
    let check = async |sent: Sent| compare(&sandbox, &client, &sent).await;
    for body in bodies() {
        for framing in FRAMINGS {
            for (headers, cut) in [("", 0), ("", 1), (GZIP, 0)] {
                check((429, headers, framing, body.clone(), cut)).await;
            }
        }
    }
    for _ in 0..stress(256, 20_000) {
        let status = pick(&[429, 429, 429, 200, 503]);
        let (headers, framing) = (pick(&["", "", GZIP]), pick(&FRAMINGS));
        let body = pick(&bodies());
        let cut = pick(&[0, 0, fastrand::usize(..body.1.len().max(8))]);
        check((status, headers, framing, body, cut)).await;
    }
}

/// Makes a call that is rejected so many times with this `Retry-After`.
async fn rejected(
    times: u32,
    retry_after: Option<&str>,
    policy: RetryPolicy,
) -> (Outcome, Duration, Sandbox) {
    let mut rejection = Fault::answer(429, "text/plain", "").times(times);
    if let Some(value) = retry_after {
        rejection = rejection.header("retry-after", value);
    }
    let sandbox = sandbox_with(rejection);
    let code = sandbox.issue_code("+8613800138000").unwrap();
    let builder = builder(sandbox.base_url()).retry(policy);
    let client = builder.timeout(Duration::from_secs(20)).build().unwrap();
    let start = Instant::now();
    let result = client.get_wechat_miniprogram_phone(code, CONNECTION).await;
    (result, start.elapsed(), sandbox)
}

#[tokio::test]
async fn a_rejected_code_is_sent_again_after_the_requested_wait() {
    let (result, took, sandbox) = rejected(1, Some("1"), RetryPolicy::default()).await;
    let has_waited = took >= Duration::from_millis(990);
    assert!(result.is_ok() && has_waited, "{took:?}");
    assert_eq!(
        (sandbox.request_count(), sandbox.connection_count()),
        (2, 1)
    );
    // With a date in each of its forms, all in the past.
    let values = "0|-5|soon|1e9|1.5||Sun, 06 Nov 1994 08:49:37 GMT|\
        Sunday, 06-Nov-94 08:49:37 GMT|Sun Nov  6 08:49:37 1994";
    for value in values.split('|').map(Some).chain([None]) {
        let (result, took, sandbox) = rejected(2, value, RetryPolicy::default()).await;
        let is_early = took < Duration::from_secs(10);
        assert!(result.is_ok() && is_early, "{value:?}");
        assert_eq!(sandbox.request_count(), 3, "{value:?}");
    }
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_started() {
    let values = "20|60|99999999999999999999999999|Tue, 31 Dec 2199 23:59:59 GMT|\
        Tuesday, 31-Dec-69 23:59:59 GMT|Tue Dec 31 23:59:59 2199";
    for value in values.split('|') {
        let (result, took, sandbox) = rejected(1, Some(value), RetryPolicy::default()).await;
        let error = result.unwrap_err();
        assert_eq!((class(&error), error.attempts()), (THROTTLED, 1), "{value}");
        let wait = error.retry_after();
        assert!(wait >= Some(Duration::from_secs(20)), "{value}");
        let is_early = took < Duration::from_secs(10);
        assert!(is_early && error.is_retryable(), "{value}");
        assert_eq!(sandbox.request_count(), 1, "{value}");
    }
}

#[tokio::test]
async fn the_retry_policy_limits_the_attempts() {
    for (policy, attempts) in [
        (RetryPolicy::never(), 1),
        (RetryPolicy::default(), 3),
        (RetryPolicy::default().max_retries(5), 6),
    ] {
        let (result, _, sandbox) = rejected(99, Some("0"), policy).await;
        assert_eq!(result.unwrap_err().attempts(), attempts);
        assert_eq!(sandbox.request_count(), u64::from(attempts));
    }
}
