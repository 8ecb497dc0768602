//! The client for callers without an async runtime.
//!
//! ```no_run
//! # fn example(code: &str) -> Result<(), authing::Error> {
//! let client = authing::blocking::AuthenticationClient::from_env()?;
//! let reply = client.get_wechat_miniprogram_phone(code, "my-wxapp").send()?;
//! # let _ = reply; Ok(())
//! # }
//! ```
//!
//! Calls run concurrently on one thread, which ends with the last clone of the client. After a
//! fork, build a new client in the child process, which does not have the thread. In async code use
//! the [async client](crate::AuthenticationClient), or call [`Request::send`] inside
//! `tokio::task::spawn_blocking`.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::builder::AuthenticationClientBuilder;
use crate::error::{Error, Result};
use crate::kind::ErrorKind;
use crate::options::Options;
use crate::request::option_setters;

/// How long after its deadline a call returns at the latest.
const MARGIN: Duration = Duration::from_millis(200);

/// A client of one Authing application, for callers without an async runtime.
///
/// Create one at startup and clone it: clones are cheap and share one connection pool and thread.
#[derive(Clone, Debug)]
pub struct AuthenticationClient {
    client: crate::AuthenticationClient,
    worker: Worker,
}

/// A call with the result `T`. It is sent by [`send`](Self::send).
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request<T> {
    request: crate::Request<T>,
    worker: Worker,
}

impl AuthenticationClient {
    /// Returns a builder with the default options.
    pub fn builder() -> AuthenticationClientBuilder<Self> {
        AuthenticationClientBuilder::new()
    }

    /// Returns a builder with the values that [`AuthenticationClientBuilder::from_env`] reads.
    pub fn builder_from_env() -> AuthenticationClientBuilder<Self> {
        AuthenticationClientBuilder::new().with_env()
    }

    /// Builds a client from environment variables, as
    /// [the async one](crate::AuthenticationClient::from_env) does, with the same errors.
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env().build()
    }

    pub(crate) fn request<T>(
        &self,
        make: impl FnOnce(&crate::AuthenticationClient) -> crate::Request<T>,
    ) -> Request<T> {
        Request {
            request: make(&self.client),
            worker: self.worker.clone(),
        }
    }
}

impl AuthenticationClientBuilder<AuthenticationClient> {
    /// Builds the client and starts its thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`]: an option is missing or invalid, or the thread cannot be started.
    pub fn build(self) -> Result<AuthenticationClient> {
        let client = self.build_async()?;
        let worker = Worker::start()?;
        Ok(AuthenticationClient { client, worker })
    }
}

impl<T: Send + 'static> Request<T> {
    option_setters!();

    /// Sends the request and waits for its result, at most until 200 ms after the call's deadline.
    ///
    /// # Errors
    ///
    /// An [`Error`] of any [`ErrorKind`]; `Config` if the process was forked after `build`.
    ///
    /// # Panics
    ///
    /// On a thread that runs async tasks, before anything is sent, because it would block them.
    #[track_caller]
    pub fn send(self) -> Result<T> {
        panic_in_async_context();
        if self.worker.process != std::process::id() {
            let text = "the blocking client was built before a fork; build it after the fork";
            return Err(Error::config(text));
        }
        let longest = self.request.deadline().saturating_add(MARGIN);
        let (sender, receiver) = sync_channel(1);
        let caller = Arc::new(());
        let waiting = Arc::downgrade(&caller);
        let sending = self.request.into_future();
        let call = async move {
            // Nothing is sent if the caller no longer waits.
            if waiting.strong_count() > 0 {
                let _ = sender.send(sending.await);
            }
        };
        // The spans of the attempts are children of the caller's span.
        let call = call.in_current_span().with_current_subscriber();
        // If the thread has ended, the call is dropped, which disconnects the receiver.
        let _ = self.worker.calls.send(Box::pin(call));
        receiver.recv_timeout(longest).unwrap_or_else(|error| {
            Err(match error {
                RecvTimeoutError::Timeout => ErrorKind::Timeout.into(),
                RecvTimeoutError::Disconnected => Error::from(ErrorKind::Transport)
                    .with_source("the call panicked on the thread of the blocking client"),
            })
        })
    }

    fn options(&mut self) -> &mut Options {
        self.request.options()
    }
}

/// Panics on a thread that runs async tasks. Only tokio can tell it from one of `spawn_blocking`.
#[track_caller]
fn panic_in_async_context() {
    let (_, closed) = oneshot::channel::<()>();
    let _ = closed.blocking_recv();
}

/// The thread that makes the calls; it ends with the last clone of this.
#[derive(Clone, Debug)]
struct Worker {
    calls: mpsc::UnboundedSender<Call>,
    /// The process that has the thread.
    process: u32,
}

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Worker {
    fn start() -> Result<Self> {
        let failed = |error| {
            Error::config("the thread of the blocking client cannot be started").with_source(error)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let (calls, mut next_call) = mpsc::unbounded_channel::<Call>();
        let work = move || {
            runtime.block_on(async {
                while let Some(call) = next_call.recv().await {
                    tokio::spawn(call);
                }
            });
            // Does not wait for a name that is still being resolved.
            runtime.shutdown_background();
        };
        std::thread::Builder::new()
            .name("authing".to_owned())
            .spawn(work)
            .map_err(failed)?;
        let process = std::process::id();
        Ok(Self { calls, process })
    }
}
