//! `authing doctor`: one call with a code that cannot exist, and what its result means.

use std::process::ExitCode;

use authing::{AuthenticationClientBuilder, ErrorKind, RetryPolicy};
use serde_json::json;

use crate::arguments::Options;
use crate::exit;
use crate::explain::{explain, rows};
use crate::output::{self, Rows};

/// A code that WeChat never issues, so the call uses no code and is not billed.
const NO_CODE: &str = "authing-doctor-no-code";
/// The connection if none is given.
const NO_CONNECTION: &str = "authing-doctor-no-connection";

pub(crate) async fn run(options: &Options) -> ExitCode {
    let builder = match options.builder() {
        Ok(builder) => builder,
        Err(what) => return exit::local(&output::clean(&what, "")),
    };
    let connection = options.connection().unwrap_or(NO_CONNECTION);
    let (status, rows) = match call(builder, connection).await {
        Err(error) if error.kind() == ErrorKind::CodeRejected => {
            let detail = "WeChat rejected the code of this check, as it should";
            let rows = result("the setup works", detail, "nothing to fix");
            (ExitCode::SUCCESS, rows)
        }
        Err(error) => {
            let rows = rows(&error, &explain(&error, options));
            (exit::status(error.kind()), rows)
        }
        Ok(()) => {
            let detail = "the host returned a phone number for a code that cannot exist";
            let rows = result("not Authing", detail, "check --app-host (AUTHING_APP_HOST)");
            (exit::status(ErrorKind::UnexpectedResponse), rows)
        }
    };
    let text = if options.json {
        output::json(output::object(rows), "")
    } else {
        output::table(rows, "")
    };
    output::print(&text, status)
}

async fn call(builder: AuthenticationClientBuilder, connection: &str) -> authing::Result<()> {
    // A retry would only repeat the result later.
    let client = builder.retry(RetryPolicy::never()).build()?;
    let request = client.get_wechat_miniprogram_phone(NO_CODE, connection);
    request.await.map(drop)
}

/// A result without an error.
fn result(message: &str, detail: &str, fix: &str) -> Rows {
    vec![
        ("message", message.into()),
        ("detail", detail.into()),
        ("fix", fix.into()),
        ("causes", json!([])),
    ]
}
