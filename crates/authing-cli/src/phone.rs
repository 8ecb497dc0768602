//! `authing phone`: exchanges a code for the phone number.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use authing::GetWechatMiniProgramPhoneRespDto;
use serde_json::{Value, json};

use crate::arguments::Options;
use crate::exit;
use crate::explain::explain;
use crate::output::{self, Rows};

/// More than any code; protects from reading a large file given by mistake.
const MAX_STDIN: u64 = 4096;

/// Exchanges the code and prints the result; the error says why that was not possible here.
pub(crate) fn run(code: Option<String>, options: &Options) -> Result<ExitCode, String> {
    let code = match code {
        Some(code) if code != "-" => code,
        _ => read_code().map_err(|error| format!("standard input: {error}"))?,
    };
    let hide_code = |what: String| output::clean(&what, &code);
    let client = options.builder().map_err(hide_code)?.build();
    let connection = options.connection().unwrap_or_default();
    let result = client.and_then(|client| {
        let request = client.get_wechat_miniprogram_phone(&code, connection);
        request.send()
    });
    match result {
        Ok(reply) => {
            let text = if options.json {
                let value = phone_json(&reply).map_err(|error| error.to_string())?;
                output::json(value, &code)
            } else {
                output::table(phone_rows(&reply), &code)
            };
            Ok(output::print(&text, ExitCode::SUCCESS))
        }
        Err(error) => {
            let status = exit::status(error.kind());
            let rows = explain(&error, options);
            if options.json {
                let value = json!({ "error": Value::from_iter(rows) });
                return Ok(output::print(&output::json(value, &code), status));
            }
            output::error(&output::table(rows, &code));
            Ok(status)
        }
    }
}

/// Reads the code from the first line of standard input.
fn read_code() -> std::io::Result<String> {
    let stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        output::error("Enter the code, then press Ctrl-D:\n");
    }
    let mut text = String::new();
    stdin.take(MAX_STDIN).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The result as JSON, without the message of the service, which can repeat what was sent.
fn phone_json(reply: &GetWechatMiniProgramPhoneRespDto) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(reply)?;
    value["message"] = "".into();
    value["data"]["e164"] = reply.data.e164().into();
    value["requestId"] = output::request_id(reply.request_id.as_deref()).into();
    Ok(value)
}

fn phone_rows(reply: &GetWechatMiniProgramPhoneRespDto) -> Rows {
    let data = &reply.data;
    let appid = data.watermark.as_ref().map(|mark| mark.appid.as_str());
    let request_id = output::request_id(reply.request_id.as_deref());
    vec![
        ("e164", data.e164().into()),
        ("phoneNumber", data.phone_number.as_str().into()),
        ("purePhoneNumber", data.pure_phone_number.as_str().into()),
        ("countryCode", data.country_code.as_str().into()),
        ("appid", appid.into()),
        ("requestId", request_id.into()),
    ]
}
