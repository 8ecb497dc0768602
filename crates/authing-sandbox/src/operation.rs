//! Shared by all operations: identification, rate limit, request format, the record.

use chrono::{DateTime, Utc};

use crate::answer::{Envelope, envelope};
use crate::ledger::Outcome;
use crate::refusal::Rejection;
use crate::request::Request;
use crate::state::{Config, Core};

/// The checks that come before an operation's own.
pub(crate) fn check(
    config: &Config,
    core: &mut Core,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<(), Rejection> {
    if !core.admit(now) {
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

/// Writes down what the request with this number led to.
pub(crate) fn note(core: &mut Core, request: &Request, number: u64, outcome: Outcome) {
    let code = request.field("code");
    if let Some(code) = code {
        core.ledger.note(code);
    }
    core.log.request(number, |record| {
        record.code = code.map(str::to_owned);
        record.outcome = outcome;
    });
}

/// An envelope whose message is in the language of the request: Chinese unless another one is
/// asked for. All others fall back to English, because Authing's texts in those are not known.
pub(crate) fn localized(
    request: &Request,
    status_code: i32,
    (chinese, english): (&str, &str),
) -> Envelope {
    let language = request.header("x-authing-lang").unwrap_or("zh");
    let is_chinese = language.to_ascii_lowercase().starts_with("zh");
    envelope(status_code, if is_chinese { chinese } else { english })
}
