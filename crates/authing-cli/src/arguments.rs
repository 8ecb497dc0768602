//! What the program can be told, and the help that teaches it.

use std::path::PathBuf;
use std::time::Duration;

use authing::AuthenticationClientBuilder;
use clap::{Args, Parser, Subcommand};

const ENVIRONMENT: &str = "\
The options that say which application it is are the same as the library's, and so are the
variables of the environment that stand for them.

Examples:
  export AUTHING_APP_HOST=https://example.authing.cn AUTHING_APP_ID=...
  authing doctor --ext-idp-connidentifier my-wxapp
  authing phone --code - --ext-idp-connidentifier my-wxapp < code.txt

This is not the vendor's product.";

/// Exchanges the one-time code of a WeChat mini program for the user's phone number, through
/// Authing; or finds out why that fails.
#[derive(Debug, Parser)]
#[command(name = "authing", version, after_help = ENVIRONMENT, after_long_help = ENVIRONMENT)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Exchange a code for the phone number. It works once, and each success is billed
    #[command(after_help = crate::exit::TABLE, after_long_help = crate::exit::TABLE)]
    Phone(PhoneArguments),
    /// Check, step by step, everything between here and a phone number; spends nothing
    ///
    /// The steps: configuration, name, TCP connection, TLS, does the host speak Authing, is the
    /// application known, what is said to a code that is no code. The first step that fails names
    /// the cause and a remedy; what is only likely is called a guess.
    #[command(after_help = crate::exit::TABLE, after_long_help = crate::exit::TABLE)]
    Doctor(DoctorArguments),
}

// No `Debug` of the code.
#[derive(Args)]
pub(crate) struct PhoneArguments {
    /// The code that <button open-type="getPhoneNumber"> handed to the mini program's page, not
    /// that of wx.login; `-` reads it from standard input, where no shell keeps a history of it
    #[arg(long, required_unless_present = "code_stdin")]
    pub(crate) code: Option<String>,
    /// Read the code from standard input, as `--code -` does
    #[arg(long, conflicts_with = "code")]
    pub(crate) code_stdin: bool,
    /// The identifier of the "WeChat mini program" connection configured in Authing
    #[arg(long, value_name = "IDENTIFIER")]
    pub(crate) ext_idp_connidentifier: String,
    /// Print JSON, with the documented names
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) service: Service,
}

impl std::fmt::Debug for PhoneArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneArguments").finish_non_exhaustive()
    }
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// The identifier of the "WeChat mini program" connection configured in Authing; without it
    /// the last step can tell less
    #[arg(long, value_name = "IDENTIFIER")]
    pub(crate) ext_idp_connidentifier: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) service: Service,
}

/// Which application it is, and how it is reached.
#[derive(Args)]
pub(crate) struct Service {
    /// The application's own host: https://example.authing.cn, or a private deployment's
    #[arg(
        long,
        value_name = "URL",
        env = "AUTHING_APP_HOST",
        hide_env_values = true
    )]
    pub(crate) app_host: Option<String>,
    /// The application's id, from the console
    #[arg(
        long,
        value_name = "ID",
        env = "AUTHING_APP_ID",
        hide_env_values = true
    )]
    pub(crate) app_id: Option<String>,
    /// The user pool's id, in place of the application's or with it
    #[arg(
        long,
        value_name = "ID",
        env = "AUTHING_USERPOOL_ID",
        hide_env_values = true
    )]
    pub(crate) userpool_id: Option<String>,
    /// The language of the service's messages, such as en-US
    #[arg(long, env = "AUTHING_LANG", hide_env_values = true)]
    pub(crate) lang: Option<String>,
    /// The time for the whole call, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Trust the authorities in this PEM file too; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) root_certificate: Vec<PathBuf>,
    /// Present the client certificate and key in this PEM file (mTLS)
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Go through this proxy: http://proxy.example:3128
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Allow plain http to another machine, for everybody on the way to read
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
}

/// What was read from the files that the options name.
#[derive(Default)]
pub(crate) struct Pem {
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) identity: Option<Vec<u8>>,
}

impl Service {
    /// Reads the files; the error names the one that cannot be read.
    pub(crate) fn pem(&self) -> Result<Pem, String> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        Ok(Pem {
            roots: self
                .root_certificate
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            identity: self.identity.as_ref().map(read).transpose()?,
        })
    }

    /// The builder with all that was given. An empty text counts as absent, as in the library.
    pub(crate) fn builder(&self, pem: &Pem) -> AuthenticationClientBuilder {
        let mut builder = authing::AuthenticationClient::builder()
            .timeout(self.timeout)
            .allow_plain_http(self.allow_plain_http)
            .user_agent(concat!("authing-cli/", env!("CARGO_PKG_VERSION")));
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
        for root in &pem.roots {
            builder = builder.root_certificate_pem(root.clone());
        }
        if let Some(identity) = &pem.identity {
            builder = builder.identity_pem(identity.clone());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy);
        }
        builder
    }
}

/// A proxy's URL may hold a password.
impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
