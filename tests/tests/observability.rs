//! One span per attempt, with OpenTelemetry's names and no attribute that could hold a secret.

use std::time::Duration;

use authing::{AuthenticationClient, ErrorKind, RetryPolicy};
use authing_sandbox::{CutAt, Fault};
use authing_tests::canaries::{CONNECTION, TOKEN, WORDS, find};
use authing_tests::{
    CODE, WIDE, blocking_client, builder, closing_server, eventually, insert, response, rows,
    sandbox_with,
};
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

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
fn compare(row: &str, span: &SpanData, url: &str, attributes: &str) {
    let (_, host) = url.split_once("://").unwrap();
    let (address, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    let address = address.trim_matches(['[', ']']);
    let expected = format!(
        "http.request.method=POST server.address={address} server.port={port} \
        url.full={url}{PATH} {attributes}"
    );
    let mut expected: Vec<&str> = expected.split_whitespace().collect();
    expected.sort_unstable();
    let found = span.attributes.iter().map(|KeyValue { key, value, .. }| {
        let is_number = matches!(value, opentelemetry::Value::I64(_));
        assert_eq!(is_number, value.to_string().parse::<i64>().is_ok(), "{key}");
        format!("{key}={value}")
    });
    let mut found: Vec<String> = found.collect();
    found.sort_unstable();
    assert_eq!(found, expected, "{row}");
    let has_failed = attributes.contains("error.type");
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

/// Returns the attempts of `data/spans.txt`: a name, the bytes of the response, and the attributes.
fn attempts() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let read = |row: &'static str| {
        let (name, attributes) = row.split_once(" | ").unwrap();
        let bytes = name
            .split_once(' ')
            .map(|(status, body)| response(status.parse().unwrap(), "", insert(body, &WORDS)));
        (name, bytes.unwrap_or_default(), attributes)
    };
    rows(include_str!("../data/spans.txt")).map(read).collect()
}

#[tokio::test]
async fn each_attempt_has_exactly_these_attributes() {
    for (name, bytes, attributes) in attempts() {
        let (spans, _guard) = collect_spans();
        let server = closing_server(bytes);
        let is_host = name.starts_with("http");
        let url = if is_host { name } else { server.base_url() };
        let builder = builder(url).retry(RetryPolicy::never());
        call(&builder.build().unwrap()).await;
        let spans = spans();
        assert_eq!(spans.len(), 1, "{name}: {spans:#?}");
        compare(name, &spans[0], url, attributes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_retry_has_a_span_of_its_own_in_the_callers_span() {
    let [(_, rejection, of_rejection), (_, success, of_success), ..] = &attempts()[..] else {
        panic!("no attempts")
    };
    for is_blocking in [false, true] {
        let (spans, _guard) = collect_spans();
        let server = sandbox_with(Fault::raw(&**rejection).times(2));
        server.push_fault(Fault::raw(&**success)).unwrap();
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
        for (span, attributes) in spans.iter().zip([
            *of_rejection,
            &format!("{of_rejection} http.request.resend_count=1"),
            &format!("{of_success} http.request.resend_count=2"),
        ]) {
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
    compare("dropped", &spans()[0], server.base_url(), "");
}
