//! Tests of the sandbox with plain sockets: it is the source of truth for all other tests, so it is
//! compared byte by byte with what a socket sees.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin;
mod exchange;
mod faults;
#[cfg(feature = "program")]
mod program;
#[cfg(feature = "tls")]
mod tls;

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authing_sandbox::{Builder, CodeStatus, EXCHANGE_PATH, Fault, RequestRecord, Sandbox};
use serde_json::{Value, json};

const NUMBER: &str = "+8613800138000";

fn sandbox() -> Sandbox {
    start(Sandbox::builder())
}

fn start(builder: Builder) -> Sandbox {
    builder.start_blocking().unwrap()
}

fn issue(sandbox: &Sandbox) -> String {
    sandbox.issue_code(NUMBER).unwrap()
}

fn status(sandbox: &Sandbox, code: &str) -> CodeStatus {
    sandbox.entry(code).unwrap().status
}

fn presented(sandbox: &Sandbox, code: &str) -> u64 {
    sandbox.entry(code).unwrap().presented
}

fn push(sandbox: &Sandbox, fault: Fault) {
    sandbox.push_fault(fault).unwrap();
}

/// The record of the latest request.
fn last(sandbox: &Sandbox) -> RequestRecord {
    sandbox.requests().pop().unwrap()
}

/// Waits until a condition holds.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A request with a JSON body, as bytes.
fn request(method: &str, path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         {headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The exchange request of a code, as bytes.
fn exchange_request(code: &str) -> Vec<u8> {
    let body = json!({ "code": code, "extIdpConnidentifier": "my-wxapp" });
    let headers = "x-authing-app-id: sandbox-app\r\nx-authing-lang: en-US\r\n";
    request("POST", EXCHANGE_PATH, headers, &body)
}

/// A plain socket.
struct Peer(TcpStream);

/// A response as it came over the socket.
#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// All its bytes.
    bytes: Vec<u8>,
}

impl Response {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

impl Peer {
    fn connect(sandbox: &Sandbox) -> Self {
        let stream = TcpStream::connect(sandbox.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self(stream)
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Reads one response that is framed by its content-length.
    fn receive(&mut self) -> Response {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("a head");
            bytes.push(byte[0]);
        }
        let head = String::from_utf8(bytes.clone()).unwrap();
        let mut response = Response {
            status: head[9..12].parse().unwrap(),
            head,
            body: Vec::new(),
            bytes,
        };
        let length = response.header("content-length").unwrap_or("0");
        response.body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut response.body).expect("a body");
        response.bytes.extend_from_slice(&response.body);
        response
    }

    /// Reads to the end of the stream: the bytes, and whether it ended with a FIN or a RST.
    fn read_to_end(&mut self) -> (Vec<u8>, Result<(), io::ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        (bytes, end.map(|_| ()).map_err(|error| error.kind()))
    }

    /// Whether the sandbox sends nothing and keeps the connection for a while.
    fn is_silent(&mut self) -> bool {
        let a_while = Some(Duration::from_millis(100));
        self.0.set_read_timeout(a_while).unwrap();
        let silent = matches!(self.0.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        self.0
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        silent
    }
}

/// Sends one request on a connection of its own.
fn send(sandbox: &Sandbox, bytes: &[u8]) -> Response {
    let mut peer = Peer::connect(sandbox);
    peer.send(bytes);
    peer.receive()
}

fn exchange(sandbox: &Sandbox, code: &str) -> Response {
    send(sandbox, &exchange_request(code))
}
