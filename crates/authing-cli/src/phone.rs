//! `authing phone`: a code for the phone number.

use std::error::Error as _;
use std::io::Read as _;
use std::process::ExitCode;

use authing::{Error, GetWechatMiniProgramPhoneRespDto};
use serde_json::{Value, json};

use crate::arguments::PhoneArguments;
use crate::exit;
use crate::output::{self, hide, one_line, without_code};

/// More than any code; a whole file given by mistake is not read on.
const MAX_STDIN: u64 = 4096;

pub(crate) async fn run(arguments: &PhoneArguments) -> ExitCode {
    let code = match code(arguments) {
        Ok(code) => code,
        Err(error) => return exit::other(&format!("standard input: {error}")),
    };
    let pem = match arguments.service.pem() {
        Ok(pem) => pem,
        Err(what) => return exit::other(&what),
    };
    let result = match arguments.service.builder(&pem).build() {
        Ok(client) => {
            client
                .get_wechat_miniprogram_phone(&code, &arguments.ext_idp_connidentifier)
                .await
        }
        Err(error) => Err(error),
    };
    match (result, arguments.json) {
        (Ok(reply), false) => output::print(&phone_text(&reply, &code), ExitCode::SUCCESS),
        (Ok(reply), true) => match serde_json::to_value(&reply) {
            Ok(value) => {
                let text = output::json(&without_code(value, &code));
                output::print(&text, ExitCode::SUCCESS)
            }
            Err(_) => exit::other("the answer cannot be shown as JSON"),
        },
        (Err(error), false) => {
            output::error(&error_text(&error, &code));
            ExitCode::from(exit::status(error.kind()))
        }
        (Err(error), true) => {
            let then = ExitCode::from(exit::status(error.kind()));
            let value = json!({ "error": error_json(&error, &code) });
            output::print(&output::json(&value), then)
        }
    }
}

/// The code from the command line, or the first line of standard input.
fn code(arguments: &PhoneArguments) -> std::io::Result<String> {
    match &arguments.code {
        Some(code) if code != "-" => Ok(code.clone()),
        _ => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .take(MAX_STDIN)
                .read_to_string(&mut text)?;
            Ok(text.lines().next().unwrap_or_default().trim().to_owned())
        }
    }
}

fn phone_text(reply: &GetWechatMiniProgramPhoneRespDto, code: &str) -> String {
    let data = &reply.data;
    let mut rows = vec![
        ("phone number", Some(data.phone_number.as_str().to_owned())),
        (
            "  without prefix",
            Some(data.pure_phone_number.as_str().to_owned()),
        ),
        (
            "  calling code",
            Some(data.country_code.as_str().to_owned()),
        ),
        ("  as E.164", data.e164()),
    ];
    if let Some(watermark) = &data.watermark {
        rows.push(("mini program", Some(watermark.appid.clone())));
        rows.push(("tapped at", Some(watermark.timestamp.to_rfc3339())));
    }
    rows.push(("request id", reply.request_id.clone()));
    table(rows, code)
}

fn error_text(error: &Error, code: &str) -> String {
    let mut rows = vec![
        ("kind", Some(format!("{:?}", error.kind()))),
        ("code state", Some(format!("{:?}", error.code_state()))),
        ("request id", error.request_id().map(str::to_owned)),
        ("wechat rid", error.wechat_rid().map(str::to_owned)),
        (
            "retry after",
            error.retry_after().map(|wait| format!("{wait:?}")),
        ),
    ];
    rows.extend(
        causes(error)
            .into_iter()
            .map(|cause| ("because", Some(cause))),
    );
    format!("error: {error}\n{}", table(rows, code))
}

/// What is known of a failure. The service's own words are not in it.
pub(crate) fn error_json(error: &Error, code: &str) -> Value {
    let value = json!({
        "kind": format!("{:?}", error.kind()),
        "codeState": format!("{:?}", error.code_state()),
        "what": error.to_string(),
        "because": causes(error),
        "httpStatus": error.http_status(),
        "statusCode": error.status_code(),
        "apiCode": error.api_code(),
        "requestId": error.request_id(),
        "wechatErrcode": error.wechat_errcode(),
        "wechatRid": error.wechat_rid(),
        "retryAfterSeconds": error.retry_after().map(|wait| wait.as_secs()),
        "attempts": error.attempts(),
    });
    without_code(value, code)
}

/// The causes, outermost first, each said once.
pub(crate) fn causes(error: &Error) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts
}

/// Rows of a name and a value, without those that have none.
fn table(rows: Vec<(&str, Option<String>)>, code: &str) -> String {
    let rows = rows.into_iter().filter_map(|(name, value)| {
        let value = one_line(&hide(value?, code));
        Some(format!("{name:<18} {value}\n"))
    });
    rows.collect()
}
