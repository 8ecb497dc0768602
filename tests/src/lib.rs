//! Helpers that the test files share: a client builder, certificates, secrets, raw servers.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a helper that cannot do its work must stop the test"
)]

pub mod canaries;
pub mod certs;
pub mod child;
pub mod raw;

use std::sync::Arc;
use std::time::{Duration, Instant};

use authing::{AuthenticationClient, AuthenticationClientBuilder};

/// The application of every call, which the sandbox knows.
pub const APP_ID: &str = authing_sandbox::DEFAULT_APP_ID;
/// The identity source connection of every call.
pub const CONNECTION: &str = "my-wxapp";
/// Longer than anything takes on a busy machine: the deadline of calls that must not reach it.
pub const WIDE: Duration = Duration::from_secs(30);

/// Returns a builder for a client of the server at this base URL.
pub fn builder(base_url: impl Into<String>) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(base_url)
        .app_id(APP_ID)
        .timeout(WIDE)
}

/// Returns a random code in the form of WeChat's: 64 hexadecimal characters.
pub fn random_code() -> String {
    (0..4)
        .map(|_| format!("{:016x}", fastrand::u64(..)))
        .collect()
}

/// Returns `full` if the environment says `AUTHING_STRESS=full`, otherwise `default`.
pub fn stress<T>(default: T, full: T) -> T {
    match std::env::var("AUTHING_STRESS") {
        Ok(value) if value == "full" => full,
        _ => default,
    }
}

/// Waits until the condition holds, at most for [`WIDE`], and returns how long that took.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < WIDE, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

/// Returns plain reqwest, the careless client of the control tests. It trusts no certificate.
pub fn plain_reqwest() -> reqwest::ClientBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(config)
}
