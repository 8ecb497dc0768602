//! How a client is made.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HOST, HeaderMap, HeaderName};

use crate::client::{AuthenticationClient, Shared};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use crate::transport::{TransportOptions, http_client};
use crate::validate::{self, AppHost, MAX_ID_LENGTH, Refusal, named};

const APP_ID: HeaderName = HeaderName::from_static("x-authing-app-id");
const USERPOOL_ID: HeaderName = HeaderName::from_static("x-authing-userpool-id");
pub(crate) const LANG: HeaderName = HeaderName::from_static("x-authing-lang");

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Makes an [`AuthenticationClient`].
///
/// What is needed: [`app_host`](Self::app_host), and [`app_id`](Self::app_id) or
/// [`userpool_id`](Self::userpool_id). All input is checked by [`build`](Self::build), which names
/// what is wrong.
///
/// There is no option that turns the verification of certificates off.
#[must_use = "a builder does nothing until it is built"]
pub struct AuthenticationClientBuilder {
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
    /// A variable of the environment that is not text; told by `build`.
    unreadable_variable: Option<&'static str>,
}

impl AuthenticationClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            app_host: None,
            app_id: None,
            userpool_id: None,
            lang: None,
            timeout: DEFAULT_TIMEOUT,
            connect_timeout: None,
            pool_idle_timeout: DEFAULT_POOL_IDLE_TIMEOUT,
            retry: RetryPolicy::default(),
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            root_certificates_pem: Vec::new(),
            identity_pem: None,
            proxy: None,
            user_agent: None,
            allow_plain_http: false,
            http_client_builder: reqwest::Client::builder(),
            unreadable_variable: None,
        }
    }

    /// A builder that starts from the environment: `AUTHING_APP_HOST`, `AUTHING_APP_ID`,
    /// `AUTHING_USERPOOL_ID` and `AUTHING_LANG`. A variable that is empty counts as absent; what
    /// is set afterwards wins.
    pub fn from_env() -> Self {
        let mut builder = Self::new();
        let mut read = |name: &'static str| match std::env::var(name) {
            Ok(value) => Some(value).filter(|value| !value.is_empty()),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => {
                builder.unreadable_variable = Some(name);
                None
            }
        };
        let app_host = read("AUTHING_APP_HOST");
        let app_id = read("AUTHING_APP_ID");
        let userpool_id = read("AUTHING_USERPOOL_ID");
        let lang = read("AUTHING_LANG");
        Self {
            app_host,
            app_id,
            userpool_id,
            lang,
            ..builder
        }
    }

    /// The application's own host, as a URL without a path: `https://example.authing.cn`, or the
    /// host of a private deployment. Every application has its own; it stands in the console.
    pub fn app_host(mut self, app_host: impl Into<String>) -> Self {
        self.app_host = Some(app_host.into());
        self
    }

    /// The application's id (24 hexadecimal digits in the console), sent as `x-authing-app-id`.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// The user pool's id, sent as `x-authing-userpool-id`, in place of the application's or with
    /// it.
    pub fn userpool_id(mut self, userpool_id: impl Into<String>) -> Self {
        self.userpool_id = Some(userpool_id.into());
        self
    }

    /// The language of the service's messages, such as `en-US`; the service's own default is
    /// `zh-CN`.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.lang = Some(lang.into());
        self
    }

    /// The time for a whole call, retries and waits included. 10 seconds by default; from 10
    /// milliseconds to 5 minutes, which is as long as a code lives.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The time for connecting, TLS included. 3 seconds by default, or half of
    /// [`timeout`](Self::timeout) if that is less; from 10 milliseconds to 5 minutes.
    ///
    /// Keep it below the call's time: only a connect deadline that passes first can tell that
    /// nothing was sent.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = Some(connect_timeout);
        self
    }

    /// How long a connection without work is kept, 10 seconds by default; from none to 5 minutes.
    ///
    /// Keep it below what gateways on the way do: a connection that the other side closed in the
    /// meantime is the commonest failure in practice.
    pub fn pool_idle_timeout(mut self, pool_idle_timeout: Duration) -> Self {
        self.pool_idle_timeout = pool_idle_timeout;
        self
    }

    /// Whether and how failed calls are retried.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The largest answer to accept, in bytes. 64 KiB by default, a hundred times what is normal;
    /// from 1 KiB to 16 MiB.
    pub fn max_response_bytes(mut self, max_response_bytes: usize) -> Self {
        self.max_response_bytes = max_response_bytes;
        self
    }

    /// Trusts the authorities of a PEM text as well, on top of the system's. May be called more
    /// than once. For private deployments with an authority of their own.
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates_pem.push(pem.into());
        self
    }

    /// Presents a client certificate (mTLS): a PEM text with the certificate, those that lead up
    /// to its authority, and the private key.
    pub fn identity_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity_pem = Some(pem.into());
        self
    }

    /// Sends everything through a proxy, given as a URL: `http://user:password@proxy.example:3128`.
    ///
    /// Without this, the environment's `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count, save for
    /// a loopback host.
    pub fn proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    /// The application's part of the `user-agent` header, such as `shop/1.2`; this library's part
    /// follows it.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Allows plain `http` to a host that is not this machine. Codes and phone numbers then cross
    /// the network for everyone on the way to read.
    pub fn allow_plain_http(mut self, allow_plain_http: bool) -> Self {
        self.allow_plain_http = allow_plain_http;
        self
    }

    /// Starts from a `reqwest` client builder of the caller's, for what this builder does not
    /// offer. Ours is applied on top, so that no promise is lost.
    ///
    /// It may set, and keeps: name resolution (`resolve`, `dns_resolver`), local addresses and
    /// interfaces, TCP options, `pool_max_idle_per_host`, a `connector_layer`, a cookie store,
    /// default headers, proxies (but see below), and timeouts, which can end a call earlier and
    /// never later.
    ///
    /// Ours overrides, and what was set of it is lost: the version of HTTP (1.1), redirects (none),
    /// retries (none of reqwest's), `referer`, decompression (none), `connection_verbose` (off),
    /// `connect_timeout`, `pool_idle_timeout`, the user agent, all of TLS (rustls, verifying:
    /// authorities, client certificates, versions and all that accepts invalid certificates
    /// included; use [`root_certificate_pem`](Self::root_certificate_pem) and
    /// [`identity_pem`](Self::identity_pem)), headers that a call or this builder sets (`host`
    /// among them), and proxies for a loopback host or where [`proxy`](Self::proxy) is given.
    // reqwest's type is public here on purpose: whoever calls this already depends on it.
    pub fn http_client_builder(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http_client_builder = builder;
        self
    }

    /// Makes the client. Does no I/O but for reading the system's trust store, and never panics.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with the name of the option that is absent
    /// or wrong.
    pub fn build(self) -> Result<AuthenticationClient> {
        let host = self.checked_host()?;
        let headers = self.headers(&host)?;
        let timeout = check_timeout(self.timeout).map_err(config("timeout"))?;
        let connect_timeout = match self.connect_timeout {
            Some(given) => check_timeout(given).map_err(config("connect_timeout"))?,
            None => DEFAULT_CONNECT_TIMEOUT.min(timeout / 2),
        };
        validate::duration(self.pool_idle_timeout, Duration::ZERO..=TIMEOUTS.1)
            .map_err(config("pool_idle_timeout"))?;
        validate::in_range(self.max_response_bytes, 1 << 10..=16 << 20, |n| {
            format!("{n} bytes")
        })
        .map_err(config("max_response_bytes"))?;
        let http = http_client(
            self.http_client_builder,
            &host,
            TransportOptions {
                connect_timeout,
                pool_idle_timeout: self.pool_idle_timeout,
                proxy: self.proxy.as_deref().map(proxy).transpose()?,
                user_agent: user_agent(self.user_agent.as_deref())?,
                headers,
                #[cfg(feature = "rustls-no-provider")]
                tls: crate::tls::TlsOptions {
                    root_certificates_pem: self.root_certificates_pem,
                    identity_pem: self.identity_pem,
                },
            },
        )?;
        Ok(AuthenticationClient::new(Shared {
            http,
            host,
            timeout,
            retry: self.retry,
            max_response_bytes: self.max_response_bytes,
        }))
    }

    fn checked_host(&self) -> Result<AppHost> {
        if let Some(name) = self.unreadable_variable {
            return Err(Error::config(named(
                name,
                "in the environment is not UTF-8",
            )));
        }
        let app_host = self.app_host.as_deref().ok_or_else(|| {
            Error::config("app_host is missing (AUTHING_APP_HOST in the environment)")
        })?;
        let host = validate::app_host(app_host).map_err(config("app_host"))?;
        if !host.is_https && !host.is_loopback && !self.allow_plain_http {
            return Err(Error::config(
                "app_host is plain http, which anybody on the way can read; use https, or \
                 allow_plain_http(true)",
            ));
        }
        let tls_asked = !self.root_certificates_pem.is_empty() || self.identity_pem.is_some();
        if cfg!(not(feature = "rustls-no-provider")) && (host.is_https || tls_asked) {
            return Err(Error::config(
                "https needs TLS, which is not compiled in: switch on the feature `rustls`",
            ));
        }
        Ok(host)
    }

    /// The headers that every call has.
    fn headers(&self, host: &AppHost) -> Result<HeaderMap> {
        if self.app_id.is_none() && self.userpool_id.is_none() {
            return Err(Error::config(
                "app_id is missing (AUTHING_APP_ID in the environment), and so is userpool_id",
            ));
        }
        let mut headers = HeaderMap::new();
        // The HTTP client would make the same of the URL, anew for each call.
        let value = validate::header(host.authority(), false).map_err(config("app_host"))?;
        headers.insert(HOST, value);
        let ids = [
            ("app_id", APP_ID, &self.app_id),
            ("userpool_id", USERPOOL_ID, &self.userpool_id),
        ];
        for (name, header, id) in ids {
            if let Some(id) = id {
                let value = validate::visible_ascii(id, MAX_ID_LENGTH)
                    .and_then(|()| validate::header(id, false))
                    .map_err(config(name))?;
                headers.insert(header, value);
            }
        }
        if let Some(lang) = &self.lang {
            let value = validate::language(lang)
                .and_then(|()| validate::header(lang, false))
                .map_err(config("lang"))?;
            headers.insert(LANG, value);
        }
        Ok(headers)
    }
}

/// The shortest and the longest deadline.
const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(300));

/// A deadline in its range.
pub(crate) fn check_timeout(timeout: Duration) -> Result<Duration, Refusal> {
    validate::duration(timeout, TIMEOUTS.0..=TIMEOUTS.1).map(|()| timeout)
}

fn config(name: &'static str) -> impl Fn(Refusal) -> Error {
    move |refusal| Error::config(named(name, refusal))
}

fn proxy(value: &str) -> Result<reqwest::Proxy> {
    // reqwest's own error is not kept: it may quote the URL, and that may hold a password.
    validate::visible_ascii(value, MAX_ID_LENGTH)
        .and_then(|()| {
            let known = ["http://", "https://"]
                .iter()
                .any(|scheme| value.starts_with(scheme));
            let proxy = reqwest::Proxy::all(value).ok().filter(|_| known);
            proxy.ok_or_else(|| "is not a URL such as http://proxy.example:3128".to_owned())
        })
        .map_err(config("proxy"))
}

fn user_agent(application: Option<&str>) -> Result<String> {
    const OURS: &str = concat!("authing-rust/", env!("CARGO_PKG_VERSION"));
    let Some(application) = application else {
        return Ok(OURS.to_owned());
    };
    validate::user_agent(application).map_err(config("user_agent"))?;
    Ok(format!("{application} {OURS}"))
}

/// Shows what was set, but no certificate, key or proxy, as these may hold secrets.
impl fmt::Debug for AuthenticationClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationClientBuilder")
            .field(
                "app_host",
                &self
                    .app_host
                    .as_deref()
                    .and_then(|h| validate::app_host(h).ok()),
            )
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("retry", &self.retry)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("root_certificates", &self.root_certificates_pem.len())
            .field("has_identity", &self.identity_pem.is_some())
            .field("has_proxy", &self.proxy.is_some())
            .field("allow_plain_http", &self.allow_plain_http)
            .finish_non_exhaustive()
    }
}

/// Runs in a build without TLS alone: `cargo xtask ci features`.
#[cfg(all(test, not(feature = "rustls-no-provider")))]
mod without_tls {
    use super::*;
    use crate::error::ErrorKind;

    fn builder(app_host: &str) -> AuthenticationClientBuilder {
        AuthenticationClientBuilder::new()
            .app_host(app_host)
            .app_id("app")
    }

    #[test]
    fn https_is_a_config_error_that_names_the_feature() {
        for builder in [
            builder("https://example.authing.cn"),
            builder("http://127.0.0.1:8787").root_certificate_pem("pem"),
            builder("http://127.0.0.1:8787").identity_pem("pem"),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(
                error.to_string().contains("the feature `rustls`"),
                "{error}"
            );
        }
        builder("http://127.0.0.1:8787").build().unwrap();
    }
}
