//! A stub server, and one call to it through reqwest, the generated client and the `authing` crate.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot do its work must stop"
)]

mod stub;

use std::time::Duration;

use authing::AuthenticationClient;
use authing_api::context::CallContext;
use authing_api::types::GetWechatMiniProgramPhoneDto;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

pub use stub::Target;

const CODE: &str = "8d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be19";
const CONNECTION: &str = "my-wxapp";
const PATH: &str = "/api/v3/get-wechat-miniprogram-phone";
const APP_ID_HEADER: &str = "x-authing-app-id";
const APP_ID: &str = "6470b0a1c0a1f5a7be194206";
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client that can make the call.
pub trait Caller: Clone + Send + 'static {
    /// Creates the client.
    fn new(target: &Target) -> Self;

    /// Makes one call, which must succeed.
    fn call(&self) -> impl Future<Output = ()> + Send;
}

/// The request as an application declares it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlainRequest<'a> {
    code: &'a str,
    ext_idp_connidentifier: &'a str,
}

/// The response as an application declares it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded like an application would, not read")]
struct PlainResponse {
    status_code: i32,
    message: String,
    request_id: Option<String>,
    data: PlainData,
}

/// The phone number as an application declares it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded like an application would, not read")]
struct PlainData {
    phone_number: String,
    pure_phone_number: String,
    country_code: String,
}

/// The baseline: a shared default `reqwest::Client` with a timeout.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    url: String,
}

impl Caller for Reqwest {
    fn new(target: &Target) -> Self {
        let mut builder = target.http_client_builder().timeout(TIMEOUT);
        if let Some(root) = &target.root {
            let root = reqwest::Certificate::from_pem(root.as_bytes()).unwrap();
            builder = builder.tls_certs_merge([root]);
        }
        Self {
            client: builder.build().unwrap(),
            url: format!("{}{PATH}", target.base_url()),
        }
    }

    async fn call(&self) {
        let request = self.client.post(&self.url).header(APP_ID_HEADER, APP_ID);
        let request = request.json(&PlainRequest {
            code: CODE,
            ext_idp_connidentifier: CONNECTION,
        });
        let response: PlainResponse = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(response.status_code, 200);
    }
}

/// The generated client on the same `reqwest::Client`.
#[derive(Clone, Debug)]
pub struct Generated {
    client: reqwest::Client,
    base: authing_api::context::BaseUrl,
}

impl Caller for Generated {
    fn new(target: &Target) -> Self {
        let headers = [(APP_ID_HEADER.parse().unwrap(), APP_ID.parse().unwrap())];
        let builder = target.http_client_builder().timeout(TIMEOUT);
        let builder = builder.default_headers(headers.into_iter().collect());
        Self {
            client: builder.build().unwrap(),
            base: target.base_url().parse::<reqwest::Url>().unwrap().into(),
        }
    }

    async fn call(&self) {
        let context = CallContext::new(self.base.clone(), Default::default(), 64 * 1024);
        let api = authing_api::Client::new_with_client(self.client.clone(), context);
        let body = GetWechatMiniProgramPhoneDto::new(CODE.into(), CONNECTION.into());
        assert!(api.get_wechat_miniprogram_phone(&body).await.is_ok());
    }
}

/// The `authing` crate with its default settings.
#[derive(Clone, Debug)]
pub struct Facade(AuthenticationClient);

impl Caller for Facade {
    fn new(target: &Target) -> Self {
        let mut builder = AuthenticationClient::builder()
            .app_host(target.base_url())
            .app_id(APP_ID)
            .allow_plain_http(true)
            // As reqwest's, because idle connections would expire in a run under valgrind.
            .pool_idle_timeout(Duration::from_secs(90))
            .http_client_builder(target.http_client_builder());
        if let Some(root) = &target.root {
            builder = builder.add_root_certificate_pem(root.as_str());
        }
        Self(builder.build().unwrap())
    }

    async fn call(&self) {
        let reply = self.0.get_wechat_miniprogram_phone(CODE, CONNECTION).await;
        assert_eq!(reply.unwrap().status_code, 200);
    }
}

/// Creates a runtime with one thread (the current one) or several.
pub fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder
        .enable_all()
        .worker_threads(threads)
        .build()
        .unwrap()
}

/// Makes calls in several tasks at once, each with a clone of the client.
pub async fn call_at_once<C: Caller>(caller: &C, tasks: u64, calls: u64) {
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let caller = caller.clone();
            let share = calls / tasks + u64::from(task < calls % tasks);
            tokio::spawn(async move {
                for _ in 0..share {
                    caller.call().await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
}
