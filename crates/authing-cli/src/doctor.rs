//! `authing doctor`: one call with a code that cannot exist, and what its result means.

use std::process::ExitCode;

use authing::{ErrorKind, RetryPolicy};
use serde_json::json;

use crate::arguments::Options;
use crate::exit;
use crate::explain::explain;
use crate::output::{self, Rows};

/// A code that WeChat never issues, so the call uses no code and is not billed.
const NO_CODE: &str = "authing-doctor-no-code";
/// The connection if none is given.
const NO_CONNECTION: &str = "authing-doctor-no-connection";

/// Makes the call and prints its result; the error names a file that cannot be read.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let connection = options.connection().unwrap_or(NO_CONNECTION);
    // A retry would only repeat the result later.
    let client = options.builder()?.retry(RetryPolicy::never()).build();
    let result = client.and_then(|client| {
        let request = client.get_wechat_miniprogram_phone(NO_CODE, connection);
        request.send()
    });
    let (status, rows) = match result {
        Err(error) if error.kind() == ErrorKind::CodeRejected => {
            let detail = "WeChat rejected the code of this check, as it should";
            let rows = without_error("the setup works", detail, "nothing to fix");
            (ExitCode::SUCCESS, rows)
        }
        Err(error) => (exit::status(error.kind()), explain(&error, options)),
        Ok(_) => {
            let detail = "the host returned a phone number for a code that cannot exist";
            let fix = "check --app-host (AUTHING_APP_HOST)";
            let rows = without_error("not Authing", detail, fix);
            (exit::status(ErrorKind::UnexpectedResponse), rows)
        }
    };
    let text = if options.json {
        output::json(rows.into_iter().collect(), "")
    } else {
        output::table(rows, "")
    };
    Ok(output::print(&text, status))
}

/// A result without an error, in the order of the output.
fn without_error(message: &str, detail: &str, fix: &str) -> Rows {
    vec![
        ("message", message.into()),
        ("detail", detail.into()),
        ("fix", fix.into()),
        ("causes", json!([])),
    ]
}
