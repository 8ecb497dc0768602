//! Everything a sandbox knows and remembers, behind one lock.

mod faults;
mod issue;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

use tokio::sync::watch;

use crate::Builder;
use crate::admission::Admission;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::{Application, Applications};
use crate::decide::{Call, Core};
use crate::ledger::{AttemptResult, Counts, Entry, Ledger, UnknownCode};
use crate::limit::RateLimit;
use crate::reply::Verdict;
use crate::requests::{Outcome, RequestLog, RequestRecord};
use crate::shape::Shape;
use crate::sync::lock;

pub use faults::MAX_LATENCY;
pub use issue::IssueError;
pub(crate) use issue::Order;

/// A handle on everything a sandbox knows and remembers; cheap to clone, every clone is the same
/// sandbox. It works without a server too.
///
/// This is a test tool: it keeps codes and phone numbers in memory, and shows them to whoever
/// asks, `Debug` included.
#[derive(Clone, Debug)]
pub struct State {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    applications: Applications,
    clock: Clock,
    core: Mutex<Core>,
    // Counts changes, for whoever watches; it says that there is news, never what.
    changes: watch::Sender<u64>,
    admission: Admission,
    backend: Option<Backend>,
    // Known once a server has been started.
    address: OnceLock<SocketAddr>,
}

impl State {
    /// A state with the default application, without a server.
    pub fn new() -> Self {
        Self::assemble(Applications::default(), None, &Builder::default())
    }

    pub(crate) fn assemble(
        applications: Applications,
        backend: Option<Backend>,
        builder: &Builder,
    ) -> Self {
        let core = Core {
            ledger: Ledger::default(),
            requests: RequestLog::default(),
            limit: RateLimit::new(builder.rate_limit, builder.retry_after),
            shape: builder.shape,
            faults: VecDeque::new(),
            latency: builder.latency.min(MAX_LATENCY),
        };
        let clock = Clock::new(builder.manual_clock);
        Self {
            inner: Arc::new(Inner {
                applications,
                clock,
                core: Mutex::new(core),
                changes: watch::Sender::new(0),
                admission: Admission::new(builder.admin_token.as_deref()),
                backend,
                address: OnceLock::new(),
            }),
        }
    }

    /// The applications that the sandbox knows; the first is the default.
    pub fn applications(&self) -> &[Application] {
        self.inner.applications.all()
    }

    /// The sandbox's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// What became of every code, in the order of their issue; at most
    /// [`MAX_CODES`](crate::MAX_CODES), the latest.
    pub fn ledger(&self) -> Vec<Entry> {
        self.latest_entries(usize::MAX)
    }

    pub(crate) fn latest_entries(&self, limit: usize) -> Vec<Entry> {
        lock(&self.inner.core).ledger.entries(limit, self.now())
    }

    /// What became of one code, if it was issued here.
    pub fn entry(&self, code: &str) -> Option<Entry> {
        lock(&self.inner.core).ledger.entry(code, self.now())
    }

    /// The codes that were presented but never issued, oldest first; at most
    /// [`MAX_UNKNOWN_CODES`](crate::MAX_UNKNOWN_CODES), the latest.
    pub fn unknown_codes(&self) -> Vec<UnknownCode> {
        self.latest_unknown_codes(usize::MAX)
    }

    pub(crate) fn latest_unknown_codes(&self, limit: usize) -> Vec<UnknownCode> {
        lock(&self.inner.core).ledger.unknown(limit)
    }

    /// How many codes there are of each status.
    pub fn counts(&self) -> Counts {
        lock(&self.inner.core).ledger.counts(self.now())
    }

    /// The latest requests, oldest first; at most [`MAX_REQUESTS`](crate::MAX_REQUESTS).
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.latest_requests(usize::MAX)
    }

    pub(crate) fn latest_requests(&self, limit: usize) -> Vec<RequestRecord> {
        lock(&self.inner.core).requests.latest(limit)
    }

    /// The record of one request, unless it has been forgotten.
    pub(crate) fn request(&self, number: u64) -> Option<RequestRecord> {
        lock(&self.inner.core).requests.get_mut(number).cloned()
    }

    /// How many requests have come since the start, forgotten ones included.
    pub fn total_requests(&self) -> u64 {
        lock(&self.inner.core).requests.total()
    }

    /// The shape of all replies to come.
    pub fn shape(&self) -> Shape {
        lock(&self.inner.core).shape
    }

    /// Sets the shape of all replies to come.
    pub fn set_shape(&self, shape: Shape) {
        self.change(|core| core.shape = shape);
    }

    /// The exchange requests that a user pool may make in one second; `None` for no limit.
    pub fn rate_limit(&self) -> Option<u32> {
        lock(&self.inner.core).limit.per_second()
    }

    /// Sets the rate limit, and begins to count anew.
    pub fn set_rate_limit(&self, per_second: Option<u32>) {
        self.change(|core| core.limit.set(per_second));
    }

    /// Whether a reply to a request over the rate limit says `Retry-After: 1`.
    pub fn retry_after(&self) -> bool {
        lock(&self.inner.core).limit.retry_after
    }

    /// Sets whether a reply to a request over the rate limit says `Retry-After: 1`.
    pub fn set_retry_after(&self, retry_after: bool) {
        self.change(|core| core.limit.retry_after = retry_after);
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.inner.clock.now()
    }

    /// Opens the record of a request.
    pub(crate) fn begin_request(&self) -> u64 {
        let now = self.now();
        self.change(|core| core.requests.begin(now))
    }

    /// Completes the record of a request, unless it has been forgotten.
    pub(crate) fn note_request(&self, number: u64, note: impl FnOnce(&mut RequestRecord)) {
        self.change(|core| {
            if let Some(record) = core.requests.get_mut(number) {
                note(record);
            }
        });
    }

    /// Writes down that a call was taken before anything was checked.
    pub(crate) fn pass_over(&self, call: &Call) {
        let now = self.now();
        let result = AttemptResult::NotProcessed;
        self.change(|core| core.note(call, result, Outcome::NotProcessed, now));
    }

    /// Decides a call: who asks, how often, what, and whether the code is good; and uses up the
    /// code in the same step.
    pub(crate) fn process(&self, call: &Call) -> Verdict {
        let now = self.now();
        self.change(|core| {
            let verdict = core.decide(&self.inner.applications, call, now);
            let (result, outcome) = match &verdict {
                Ok(_) => (AttemptResult::Accepted, Outcome::Granted),
                Err(refusal) => (AttemptResult::Refused(*refusal), Outcome::Refused(*refusal)),
            };
            core.note(call, result, outcome, now);
            verdict
        })
    }

    /// Changes what is under the lock, and tells whoever watches.
    fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let outcome = change(&mut lock(&self.inner.core));
        self.touch();
        outcome
    }

    /// Tells whoever watches that something has changed.
    pub(crate) fn touch(&self) {
        self.inner
            .changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Says when something has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Who is let in to the sandbox's own routes.
    pub(crate) fn admission(&self) -> &Admission {
        &self.inner.admission
    }

    /// The address that the sandbox listens on, if it does.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.inner.address.get().copied()
    }

    pub(crate) fn set_address(&self, address: SocketAddr) {
        // It is set once: each server has a state of its own.
        let _ = self.inner.address.set(address);
    }

    /// The developer's own backend, if the sandbox was told of one.
    pub(crate) fn backend(&self) -> Option<&Backend> {
        self.inner.backend.as_ref()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
