//! The command line and its help.

use std::path::PathBuf;
use std::time::Duration;

use authing::blocking::AuthenticationClient;
use clap::{Args, Parser, Subcommand};

type Builder = authing::AuthenticationClientBuilder<AuthenticationClient>;

const EXAMPLES: &str = "\
Examples:
  export AUTHING_APP_HOST=https://example.authing.cn AUTHING_APP_ID=... AUTHING_CONNECTION=my-wxapp
  authing doctor
  authing phone < code.txt

This is not an official Authing product.";

/// Exchanges the one-time code of a WeChat mini program for the user's phone number through
/// Authing, or explains why that fails.
#[derive(Parser)]
#[command(name = "authing", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Exchange a code for the phone number; a code works once, and each success is billed
    #[command(visible_alias = "exchange", after_help = crate::exit::help())]
    Phone {
        /// The code from <button open-type="getPhoneNumber"> (not the code of wx.login); if absent
        /// or `-`, it is read from standard input, which keeps it out of the shell's history
        code: Option<String>,
        #[command(flatten)]
        options: Options,
    },
    /// Check the configuration with one call that uses no code, and explain what is wrong
    ///
    /// The call presents a code that cannot exist. The setup works if WeChat rejects that code.
    #[command(after_help = crate::exit::help())]
    Doctor(Options),
}

/// The application, the way to reach it, and the format of the output.
#[derive(Args)]
pub(crate) struct Options {
    /// The identity source connection of the mini program
    #[arg(long, value_name = "IDENTIFIER", env = "AUTHING_CONNECTION")]
    #[arg(alias = "ext-idp-connidentifier")]
    pub(crate) connection: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The application's domain, such as https://example.authing.cn
    #[arg(long, value_name = "URL", env = "AUTHING_APP_HOST")]
    pub(crate) app_host: Option<String>,
    /// The application ID
    #[arg(long, value_name = "ID", env = "AUTHING_APP_ID")]
    pub(crate) app_id: Option<String>,
    /// The user pool ID, instead of the application ID or in addition to it
    #[arg(long, value_name = "ID", env = "AUTHING_USERPOOL_ID")]
    pub(crate) userpool_id: Option<String>,
    /// The language of the service's messages, such as en-US
    #[arg(long, env = "AUTHING_LANG")]
    pub(crate) lang: Option<String>,
    /// The timeout of the call, in seconds, from 0.01 to 300
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Also trust the root CA certificates in this PEM file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) root_certificate: Vec<PathBuf>,
    /// Present the client certificate and private key in this PEM file (mTLS)
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Connect through this proxy, such as http://proxy.example:3128; without it, HTTPS_PROXY,
    /// HTTP_PROXY, ALL_PROXY and NO_PROXY apply
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Allow plain http to another host; anyone on the network path can read the code
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
}

impl Options {
    /// The connection; an empty variable counts as absent.
    pub(crate) fn connection(&self) -> Option<&str> {
        self.connection.as_deref().filter(|text| !text.is_empty())
    }

    /// Creates a builder with all options; the error names the file that cannot be read.
    pub(crate) fn builder(&self) -> Result<Builder, String> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let mut builder = AuthenticationClient::builder()
            .timeout(self.timeout)
            .allow_plain_http(self.allow_plain_http)
            .user_agent(concat!("authing-cli/", env!("CARGO_PKG_VERSION")));
        // An empty variable counts as absent.
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(app_host) = given(&self.app_host) {
            builder = builder.app_host(app_host);
        }
        if let Some(app_id) = given(&self.app_id) {
            builder = builder.app_id(app_id);
        }
        if let Some(userpool_id) = given(&self.userpool_id) {
            builder = builder.userpool_id(userpool_id);
        }
        if let Some(lang) = given(&self.lang) {
            builder = builder.lang(lang);
        }
        for path in &self.root_certificate {
            builder = builder.add_root_certificate_pem(read(path)?);
        }
        if let Some(path) = &self.identity {
            builder = builder.identity_pem(read(path)?);
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy);
        }
        Ok(builder)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
