//! Spans of calls, exported to standard output by OpenTelemetry: `cargo run --example opentelemetry`.
//!
//! A backend takes an exporter of its own (`opentelemetry-otlp`) for the one of standard output,
//! and a batch processor for the simple one; the rest stays.

#![expect(clippy::print_stdout, reason = "it speaks to a terminal")]

use std::error::Error;

use authing::AuthenticationClient;
use authing_sandbox::{Fault, Sandbox};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Instrument as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shop").build())
        .with_simple_exporter(opentelemetry_stdout::SpanExporter::default())
        .build();
    tracing_subscriber::registry()
        // The client's spans are at INFO. Below that, its dependencies write events of theirs.
        .with(LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("shop")))
        .init();

    let sandbox = Sandbox::start().await?;
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(authing_sandbox::DEFAULT_APP_ID)
        .build()?;

    // A throttled first attempt, so that there are two spans, in one of the backend's own.
    sandbox.push_fault(Fault::throttle(None))?;
    let code = sandbox.issue_code("+8613800138000")?;
    let request = client.get_wechat_miniprogram_phone(code, authing_sandbox::DEFAULT_CONNECTION);
    let handler = tracing::info_span!("POST /phone");
    request.into_future().instrument(handler).await?;

    provider.shutdown()?;
    println!("three spans: two attempts, and the handler that they belong to");
    Ok(())
}
