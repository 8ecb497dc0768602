//! The builder of a client: options, their defaults and their ranges.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HOST, HeaderMap, HeaderName};
use url::{Position, Url};

use crate::client::{AuthenticationClient, Shared, setters};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use crate::transport;
use crate::validate::{self, MAX_DURATION, MIN_TIMEOUT, Problem, is_https, is_loopback};

const APP_ID: HeaderName = HeaderName::from_static("x-authing-app-id");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const USERPOOL_ID: HeaderName = HeaderName::from_static("x-authing-userpool-id");

/// A builder of an [`AuthenticationClient`] or, with the feature `blocking`, of a
/// `blocking::AuthenticationClient`.
///
/// Required: [`app_host`](Self::app_host), and [`app_id`](Self::app_id) or
/// [`userpool_id`](Self::userpool_id). `build` checks all options and names the one that is wrong.
/// No option disables certificate verification.
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthenticationClientBuilder<C = AuthenticationClient> {
    app_host: Option<String>,
    app_id: Option<String>,
    userpool_id: Option<String>,
    lang: Option<String>,
    timeout: Duration,
    connect_timeout: Option<Duration>,
    pool_idle_timeout: Duration,
    retry: RetryPolicy,
    max_response_bytes: usize,
    root_certificates_pem: Vec<Vec<u8>>,
    identity_pem: Option<Vec<u8>>,
    proxy: Option<String>,
    user_agent: Option<String>,
    allow_plain_http: bool,
    http_client_builder: reqwest::ClientBuilder,
    client: PhantomData<fn() -> C>,
}

impl AuthenticationClient {
    /// Returns a builder with the default options.
    pub fn builder() -> AuthenticationClientBuilder {
        AuthenticationClientBuilder::new()
    }

    /// Builds a client with [`AuthenticationClientBuilder::from_env`], and with the errors of
    /// [`build`](AuthenticationClientBuilder::build).
    pub fn from_env() -> Result<Self> {
        AuthenticationClientBuilder::from_env().build()
    }
}

impl AuthenticationClientBuilder {
    /// Returns a builder with the values of `AUTHING_APP_HOST`, `AUTHING_APP_ID`,
    /// `AUTHING_USERPOOL_ID` and `AUTHING_LANG`.
    ///
    /// An empty variable counts as unset. Later setters replace what was read, valid or not.
    pub fn from_env() -> Self {
        Self::new().with_env()
    }

    /// Builds the client. Reads the system's trust store, does no other I/O, and never panics.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with the option that is missing or invalid.
    pub fn build(self) -> Result<AuthenticationClient> {
        self.build_async()
    }
}

impl<C> AuthenticationClientBuilder<C> {
    pub(crate) fn new() -> Self {
        Self {
            app_host: None,
            app_id: None,
            userpool_id: None,
            lang: None,
            timeout: Duration::from_secs(10),
            connect_timeout: None,
            pool_idle_timeout: Duration::from_secs(4),
            retry: RetryPolicy::default(),
            max_response_bytes: 64 * 1024,
            root_certificates_pem: Vec::new(),
            identity_pem: None,
            proxy: None,
            user_agent: None,
            allow_plain_http: false,
            http_client_builder: reqwest::Client::builder(),
            client: PhantomData,
        }
    }

    pub(crate) fn with_env(mut self) -> Self {
        // U+FFFD in place of invalid UTF-8 is rejected by `build`, unless a setter replaces it.
        let read = |name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().into_owned())
        };
        self.app_host = read("AUTHING_APP_HOST");
        self.app_id = read("AUTHING_APP_ID");
        self.userpool_id = read("AUTHING_USERPOOL_ID");
        self.lang = read("AUTHING_LANG");
        self
    }

    setters! {
        /// Sets the host of the application as a URL without a path: `https://example.authing.cn`,
        /// or the host of a private deployment. Required. The Authing console shows it.
        fn app_host(this, host: impl Into<String>) { this.app_host = Some(host.into()) }
        /// Sets the application ID, sent as `x-authing-app-id`. Required without `userpool_id`.
        fn app_id(this, app_id: impl Into<String>) { this.app_id = Some(app_id.into()) }
        /// Sets the user pool ID, sent as `x-authing-userpool-id`. Default: not sent.
        fn userpool_id(this, id: impl Into<String>) { this.userpool_id = Some(id.into()) }
        /// Sets the language of the service's messages, such as `en-US`. Default: not sent, which
        /// means `zh-CN`.
        fn lang(this, lang: impl Into<String>) { this.lang = Some(lang.into()) }
        /// Sets the total timeout of a call, including retries and backoff. Default: 10 s. Range:
        /// 10 ms to 5 min, the lifetime of a code.
        fn timeout(this, timeout: Duration) { this.timeout = timeout }
        /// Sets the timeout of connecting, including TLS. Default: 3 s, or half of
        /// [`timeout`](Self::timeout) if that is less. Range: 10 ms to 5 min.
        ///
        /// Keep it below `timeout`: after a connect timeout the code is known to be unused.
        fn connect_timeout(this, timeout: Duration) { this.connect_timeout = Some(timeout) }
        /// Sets how long an idle connection is kept for reuse. Default: 4 s. Range: 0 to 5 min.
        ///
        /// The default is below the 5 s of Node.js, on which Authing runs: a call on a connection
        /// that is being closed fails as [`Transport`](crate::ErrorKind::Transport). Increase it
        /// only if the service and all gateways keep idle connections longer.
        ///
        /// With [`Duration::ZERO`] no connection is used twice: each call costs a TLS handshake,
        /// but cannot read a response that was sent for an earlier one.
        fn pool_idle_timeout(this, timeout: Duration) { this.pool_idle_timeout = timeout }
        /// Sets how often a call is retried. Default: [`RetryPolicy::default`].
        fn retry(this, retry: RetryPolicy) { this.retry = retry }
        /// Sets the size of the largest response body to accept, in bytes. Default: 64 KiB,
        /// more than a hundred times the usual size. Range: 1 KiB to 16 MiB.
        fn max_response_bytes(this, bytes: usize) { this.max_response_bytes = bytes }
        /// Adds root CA certificates in PEM format to those of the system. Can be called
        /// repeatedly. Default: none.
        ///
        /// A server that presents a CA certificate as its own is rejected.
        fn add_root_certificate_pem(this, pem: impl Into<Vec<u8>>) {
            this.root_certificates_pem.push(pem.into())
        }
        /// Sets the client certificate (mutual TLS) in PEM format: the certificate, its
        /// intermediate certificates, and the private key. Default: none.
        ///
        /// A service with plain http does not get it. If the service and the proxy both use https
        /// and the proxy requests a client certificate, the proxy gets it too.
        fn identity_pem(this, pem: impl Into<Vec<u8>>) { this.identity_pem = Some(pem.into()) }
        /// Sets the proxy of all requests as an http or https URL, such as
        /// `http://user:password@proxy.example:3128`. Default: `HTTPS_PROXY`, `HTTP_PROXY`,
        /// `ALL_PROXY` and `NO_PROXY` from the environment, except for a loopback host.
        ///
        /// If `app_host` is plain http, a proxy on another machine needs `allow_plain_http`.
        fn proxy(this, proxy: impl Into<String>) { this.proxy = Some(proxy.into()) }
        /// Sets the application's part of the `user-agent` header, such as `shop/1.2`; the part of
        /// this crate follows. Default: none.
        fn user_agent(this, application: impl Into<String>) {
            this.user_agent = Some(application.into())
        }
        /// Allows plain http to another machine, so that everyone in between can read codes and
        /// phone numbers. Default: false, which allows it only to a loopback host.
        fn allow_plain_http(this, allow: bool) { this.allow_plain_http = allow }
        /// Sets the `reqwest` client builder to start from, for options that this builder does not
        /// have. Default: `reqwest::Client::builder()`. Our settings are applied on top of it.
        ///
        /// Kept: name resolution, local addresses, TCP options, `pool_max_idle_per_host`, connector
        /// layers, cookie store, default headers, other `http1_` options, proxies, and timeouts,
        /// which can only shorten a call. `resolve("localhost", …)` can send plain http to another
        /// machine.
        ///
        /// Replaced: HTTP version (1.1), redirects (none), retries, `referer`, decompression
        /// (none), `http1_ignore_invalid_headers_in_responses` (false), `connection_verbose`,
        /// `https_only`, `connect_timeout`, `pool_idle_timeout`, user agent, all of TLS, headers
        /// that the client sets, and proxies for a loopback host or if `proxy` is set. `build`
        /// rejects default headers `content-length` and `transfer-encoding`.
        fn http_client_builder(this, reqwest: reqwest::ClientBuilder) {
            this.http_client_builder = reqwest
        }
    }

    /// Builds the async client.
    pub(crate) fn build_async(self) -> Result<AuthenticationClient> {
        let host = self.checked_host()?;
        let headers = self.headers(&host)?;
        let proxy = self.checked_proxy(&host)?;
        validate::timeout(self.timeout).map_err(config("timeout"))?;
        let default = CONNECT_TIMEOUT.min(self.timeout / 2).max(MIN_TIMEOUT);
        let connect_timeout = self.connect_timeout.unwrap_or(default);
        validate::timeout(connect_timeout).map_err(config("connect_timeout"))?;
        validate::in_range(self.pool_idle_timeout, Duration::ZERO..=MAX_DURATION)
            .map_err(config("pool_idle_timeout"))?;
        validate::in_range(self.max_response_bytes, 1 << 10..=16 << 20)
            .map_err(config("max_response_bytes"))?;
        validate::in_range(self.retry.max_retries, 0..=5).map_err(config("max_retries"))?;
        let http = self.http_client_builder;
        #[cfg(feature = "rustls-no-provider")]
        let http = http.tls_backend_preconfigured(crate::tls::client_config(
            &self.root_certificates_pem,
            self.identity_pem.as_deref(),
            is_https(&host),
            is_https(&host) || !is_loopback(&host) || proxy.is_some(),
        )?);
        let mut http = transport::fix(http, &host, proxy)?
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(self.pool_idle_timeout)
            .user_agent(user_agent(self.user_agent)?)
            .default_headers(headers);
        if self.pool_idle_timeout.is_zero() {
            http = http.pool_max_idle_per_host(0);
        }
        let failed = |error| Error::config("the HTTP client cannot be built").with_source(error);
        let shared = Arc::new(Shared {
            http: http.build().map_err(failed)?,
            host: host.into(),
            timeout: self.timeout,
            retry: self.retry,
            max_response_bytes: self.max_response_bytes,
        });
        Ok(AuthenticationClient { shared })
    }

    fn checked_host(&self) -> Result<Url> {
        let Some(app_host) = &self.app_host else {
            return Err(Error::config(
                "app_host is missing (or set AUTHING_APP_HOST)",
            ));
        };
        let host = validate::app_host(app_host).map_err(config("app_host"))?;
        if !is_https(&host) && !is_loopback(&host) && !self.allow_plain_http {
            let text = "app_host is plain http; use https, or allow_plain_http(true)";
            return Err(Error::config(text));
        }
        let has_pem = !self.root_certificates_pem.is_empty() || self.identity_pem.is_some();
        if cfg!(not(feature = "rustls-no-provider")) && (is_https(&host) || has_pem) {
            let text = "https is not compiled in; enable the feature `rustls`";
            return Err(Error::config(text));
        }
        Ok(host)
    }

    fn checked_proxy(&self, host: &Url) -> Result<Option<reqwest::Proxy>> {
        let Some(proxy) = &self.proxy else {
            return Ok(None);
        };
        let url = validate::proxy(proxy).map_err(config("proxy"))?;
        if !is_https(host) && !is_loopback(&url) && !self.allow_plain_http {
            return Err(Error::config(
                "proxy is on another machine and app_host is plain http; use https, or \
                 allow_plain_http(true)",
            ));
        }
        // reqwest's error is dropped: it can quote the URL, which can contain a password.
        let proxy = reqwest::Proxy::all(url).map_err(|_| Error::config("proxy is invalid"))?;
        Ok(Some(proxy))
    }

    /// The headers of every call.
    fn headers(&self, host: &Url) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        // The HTTP client would make the same value of the URL, again for each call.
        let authority = &host[Position::BeforeHost..Position::AfterPort];
        let value = validate::header(authority).map_err(config("app_host"))?;
        headers.insert(HOST, value);
        if self.app_id.is_none() && self.userpool_id.is_none() {
            let text = "app_id is missing (or set AUTHING_APP_ID), and so is userpool_id";
            return Err(Error::config(text));
        }
        let id: fn(&str) -> _ = validate::id;
        for (name, header, value, check) in [
            ("app_id", APP_ID, &self.app_id, id),
            ("userpool_id", USERPOOL_ID, &self.userpool_id, id),
            ("lang", validate::LANG, &self.lang, validate::language),
        ] {
            if let Some(value) = value {
                headers.insert(header, check(value).map_err(config(name))?);
            }
        }
        Ok(headers)
    }
}

fn config(name: &'static str) -> impl Fn(Problem) -> Error {
    move |problem| Error::config(format!("{name} {problem}"))
}

fn user_agent(application: Option<String>) -> Result<String> {
    const OURS: &str = concat!("authing-rust/", env!("CARGO_PKG_VERSION"));
    let Some(application) = application else {
        return Ok(OURS.to_owned());
    };
    validate::user_agent(&application).map_err(config("user_agent"))?;
    Ok(application + " " + OURS)
}

/// Shows nothing: options can contain secrets.
impl<C> fmt::Debug for AuthenticationClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationClientBuilder { .. }")
    }
}
