//! What the answer to a code that is no code tells: three steps from one call.

use std::time::Duration;

use authing::{Error, ErrorKind};

use super::report::Step;
use super::{NAMES, because};

const AUTHING: &str = NAMES[4];
const APPLICATION: &str = NAMES[5];
const CODE: &str = NAMES[6];

/// The last three steps. The time is the call's, and stands with the first.
pub(super) fn steps(
    answer: &authing::Result<()>,
    connection_was_given: bool,
    time: Duration,
) -> [Step; 3] {
    let error = match answer {
        Ok(()) => {
            let found = "a code that is no code was exchanged for a phone number";
            let remedy = "this is not the real service: check the host";
            let failed = Step::failed(CODE, ErrorKind::UnexpectedResponse, found, remedy);
            return [
                Step::passed(AUTHING, "it answers as Authing does").took(time),
                Step::passed(APPLICATION, "the application is served"),
                failed,
            ];
        }
        Err(error) => error,
    };
    let spoken = speaks_authing(error).took(time);
    if spoken.is_failed() {
        let skipped = |name| Step::skipped(name, "not reached");
        return [spoken, skipped(APPLICATION), skipped(CODE)];
    }
    let application = application(error);
    let code = if application.is_failed() {
        Step::skipped(CODE, "not reached")
    } else {
        code(error, connection_was_given)
    };
    [spoken, application, code]
}

/// Whether what answers is Authing: an answer with a `statusCode`, whatever it says.
fn speaks_authing(error: &Error) -> Step {
    let kind = error.kind();
    if let Some(status_code) = error.status_code() {
        let found = format!("it answers as Authing does (statusCode {status_code})");
        return Step::passed(AUTHING, found);
    }
    let fail = |found: String, remedy: &str| Step::failed(AUTHING, kind, found, remedy);
    let Some(http_status) = error.http_status() else {
        let remedy = match kind {
            ErrorKind::Connect => "check the proxy, if there is one, and the way to the host",
            ErrorKind::Timeout => "try again; then check what stands before the host",
            _ => "the host may ask for a client certificate, or a gateway closes early",
        };
        return fail(because(error), remedy);
    };
    match http_status {
        300..=399 => fail(
            format!("it answers with a redirect (HTTP {http_status}), as Authing never does here"),
            "give the host that it leads to; check that it is https",
        ),
        429 => fail(
            "HTTP 429, and not in Authing's form: a gateway limits".to_owned(),
            "try again later",
        )
        .guess(),
        401 | 407 => fail(
            format!("HTTP {http_status}, and not in Authing's form: something in between asks who is there"),
            "check the proxy and its password, and gateways of your own",
        )
        .guess(),
        // A server that knows no POST says 501.
        500 | 502..=599 => fail(
            format!("HTTP {http_status}, and not in Authing's form: a gateway has no service behind it"),
            "try again later; for a private deployment, see whether it runs",
        )
        .guess(),
        _ => fail(
            format!("a web server answers (HTTP {http_status}), but not as Authing does"),
            "check the host: it is the application's own, from the console, and not the \
             console's or your website's",
        ),
    }
}

fn application(error: &Error) -> Step {
    let fail = |found: &str, remedy: &str| Step::failed(APPLICATION, error.kind(), found, remedy);
    match (error.api_code(), error.status_code(), error.kind()) {
        (Some(2011), _, _) => fail(
            "the application id is not known to this host (apiCode 2011)",
            "copy it from the application's page in the console; each application has its own host",
        ),
        (Some(2224), _, _) => fail(
            "the user pool is not known to this host (apiCode 2224)",
            "copy its id from the console, or leave it out and give the application's",
        ),
        (Some(4021), _, _) | (_, Some(402), _) => fail(
            "the application is known, but its plan does not cover the call",
            "see to the plan and its quota in the console",
        ),
        (_, Some(401 | 403), ErrorKind::Misconfigured) => fail(
            "the application is known, but may not make this call",
            "see whether the application is online and offers WeChat mini program login",
        )
        .guess(),
        (_, _, ErrorKind::CodeRejected) => Step::passed(
            APPLICATION,
            "the application is known: WeChat was asked in its name",
        ),
        (_, Some(429 | 500..=599), _) => {
            Step::doubtful(APPLICATION, "the answer does not tell", "try again later")
        }
        _ => Step::passed(APPLICATION, "the application is known").guess(),
    }
}

fn code(error: &Error, connection_was_given: bool) -> Step {
    let kind = error.kind();
    let errcode = error.wechat_errcode().filter(|errcode| *errcode != 0);
    let said = match (errcode, error.status_code()) {
        (Some(errcode), _) => format!("WeChat errcode {errcode}"),
        (None, Some(status_code)) => format!("statusCode {status_code}"),
        (None, None) => "no number".to_owned(),
    };
    let fail = |found: String, remedy: &str| Step::failed(CODE, kind, found, remedy);
    match (kind, errcode, error.status_code()) {
        (ErrorKind::CodeRejected, _, _) => {
            let found = format!("refused as invalid, as it should be ({said}); nothing was spent");
            Step::passed(CODE, found)
        }
        (_, Some(40013), _) => fail(
            format!("the mini program's app id is wrong ({said})"),
            "correct it in the connection, in the console",
        ),
        (_, Some(48001 | 61007), _) => fail(
            format!("the mini program may not ask for phone numbers ({said})"),
            "only certified companies may: see to it in WeChat's console",
        ),
        (_, Some(40001 | 41001 | 42001), _) => fail(
            format!("Authing's access token for the mini program is not good ({said})"),
            "a guess: correct the app secret of the connection, in the console",
        ),
        (ErrorKind::Misconfigured, None, Some(404)) if !connection_was_given => Step::doubtful(
            CODE,
            format!("not judged ({said}): the connection it was asked with is made up"),
            "run again with --ext-idp-connidentifier",
        ),
        (ErrorKind::Misconfigured, None, Some(404)) => fail(
            format!("the connection identifier is not known ({said})"),
            "copy it from the \"WeChat mini program\" connection in the console",
        )
        .guess(),
        (ErrorKind::Throttled, _, _) => Step::doubtful(
            CODE,
            format!("too many requests ({said})"),
            "try again later",
        ),
        (ErrorKind::Upstream, _, _) => fail(
            format!("WeChat, or the way from Authing to it, fails ({said})"),
            "try again later; if it stays, see to the connection in the console",
        ),
        (ErrorKind::Service, _, _) => fail(
            format!("the service itself fails ({said})"),
            "try again later",
        ),
        (ErrorKind::UnexpectedResponse, _, _) => fail(
            "a success without a phone number".to_owned(),
            "this is not the real service: check the host",
        ),
        _ => Step::doubtful(
            CODE,
            format!("refused ({said}), which may be how this service refuses an invalid code"),
            "try with a real code: authing phone --code -",
        )
        .guess(),
    }
}
