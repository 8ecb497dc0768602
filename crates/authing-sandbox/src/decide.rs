//! The decision about one call, in the order in which Authing is thought to check it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::config::{Application, Applications, Target};
use crate::fault::Fault;
use crate::ledger::{Attempt, AttemptResult, Ledger};
use crate::limit::RateLimit;
use crate::refusal::Refusal;
use crate::reply::Verdict;
use crate::requests::{Outcome, RequestLog};
use crate::shape::Shape;

/// What changes. One lock around all of it makes each step of an exchange whole: no two requests
/// can both find a code unused.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) ledger: Ledger,
    pub(crate) requests: RequestLog,
    pub(crate) limit: RateLimit,
    pub(crate) shape: Shape,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) latency: Duration,
}

/// A request to the exchange, as far as its head and body could be made out.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) number: u64,
    pub(crate) app_id: Option<String>,
    pub(crate) userpool_id: Option<String>,
    /// What is wrong with the message itself, found while it was read.
    pub(crate) malformed: Option<Refusal>,
    pub(crate) code: Option<String>,
    pub(crate) connection: Option<String>,
}

impl Core {
    /// Who asks, how often, what, and whether the code is good; a good one is used up.
    pub(crate) fn decide(&mut self, known: &Applications, call: &Call, now: SystemTime) -> Verdict {
        let candidates = identify(known, call)?;
        let pool = candidates
            .first()
            .ok_or(Refusal::UnknownUserpool)?
            .userpool_id
            .as_str();
        if !self.limit.admits(pool, now) {
            return Err(Refusal::Throttled);
        }
        if let Some(refusal) = call.malformed {
            return Err(refusal);
        }
        let (Some(code), Some(connection)) = (&call.code, &call.connection) else {
            return Err(Refusal::MissingField);
        };
        let owners: Vec<&str> = candidates
            .iter()
            .filter(|application| application.connections.contains(connection))
            .map(|application| application.app_id.as_str())
            .collect();
        if owners.is_empty() {
            return Err(Refusal::UnknownConnection);
        }
        let belongs = |target: &Target| {
            target.connection == *connection && owners.contains(&target.app_id.as_str())
        };
        self.ledger.exchange(code, belongs, call.number, now)
    }

    /// Writes down what came of a call, with its code and with its request.
    pub(crate) fn note(
        &mut self,
        call: &Call,
        result: AttemptResult,
        outcome: Outcome,
        now: SystemTime,
    ) {
        if let Some(code) = &call.code {
            self.ledger.note(
                code,
                Attempt {
                    request: call.number,
                    at: now,
                    result,
                },
            );
        }
        if let Some(record) = self.requests.get_mut(call.number) {
            record.outcome = outcome;
        }
    }
}

/// The applications in whose name a call may speak: one by its id, or all of a user pool.
fn identify<'a>(known: &'a Applications, call: &'a Call) -> Result<Vec<&'a Application>, Refusal> {
    let pool = match &call.userpool_id {
        Some(pool) => {
            let members: Vec<&Application> = known.in_pool(pool).collect();
            if members.is_empty() {
                return Err(Refusal::UnknownUserpool);
            }
            Some(members)
        }
        None => None,
    };
    match (&call.app_id, pool) {
        (Some(app_id), pool) => {
            let application = known.find(app_id).ok_or(Refusal::UnknownApp)?;
            // That the two headers must agree is a guess.
            match pool {
                Some(members) if !members.contains(&application) => Err(Refusal::UnknownApp),
                _ => Ok(vec![application]),
            }
        }
        (None, Some(members)) => Ok(members),
        (None, None) => Err(Refusal::MissingIdentity),
    }
}
