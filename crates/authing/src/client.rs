//! The client: shared settings and one connection pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::AuthenticationClientBuilder;
use crate::retry::RetryPolicy;
use crate::validate::AppHost;

/// A client of one Authing application.
///
/// Cheap to clone; clones share one connection pool, so make one at start and hand out clones. It
/// holds no user's token: tokens belong to a call.
///
/// Calls need a tokio runtime with its timer switched on.
#[derive(Clone)]
pub struct AuthenticationClient {
    shared: Arc<Shared>,
}

/// What clones share.
pub(crate) struct Shared {
    pub(crate) http: reqwest::Client,
    pub(crate) host: AppHost,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_response_bytes: usize,
}

impl AuthenticationClient {
    /// Starts the making of a client.
    pub fn builder() -> AuthenticationClientBuilder {
        AuthenticationClientBuilder::new()
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

/// Shows where the client points and how long it waits.
impl fmt::Debug for AuthenticationClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationClient")
            .field("app_host", &self.shared.host.base_url)
            .field("timeout", &self.shared.timeout)
            .field("retry", &self.shared.retry)
            .field("max_response_bytes", &self.shared.max_response_bytes)
            .finish_non_exhaustive()
    }
}
