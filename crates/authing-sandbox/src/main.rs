//! The program: flags, environment variables, and the text at the start.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use authing_sandbox::{Builder, Sandbox, Shape};
use clap::Parser;

/// A local Authing: exchanges WeChat mini program codes for phone numbers, without WeChat.
///
/// Open the address it prints in a browser, and point your backend's Authing host at it.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
While it runs: GET / is the console, a page for people. GET /sandbox shows codes, requests, faults \
and controls; POST /sandbox/codes, PUT /sandbox/controls, POST and DELETE /sandbox/faults and \
POST /sandbox/send change them. Bodies are JSON, and errors say what is allowed."
)]
struct Options {
    /// The port to listen on; 0 takes a free one
    #[arg(long, env = "AUTHING_SANDBOX_PORT", default_value_t = 8787)]
    port: u16,
    /// The address to listen on; one that is not loopback needs --allow-remote
    #[arg(long, env = "AUTHING_SANDBOX_HOST", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Allow other machines; needs an admin token
    #[arg(long, env = "AUTHING_SANDBOX_ALLOW_REMOTE")]
    allow_remote: bool,
    /// Require this token (at least 16 characters) on /sandbox; prefer the environment variable,
    /// because other users of this machine can see flags
    #[arg(long, env = "AUTHING_SANDBOX_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Your own backend, to which the console sends POST {"code": "…"}, such as
    /// http://127.0.0.1:3000/api/phone
    #[arg(long, env = "AUTHING_SANDBOX_BACKEND", value_name = "URL")]
    backend: Option<String>,
    /// The application id, which requests send as x-authing-app-id
    #[arg(long, env = "AUTHING_SANDBOX_APP_ID", default_value = authing_sandbox::DEFAULT_APP_ID)]
    app_id: String,
    /// The user pool id
    #[arg(long, env = "AUTHING_SANDBOX_USERPOOL_ID", default_value = authing_sandbox::DEFAULT_USERPOOL_ID)]
    userpool_id: String,
    /// An identity source connection (extIdpConnidentifier); may be repeated, or separated by commas
    #[arg(long, env = "AUTHING_SANDBOX_CONNECTION", value_delimiter = ',', default_value = authing_sandbox::DEFAULT_CONNECTION)]
    connection: Vec<String>,
    /// The shape of responses
    #[arg(long, env = "AUTHING_SANDBOX_SHAPE", default_value = "documented")]
    shape: Shape,
    /// Delay every response by so many milliseconds
    #[arg(long, env = "AUTHING_SANDBOX_LATENCY_MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=60_000))]
    latency_ms: u64,
    /// Requests per second: a number, or off; 0 rejects every request
    #[arg(long, env = "AUTHING_SANDBOX_RATE_LIMIT", default_value = "300", value_parser = rate_limit)]
    // The path keeps clap from taking `None` for an option that is not given.
    rate_limit: std::option::Option<u32>,
    /// Issue a code for this phone number at the start; may be repeated
    #[arg(long, value_name = "NUMBER")]
    phone: Vec<String>,
}

fn rate_limit(text: &str) -> Result<Option<u32>, &'static str> {
    let number = text.parse().map_err(|_| "must be a number or off");
    Ok(if text == "off" { None } else { Some(number?) })
}

fn main() {
    // One line, also where errors are printed with a backtrace.
    let _sandbox = start(&Options::parse()).unwrap_or_else(|error| {
        clap::Error::raw(clap::error::ErrorKind::Io, format!("{error:#}\n")).exit()
    });
    loop {
        thread::park();
    }
}

/// Starts the sandbox and prints where it listens.
fn start(options: &Options) -> Result<Sandbox> {
    let builder = Sandbox::builder()
        .bind(SocketAddr::new(options.host, options.port))
        .allow_remote(options.allow_remote)
        .app_id(&options.app_id)
        .userpool_id(&options.userpool_id)
        .shape(options.shape)
        .latency(Duration::from_millis(options.latency_ms))
        .rate_limit(options.rate_limit);
    let builder = options.connection.iter().fold(builder, Builder::connection);
    let token = options.admin_token.iter();
    let builder = token.fold(builder, Builder::admin_token);
    let builder = options.backend.iter().fold(builder, Builder::backend);
    let failed = || format!("cannot start on {} port {}", options.host, options.port);
    let sandbox = builder.start().with_context(failed)?;
    let mut codes = String::new();
    for number in &options.phone {
        let code = sandbox.issue_code(number)?;
        codes.push_str(&format!("\n  code for {number}: {code}"));
    }
    println!(
        "A local Authing listens on {base_url}
Open {base_url}/ in a browser: a phone to tap on, and what really happens.
Programs use the routes in authing-sandbox --help.

  x-authing-app-id       {}
  extIdpConnidentifier   {}
  your backend           {}{codes}

Ctrl-C stops it.",
        options.app_id,
        options.connection.join(", "),
        options.backend.as_deref().unwrap_or("none (--backend URL)"),
        base_url = sandbox.base_url(),
    );
    Ok(sandbox)
}
