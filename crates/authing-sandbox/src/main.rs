//! `authing-sandbox`: a local Authing on a loopback port.
#![expect(
    clippy::print_stdout,
    reason = "the program's purpose is to tell its address"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use authing_sandbox::{
    DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID, EXCHANGE_PATH, FREE_PLAN_RATE_LIMIT,
    Sandbox, Shape,
};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

/// A local Authing: exchanges WeChat mini-program codes for phone numbers, without WeChat.
///
/// It issues codes as a user's tap would (POST /sandbox/codes), exchanges each of them once
/// (POST /api/v3/get-wechat-miniprogram-phone), and keeps a ledger of what became of them
/// (GET /sandbox/ledger). Point your backend's Authing host at the address it prints.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
While it runs (all bodies are JSON, with content-type: application/json):
  POST /sandbox/codes       {\"phoneNumber\": \"+8613800138000\"}   issue a code
                            {\"kind\": \"login\"}                   a wx.login code, which is refused
  GET  /sandbox/ledger      what became of every code
  GET  /sandbox/requests    what came over the wire
  PUT  /sandbox/shape       {\"shape\": \"nested\"}                 answer in another shape
  POST /sandbox/faults      {\"kind\": \"cut\", \"at\": \"half-body\", \"how\": \"reset\"}
  DELETE /sandbox/faults    forget all faults
  POST /sandbox/clock       {\"advanceSeconds\": 300}             let codes expire
  PUT  /sandbox/rate-limit  {\"perSecond\": 5}                    null for no limit
  GET  /openapi.json        the OpenAPI document of the exchange"
)]
struct Options {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The loopback address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The application id that requests must send as x-authing-app-id
    #[arg(long, default_value = DEFAULT_APP_ID)]
    app_id: String,
    /// A connection of that application (extIdpConnidentifier); may be repeated
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    connection: Vec<String>,
    /// The user pool of that application
    #[arg(long, default_value = DEFAULT_USERPOOL_ID)]
    userpool_id: String,
    /// The shape of replies, such as nested; GET /sandbox/shape lists them all
    #[arg(long, default_value_t = Shape::default(), hide_possible_values = true, value_parser = shapes())]
    shape: Shape,
    /// Exchange requests per second and user pool; 0 for no limit
    #[arg(long, default_value_t = FREE_PLAN_RATE_LIMIT)]
    rate_limit: u32,
}

fn shapes() -> impl clap::builder::TypedValueParser<Value = Shape> {
    PossibleValuesParser::new(Shape::all().iter().map(|shape| shape.name()))
        .try_map(|name| name.parse::<Shape>())
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(run(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => clap::Error::raw(clap::error::ErrorKind::Io, format!("{error}\n")).exit(),
    }
}

async fn run(options: Options) -> io::Result<()> {
    let mut builder = Sandbox::builder()
        .bind(SocketAddr::new(options.host, options.port))
        .app_id(&options.app_id)
        .userpool_id(&options.userpool_id)
        .shape(options.shape)
        .rate_limit(Some(options.rate_limit).filter(|limit| *limit > 0));
    for connection in &options.connection {
        builder = builder.connection(connection);
    }
    let sandbox = builder.start().await?;
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    // The first poll installs the handler: whoever reads the address may interrupt at once.
    tokio::select! {
        biased;
        early = &mut interrupted => return early,
        () = std::future::ready(()) => {}
    }
    println!("{}", welcome(sandbox.base_url(), &options));
    interrupted.await?;
    println!("Stopping.");
    sandbox.shutdown().await;
    Ok(())
}

fn welcome(base_url: &str, options: &Options) -> String {
    let header = shell_word(&format!("x-authing-app-id: {}", options.app_id));
    let connection = options.connection.first().map_or("", String::as_str);
    let body = serde_json::json!({ "code": "CODE", "extIdpConnidentifier": connection });
    // The shell puts the code of the first command into the second.
    let body = shell_word(&body.to_string()).replace("CODE", "'$CODE'");
    format!(
        "A local Authing listens on {base_url}

  x-authing-app-id       {}
  extIdpConnidentifier   {}
  reply shape            {}

Issue a code, as a user's tap would:

  CODE=$(curl -s {base_url}/sandbox/codes -H 'content-type: application/json' \\
    -d '{{\"phoneNumber\": \"+8613800138000\"}}' | sed 's/.*\"code\":\"\\([^\"]*\\).*/\\1/'); echo $CODE

Exchange it (it works once, for five minutes):

  curl -s {base_url}{EXCHANGE_PATH} \\
    -H 'content-type: application/json' -H {header} \\
    -d {body}; echo

What became of every code: {base_url}/sandbox/ledger
Ctrl-C stops it.",
        options.app_id,
        options.connection.join(", "),
        options.shape,
    )
}

/// A word that a shell reads as it stands.
fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
