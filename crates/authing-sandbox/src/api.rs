//! Turns a complete request and its fault into the bytes to send.

use std::mem::take;
use std::time::Duration;

use crate::answer::{Answer, Envelope};
use crate::fault::{Action, CutAt, Fault, How};
use crate::get_wechat_miniprogram_phone::{self as phone, EXCHANGE_PATH};
use crate::ledger::Outcome;
use crate::operation::Call;
use crate::request::Request;
use crate::state::State;

/// What is sent in response to a request, and what happens to the connection.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Waits, and what is sent after each of them.
    pub(crate) steps: Vec<(Duration, Vec<u8>)>,
    /// The time before each byte; zero sends the bytes of a step at once.
    pub(crate) interval: Duration,
    /// Sent again and again afterwards.
    pub(crate) repeat: Vec<u8>,
    /// How the connection ends; `None` keeps it open.
    pub(crate) then: Option<How>,
    /// Whether a complete response is sent, so that TLS is closed in order before a FIN.
    pub(crate) complete: bool,
}

impl Script {
    /// Sends a complete response.
    pub(crate) fn send(answer: &Answer) -> Self {
        let closes = answer.get("connection") == Some("close");
        Self {
            steps: vec![(
                Duration::ZERO,
                [answer.head(), answer.body.clone()].concat(),
            )],
            then: closes.then_some(How::Fin),
            complete: true,
            ..Self::default()
        }
    }
}

/// Processes a complete request, unless a fault prevents it, and says what is sent.
pub(crate) fn respond(
    state: &State,
    request: &Request,
    number: u64,
    fault: Option<&Fault>,
) -> Script {
    let consumes = fault.is_none_or(Fault::consumes);
    let answer = finish(complete(state, request, number, consumes), request);
    let mut script = match fault {
        Some(fault) => faulted(fault, answer, Some(request)),
        None => Script::send(&answer),
    };
    script.steps[0].0 += state.core().controls.latency;
    script
}

/// Processes a complete request, or only counts it.
pub(crate) fn complete(state: &State, request: &Request, number: u64, process: bool) -> Answer {
    let call = Call::new(state, request, number);
    if !process {
        call.note(&mut state.core(), Outcome::NotProcessed);
        unprocessed()
    } else if request.method == "POST" && request.path() == EXCHANGE_PATH {
        phone::process(&call)
    } else {
        call.note(&mut state.core(), Outcome::NotFound);
        // The words of NestJS, which Authing's gateway is built on; assumed.
        let path: String = request.path().chars().take(256).collect();
        Envelope::new(404, &format!("Cannot {} {path}", request.method)).answer(404)
    }
}

/// The real response where nothing is processed.
pub(crate) fn unprocessed() -> Answer {
    Envelope::new(500, "scripted fault").answer(200)
}

/// Fits a response to the request's method and connection.
pub(crate) fn finish(mut answer: Answer, request: &Request) -> Answer {
    if request.closes() && answer.get("connection").is_none() {
        answer = answer.header("connection", "close");
    }
    if request.method == "HEAD" {
        answer.body.clear();
    }
    answer
}

/// What a fault sends in place of the real response, without a request before that is complete.
pub(crate) fn faulted(fault: &Fault, mut real: Answer, request: Option<&Request>) -> Script {
    if let Action::Answer {
        http_status,
        headers,
        body,
    } = &fault.action
    {
        real.http_status = http_status.unwrap_or(real.http_status);
        if let Some(body) = body {
            real.headers.clear();
            real.body.clone_from(&body.0);
        }
        for (name, _) in headers {
            real.headers
                .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        }
        real.headers.extend(headers.iter().cloned());
        if let Some(request) = request {
            real = finish(real, request);
        }
    }
    let mut script = Script::send(&real);
    script.interval = Duration::from_millis(fault.interval_ms);
    let (wait, bytes) = &mut script.steps[0];
    *wait = fault.wait();
    // What acts after the response waits there.
    let mut follow = |bytes| (take(wait), bytes);
    match &fault.action {
        Action::Answer { .. } => {}
        Action::Raw {
            bytes: raw,
            repeat,
            then,
        } => {
            bytes.clone_from(&raw.0);
            let times = (8 * 1024usize).div_ceil(repeat.0.len().max(1));
            script.repeat = repeat.0.repeat(times);
            script.then = *then;
            script.complete = false;
        }
        Action::Twice => {
            let second = follow(bytes.clone());
            script.steps.push(second);
        }
        Action::Cut { at, how } => {
            script.then = Some(*how);
            script.complete = *at == CutAt::Response;
            bytes.truncate(match at {
                CutAt::StatusLine => real.status_line().len(),
                CutAt::HalfBody => real.head().len() + real.body.len() / 2,
                CutAt::ResponseBytes(sent) => *sent,
                CutAt::Response => usize::MAX,
                _ => 0,
            });
            if script.complete {
                let end = follow(Vec::new());
                script.steps.push(end);
            }
        }
    }
    script
}
