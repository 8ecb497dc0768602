//! The state of a sandbox, protected by one lock.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, bail, ensure};
use chrono::{DateTime, Utc};

use crate::answer::Shape;
use crate::fault::{CutAt, Fault, MAX_FAULTS};
use crate::ledger::{CODE_LIFETIME, CodeStatus, Entry, Ledger};
use crate::log::Log;
use crate::number;
use crate::rejection::Rejection;
use crate::request::Request;

/// The longest latency: a minute.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);
/// The furthest that the clock can be advanced in all: ten years of 365 days.
pub const MAX_ADVANCE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What a sandbox is started with. The last three can be changed while it runs.
#[derive(Clone, Default)]
pub(crate) struct Config {
    pub(crate) app_id: String,
    pub(crate) userpool_id: String,
    /// The identity source connections; the first is the default.
    pub(crate) connections: Vec<String>,
    pub(crate) admin_token: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) base_url: String,
    pub(crate) shape: Shape,
    pub(crate) latency: Duration,
    /// Requests per second; `None` is no limit.
    pub(crate) rate_limit: Option<u32>,
}

/// The state; cheap to clone. One lock around all of it makes each step of an exchange atomic: no
/// two requests can find the same code unused.
#[derive(Clone)]
pub(crate) struct State(Arc<Mutex<Core>>);

impl State {
    pub(crate) fn new(config: Config) -> Self {
        let core = Core {
            config,
            ledger: Ledger::default(),
            log: Log::default(),
            faults: VecDeque::new(),
            started_at: Utc::now(),
            started: Instant::now(),
            advanced: Duration::ZERO,
            window: (0, 0),
        };
        Self(Arc::new(Mutex::new(core)))
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // A panic in another thread leaves the value usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is protected by the lock.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
    pub(crate) log: Log,
    pub(crate) faults: VecDeque<Fault>,
    started_at: DateTime<Utc>,
    // Elapsed time is measured monotonically: a machine that corrects its own clock must not make
    // expired codes valid again.
    started: Instant,
    /// By how much the clock is ahead of the machine's.
    advanced: Duration,
    /// The current second, and the requests in it.
    window: (i64, u32),
}

impl Core {
    /// The time in the sandbox.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.started_at + self.started.elapsed() + self.advanced
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, duration: Duration) {
        self.advanced = self.advanced.saturating_add(duration).min(MAX_ADVANCE);
    }

    pub(crate) fn issue(
        &mut self,
        number: &str,
        connection: Option<&str>,
    ) -> anyhow::Result<Entry> {
        let (country_code, national) = number::split(number).map_err(Error::msg)?;
        let known = &self.config.connections;
        let connection = connection.unwrap_or(&known[0]);
        if known.iter().all(|each| each != connection) {
            bail!("no such connection; the sandbox has {}", known.join(", "));
        }
        let now = self.now();
        let entry = Entry {
            // In the form of WeChat's samples.
            code: number::hex(64),
            phone_number: Some(format!("+{country_code}{national}")),
            connection: Some(connection.to_owned()),
            issued_at: Some(now),
            expires_at: Some(now + CODE_LIFETIME),
            status: CodeStatus::Issued,
            ..Entry::default()
        };
        self.ledger.add(entry.clone());
        Ok(entry)
    }

    pub(crate) fn push_fault(&mut self, fault: Fault) -> anyhow::Result<()> {
        let full = "too many faults are waiting";
        ensure!(self.faults.len() < MAX_FAULTS, full);
        let zero = "times must be at least 1, or null for no limit";
        ensure!(fault.times != Some(0), zero);
        self.faults.push_back(fault);
        Ok(())
    }

    /// Takes the first fault if it acts in this part of a connection.
    pub(crate) fn take_fault(&mut self, part: RangeInclusive<CutAt>) -> Option<Fault> {
        let first = self.faults.front_mut()?;
        if !part.contains(&first.trigger()) {
            return None;
        }
        match &mut first.times {
            Some(1) => return self.faults.pop_front(),
            Some(left) => *left -= 1,
            None => {}
        }
        Some(first.clone())
    }

    /// The checks that come before an operation's own. How Authing counts for the rate limit is not
    /// known; windows of one second are assumed.
    pub(crate) fn check(&mut self, request: &Request) -> Result<(), Rejection> {
        let second = self.now().timestamp();
        if self.window.0 != second {
            self.window = (second, 0);
        }
        self.window.1 = self.window.1.saturating_add(1);
        let config = &self.config;
        if config.rate_limit.is_some_and(|limit| self.window.1 > limit) {
            return Err(Rejection::Throttled);
        }
        match ["x-authing-app-id", "x-authing-userpool-id"].map(|name| request.header(name)) {
            [None, None] => Err(Rejection::MissingIdentity),
            [Some(id), _] if id != config.app_id => Err(Rejection::UnknownApp),
            [_, Some(id)] if id != config.userpool_id => Err(Rejection::UnknownUserpool),
            _ if !request.is_json() => Err(Rejection::ContentType),
            _ if request.fields.is_none() => Err(Rejection::NotJson),
            _ => Ok(()),
        }
    }
}
