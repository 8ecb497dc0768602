//! The state of a sandbox, protected by one lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::answer::Shape;
use crate::clock::{self, Clock};
use crate::fault::{CutAt, Fault, MAX_FAULTS};
use crate::ledger::{CODE_LIFETIME, CodeKind, CodeStatus, Entry, Ledger, MAX_CODE};
use crate::log::Log;
use crate::number;

/// The longest latency: a minute.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);

/// What a sandbox is started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) app_id: String,
    pub(crate) userpool_id: String,
    /// The identity source connections; the first is the default.
    pub(crate) connections: Vec<String>,
    pub(crate) admin_token: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) base_url: String,
    pub(crate) tls: bool,
    pub(crate) manual_clock: bool,
    pub(crate) controls: Controls,
}

/// What can be switched while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Controls {
    pub(crate) shape: Shape,
    pub(crate) latency: Duration,
    /// Requests per second; `None` is no limit.
    pub(crate) rate_limit: Option<u32>,
}

/// What changes. One lock around all of it makes each step of an exchange atomic: no two requests
/// can find the same code unused.
#[derive(Debug, Default)]
pub(crate) struct Core {
    pub(crate) ledger: Ledger,
    pub(crate) log: Log,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) controls: Controls,
    /// The current second, and the requests in it.
    window: (i64, u32),
}

/// The state; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    core: Arc<Mutex<Core>>,
}

/// What to issue a code for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// The number, `+` and digits or 11 digits of mainland China; only for [`CodeKind::Phone`].
    pub phone_number: Option<String>,
    /// The kind of code.
    #[serde(default)]
    pub kind: CodeKind,
    /// The identity source connection. Default: the sandbox's first.
    pub connection: Option<String>,
    /// The text of the code. Default: random.
    pub code: Option<String>,
}

fn invalid<T>(text: impl Into<String>) -> Result<T, String> {
    Err(text.into())
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            clock: Clock::new(config.manual_clock),
            core: Arc::new(Mutex::new(Core {
                controls: config.controls,
                ..Core::default()
            })),
            config: Arc::new(config),
        }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        clock::lock(&self.core)
    }

    pub(crate) fn entry(&self, code: &str) -> Option<Entry> {
        let now = self.clock.now();
        self.core().ledger.entry(code, now)
    }

    pub(crate) fn issue(&self, order: Order) -> Result<String, String> {
        let phone_number = match (order.kind, &order.phone_number) {
            (CodeKind::Phone, None) => return invalid("phoneNumber is missing"),
            (CodeKind::Phone, Some(number)) => {
                let (country_code, national) = number::split(number).or_else(invalid)?;
                Some(format!("+{country_code}{national}"))
            }
            (CodeKind::Login, None) => None,
            (CodeKind::Login, Some(_)) => return invalid("a login code has no phoneNumber"),
        };
        let known = &self.config.connections;
        let connection = order.connection.unwrap_or_else(|| known[0].clone());
        if !known.contains(&connection) {
            let known = known.join(", ");
            return invalid(format!("no such connection; the sandbox has {known}"));
        }
        // In the form of WeChat's samples.
        let code = order.code.unwrap_or_else(|| match order.kind {
            CodeKind::Phone => number::hex(64),
            CodeKind::Login => number::login_code(),
        });
        if !(1..=MAX_CODE).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_graphic()) {
            return invalid(format!(
                "a code has 1 to {MAX_CODE} visible ASCII characters"
            ));
        }
        let now = self.clock.now();
        let mut core = self.core();
        let known = core.ledger.entry(&code, now);
        if known.is_some_and(|entry| entry.status != CodeStatus::Unknown) {
            return invalid("this code was issued before");
        }
        core.ledger.issue(Entry {
            code: code.clone(),
            kind: order.kind,
            phone_number,
            connection: Some(connection),
            issued_at: Some(now),
            expires_at: Some(now + CODE_LIFETIME),
            status: CodeStatus::Issued,
            ..Entry::default()
        });
        Ok(code)
    }

    pub(crate) fn push_fault(&self, fault: Fault) -> Result<(), String> {
        let mut core = self.core();
        if core.faults.len() >= MAX_FAULTS {
            return invalid("too many faults are waiting");
        }
        if fault.times == Some(0) {
            return invalid("times must be at least 1, or null for no limit");
        }
        core.faults.push_back(fault);
        Ok(())
    }
}

impl Core {
    /// Takes the first fault if `takes` accepts its trigger.
    pub(crate) fn take_fault(&mut self, takes: impl FnOnce(CutAt) -> bool) -> Option<Fault> {
        let first = self.faults.front_mut()?;
        if !takes(first.trigger()) {
            return None;
        }
        match &mut first.times {
            Some(1) => return self.faults.pop_front(),
            Some(left) => *left -= 1,
            None => {}
        }
        Some(first.clone())
    }

    /// Whether one more request in this second is within the rate limit. How Authing counts is not
    /// known; windows of one second are assumed.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>) -> bool {
        if self.window.0 != now.timestamp() {
            self.window = (now.timestamp(), 0);
        }
        self.window.1 = self.window.1.saturating_add(1);
        let limit = self.controls.rate_limit;
        limit.is_none_or(|limit| self.window.1 <= limit)
    }
}
