//! The ledger: what happened to every code.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::rejection::Rejection;

/// How long a code is valid: five minutes (documented).
pub const CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How many codes the ledger keeps. The oldest is forgotten first, and is unknown then.
pub const MAX_CODES: usize = 100_000;
/// The characters that are kept of a code that was presented.
const MAX_CODE: usize = 128;

/// What happened to a code, by the sandbox's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeStatus {
    /// Issued, not used, and valid.
    Issued,
    /// Exchanged for its phone number, whether or not the response arrived.
    Consumed,
    /// Too old, and never used.
    Expired,
    /// Presented but never issued.
    #[default]
    Unknown,
}

/// What a request led to. In JSON one word, such as `"consumed"` or `"code-used"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing yet: the request is not complete.
    #[default]
    Pending,
    /// It consumed its code.
    Consumed,
    /// A fault took it before anything was checked.
    NotProcessed,
    /// It was not a request of any operation.
    NotFound,
    /// It was rejected.
    #[serde(untagged)]
    Rejected(Rejection),
}

/// All that is known about one code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// The code itself.
    pub code: String,
    /// Its phone number in E.164; an unknown code has none.
    pub phone_number: Option<String>,
    /// The identity source connection it was issued for.
    pub connection: Option<String>,
    /// When it was issued, by the sandbox's clock.
    pub issued_at: Option<DateTime<Utc>>,
    /// When it expires: [`CODE_LIFETIME`] after it was issued.
    pub expires_at: Option<DateTime<Utc>>,
    /// What happened to it.
    pub status: CodeStatus,
    /// When it was consumed.
    pub consumed_at: Option<DateTime<Utc>>,
    /// The number of the request that consumed it.
    pub consumed_by: Option<u64>,
    /// How many complete requests have presented it.
    pub presented: u64,
}

impl Entry {
    /// What is known at this time.
    fn at(&self, now: DateTime<Utc>) -> Self {
        let mut entry = self.clone();
        let expired = self.expires_at.is_some_and(|expiry| now >= expiry);
        if self.status == CodeStatus::Issued && expired {
            entry.status = CodeStatus::Expired;
        }
        entry
    }
}

/// The codes. They are changed under one lock, so that a check and the use that follows are one step.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: HashMap<String, Entry>,
    /// In the order in which they were issued or first presented.
    order: VecDeque<String>,
}

impl Ledger {
    /// Adds a new code.
    pub(crate) fn add(&mut self, entry: Entry) {
        if self.order.len() >= MAX_CODES
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(entry.code.clone());
        self.entries.insert(entry.code.clone(), entry);
    }

    /// Checks a code and consumes it if it is valid. A rejection never consumes a code; that this
    /// is so at WeChat is assumed.
    pub(crate) fn consume(
        &mut self,
        code: &str,
        connection: &str,
        request: u64,
        now: DateTime<Utc>,
    ) -> Result<Entry, Rejection> {
        let entry = self.entries.get_mut(code).ok_or(Rejection::CodeUnknown)?;
        match entry.at(now).status {
            CodeStatus::Unknown => Err(Rejection::CodeUnknown),
            _ if entry.connection.as_deref() != Some(connection) => Err(Rejection::CodeOfAnother),
            CodeStatus::Consumed => Err(Rejection::CodeUsed),
            CodeStatus::Expired => Err(Rejection::CodeExpired),
            CodeStatus::Issued => {
                entry.status = CodeStatus::Consumed;
                entry.consumed_at = Some(now);
                entry.consumed_by = Some(request);
                Ok(entry.clone())
            }
        }
    }

    /// Counts a complete request that presented a code.
    pub(crate) fn note(&mut self, code: &str) {
        let code: String = code.chars().take(MAX_CODE).collect();
        if let Some(entry) = self.entries.get_mut(&code) {
            entry.presented += 1;
        } else {
            self.add(Entry {
                code,
                presented: 1,
                ..Entry::default()
            });
        }
    }

    pub(crate) fn entry(&self, code: &str, now: DateTime<Utc>) -> Option<Entry> {
        self.entries.get(code).map(|entry| entry.at(now))
    }

    /// The latest codes, at most `limit`, oldest first.
    pub(crate) fn entries(&self, limit: usize, now: DateTime<Utc>) -> Vec<Entry> {
        let latest = self.order.iter().rev().take(limit).rev();
        latest.filter_map(|code| self.entry(code, now)).collect()
    }
}
