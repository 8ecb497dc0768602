//! The ledger: what really became of every code.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::config::Target;
use crate::phone::Phone;
use crate::refusal::Refusal;
use crate::reply::{Grant, Verdict};
use crate::{random, time};

/// How long a code is valid: five minutes (documented).
pub const CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How many codes the ledger keeps. The one that was issued first is forgotten first, and then
/// counts as never issued.
pub const MAX_CODES: usize = 200_000;
/// How many codes that were presented but never issued the ledger keeps, the latest.
pub const MAX_UNKNOWN_CODES: usize = 1_024;
/// How many attempts the ledger keeps for one code, the latest. [`Entry::presented`] counts all.
pub const MAX_ATTEMPTS: usize = 64;
/// How much of a code that was never issued is kept, in characters.
const MAX_UNKNOWN_LENGTH: usize = 128;

/// What kind of code was issued. In JSON `"phone"` or `"login"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CodeKind {
    /// From the phone number button: what the exchange wants.
    #[default]
    Phone,
    /// From `wx.login`: what the exchange refuses.
    Login,
}

/// What has become of a code, by the sandbox's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CodeStatus {
    /// Issued, not used, and still valid.
    Issued,
    /// Exchanged for its phone number, whether or not the reply arrived.
    Consumed,
    /// Too old, and never used.
    Expired,
}

/// What came of one presentation of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result", content = "why")]
#[non_exhaustive]
pub enum AttemptResult {
    /// The code was consumed by this request.
    Accepted,
    /// The request was refused.
    Refused(Refusal),
    /// A fault, or a shape such as a redirect, took the request before anything was checked.
    NotProcessed,
}

/// One presentation of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Attempt {
    /// The number of the request, as in [`RequestRecord::number`](crate::RequestRecord::number).
    pub request: u64,
    /// When, by the sandbox's clock.
    #[serde(serialize_with = "time::serialize")]
    pub at: SystemTime,
    /// What came of it.
    #[serde(flatten)]
    pub result: AttemptResult,
}

/// All that is known about one code that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// The code itself.
    pub code: String,
    /// Where it came from.
    pub kind: CodeKind,
    /// Its phone number, `+` and digits; a login code has none.
    pub phone_number: Option<String>,
    /// The application whose mini program asked for it.
    pub app_id: String,
    /// The connection of that application.
    pub connection: String,
    /// When it was issued, by the sandbox's clock.
    #[serde(serialize_with = "time::serialize")]
    pub issued_at: SystemTime,
    /// From when on it is refused: [`CODE_LIFETIME`] after it was issued.
    #[serde(serialize_with = "time::serialize")]
    pub expires_at: SystemTime,
    /// What has become of it.
    pub status: CodeStatus,
    /// When it was consumed.
    #[serde(serialize_with = "time::serialize_option")]
    pub consumed_at: Option<SystemTime>,
    /// The number of the request that consumed it.
    pub consumed_by: Option<u64>,
    /// How many complete requests have presented it.
    pub presented: u64,
    /// The latest of them, oldest first, [`MAX_ATTEMPTS`] at most.
    pub attempts: Vec<Attempt>,
}

/// A code that was presented but never issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnknownCode {
    /// What was presented, its first 128 characters.
    pub code: String,
    /// By which request, when, and with what result.
    #[serde(flatten)]
    pub attempt: Attempt,
}

/// How many codes there are of each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Codes that could still be exchanged.
    pub issued: usize,
    /// Codes that were exchanged.
    pub consumed: usize,
    /// Codes that grew too old.
    pub expired: usize,
}

#[derive(Debug)]
struct Record {
    kind: CodeKind,
    phone: Option<Phone>,
    target: Target,
    issued_at: SystemTime,
    consumed: Option<(SystemTime, u64)>,
    presented: u64,
    attempts: VecDeque<Attempt>,
}

impl Record {
    fn status(&self, now: SystemTime) -> CodeStatus {
        if self.consumed.is_some() {
            CodeStatus::Consumed
        } else if now >= self.issued_at + CODE_LIFETIME {
            CodeStatus::Expired
        } else {
            CodeStatus::Issued
        }
    }

    fn entry(&self, code: &str, now: SystemTime) -> Entry {
        Entry {
            code: code.to_owned(),
            kind: self.kind,
            phone_number: self.phone.as_ref().map(Phone::e164),
            app_id: self.target.app_id.clone(),
            connection: self.target.connection.clone(),
            issued_at: self.issued_at,
            expires_at: self.issued_at + CODE_LIFETIME,
            status: self.status(now),
            consumed_at: self.consumed.map(|(at, _)| at),
            consumed_by: self.consumed.map(|(_, request)| request),
            presented: self.presented,
            attempts: self.attempts.iter().cloned().collect(),
        }
    }
}

/// The codes themselves. Whoever holds it holds the lock around it, so that a check and the use
/// that follows are one step.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    records: HashMap<Arc<str>, Record>,
    // In the order of issue: what is shown, and what is forgotten first.
    order: VecDeque<Arc<str>>,
    unknown: VecDeque<UnknownCode>,
}

impl Ledger {
    /// Issues a code: for a phone number, or without one as `wx.login` does. It is drawn at random
    /// unless its text is given, which must be new then.
    pub(crate) fn issue(
        &mut self,
        code: Option<&str>,
        phone: Option<Phone>,
        target: Target,
        now: SystemTime,
    ) -> String {
        let (kind, draw): (_, fn() -> String) = match phone {
            Some(_) => (CodeKind::Phone, random::phone_code),
            None => (CodeKind::Login, random::login_code),
        };
        let code = code.map_or_else(draw, str::to_owned);
        if self.order.len() >= MAX_CODES
            && let Some(oldest) = self.order.pop_front()
        {
            self.records.remove(&oldest);
        }
        let key: Arc<str> = code.as_str().into();
        self.order.push_back(Arc::clone(&key));
        let record = Record {
            kind,
            phone,
            target,
            issued_at: now,
            consumed: None,
            presented: 0,
            attempts: VecDeque::new(),
        };
        self.records.insert(key, record);
        code
    }

    /// Checks a code that was presented by a mini program's owner, and uses it up if it is good.
    ///
    /// A refusal never uses up a code; that WeChat keeps it so is a guess.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        belongs: impl FnOnce(&Target) -> bool,
        request: u64,
        now: SystemTime,
    ) -> Verdict {
        let record = self.records.get_mut(code).ok_or(Refusal::CodeUnknown)?;
        let Some(phone) = &record.phone else {
            return Err(Refusal::LoginCode);
        };
        if !belongs(&record.target) {
            return Err(Refusal::CodeOfAnother);
        }
        match record.status(now) {
            CodeStatus::Consumed => Err(Refusal::CodeUsed),
            CodeStatus::Expired => Err(Refusal::CodeExpired),
            CodeStatus::Issued => {
                record.consumed = Some((now, request));
                Ok(Grant {
                    phone: phone.clone(),
                    mini_program_id: record.target.mini_program_id(),
                    tapped_at: record.issued_at,
                })
            }
        }
    }

    /// Writes down that a code was presented, whatever came of it.
    pub(crate) fn note(&mut self, code: &str, attempt: Attempt) {
        if let Some(record) = self.records.get_mut(code) {
            record.presented += 1;
            if record.attempts.len() >= MAX_ATTEMPTS {
                record.attempts.pop_front();
            }
            record.attempts.push_back(attempt);
            return;
        }
        if self.unknown.len() >= MAX_UNKNOWN_CODES {
            self.unknown.pop_front();
        }
        let code = code.chars().take(MAX_UNKNOWN_LENGTH).collect();
        self.unknown.push_back(UnknownCode { code, attempt });
    }

    pub(crate) fn entry(&self, code: &str, now: SystemTime) -> Option<Entry> {
        self.records.get(code).map(|record| record.entry(code, now))
    }

    /// The latest `limit` codes, in the order of their issue.
    pub(crate) fn entries(&self, limit: usize, now: SystemTime) -> Vec<Entry> {
        self.order
            .iter()
            .skip(self.order.len().saturating_sub(limit))
            .filter_map(|code| self.entry(code, now))
            .collect()
    }

    /// The latest `limit` codes that strangers presented, oldest first.
    pub(crate) fn unknown(&self, limit: usize) -> Vec<UnknownCode> {
        let forgotten = self.unknown.len().saturating_sub(limit);
        self.unknown.iter().skip(forgotten).cloned().collect()
    }

    pub(crate) fn counts(&self, now: SystemTime) -> Counts {
        let mut counts = Counts::default();
        for record in self.records.values() {
            match record.status(now) {
                CodeStatus::Issued => counts.issued += 1,
                CodeStatus::Consumed => counts.consumed += 1,
                CodeStatus::Expired => counts.expired += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            app_id: "app".to_owned(),
            connection: "conn".to_owned(),
        }
    }

    fn attempt(request: u64, at: SystemTime) -> Attempt {
        Attempt {
            request,
            at,
            result: AttemptResult::Refused(Refusal::CodeUnknown),
        }
    }

    #[test]
    fn a_code_is_good_until_the_last_moment_of_its_five_minutes() {
        let now = SystemTime::now();
        let mut ledger = Ledger::default();
        let codes: Vec<String> = (0..2)
            .map(|_| ledger.issue(None, Phone::parse("13800138000").ok(), target(), now))
            .collect();
        let last = now + CODE_LIFETIME - Duration::from_nanos(1);
        assert!(ledger.exchange(&codes[0], |_| true, 1, last).is_ok());
        let refusal = ledger
            .exchange(&codes[1], |_| true, 2, now + CODE_LIFETIME)
            .unwrap_err();
        assert_eq!(refusal, Refusal::CodeExpired);
    }

    #[test]
    fn the_ledger_forgets_the_oldest_first() {
        let now = SystemTime::now();
        let mut ledger = Ledger::default();
        let phone = Phone::parse("13800138000").ok();
        let first = ledger.issue(None, phone.clone(), target(), now);
        for _ in 1..MAX_CODES {
            ledger.issue(None, phone.clone(), target(), now);
        }
        assert!(ledger.entry(&first, now).is_some());
        let last = ledger.issue(None, phone, target(), now);
        assert!(ledger.entry(&first, now).is_none());
        assert_eq!(ledger.counts(now).issued, MAX_CODES);
        assert_eq!(ledger.entries(1, now)[0].code, last);
    }

    #[test]
    fn what_strangers_present_is_bounded() {
        let now = SystemTime::now();
        let mut ledger = Ledger::default();
        for number in 0..2_000 {
            ledger.note(&"é".repeat(1_000), attempt(number, now));
        }
        let unknown = ledger.unknown(usize::MAX);
        assert_eq!(unknown.len(), MAX_UNKNOWN_CODES);
        assert_eq!(unknown[0].code.chars().count(), MAX_UNKNOWN_LENGTH);
        let code = ledger.issue(None, None, target(), now);
        for number in 0..100 {
            ledger.note(&code, attempt(number, now));
        }
        let entry = ledger.entry(&code, now).unwrap();
        assert_eq!((entry.presented, entry.attempts.len()), (100, MAX_ATTEMPTS));
        assert_eq!(entry.attempts[0].request, 100 - MAX_ATTEMPTS as u64);
    }
}
