//! Errors made from a kind alone, for the tests of those who call this library.

use crate::error::{CodeState, Error, ErrorKind, Inner};

/// An error as a stand-in of yours would give it: `Error::from(ErrorKind::Timeout)`.
///
/// It has the code state that goes with its kind, so that no stand-in can promise what the client
/// never does: unspent for `Config`, `InvalidArgument`, `Connect` and `Throttled`, spent for
/// `CodeRejected`, unknown for all others. A `Throttled` by WeChat, whose state is unknown, cannot
/// be made so. There are no numbers, no ids, no words of the service and no source: what needs
/// these needs a server that says them, such as the crate `authing-sandbox`.
///
/// # Examples
///
/// ```
/// use authing::{CodeState, Error, ErrorKind};
///
/// let error = Error::from(ErrorKind::Timeout);
/// assert_eq!(error.code_state(), CodeState::Unknown);
/// assert!(error.is_timeout() && !error.is_retryable());
/// ```
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        let (code_state, attempts) = match kind {
            ErrorKind::Config | ErrorKind::InvalidArgument => (CodeState::Unspent, 0),
            ErrorKind::Connect | ErrorKind::Throttled => (CodeState::Unspent, 1),
            ErrorKind::CodeRejected => (CodeState::Spent, 1),
            ErrorKind::Timeout
            | ErrorKind::Transport
            | ErrorKind::Misconfigured
            | ErrorKind::Upstream
            | ErrorKind::Service
            | ErrorKind::UnexpectedResponse
            | ErrorKind::Api => (CodeState::Unknown, 1),
        };
        Self::new(Inner {
            kind,
            code_state,
            attempts,
            timed_out: kind == ErrorKind::Timeout,
            ..Inner::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::NoAnswer;
    use crate::wechat;

    /// What the client says of itself in the same case is the measure.
    #[test]
    fn a_stand_in_says_what_the_client_says() {
        for real in [Error::config("x"), Error::invalid_argument("x")] {
            let made = Error::from(real.kind());
            assert_eq!(
                (made.code_state(), made.attempts()),
                (real.code_state(), real.attempts()),
                "{real:?}"
            );
        }
        let deadline = NoAnswer::deadline();
        let made = Error::from(deadline.kind);
        assert_eq!(
            (made.code_state(), made.is_timeout()),
            (deadline.code_state, deadline.timed_out)
        );
        for errcode in [40029, 40163, 40013, -1] {
            let verdict = wechat::verdict(errcode);
            assert_eq!(
                Error::from(verdict.kind).code_state(),
                verdict.code_state,
                "{errcode}"
            );
        }
        for (kind, retryable) in [
            (ErrorKind::Connect, true),
            (ErrorKind::Throttled, true),
            (ErrorKind::Transport, false),
        ] {
            assert_eq!(Error::from(kind).is_retryable(), retryable, "{kind:?}");
        }
    }
}
