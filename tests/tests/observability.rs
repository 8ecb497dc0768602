//! One span per attempt, with OpenTelemetry's names and no attribute that could hold a secret.

use std::time::Duration;

use authing::{AuthenticationClient, ErrorKind, RetryPolicy};
use authing_sandbox::{CutAt, Fault};
use authing_tests::canaries::{CONNECTION, PHONE, TOKEN, find};
use authing_tests::{
    CODE, SUCCESS, WIDE, blocking_client, builder, closing_server, eventually, response,
    sandbox_with,
};
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

const REQUEST_ID: &str = "934108e5-9fbf-4d24-8da1-c330328abd6c";
const PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

/// Collects the finished spans of this thread, in the order in which they ended, until the guard
/// is dropped.
fn collect_spans() -> (impl Fn() -> Vec<SpanData>, DefaultGuard) {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
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
    let spans = move || exporter.get_finished_spans().unwrap();
    (spans, tracing::subscriber::set_default(subscriber))
}

/// Compares a span with the attributes of its row and those that every span has.
fn compare(row: &str, span: &SpanData, url: &str, attributes: Value) {
    let port: i64 = url.rsplit(':').next().unwrap().parse().unwrap();
    let mut expected = json!({"http.request.method": "POST", "server.address": "127.0.0.1",
        "server.port": port, "url.full": format!("{url}{PATH}")});
    let own = attributes.as_object().unwrap().clone();
    let has_failed = own.contains_key("error.type");
    expected.as_object_mut().unwrap().extend(own);
    let found = span.attributes.iter().map(|each| {
        let value = match &each.value {
            opentelemetry::Value::I64(number) => json!(number),
            text => json!(text.as_str()),
        };
        (each.key.to_string(), value)
    });
    assert_eq!(found.len(), expected.as_object().unwrap().len(), "{row}");
    assert_eq!(found.collect::<Value>(), expected, "{row}");
    assert_eq!(span.name, format!("POST {PATH}"));
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status == Status::error(""), has_failed, "{row}");
    assert_eq!(span.events.len(), 0, "{row}: {:?}", span.events);
    assert_eq!(find(&format!("{span:?}")), None, "{row}");
}

async fn call(client: &AuthenticationClient) -> Option<ErrorKind> {
    let call = client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token(TOKEN);
    call.await.err().map(|error| error.kind())
}

/// A success whose texts repeat the code.
fn success() -> Vec<u8> {
    let body = SUCCESS.replace("13800138000", PHONE);
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["message"] = CODE.into();
    body["requestId"] = REQUEST_ID.into();
    response(200, "", body.to_string())
}

fn success_attributes() -> Value {
    json!({"http.response.status_code": 200, "authing.status_code": 200,
        "authing.request_id": REQUEST_ID})
}

const REFUSED: &str = "refused";

#[tokio::test]
async fn each_attempt_has_exactly_these_attributes() {
    let rejection = json!({"statusCode": 403, "apiCode": 2011, "requestId": REQUEST_ID,
        "message": format!("{CODE} {TOKEN}")});
    // A request id that is none, and numbers that cannot be codes, may repeat a secret.
    let used = json!({"statusCode": 200, "requestId": CODE,
        "data": {"errcode": 40029, "errmsg": format!("invalid code {CODE}")}});
    let number: i64 = PHONE.parse().unwrap();
    let odd = json!({"statusCode": number, "apiCode": number, "requestId": PHONE});
    let page = response(503, "", format!("<html>{CODE}</html>"));
    let rows = [
        (success(), success_attributes()),
        (
            response(200, "", rejection.to_string()),
            json!({"http.response.status_code": 200, "authing.status_code": 403,
                "authing.api_code": 2011, "authing.request_id": REQUEST_ID,
                "error.type": "Misconfigured", "authing.code_state": "Unknown"}),
        ),
        (
            response(200, "", used.to_string()),
            json!({"http.response.status_code": 200, "authing.status_code": 200,
                "error.type": "CodeRejected", "authing.code_state": "Invalid"}),
        ),
        (
            response(200, "", odd.to_string()),
            json!({"http.response.status_code": 200,
                "error.type": "UnknownStatus", "authing.code_state": "Unknown"}),
        ),
        (
            page,
            json!({"http.response.status_code": 503,
                "error.type": "Service", "authing.code_state": "Unknown"}),
        ),
        (
            Vec::new(),
            json!({"error.type": "Transport", "authing.code_state": "Unknown"}),
        ),
        // Here no connection is accepted.
        (
            REFUSED.into(),
            json!({"error.type": "Connect", "authing.code_state": "Unused"}),
        ),
    ];
    for (bytes, attributes) in rows {
        let (spans, _guard) = collect_spans();
        let row = String::from_utf8_lossy(&bytes).into_owned();
        let server = closing_server(bytes);
        let url = match &*row {
            REFUSED => "http://127.0.0.1:1",
            _ => server.base_url(),
        };
        let builder = builder(url).retry(RetryPolicy::never());
        call(&builder.build().unwrap()).await;
        let spans = spans();
        assert_eq!(spans.len(), 1, "{row}: {spans:#?}");
        compare(&row, &spans[0], url, attributes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_retry_has_a_span_of_its_own_in_the_callers_span() {
    for is_blocking in [false, true] {
        let (spans, _guard) = collect_spans();
        let rejection = Fault::raw(response(429, "", r#"{"statusCode":429}"#));
        let server = sandbox_with(rejection.times(2));
        server.push_fault(Fault::raw(success())).unwrap();
        let handler = tracing::info_span!("handler");
        if is_blocking {
            let client = blocking_client(server.base_url(), WIDE);
            let call = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
            let call = call.access_token(TOKEN);
            tokio::task::block_in_place(|| handler.in_scope(|| call.send()).map(drop).unwrap());
        } else {
            let client = builder(server.base_url()).build().unwrap();
            assert_eq!(call(&client).instrument(handler.clone()).await, None);
        }
        drop(handler);
        // The blocking client's thread releases the caller's span a little after the response.
        let have_ended = async || spans().len() == 4;
        eventually("the end of all spans", have_ended).await;
        let spans = spans();
        for (attempt, span) in (0_i64..).zip(&spans[..3]) {
            let mut attributes = match attempt {
                2 => success_attributes(),
                _ => json!({"http.response.status_code": 429, "authing.status_code": 429,
                    "error.type": "Throttled", "authing.code_state": "Unused"}),
            };
            if attempt > 0 {
                attributes["http.request.resend_count"] = attempt.into();
            }
            compare("retry", span, server.base_url(), attributes);
            assert_eq!(span.parent_span_id, spans[3].span_context.span_id());
        }
    }
}

#[tokio::test]
async fn a_dropped_call_claims_neither_success_nor_failure() {
    let (spans, _guard) = collect_spans();
    let server = sandbox_with(Fault::stall(CutAt::Request));
    let client = builder(server.base_url()).build().unwrap();
    let call = tokio::time::timeout(Duration::from_millis(200), call(&client));
    call.await.unwrap_err();
    compare("dropped", &spans()[0], server.base_url(), json!({}));
}
