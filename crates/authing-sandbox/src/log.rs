//! The log: every byte of the latest requests, and every connection.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::fault::How;
use crate::ledger::Outcome;

/// How many requests, and how many connections, the log keeps, the latest.
pub const MAX_RECORDS: usize = 20_000;
/// The bytes of requests and responses that the log keeps in all.
pub const MAX_RECORDED_BYTES: usize = 64 * 1024 * 1024;
/// The bytes that the log keeps of one response.
pub const MAX_RECORDED_RESPONSE: usize = 64 * 1024;

/// How a request ended, from the sandbox's side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It has not ended.
    #[default]
    Open,
    /// A response was sent.
    Responded,
    /// A fault ended it without a complete response.
    Faulted,
    /// The peer closed or reset the connection first.
    PeerClosed,
}

/// One request that is not for the console, complete or not.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestRecord {
    /// Its number; 1 is the first.
    pub number: u64,
    /// The number of its connection.
    pub connection: u64,
    /// When it was recorded first, by the sandbox's clock.
    pub at: DateTime<Utc>,
    /// All bytes that were received: head and body.
    #[serde(rename = "request", serialize_with = "beginning")]
    pub bytes: Vec<u8>,
    /// Whether all of it was received.
    pub complete: bool,
    /// Why it is not a well-formed HTTP request.
    pub problem: Option<String>,
    /// The code in its body.
    pub code: Option<String>,
    /// What it led to.
    pub outcome: Outcome,
    /// The kind of the fault that took it.
    pub fault: Option<&'static str>,
    /// The bytes that were sent, at most [`MAX_RECORDED_RESPONSE`].
    #[serde(serialize_with = "beginning")]
    pub response: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

/// Writes bytes as text in JSON, the first 4 KiB of them.
fn beginning<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let shown = &bytes[..bytes.len().min(4 * 1024)];
    serializer.serialize_str(&String::from_utf8_lossy(shown))
}

impl RequestRecord {
    /// Adds bytes that are sent, as far as they are kept, and says how it ends.
    pub(crate) fn respond(&mut self, bytes: &[u8], ending: Ending) {
        let room = MAX_RECORDED_RESPONSE - self.response.len();
        self.response.extend(bytes.iter().take(room));
        self.ending = ending;
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.response.len()
    }
}

/// One accepted connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionRecord {
    /// Its number; 1 is the first.
    pub number: u64,
    /// Bytes of HTTP that were read, under TLS after decryption.
    pub plain_bytes_read: u64,
    /// The result of the TLS handshake: the client certificate in DER, or why it failed. `None`
    /// without TLS and until the handshake ends.
    pub handshake: Option<Result<Option<Vec<u8>>, String>>,
    /// Whether and how the peer closed: with a FIN or a RST.
    pub peer_closed: Option<How>,
    /// Whether and how the sandbox ended it.
    pub ended: Option<How>,
    /// Whether the sandbox holds the socket.
    pub open: bool,
}

/// All records, by their numbers.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) requests: BTreeMap<u64, RequestRecord>,
    pub(crate) connections: BTreeMap<u64, ConnectionRecord>,
    /// The bytes in `requests`.
    recorded: usize,
    /// How many requests were complete.
    pub(crate) complete: u64,
}

/// Adds a record under the next number. The latest one is never forgotten.
fn add<T>(records: &mut BTreeMap<u64, T>, record: impl FnOnce(u64) -> T) -> u64 {
    let number = records.last_key_value().map_or(1, |(last, _)| last + 1);
    records.insert(number, record(number));
    number
}

impl Log {
    pub(crate) fn accept(&mut self) -> u64 {
        if self.connections.len() >= MAX_RECORDS {
            self.connections.pop_first();
        }
        add(&mut self.connections, |number| ConnectionRecord {
            number,
            open: true,
            ..ConnectionRecord::default()
        })
    }

    pub(crate) fn begin(&mut self, connection: u64, at: DateTime<Utc>) -> u64 {
        add(&mut self.requests, |number| RequestRecord {
            number,
            connection,
            at,
            ..RequestRecord::default()
        })
    }

    /// Changes the record of a request, if it is still kept, and forgets the oldest records.
    pub(crate) fn request(&mut self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let Some(record) = self.requests.get_mut(&number) else {
            return;
        };
        let (complete, size) = (record.complete, record.size());
        change(record);
        self.complete += u64::from(record.complete && !complete);
        self.recorded = self.recorded - size + record.size();
        while self.requests.len() > MAX_RECORDS || self.recorded > MAX_RECORDED_BYTES {
            let oldest = self.requests.pop_first();
            self.recorded -= oldest.map_or(0, |(_, record)| record.size());
        }
    }
}
