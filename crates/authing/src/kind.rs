//! The kinds of failure: their meaning for the code, and their texts.

/// The kind of failure. `Debug` prints only the name, for use as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A builder option or an environment variable is missing or invalid, or a call was made
    /// without a tokio runtime. Nothing was sent. Fix the configuration.
    Config,
    /// An argument of the call is empty or malformed. Nothing was sent. Fix the caller.
    InvalidArgument,
    /// No connection: DNS, refused connection, proxy, TLS, or the connect timeout. Nothing was
    /// sent. Call again with the same code.
    Connect,
    /// The deadline of the call passed. Ask the user to tap again.
    Timeout,
    /// The connection failed after the request may have been sent. Ask the user to tap again.
    Transport,
    /// WeChat rejected the code as invalid, expired or already used. Ask the user to tap again. If
    /// every code fails, check the identity source connection.
    CodeRejected,
    /// Too many requests from this user pool (429), or from this mini program to WeChat (45011).
    /// Wait for [`retry_after`](crate::Error::retry_after), if there is one.
    Throttled,
    /// The service rejects the request because of IDs, permissions or the plan. Change them in the
    /// Authing console.
    Misconfigured,
    /// WeChat, or the connection from Authing to it, failed. Try again later with a new code.
    Upstream,
    /// Authing, or a gateway in front of it, failed. Try again later with a new code.
    Service,
    /// The response is not from Authing (HTML, a redirect, malformed or oversized JSON), or it
    /// reports success without a complete phone number, or with a part that has no digit. Check
    /// `app_host` and any proxy.
    UnexpectedResponse,
    /// A [`statusCode`](crate::Error::status_code) that this version does not know.
    UnknownStatus,
}

/// Whether the code passed to a failed call can still be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeState {
    /// Nothing was sent, or the response is an explicit rejection before processing. The same code
    /// can be sent again within its five minutes.
    Unused,
    /// The code may have been used. Ask the user to tap again.
    Unknown,
    /// WeChat rejected the code for good. Ask the user to tap again.
    Invalid,
}

impl ErrorKind {
    /// What failed, and the usual code state; a `Throttled` of WeChat has another one.
    pub(crate) fn text(self) -> (&'static str, CodeState) {
        use CodeState::{Invalid, Unknown, Unused};
        const REJECTED: &str = "WeChat rejected the code as invalid, expired or already used";
        match self {
            Self::Config => ("invalid configuration", Unused),
            Self::InvalidArgument => ("invalid argument", Unused),
            Self::Connect => ("could not connect to the service", Unused),
            Self::Timeout => ("call timed out", Unknown),
            Self::Transport => ("connection lost before the response was complete", Unknown),
            Self::CodeRejected => (REJECTED, Invalid),
            Self::Throttled => ("rate limit exceeded", Unused),
            Self::Misconfigured => ("request rejected", Unknown),
            Self::Upstream => ("WeChat request failed", Unknown),
            Self::Service => ("server error from Authing or a gateway", Unknown),
            Self::UnexpectedResponse => ("unexpected response", Unknown),
            Self::UnknownStatus => ("unrecognized status code", Unknown),
        }
    }

    /// What to do next, for an operation with a code or without one.
    pub(crate) fn advice(self, code_state: CodeState, has_code: bool) -> &'static str {
        match (self, has_code) {
            (Self::Config | Self::InvalidArgument, _) => "",
            (Self::Connect, true) => "; the code was not used and can be sent again",
            (Self::Connect, false) => "; the request was not sent and can be repeated",
            (Self::Timeout | Self::Transport | Self::UnknownStatus, true) => {
                "; the code may have been used, ask the user to tap again"
            }
            (Self::Timeout | Self::Transport | Self::UnknownStatus, false) => {
                "; the request may have been processed"
            }
            (Self::CodeRejected, _) => "; ask the user to tap again",
            (Self::Throttled, false) => "; retry later",
            (Self::Throttled, true) => match code_state {
                CodeState::Unused => "; retry later with the same code",
                CodeState::Unknown | CodeState::Invalid => "; retry later with a new code",
            },
            (Self::Misconfigured, _) => {
                "; check the application ID, identity source connection, permissions and plan"
            }
            (Self::Upstream | Self::Service, true) => "; try again later with a new code",
            (Self::Upstream | Self::Service, false) => "; try again later",
            (Self::UnexpectedResponse, _) => "; check app_host and any proxy or gateway in between",
        }
    }
}
