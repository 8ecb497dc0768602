//! The fixed settings of the HTTP client, which neither another crate's features nor the caller's
//! builder can change.

use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{ClientBuilder, Proxy, redirect, retry};
use url::Url;

use crate::error::{Error, Result};
use crate::validate::is_loopback;

/// Applies the fixed settings on top of the caller's builder.
pub(crate) fn fix(
    builder: ClientBuilder,
    host: &Url,
    proxy: Option<Proxy>,
) -> Result<ClientBuilder> {
    // A default header can be neither read nor removed in any other way.
    let settings = format!("{builder:?}");
    for framing in [CONTENT_LENGTH, TRANSFER_ENCODING] {
        if settings.contains(framing.as_str()) {
            let text = format!("http_client_builder has a default header {framing}");
            return Err(Error::config(text));
        }
    }
    let builder = builder
        .http1_only()
        .https_only(false)
        .redirect(redirect::Policy::none())
        // `never` alone still copies each request; a limit of 0 does not.
        .retry(retry::never().max_retries_per_request(0))
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // It would skip a malformed `transfer-encoding`, and so mistake where a body ends.
        .http1_ignore_invalid_headers_in_responses(false)
        // It would write requests and responses to the log.
        .connection_verbose(false);
    Ok(match proxy {
        Some(proxy) => builder.no_proxy().proxy(proxy),
        // The environment's proxies are not for this machine.
        None if is_loopback(host) => builder.no_proxy(),
        None => builder,
    })
}
