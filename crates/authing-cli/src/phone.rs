//! `authing phone`: exchanges a code for the phone number.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use authing::GetWechatMiniProgramPhoneRespDto;
use serde_json::{Value, json};

use crate::arguments::Options;
use crate::exit;
use crate::explain::{explain, rows};
use crate::output::{self, Rows};

/// More than any code; protects from reading a large file given by mistake.
const MAX_STDIN: u64 = 4096;

pub(crate) async fn run(code: Option<String>, options: &Options) -> ExitCode {
    let code = match code.filter(|code| code != "-").map_or_else(read_code, Ok) {
        Ok(code) => code,
        Err(error) => return exit::local(&format!("standard input: {error}")),
    };
    let builder = match options.builder() {
        Ok(builder) => builder,
        Err(what) => return exit::local(&output::clean(&what, &code)),
    };
    let connection = options.connection.as_deref().unwrap_or_default();
    let result = match builder.build() {
        Ok(client) => client.get_wechat_miniprogram_phone(&code, connection).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(reply) if options.json => match phone_json(&reply) {
            Ok(value) => output::print(&output::json(value, &code), ExitCode::SUCCESS),
            Err(_) => exit::local("the response cannot be printed as JSON"),
        },
        Ok(reply) => {
            let text = output::table(phone_rows(&reply), &code);
            output::print(&text, ExitCode::SUCCESS)
        }
        Err(error) => {
            let status = exit::status(error.kind());
            let rows = rows(&error, &explain(&error, options));
            if options.json {
                let value = json!({ "error": output::object(rows) });
                return output::print(&output::json(value, &code), status);
            }
            output::error(&output::table(rows, &code));
            status
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
