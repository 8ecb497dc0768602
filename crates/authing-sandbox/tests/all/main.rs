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

use std::fmt::Display;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authing_sandbox::{Builder, CodeStatus, EXCHANGE_PATH, Fault, How, RequestRecord, Sandbox};
use serde_json::{Value, json};

const NUMBER: &str = "+8613800138000";
const APP: &str = "x-authing-app-id: sandbox-app\r\n";

/// How the sandbox ends connections, and how a plain socket sees that.
const ENDS: [(How, Result<(), io::ErrorKind>); 3] = [
    (How::Fin, Ok(())),
    (How::Close, Ok(())),
    (How::Reset, RESET),
];
const RESET: Result<(), io::ErrorKind> = Err(io::ErrorKind::ConnectionReset);

fn sandbox() -> Sandbox {
    start(Sandbox::builder())
}

fn start(builder: Builder) -> Sandbox {
    builder.start_blocking().unwrap()
}

fn issue(sandbox: &Sandbox) -> String {
    sandbox.issue_code(NUMBER).unwrap()
}

/// How often a code was presented, and what happened to it.
fn seen(sandbox: &Sandbox, code: &str) -> (u64, CodeStatus) {
    let entry = sandbox.entry(code).unwrap();
    (entry.presented, entry.status)
}

fn push(sandbox: &Sandbox, fault: Fault) {
    sandbox.push_fault(fault).unwrap();
}

/// The record of the latest request.
fn last(sandbox: &Sandbox) -> RequestRecord {
    sandbox.requests().pop().unwrap()
}

/// The rows of a table, one a line, with cells separated by `|`.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    table.trim().lines().map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        cells.try_into().expect(row)
    })
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
fn request(method: &str, path: &str, headers: &str, body: impl Display) -> Vec<u8> {
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
    let headers = format!("{APP}x-authing-lang: en-US\r\n");
    request("POST", EXCHANGE_PATH, &headers, body)
}

/// A request with one part of its text replaced.
fn replaced(request: Vec<u8>, part: &str, with: &str) -> Vec<u8> {
    let text = String::from_utf8(request).unwrap();
    assert!(text.contains(part), "{text}");
    text.replacen(part, with, 1).into_bytes()
}

/// A plain socket.
struct Peer(TcpStream);

/// A response as it came over the socket.
#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: String,
}

impl Response {
    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), self.body.as_bytes()].concat()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

impl Peer {
    fn connect(sandbox: &Sandbox) -> Self {
        let mut peer = Self(TcpStream::connect(sandbox.address()).unwrap());
        peer.0.set_nodelay(true).unwrap();
        peer.wait_for_at_most(Duration::from_secs(10));
        peer
    }

    /// Connects and sends bytes.
    fn start(sandbox: &Sandbox, bytes: &[u8]) -> Self {
        let mut peer = Self::connect(sandbox);
        peer.send(bytes);
        peer
    }

    fn wait_for_at_most(&mut self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads one response that is framed by its content-length.
    fn receive(&mut self) -> Response {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.append(&mut self.read(1));
        }
        let head = String::from_utf8(head).unwrap();
        let mut response = Response {
            status: head[9..12].parse().unwrap(),
            head,
            body: String::new(),
        };
        let length = response.header("content-length").unwrap_or("0");
        let body = self.read(length.parse().unwrap());
        response.body = String::from_utf8(body).unwrap();
        response
    }

    fn exchange(&mut self, code: &str) -> Response {
        self.send(&exchange_request(code));
        self.receive()
    }

    /// Reads to the end of the stream: the bytes, and whether it ended with a FIN or a RST.
    fn read_to_end(&mut self) -> (Vec<u8>, Result<(), io::ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        (bytes, end.map(|_| ()).map_err(|error| error.kind()))
    }

    /// Whether the sandbox sends nothing and keeps the connection for a while.
    fn is_silent(&mut self) -> bool {
        self.wait_for_at_most(Duration::from_millis(100));
        let error = self.0.read(&mut [0]).err();
        error.is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Sends one request on a connection of its own.
fn send(sandbox: &Sandbox, bytes: &[u8]) -> Response {
    Peer::start(sandbox, bytes).receive()
}

fn exchange(sandbox: &Sandbox, code: &str) -> Response {
    Peer::connect(sandbox).exchange(code)
}
