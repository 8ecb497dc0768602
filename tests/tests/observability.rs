//! One span per attempt, with OpenTelemetry's names and no attribute that could hold a secret.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use authing::{AuthenticationClient, ErrorKind, RetryPolicy};
use authing_tests::raw::{self, RawServer, read_request};
use authing_tests::{APP_ID, CONNECTION, builder, eventually};
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

const CODE: &str = "c0de5eed00112233445566778899aabbccddeeff0123456789abcdef01234567";
const TOKEN: &str = "t0ken-of-a-user";
const NUMBER: &str = "13912345678";
const REQUEST_ID: &str = "934108e5-9fbf-4d24-8da1-c330328abd6c";
const PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

type Attributes = Vec<(&'static str, Value)>;

/// Collects the spans of this thread while it is alive.
struct Exporter {
    spans: InMemorySpanExporter,
    provider: SdkTracerProvider,
    _guard: DefaultGuard,
}

impl Exporter {
    fn install() -> Self {
        let spans = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        // Without the attributes that the layer adds: source lines, threads, times.
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("test"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(layer);
        let _guard = tracing::subscriber::set_default(subscriber);
        Self {
            spans,
            provider,
            _guard,
        }
    }

    /// The finished spans, in the order in which they ended.
    fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        self.spans.get_finished_spans().unwrap()
    }
}

/// Compares a span with the attributes of its row and those that every span has.
fn compare(row: &str, span: &SpanData, url: &str, others: &Attributes, has_failed: bool) {
    let port: i64 = url.rsplit(':').next().unwrap().parse().unwrap();
    let mut expected: Attributes = vec![
        ("http.request.method", "POST".into()),
        ("server.address", "127.0.0.1".into()),
        ("server.port", port.into()),
        ("url.full", format!("{url}{PATH}").into()),
    ];
    expected.extend(others.iter().cloned());
    expected.sort_by_key(|(name, _)| *name);
    let attributes = span.attributes.iter();
    let mut found: Vec<(&str, Value)> = attributes
        .map(|each| (each.key.as_str(), each.value.clone()))
        .collect();
    found.sort_by_key(|(name, _)| *name);
    assert_eq!(found, expected, "{row}");
    assert_eq!(
        (&*span.name, &span.span_kind),
        (&*format!("POST {PATH}"), &SpanKind::Client)
    );
    let status = if has_failed {
        Status::error("")
    } else {
        Status::Unset
    };
    assert_eq!(span.status, status, "{row}");
    assert_eq!(span.events.len(), 0, "{row}: {:?}", span.events);
    let text = format!("{span:?}");
    for secret in [CODE, TOKEN, CONNECTION, NUMBER] {
        assert!(!text.contains(secret), "{row}: {secret} in {text}");
    }
}

async fn call(client: &AuthenticationClient) -> Option<ErrorKind> {
    let call = client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token(TOKEN);
    call.await.err().map(|error| error.kind())
}

fn response(status: u16, body: &serde_json::Value) -> Vec<u8> {
    raw::response(status, "", body.to_string())
}

/// A success whose texts repeat the code.
fn success() -> Vec<u8> {
    let body = raw::SUCCESS.replace("13800138000", NUMBER);
    let mut body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["message"] = CODE.into();
    body["requestId"] = REQUEST_ID.into();
    response(200, &body)
}

fn success_attributes() -> Attributes {
    vec![
        ("http.response.status_code", 200.into()),
        ("authing.status_code", 200.into()),
        ("authing.request_id", REQUEST_ID.into()),
    ]
}

/// The attributes of a failure: HTTP status, `statusCode`, kind, code state.
fn failure(http: i64, status: i64, kind: &'static str, state: &'static str) -> Attributes {
    let numbers = [
        ("http.response.status_code", http),
        ("authing.status_code", status),
    ];
    let numbers = numbers.into_iter().filter(|(_, number)| *number > 0);
    let texts = [("error.type", kind), ("authing.code_state", state)];
    let texts = texts.into_iter().map(|(name, text)| (name, text.into()));
    numbers
        .map(|(name, number)| (name, number.into()))
        .chain(texts)
        .collect()
}

#[tokio::test]
async fn each_attempt_has_exactly_these_attributes() {
    let rejection = json!({"statusCode": 403, "apiCode": 2011, "requestId": REQUEST_ID,
        "message": format!("{CODE} {TOKEN}")});
    let mut rejected = failure(200, 403, "Misconfigured", "Unknown");
    rejected.push(("authing.api_code", 2011.into()));
    rejected.push(("authing.request_id", REQUEST_ID.into()));
    // A request id that is none, and numbers that cannot be codes, may repeat a secret.
    let used = json!({"statusCode": 200, "requestId": CODE,
        "data": {"errcode": 40029, "errmsg": format!("invalid code {CODE}")}});
    let number: i64 = NUMBER.parse().unwrap();
    let odd = json!({"statusCode": number, "apiCode": number, "requestId": NUMBER});
    let page = raw::response(503, "", format!("<html>{CODE}</html>"));
    let rows: [(&str, Vec<u8>, Attributes); 6] = [
        ("success", success(), success_attributes()),
        ("rejection", response(200, &rejection), rejected),
        (
            "used code",
            response(200, &used),
            failure(200, 200, "CodeRejected", "Invalid"),
        ),
        (
            "numbers",
            response(200, &odd),
            failure(200, 0, "UnknownStatus", "Unknown"),
        ),
        ("gateway", page, failure(503, 0, "Service", "Unknown")),
        ("cut", Vec::new(), failure(0, 0, "Transport", "Unknown")),
    ];
    for (row, bytes, attributes) in rows {
        let exporter = Exporter::install();
        let server = RawServer::start(move |mut stream| {
            let _ = read_request(&mut stream);
            let _ = stream.write_all(&bytes);
        });
        let client = builder(server.url()).build().unwrap();
        let has_failed = call(&client).await.is_some();
        let spans = exporter.spans();
        assert_eq!(spans.len(), 1, "{row}: {spans:#?}");
        compare(row, &spans[0], &server.url(), &attributes, has_failed);
    }
}

#[tokio::test]
async fn a_failed_connection_has_a_span_without_a_status() {
    let exporter = Exporter::install();
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let client = builder(&url).retry(RetryPolicy::never()).build().unwrap();
    assert_eq!(call(&client).await, Some(ErrorKind::Connect));
    let attributes = failure(0, 0, "Connect", "Unused");
    compare("refused", &exporter.spans()[0], &url, &attributes, true);
}

#[tokio::test]
async fn each_retry_has_a_span_of_its_own_in_the_callers_span() {
    let exporter = Exporter::install();
    let responses = Arc::new(AtomicUsize::new(0));
    let server = RawServer::respond(move |_| match responses.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => response(429, &json!({"statusCode": 429, "message": "slow down"})),
        _ => success(),
    });
    let client = builder(server.url()).build().unwrap();
    let handler = tracing::info_span!("handler");
    assert_eq!(call(&client).instrument(handler.clone()).await, None);
    drop(handler);
    let spans = exporter.spans();
    assert_eq!(spans.len(), 4, "{spans:#?}");
    for (attempt, span) in (0_i64..).zip(&spans[..3]) {
        let mut attributes = match attempt {
            2 => success_attributes(),
            _ => failure(429, 429, "Throttled", "Unused"),
        };
        if attempt > 0 {
            attributes.push(("http.request.resend_count", attempt.into()));
        }
        compare("retry", span, &server.url(), &attributes, attempt < 2);
        assert_eq!(span.parent_span_id, spans[3].span_context.span_id());
    }
}

#[tokio::test]
async fn a_dropped_call_claims_neither_success_nor_failure() {
    let exporter = Exporter::install();
    let server = RawServer::start(|_stream| std::thread::sleep(Duration::from_secs(5)));
    let client = builder(server.url()).build().unwrap();
    let call = tokio::time::timeout(Duration::from_millis(200), call(&client));
    call.await.unwrap_err();
    compare(
        "dropped",
        &exporter.spans()[0],
        &server.url(),
        &vec![],
        false,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_call_has_the_same_span_in_the_callers_span() {
    let server = RawServer::respond(|_| success());
    let exporter = Exporter::install();
    let client = authing::blocking::AuthenticationClient::builder()
        .app_host(server.url())
        .app_id(APP_ID)
        .build()
        .unwrap();
    let handler = tracing::info_span!("handler");
    tokio::task::block_in_place(|| {
        let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
        handler.in_scope(|| call.access_token(TOKEN).send().map(drop).unwrap());
    });
    drop(handler);
    // The client's thread releases the caller's span a little after the response.
    eventually("the end of both spans", || exporter.spans().len() == 2).await;
    let spans = exporter.spans();
    compare(
        "blocking",
        &spans[0],
        &server.url(),
        &success_attributes(),
        false,
    );
    assert_eq!(spans[0].parent_span_id, spans[1].span_context.span_id());
}
