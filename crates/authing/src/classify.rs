//! The classification of responses, as pure functions of their numbers.

use crate::kind::{CodeState, ErrorKind};

/// The kind of a failure, and what it means for the code.
pub(crate) type Class = (ErrorKind, CodeState);

/// The class of a response, or nothing if it reports success. Precedence: WeChat's `errcode`,
/// `statusCode`, HTTP status.
pub(crate) fn classify(
    http_status: u16,
    status_code: Option<i64>,
    errcode: Option<i64>,
    is_explicit_rejection: bool,
) -> Option<Class> {
    let kind = match (errcode, status_code) {
        (Some(errcode), _) if errcode != 0 => return Some(by_errcode(errcode)),
        (_, Some(200)) if (200..=299).contains(&http_status) => return None,
        (_, None | Some(200)) => by_http_status(http_status),
        (_, Some(status_code)) => by_status_code(status_code),
    };
    if kind == ErrorKind::Throttled && is_explicit_rejection {
        return Some((kind, CodeState::Unused));
    }
    Some((kind, CodeState::Unknown))
}

/// By Authing's table of status codes.
fn by_status_code(status_code: i64) -> ErrorKind {
    match status_code {
        429 => ErrorKind::Throttled,
        400..=404 | 413 | 422 => ErrorKind::Misconfigured,
        500..=599 => ErrorKind::Service,
        601..=603 => ErrorKind::Upstream,
        _ => ErrorKind::UnknownStatus,
    }
}

/// By the HTTP status of a response that has no `statusCode`, or one that contradicts it.
fn by_http_status(http_status: u16) -> ErrorKind {
    match http_status {
        429 => ErrorKind::Throttled,
        400..=407 | 413 | 415 | 422 => ErrorKind::Misconfigured,
        500..=599 => ErrorKind::Service,
        _ => ErrorKind::UnexpectedResponse,
    }
}

/// By WeChat's table of return codes: the only part that is specific to the phone number operation.
fn by_errcode(errcode: i64) -> Class {
    match errcode {
        // Invalid, expired, of another mini program, or from wx.login; already used.
        40029 | 40163 => (ErrorKind::CodeRejected, CodeState::Invalid),
        // The quota per minute. Whether the code can still be used is not documented.
        45011 => (ErrorKind::Throttled, CodeState::Unknown),
        // Wrong appid; malformed data; no permission; not authorized to the platform.
        40013 | 47001 | 48001 | 61007 => (ErrorKind::Misconfigured, CodeState::Unknown),
        // Busy (-1); Authing's token is invalid, missing or expired (40001, 41001, 42001); unknown.
        _ => (ErrorKind::Upstream, CodeState::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CodeState::{Invalid, Unknown, Unused};
    use ErrorKind::*;

    /// Checks the class of each number in a list that is separated by spaces.
    fn check(expected: Class, codes: &str, class: impl Fn(i64) -> Option<Class>) {
        for code in codes.split(' ').map(|code| code.parse().unwrap()) {
            assert_eq!(class(code), Some(expected), "{code}");
        }
    }

    #[test]
    fn each_status_code_has_its_kind() {
        for http_status in [200, 429, 503] {
            let class = |code| classify(http_status, Some(code), Some(0), false);
            check((Throttled, Unknown), "429", class);
            check(
                (Misconfigured, Unknown),
                "400 401 402 403 404 413 422",
                class,
            );
            check((Service, Unknown), "500 501 502 503 504 599", class);
            check((Upstream, Unknown), "601 602 603", class);
            let others = "-1 0 1 199 201 405 409 415 451 499 600 604 700 4294967496";
            check((UnknownStatus, Unknown), others, class);
        }
        assert_eq!(classify(299, Some(200), Some(0), false), None);
    }

    #[test]
    fn each_http_status_has_its_kind() {
        for status_code in [None, Some(200)] {
            let class = |code| classify(code as u16, status_code, None, false);
            check((Throttled, Unknown), "429", class);
            let configuration = "400 401 402 403 404 405 406 407 413 415 422";
            check((Misconfigured, Unknown), configuration, class);
            check((Service, Unknown), "500 501 502 503 504 511 599", class);
            let others = "100 199 300 301 302 307 308 408 409 418 499 600 999";
            check((UnexpectedResponse, Unknown), others, class);
        }
    }

    #[test]
    fn each_wechat_errcode_has_its_kind_and_takes_precedence() {
        for (http_status, status_code) in [(200, Some(200)), (429, Some(429)), (500, None)] {
            let class = |code| classify(http_status, status_code, Some(code), true);
            check((CodeRejected, Invalid), "40029 40163", class);
            check((Throttled, Unknown), "45011", class);
            check((Misconfigured, Unknown), "40013 47001 48001 61007", class);
            check((Upstream, Unknown), "-1 40001 41001 42001 99999", class);
        }
    }

    #[test]
    fn only_an_explicit_rejection_leaves_the_code_unused() {
        for (http_status, status_code) in [(429, None), (200, Some(429)), (503, Some(429))] {
            for (is_explicit_rejection, code_state) in [(true, Unused), (false, Unknown)] {
                let class = classify(http_status, status_code, None, is_explicit_rejection);
                assert_eq!(class, Some((Throttled, code_state)), "{http_status}");
            }
        }
        assert_eq!(
            classify(429, Some(500), None, true),
            Some((Service, Unknown))
        );
    }
}
