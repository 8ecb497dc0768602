//! The attacks: random bytes, mutilated requests, lies about lengths, and every switch in turn.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use fastrand::Rng;
use socket2::SockRef;

/// The kinds of attack, in the order of [`Attacker::attack`].
pub(super) const KINDS: &[&str] = &[
    "random bytes",
    "mutilated requests",
    "lies about lengths",
    "large heads and bodies",
    "switches with odd values",
    "faults",
    "exchanges of good codes",
    "connections left open",
    "watchers that never read",
    "replies that nobody reads",
    "foreign names and origins",
    "many requests in one piece",
];

const PATHS: &[&str] = &[
    "/",
    "/console/main.js",
    "/openapi.json",
    "/api/v3/get-wechat-miniprogram-phone",
    "/sandbox/codes",
    "/sandbox/ledger",
    "/sandbox/ledger?limit=5&code=%00",
    "/sandbox/requests",
    "/sandbox/shape",
    "/sandbox/faults",
    "/sandbox/clock",
    "/sandbox/rate-limit",
    "/sandbox/latency",
    "/sandbox/settings",
    "/sandbox/backend",
    "/sandbox/exchange",
    "/sandbox/events",
    "/sandbox/../..//%2e%2e/\u{e9}",
];

const BODIES: &[&str] = &[
    "",
    "{}",
    "null",
    "[]",
    "{\"phoneNumber\":\"+8613800138000\"}",
    "{\"phoneNumber\":\"\\u0000\"}",
    "{\"kind\":\"login\"}",
    "{\"phoneNumber\":\"13800138000\",\"code\":\"\\ud800\"}",
    "{\"code\":\"x\",\"extIdpConnidentifier\":\"my-wxapp\"}",
    "{\"code\":\"\u{1f4a5}\",\"extIdpConnidentifier\":\"\u{1f4a5}\"}",
    "{\"shape\":\"nested\"}",
    "{\"shape\":\"documented\"}",
    "{\"shape\":\"redirect-307\"}",
    "{\"advanceSeconds\":1}",
    "{\"advanceSeconds\":18446744073709551615}",
    "{\"advanceSeconds\":-1}",
    "{\"perSecond\":0}",
    "{\"perSecond\":4294967296}",
    "{\"perSecond\":null,\"retryAfter\":false}",
    "{\"millis\":5}",
    "{\"millis\":99999999999999999999}",
];

const FAULTS: &[&str] = &[
    "{\"kind\":\"delay\",\"delayMs\":3}",
    "{\"kind\":\"reply\",\"statusCode\":-2147483648,\"httpStatus\":599,\"headers\":{\"x\":\"y\"}}",
    "{\"kind\":\"throttle\",\"retryAfter\":\"soon\",\"times\":4294967295}",
    "{\"kind\":\"wechat\",\"errcode\":-9223372036854775808,\"permanent\":true}",
    "{\"kind\":\"raw\",\"httpStatus\":204,\"body\":\"not allowed\"}",
    "{\"kind\":\"raw\",\"httpStatus\":304}",
    "{\"kind\":\"cut\",\"at\":\"accept\",\"how\":\"reset\"}",
    "{\"kind\":\"cut\",\"at\":\"request-bytes\",\"bytes\":0,\"how\":\"fin\"}",
    "{\"kind\":\"cut\",\"at\":\"request-bytes\",\"bytes\":18446744073709551615,\"how\":\"fin\"}",
    "{\"kind\":\"cut\",\"at\":\"half-body\",\"how\":\"reset\",\"consume\":true}",
    "{\"kind\":\"cut\",\"at\":\"status-line\",\"how\":\"fin\"}",
    "{\"kind\":\"cut\",\"at\":\"reply\",\"how\":\"reset\"}",
    "{\"kind\":\"garbage\",\"body\":\"\\u0000\\uffff\"}",
    "{\"kind\":\"drip\",\"intervalMs\":0}",
];

/// One source of attacks; its chance is its own.
pub(super) struct Attacker {
    address: SocketAddr,
    rng: Rng,
    /// Connections that are kept open for a while; the oldest goes first.
    held: Vec<TcpStream>,
}

impl Attacker {
    pub(super) fn new(address: SocketAddr, seed: u64) -> Self {
        Self {
            address,
            rng: Rng::with_seed(seed),
            held: Vec::new(),
        }
    }

    /// Attacks once, and says by which kind.
    pub(super) fn attack(&mut self) -> usize {
        let kind = self.rng.usize(..KINDS.len());
        let bytes = match kind {
            0 => self.noise(2_000),
            1 => self.mutilated(),
            2 => self.lie(),
            3 => self.large(),
            4 | 7 | 9 => self.request(None),
            5 => self.fault(),
            6 => {
                self.good_exchange();
                return kind;
            }
            8 => b"GET /sandbox/events HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
            10 => self.foreign(),
            _ => {
                let one = self.request(None);
                one.repeat(self.rng.usize(2..50))
            }
        };
        let Ok(mut stream) = connect(self.address) else {
            return kind;
        };
        let _ = stream.write_all(&bytes);
        match kind {
            // Left open, and never read.
            7..=9 => {
                self.held.push(stream);
                if self.held.len() > 60 {
                    self.held.swap_remove(self.rng.usize(..60));
                }
            }
            _ => read_some(&mut stream),
        }
        kind
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let length = self.rng.usize(..most);
        (0..length).map(|_| self.rng.u8(..)).collect()
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.rng.usize(..list.len())]
    }

    fn request(&mut self, body: Option<String>) -> Vec<u8> {
        let method = self.pick(&[
            "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "X",
        ]);
        let path = self.pick(PATHS);
        let body = body.unwrap_or_else(|| self.pick(BODIES).to_owned());
        let kind = self.pick(&[
            "application/json",
            "application/json; charset=x",
            "text/plain",
            "",
        ]);
        let app = self.pick(&["sandbox-app", "", "other"]);
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
             x-authing-app-id: {app}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn mutilated(&mut self) -> Vec<u8> {
        let mut bytes = self.request(None);
        for _ in 0..self.rng.usize(1..8) {
            if bytes.is_empty() {
                break;
            }
            let place = self.rng.usize(..bytes.len());
            match self.rng.u8(..4) {
                0 => bytes[place] ^= 1 << self.rng.u8(..8),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, self.rng.u8(..)),
                _ => bytes.truncate(place.max(1)),
            }
        }
        bytes
    }

    fn lie(&mut self) -> Vec<u8> {
        let path = self.pick(PATHS);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        );
        let rest = self.pick(&[
            "content-length: 18446744073709551616\r\n\r\n{}",
            "content-length: -1\r\n\r\n{}",
            "content-length: 5\r\ncontent-length: 6\r\n\r\n{}{}{}",
            "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
            "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
            "transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "expect: 100-continue\r\ncontent-length: 2\r\n\r\n",
            "upgrade: h2c\r\nconnection: upgrade\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]);
        format!("{head}{rest}").into_bytes()
    }

    fn large(&mut self) -> Vec<u8> {
        let length = self.rng.usize(1_000..1_500_000);
        match self.rng.u8(..4) {
            0 => format!(
                "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
                "a".repeat(length)
            )
            .into_bytes(),
            1 => {
                let header = format!("x-{}: {}\r\n", "h".repeat(20), "v".repeat(200));
                let headers = header.repeat(length / 250);
                format!("GET /sandbox/shape HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
                    .into_bytes()
            }
            2 => {
                let fault = format!(
                    "{{\"kind\":\"garbage\",\"body\":\"{}\"}}",
                    "b".repeat(length)
                );
                post("/sandbox/faults", &fault)
            }
            _ => post(self.pick(PATHS), &"[".repeat(length)),
        }
    }

    fn fault(&mut self) -> Vec<u8> {
        post("/sandbox/faults", self.pick(FAULTS))
    }

    fn foreign(&mut self) -> Vec<u8> {
        let path = self.pick(PATHS);
        let lure = self.pick(&[
            "host: evil.example",
            "host: localhost\r\norigin: http://evil.example",
            "host: localhost\r\nsec-fetch-site: cross-site",
            "host: localhost\r\nhost: evil.example",
            "host: [",
            "host: localhost\r\nauthorization: Basic !!!!",
        ]);
        format!("GET {path} HTTP/1.1\r\n{lure}\r\n\r\n").into_bytes()
    }

    fn good_exchange(&mut self) {
        let order = "{\"phoneNumber\":\"+8613800138000\"}";
        let Ok(issued) = ask(self.address, "POST", "/sandbox/codes", order) else {
            return;
        };
        let code = issued
            .split("\"code\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let body = format!(
            "{{\"code\":\"{}\",\"extIdpConnidentifier\":\"my-wxapp\"}}",
            code.unwrap_or_default()
        );
        let request = format!(
            "POST /api/v3/get-wechat-miniprogram-phone HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\nx-authing-app-id: sandbox-app\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        if let Ok(mut stream) = connect(self.address) {
            let _ = stream.write_all(request.as_bytes());
            read_some(&mut stream);
        }
    }
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2));
    let Ok(stream) = stream else {
        // Out of ports or places: both pass.
        thread::sleep(Duration::from_millis(20));
        return stream;
    };
    // Closed with a reset, so that thousands of closed connections do not use up the ports.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    stream.set_read_timeout(Some(Duration::from_millis(5)))?;
    stream.set_write_timeout(Some(Duration::from_millis(500)))?;
    Ok(stream)
}

fn read_some(stream: &mut TcpStream) {
    let mut buffer = [0; 16_384];
    let _ = stream.read(&mut buffer);
}

/// An honest request to the sandbox's own routes; the body of the reply.
pub(super) fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    match reply.split_once("\r\n\r\n") {
        Some((_, body)) => Ok(body.to_owned()),
        None => bail!("no reply"),
    }
}

/// Issues codes until the ledger holds so many, over one connection.
pub(super) fn fill(address: SocketAddr, codes: usize) -> Result<()> {
    const BATCH: usize = 100;
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let batch = post("/sandbox/codes", "{\"phoneNumber\":\"+8613800138000\"}").repeat(BATCH);
    let mut buffer = vec![0; 1 << 16];
    for _ in 0..codes.div_ceil(BATCH) {
        stream.write_all(&batch)?;
        let mut answered = 0;
        let mut tail = Vec::new();
        while answered < BATCH {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                bail!("the sandbox closed the connection");
            }
            tail.extend_from_slice(&buffer[..read]);
            answered += tail
                .windows(8)
                .filter(|window| window == b"HTTP/1.1")
                .count();
            // What may be the beginning of the next one is looked at again.
            tail.drain(..tail.len().saturating_sub(7));
        }
    }
    Ok(())
}
