//! Turns a complete request and its fault into the bytes to send.

use std::time::Duration;

use crate::answer::{Answer, envelope};
use crate::fault::{Action, CutAt, Fault, How};
use crate::get_wechat_miniprogram_phone::{self as phone, EXCHANGE_PATH};
use crate::ledger::Outcome;
use crate::log::{Ending, RequestRecord};
use crate::request::Request;
use crate::state::Core;

/// What is sent in response to a request, and what happens to the connection. The default sends
/// nothing.
#[derive(Default)]
pub(crate) struct Script {
    /// The number of the request's record, if it has one.
    pub(crate) record: Option<u64>,
    /// Waits, and what is sent after each of them.
    pub(crate) steps: Vec<(Duration, Vec<u8>)>,
    /// A step that follows again and again.
    pub(crate) repeat: Option<(Duration, Vec<u8>)>,
    /// The time before each byte; zero sends the bytes of a step at once.
    pub(crate) interval: Duration,
    /// How the connection ends; `None` keeps it open.
    pub(crate) then: Option<How>,
    /// How the request ends. After a complete response TLS is closed in order before a FIN.
    pub(crate) ending: Ending,
}

impl Script {
    /// Sends a complete response.
    pub(crate) fn send(answer: &Answer, record: Option<u64>) -> Self {
        Self::new(&Fault::delay(Duration::ZERO), answer, record)
    }

    /// Sends what a fault lets through of a response, or what it sends instead.
    pub(crate) fn new(fault: &Fault, answer: &Answer, record: Option<u64>) -> Self {
        let (head, wait) = (answer.head(), Duration::from_millis(fault.after_ms));
        let mut all = [&head[..], &answer.body].concat();
        let closes = answer.get("connection") == Some("close");
        let mut script = Self {
            record,
            interval: Duration::from_millis(fault.interval_ms),
            then: closes.then_some(How::Fin),
            ending: Ending::Responded,
            ..Self::default()
        };
        match &fault.action {
            Action::Answer(_) => script.steps.push((wait, all)),
            Action::Twice => script.steps = vec![(Duration::ZERO, all.clone()), (wait, all)],
            Action::Raw {
                bytes,
                repeat,
                then,
            } => {
                script.steps.push((wait, bytes.0.clone()));
                if !repeat.0.is_empty() {
                    let times = (8 * 1024usize).div_ceil(repeat.0.len());
                    script.repeat = Some((Duration::ZERO, repeat.0.repeat(times)));
                }
                script.then = *then;
                if then.is_some() {
                    script.ending = Ending::Faulted;
                }
            }
            Action::Cut { at, how } => {
                script.then = Some(*how);
                if *at == CutAt::Response {
                    script.steps = vec![(Duration::ZERO, all), (wait, Vec::new())];
                    return script;
                }
                all.truncate(match at {
                    CutAt::StatusLine => answer.status_line().len(),
                    CutAt::HalfBody => head.len() + answer.body.len() / 2,
                    CutAt::ResponseBytes(sent) => *sent,
                    _ => 0,
                });
                script.steps.push((wait, all));
                script.ending = Ending::Faulted;
            }
        }
        script
    }
}

/// Takes the fault of a complete request, processes the request unless the fault prevents it, and
/// says what is sent.
pub(crate) fn respond(core: &mut Core, request: &Request, number: u64) -> Script {
    if request.is_foreign() {
        let change = |record: &mut RequestRecord| record.outcome = Outcome::NotProcessed;
        core.log.request(number, change);
        return Script::send(&Answer::foreign(), Some(number));
    }
    let fault = core.take_fault(CutAt::RequestBytes(0)..=CutAt::Request);
    let kind = fault.as_ref().map(Fault::kind);
    core.log.request(number, |record| record.fault = kind);
    let fault = fault.unwrap_or_else(|| Fault::delay(Duration::ZERO));
    let answer = complete(core, request, number, fault.consumes());
    let answer = fault.alter(answer).finish(request);
    let mut script = Script::new(&fault, &answer, Some(number));
    script.steps[0].0 += core.config.latency;
    script
}

/// Processes a complete request, or only counts it, and writes down what it led to.
pub(crate) fn complete(core: &mut Core, request: &Request, number: u64, process: bool) -> Answer {
    let (outcome, answer) = if !process {
        (Outcome::NotProcessed, unprocessed())
    } else if request.method == "POST" && request.path() == EXCHANGE_PATH {
        phone::process(core, request, number)
    } else {
        // The words of NestJS, which Authing's gateway is built on; assumed.
        let path: String = request.path().chars().take(256).collect();
        let message = format!("Cannot {} {path}", request.method);
        let answer = Answer::json(404, &envelope(404, &message));
        (Outcome::NotFound, answer)
    };
    let code = request.field("code");
    if let Some(code) = code {
        core.ledger.note(code);
    }
    core.log.request(number, |record| {
        record.code = code.map(str::to_owned);
        record.outcome = outcome;
    });
    answer
}

/// The real response where nothing is processed.
pub(crate) fn unprocessed() -> Answer {
    Answer::json(200, &envelope(500, "scripted fault"))
}
