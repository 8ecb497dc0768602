//! The request log: the last requests, as they came over the wire.

use std::collections::VecDeque;
use std::time::SystemTime;

use axum::http::HeaderMap;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::time;

/// How many requests the log keeps, the latest. [`State::total_requests`](crate::State) counts all.
pub const MAX_REQUESTS: usize = 4_096;
/// How many headers are kept of one request.
const MAX_HEADERS: usize = 32;
/// How much is kept of a path, a header's name or its value, in characters.
const MAX_TEXT: usize = 256;

/// What was decided about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "why")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing yet: the request is still being read.
    #[default]
    Pending,
    /// Its code was consumed for a phone number.
    Granted,
    /// It was refused.
    Refused(Refusal),
    /// A fault, or a shape such as a redirect, took it before anything was checked.
    NotProcessed,
    /// There is no such route or method.
    NotFound,
}

/// How a request ended on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ending {
    /// It has not ended.
    #[default]
    Open,
    /// A whole HTTP reply was handed to the socket.
    Replied,
    /// A fault wrote on the raw socket: nothing, part of a reply, garbage, or a reply in drips.
    Faulted,
    /// The client went away before it could be answered.
    ClientGone,
}

/// One request. Those to `/sandbox/…` and `/openapi.json` are neither numbered nor kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RequestRecord {
    /// Its number: 1 for the first request since the start.
    pub number: u64,
    /// When it came, by the sandbox's clock.
    #[serde(serialize_with = "time::serialize_option")]
    pub at: Option<SystemTime>,
    /// Its method; empty when a fault cut the connection before a head was read.
    pub method: String,
    /// Its path, with the query if there is one; empty like [`RequestRecord::method`].
    pub path: String,
    /// Its headers in lower case; credentials are masked as `***`, after the word `Bearer` if
    /// there is one. 32 at most, each cut at 256 characters.
    pub headers: Vec<(String, String)>,
    /// The length of the body in bytes, once it has been read.
    pub body_length: Option<usize>,
    /// Whether the whole request was read. An incomplete one never reaches a code.
    pub complete: bool,
    /// The code that the body presented, if it could be made out.
    pub code: Option<String>,
    /// What was decided.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The kind of the fault that was applied, such as `cut`.
    pub fault: Option<&'static str>,
    /// How it ended.
    pub ending: Ending,
    /// The HTTP status that was sent, if a whole reply was.
    pub http_status: Option<u16>,
}

impl RequestRecord {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The log itself: numbers without gaps, of which the latest are kept.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    records: VecDeque<RequestRecord>,
    total: u64,
}

impl RequestLog {
    /// Opens a record and gives it its number.
    pub(crate) fn begin(&mut self, now: SystemTime) -> u64 {
        self.total += 1;
        if self.records.len() >= MAX_REQUESTS {
            self.records.pop_front();
        }
        let record = RequestRecord {
            number: self.total,
            at: Some(now),
            ..Default::default()
        };
        self.records.push_back(record);
        self.total
    }

    /// The record of that number, unless it has been forgotten.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut RequestRecord> {
        let first = self.records.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.records.get_mut(index)
    }

    /// The latest `limit` requests, oldest first.
    pub(crate) fn latest(&self, limit: usize) -> Vec<RequestRecord> {
        let forgotten = self.records.len().saturating_sub(limit);
        self.records.iter().skip(forgotten).cloned().collect()
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

/// The beginning of a text, as much as the log keeps.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Headers as the log keeps them.
pub(crate) fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .take(MAX_HEADERS)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = if is_credential(name.as_str()) {
                masked(&value)
            } else {
                shortened(&value)
            };
            (shortened(name.as_str()), value)
        })
        .collect()
}

fn is_credential(name: &str) -> bool {
    ["authorization", "cookie", "secret", "token"]
        .iter()
        .any(|word| name.contains(word))
}

fn masked(value: &str) -> String {
    // The two forms in which clients send a token must stay distinguishable.
    if value.starts_with("Bearer ") {
        "Bearer ***".to_owned()
    } else {
        "***".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_requests_are_kept_and_all_are_counted() {
        let mut log = RequestLog::default();
        let extra = 10;
        for _ in 0..MAX_REQUESTS as u64 + extra {
            log.begin(SystemTime::now());
        }
        assert_eq!(log.total(), MAX_REQUESTS as u64 + extra);
        assert_eq!(log.latest(usize::MAX).len(), MAX_REQUESTS);
        assert!(log.get_mut(extra).is_none());
        assert_eq!(log.get_mut(extra + 1).unwrap().number, extra + 1);
        assert!(log.get_mut(0).is_none());
        assert!(log.get_mut(u64::MAX).is_none());
    }

    #[test]
    fn credentials_are_masked_and_long_headers_cut() {
        let token = "eyJ-canary";
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("x-api-token", token.parse().unwrap());
        headers.insert("cookie", token.parse().unwrap());
        headers.insert("x-long", "x".repeat(1_000).parse().unwrap());
        let kept = kept_headers(&headers);
        assert!(kept.iter().all(|(_, value)| !value.contains(token)));
        assert!(kept.contains(&("authorization".to_owned(), "Bearer ***".to_owned())));
        assert!(kept.iter().any(|(_, value)| value.len() == MAX_TEXT));
    }
}
