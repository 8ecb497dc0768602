//! An example backend: `POST /api/phone` exchanges a mini program's code and stores the number.
//!
//! `next_step.rs` decides what the mini program does after an error. Its page is in
//! `miniprogram/pages/phone`.

mod next_step;
mod phone;
mod server;
mod store;

use std::sync::Arc;

use authing::AuthenticationClient;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use tokio_util::task::TaskTracker;

pub use crate::server::{Limits, serve};
use crate::store::PhoneNumbers;

/// The largest request body: a code has 64 characters.
const MAX_BODY: usize = 1024;

/// The state that all requests share; cheap to clone.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "contains phone numbers")]
pub struct AppState {
    client: AuthenticationClient,
    connection: Arc<str>,
    numbers: Arc<PhoneNumbers>,
    exchanges: TaskTracker,
}

impl AppState {
    /// Creates the state of a backend that exchanges codes of this identity source connection.
    pub fn new(client: AuthenticationClient, connection: &str) -> Self {
        Self {
            client,
            connection: connection.into(),
            numbers: Arc::default(),
            exchanges: TaskTracker::new(),
        }
    }

    /// The stored phone numbers, oldest first.
    pub fn numbers(&self) -> Vec<String> {
        self.numbers.all()
    }
}

/// Creates the router, without a socket.
pub fn app(state: AppState) -> Router {
    Router::new()
        .route("/api/phone", post(phone::phone))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}
