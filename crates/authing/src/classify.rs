//! What an answer means: a pure function of three numbers.

use crate::error::{CodeState, ErrorKind};
use crate::wechat;

/// The numbers of a complete answer that decide what it means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// The HTTP status.
    pub(crate) http_status: u16,
    /// The envelope's `statusCode`; nothing if the body was not an envelope.
    pub(crate) status_code: Option<i64>,
    /// WeChat's `errcode`, if the envelope held one.
    pub(crate) errcode: Option<i64>,
}

/// What a failed call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) code_state: CodeState,
}

impl Verdict {
    const fn unknown(kind: ErrorKind) -> Self {
        Self {
            kind,
            code_state: CodeState::Unknown,
        }
    }

    const fn unspent(kind: ErrorKind) -> Self {
        Self {
            kind,
            code_state: CodeState::Unspent,
        }
    }
}

/// An answer that is not one of Authing's.
pub(crate) const UNEXPECTED: Verdict = Verdict::unknown(ErrorKind::UnexpectedResponse);

/// The verdict on an answer; nothing if it is a success, as far as its numbers go.
///
/// The most specific witness is heard first: WeChat, then Authing, then HTTP.
pub(crate) fn verdict(numbers: Numbers) -> Option<Verdict> {
    let Numbers {
        http_status,
        status_code,
        errcode,
    } = numbers;
    let Some(status_code) = status_code else {
        return Some(by_http_status(http_status));
    };
    match errcode {
        None | Some(0) => {}
        Some(errcode) => return Some(wechat::verdict(errcode)),
    }
    if status_code != 200 {
        return Some(by_status_code(status_code));
    }
    if (200..=299).contains(&http_status) {
        return None;
    }
    // A body that claims success contradicts its HTTP status, so that not even a 429 can be taken
    // as a promise that nothing was done.
    Some(Verdict::unknown(by_http_status(http_status).kind))
}

/// By the vendor's table of status codes.
fn by_status_code(status_code: i64) -> Verdict {
    match status_code {
        429 => Verdict::unspent(ErrorKind::Throttled),
        400..=404 | 413 | 422 => Verdict::unknown(ErrorKind::Misconfigured),
        500..=599 => Verdict::unknown(ErrorKind::Service),
        601..=603 => Verdict::unknown(ErrorKind::Upstream),
        _ => Verdict::unknown(ErrorKind::Api),
    }
}

/// By HTTP alone (RFC 9110), as gateways answer.
fn by_http_status(http_status: u16) -> Verdict {
    match http_status {
        429 => Verdict::unspent(ErrorKind::Throttled),
        400..=407 | 413 | 415 | 422 => Verdict::unknown(ErrorKind::Misconfigured),
        500..=599 => Verdict::unknown(ErrorKind::Service),
        _ => UNEXPECTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(http_status: u16, status_code: Option<i64>, errcode: Option<i64>) -> Option<Verdict> {
        verdict(Numbers {
            http_status,
            status_code,
            errcode,
        })
    }

    #[test]
    fn status_codes_of_the_envelope() {
        for status_code in -1..=1000 {
            let expected = match status_code {
                200 => None,
                429 => Some(Verdict::unspent(ErrorKind::Throttled)),
                400 | 401 | 402 | 403 | 404 | 413 | 422 => {
                    Some(Verdict::unknown(ErrorKind::Misconfigured))
                }
                code if code / 100 == 5 => Some(Verdict::unknown(ErrorKind::Service)),
                601..=603 => Some(Verdict::unknown(ErrorKind::Upstream)),
                _ => Some(Verdict::unknown(ErrorKind::Api)),
            };
            assert_eq!(
                judge(200, Some(status_code), None),
                expected,
                "{status_code}"
            );
            assert_eq!(
                judge(204, Some(status_code), Some(0)),
                expected,
                "{status_code}"
            );
        }
    }

    #[test]
    fn http_statuses_without_an_envelope() {
        for http_status in 100..=999 {
            let expected = match http_status {
                429 => Verdict::unspent(ErrorKind::Throttled),
                400 | 401 | 402 | 403 | 404 | 405 | 406 | 407 | 413 | 415 | 422 => {
                    Verdict::unknown(ErrorKind::Misconfigured)
                }
                status if status / 100 == 5 => Verdict::unknown(ErrorKind::Service),
                _ => Verdict::unknown(ErrorKind::UnexpectedResponse),
            };
            assert_eq!(
                judge(http_status, None, None),
                Some(expected),
                "{http_status}"
            );
            // Without an envelope there is no errcode to hear.
            assert_eq!(
                judge(http_status, None, Some(40029)),
                Some(expected),
                "{http_status}"
            );
        }
    }

    #[test]
    fn the_most_specific_witness_is_heard_first() {
        let spent = Verdict {
            kind: ErrorKind::CodeRejected,
            code_state: CodeState::Spent,
        };
        assert_eq!(judge(500, Some(500), Some(40029)), Some(spent));
        assert_eq!(judge(429, Some(200), Some(40163)), Some(spent));
        let service = Verdict::unknown(ErrorKind::Service);
        assert_eq!(judge(429, Some(500), Some(0)), Some(service));
        assert_eq!(
            judge(503, Some(429), None),
            Some(Verdict::unspent(ErrorKind::Throttled))
        );
        assert_eq!(judge(500, Some(200), None), Some(service));
        assert_eq!(judge(199, Some(200), None), Some(UNEXPECTED));
        assert_eq!(judge(299, Some(200), None), None);
        assert_eq!(judge(300, Some(200), None), Some(UNEXPECTED));
    }

    /// Turns red if a 429 whose body claims success is taken for an unspent code.
    #[test]
    fn a_contradiction_is_never_unspent() {
        assert_eq!(
            judge(429, Some(200), None),
            Some(Verdict::unknown(ErrorKind::Throttled))
        );
    }
}
