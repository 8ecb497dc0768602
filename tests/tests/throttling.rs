//! Rate limits: only an explicit rejection leaves a code unused, and `Retry-After` is respected.

use std::time::{Duration, Instant};

use authing::{AuthenticationClient, CodeState, RetryPolicy};
use authing_sandbox::{CodeStatus, Fault, How, Sandbox};
use authing_tests::{
    CONNECTION, SUCCESS, THROTTLED, builder, class, insert, pick, rows, sandbox_with, stress,
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
    // Makes an object with only a status code as large as a rejection may be.
    let filling = " ".repeat(65536 - r#"{"statusCode":429}"#.len());
    let words = [
        ("$EMPTY", ""),
        ("$FILLING", &*filling),
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
    rows(BODIES).map(read).collect()
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
    let sandbox = Sandbox::start().unwrap();
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

/// Each row: how often a code is rejected, values of `Retry-After`, the shortest wait in seconds that
/// they request, the policy, and how many requests are sent.
#[tokio::test]
async fn a_rejected_code_is_sent_again_within_policy_and_deadline() {
    // Dates in each of their forms, in the past and after the deadline.
    let past = "0|-5|soon|1e9|1.5||absent|Sun, 06 Nov 1994 08:49:37 GMT|\
        Sunday, 06-Nov-94 08:49:37 GMT|Sun Nov  6 08:49:37 1994";
    let late = "20|60|99999999999999999999999999|Tue, 31 Dec 2199 23:59:59 GMT|\
        Tuesday, 31-Dec-69 23:59:59 GMT|Tue Dec 31 23:59:59 2199";
    let default = RetryPolicy::default;
    for (times, values, wait, policy, requests) in [
        (1, "1", 1, default(), 2),
        (2, past, 0, default(), 3),
        (1, late, 20, default(), 1),
        (99, "0", 0, RetryPolicy::never(), 1),
        (99, "0", 0, default(), 3),
        (99, "0", 0, default().max_retries(5), 6),
    ] {
        for value in values.split('|') {
            let rejection = Fault::answer(429, "text/plain", "").times(times);
            let rejection = match value {
                "absent" => rejection,
                value => rejection.header("retry-after", value),
            };
            let sandbox = sandbox_with(rejection);
            let code = sandbox.issue_code("+8613800138000").unwrap();
            let builder = builder(sandbox.base_url()).retry(policy.clone());
            let client = builder.timeout(Duration::from_secs(20)).build().unwrap();
            let start = Instant::now();
            let result = client.get_wechat_miniprogram_phone(code, CONNECTION).await;
            let took = start.elapsed();
            let what = format!("{value:?} {requests} {took:?} {result:?}");
            assert_eq!(result.is_ok(), times < requests, "{what}");
            assert_eq!(sandbox.request_count(), u64::from(requests), "{what}");
            assert_eq!(sandbox.connections().len(), 1, "{what}");
            let mut waited = took + Duration::from_millis(10);
            if let Err(error) = result {
                assert_eq!((class(&error), error.attempts()), (THROTTLED, requests));
                assert!(error.is_retryable(), "{what}");
                waited = error.retry_after().unwrap();
            }
            assert!(waited >= Duration::from_secs(wait), "{what}");
            assert!(took < Duration::from_secs(10), "{what}");
        }
    }
}
