//! Shared by all operations: identification, rate limit, request format, the record.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::answer::{Envelope, envelope};
use crate::ledger::Outcome;
use crate::refusal::Rejection;
use crate::request::Request;
use crate::state::{Core, State};

/// One complete request to an operation.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) request: &'a Request,
    /// The number of its record.
    pub(crate) number: u64,
    /// The body, if it is a JSON object.
    body: Option<Map<String, Value>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(state: &'a State, request: &'a Request, number: u64) -> Self {
        Self {
            state,
            request,
            number,
            body: serde_json::from_slice(&request.body).ok(),
        }
    }

    /// A field of the body; one that is not a string, or empty, counts as absent.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let value = self.body.as_ref()?.get(name)?.as_str()?;
        (!value.is_empty()).then_some(value)
    }

    /// The checks that come before an operation's own.
    pub(crate) fn check(&self, core: &mut Core, now: DateTime<Utc>) -> Result<(), Rejection> {
        if !core.admit(now) {
            return Err(Rejection::Throttled);
        }
        let (config, request) = (&self.state.config, self.request);
        let ids = ["x-authing-app-id", "x-authing-userpool-id"].map(|name| request.header(name));
        match ids {
            [None, None] => return Err(Rejection::MissingIdentity),
            [Some(id), _] if id != config.app_id => return Err(Rejection::UnknownApp),
            [_, Some(id)] if id != config.userpool_id => return Err(Rejection::UnknownUserpool),
            _ => {}
        }
        if !request.is_json() {
            return Err(Rejection::ContentType);
        }
        self.body.as_ref().map(|_| ()).ok_or(Rejection::NotJson)
    }

    /// Writes down what the request led to.
    pub(crate) fn note(&self, core: &mut Core, outcome: Outcome) {
        let code = self.field("code");
        if let Some(code) = code {
            core.ledger.note(code);
        }
        core.log.request(self.number, |record| {
            record.code = code.map(str::to_owned);
            record.outcome = outcome;
        });
    }

    /// An envelope whose message is in the language of the request: Chinese unless another one is
    /// asked for. All others fall back to English, because Authing's texts in those are not known.
    pub(crate) fn envelope(&self, status_code: i32, (chinese, english): (&str, &str)) -> Envelope {
        let language = self.request.header("x-authing-lang").unwrap_or("zh");
        let is_chinese = language.to_ascii_lowercase().starts_with("zh");
        envelope(status_code, if is_chinese { chinese } else { english })
    }
}
