//! Everything a sandbox knows and remembers, behind one lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::Builder;
use crate::clock::Clock;
use crate::config::{Application, Applications, Target};
use crate::decide::{Call, Core};
use crate::fault::{Action, CutAt, CutHow, Fault, FaultError, MAX_FAULTS};
use crate::ledger::{AttemptResult, Counts, Entry, Ledger, UnknownCode};
use crate::limit::RateLimit;
use crate::phone::{Phone, PhoneNumberError};
use crate::reply::Verdict;
use crate::requests::{Outcome, RequestLog, RequestRecord};
use crate::shape::Shape;
use crate::sync::lock;

/// Why no code was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// What was given is not a phone number.
    PhoneNumber(PhoneNumberError),
    /// The sandbox has no application of that id.
    UnknownApp,
    /// The application has no connection of that identifier.
    UnknownConnection,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhoneNumber(error) => error.fmt(f),
            Self::UnknownApp => f.write_str("the sandbox has no application of that id"),
            Self::UnknownConnection => f.write_str("the application has no such connection"),
        }
    }
}

// The text of a phone number error is the whole text, so it is not repeated as a source.
impl std::error::Error for IssueError {}

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
}

impl State {
    /// A state with the default application, without a server.
    pub fn new() -> Self {
        Self::assemble(Applications::default(), &Builder::default())
    }

    pub(crate) fn assemble(applications: Applications, builder: &Builder) -> Self {
        let core = Core {
            ledger: Ledger::default(),
            requests: RequestLog::default(),
            limit: RateLimit::new(builder.rate_limit, builder.retry_after),
            shape: builder.shape,
            faults: VecDeque::new(),
        };
        let clock = Clock::new(builder.manual_clock);
        Self {
            inner: Arc::new(Inner {
                applications,
                clock,
                core: Mutex::new(core),
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

    /// Issues a code as a user's tap on the phone number button would: 64 lower-case hex
    /// characters, drawn at random, for the default application and its first connection.
    ///
    /// `phone_number` is `+<calling code><number>` or a bare 11-digit mainland number.
    ///
    /// # Errors
    ///
    /// [`IssueError::PhoneNumber`] if it is neither; nothing is issued then.
    pub fn issue_code(&self, phone_number: &str) -> Result<String, IssueError> {
        let phone = Phone::parse(phone_number).map_err(IssueError::PhoneNumber)?;
        let target = self.target(None, None)?;
        Ok(lock(&self.inner.core)
            .ledger
            .issue(Some(phone), target, self.now()))
    }

    /// Issues a code like [`State::issue_code`], in the mini program of this application and
    /// connection.
    ///
    /// # Errors
    ///
    /// [`IssueError`] if the number, the application or the connection is not one.
    pub fn issue_code_for(
        &self,
        phone_number: &str,
        app_id: &str,
        connection: &str,
    ) -> Result<String, IssueError> {
        let phone = Phone::parse(phone_number).map_err(IssueError::PhoneNumber)?;
        let target = self.target(Some(app_id), Some(connection))?;
        Ok(lock(&self.inner.core)
            .ledger
            .issue(Some(phone), target, self.now()))
    }

    /// Issues a code as `wx.login` would: 32 mixed-case letters and digits, which the exchange
    /// refuses with WeChat's 40029. It belongs to the default application's first connection.
    ///
    /// # Errors
    ///
    /// None at present; the type leaves room.
    pub fn issue_login_code(&self) -> Result<String, IssueError> {
        let target = self.target(None, None)?;
        Ok(lock(&self.inner.core)
            .ledger
            .issue(None, target, self.now()))
    }

    pub(crate) fn issue(
        &self,
        phone_number: Option<&str>,
        app_id: Option<&str>,
        connection: Option<&str>,
    ) -> Result<Entry, IssueError> {
        let phone = phone_number
            .map(Phone::parse)
            .transpose()
            .map_err(IssueError::PhoneNumber)?;
        let target = self.target(app_id, connection)?;
        let now = self.now();
        let ledger = &mut lock(&self.inner.core).ledger;
        let code = ledger.issue(phone, target, now);
        // It was issued under this very lock.
        ledger.entry(&code, now).ok_or(IssueError::UnknownApp)
    }

    /// Finds the connection that is meant; the first one where none is named.
    fn target(&self, app_id: Option<&str>, connection: Option<&str>) -> Result<Target, IssueError> {
        let applications = &self.inner.applications;
        let application = match app_id {
            Some(app_id) => applications.find(app_id),
            None => applications.all().first(),
        }
        .ok_or(IssueError::UnknownApp)?;
        let connection = match connection {
            Some(wanted) => application
                .connections
                .iter()
                .find(|connection| *connection == wanted),
            None => application.connections.first(),
        }
        .ok_or(IssueError::UnknownConnection)?;
        Ok(Target {
            app_id: application.app_id.clone(),
            connection: connection.clone(),
        })
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
        lock(&self.inner.core).ledger.unknown()
    }

    /// How many codes there are of each status.
    pub fn counts(&self) -> Counts {
        lock(&self.inner.core).ledger.counts(self.now())
    }

    /// The latest requests, oldest first; at most [`MAX_REQUESTS`](crate::MAX_REQUESTS).
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.inner.core).requests.all()
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
        lock(&self.inner.core).shape = shape;
    }

    /// Puts a fault at the end of the queue.
    ///
    /// # Errors
    ///
    /// [`FaultError`] if it could not be carried out, or if the queue is full.
    pub fn push_fault(&self, fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        let faults = &mut lock(&self.inner.core).faults;
        if faults.len() >= MAX_FAULTS {
            return Err(FaultError::QueueFull);
        }
        faults.push_back(fault);
        Ok(())
    }

    /// The faults that wait, each with the number of times that it still applies.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.inner.core).faults.iter().cloned().collect()
    }

    /// Forgets every fault that waits.
    pub fn clear_faults(&self) {
        lock(&self.inner.core).faults.clear();
    }

    /// The exchange requests that a user pool may make in one second; `None` for no limit.
    pub fn rate_limit(&self) -> Option<u32> {
        lock(&self.inner.core).limit.per_second()
    }

    /// Sets the rate limit, and begins to count anew.
    pub fn set_rate_limit(&self, per_second: Option<u32>) {
        lock(&self.inner.core).limit.set(per_second);
    }

    /// Whether a reply to a request over the rate limit says `Retry-After: 1`.
    pub fn retry_after(&self) -> bool {
        lock(&self.inner.core).limit.retry_after
    }

    /// Sets whether a reply to a request over the rate limit says `Retry-After: 1`.
    pub fn set_retry_after(&self, retry_after: bool) {
        lock(&self.inner.core).limit.retry_after = retry_after;
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.inner.clock.now()
    }

    /// Opens the record of a request.
    pub(crate) fn begin_request(&self) -> u64 {
        lock(&self.inner.core).requests.begin(self.now())
    }

    /// Completes the record of a request, unless it has been forgotten.
    pub(crate) fn note_request(&self, number: u64, note: impl FnOnce(&mut RequestRecord)) {
        if let Some(record) = lock(&self.inner.core).requests.get_mut(number) {
            note(record);
        }
    }

    /// Takes the fault whose turn it is, for a request that has been read to its end.
    pub(crate) fn take_fault(&self) -> Option<Fault> {
        // A cut at accept waits for a new connection; this one is too old for it.
        self.take_fault_if(|action| {
            !matches!(
                action,
                Action::Cut {
                    at: CutAt::Accept,
                    ..
                }
            )
        })
    }

    /// Takes the fault whose turn it is, if it cuts a connection that has just been accepted.
    pub(crate) fn take_accept_cut(&self) -> Option<(CutHow, Fault)> {
        let fault = self.take_fault_if(|action| {
            matches!(
                action,
                Action::Cut {
                    at: CutAt::Accept,
                    ..
                }
            )
        })?;
        match fault.action {
            Action::Cut { how, .. } => Some((how, fault)),
            _ => None,
        }
    }

    /// Takes the fault whose turn it is, if it cuts a request that has begun to arrive.
    pub(crate) fn take_request_cut(&self) -> Option<(usize, CutHow, Fault)> {
        let fault = self.take_fault_if(|action| {
            matches!(
                action,
                Action::Cut {
                    at: CutAt::RequestBytes(_),
                    ..
                }
            )
        })?;
        match fault.action {
            Action::Cut {
                at: CutAt::RequestBytes(bytes),
                how,
            } => Some((bytes, how, fault)),
            _ => None,
        }
    }

    fn take_fault_if(&self, wanted: impl FnOnce(&Action) -> bool) -> Option<Fault> {
        let faults = &mut lock(&self.inner.core).faults;
        let first = faults.front_mut().filter(|fault| wanted(&fault.action))?;
        let taken = first.clone();
        match &mut first.times {
            None => {}
            Some(times) if *times > 1 => *times -= 1,
            Some(_) => {
                faults.pop_front();
            }
        }
        Some(taken)
    }

    /// Writes down that a call was taken before anything was checked.
    pub(crate) fn pass_over(&self, call: &Call) {
        let now = self.now();
        let core = &mut *lock(&self.inner.core);
        core.note(
            call,
            AttemptResult::NotProcessed,
            Outcome::NotProcessed,
            now,
        );
    }

    /// Decides a call: who asks, how often, what, and whether the code is good; and uses up the
    /// code in the same step.
    pub(crate) fn process(&self, call: &Call) -> Verdict {
        let now = self.now();
        let core = &mut *lock(&self.inner.core);
        let verdict = core.decide(&self.inner.applications, call, now);
        let (result, outcome) = match &verdict {
            Ok(_) => (AttemptResult::Accepted, Outcome::Granted),
            Err(refusal) => (AttemptResult::Refused(*refusal), Outcome::Refused(*refusal)),
        };
        core.note(call, result, outcome, now);
        verdict
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
