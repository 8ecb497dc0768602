//! The queue of faults, and the switch that slows every reply.

use std::time::Duration;

use super::State;
use crate::fault::{Action, CutAt, CutHow, Fault, FaultError, MAX_FAULTS, MAX_FAULTS_SIZE};
use crate::sync::lock;

/// The longest wait that [`State::set_latency`] accepts: a minute.
pub const MAX_LATENCY: Duration = Duration::from_secs(60);

impl State {
    /// Puts a fault at the end of the queue.
    ///
    /// # Errors
    ///
    /// [`FaultError`] if it could not be carried out, or if the queue is full.
    pub fn push_fault(&self, fault: Fault) -> Result<(), FaultError> {
        fault.check()?;
        self.change(|core| {
            let size: usize = core.faults.iter().map(Fault::size).sum();
            if core.faults.len() >= MAX_FAULTS || size + fault.size() > MAX_FAULTS_SIZE {
                return Err(FaultError::QueueFull);
            }
            core.faults.push_back(fault);
            Ok(())
        })
    }

    /// The faults that wait, each with the number of times that it still applies.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.inner.core).faults.iter().cloned().collect()
    }

    /// Forgets every fault that waits.
    pub fn clear_faults(&self) {
        self.change(|core| core.faults.clear());
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
        // The record of the request that it meets says so next, and that is a change.
        Some(taken)
    }

    /// How much later than it could every reply of the exchange comes.
    pub fn latency(&self) -> Duration {
        lock(&self.inner.core).latency
    }

    /// Slows every reply of the exchange to come, [`MAX_LATENCY`] at most. The request is
    /// processed at once; a fault's own delay is added.
    pub fn set_latency(&self, latency: Duration) {
        self.change(|core| core.latency = latency.min(MAX_LATENCY));
    }
}
