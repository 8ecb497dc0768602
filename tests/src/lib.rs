//! Helpers that the test files share: a client builder, servers, certificates, secrets.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a helper that cannot do its work must stop the test"
)]

pub mod canaries;
pub mod certs;
pub mod child;

use std::time::{Duration, Instant};

use authing::{AuthenticationClient, AuthenticationClientBuilder, CodeState, Error, ErrorKind};
use authing::{GetWechatMiniProgramPhoneRespDto, Request, blocking};
use authing_sandbox::{Fault, How, RequestRecord, Sandbox};
use axum::Router;
use tokio::net::TcpListener;

/// The application of every call, which the sandbox knows.
pub const APP_ID: &str = authing_sandbox::DEFAULT_APP_ID;
/// The identity source connection of every call.
pub const CONNECTION: &str = "my-wxapp";
/// A code in WeChat's form, which no sandbox has issued.
pub const CODE: &str = "5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2";
/// Longer than anything takes on a busy machine: the deadline of calls that must not reach it.
pub const WIDE: Duration = Duration::from_secs(30);

/// Returns a builder for a client of the server at this base URL.
pub fn builder(base_url: impl Into<String>) -> AuthenticationClientBuilder {
    AuthenticationClient::builder()
        .app_host(base_url)
        .app_id(APP_ID)
        .timeout(WIDE)
}

/// The body of a successful response.
pub const SUCCESS: &str = r#"{"statusCode":200,"message":"ok","data":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":"86"}}"#;

/// A call that has not been sent.
pub type Call = Request<GetWechatMiniProgramPhoneRespDto>;
/// The result of a call.
pub type Outcome = Result<GetWechatMiniProgramPhoneRespDto, Error>;
/// The kind of an error, and the state of the code.
pub type Class = (ErrorKind, CodeState);

/// The service was not reached.
pub const CONNECT: Class = (ErrorKind::Connect, CodeState::Unused);
/// The connection was lost.
pub const TRANSPORT: Class = (ErrorKind::Transport, CodeState::Unknown);
/// The deadline passed.
pub const TIMEOUT: Class = (ErrorKind::Timeout, CodeState::Unknown);
/// The service or a gateway failed.
pub const SERVICE: Class = (ErrorKind::Service, CodeState::Unknown);
/// The request was rejected with 429.
pub const THROTTLED: Class = (ErrorKind::Throttled, CodeState::Unused);
/// The response is not one of the service.
pub const UNEXPECTED: Class = (ErrorKind::UnexpectedResponse, CodeState::Unknown);

/// Returns a call of this client with [`CODE`].
pub fn request(client: &AuthenticationClient) -> Call {
    client.get_wechat_miniprogram_phone(CODE, CONNECTION)
}

/// Builds a client and makes one call.
pub async fn call(builder: AuthenticationClientBuilder) -> Outcome {
    request(&builder.build()?).await
}

/// Returns the kind of an error, and the state of the code.
pub fn class(error: &Error) -> Class {
    (error.kind(), error.code_state())
}

/// Returns a blocking client of the server at this base URL.
pub fn blocking_client(base_url: &str, timeout: Duration) -> blocking::AuthenticationClient {
    let builder = blocking::AuthenticationClient::builder().app_host(base_url);
    let builder = builder.app_id(APP_ID).timeout(timeout);
    builder.build().expect("a client")
}

/// Starts a sandbox with this fault.
pub fn sandbox_with(fault: Fault) -> Sandbox {
    let sandbox = Sandbox::builder().start().expect("a sandbox");
    sandbox.push_fault(fault).expect("a fault");
    sandbox
}

/// Returns the head and the body of a recorded request.
pub fn parts(request: &RequestRecord) -> (String, String) {
    let text = String::from_utf8_lossy(&request.bytes);
    let (head, body) = text.split_once("\r\n\r\n").expect("a complete head");
    (head.to_owned(), body.to_owned())
}

/// Returns a response with these header lines and this body.
pub fn response(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Starts a server that responds to each request with these bytes, on open connections.
pub fn server(response: impl Into<Vec<u8>>) -> Sandbox {
    sandbox_with(Fault::raw(response).permanent())
}

/// Starts a server that responds to each request with these bytes and closes the connection.
pub fn closing_server(response: impl Into<Vec<u8>>) -> Sandbox {
    sandbox_with(Fault::raw(response).then(How::Fin).permanent())
}

/// Serves these routes on the current runtime, and returns their base URL.
pub async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// Inserts texts in place of words, one pair after the other.
pub fn insert(text: &str, words: &[(&str, &str)]) -> String {
    let insert = |text: String, (word, value): &(&str, &str)| text.replace(word, value);
    words.iter().fold(text.to_owned(), insert)
}

/// Returns the rows of a data file, which follow an empty line.
pub fn rows(file: &str) -> impl Iterator<Item = &str> {
    file.split_once("\n\n").expect("rows").1.lines()
}

/// Returns one of these values at random.
pub fn pick<T: Clone>(values: &[T]) -> T {
    fastrand::choice(values).expect("a value").clone()
}

/// Returns `full` if the environment says `AUTHING_STRESS=full`, otherwise `default`.
pub fn stress<T>(default: T, full: T) -> T {
    match std::env::var("AUTHING_STRESS") {
        Ok(value) if value == "full" => full,
        _ => default,
    }
}

/// Waits until the condition holds, at most for [`WIDE`], and returns how long that took.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < WIDE, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}
