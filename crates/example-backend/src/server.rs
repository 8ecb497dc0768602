//! The socket: limits on what clients can hold open, and a graceful shutdown.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::{AppState, app};

/// What clients can hold open.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of connections; more of them wait in the backlog of the system.
    pub connections: usize,
    /// The time for a request head; an idle connection is closed after the same time.
    pub head: Duration,
}

/// Serves until `stop` completes. Then it finishes the requests in progress, and the exchanges
/// whose clients have disconnected.
pub async fn serve(listener: TcpListener, state: AppState, limits: Limits, stop: impl Future) {
    // `axum::serve` does not limit unfinished heads, so this uses hyper directly.
    let service = TowerToHyperService::new(app(state.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(16 * 1024);
    let connections = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let accept = async {
        loop {
            let permit = Arc::clone(&connections).acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, for example: wait until connections end.
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let connection = http.serve_connection(TokioIo::new(stream), service.clone());
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // An error means that the client is gone or too slow.
                let _ = connection.await;
                drop(permit);
            });
        }
    };
    tokio::select! {
        () = accept => {}
        _ = stop => {}
    }
    // Connections that do not end in time are dropped; their exchanges are not.
    let _ = timeout(Duration::from_secs(15), graceful.shutdown()).await;
    state.exchanges.close();
    state.exchanges.wait().await;
}
