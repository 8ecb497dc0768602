//! Faults: what goes wrong with the next requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Envelope, envelope, wechat_error};

/// How many faults can wait in the queue.
pub const MAX_FAULTS: usize = 64;

/// Where a connection is cut, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CutAt {
    /// When the next connection is accepted, before a byte is read (under TLS: before the
    /// handshake). Requests on open connections do not trigger it.
    Accept,
    /// After this many bytes of the next connection, under TLS of the client's handshake.
    Handshake(usize),
    /// After this many bytes of the request. A shorter request is cut when it is complete.
    RequestBytes(usize),
    /// After the complete request, before the first byte of the response.
    Request,
    /// After the status line of the response.
    StatusLine,
    /// After the head and half of the body.
    HalfBody,
    /// After this many bytes of the response, head included.
    ResponseBytes(usize),
    /// After the complete response; [`Fault::after`] is the time between them.
    Response,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum How {
    /// With a FIN. The sandbox reads on, so that later requests are counted.
    Fin,
    /// With a RST.
    Reset,
    /// Not at all: the sandbox is silent until the peer closes.
    Stall,
}

/// Bytes of a fault; a string in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        Self::from_utf8_lossy(&bytes.0).into_owned()
    }
}

/// A response to send. What is not given is taken from the real one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    http_status: Option<u16>,
    /// Headers, which replace those of the real response with the same name.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// The body. With it, no header of the real response is sent.
    body: Option<Bytes>,
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Action {
    /// Sends another response.
    Answer(Change),
    /// Sends exactly these bytes instead of a response.
    Raw {
        bytes: Bytes,
        /// Bytes that follow again and again until the peer closes.
        #[serde(default)]
        repeat: Bytes,
        /// How the connection ends afterwards; it is kept open if this is absent.
        then: Option<How>,
    },
    /// Ends the connection, or goes silent.
    Cut { at: CutAt, how: How },
    /// Sends the real response, and sends it again on the open connection.
    Twice,
}

/// A fault: what goes wrong with the next requests that are not for the console.
///
/// Faults wait in a queue. The first one takes the next request (or connection, for
/// [`CutAt::Accept`] and [`CutAt::Handshake`]) as often as [`Fault::times`] says, once by default.
/// The request is processed, and a valid code consumed, if bytes of the real response are sent;
/// [`Fault::consume`] overrides that.
///
/// ```
/// use authing_sandbox::{CutAt, Fault, How};
///
/// let lost = Fault::cut(CutAt::Request, How::Reset).consume(true).times(2);
/// let json = serde_json::to_value(&lost).unwrap();
/// assert_eq!(json["action"]["kind"], "cut");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[must_use]
pub struct Fault {
    pub(crate) action: Action,
    /// How often, 1 if absent in JSON; `None` means no limit.
    #[serde(default = "once")]
    pub(crate) times: Option<u32>,
    /// Whether the request is processed, and a valid code consumed, although the fault happens.
    /// `None` means yes if bytes of the real response are sent, otherwise no.
    pub(crate) consume: Option<bool>,
    /// How long the sandbox waits before it acts, in milliseconds.
    #[serde(default)]
    pub(crate) after_ms: u64,
    /// The time before each byte that is sent, in milliseconds; 0 sends all bytes at once.
    #[serde(default)]
    pub(crate) interval_ms: u64,
    /// Act after this many bytes of the request, before it is complete.
    pub(crate) early: Option<usize>,
}

fn once() -> Option<u32> {
    Some(1)
}

impl Fault {
    /// Makes a fault that happens once and at once.
    fn new(action: Action) -> Self {
        Self {
            action,
            times: once(),
            consume: None,
            after_ms: 0,
            interval_ms: 0,
            early: None,
        }
    }

    /// Processes the request at once and sends the response after this time. With
    /// [`Fault::http_status`] and [`Fault::header`] the real response is changed.
    pub fn delay(time: Duration) -> Self {
        Self::new(Action::Answer(Change::default())).after(time)
    }

    /// Sends the response one byte per interval.
    pub fn drip(interval: Duration) -> Self {
        Self::delay(Duration::ZERO).dripping(interval)
    }

    /// Ends the connection.
    pub fn cut(at: CutAt, how: How) -> Self {
        Self::new(Action::Cut { at, how })
    }

    /// Goes silent until the peer closes.
    pub fn stall(at: CutAt) -> Self {
        Self::cut(at, How::Stall)
    }

    /// Sends this response instead of the real one.
    pub fn answer(http_status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Action::Answer(Change {
            http_status: Some(http_status),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: Some(Bytes(body.into())),
        }))
    }

    /// Sends an envelope with this `statusCode` and no `data`, under HTTP 200.
    pub fn reply(status_code: i32) -> Self {
        Self::envelope(&envelope(status_code, "scripted fault"))
    }

    /// Rejects the request as throttled: HTTP 429 and `statusCode` 429.
    pub fn throttle() -> Self {
        Self::reply(429).http_status(429)
    }

    /// Sends an error of WeChat in `data`.
    pub fn wechat(errcode: i64, errmsg: &str) -> Self {
        let mut body = envelope(200, "Operation successful");
        body.insert("data".to_owned(), wechat_error(errcode, errmsg));
        Self::envelope(&body)
    }

    fn envelope(body: &Envelope) -> Self {
        Self::answer(200, "application/json", Answer::json(200, body).body)
    }

    /// Sends exactly these bytes instead of a response, and keeps the connection open.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Action::Raw {
            bytes: Bytes(bytes.into()),
            repeat: Bytes::default(),
            then: None,
        })
    }

    /// Sends the real response twice.
    pub fn twice() -> Self {
        Self::new(Action::Twice)
    }

    setters! {
        /// Lets the fault happen this often.
        times(self, times: u32) => self.times = Some(times);
        /// Lets the fault happen until faults are cleared.
        permanent(self) => self.times = None;
        /// Sets whether the request is processed, and a valid code consumed.
        consume(self, consume: bool) => self.consume = Some(consume);
        /// Waits before acting; for [`CutAt::Response`] and [`Fault::twice`] after the response.
        after(self, time: Duration) => self.after_ms = millis(time);
        /// Sends one byte per interval.
        dripping(self, interval: Duration) => self.interval_ms = millis(interval);
        /// Acts after this many bytes of the request, before it is complete.
        early(self, bytes: usize) => self.early = Some(bytes);
        /// Sets the HTTP status of a response.
        http_status(self, status: u16) => if let Action::Answer(change) = &mut self.action {
            change.http_status = Some(status);
        };
        /// Adds a header to a response.
        header(self, name: &str, value: &str) => if let Action::Answer(change) = &mut self.action {
            change.headers.push((name.to_owned(), value.to_owned()));
        };
        /// Ends the connection after [`Fault::raw`].
        then(self, how: How) => if let Action::Raw { then, .. } = &mut self.action {
            *then = Some(how);
        };
        /// Sends these bytes again and again after [`Fault::raw`], until the peer closes.
        repeating(self, unit: impl Into<Vec<u8>>) => if let Action::Raw { repeat, .. } = &mut self.action {
            repeat.0 = unit.into();
        };
    }

    /// Makes the response to send out of the real one.
    pub(crate) fn alter(&self, mut real: Answer) -> Answer {
        if let Action::Answer(change) = &self.action {
            real.http_status = change.http_status.unwrap_or(real.http_status);
            if let Some(body) = &change.body {
                real.headers.clear();
                real.body.clone_from(&body.0);
            }
            let headers = &mut real.headers;
            for (name, _) in &change.headers {
                headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            }
            headers.extend(change.headers.iter().cloned());
        }
        real
    }

    /// Whether the request is processed.
    pub(crate) fn consumes(&self) -> bool {
        self.consume.unwrap_or(match &self.action {
            Action::Answer(change) => change.body.is_none(),
            Action::Raw { .. } => false,
            Action::Cut { at, .. } => *at > CutAt::Request,
            Action::Twice => true,
        })
    }

    /// When the fault acts: [`CutAt::Request`] or earlier.
    pub(crate) fn trigger(&self) -> CutAt {
        match (&self.action, self.early) {
            (Action::Cut { at, .. }, _) if *at < CutAt::Request => *at,
            (_, Some(bytes)) => CutAt::RequestBytes(bytes),
            _ => CutAt::Request,
        }
    }

    /// The name of the kind, as in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.action {
            Action::Answer(_) => "answer",
            Action::Raw { .. } => "raw",
            Action::Cut { .. } => "cut",
            Action::Twice => "twice",
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
