//! Explains an error in terms of this program's options: what is wrong, and how to fix it.

use std::error::Error as _;

use authing::{Error, ErrorKind};
use serde_json::Value;

use crate::arguments::Options;
use crate::output::{self, Rows};

/// The client's options as its messages name them, and the flags that set them. If a message
/// names several options, the first row applies.
const OPTIONS: [(&str, &str); 11] = [
    ("allow_plain_http", "--app-host or --allow-plain-http"),
    ("add_root_certificate_pem", "--root-certificate"),
    ("identity_pem", "--identity"),
    ("proxy", "--proxy"),
    ("app_host", "--app-host (AUTHING_APP_HOST)"),
    ("app_id", "--app-id (AUTHING_APP_ID)"),
    ("userpool_id", "--userpool-id (AUTHING_USERPOOL_ID)"),
    ("lang", "--lang (AUTHING_LANG)"),
    ("timeout", "--timeout"),
    ("connidentifier", "--connection (AUTHING_CONNECTION)"),
    ("code", "the code"),
];

/// The error in the order of the output, without the untrusted texts of the service.
pub(crate) fn explain(error: &Error, options: &Options) -> Rows {
    let explanation = explanation(error, options);
    let (detail, fix) = explanation.split_once("; ").unwrap_or((&explanation, ""));
    let wait = error.retry_after().map(|wait| wait.as_secs());
    let mut rows: Rows = vec![
        ("message", error.to_string().into()),
        ("detail", detail.into()),
        ("fix", fix.into()),
        ("causes", causes(error).into()),
        ("kind", format!("{:?}", error.kind()).into()),
        ("codeState", format!("{:?}", error.code_state()).into()),
        ("retryable", error.is_retryable().into()),
        ("httpStatus", error.http_status().into()),
        ("statusCode", error.status_code().into()),
        ("apiCode", error.api_code().into()),
        ("requestId", output::request_id(error.request_id()).into()),
        ("wechatErrcode", error.wechat_errcode().into()),
        ("wechatRid", error.wechat_rid().into()),
        ("retryAfterSeconds", wait.into()),
        ("attempts", error.attempts().into()),
    ];
    // A longer number can be a phone number.
    let is_long = |value: &Value| value.as_f64().is_some_and(|n| n.abs() > 999_999.0);
    let long = rows.iter_mut().filter(|(_, value)| is_long(value));
    long.for_each(|(_, value)| *value = Value::Null);
    rows
}

/// Explains the error as "what is wrong; how to fix it".
fn explanation(error: &Error, options: &Options) -> String {
    match (error.kind(), error.http_status()) {
        (ErrorKind::Config | ErrorKind::InvalidArgument, _) => option(&error.to_string()),
        _ if error.status_code().is_some() => response(error, options).to_owned(),
        (_, Some(status)) if !may_speak_https(error, options) => {
            let fix = gateway(status);
            format!("HTTP {status}, but not in Authing's format; {fix}")
        }
        _ => network(error, options).to_owned(),
    }
}

/// The causes of an error, outermost first, without repetitions.
fn causes(error: &Error) -> Vec<String> {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts
}

/// Explains the option that the client rejected.
fn option(message: &str) -> String {
    let Some((name, flag)) = OPTIONS.iter().find(|(name, _)| message.contains(name)) else {
        return "the client cannot be built; fix what the message names".to_owned();
    };
    let fix = match *name {
        "allow_plain_http" => "use https, or add --allow-plain-http on a trusted network",
        "add_root_certificate_pem" if message.contains("ca-certificates") => {
            "install the package ca-certificates, or name a PEM file with the root CA certificate"
        }
        "add_root_certificate_pem" => "name a PEM file that contains the root CA certificate",
        "identity_pem" => "name a PEM file with the client certificate and its private key",
        "proxy" => "use a URL such as http://proxy.example:3128",
        "lang" => "use a language tag such as en-US",
        "timeout" => "use a number of seconds within the range in the message",
        "code" => "pass the code of the phone button",
        _ => "copy the value from the Authing console",
    };
    format!("{flag} is missing or invalid; {fix}")
}

/// Whether the error looks like plain http to an https port.
fn may_speak_https(error: &Error, options: &Options) -> bool {
    let host = options.app_host.as_deref().unwrap_or_default();
    let is_plain = host.to_ascii_lowercase().starts_with("http:");
    is_plain && matches!(error.http_status(), None | Some(400)) && !error.is_timeout()
}

/// Explains a failure below HTTP.
fn network(error: &Error, options: &Options) -> &'static str {
    let causes = causes(error).join("; ");
    let has = |part: &str| causes.contains(part);
    let is_unknown_issuer = has("UnknownIssuer") || has("BadSignature");
    match error.kind() {
        _ if is_unknown_issuer && options.root_certificate.is_empty() => {
            "this machine does not trust the CA of the server, and no --root-certificate is given; \
             for a private deployment, give its root CA certificate to --root-certificate"
        }
        _ if is_unknown_issuer => {
            "no certificate in --root-certificate issued the server's certificate; give the root \
             CA certificate of this server to --root-certificate"
        }
        _ if has("CaUsedAsEndEntity") => {
            "the server presents a CA certificate as its own; install a leaf certificate issued by \
             that CA on the server"
        }
        _ if has("certificate expired") || has("certificate not valid yet") => {
            "the server's certificate is not valid now; renew it, or set this machine's clock"
        }
        _ if has("certificate not valid for name") => {
            "the server's certificate is for another name; use one of its names in --app-host"
        }
        _ if has("invalid peer certificate") => {
            "the server's certificate is invalid; replace it on the server"
        }
        _ if has("received fatal alert") => {
            "the server ended the TLS handshake; give a client certificate to --identity if needed"
        }
        _ if has("corrupt message") => {
            "the port does not speak TLS, it may speak plain http; check the port in --app-host"
        }
        _ if has("tunnel") => "the proxy rejected the connection; check --proxy (HTTPS_PROXY)",
        _ if has("dns error") => "the host name cannot be resolved; check --app-host and DNS",
        _ if has("Connection refused") => {
            "nothing listens on this port; check host and port in --app-host, and --proxy"
        }
        _ if error.is_timeout() => {
            "no response in time; check --app-host, --proxy and firewalls, or raise --timeout"
        }
        ErrorKind::Connect => "the connection failed; check the network of this machine",
        _ if may_speak_https(error, options) => {
            "no valid response to plain http, the port may speak https; use https in --app-host"
        }
        _ => "the connection was lost; check --app-host and any proxy or gateway in between",
    }
}

/// How to fix a response that is not in Authing's format.
fn gateway(http_status: u16) -> &'static str {
    match http_status {
        300..=399 => "use the target of the redirect in --app-host",
        401 | 407 => "check --proxy (HTTPS_PROXY) and its password",
        429 | 500 | 502..=599 => "a gateway responded, check that the service is running",
        _ => "check --app-host and any proxy or gateway in between",
    }
}

/// Explains an error that Authing or WeChat reported.
fn response(error: &Error, options: &Options) -> &'static str {
    let api_code = error.api_code();
    match (error.wechat_errcode(), api_code, error.status_code()) {
        (Some(40001 | 40013 | 41001 | 42001), ..) => {
            "WeChat rejected the AppID or AppSecret of the mini program; correct them in the \
             identity source in the Authing console"
        }
        (Some(48001 | 61007), ..) => {
            "the mini program may not get phone numbers; check its permissions in WeChat's console"
        }
        (_, Some(2011), _) => {
            "this host does not know the application ID; copy --app-id (AUTHING_APP_ID) and \
             --app-host (AUTHING_APP_HOST) from the same page of the Authing console"
        }
        (_, Some(2224), _) => {
            "this host does not know the user pool ID; copy --userpool-id (AUTHING_USERPOOL_ID) \
             from the Authing console, or use --app-id only"
        }
        (_, Some(4021), _) | (_, _, Some(402)) => {
            "the plan does not cover this call; check the plan and its quota in the console"
        }
        (_, _, Some(404)) if options.connection().is_none() => {
            "host and ID are correct, the connection was not checked; run again with --connection"
        }
        (_, _, Some(404)) => {
            "the identity source connection is unknown; copy --connection (AUTHING_CONNECTION) \
             from the identity source in the Authing console"
        }
        _ => match error.kind() {
            ErrorKind::CodeRejected => {
                "the code is invalid, expired, used or of another mini program; use a new code, \
                 and check --connection if every code fails"
            }
            ErrorKind::Misconfigured => {
                "the application may not make this call; check its permissions in the console"
            }
            _ => "no phone number was returned; try again later, or report the request ID",
        },
    }
}
