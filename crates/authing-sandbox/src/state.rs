//! The state of a sandbox, protected by one lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail, ensure};
use chrono::{DateTime, Utc};

use crate::answer::Shape;
use crate::fault::{CutAt, Fault, MAX_FAULTS};
use crate::ledger::{CODE_LIFETIME, CodeStatus, Entry, Ledger};
use crate::log::Log;
use crate::number;

/// The longest latency: a minute.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);
/// The furthest that the clock can be advanced in all: ten years of 365 days.
pub const MAX_ADVANCE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What a sandbox is started with.
#[derive(Clone, Default)]
pub(crate) struct Config {
    pub(crate) app_id: String,
    pub(crate) userpool_id: String,
    /// The identity source connections; the first is the default.
    pub(crate) connections: Vec<String>,
    pub(crate) admin_token: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) base_url: String,
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
#[derive(Default)]
pub(crate) struct Core {
    pub(crate) ledger: Ledger,
    pub(crate) log: Log,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) controls: Controls,
    /// By how much the clock is ahead of the machine's.
    advanced: Duration,
    /// The current second, and the requests in it.
    window: (i64, u32),
}

/// The state; cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    started_at: DateTime<Utc>,
    // Elapsed time is measured monotonically: a machine that corrects its own clock must not make
    // expired codes valid again.
    started: Instant,
    core: Arc<Mutex<Core>>,
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        let controls = config.controls;
        let core = Core {
            controls,
            ..Core::default()
        };
        Self {
            started_at: Utc::now(),
            started: Instant::now(),
            core: Arc::new(Mutex::new(core)),
            config: Arc::new(config),
        }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // A panic in another thread leaves the value usable.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time in the sandbox.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.started_at + self.started.elapsed() + self.core().advanced
    }

    pub(crate) fn issue(&self, number: &str, connection: Option<&str>) -> Result<Entry> {
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
        self.core().ledger.add(entry.clone());
        Ok(entry)
    }

    pub(crate) fn push_fault(&self, fault: Fault) -> Result<()> {
        let mut core = self.core();
        ensure!(
            core.faults.len() < MAX_FAULTS,
            "too many faults are waiting"
        );
        let zero = "times must be at least 1, or null for no limit";
        ensure!(fault.times != Some(0), zero);
        core.faults.push_back(fault);
        Ok(())
    }
}

impl Core {
    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, duration: Duration) {
        self.advanced = self.advanced.saturating_add(duration).min(MAX_ADVANCE);
    }

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
