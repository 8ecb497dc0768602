//! A call that has not been sent yet, and the setters of its options.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::call::call;
use crate::client::AuthenticationClient;
use crate::error::Result;
use crate::operation::Operation;
use crate::options::{Options, invalid};

/// A call with the result `T`. It is sent when it is awaited, or by [`send`](Self::send).
///
/// Dropping its future closes the connection of a request in progress, which the service may still
/// process. Spawn the call as a task to keep its result if your own caller disconnects.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct Request<T> {
    client: AuthenticationClient,
    send: Box<dyn FnOnce(AuthenticationClient, Options) -> Sending<T> + Send + Sync>,
    options: Options,
}

/// Defines the setters of the options, for the async and for the blocking request.
macro_rules! option_setters {
    () => {
        crate::client::setters! {
            /// Sets an end user's access token, sent as `authorization: Bearer …` with this call
            /// only. Default: not sent.
            fn access_token(this, token: impl Into<String>) {
                this.options().access_token = Some(token.into())
            }
            /// Sets the language of the service's message, such as `en-US`. Default: the client's.
            fn lang(this, lang: impl Into<String>) { this.options().lang = Some(lang.into()) }
            /// Sets the end user's IP address, sent as `x-real-ip`; Authing's rate limits then
            /// count it instead of the server's. Default: not sent.
            fn real_ip(this, address: IpAddr) { this.options().real_ip = Some(address) }
            /// Sets the total timeout of this call, including retries and backoff. Default: the
            /// client's. Range: 10 ms to 5 min.
            fn timeout(this, timeout: Duration) { this.options().timeout = Some(timeout) }
        }
    };
}
#[cfg(feature = "blocking")]
pub(crate) use option_setters;

impl<T> Request<T> {
    /// Erases the type of an operation, except for its result.
    pub(crate) fn new<O: Operation<Output = T>>(
        client: AuthenticationClient,
        operation: O,
    ) -> Self {
        let options = Options::default();
        let send = Box::new(
            |client: AuthenticationClient, options: Options| -> Sending<T> {
                Box::pin(async move {
                    operation.check().map_err(invalid)?;
                    call(&client.shared, &operation, &options).await
                })
            },
        );
        Self {
            client,
            send,
            options,
        }
    }

    option_setters!();

    /// Sends the request, like `.await` on it.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) of any [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<T> {
        self.into_future().await
    }

    pub(crate) fn options(&mut self) -> &mut Options {
        &mut self.options
    }

    /// The timeout of this call, which is not checked yet.
    #[cfg(feature = "blocking")]
    pub(crate) fn deadline(&self) -> Duration {
        self.options.timeout.unwrap_or(self.client.shared.timeout)
    }
}

type Sending<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

impl<T> IntoFuture for Request<T> {
    type Output = Result<T>;
    type IntoFuture = Sending<T>;

    fn into_future(self) -> Self::IntoFuture {
        (self.send)(self.client, self.options)
    }
}

/// Does not show request data.
impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("client", &self.client)
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}
