//! A mini program's backend, as small as one can be: the facade behind one route.

use std::sync::Arc;

use authing::{AuthenticationClient, CodeState};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A backend that is running. Its address is known before the sandbox's, which has to be told it.
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
            .app_id(authing_sandbox::DEFAULT_APP_ID)
            .lang("en-US")
            .build()
            .unwrap();
        let router = Router::new()
            .route("/api/phone", post(phone))
            .with_state(Arc::new(client));
        tokio::spawn(async move { axum::serve(self.listener, router).await });
    }
}

async fn phone(
    State(client): State<Arc<AuthenticationClient>>,
    body: String,
) -> (StatusCode, axum::Json<Value>) {
    let body: Value = serde_json::from_str(&body).unwrap();
    let code = body["code"].as_str().unwrap();
    let connection = authing_sandbox::DEFAULT_CONNECTION;
    match client.get_wechat_miniprogram_phone(code, connection).await {
        Ok(reply) => {
            let number = reply.data.phone_number.as_str();
            (StatusCode::OK, axum::Json(json!({ "phoneNumber": number })))
        }
        Err(error) => {
            let again = match error.code_state() {
                CodeState::Unspent => "send the same code again",
                _ => "have the user tap again",
            };
            let body = json!({ "error": format!("{error} ({again})") });
            (StatusCode::BAD_GATEWAY, axum::Json(body))
        }
    }
}
