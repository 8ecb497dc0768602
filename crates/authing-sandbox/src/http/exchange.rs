//! `POST /api/v3/get-wechat-miniprogram-phone`: a code for a phone number.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{MAX_REQUEST_BODY, not_found};
use crate::decide::Call;
use crate::fault::{Action, CutAt, CutHow, Fault};
use crate::refusal::{Language, Refusal};
use crate::reply::{self, Reply};
use crate::requests::{Ending, Outcome, kept_headers, shortened};
use crate::state::State;
use crate::wire::{Line, Script, Step};

/// How long a client may take over the body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How much of a body that is too large is still read, in bytes.
const MAX_DRAINED_BODY: usize = 1024 * 1024;

pub(super) async fn exchange(
    extract::State(state): extract::State<State>,
    line: Option<Extension<Arc<Line>>>,
    request: extract::Request,
) -> Response<Body> {
    let line = line.map(|Extension(line)| line);
    let (parts, body) = request.into_parts();
    let ticket = Ticket::open(&state, &parts, line.as_deref());
    if parts.method != Method::POST {
        state.note_request(ticket.number, |record| record.outcome = Outcome::NotFound);
        return ticket.reply(not_found(&parts.method, &parts.uri));
    }
    let body = match read(body).await {
        Read::Whole(body) => Some(body),
        Read::TooLarge => None,
        // Nobody is there to read an answer; the ticket says so when it is dropped.
        Read::Broken => return Response::new(Body::empty()),
    };
    let call = understand(ticket.number, &parts.headers, body.as_deref());
    state.note_request(ticket.number, |record| {
        record.complete = body.is_some();
        record.body_length = body.as_ref().map(Vec::len);
        record.code = call.code.as_deref().map(shortened);
    });
    let language = Language::from_header(text(&parts.headers, "x-authing-lang"));
    let exchange = Exchange {
        state: &state,
        call,
        language,
    };
    let latency = state.latency();
    match state.take_fault() {
        None => {
            let answer = exchange.answer();
            sleep(latency).await;
            ticket.reply(answer)
        }
        Some(fault) => {
            let delay = fault.delay.saturating_add(latency);
            let fault = fault.after(delay);
            exchange.faulted(fault, ticket, line.as_deref()).await
        }
    }
}

struct Exchange<'a> {
    state: &'a State,
    call: Call,
    language: Language,
}

impl Exchange<'_> {
    /// What Authing would answer, in the shape that is set.
    fn answer(&self) -> Reply {
        let shape = self.state.shape();
        if let Some(reply) = reply::before_the_code(shape, self.language) {
            self.state.pass_over(&self.call);
            return reply;
        }
        let verdict = self.state.process(&self.call);
        if matches!(verdict, Err(Refusal::Throttled)) {
            let message = Refusal::Throttled.message(self.language);
            let reply = reply::failure(429, 429, None, message);
            let retry_after = self.state.retry_after();
            return if retry_after {
                reply.header("retry-after", "1")
            } else {
                reply
            };
        }
        reply::render(shape, &verdict, self.language)
    }

    async fn faulted(&self, fault: Fault, ticket: Ticket, line: Option<&Line>) -> Response<Body> {
        self.state
            .note_request(ticket.number, |record| record.fault = Some(fault.kind()));
        if fault.action == Action::Delay && !fault.consume {
            sleep(fault.delay).await;
            return ticket.reply(self.answer());
        }
        // A request that had to be cut earlier, but came in pieces too small to be noticed, is
        // not processed either.
        let too_early = matches!(
            fault.action,
            Action::Cut {
                at: CutAt::RequestBytes(_),
                ..
            }
        );
        let answer = if fault.consume && !too_early {
            self.answer()
        } else {
            self.state.pass_over(&self.call);
            reply::failure(200, 500, None, "scripted fault")
        };
        let Fault { action, delay, .. } = fault;
        if !matches!(
            action,
            Action::Cut {
                at: CutAt::Reply,
                ..
            }
        ) {
            sleep(delay).await;
        }
        let script = match action {
            Action::Delay => return ticket.reply(answer),
            Action::Reply(envelope) => {
                let mut reply = reply::failure(
                    envelope.http_status,
                    envelope.status_code,
                    envelope.api_code,
                    &envelope.message,
                );
                reply.headers.extend(envelope.headers);
                return ticket.reply(reply);
            }
            Action::WeChat { errcode, errmsg } => {
                let shape = self.state.shape();
                return ticket.reply(reply::wechat(shape, errcode, &errmsg, self.language));
            }
            Action::Raw {
                http_status,
                headers,
                body,
            } => {
                return ticket.reply(Reply {
                    http_status,
                    headers,
                    body,
                });
            }
            Action::Garbage(bytes) => Script {
                steps: vec![Step::Write(bytes)],
                end: CutHow::Fin,
            },
            Action::Drip { interval } => {
                let (head, body) = answer.to_wire(true);
                let bytes = [head, body].concat();
                Script {
                    steps: vec![Step::Drip(bytes, interval)],
                    end: CutHow::Fin,
                }
            }
            Action::Cut { at, how } => Script {
                steps: cut(at, &answer, delay),
                end: how,
            },
        };
        ticket.play(script, line)
    }
}

/// What is written before a connection is cut.
fn cut(at: CutAt, answer: &Reply, delay: Duration) -> Vec<Step> {
    let (head, body) = answer.to_wire(false);
    match at {
        CutAt::Accept | CutAt::RequestBytes(_) | CutAt::Request => Vec::new(),
        CutAt::StatusLine => {
            let end = head
                .windows(2)
                .position(|pair| pair == b"\r\n")
                .map_or(0, |at| at + 2);
            vec![Step::Write(head[..end].to_vec())]
        }
        CutAt::HalfBody => vec![Step::Write([&head, &body[..body.len() / 2]].concat())],
        CutAt::Reply => vec![Step::Write([head, body].concat()), Step::Wait(delay)],
    }
}

enum Read {
    Whole(Vec<u8>),
    TooLarge,
    Broken,
}

async fn read(mut body: Body) -> Read {
    let whole = async {
        let mut bytes = Vec::new();
        let mut length = 0_usize;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Read::Broken;
            };
            let Some(data) = frame.data_ref() else {
                continue;
            };
            length += data.len();
            if length <= MAX_REQUEST_BODY {
                bytes.extend_from_slice(data);
            }
            // A little too much is read to its end, since a client that is still writing might
            // never see the answer; what is beyond that is cut off.
            if length > MAX_DRAINED_BODY {
                break;
            }
        }
        if length > MAX_REQUEST_BODY {
            Read::TooLarge
        } else {
            Read::Whole(bytes)
        }
    };
    timeout(BODY_TIMEOUT, whole).await.unwrap_or(Read::Broken)
}

/// Makes out what a request asks for, or what is wrong with it.
fn understand(number: u64, headers: &HeaderMap, body: Option<&[u8]>) -> Call {
    let mut call = Call {
        number,
        app_id: text(headers, "x-authing-app-id").map(str::to_owned),
        userpool_id: text(headers, "x-authing-userpool-id").map(str::to_owned),
        malformed: None,
        code: None,
        connection: None,
    };
    let Some(body) = body else {
        call.malformed = Some(Refusal::BodyTooLarge);
        return call;
    };
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut fields)) => {
            let mut field = |name| match fields.remove(name) {
                Some(Value::String(text)) if !text.is_empty() => Some(text),
                _ => None,
            };
            call.code = field("code");
            call.connection = field("extIdpConnidentifier");
        }
        Ok(_) | Err(_) => call.malformed = Some(Refusal::NotJson),
    }
    if !is_json(text(headers, header::CONTENT_TYPE.as_str())) {
        call.malformed = Some(Refusal::ContentType);
    }
    call
}

/// Whether a content type is `application/json`, with or without parameters.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    content_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// A header's value; an empty or unreadable one counts as absent.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .filter(|value| !value.is_empty())
}

/// The open record of one request. If it is dropped without an ending, the client has gone: hyper
/// drops the work on a request whose connection has ended.
struct Ticket {
    state: State,
    number: u64,
}

impl Ticket {
    fn open(state: &State, parts: &Parts, line: Option<&Line>) -> Self {
        let number = line
            .and_then(Line::take_record)
            .unwrap_or_else(|| state.begin_request());
        state.note_request(number, |record| {
            record.method = shortened(parts.method.as_str());
            record.path = shortened(&parts.uri.to_string());
            record.headers = kept_headers(&parts.headers);
        });
        Self {
            state: state.clone(),
            number,
        }
    }

    fn reply(self, reply: Reply) -> Response<Body> {
        self.state.note_request(self.number, |record| {
            record.ending = Ending::Replied;
            record.http_status = Some(reply.http_status);
        });
        reply.into_response()
    }

    fn play(self, script: Script, line: Option<&Line>) -> Response<Body> {
        let Some(line) = line else {
            return self.reply(Reply::new(500, "text/plain", "this fault needs a socket"));
        };
        self.state
            .note_request(self.number, |record| record.ending = Ending::Faulted);
        line.leave(script);
        // Never written: the line is taken.
        Response::new(Body::empty())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.state.note_request(self.number, |record| {
            if record.ending == Ending::Open {
                record.ending = Ending::ClientGone;
            }
        });
    }
}
