//! The HTTP client: settings that no feature of another crate and no caller's builder can undo.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{redirect, retry};

use crate::error::{Error, Result};
use crate::validate::AppHost;

/// What the transport is made of.
pub(crate) struct TransportOptions {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) proxy: Option<reqwest::Proxy>,
    pub(crate) user_agent: String,
    /// The headers that every call has.
    pub(crate) headers: HeaderMap,
    #[cfg(feature = "rustls-no-provider")]
    pub(crate) tls: crate::tls::TlsOptions,
}

/// Applies our settings on top of a caller's builder.
///
/// What a caller may have set and keeps: name resolution, local addresses, keep-alive, headers.
pub(crate) fn http_client(
    builder: reqwest::ClientBuilder,
    host: &AppHost,
    options: TransportOptions,
) -> Result<reqwest::Client> {
    let mut builder = builder
        .http1_only()
        .redirect(redirect::Policy::none())
        // `never` alone still copies each request; a limit of 0 does not.
        .retry(retry::never().max_retries_per_request(0))
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // It would write requests and answers to the log.
        .connection_verbose(false)
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(options.pool_idle_timeout)
        .user_agent(options.user_agent)
        .default_headers(options.headers);
    if host.is_loopback || options.proxy.is_some() {
        // Nothing of this machine goes through a proxy of the environment.
        builder = builder.no_proxy();
    }
    if let Some(proxy) = options.proxy {
        builder = builder.proxy(proxy);
    }
    #[cfg(feature = "rustls-no-provider")]
    {
        let config = crate::tls::client_config(&options.tls, host.is_https)?;
        builder = builder.tls_backend_preconfigured(config);
    }
    builder
        .build()
        .map_err(|error| Error::config("the HTTP client cannot be built").with_source(error))
}
