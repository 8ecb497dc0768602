//! The one error type: what happened, whether the code may be used again, what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use authing_api::scalars::UntrustedText;

use crate::wechat;

/// Why a call did not yield a phone number.
///
/// What a caller asks first is [`code_state`](Self::code_state): may the same code be sent again,
/// or must the user tap once more? What an operator asks first is [`kind`](Self::kind), together
/// with [`request_id`](Self::request_id) for the vendor's support.
///
/// `Display` is one line that says what happened and what to do next. Neither it nor `Debug` nor
/// the sources ever contain a code, a token, a phone number, a body, or words of the service; the
/// latter may repeat what was sent to it, and are to be had from [`message`](Self::message) and
/// [`wechat_errmsg`](Self::wechat_errmsg) alone.
pub struct Error(Box<Inner>);

/// A [`Result`](std::result::Result) with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that is known of a failure.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    pub(crate) code_state: CodeState,
    pub(crate) http_status: Option<u16>,
    pub(crate) status_code: Option<i64>,
    pub(crate) api_code: Option<i64>,
    pub(crate) message: Option<UntrustedText>,
    pub(crate) request_id: Option<String>,
    pub(crate) wechat_errcode: Option<i64>,
    pub(crate) wechat_errmsg: Option<UntrustedText>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) timed_out: bool,
    /// For the kinds that blame an input: which one, and what it should have been.
    pub(crate) detail: Option<String>,
    /// What the caller may have got wrong, told by the look of the code.
    pub(crate) hint: Option<&'static str>,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong, by who can mend it. `Debug` prints the bare name, fit for a metric's label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The builder or the environment is wrong; no client was made. Mend the configuration.
    Config,
    /// The code, the connection identifier or an option of the call is empty or unprintable;
    /// nothing left the process. Mend the caller, which may have passed the wrong field.
    InvalidArgument,
    /// There was no connection: name, refusal, proxy, TLS, or the connect deadline. Nothing was
    /// sent. Call again with the same code.
    Connect,
    /// The call's deadline passed. Ask the user to tap again.
    Timeout,
    /// The connection broke after the request may have left. Ask the user to tap again.
    Transport,
    /// WeChat refused the code as invalid, expired or used (40029, 40163). Ask the user to tap
    /// again; if every code fails, the mini program and the connection do not belong together.
    CodeRejected,
    /// Too many requests: of this user pool (429), or of this mini program to WeChat (45011).
    /// Slow down; wait for [`retry_after`](Error::retry_after) if there is one.
    Throttled,
    /// The service refuses the request as this application is set up: ids, permissions, plan.
    /// A person must mend it; calling again will not.
    Misconfigured,
    /// WeChat, or what stands between Authing and WeChat, failed. Try later, with a new code.
    Upstream,
    /// Authing, or a gateway in front of it, failed. Try later, with a new code.
    Service,
    /// A complete answer that is not one of Authing's: HTML, a redirect, cut-off or oversized
    /// JSON, or a success without a whole phone number. Check the host and what stands before it.
    #[default]
    UnexpectedResponse,
    /// A failure with a `statusCode` that this version knows nothing of; see
    /// [`status_code`](Error::status_code).
    Api,
}

/// Whether the code that a failed call was given can still be exchanged.
///
/// For an operation without a code, the operation: not carried out, unknown, refused for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeState {
    /// Nothing was sent, or the answer says that the request was refused unprocessed: the same
    /// code may be sent again, within its five minutes.
    Unspent,
    /// Anything else: the code may have been used up. Ask the user to tap again.
    #[default]
    Unknown,
    /// This code can never work. Ask the user to tap again.
    Spent,
}

impl Error {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Box::new(inner))
    }

    /// The configuration is wrong; `detail` names the option and never its value.
    pub(crate) fn config(detail: impl Into<String>) -> Self {
        Self::input(ErrorKind::Config, detail.into())
    }

    /// An argument of the call is wrong; `detail` names it and never its value.
    pub(crate) fn invalid_argument(detail: impl Into<String>) -> Self {
        Self::input(ErrorKind::InvalidArgument, detail.into())
    }

    fn input(kind: ErrorKind, detail: String) -> Self {
        let code_state = CodeState::Unspent;
        Self::new(Inner {
            kind,
            code_state,
            detail: Some(detail),
            ..Inner::default()
        })
    }

    /// The same error with what caused it.
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong, by who can mend it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same code may be sent again, or the user must tap once more.
    pub fn code_state(&self) -> CodeState {
        self.0.code_state
    }

    /// The HTTP status, if the head of a response arrived. Mostly 200, for failures too.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The service's `statusCode`, if the answer was one of Authing's. It can be 200: WeChat's
    /// refusals come under a success of Authing's.
    pub fn status_code(&self) -> Option<i32> {
        self.0.status_code.and_then(|code| code.try_into().ok())
    }

    /// The service's `apiCode`, a finer code of the failure: 2011, the application does not
    /// exist; 2020, not signed in; 2224, the user pool does not exist; 4021, billing.
    pub fn api_code(&self) -> Option<i64> {
        self.0.api_code
    }

    /// The service's words, in the language that was asked for. Untrusted: they may repeat what
    /// was sent, the code included. Not for logs that others read.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_ref().map(UntrustedText::as_str)
    }

    /// The service's id of the request, which the vendor's support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// WeChat's `errcode`, if Authing handed one through.
    pub fn wechat_errcode(&self) -> Option<i64> {
        self.0.wechat_errcode
    }

    /// WeChat's words. Untrusted, like [`message`](Self::message).
    pub fn wechat_errmsg(&self) -> Option<&str> {
        self.0.wechat_errmsg.as_ref().map(UntrustedText::as_str)
    }

    /// WeChat's id of the request (`rid`), which WeChat's support asks for.
    pub fn wechat_rid(&self) -> Option<&str> {
        self.wechat_errmsg().and_then(wechat::rid)
    }

    /// How long the service asked to wait, from its `Retry-After`, in seconds or as a date.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many requests were begun: 0 if the input was refused, more than 1 after retries.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether a deadline passed: the call's ([`ErrorKind::Timeout`]) or that of connecting
    /// ([`ErrorKind::Connect`]).
    pub fn is_timeout(&self) -> bool {
        self.0.timed_out
    }

    /// Whether the same call, with the same code, may be made again: exactly what the default
    /// [`RetryPolicy`](crate::RetryPolicy) retries by itself, [`ErrorKind::Connect`] and an
    /// unspent [`ErrorKind::Throttled`].
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Connect => true,
            ErrorKind::Throttled => self.code_state() == CodeState::Unspent,
            ErrorKind::Config
            | ErrorKind::InvalidArgument
            | ErrorKind::Timeout
            | ErrorKind::Transport
            | ErrorKind::CodeRejected
            | ErrorKind::Misconfigured
            | ErrorKind::Upstream
            | ErrorKind::Service
            | ErrorKind::UnexpectedResponse
            | ErrorKind::Api => false,
        }
    }

    /// What happened, in words of ours.
    fn what(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Config => "the client is not configured rightly",
            ErrorKind::InvalidArgument => "an argument was refused and nothing was sent",
            ErrorKind::Connect => "no connection to the service, so nothing was sent",
            ErrorKind::Timeout => "no complete answer before the deadline",
            ErrorKind::Transport => "the connection broke before the answer was complete",
            ErrorKind::CodeRejected => "wechat refused the code as invalid, expired or used",
            ErrorKind::Throttled => "too many requests",
            ErrorKind::Misconfigured => "the service refuses the request as it is set up",
            ErrorKind::Upstream => "wechat, or the way to it, failed behind the service",
            ErrorKind::Service => "the service, or a gateway before it, failed",
            ErrorKind::UnexpectedResponse => "the answer is not one that the service gives",
            ErrorKind::Api => "the service refused the request with a status code of its own",
        }
    }

    /// What to do next, in words of ours.
    fn what_to_do(&self) -> &'static str {
        match (self.kind(), self.code_state()) {
            (ErrorKind::Config, _) => "mend the configuration",
            (ErrorKind::InvalidArgument, _) => "mend the caller",
            (ErrorKind::Connect, _) => {
                "check host, network and certificates, then send the same code again"
            }
            (ErrorKind::Throttled, CodeState::Unspent) => {
                "slow down, then send the same code again"
            }
            (ErrorKind::Throttled, _) => "slow down, then ask the user to tap again",
            (ErrorKind::CodeRejected, _) => "ask the user to tap again",
            (ErrorKind::Misconfigured, _) => {
                "check ids, connection, permissions and plan, then ask the user to tap again"
            }
            (ErrorKind::Upstream | ErrorKind::Service, _) => {
                "try later, and ask the user to tap again"
            }
            (ErrorKind::UnexpectedResponse, _) => {
                "check the host and what stands before it, then ask the user to tap again"
            }
            (ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Api, _) => {
                "whether the code was used is unknown, so ask the user to tap again"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(self.what())?;
        let numbers = [
            (
                "http status",
                inner
                    .http_status
                    .filter(|status| *status != 200)
                    .map(i64::from),
            ),
            ("statusCode", inner.status_code.filter(|code| *code != 200)),
            ("apiCode", inner.api_code),
            (
                "wechat errcode",
                inner.wechat_errcode.filter(|code| *code != 0),
            ),
        ];
        let mut separator = " (";
        for (name, number) in numbers {
            if let Some(number) = number {
                write!(f, "{separator}{name} {number}")?;
                separator = ", ";
            }
        }
        if separator == ", " {
            f.write_str(")")?;
        }
        if let Some(detail) = &inner.detail {
            write!(f, ": {detail}")?;
        }
        write!(f, "; {}", self.what_to_do())?;
        if let Some(hint) = inner.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// Shows what Display says and the facts that support asks for; never words of the service.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("code_state", &inner.code_state)
            .field("http_status", &inner.http_status)
            .field("status_code", &inner.status_code)
            .field("api_code", &inner.api_code)
            .field("request_id", &self.shown_request_id())
            .field("wechat_errcode", &inner.wechat_errcode)
            .field("wechat_rid", &self.wechat_rid())
            .field("retry_after", &inner.retry_after)
            .field("attempts", &inner.attempts)
            .field("timed_out", &inner.timed_out)
            .field("detail", &inner.detail)
            .field("hint", &inner.hint)
            .field("source", &inner.source)
            .finish()
    }
}

impl Error {
    /// The request id if it has the form of one: it too is the service's word, and might repeat
    /// what was sent.
    fn shown_request_id(&self) -> Option<&str> {
        self.request_id().filter(|id| is_uuid(id))
    }
}

/// Whether a text has the form of a UUID (RFC 9562, section 4).
pub(crate) fn is_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == GROUPS.len()
        && groups.iter().zip(GROUPS).all(|(group, length)| {
            group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests;
