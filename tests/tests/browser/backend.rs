//! The project's example of a backend, between the console's phone and the sandbox.

use authing::AuthenticationClient;
use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION};
use example_backend::settings::Settings;
use example_backend::{AppState, service};
use tokio::net::TcpListener;

/// A backend that is about to run. Its address is known before the sandbox's, which has to be told.
pub(crate) struct Backend {
    listener: TcpListener,
    pub(crate) url: String,
}

impl Backend {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/phone", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// Serves, with this Authing behind it.
    pub(crate) fn serve(self, authing: &str) {
        let client = AuthenticationClient::builder()
            .app_host(authing)
            .app_id(DEFAULT_APP_ID)
            .build()
            .unwrap();
        let settings = Settings::read(|name| {
            (name == "AUTHING_EXT_IDP_CONNIDENTIFIER").then(|| DEFAULT_CONNECTION.to_owned())
        });
        let state = AppState::new(client, &settings.unwrap());
        tokio::spawn(async move { axum::serve(self.listener, service(state)).await });
    }
}
