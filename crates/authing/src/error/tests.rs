//! What an error says, and what it keeps to itself.

use super::*;

/// One constant is the input and the forbidden text.
const CANARY: &str = "5ec2e7c0de";
const UUID: &str = "934108e5-9fbf-4d24-8da1-c330328abd6c";

fn full(kind: ErrorKind, code_state: CodeState) -> Error {
    Error::new(Inner {
        kind,
        code_state,
        http_status: Some(503),
        status_code: Some(499),
        api_code: Some(2011),
        message: Some(CANARY.into()),
        request_id: Some(UUID.to_owned()),
        wechat_errcode: Some(40029),
        wechat_errmsg: Some(
            format!("{CANARY} rid: 632d16be-15ad5486-1e378de4")
                .as_str()
                .into(),
        ),
        retry_after: Some(Duration::from_secs(7)),
        attempts: 3,
        timed_out: true,
        detail: None,
        hint: Some("a hint"),
        source: Some("a source".into()),
    })
}

#[test]
fn every_fact_is_to_be_had() {
    let error = full(ErrorKind::Upstream, CodeState::Spent);
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::Upstream, CodeState::Spent)
    );
    assert_eq!(
        (error.http_status(), error.status_code()),
        (Some(503), Some(499))
    );
    assert_eq!(
        (error.api_code(), error.wechat_errcode()),
        (Some(2011), Some(40029))
    );
    assert_eq!(
        (error.message(), error.request_id()),
        (Some(CANARY), Some(UUID))
    );
    assert!(
        error
            .wechat_errmsg()
            .is_some_and(|text| text.starts_with(CANARY))
    );
    assert_eq!(error.wechat_rid(), Some("632d16be-15ad5486-1e378de4"));
    assert_eq!(
        (error.retry_after(), error.attempts()),
        (Some(Duration::from_secs(7)), 3)
    );
    assert!(error.is_timeout());
    assert_eq!(
        error.source().map(ToString::to_string).as_deref(),
        Some("a source")
    );
}

#[test]
fn what_is_unknown_is_absent() {
    let error = Error::new(Inner::default());
    assert_eq!(
        (error.kind(), error.code_state()),
        (ErrorKind::UnexpectedResponse, CodeState::Unknown)
    );
    assert_eq!((error.http_status(), error.status_code()), (None, None));
    assert_eq!((error.api_code(), error.wechat_errcode()), (None, None));
    assert_eq!((error.message(), error.wechat_errmsg()), (None, None));
    assert_eq!((error.request_id(), error.wechat_rid()), (None, None));
    assert_eq!((error.retry_after(), error.attempts()), (None, 0));
    assert!(!error.is_timeout() && error.source().is_none());
    assert_eq!(error.shown_request_id(), None);
    let too_large = Error::new(Inner {
        status_code: Some(i64::MAX),
        ..Inner::default()
    });
    assert_eq!(too_large.status_code(), None);
}

/// All kinds, each with how its line begins, and whether it may be retried when unspent and when
/// that is unknown.
const KINDS: [(ErrorKind, &str, bool, bool); 12] = [
    (
        ErrorKind::Config,
        "the client is not configured rightly",
        false,
        false,
    ),
    (
        ErrorKind::InvalidArgument,
        "an argument was refused",
        false,
        false,
    ),
    (
        ErrorKind::Connect,
        "no connection to the service",
        true,
        true,
    ),
    (
        ErrorKind::Timeout,
        "no complete answer before the deadline",
        false,
        false,
    ),
    (ErrorKind::Transport, "the connection broke", false, false),
    (
        ErrorKind::CodeRejected,
        "wechat refused the code",
        false,
        false,
    ),
    (ErrorKind::Throttled, "too many requests", true, false),
    (
        ErrorKind::Misconfigured,
        "the service refuses the request as it",
        false,
        false,
    ),
    (
        ErrorKind::Upstream,
        "wechat, or the way to it, failed",
        false,
        false,
    ),
    (
        ErrorKind::Service,
        "the service, or a gateway before it, failed",
        false,
        false,
    ),
    (
        ErrorKind::UnexpectedResponse,
        "the answer is not one",
        false,
        false,
    ),
    (
        ErrorKind::Api,
        "the service refused the request with a status code",
        false,
        false,
    ),
];

/// Turns red if any other kind becomes retryable, or Display repeats the service's words.
#[test]
fn each_kind_has_its_line_and_its_answer_to_a_retry() {
    for (kind, begins, unspent, unknown) in KINDS {
        for (code_state, retryable) in [
            (CodeState::Unspent, unspent),
            (CodeState::Unknown, unknown),
            (CodeState::Spent, unknown),
        ] {
            let error = full(kind, code_state);
            assert_eq!(error.is_retryable(), retryable, "{kind:?} {code_state:?}");
            let line = error.to_string();
            assert!(line.starts_with(begins), "{line}");
            assert!(line.contains("; ") && line.ends_with(" (a hint)"), "{line}");
            assert!(!line.contains('\n') && !line.contains(CANARY), "{line}");
            assert!(!line.contains("a source"), "{line}");
        }
    }
}

#[test]
fn a_line_says_what_to_do_next() {
    let says = |kind, code_state| full(kind, code_state).to_string();
    let unspent = says(ErrorKind::Throttled, CodeState::Unspent);
    assert!(
        unspent.contains("; slow down, then send the same code again"),
        "{unspent}"
    );
    let unknown = says(ErrorKind::Throttled, CodeState::Unknown);
    assert!(
        unknown.contains("; slow down, then ask the user to tap again"),
        "{unknown}"
    );
    for (kind, next) in [
        (ErrorKind::Config, "; mend the configuration"),
        (ErrorKind::InvalidArgument, "; mend the caller"),
        (
            ErrorKind::Connect,
            "; check host, network and certificates, then send the same code",
        ),
        (ErrorKind::CodeRejected, "; ask the user to tap again"),
        (
            ErrorKind::Misconfigured,
            "; check ids, connection, permissions and plan",
        ),
        (ErrorKind::Service, "; try later"),
        (ErrorKind::UnexpectedResponse, "; check the host"),
        (ErrorKind::Timeout, "; whether the code was used is unknown"),
    ] {
        let line = says(kind, CodeState::Unknown);
        assert!(line.contains(next), "{line}");
    }
}

#[test]
fn numbers_are_told_where_they_say_something() {
    let said = |inner: Inner| Error::new(inner).to_string();
    let all = full(ErrorKind::Api, CodeState::Unknown).to_string();
    assert!(
        all.contains(" (http status 503, statusCode 499, apiCode 2011, wechat errcode 40029);"),
        "{all}"
    );
    let silent = said(Inner {
        http_status: Some(200),
        status_code: Some(200),
        wechat_errcode: Some(0),
        ..Inner::default()
    });
    assert_eq!(
        silent,
        "the answer is not one that the service gives; check the host and what stands before it, \
         then ask the user to tap again"
    );
    let one = said(Inner {
        api_code: Some(4021),
        ..Inner::default()
    });
    assert!(one.contains("gives (apiCode 4021); check"), "{one}");
}

#[test]
fn blame_for_an_input_names_it() {
    let config = Error::config("app_id is empty");
    assert_eq!(
        (config.kind(), config.code_state()),
        (ErrorKind::Config, CodeState::Unspent)
    );
    assert_eq!(
        config.to_string(),
        "the client is not configured rightly: app_id is empty; mend the configuration"
    );
    let argument = Error::invalid_argument("code is empty").with_source("why");
    let told = (argument.kind(), argument.code_state());
    assert_eq!(told, (ErrorKind::InvalidArgument, CodeState::Unspent));
    assert!(
        argument
            .to_string()
            .contains(": code is empty; mend the caller")
    );
    assert_eq!(
        argument.source().map(ToString::to_string).as_deref(),
        Some("why")
    );
}

/// Turns red if `Debug` is derived.
#[test]
fn debug_shows_the_facts_and_none_of_the_service_s_words() {
    for text in [
        format!("{:?}", full(ErrorKind::Api, CodeState::Unknown)),
        format!("{:#?}", full(ErrorKind::Api, CodeState::Unknown)),
    ] {
        assert!(!text.contains(CANARY), "{text}");
        for fact in [
            "Api", "Unknown", "503", "499", "2011", UUID, "632d16be", "7s", "a hint",
        ] {
            assert!(text.contains(fact), "{fact} is not in {text}");
        }
    }
}

/// A request id is the service's word, too: shown only in the form of one.
#[test]
fn a_request_id_is_shown_only_in_its_own_form() {
    for (id, shown) in [
        (UUID, true),
        ("934108E5-9FBF-4D24-8DA1-C330328ABD6C", true),
        ("", false),
        (CANARY, false),
        ("934108e5-9fbf-4d24-8da1-c330328abd6", false),
        ("934108e5-9fbf-4d24-8da1-c330328abd6cc", false),
        ("934108e5-9fbf-4d24-8da1-c330328abd6g", false),
        ("934108e5-9fbf-4d24-8da1", false),
        ("934108e5-9fbf-4d24-8da1-c330328abd6c-0000", false),
        ("934108e59fbf4d248da1c330328abd6c", false),
        ("13800138-0000-1380-0138-00013800138x", false),
    ] {
        let error = Error::new(Inner {
            request_id: Some(id.to_owned()),
            ..Inner::default()
        });
        assert_eq!(error.shown_request_id(), shown.then_some(id), "{id}");
        assert_eq!(error.request_id(), Some(id));
    }
}
