//! One call by each way of making it: bare TCP, hyper, reqwest, the generated client, the facade.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use authing::{AuthenticationClient, ErrorKind};
use authing_api::hooks::CallContext;
use authing_api::types::GetWechatMiniProgramPhoneDto;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};

/// A code of the usual look.
pub const CODE: &str = "8d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be1942068d0c3f5a7be19";
const CONNECTION: &str = "my-wxapp";
const PATH: &str = "/api/v3/get-wechat-miniprogram-phone";
const APP_ID: (&str, &str) = ("x-authing-app-id", "6470b0a1c0a1f5a7be194206");
const TIMEOUT: Duration = Duration::from_secs(10);

/// The request as a backend would declare it for itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    code: &'a str,
    ext_idp_connidentifier: &'a str,
}

const REQUEST: Request<'static> = Request {
    code: CODE,
    ext_idp_connidentifier: CONNECTION,
};

/// The answer as a backend would declare it for itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlainReply {
    /// 200.
    pub status_code: i32,
    /// Text.
    pub message: String,
    /// The id.
    pub request_id: Option<String>,
    /// The number.
    pub data: PlainData,
}

/// The number as a backend would declare it for itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlainData {
    /// With its calling code.
    pub phone_number: String,
    /// Without.
    pub pure_phone_number: String,
    /// The calling code.
    pub country_code: String,
}

/// A way of making the call, ready to make it.
pub trait Caller: Clone + Send + 'static {
    /// Makes one call, and sees that it succeeded.
    fn call(&self) -> impl Future<Output = ()> + Send;
}

/// reqwest with a timeout, as a backend without this library would use it.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    url: String,
}

impl Reqwest {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().unwrap();
        Self {
            client,
            url: format!("http://{address}{PATH}"),
        }
    }
}

impl Caller for Reqwest {
    async fn call(&self) {
        let request = self
            .client
            .post(&self.url)
            .header(APP_ID.0, APP_ID.1)
            .json(&REQUEST);
        let reply: PlainReply = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(reply.status_code, 200);
    }
}

/// The generated client on the same reqwest client.
#[derive(Clone, Debug)]
pub struct Generated {
    client: reqwest::Client,
    base_url: String,
}

impl Generated {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        let headers = [(APP_ID.0.parse().unwrap(), APP_ID.1.parse().unwrap())];
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .default_headers(headers.into_iter().collect())
            .build()
            .unwrap();
        Self {
            client,
            base_url: format!("http://{address}"),
        }
    }
}

impl Caller for Generated {
    async fn call(&self) {
        let context = CallContext::new(Default::default(), 64 * 1024);
        let api =
            authing_api::Client::new_with_client(&self.base_url, self.client.clone(), context);
        let body = GetWechatMiniProgramPhoneDto::new(CODE.into(), CONNECTION.into());
        let Ok(reply) = api.get_wechat_miniprogram_phone(&body).await else {
            panic!("the generated client failed")
        };
        assert_eq!(reply.status_code, 200);
    }
}

/// The facade with every promise on.
#[derive(Clone, Debug)]
pub struct Facade {
    client: AuthenticationClient,
}

impl Facade {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        let builder = AuthenticationClient::builder().app_host(format!("http://{address}"));
        Self {
            client: builder.app_id(APP_ID.1).timeout(TIMEOUT).build().unwrap(),
        }
    }
}

impl Caller for Facade {
    async fn call(&self) {
        let reply = self
            .client
            .get_wechat_miniprogram_phone(CODE, CONNECTION)
            .await
            .unwrap();
        assert_eq!(reply.status_code, 200);
    }
}

/// The facade, against a stub that refuses.
#[derive(Clone, Debug)]
pub struct Refused(Facade);

impl Refused {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        Self(Facade::new(address))
    }
}

impl Caller for Refused {
    async fn call(&self) {
        let call = self.0.client.get_wechat_miniprogram_phone(CODE, CONNECTION);
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CodeRejected);
    }
}

/// hyper with its connection pool and nothing else: no timeout, no redirects.
#[derive(Clone, Debug)]
pub struct Hyper {
    client: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    uri: hyper::Uri,
}

impl Hyper {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        let uri = format!("http://{address}{PATH}").parse().unwrap();
        Self {
            client: client.build_http(),
            uri,
        }
    }
}

impl Caller for Hyper {
    async fn call(&self) {
        let request = hyper::Request::post(self.uri.clone())
            .header("content-type", "application/json")
            .header(APP_ID.0, APP_ID.1)
            .body(Full::new(Bytes::from(
                serde_json::to_vec(&REQUEST).unwrap(),
            )))
            .unwrap();
        let body = self.client.request(request).await.unwrap().into_body();
        let body = body.collect().await.unwrap().to_bytes();
        let reply: PlainReply = serde_json::from_slice(&body).unwrap();
        assert_eq!(reply.status_code, 200);
    }
}

/// A bare blocking socket: the least that a call can cost, and the most that the stub can give.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
    request: Vec<u8>,
}

impl Tcp {
    /// For the stub at an address.
    pub fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let body = serde_json::to_string(&REQUEST).unwrap();
        let (name, id) = APP_ID;
        let length = body.len();
        let request = format!(
            "POST {PATH} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{name}: {id}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self {
            stream,
            request: request.into_bytes(),
        }
    }

    /// Makes one call, and sees that it succeeded.
    pub fn call(&mut self) {
        self.stream.write_all(&self.request).unwrap();
        let mut buffer = [0; 1024];
        let read = self.stream.read(&mut buffer).unwrap();
        let reply = &buffer[..read];
        let head = reply
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let reply: PlainReply = serde_json::from_slice(&reply[head + 4..]).unwrap();
        assert_eq!(reply.status_code, 200);
    }
}
