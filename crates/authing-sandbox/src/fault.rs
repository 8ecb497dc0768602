//! Scripted faults: what goes wrong with the next exchange requests.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

/// How many faults can wait in the queue.
pub const MAX_FAULTS: usize = 1_000;
/// The longest wait that a fault may ask for: a day.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest body, or garbage, that a fault may hold, in bytes.
pub const MAX_FAULT_BODY: usize = 1024 * 1024;
/// What the bodies, texts and headers of all faults that wait may hold together, in bytes.
pub const MAX_FAULTS_SIZE: usize = 16 * 1024 * 1024;
/// How many headers a fault may hold.
const MAX_FAULT_HEADERS: usize = 64;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CutAt {
    /// As soon as the next connection is accepted, whoever makes it; nothing is read. A request
    /// on a connection that is already open does not trigger it.
    Accept,
    /// After so many bytes of the request; 0 cuts as soon as the first of them arrive. A request
    /// that is shorter is answered as ever.
    RequestBytes(usize),
    /// After the whole request, before any byte of the reply.
    Request,
    /// After the status line of the reply.
    StatusLine,
    /// After the head and half of the body.
    HalfBody,
    /// After the whole reply, which leaves the connection open as far as the client can tell:
    /// the connection dies in the client's pool. A delay is waited in between.
    Reply,
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CutHow {
    /// In good order: the client reads the end of the stream.
    Fin,
    /// With a reset: the client reads an error.
    Reset,
}

/// One thing that goes wrong with the next exchange requests.
///
/// Faults wait in a queue ([`State::push_fault`](crate::State::push_fault)). The first of them
/// takes the next exchange request ([`EXCHANGE_PATH`](crate::EXCHANGE_PATH), method POST), as
/// often as [`Fault::times`] says; then the next one's turn comes.
///
/// [`Fault::consume`] says whether the request is processed: rate limit, checks, and the code
/// consumed if it is good. A fault that only slows ([`Fault::delay`], [`Fault::drip`], a cut at
/// [`CutAt::Reply`]) starts with `true`, every other with `false`. When the request is not
/// processed, and bytes of a reply are needed all the same, they are those of a failing envelope
/// with `statusCode` 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) action: Action,
    pub(crate) delay: Duration,
    /// How often it still applies; nothing means for ever.
    pub(crate) times: Option<u32>,
    pub(crate) consume: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Delay,
    Reply(Envelope),
    WeChat {
        errcode: i64,
        errmsg: String,
    },
    Raw {
        http_status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    Cut {
        at: CutAt,
        how: CutHow,
    },
    Garbage(Vec<u8>),
    Drip {
        interval: Duration,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) http_status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) status_code: i32,
    pub(crate) api_code: Option<i64>,
    pub(crate) message: String,
}

impl Fault {
    fn new(action: Action, consume: bool) -> Self {
        Self {
            action,
            delay: Duration::ZERO,
            times: Some(1),
            consume,
        }
    }

    /// The reply comes late. With `consume(true)`, the default, the request is processed at once
    /// and then the wait begins; with `consume(false)` it is the other way round.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Action::Delay, true).after(delay)
    }

    /// A failing envelope with these two numbers.
    pub fn reply(http_status: u16, status_code: i32) -> Self {
        Self::new(
            Action::Reply(Envelope {
                http_status,
                headers: Vec::new(),
                status_code,
                api_code: None,
                message: format!("scripted fault {status_code}"),
            }),
            false,
        )
    }

    /// HTTP 429 with `statusCode` 429, and `Retry-After` if a value is given: seconds, a date, or
    /// whatever a test wants to see there.
    pub fn throttle(retry_after: Option<&str>) -> Self {
        let fault = Self::reply(429, 429).message("Too many requests");
        match retry_after {
            Some(value) => fault.header("retry-after", value),
            None => fault,
        }
    }

    /// WeChat's `errcode` where the current shape puts it, with `errmsg` and a `rid`.
    pub fn wechat(errcode: i64) -> Self {
        let errmsg = "scripted fault".to_owned();
        Self::new(Action::WeChat { errcode, errmsg }, false)
    }

    /// A reply with this status, content type and body, whatever they are.
    pub fn raw(http_status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::new(
            Action::Raw {
                http_status,
                headers,
                body: body.into(),
            },
            false,
        )
    }

    /// A connection that breaks.
    ///
    /// At [`CutAt::Accept`] and [`CutAt::RequestBytes`] the code has not been read, so that it
    /// cannot be consumed whatever [`Fault::consume`] says.
    pub fn cut(at: CutAt, how: CutHow) -> Self {
        Self::new(Action::Cut { at, how }, at == CutAt::Reply)
    }

    /// These bytes in the place of an HTTP reply, then the end of the stream. They may be the
    /// beginning of a reply, with a head that no server would write.
    pub fn garbage(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Action::Garbage(bytes.into()), false)
    }

    /// The reply comes one byte at a time, `interval` apart, the head included.
    pub fn drip(interval: Duration) -> Self {
        Self::new(Action::Drip { interval }, true)
    }

    /// Adds a header to a reply; other faults ignore it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match &mut self.action {
            Action::Reply(Envelope { headers, .. }) | Action::Raw { headers, .. } => {
                headers.push((name.to_owned(), value.to_owned()));
            }
            Action::Delay
            | Action::WeChat { .. }
            | Action::Cut { .. }
            | Action::Garbage(_)
            | Action::Drip { .. } => {}
        }
        self
    }

    /// Sets `apiCode` of a [`Fault::reply`]; other faults ignore it.
    #[must_use]
    pub fn api_code(mut self, api_code: i64) -> Self {
        if let Action::Reply(envelope) = &mut self.action {
            envelope.api_code = Some(api_code);
        }
        self
    }

    /// Sets `message` of a [`Fault::reply`] or `errmsg` of a [`Fault::wechat`]; other faults
    /// ignore it.
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        match &mut self.action {
            Action::Reply(Envelope { message, .. })
            | Action::WeChat {
                errmsg: message, ..
            } => {
                text.clone_into(message);
            }
            Action::Delay
            | Action::Raw { .. }
            | Action::Cut { .. }
            | Action::Garbage(_)
            | Action::Drip { .. } => {}
        }
        self
    }

    /// Waits so long before the fault shows.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Applies to so many requests; 1 unless said otherwise.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Applies until the faults are cleared.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.times = None;
        self
    }

    /// Whether the request is processed, and its code consumed, before the fault shows.
    #[must_use]
    pub fn consume(mut self, consume: bool) -> Self {
        self.consume = consume;
        self
    }

    /// The stable name of what goes wrong: `delay`, `reply`, `wechat`, `raw`, `cut`, `garbage` or
    /// `drip`.
    pub fn kind(&self) -> &'static str {
        match self.action {
            Action::Delay => "delay",
            Action::Reply(_) => "reply",
            Action::WeChat { .. } => "wechat",
            Action::Raw { .. } => "raw",
            Action::Cut { .. } => "cut",
            Action::Garbage(_) => "garbage",
            Action::Drip { .. } => "drip",
        }
    }

    /// The bytes of its body, texts and headers.
    pub(crate) fn size(&self) -> usize {
        let of = |headers: &[(String, String)]| -> usize {
            headers
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum()
        };
        match &self.action {
            Action::Reply(reply) => reply.message.len() + of(&reply.headers),
            Action::Raw { headers, body, .. } => body.len() + of(headers),
            Action::WeChat { errmsg, .. } => errmsg.len(),
            Action::Garbage(bytes) => bytes.len(),
            Action::Delay | Action::Cut { .. } | Action::Drip { .. } => 0,
        }
    }

    /// Whether anything of this fault could not be carried out.
    pub(crate) fn check(&self) -> Result<(), FaultError> {
        if self.times == Some(0) {
            return Err(FaultError::Times);
        }
        let interval = match &self.action {
            Action::Drip { interval } => *interval,
            _ => Duration::ZERO,
        };
        if self.delay > MAX_DELAY || interval > MAX_DELAY {
            return Err(FaultError::Delay);
        }
        let (status, headers, length) = match &self.action {
            Action::Reply(reply) => (reply.http_status, &reply.headers[..], reply.message.len()),
            Action::Raw {
                http_status,
                headers,
                body,
            } => (*http_status, &headers[..], body.len()),
            Action::Garbage(bytes) => (200, &[][..], bytes.len()),
            Action::WeChat { errmsg, .. } => (200, &[][..], errmsg.len()),
            Action::Delay | Action::Cut { .. } | Action::Drip { .. } => (200, &[][..], 0),
        };
        if !(200..=599).contains(&status) {
            return Err(FaultError::HttpStatus);
        }
        if length > MAX_FAULT_BODY {
            return Err(FaultError::BodyTooLarge);
        }
        let fits = |(name, value): &(String, String)| {
            // The server frames its replies itself; garbage is the way to frame them wrongly.
            !["content-length", "transfer-encoding", "connection"]
                .iter()
                .any(|framing| name.eq_ignore_ascii_case(framing))
                && HeaderName::try_from(name.as_str()).is_ok()
                && HeaderValue::try_from(value.as_str()).is_ok()
        };
        if headers.len() > MAX_FAULT_HEADERS || !headers.iter().all(fits) {
            return Err(FaultError::Header);
        }
        Ok(())
    }
}

/// Why a fault was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultError {
    /// It would apply to no request at all.
    Times,
    /// A wait of more than [`MAX_DELAY`].
    Delay,
    /// An HTTP status outside 200 to 599.
    HttpStatus,
    /// A header that HTTP does not allow, one that frames the message, or more than 64 of them.
    Header,
    /// A body of more than [`MAX_FAULT_BODY`].
    BodyTooLarge,
    /// [`MAX_FAULTS`], or [`MAX_FAULTS_SIZE`], are waiting already.
    QueueFull,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Times => "times must be 1 or more",
            Self::Delay => "a fault can wait a day at most",
            Self::HttpStatus => "httpStatus must be between 200 and 599",
            Self::Header => {
                "a fault can have 64 valid headers; content-length, transfer-encoding and \
                 connection are not for it to set"
            }
            Self::BodyTooLarge => "the body of a fault can have 1 MiB at most",
            Self::QueueFull => "1000 faults, or 16 MiB of them, are waiting already",
        })
    }
}

impl std::error::Error for FaultError {}
