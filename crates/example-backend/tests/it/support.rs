//! A backend and its sandbox on free ports, and a mini program that asks.

use std::time::Duration;

use authing::AuthenticationClient;
use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, Sandbox};
use example_backend::settings::Settings;
use example_backend::{AppState, PhoneNumbers, service};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the user of these tests is called by.
pub(crate) const NUMBER: &str = "+8613800138000";
/// The same as the mini program may see it.
pub(crate) const MASKED: &str = "138****8000";

pub(crate) struct Backend {
    pub(crate) url: String,
    pub(crate) numbers: PhoneNumbers,
    http: reqwest::Client,
}

/// What came back to the mini program.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Status and body are these, and nothing else goes out.
    pub(crate) fn is(&self, status: u16, body: &Value) {
        assert_eq!((self.status, &self.json()), (status, body), "{self:?}");
    }
}

/// The settings of a backend that differs from the default only by these variables.
pub(crate) fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::read(|name| match name {
        "AUTHING_EXT_IDP_CONNIDENTIFIER" => Some(DEFAULT_CONNECTION.to_owned()),
        _ => variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned()),
    })
    .unwrap()
}

impl Backend {
    /// A backend of the sandbox's default application.
    pub(crate) async fn start(sandbox: &Sandbox) -> Self {
        Self::start_with(sandbox.base_url(), DEFAULT_APP_ID, &settings(&[])).await
    }

    pub(crate) async fn start_with(host: &str, app_id: &str, settings: &Settings) -> Self {
        let client = AuthenticationClient::builder()
            .app_host(host)
            .app_id(app_id)
            .timeout(Duration::from_secs(2))
            .build()
            .unwrap();
        let state = AppState::new(client, settings);
        let numbers = state.numbers().clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/phone", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, service(state)).await });
        Self {
            url,
            numbers,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// What the page of the mini program sends.
    pub(crate) async fn phone(&self, code: &str) -> Answer {
        self.post(&[], json!({ "code": code }).to_string()).await
    }

    /// Any body, with these headers beside the content type.
    pub(crate) async fn post(&self, headers: &[(&'static str, &str)], body: String) -> Answer {
        let mut all = HeaderMap::new();
        all.insert("content-type", "application/json".parse().unwrap());
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let response = self
            .http
            .post(&self.url)
            .headers(all)
            .body(body)
            .send()
            .await
            .unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }
}
