//! The program: options from the command line or the environment, a socket, a graceful shutdown.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use authing::AuthenticationClient;
use clap::Parser;
use example_backend::{AppState, Limits, serve};
use tokio::net::TcpListener;
use tokio::signal;

/// Exchanges codes of a WeChat mini program for phone numbers through Authing.
#[derive(Parser)]
struct Options {
    /// The address and port to listen on
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The application's domain, such as https://example.authing.cn
    #[arg(long, env = "AUTHING_APP_HOST")]
    app_host: String,
    /// The application ID
    #[arg(long, env = "AUTHING_APP_ID")]
    app_id: String,
    /// The identity source connection of the mini program
    #[arg(long, env = "AUTHING_CONNECTION")]
    connection: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let client = AuthenticationClient::builder()
        .app_host(options.app_host)
        .app_id(options.app_id)
        // Shorter than the 15 s that the mini program waits.
        .timeout(Duration::from_secs(8))
        .build()?;
    let state = AppState::new(client, &options.connection);
    let limits = Limits {
        connections: 10_000,
        head: Duration::from_secs(10),
    };
    let listener = TcpListener::bind(options.listen).await?;
    tracing::info!("listening on {}", listener.local_addr()?);
    serve(listener, state, limits, stop_signal()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Completes on Ctrl-C and, on Unix, on SIGTERM.
async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupt = signal::ctrl_c() => interrupt,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}
