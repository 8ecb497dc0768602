//! Bounds: no response costs more memory than its cap allows.

use authing::{AuthenticationClient, CodeState, Error, ErrorKind, RetryPolicy};
use authing_sandbox::{Fault, Sandbox};
use authing_tests::{builder, child, request, response, sandbox_with, serve, stress};
use axum::Router;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

const KIB: usize = 1024;
const CAP: usize = 64 * KIB;

const CHUNKED: &str = "200 X\r\ntransfer-encoding: chunked\r\n\r\n";
const HUGE: &str = "200 X\r\ncontent-length: 10737418240\r\n\r\n";
const TOO_HUGE: &str = "200 X\r\ncontent-length: 99999999999999999999999\r\n\r\n";

/// Responses without end: a name, what follows the HTTP version, and what repeats.
const FLOODS: [(&str, &str, &str); 9] = [
    ("chunked body", CHUNKED, "5\r\naaaaa\r\n"),
    ("10 GiB, sent", HUGE, "a"),
    ("10 GiB, not sent", HUGE, ""),
    ("too large a number", TOO_HUGE, ""),
    ("body of unknown length", "429 X\r\n\r\n", "a"),
    ("headers", "200 X\r\n", "x-header: value\r\n"),
    ("one header", "200 X\r\nx: ", "a"),
    ("status line", "200 ", "a"),
    ("not HTTP", "\0", "\0"),
];

fn client(url: &str, cap: usize) -> AuthenticationClient {
    builder(url)
        .max_response_bytes(cap)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// Returns the largest number of bytes that the call had allocated at one time.
async fn peak(client: &AuthenticationClient, token: &str) -> (usize, Option<Error>) {
    let profiler = dhat::Profiler::builder()
        .testing()
        .trim_backtraces(Some(4))
        .build();
    let error = request(client).access_token(token).await.err();
    let bytes = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    (bytes, error)
}

#[tokio::test]
async fn responses_without_end_are_cut_off_in_bounded_memory() {
    if let Some(url) = child::variable("FLOODS") {
        peak(&client(&url, CAP), "first").await;
        for (name, ..) in FLOODS {
            let (bytes, error) = peak(&client(&url, CAP), "later").await;
            let error = error.unwrap();
            let kind = match error.http_status() {
                Some(429) => ErrorKind::Throttled,
                _ => ErrorKind::UnexpectedResponse,
            };
            assert_eq!(error.kind(), kind, "{name}: {error:?}");
            assert_eq!(error.code_state(), CodeState::Unknown, "{name}");
            // The HTTP library buffers at most 400 KiB of a head.
            assert!(bytes < 2048 * KIB, "{name}: {bytes} bytes");
        }
        return;
    }
    let sandbox = Sandbox::start().unwrap();
    // The memory of the first call is not measured.
    for (_, first, repeat) in FLOODS[2..3].iter().chain(&FLOODS) {
        let flood = Fault::raw(format!("HTTP/1.1 {first}")).repeating(repeat.repeat(4096));
        sandbox.push_fault(flood).unwrap();
    }
    let test = "bounds::responses_without_end_are_cut_off_in_bounded_memory";
    child::run(test, &[("FLOODS", sandbox.base_url())]);
    assert!(sandbox.faults().is_empty());
    // No request was sent twice.
    assert_eq!(sandbox.connections().len(), FLOODS.len() + 1);
}

/// Every known field, and one that is unknown.
const FIELDS: &str = "statusCode message apiCode requestId data phone_info errcode errmsg unknown \
    data.phoneNumber data.countryCode data.errcode data.errmsg \
    data.phone_info data.phone_info.phoneNumber data.watermark.timestamp data.watermark.appid";

/// Each is a value without end: what opens it, what repeats, what closes it.
const FILLINGS: [(&[u8], &[u8], &[u8]); 13] = [
    (b"[0", b",{\"\":0}", b"]"),
    (b"[0", b",[]", b"]"),
    (b"[0", b",0", b"]"),
    (b"{\"\":0", b",\"\":0", b"}"),
    (b"{\"errcode\":{}", b",\"errcode\":{}", b"}"),
    (b"\"", b"a", b"\""),
    (b"\"", b"7", b"\""),
    (b"\"", b"\\u00e9", b"\""),
    (b"\"", b"\xff", b"\""),
    (b"1", b"1", b""),
    (b"\"", b"7777777\\n", b"\""),
    (b"", b"[", b""),
    (b"\"\xff\",\"statusCode\":[0", b",{\"\":0}", b"]"),
];

/// Responds with the body that the access token describes: field, filling, status, size.
async fn fill(headers: HeaderMap) -> (StatusCode, Vec<u8>) {
    let token = headers["authorization"].to_str().unwrap();
    let numbers = token["Bearer ".len()..].split('.');
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    let [field, filling, status, size] = numbers[..] else {
        panic!("{token}")
    };
    let (open, repeat, close) = FILLINGS[filling];
    let field = FIELDS.split(' ').nth(field).unwrap();
    let names = field.split('.').map(|name| format!("{{\"{name}\":"));
    let mut body = names.collect::<String>().into_bytes();
    if status == 429 {
        body.splice(1..1, *b"\"statusCode\":429,");
    }
    body.extend_from_slice(open);
    let left = size.saturating_sub(body.len() + close.len() + 3);
    body.extend(repeat.repeat(left / repeat.len()));
    body.extend_from_slice(close);
    body.extend(field.split('.').map(|_| b'}'));
    (StatusCode::from_u16(status as u16).unwrap(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_costs_at_most_three_times_its_size_and_64_kib() {
    if let Some(url) = child::variable("FILLINGS") {
        let largest = stress(1024 * KIB, 16 * 1024 * KIB);
        for size in [KIB, CAP, largest] {
            let client = client(&url, size);
            for _ in 0..2 {
                peak(&client, &format!("0.5.200.{size}")).await;
            }
            // Not part of the response: what every call costs, and the read buffer that the HTTP
            // library keeps for the connection, which grows up to 408 KiB.
            let (call, _) = peak(&client, "0.5.200.0").await;
            let bound = call + (2 * size).min(408 * KIB) + 3 * size + 64 * KIB;
            for (number, field) in FIELDS.split(' ').enumerate() {
                // The largest bodies take long, so each field gets only some of the fillings.
                let step = if size == largest { 5 } else { 1 };
                for filling in (number % step..FILLINGS.len()).step_by(step) {
                    for status in [200, 429] {
                        let token = format!("{number}.{filling}.{status}.{size}");
                        let (mut bytes, _) = peak(&client, &token).await;
                        // The size of the read buffer depends on how the body arrives.
                        for _ in 0..2 {
                            if bytes > bound {
                                (bytes, _) = peak(&client, &token).await;
                            }
                        }
                        let what = format!("{field} {token}");
                        assert!(bytes <= bound, "{what}: {bytes} bytes");
                    }
                }
            }
        }
        return;
    }
    let url = serve(Router::new().fallback(fill)).await;
    let test = "bounds::a_response_costs_at_most_three_times_its_size_and_64_kib";
    child::run(test, &[("FILLINGS", &url)]);
}

/// The last allowed byte is read, and one more is too many, however the body is framed.
#[tokio::test]
async fn the_cap_counts_bytes_of_the_body() {
    let text = r#"{"statusCode":409}"#;
    for cap in [KIB, CAP, 1024 * KIB] {
        let kinds = [ErrorKind::UnknownStatus, ErrorKind::UnexpectedResponse];
        for (size, kind) in (cap..).zip(kinds) {
            let body = text.to_owned() + &" ".repeat(size - text.len());
            let chunked = format!("HTTP/1.1 {CHUNKED}{size:x}\r\n{body}\r\n0\r\n\r\n");
            for bytes in [response(200, "", body), chunked.into()] {
                let sandbox = sandbox_with(Fault::raw(bytes));
                let client = client(sandbox.base_url(), cap);
                let error = request(&client).await.unwrap_err();
                assert_eq!(error.kind(), kind, "{cap} {size}: {error:?}");
            }
        }
    }
}
