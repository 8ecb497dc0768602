//! Tests of the sandbox with plain sockets: it is the source of truth for all other tests, so it is
//! compared byte by byte with what a socket sees.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin;
mod exchange;
mod faults;
#[cfg(feature = "program")]
mod program;
mod tls;

use std::fmt::Display;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use authing_sandbox::{Builder, CodeStatus, EXCHANGE_PATH, Fault, How, RequestRecord, Sandbox};
use serde_json::{Value, json};

const NUMBER: &str = "+8613800138000";
const APP: &str = "x-authing-app-id: sandbox-app\r\n";

/// All ways in which the sandbox ends a connection.
const HOWS: [How; 3] = [How::Fin, How::Reset, How::Stall];

fn sandbox() -> Sandbox {
    start(Sandbox::builder())
}

fn start(builder: Builder) -> Sandbox {
    builder.start().unwrap()
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

/// The JSON body of a response.
fn json(response: &str) -> Value {
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).expect(response)
}

/// A plain socket.
struct Peer(TcpStream);

impl Peer {
    /// Connects and sends bytes.
    fn connect(sandbox: &Sandbox, bytes: &[u8]) -> Self {
        let mut peer = Self(TcpStream::connect(sandbox.address()).unwrap());
        peer.0.set_nodelay(true).unwrap();
        let timeout = Some(Duration::from_secs(10));
        peer.0.set_read_timeout(timeout).unwrap();
        peer.send(bytes);
        peer
    }

    fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads one response that is framed by its content-length: head and body.
    fn receive(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.append(&mut self.read(1));
        }
        let mut response = String::from_utf8(head).unwrap();
        let mut lines = response.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "));
        let body = self.read(length.unwrap().parse().unwrap());
        response += &String::from_utf8(body).unwrap();
        response
    }

    fn exchange(&mut self, code: &str) -> String {
        self.send(&exchange_request(code));
        self.receive()
    }

    /// Reads so many bytes, after which the stream ends like this, or is silent.
    fn read_all(&mut self, length: usize, how: How) -> Vec<u8> {
        let bytes = self.read(length);
        if how == How::Stall {
            let a_while = Some(Duration::from_millis(50));
            self.0.set_read_timeout(a_while).unwrap();
        }
        let end = match self.0.read(&mut [0]).map_err(|error| error.kind()) {
            Ok(0) => How::Fin,
            Err(io::ErrorKind::ConnectionReset) => How::Reset,
            Err(io::ErrorKind::WouldBlock) => How::Stall,
            other => panic!("{other:?}"),
        };
        assert_eq!(end, how);
        bytes
    }
}

/// Sends one request on a connection of its own.
fn send(sandbox: &Sandbox, bytes: &[u8]) -> String {
    Peer::connect(sandbox, bytes).receive()
}

/// Exchanges a code on a connection of its own.
fn exchange(sandbox: &Sandbox, code: &str) -> Value {
    json(&send(sandbox, &exchange_request(code)))
}
