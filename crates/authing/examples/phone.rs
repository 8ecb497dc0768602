//! From a code to a phone number: against a sandbox in this process, or against the real service.
//!
//! ```text
//! cargo run --example phone
//! AUTHING_APP_HOST=https://… AUTHING_APP_ID=… cargo run --example phone -- \
//!     --code … --ext-idp-connidentifier …
//! ```

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it speaks to a terminal"
)]

use std::error::Error as StdError;
use std::process::ExitCode;

use authing::{
    AuthenticationClient, AuthenticationClientBuilder, Error, GetWechatMiniProgramPhoneRespDto,
};
use authing_sandbox::Sandbox;
use clap::Parser;

/// Exchanges a mini program's code for the phone number.
///
/// With AUTHING_APP_HOST, and AUTHING_APP_ID or AUTHING_USERPOOL_ID, in the environment it talks to
/// that service, and needs both options; without, to a sandbox that it starts itself.
#[derive(Parser)]
struct Arguments {
    /// The one-time code that the phone button handed to the mini program's page.
    #[arg(long, requires = "ext_idp_connidentifier")]
    code: Option<String>,
    /// The identifier of the "WeChat mini program" connection configured in Authing.
    #[arg(long, requires = "code")]
    ext_idp_connidentifier: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn StdError>> {
    let is_configured = ["AUTHING_APP_HOST", "AUTHING_APP_ID", "AUTHING_USERPOOL_ID"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if is_configured {
        let (Some(code), Some(connection)) = (arguments.code, arguments.ext_idp_connidentifier)
        else {
            return Err("the real service needs --code and --ext-idp-connidentifier".into());
        };
        let client = AuthenticationClientBuilder::from_env().build()?;
        let host = std::env::var("AUTHING_APP_HOST")?;
        println!("talking to the service at {host}");
        return exchange(&client, &code, &connection).await;
    }
    if arguments.code.is_some() {
        return Err(
            "set AUTHING_APP_HOST and AUTHING_APP_ID to exchange a code of your own".into(),
        );
    }

    let sandbox = Sandbox::start().await?;
    println!(
        "talking to a sandbox in this process at {}",
        sandbox.base_url()
    );
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(authing_sandbox::DEFAULT_APP_ID)
        .build()?;
    let code = sandbox.issue_code("+8613800138000")?;
    println!("a user taps \"share my phone number\", and the mini program gets a code\n");
    exchange(&client, &code, authing_sandbox::DEFAULT_CONNECTION).await
}

/// Exchanges a code, and shows what a second use of it gives.
async fn exchange(
    client: &AuthenticationClient,
    code: &str,
    connection: &str,
) -> Result<(), Box<dyn StdError>> {
    let reply = client.get_wechat_miniprogram_phone(code, connection).await;
    match reply {
        Ok(reply) => show_phone(&reply),
        Err(error) => {
            show_error(&error);
            return Err("there is no phone number to show".into());
        }
    }

    println!("\nthe same code once more");
    match client.get_wechat_miniprogram_phone(code, connection).await {
        Ok(_) => Err("a code was exchanged twice".into()),
        Err(error) => {
            show_error(&error);
            Ok(())
        }
    }
}

fn show_phone(reply: &GetWechatMiniProgramPhoneRespDto) {
    let data = &reply.data;
    println!("phone number       {}", data.phone_number.as_str());
    println!("  without prefix   {}", data.pure_phone_number.as_str());
    println!("  calling code     {}", data.country_code.as_str());
    println!(
        "request id         {}",
        reply.request_id.as_deref().unwrap_or("(none)")
    );
}

fn show_error(error: &Error) {
    println!("kind               {:?}", error.kind());
    println!("code state         {:?}", error.code_state());
    println!(
        "request id         {}",
        error.request_id().unwrap_or("(none)")
    );
    println!("in words           {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        println!("  because          {error}");
        cause = error.source();
    }
}
