//! The same client for callers without an async runtime.
//!
//! ```no_run
//! # fn example(code: &str) -> Result<(), authing::Error> {
//! let client = authing::blocking::AuthenticationClient::builder()
//!     .app_host("https://example.authing.cn")
//!     .app_id("APP_ID")
//!     .build_blocking()?;
//!
//! let reply = client.get_wechat_miniprogram_phone(code, "my-wxapp").send()?;
//! println!("{}", reply.data.phone_number.as_str());
//! # Ok(())
//! # }
//! ```
//!
//! There is one path of a call: the async client's, which runs here on a thread of the client's
//! own. So every promise is the same, and calls from many threads are on their way at once. The
//! thread ends when the last clone of the client is dropped; dropping never waits.
//!
//! # In async code
//!
//! Use the async [`AuthenticationClient`](crate::AuthenticationClient) there. Making, cloning and
//! dropping a blocking client is harmless in async code, and so is calling it inside
//! `tokio::task::spawn_blocking` or `block_in_place`; but [`Request::send`] on a thread that drives
//! async tasks panics before anything is sent, rather than stall those tasks.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::builder::AuthenticationClientBuilder;
use crate::error::{CodeState, Error, ErrorKind, Inner, Result};
use crate::operation::Operation;

/// A client of one Authing application, for callers without an async runtime.
///
/// Cheap to clone; clones share one connection pool and one thread, so make one at start and hand
/// out clones.
#[derive(Clone)]
pub struct AuthenticationClient {
    client: crate::AuthenticationClient,
    worker: Worker,
}

/// A call that is sent by [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct Request<O> {
    request: crate::Request<O>,
    worker: Worker,
}

impl AuthenticationClient {
    /// Starts the making of a client; finish with
    /// [`build_blocking`](AuthenticationClientBuilder::build_blocking).
    pub fn builder() -> AuthenticationClientBuilder {
        AuthenticationClientBuilder::new()
    }

    /// The async client inside, for the operations to make their requests with.
    pub(crate) fn client(&self) -> &crate::AuthenticationClient {
        &self.client
    }

    pub(crate) fn request<O: Operation>(&self, request: crate::Request<O>) -> Request<O> {
        Request {
            request,
            worker: self.worker.clone(),
        }
    }
}

impl AuthenticationClientBuilder {
    /// Makes a client for callers without an async runtime, and starts its thread.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build); and [`ErrorKind::Config`] if the system gives no thread.
    pub fn build_blocking(self) -> Result<AuthenticationClient> {
        let client = self.build()?;
        let worker = Worker::start()?;
        Ok(AuthenticationClient { client, worker })
    }
}

impl<O: Operation> Request<O> {
    /// An end user's access token, sent as `authorization: Bearer …` with this call alone.
    pub fn access_token(self, token: impl Into<String>) -> Self {
        self.with(|request| request.access_token(token))
    }

    /// The same without the word `Bearer`, as half of the vendor's libraries send it.
    pub fn bare_token(self, token: impl Into<String>) -> Self {
        self.with(|request| request.bare_token(token))
    }

    /// The language of the service's message, such as `en-US`, for this call.
    pub fn lang(self, lang: impl Into<String>) -> Self {
        self.with(|request| request.lang(lang))
    }

    /// The end user's address, which the service's limits then count in place of the backend's.
    pub fn real_ip(self, address: IpAddr) -> Self {
        self.with(|request| request.real_ip(address))
    }

    /// The time for this call, retries and waits included; from 10 milliseconds to 5 minutes.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|request| request.timeout(timeout))
    }

    /// Sends the request, and waits for the answer.
    ///
    /// # Errors
    ///
    /// An [`Error`] of any [`ErrorKind`] but `Config`.
    ///
    /// # Panics
    ///
    /// On a thread that drives async tasks, before anything is sent: use the async client there,
    /// or `tokio::task::spawn_blocking`.
    #[track_caller]
    pub fn send(self) -> Result<O::Output> {
        refuse_async_context();
        let Self { request, worker } = self;
        let (answer, answered) = oneshot::channel();
        let call = async move {
            // Nobody stops waiting.
            let _ = answer.send(request.send().await);
        };
        // The spans of the attempts belong to the caller's span, wherever they are made.
        worker.spawn(call.in_current_span().with_current_subscriber());
        answered.blocking_recv().unwrap_or_else(|_| Err(lost()))
    }

    fn with(self, change: impl FnOnce(crate::Request<O>) -> crate::Request<O>) -> Self {
        Self {
            request: change(self.request),
            ..self
        }
    }
}

/// Panics where waiting would stall async tasks. Tokio alone knows: the workers of a runtime and
/// the threads of its `spawn_blocking` look alike from outside, so this waits for nothing at all.
#[track_caller]
fn refuse_async_context() {
    let (_, nothing) = oneshot::channel::<()>();
    let _ = nothing.blocking_recv();
}

/// The thread ended under a call, which takes a panic in it.
fn lost() -> Error {
    Error::new(Inner {
        kind: ErrorKind::Transport,
        code_state: CodeState::Unknown,
        ..Inner::default()
    })
    .with_source("the thread of the blocking client gave up the call")
}

/// The thread on which calls run; it ends with the last clone of this.
#[derive(Clone)]
struct Worker {
    calls: mpsc::UnboundedSender<Call>,
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
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
        };
        std::thread::Builder::new()
            .name("authing".to_owned())
            .spawn(work)
            .map_err(failed)?;
        Ok(Self { calls })
    }

    fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        // If the thread has ended, the call is dropped, and its caller told so.
        let _ = self.calls.send(Box::pin(call));
    }
}

impl fmt::Debug for AuthenticationClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking").field(&self.client).finish()
    }
}

/// Shows where the request goes and nothing of what it carries.
impl<O: Operation> fmt::Debug for Request<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking").field(&self.request).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;

    /// Whether what a call holds is let go, which only the end of the runtime does here.
    fn is_let_go<T>(watched: &Arc<T>) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if Arc::strong_count(watched) == 1 {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn hold(worker: &Worker) -> Arc<()> {
        let watched = Arc::new(());
        let held = Arc::clone(&watched);
        worker.spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        watched
    }

    /// Turns red if the thread keeps a sender of its own.
    #[test]
    fn the_thread_ends_with_the_last_clone() {
        let worker = Worker::start().unwrap();
        let watched = hold(&worker);
        let clone = worker.clone();
        drop(worker);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(Arc::strong_count(&watched), 2, "it ended too early");
        drop(clone);
        assert!(is_let_go(&watched));
    }

    #[test]
    fn a_panic_in_a_call_is_that_call_s_alone() {
        let worker = Worker::start().unwrap();
        let (answer, answered) = oneshot::channel::<()>();
        worker.spawn(async move {
            let _answer = answer;
            panic!("on purpose");
        });
        assert!(answered.blocking_recv().is_err());
        let (answer, answered) = oneshot::channel();
        worker.spawn(async move { answer.send(()).unwrap() });
        assert_eq!(answered.blocking_recv(), Ok(()));
        assert_eq!(lost().code_state(), CodeState::Unknown);
    }

    #[test]
    fn clients_and_requests_go_where_they_are_needed() {
        fn shared<T: Clone + Send + Sync + fmt::Debug + 'static>() {}
        fn sent<T: Send + fmt::Debug>() {}
        shared::<AuthenticationClient>();
        sent::<Request<crate::GetWechatMiniprogramPhone>>();
    }
}
