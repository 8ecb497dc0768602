//! The client: shared settings and one connection pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use authing_api::context::BaseUrl;

use crate::retry::RetryPolicy;

/// A client of one Authing application.
///
/// Create one at startup and clone it: clones are cheap and share one connection pool.
///
/// Calls need a tokio runtime with its time and I/O drivers (`enable_all`). Without a runtime they
/// return [`ErrorKind::Config`](crate::ErrorKind::Config); in one without a driver tokio panics
/// before anything is sent. Connections end with the runtime that opened them. As long as that
/// runtime exists but does not run, a call in another runtime can wait for it until its deadline.
#[derive(Clone)]
pub struct AuthenticationClient {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) host: BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_response_bytes: usize,
}

/// Shows the host and the timeout.
impl fmt::Debug for AuthenticationClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationClient")
            .field("app_host", &self.shared.host.url().as_str())
            .field("timeout", &self.shared.timeout)
            .finish_non_exhaustive()
    }
}

/// Defines setters: each body changes `self`, under another name, and the method returns it.
macro_rules! setters {
    ($($(#[$doc:meta])* fn $name:ident($this:ident, $value:ident: $type:ty) $body:block)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $value: $type) -> Self {
            let $this = &mut self;
            $body
            self
        }
    )*};
}
pub(crate) use setters;
