//! The server: accepts connections, and hands each to hyper and then, perhaps, to a fault.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::requests::Ending;
use crate::state::State;
use crate::wire::{Line, Script, Step, Wire};

/// How many connections are open at a time. More wait in the system's queue.
pub const MAX_CONNECTIONS: usize = 8_192;
/// How long a client may take over the head of a request, and how long an idle connection is
/// kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long requests that are under way may take to end once the server has been told to stop.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until `stop` says so or its sender is gone, then lets requests end for a moment.
/// Dropping the future closes every connection at once.
pub(crate) async fn run(
    listener: TcpListener,
    state: State,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, state.clone(), router.clone(), stop.clone());
                    connections.spawn(connection);
                }
                // Out of file descriptors, or a client that left at once: both pass.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    let _ = timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}

/// The service's way of telling hyper to let go of the socket.
#[derive(Debug)]
struct Taken;

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault takes the connection")
    }
}

impl std::error::Error for Taken {}

async fn connection(stream: TcpStream, state: State, router: Router, stop: watch::Receiver<bool>) {
    // Without it the bytes of a drip would gather; with an error the drip is less fine.
    let _ = stream.set_nodelay(true);
    if let Some((end, fault)) = state.take_accept_cut() {
        let number = state.begin_request();
        state.note_request(number, |record| {
            record.fault = Some(fault.kind());
            record.ending = Ending::Faulted;
            record.outcome = crate::Outcome::NotProcessed;
        });
        return Script {
            steps: vec![Step::Wait(fault.delay)],
            end,
        }
        .play(stream)
        .await;
    }
    let line = Arc::new(Line::default());
    // What went wrong between hyper and the client is the client's to notice.
    let _ = speak_http(stream, &line, state, router, stop).await;
    if let Some((script, stream)) = line.take() {
        script.play(stream).await;
    }
}

async fn speak_http(
    stream: TcpStream,
    line: &Arc<Line>,
    state: State,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> hyper::Result<()> {
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(line), state));
    let service = service_fn(|request: Request<Incoming>| {
        let mut router = router.clone();
        let line = Arc::clone(line);
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&line));
            match Service::call(&mut router, request).await {
                Ok(_) if line.is_taken() => Err(Taken),
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(wire, service)
    );
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// Binds a listener, or says plainly which address could not be had.
pub(crate) async fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}
