//! A client of bytes: it writes what it is told and says exactly what came back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, EXCHANGE_PATH, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far more than anything here takes; it turns a hang into a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// How a stream of bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

/// One whole reply.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let split = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap()
            + 4;
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = bytes[split..].to_vec();
        let answer = Self { status, head, body };
        if let Some(length) = answer.header("content-length") {
            assert_eq!(length, answer.body.len().to_string());
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// WeChat's `errcode` in the documented place.
    pub(crate) fn errcode(&self) -> Option<i64> {
        self.json()["data"]["errcode"].as_i64()
    }
}

/// Writes a request and reads to the end of the stream, however it ends.
pub(crate) async fn talk(address: SocketAddr, request: &[u8]) -> (Vec<u8>, End) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The peer may have reset the connection by now; what can be read says so.
    let _ = stream.write_all(request).await;
    read_to_end(&mut stream).await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return End::Fin,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return End::Reset,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let end = timeout(DEADLINE, reading).await.unwrap();
    (bytes, end)
}

/// A request with this method, path, headers and body; it asks for the connection to be closed.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

pub(crate) async fn send(sandbox: &Sandbox, request: &[u8]) -> Answer {
    let (bytes, end) = talk(sandbox.address(), request).await;
    assert_eq!(end, End::Fin);
    Answer::parse(&bytes)
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const APP: (&str, &str) = ("x-authing-app-id", DEFAULT_APP_ID);

pub(crate) fn body(code: &str, connection: &str) -> String {
    json!({ "code": code, "extIdpConnidentifier": connection }).to_string()
}

/// The bytes of an ordinary exchange.
pub(crate) fn exchange_request(code: &str) -> Vec<u8> {
    request(
        "POST",
        EXCHANGE_PATH,
        &[JSON, APP],
        &body(code, DEFAULT_CONNECTION),
    )
}

/// An ordinary exchange.
pub(crate) async fn exchange(sandbox: &Sandbox, code: &str) -> Answer {
    send(sandbox, &exchange_request(code)).await
}

/// A request to the sandbox's own API.
pub(crate) async fn admin(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Answer {
    send(sandbox, &request(method, path, &[JSON], body)).await
}
