//! What the judge recorded: connections, bytes, requests and violations.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::wire::Parts;
use super::{Ending, Request};

/// How a peer closed its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It sent a FIN.
    Fin,
    /// It sent a RST.
    Reset,
}

/// That the client closed, and when the judge saw it.
#[derive(Clone, Copy, Debug)]
pub struct PeerClosed {
    /// By FIN or by RST.
    pub how: Closed,
    /// When it was seen.
    pub at: Instant,
}

/// That the judge ended the connection, and when.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The ending it chose.
    pub how: Ending,
    /// When it did so.
    pub at: Instant,
}

/// How far TLS came on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// The judge speaks plain TCP.
    Plain,
    /// The handshake has not ended.
    Handshaking,
    /// The handshake was completed.
    Done {
        /// The protocol version, such as `TLSv1_3`.
        version: String,
        /// The host name the client asked for.
        server_name: Option<String>,
        /// The application protocol that was agreed on.
        alpn: Option<Vec<u8>>,
        /// The client certificate that was presented.
        client_certificate: Option<ClientCertificate>,
    },
    /// The handshake failed, with the reason as the judge saw it.
    Failed(String),
}

/// A client certificate as it was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The common name of its subject.
    pub common_name: String,
    /// The serial number in lower-case hex.
    pub serial: String,
    /// The whole certificate.
    pub der: Vec<u8>,
}

/// One accepted connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its number (0 is the first).
    pub number: usize,
    /// The client's address.
    pub peer: SocketAddr,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// Bytes read from TCP before the judge ended the connection.
    pub bytes_read: u64,
    /// Bytes read from TCP after the judge sent its FIN.
    pub bytes_read_after_end: u64,
    /// Bytes of plain text read: after decryption under TLS, else all bytes.
    pub plaintext_bytes_read: u64,
    /// Bytes written to TCP.
    pub bytes_written: u64,
    /// How many complete requests came before the judge ended the connection.
    pub requests: usize,
    /// How far TLS came.
    pub tls: Tls,
    /// Whether and how the client closed.
    pub peer_closed: Option<PeerClosed>,
    /// Whether and how the judge ended it.
    pub ended: Option<Ended>,
    /// Whether the socket is open on both sides, as far as the judge can know.
    pub open: bool,
    /// The bytes of a request that is not complete.
    pub(crate) partial: Vec<u8>,
    /// The same after the judge's FIN, for requests that are completed too late.
    pub(crate) late: Vec<u8>,
    begun_at: Option<Instant>,
}

/// The bytes of a request that was begun and not completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialRequest {
    /// The number of the connection.
    pub connection: usize,
    /// What was read of it.
    pub bytes: Vec<u8>,
}

/// Something no correct client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the connection.
    pub connection: usize,
    /// What is wrong.
    pub what: String,
    /// The bytes read of that request.
    pub bytes: Vec<u8>,
}

/// All records of one judge.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) connections: Vec<Connection>,
    pub(crate) requests: Vec<Request>,
    pub(crate) late_requests: Vec<Request>,
    pub(crate) request_count: usize,
    pub(crate) violations: Vec<Violation>,
}

/// The records, shared between the judge's handle and its connections.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    pub(crate) keep_requests: AtomicBool,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            keep_requests: AtomicBool::new(true),
        }
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|version| *version += 1);
        result
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// The record of one connection, written by its task.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) number: usize,
}

impl Link {
    pub(crate) fn accept(shared: &Arc<Shared>, peer: SocketAddr, tls: Tls) -> Self {
        let number = shared.update(|state| {
            let number = state.connections.len();
            state.connections.push(Connection {
                number,
                peer,
                accepted_at: Instant::now(),
                bytes_read: 0,
                bytes_read_after_end: 0,
                plaintext_bytes_read: 0,
                bytes_written: 0,
                requests: 0,
                tls,
                peer_closed: None,
                ended: None,
                open: true,
                partial: Vec::new(),
                late: Vec::new(),
                begun_at: None,
            });
            number
        });
        Self {
            shared: Arc::clone(shared),
            number,
        }
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Connection) -> T) -> T {
        self.shared
            .update(|state| change(&mut state.connections[self.number]))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Connection) -> T) -> T {
        self.shared
            .read(|state| look(&state.connections[self.number]))
    }

    /// Notes bytes read from TCP.
    pub(crate) fn count_read(&self, bytes: usize) {
        self.update(|connection| {
            let counter = if connection.ended.is_some() {
                &mut connection.bytes_read_after_end
            } else {
                &mut connection.bytes_read
            };
            *counter += bytes as u64;
        });
    }

    /// Notes that the client closed; the first sign counts, save that a RST outweighs a FIN.
    pub(crate) fn peer_closed(&self, how: Closed) {
        self.update(|connection| {
            if connection
                .peer_closed
                .is_none_or(|seen| seen.how == Closed::Fin && how != seen.how)
            {
                connection.peer_closed = Some(PeerClosed {
                    how,
                    at: Instant::now(),
                });
            }
        });
    }

    /// Notes that the judge ends the connection; the first ending counts.
    pub(crate) fn ended(&self, how: Ending) {
        self.update(|connection| {
            if connection.ended.is_none() {
                connection.ended = Some(Ended {
                    how,
                    at: Instant::now(),
                });
                connection.late = connection.partial.clone();
            }
        });
    }

    /// Adds plain text to the request being read.
    pub(crate) fn take_plaintext(&self, bytes: &[u8]) {
        self.update(|connection| {
            connection.plaintext_bytes_read += bytes.len() as u64;
            connection.begun_at.get_or_insert_with(Instant::now);
            if connection.ended.is_some() {
                connection.late.extend_from_slice(bytes);
            } else {
                connection.partial.extend_from_slice(bytes);
            }
        });
    }

    /// Turns the beginning of what was read into a recorded request.
    pub(crate) fn complete(&self, parts: Parts) -> Request {
        let keep = self.shared.keep_requests.load(Ordering::Relaxed);
        self.shared.update(|state| {
            let connection = &mut state.connections[self.number];
            let late = connection.ended.is_some();
            let buffer = if late {
                &mut connection.late
            } else {
                &mut connection.partial
            };
            let raw: Vec<u8> = buffer.drain(..parts.length).collect();
            let now = Instant::now();
            let begun_at = connection.begun_at.take().unwrap_or(now);
            connection.begun_at = (!buffer.is_empty()).then_some(now);
            let request = Request {
                number: if late {
                    state.late_requests.len()
                } else {
                    state.request_count
                },
                connection: self.number,
                method: parts.method,
                target: parts.target,
                version: parts.version,
                headers: parts.headers,
                body: parts.body,
                chunked: parts.chunked,
                raw,
                begun_at,
                received_at: now,
            };
            for what in parts.faults {
                state.violations.push(Violation {
                    connection: self.number,
                    what,
                    bytes: request.raw.clone(),
                });
            }
            if late {
                connection.late.shrink_to_fit();
                state.late_requests.push(request.clone());
            } else {
                connection.requests += 1;
                state.request_count += 1;
                if keep {
                    state.requests.push(request.clone());
                }
            }
            request
        })
    }

    /// Notes something no correct client sends.
    pub(crate) fn violation(&self, what: String) {
        self.shared.update(|state| {
            let bytes = state.connections[self.number].partial.clone();
            state.violations.push(Violation {
                connection: self.number,
                what,
                bytes,
            });
        });
    }
}

/// Marks the connection as closed when its task ends, in whatever way.
#[derive(Debug)]
pub(crate) struct OpenGuard(pub(crate) Link);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .violation("the script of the test panicked".to_owned());
        }
        self.0.update(|connection| connection.open = false);
    }
}
