//! The options: from the command line, the environment, a file, and the defaults, in this order.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use authing_sandbox::{FREE_PLAN_RATE_LIMIT, Shape};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::file::{self, App, File, ShapeName};

/// A local Authing: exchanges WeChat mini-program codes for phone numbers, without WeChat.
///
/// Open the address it prints: a phone to tap on, and what really happened. It issues codes as a
/// user's tap would (POST /sandbox/codes), exchanges each of them once
/// (POST /api/v3/get-wechat-miniprogram-phone), and keeps a ledger of what became of them
/// (GET /sandbox/ledger). Point your backend's Authing host at the address.
///
/// A flag wins over the environment, the environment over the configuration file, and the file
/// over the defaults.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
While it runs (all bodies are JSON, with content-type: application/json):
  GET  /                    the console, a page for people
  POST /sandbox/codes       {\"phoneNumber\": \"+8613800138000\"}   issue a code
                            {\"kind\": \"login\"}                   a wx.login code, which is refused
  GET  /sandbox/ledger      what became of every code
  GET  /sandbox/requests    what came over the wire
  GET  /sandbox/events      both, live (server-sent events)
  PUT  /sandbox/shape       {\"shape\": \"nested\"}                 answer in another shape
  POST /sandbox/faults      {\"kind\": \"cut\", \"at\": \"half-body\", \"how\": \"reset\"}
  DELETE /sandbox/faults    forget all faults
  POST /sandbox/clock       {\"advanceSeconds\": 300}             let codes expire
  PUT  /sandbox/rate-limit  {\"perSecond\": 5}                    null for no limit
  PUT  /sandbox/latency     {\"millis\": 300}                     answer later
  POST /sandbox/backend     {\"code\": \"…\"}                       hand a code to --backend
  GET  /openapi.json        the OpenAPI document of the exchange"
)]
pub(crate) struct Options {
    /// A configuration file in TOML; --print-config shows its form
    #[arg(long, env = "AUTHING_SANDBOX_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the configuration that all sources add up to, as a file, and ends
    #[arg(long)]
    pub(crate) print_config: bool,
    /// The port to listen on; 0 takes a free one [default: 8787]
    #[arg(long, env = "AUTHING_SANDBOX_PORT")]
    port: Option<u16>,
    /// The address to listen on; any but a loopback address needs --allow-remote
    /// [default: 127.0.0.1]
    #[arg(long, env = "AUTHING_SANDBOX_HOST")]
    host: Option<IpAddr>,
    /// Lets other machines in; needs an admin token
    #[arg(long, env = "AUTHING_SANDBOX_ALLOW_REMOTE", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    allow_remote: Option<bool>,
    /// A word of 16 characters or more that the console and /sandbox/ then ask for; better set in
    /// the environment, since other users of this machine can see flags
    #[arg(
        long,
        env = "AUTHING_SANDBOX_ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) admin_token: Option<String>,
    /// Your own backend, to which the console's phone can POST {"code": "…"}, such as
    /// http://127.0.0.1:3000/api/phone
    #[arg(long, env = "AUTHING_SANDBOX_BACKEND", value_name = "URL")]
    backend: Option<String>,
    /// The id of the first application, which requests must send as x-authing-app-id
    /// [default: sandbox-app]
    #[arg(long, env = "AUTHING_SANDBOX_APP_ID")]
    app_id: Option<String>,
    /// A connection of that application (extIdpConnidentifier); may be repeated
    /// [default: my-wxapp]
    #[arg(long, env = "AUTHING_SANDBOX_CONNECTION")]
    connection: Vec<String>,
    /// The user pool of that application [default: sandbox-userpool]
    #[arg(long, env = "AUTHING_SANDBOX_USERPOOL_ID")]
    userpool_id: Option<String>,
    /// The shape of replies, such as nested; GET /sandbox/shape lists them all
    /// [default: documented]
    #[arg(long, env = "AUTHING_SANDBOX_SHAPE", hide_possible_values = true, value_parser = shapes())]
    shape: Option<Shape>,
    /// Every reply comes so many milliseconds later [default: 0]
    #[arg(long, env = "AUTHING_SANDBOX_LATENCY", value_name = "MILLIS", value_parser = clap::value_parser!(u32).range(..=60_000))]
    latency: Option<u32>,
    /// Exchange requests per second and user pool; 0 for no limit [default: 300]
    #[arg(long, env = "AUTHING_SANDBOX_RATE_LIMIT")]
    rate_limit: Option<u32>,
}

fn shapes() -> impl clap::builder::TypedValueParser<Value = Shape> {
    PossibleValuesParser::new(Shape::all().iter().map(|shape| shape.name()))
        .try_map(|name| name.parse::<Shape>())
}

impl Options {
    /// The configuration that all sources add up to, with nothing left open.
    pub(crate) fn effective(&self) -> io::Result<File> {
        let mut file = match &self.config {
            Some(path) => file::read(path)?,
            None => File::default(),
        };
        let ours = |flag: Option<u32>, file: Option<u32>, default: u32| {
            Some(flag.or(file).unwrap_or(default))
        };
        file.host = Some(
            self.host
                .or(file.host)
                .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        );
        file.port = Some(self.port.or(file.port).unwrap_or(8787));
        file.allow_remote = Some(self.allow_remote.or(file.allow_remote).unwrap_or(false));
        file.backend = self.backend.clone().or(file.backend);
        file.shape = Some(
            self.shape
                .map(ShapeName)
                .or(file.shape)
                .unwrap_or(ShapeName(Shape::default())),
        );
        file.latency_millis = ours(self.latency, file.latency_millis, 0);
        file.rate_limit = ours(self.rate_limit, file.rate_limit, FREE_PLAN_RATE_LIMIT);
        file.retry_after = Some(file.retry_after.unwrap_or(true));
        if file.applications.is_empty() {
            file.applications.push(App::default());
        }
        if let Some(first) = file.applications.first_mut() {
            if let Some(app_id) = &self.app_id {
                first.app_id.clone_from(app_id);
            }
            if let Some(userpool_id) = &self.userpool_id {
                first.userpool_id.clone_from(userpool_id);
            }
            if !self.connection.is_empty() {
                first.connections.clone_from(&self.connection);
            }
        }
        Ok(file)
    }
}
