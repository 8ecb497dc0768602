//! A whole backend to copy: `POST /api/phone` takes a mini program's code and keeps the number.
//!
//! The page of the mini program that belongs to it is in `miniprogram/pages/phone`. What is
//! particular to this call, and easy to get wrong, is in [`answer`]: which failures let the mini
//! program send the same code again, and which need another tap.

pub mod answer;
mod deadline;
mod limit;
mod phone;
pub mod settings;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;

use authing::AuthenticationClient;
use axum::extract::DefaultBodyLimit;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::routing::post;
use axum::{Router, middleware};
use tokio_util::task::TaskTracker;

use crate::limit::Limit;
use crate::settings::Settings;
pub use crate::store::PhoneNumbers;

/// The largest request body: a code has 64 characters, and JSON a few more.
pub const MAX_BODY: usize = 1024;

/// What all requests share; cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    client: AuthenticationClient,
    connection: Arc<str>,
    numbers: PhoneNumbers,
    limit: Arc<Limit>,
    exchanges: TaskTracker,
}

impl AppState {
    /// The state of a backend that exchanges codes through `client`.
    pub fn new(client: AuthenticationClient, settings: &Settings) -> Self {
        Self {
            client,
            connection: settings.connection.as_str().into(),
            numbers: PhoneNumbers::default(),
            limit: Arc::new(Limit::new(settings)),
            exchanges: TaskTracker::new(),
        }
    }

    /// Where the phone numbers are kept.
    pub fn numbers(&self) -> &PhoneNumbers {
        &self.numbers
    }

    /// Waits for the exchanges whose mini program has gone away. Each ends by its own deadline.
    pub async fn finish(&self) {
        self.exchanges.close();
        self.exchanges.wait().await;
    }
}

/// The backend, apart from any socket.
///
/// It wants to know who asks, so it is served with that:
/// `axum::serve(listener, service(state))`.
pub fn app(state: AppState) -> Router {
    // The last layer is the outermost: a client over its limit costs neither time nor memory.
    Router::new()
        .route("/api/phone", post(phone::phone))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(deadline::apply))
        .layer(middleware::from_fn_with_state(state.clone(), limit::apply))
        .with_state(state)
}

/// [`app`] in the form that `axum::serve` takes.
pub fn service(state: AppState) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    app(state).into_make_service_with_connect_info()
}
