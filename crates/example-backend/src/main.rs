//! The backend as a program: settings from the environment, a socket, an end in good order.

use std::error::Error as StdError;
use std::process::ExitCode;

use authing::AuthenticationClientBuilder;
use example_backend::settings::{CALL_TIMEOUT, STOP_TIMEOUT, Settings};
use example_backend::{AppState, service};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn StdError>> {
    let settings = Settings::from_env()?;
    // AUTHING_APP_HOST, and AUTHING_APP_ID or AUTHING_USERPOOL_ID; wrong ones end the start here.
    let client = AuthenticationClientBuilder::from_env()
        .timeout(CALL_TIMEOUT)
        .user_agent(concat!("example-backend/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let state = AppState::new(client, &settings);

    let stop = CancellationToken::new();
    let signal = stop_signal()?;
    tokio::spawn({
        let stop = stop.clone();
        async move {
            signal.await;
            tracing::info!("stopping");
            stop.cancel();
        }
    });
    let listener = TcpListener::bind(settings.listen).await?;
    tracing::info!("listening on {}", listener.local_addr()?);
    let server = axum::serve(listener, service(state.clone()))
        .with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        ended = server => ended?,
        () = too_long(&stop) => tracing::warn!("a connection would not end, and was cut off"),
    }
    state.finish().await;
    tracing::info!("stopped");
    Ok(())
}

/// Ends when the stop has taken longer than any request should.
async fn too_long(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_TIMEOUT).await;
}

/// Ends when the process is asked to stop. The handlers are in place when this returns.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
