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

    /// For each class: HTTP statuses, status codes, errcodes, and whether the response is an
    /// explicit rejection. Any combination has this class; a hyphen stands for no number.
    const CLASSES: &str = "\
success: 200 201 299; 200; - 0; yes no
Throttled Unused: 200 429 503; 429; - 0; yes
Throttled Unknown: 200 429 503; 429; - 0; no
Misconfigured Unknown: 200 429 503; 400 401 402 403 404 413 422; - 0; yes no
Service Unknown: 200 429 503; 500 501 502 503 504 599; - 0; yes no
Upstream Unknown: 200 429 503; 601 602 603; - 0; yes no
UnknownStatus Unknown: 200 429 503; -1 0 1 199 201 405 409 415 451 499 600 604 4294967496; - 0; yes no
Throttled Unused: 429; - 200; - 0; yes
Throttled Unknown: 429; - 200; - 0; no
Misconfigured Unknown: 400 401 402 403 404 405 406 407 413 415 422; - 200; - 0; yes no
Service Unknown: 500 501 502 503 504 511 599; - 200; - 0; yes no
UnexpectedResponse Unknown: 100 199 300 301 302 307 308 408 409 418 499 600 999; - 200; - 0; yes no
CodeRejected Invalid: 200 429 500; - 200 429; 40029 40163; yes no
Throttled Unknown: 200 429 500; - 200 429; 45011; yes no
Misconfigured Unknown: 200 429 500; - 200 429; 40013 47001 48001 61007; yes no
Upstream Unknown: 200 429 500; - 200 429; -1 40001 41001 42001 99999; yes no";

    #[test]
    fn each_combination_of_numbers_has_its_class() {
        for row in CLASSES.lines() {
            let (expected, lists) = row.split_once(": ").unwrap();
            let mut combinations = vec![Vec::new()];
            for list in lists.split("; ") {
                let extended = combinations.iter().flat_map(|start: &Vec<&str>| {
                    let words = list.split(' ');
                    words.map(move |word| [&start[..], &[word]].concat())
                });
                combinations = extended.collect();
            }
            for words in combinations {
                let [http_status, status_code, errcode] =
                    [0, 1, 2].map(|at| words[at].parse().ok());
                let http_status = http_status.unwrap() as u16;
                let class = classify(http_status, status_code, errcode, words[3] == "yes");
                let class = class.map(|(kind, state)| format!("{kind:?} {state:?}"));
                assert_eq!(class.as_deref().unwrap_or("success"), expected, "{words:?}");
            }
        }
    }
}
