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
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use authing_sandbox::CodeStatus::{Consumed, Issued};
use authing_sandbox::How::{Fin, Reset, Stall};
use authing_sandbox::*;
use serde_json::{Value, json};

const NUMBER: &str = "+8613800138000";
const JSON: &str = "host: localhost\r\ncontent-type: application/json\r\n";
/// The headers that an application must send.
const APP: &str =
    "host: localhost\r\ncontent-type: application/json\r\nx-authing-app-id: sandbox-app\r\n";
const MILLISECOND: Duration = Duration::from_millis(1);

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

/// The record of the latest request.
fn last(sandbox: &Sandbox) -> RequestRecord {
    sandbox.requests().pop().unwrap()
}

/// The record of the latest connection.
fn connection(sandbox: &Sandbox) -> ConnectionRecord {
    sandbox.connections().pop().unwrap()
}

/// The rows of a table, one a line, with cells separated by `|`.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    table.trim().lines().map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        cells.try_into().expect(row)
    })
}

/// A text with words replaced.
fn fill<'a>(text: &str, words: impl IntoIterator<Item = [&'a str; 2]>) -> String {
    let words = words.into_iter();
    words.fold(text.to_owned(), |text, [from, to]| text.replace(from, to))
}

/// Waits until a condition holds.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(MILLISECOND);
    }
}

/// A request whose headers are given, except for the length of the body.
fn request(line: &str, headers: &str, body: impl Display) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("{line} HTTP/1.1\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// The exchange request of a code.
fn exchange_request(code: &str) -> String {
    let body = json!({ "code": code, "extIdpConnidentifier": "my-wxapp" });
    let headers = format!("{APP}x-authing-lang: en-US\r\n");
    request(&format!("POST {EXCHANGE_PATH}"), &headers, body)
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
    fn connect(address: impl ToSocketAddrs, bytes: impl AsRef<[u8]>) -> Self {
        let mut peer = Self(TcpStream::connect(address).unwrap());
        peer.0.set_nodelay(true).unwrap();
        peer.0.set_read_timeout(Some(MILLISECOND * 10_000)).unwrap();
        peer.send(bytes);
        peer
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads so many bytes. Then the stream must end in this way; a stall is a short silence.
    fn read_all(&mut self, length: usize, how: How) -> Vec<u8> {
        let bytes = self.read(length);
        let (timeout, end) = match how {
            Fin => (10_000, Ok(0)),
            Reset => (10_000, Err(ErrorKind::ConnectionReset)),
            _ => (50, Err(ErrorKind::WouldBlock)),
        };
        let timeout = Some(MILLISECOND * timeout);
        self.0.set_read_timeout(timeout).unwrap();
        let found = self.0.read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(found, end, "{how:?} after {length} bytes");
        bytes
    }

    /// Reads one response that is framed by its content-length: head and body.
    fn receive(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.append(&mut self.read(1));
        }
        let head = String::from_utf8(head).unwrap();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        head + &String::from_utf8(self.read(length)).unwrap()
    }

    fn exchange(&mut self, code: &str) -> String {
        self.send(exchange_request(code));
        self.receive()
    }
}

/// Sends one request on a connection of its own.
fn send(sandbox: &Sandbox, bytes: impl AsRef<[u8]>) -> String {
    Peer::connect(sandbox.address(), bytes).receive()
}

/// Exchanges a code on a connection of its own.
fn exchange(sandbox: &Sandbox, code: &str) -> Value {
    json(&send(sandbox, exchange_request(code)))
}
