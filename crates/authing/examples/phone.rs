//! Exchanges a code for a phone number, with a sandbox in place of Authing:
//! `cargo run --example phone`.

#![expect(clippy::print_stdout, reason = "an example prints what happened")]

use authing::AuthenticationClient;
use authing_sandbox::{DEFAULT_APP_ID, DEFAULT_CONNECTION, Sandbox};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
    println!("sandbox        {}", sandbox.base_url());

    // Build the client once. For Authing, app_host is https://<name>.authing.cn.
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(DEFAULT_APP_ID)
        .build()?;

    // The user taps the button, and the mini program sends the code to your backend.
    let code = sandbox.issue_code("+8613800138000")?;
    println!("code           {code}");
    let call = || client.get_wechat_miniprogram_phone(&code, DEFAULT_CONNECTION);

    let reply = call().await?;
    // Store this form: it is the same for all responses about this number.
    println!("phone number   {}", reply.data.e164().unwrap_or_default());

    // A code works once. The error says what failed and what to do.
    let Err(error) = call().await else {
        return Err("the code was exchanged twice".into());
    };
    println!("same code      {error}");
    println!("retryable      {}", error.is_retryable());
    Ok(())
}

#[cfg(test)]
#[test]
fn the_example_runs() {
    main().unwrap();
}
