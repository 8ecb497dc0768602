//! The program around the library: options, start, welcome, end.

mod file;
mod options;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use authing_sandbox::{EXCHANGE_PATH, Sandbox};
use clap::Parser as _;

use file::{App, File};
use options::Options;

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let options = Options::parse();
    let outcome = options.effective().and_then(|file| {
        if options.print_config {
            return print_config(&file, options.admin_token.is_some());
        }
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(serve(&file, options.admin_token.as_deref()))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => clap::Error::raw(clap::error::ErrorKind::Io, format!("{error}\n")).exit(),
    }
}

fn print_config(file: &File, token: bool) -> io::Result<()> {
    let text = toml::to_string_pretty(file).map_err(io::Error::other)?;
    println!("# The effective configuration of authing-sandbox; valid as --config FILE.");
    if token {
        println!(
            "# An admin token is set. It has no place in a file: AUTHING_SANDBOX_ADMIN_TOKEN."
        );
    }
    print!("{text}");
    Ok(())
}

async fn serve(file: &File, admin_token: Option<&str>) -> io::Result<()> {
    let sandbox = start(file, admin_token).await?;
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    // The first poll installs the handler: whoever reads the address may interrupt at once.
    tokio::select! {
        biased;
        early = &mut interrupted => return early,
        () = std::future::ready(()) => {}
    }
    println!("{}", welcome(&sandbox, file, admin_token.is_some()));
    interrupted.await?;
    println!("Stopping.");
    sandbox.shutdown().await;
    Ok(())
}

async fn start(file: &File, admin_token: Option<&str>) -> io::Result<Sandbox> {
    let mut builder = Sandbox::builder()
        .allow_remote(file.allow_remote.unwrap_or(false))
        .retry_after(file.retry_after.unwrap_or(true))
        .latency(Duration::from_millis(
            file.latency_millis.unwrap_or(0).into(),
        ))
        .rate_limit(file.rate_limit.filter(|limit| *limit > 0));
    if let (Some(host), Some(port)) = (file.host, file.port) {
        builder = builder.bind(SocketAddr::new(host, port));
    }
    if let Some(shape) = file.shape {
        builder = builder.shape(shape.0);
    }
    if let Some(token) = admin_token {
        builder = builder.admin_token(token);
    }
    if let Some(backend) = &file.backend {
        builder = builder.backend(backend);
    }
    let mut applications = file.applications.iter();
    if let Some(first) = applications.next() {
        builder = builder
            .app_id(&first.app_id)
            .userpool_id(&first.userpool_id);
        for connection in &first.connections {
            builder = builder.connection(connection);
        }
    }
    for other in applications.map(App::application) {
        builder = builder.application(other);
    }
    let sandbox = builder.start().await?;
    // Nobody has been told the address yet.
    for (index, code) in file.codes.iter().enumerate() {
        let issued = sandbox.state().issue_as_ordered(
            &code.phone_number,
            code.app_id.as_deref(),
            code.connection.as_deref(),
            code.code.as_deref(),
        );
        issued.map_err(|error| nth("codes", index, &error))?;
    }
    for (index, scripted) in file.faults.iter().enumerate() {
        sandbox
            .push_fault(scripted.fault.clone())
            .map_err(|error| nth("faults", index, &error))?;
    }
    Ok(sandbox)
}

fn nth(list: &str, index: usize, error: &dyn std::error::Error) -> io::Error {
    let text = format!("entry {} of [[{list}]]: {error}", index + 1);
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn welcome(sandbox: &Sandbox, file: &File, token: bool) -> String {
    let base_url = sandbox.base_url();
    let app = file.applications.first().cloned().unwrap_or_default();
    let header = shell_word(&format!("x-authing-app-id: {}", app.app_id));
    let connection = app.connections.first().map_or("", String::as_str);
    let body = serde_json::json!({ "code": "CODE", "extIdpConnidentifier": connection });
    // The shell puts the code of the first command into the second.
    let body = shell_word(&body.to_string()).replace("CODE", "'$CODE'");
    let (password, authorization) = if token {
        (
            "\n(it asks for a password: the admin token, with any user name)",
            " -H \"authorization: Bearer $AUTHING_SANDBOX_ADMIN_TOKEN\"",
        )
    } else {
        ("", "")
    };
    let shape = file.shape.map_or_else(String::new, String::from);
    let backend = file.backend.as_deref().unwrap_or("none (--backend URL)");
    let issued: String = sandbox
        .ledger()
        .iter()
        .map(|entry| {
            let number = entry.phone_number.as_deref().unwrap_or_default();
            format!("\n  issued {number}: {}", entry.code)
        })
        .collect();
    format!(
        "A local Authing listens on {base_url}
Open {base_url}/ in a browser: a phone to tap on, and what really happens.{password}

  x-authing-app-id       {}
  extIdpConnidentifier   {}
  reply shape            {shape}
  your backend           {backend}{issued}

Or issue a code by hand, as a user's tap would:

  CODE=$(curl -s {base_url}/sandbox/codes{authorization} -H 'content-type: application/json' \\
    -d '{{\"phoneNumber\": \"+8613800138000\"}}' | sed 's/.*\"code\":\"\\([^\"]*\\).*/\\1/'); echo $CODE

and exchange it (it works once, for five minutes):

  curl -s {base_url}{EXCHANGE_PATH} \\
    -H 'content-type: application/json' -H {header} \\
    -d {body}; echo

Ctrl-C stops it.",
        app.app_id,
        app.connections.join(", "),
    )
}

/// A word that a shell reads as it stands.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
