//! What an OpenTelemetry exporter is given: one span per attempt, with exactly these attributes.
//!
//! Broken on purpose: an attribute more or less, `server.port` as an unsigned number (which the
//! exporter would show as text), `error.r#type` for `"error.type"` recorded under the raw name,
//! and a request id that is no UUID each turn a test here red.

use authing::{AuthenticationClient, AuthenticationClientBuilder, ErrorKind, RetryPolicy};
use authing_tests::judge::{Action, CutAt, Ending, Judge, Reply, Script, refused_addr};
use authing_tests::phone;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry::{Key, Value};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

const CODE: &str = "c0de5eed00112233445566778899aabbccddeeff0123456789abcdef01234567";
const TOKEN: &str = "t0ken-of-a-user";
const CONNECTION: &str = "shop-wxapp";
const REQUEST_ID: &str = "934108e5-9fbf-4d24-8da1-c330328abd6c";
const PATH: &str = "/api/v3/get-wechat-miniprogram-phone";

/// An exporter that this thread's spans go to, as long as the guard lives.
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
        // What the layer adds by itself, such as source lines and threads, is not ours to judge.
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("test"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        // The level of the spans; below it, dependencies add events of theirs.
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(layer);
        Self {
            spans,
            provider,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The finished spans in the order in which they ended.
    fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().unwrap();
        self.spans.get_finished_spans().unwrap()
    }

    fn only_span(&self) -> SpanData {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }
}

fn builder(host: &str) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(host)
        .app_id("the-app")
        .retry(RetryPolicy::never())
}

async fn call(client: &AuthenticationClient) -> Result<(), ErrorKind> {
    client
        .get_wechat_miniprogram_phone(CODE, CONNECTION)
        .access_token(TOKEN)
        .await
        .map(drop)
        .map_err(|error| error.kind())
}

/// The attributes that every span begins with, and the others, sorted.
fn attributes(addr: std::net::SocketAddr, others: &[(&'static str, Value)]) -> Vec<(Key, Value)> {
    let url = format!("http://{addr}{PATH}");
    let mut expected = vec![
        ("http.request.method", "POST".into()),
        ("server.address", addr.ip().to_string().into()),
        ("server.port", i64::from(addr.port()).into()),
        ("url.full", url.into()),
    ];
    expected.extend_from_slice(others);
    sorted(expected.into_iter().map(|(key, value)| (key.into(), value)))
}

fn sorted(pairs: impl Iterator<Item = (Key, Value)>) -> Vec<(Key, Value)> {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

/// Compares a span with what it must be, to the last attribute.
fn compare(span: &SpanData, expected: &[(Key, Value)], failed: bool) {
    let found = sorted(
        span.attributes
            .iter()
            .map(|each| (each.key.clone(), each.value.clone())),
    );
    assert_eq!(found, expected);
    assert_eq!(span.name, format!("POST {PATH}"));
    assert_eq!(span.span_kind, SpanKind::Client);
    let status = if failed {
        Status::error("")
    } else {
        Status::Unset
    };
    assert_eq!(span.status, status);
    assert_eq!(span.events.len(), 0, "{:?}", span.events);
    let shown = format!("{span:?}");
    for secret in [CODE, TOKEN, CONNECTION, &phone::phone_for_code("o", CODE)] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

/// A success whose request id is an id.
fn success() -> Reply {
    let number = phone::phone_for_code("o", CODE);
    Reply::json(
        200,
        &json!({"statusCode": 200, "message": CODE, "requestId": REQUEST_ID, "data": {
            "phoneNumber": format!("+86{number}"), "purePhoneNumber": number, "countryCode": "86",
        }}),
    )
}

#[tokio::test]
async fn a_success() {
    let exporter = Exporter::install();
    let judge = Judge::start(Script::always(success()));
    call(&builder(&judge.base_url()).build().unwrap())
        .await
        .unwrap();
    let expected = attributes(
        judge.addr(),
        &[
            ("http.response.status_code", 200.into()),
            ("authing.status_code", 200.into()),
            ("authing.request_id", REQUEST_ID.into()),
        ],
    );
    compare(&exporter.only_span(), &expected, false);
}

#[tokio::test]
async fn a_failure_of_the_service_s_own() {
    let exporter = Exporter::install();
    let refusal = json!({"statusCode": 403, "apiCode": 2011, "requestId": REQUEST_ID,
        "message": format!("{CODE} {TOKEN}")});
    let judge = Judge::start(Script::always(Reply::json(200, &refusal)));
    let kind = call(&builder(&judge.base_url()).build().unwrap()).await;
    assert_eq!(kind, Err(ErrorKind::Misconfigured));
    let expected = attributes(
        judge.addr(),
        &[
            ("http.response.status_code", 200.into()),
            ("error.type", "Misconfigured".into()),
            ("authing.status_code", 403.into()),
            ("authing.api_code", 2011.into()),
            ("authing.request_id", REQUEST_ID.into()),
            ("authing.code_state", "Unknown".into()),
        ],
    );
    compare(&exporter.only_span(), &expected, true);
}

/// WeChat's refusal comes under a success of Authing's, and is a failed span all the same. What
/// stands for the request id here is not one, and might be anything.
#[tokio::test]
async fn a_refused_code() {
    let exporter = Exporter::install();
    let refusal = json!({"statusCode": 200, "requestId": CODE,
        "data": {"errcode": 40029, "errmsg": format!("invalid code {CODE}")}});
    let judge = Judge::start(Script::always(Reply::json(200, &refusal)));
    let kind = call(&builder(&judge.base_url()).build().unwrap()).await;
    assert_eq!(kind, Err(ErrorKind::CodeRejected));
    let expected = attributes(
        judge.addr(),
        &[
            ("http.response.status_code", 200.into()),
            ("error.type", "CodeRejected".into()),
            ("authing.status_code", 200.into()),
            ("authing.code_state", "Spent".into()),
        ],
    );
    compare(&exporter.only_span(), &expected, true);
}

#[tokio::test]
async fn an_http_status_without_an_answer_of_the_service() {
    let exporter = Exporter::install();
    let page = Reply::new(503).body(format!("<html>{CODE}</html>"));
    let judge = Judge::start(Script::always(page));
    let kind = call(&builder(&judge.base_url()).build().unwrap()).await;
    assert_eq!(kind, Err(ErrorKind::Service));
    let expected = attributes(
        judge.addr(),
        &[
            ("http.response.status_code", 503.into()),
            ("error.type", "Service".into()),
            ("authing.code_state", "Unknown".into()),
        ],
    );
    compare(&exporter.only_span(), &expected, true);
}

#[tokio::test]
async fn no_connection() {
    let exporter = Exporter::install();
    let addr = refused_addr();
    let kind = call(&builder(&format!("http://{addr}")).build().unwrap()).await;
    assert_eq!(kind, Err(ErrorKind::Connect));
    let expected = attributes(
        addr,
        &[
            ("error.type", "Connect".into()),
            ("authing.code_state", "Unspent".into()),
        ],
    );
    compare(&exporter.only_span(), &expected, true);
}

#[tokio::test]
async fn a_broken_connection() {
    let exporter = Exporter::install();
    let judge = Judge::start(Script::always(Action::cut(CutAt::Request, Ending::Fin)));
    let kind = call(&builder(&judge.base_url()).build().unwrap()).await;
    assert_eq!(kind, Err(ErrorKind::Transport));
    let expected = attributes(
        judge.addr(),
        &[
            ("error.type", "Transport".into()),
            ("authing.code_state", "Unknown".into()),
        ],
    );
    compare(&exporter.only_span(), &expected, true);
}

/// Each attempt has its own span, all in the caller's.
#[tokio::test]
async fn a_retry() {
    let exporter = Exporter::install();
    let throttled = Reply::json(429, &json!({"statusCode": 429, "message": "slow down"}));
    let judge = Judge::start(Script::sequence([
        throttled.clone().into(),
        throttled.into(),
        success().into(),
    ]));
    let client = builder(&judge.base_url())
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    let handler = tracing::info_span!("handler");
    call(&client).instrument(handler.clone()).await.unwrap();
    drop(handler);

    let spans = exporter.spans();
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let handler = &spans[3];
    assert_eq!(handler.name, "handler");
    for (resent, span) in (0_i64..).zip(&spans[..3]) {
        let succeeded = resent == 2;
        let mut others: Vec<(&'static str, Value)> = if succeeded {
            vec![
                ("http.response.status_code", 200.into()),
                ("authing.status_code", 200.into()),
                ("authing.request_id", REQUEST_ID.into()),
            ]
        } else {
            vec![
                ("http.response.status_code", 429.into()),
                ("error.type", "Throttled".into()),
                ("authing.status_code", 429.into()),
                ("authing.code_state", "Unspent".into()),
            ]
        };
        if resent > 0 {
            others.push(("http.request.resend_count", resent.into()));
        }
        compare(span, &attributes(judge.addr(), &others), !succeeded);
        assert_eq!(span.parent_span_id, handler.span_context.span_id());
    }
}

/// What a caller gave up has no outcome: neither success nor failure is claimed.
#[tokio::test]
async fn a_call_that_was_dropped() {
    let exporter = Exporter::install();
    let judge = Judge::start(Script::always(Action::NeverAnswer));
    let client = builder(&judge.base_url()).build().unwrap();
    let patience = std::time::Duration::from_millis(200);
    tokio::time::timeout(patience, call(&client))
        .await
        .unwrap_err();
    compare(&exporter.only_span(), &attributes(judge.addr(), &[]), false);
}

/// The blocking client's spans are the same, and belong to the caller's span too.
#[test]
fn a_blocking_call() {
    let exporter = Exporter::install();
    let judge = Judge::start(Script::always(success()));
    let client = builder(&judge.base_url()).build_blocking().unwrap();
    let handler = tracing::info_span!("handler");
    handler.in_scope(|| {
        let request = client.get_wechat_miniprogram_phone(CODE, CONNECTION);
        request.access_token(TOKEN).send().map(drop).unwrap();
    });
    drop(handler);

    // The thread lets go of the caller's span a little after the answer.
    let begun = std::time::Instant::now();
    while exporter.spans().len() < 2 && begun.elapsed().as_secs() < 5 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let spans = exporter.spans();
    assert_eq!(spans.len(), 2, "{spans:#?}");
    let expected = attributes(
        judge.addr(),
        &[
            ("http.response.status_code", 200.into()),
            ("authing.status_code", 200.into()),
            ("authing.request_id", REQUEST_ID.into()),
        ],
    );
    compare(&spans[0], &expected, false);
    assert_eq!(spans[0].parent_span_id, spans[1].span_context.span_id());
}
