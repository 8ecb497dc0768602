//! A call that has not been sent yet, and the options it can be given.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};

use crate::builder::{LANG, check_timeout};
use crate::call::call;
use crate::client::AuthenticationClient;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::validate::{self, MAX_TOKEN_LENGTH, Refusal, named};

const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// A call that is sent when it is awaited, or by [`send`](Self::send).
///
/// Dropping it, or the future it becomes, closes the connection of a request on its way; whether
/// the service carried that request out is then unknown.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct Request<O> {
    client: AuthenticationClient,
    operation: O,
    options: CallOptions,
}

/// What one call may set for itself.
#[derive(Default)]
pub(crate) struct CallOptions {
    token: Option<Token>,
    lang: Option<String>,
    real_ip: Option<IpAddr>,
    pub(crate) timeout: Option<Duration>,
}

/// An end user's access token, by the form in which it is sent.
enum Token {
    Bearer(String),
    Bare(String),
}

impl<O: Operation> Request<O> {
    pub(crate) fn new(client: AuthenticationClient, operation: O) -> Self {
        Self {
            client,
            operation,
            options: CallOptions::default(),
        }
    }

    /// An end user's access token, sent as `authorization: Bearer …` with this call alone.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(Token::Bearer(token.into()));
        self
    }

    /// The same without the word `Bearer`, as half of the vendor's libraries send it.
    pub fn bare_token(mut self, token: impl Into<String>) -> Self {
        self.options.token = Some(Token::Bare(token.into()));
        self
    }

    /// The language of the service's message, such as `en-US`, for this call.
    pub fn lang(mut self, lang: impl Into<String>) -> Self {
        self.options.lang = Some(lang.into());
        self
    }

    /// The end user's address, which the service's limits then count in place of the backend's.
    pub fn real_ip(mut self, address: IpAddr) -> Self {
        self.options.real_ip = Some(address);
        self
    }

    /// The time for this call, retries and waits included; from 10 milliseconds to 5 minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    ///
    /// An [`Error`] of any [`ErrorKind`](crate::ErrorKind) but `Config`.
    pub async fn send(self) -> Result<O::Output> {
        self.operation.check().map_err(Error::invalid_argument)?;
        let headers = self.options.headers()?;
        call(
            self.client.shared(),
            &self.operation,
            &self.options,
            headers,
        )
        .await
    }
}

impl<O: Operation> IntoFuture for Request<O> {
    type Output = Result<O::Output>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl CallOptions {
    /// The headers of this call, besides those that every call has.
    fn headers(&self) -> Result<HeaderMap> {
        self.check_timeout()?;
        let mut headers = HeaderMap::new();
        if let Some(token) = &self.token {
            let (name, token, form) = match token {
                Token::Bearer(token) => ("access_token", token, "Bearer "),
                Token::Bare(token) => ("bare_token", token, ""),
            };
            let value = validate::visible_ascii(token, MAX_TOKEN_LENGTH)
                .and_then(|()| validate::header(&format!("{form}{token}"), true))
                .map_err(argument(name))?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(lang) = &self.lang {
            let value = validate::language(lang)
                .and_then(|()| validate::header(lang, false))
                .map_err(argument("lang"))?;
            headers.insert(LANG, value);
        }
        if let Some(address) = self.real_ip {
            let value =
                validate::header(&address.to_string(), false).map_err(argument("real_ip"))?;
            headers.insert(REAL_IP, value);
        }
        Ok(headers)
    }

    fn check_timeout(&self) -> Result<()> {
        self.timeout.map_or(Ok(()), |timeout| {
            check_timeout(timeout)
                .map(drop)
                .map_err(argument("timeout"))
        })
    }
}

fn argument(name: &'static str) -> impl Fn(Refusal) -> Error {
    move |refusal| Error::invalid_argument(named(name, refusal))
}

/// Shows where the request goes and nothing of what it carries.
impl<O: Operation> fmt::Debug for Request<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("path", &O::PATH)
            .field("client", &self.client)
            .field("has_token", &self.options.token.is_some())
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}
