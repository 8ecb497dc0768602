//! The judge's handle: starting, reading what was recorded, waiting for it, stopping.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::connection::{self, Counted};
use super::record::{Link, OpenGuard, Shared};
use super::tls::TlsMode;
use super::{Connection, PartialRequest, Request, Script, Tls, TlsSetup, Violation};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// A raw TCP server on a loopback port of its own; see the [module](super).
#[derive(Debug)]
pub struct Judge {
    addr: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Judge {
    /// Starts a judge on `127.0.0.1`.
    #[must_use]
    pub fn start(script: impl Into<Script>) -> Self {
        let listener = listen(Ipv4Addr::LOCALHOST.into()).expect("a loopback port");
        Self::run(listener, script.into(), None)
    }

    /// Starts a judge on `127.0.0.1` that speaks TLS, or breaks it, as `setup` says.
    #[must_use]
    pub fn start_tls(script: impl Into<Script>, setup: &TlsSetup) -> Self {
        let listener = listen(Ipv4Addr::LOCALHOST.into()).expect("a loopback port");
        Self::run(listener, script.into(), Some(TlsMode::new(setup)))
    }

    /// Starts a judge on `[::1]`, or returns `None` where there is no IPv6.
    #[must_use]
    pub fn start_v6(script: impl Into<Script>) -> Option<Self> {
        let listener = listen(Ipv6Addr::LOCALHOST.into()).ok()?;
        Some(Self::run(listener, script.into(), None))
    }

    fn run(listener: TcpListener, script: Script, tls: Option<TlsMode>) -> Self {
        let addr = listener
            .local_addr()
            .expect("the address of a bound socket");
        let shared = Arc::new(Shared::new());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("judge".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime for the judge");
                runtime.block_on(async {
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(listener, &shared, &script, tls) => {}
                    }
                });
                // Dropping the runtime drops the tasks, and with them the sockets.
            }
        });
        let thread = thread.expect("a thread for the judge");
        Self {
            addr,
            scheme,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base address for a client: scheme, host and port.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr)
    }

    /// The base address with another name for the same host, such as `localhost`.
    #[must_use]
    pub fn base_url_for(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.addr.port())
    }

    /// All connections that were accepted, in order.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.read(|state| state.connections.clone())
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.read(|state| state.connections.len())
    }

    /// How many connections neither side has closed, as far as the judge can know.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.read(|state| {
            let open = |each: &&Connection| each.open && each.peer_closed.is_none();
            state.connections.iter().filter(open).count()
        })
    }

    /// The complete requests, in the order of their last bytes.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.read(|state| state.requests.clone())
    }

    /// Looks at the complete requests without a copy of them.
    pub fn with_requests<T>(&self, look: impl FnOnce(&[Request]) -> T) -> T {
        self.shared.read(|state| look(&state.requests))
    }

    /// How many complete requests came, whether they are kept or not.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.shared.read(|state| state.request_count)
    }

    /// Whether complete requests are kept (the default) or only counted, for long runs.
    pub fn keep_requests(&self, keep: bool) {
        self.shared.keep_requests.store(keep, Ordering::Relaxed);
    }

    /// The requests that were completed only after the judge had sent its FIN: no server would
    /// have acted on them, yet they were on the wire.
    #[must_use]
    pub fn late_requests(&self) -> Vec<Request> {
        self.shared.read(|state| state.late_requests.clone())
    }

    /// The bytes of requests that were begun and not completed (up to now, or up to the end that
    /// the judge made).
    #[must_use]
    pub fn partial_requests(&self) -> Vec<PartialRequest> {
        self.shared.read(|state| {
            let begun = state
                .connections
                .iter()
                .filter(|each| !each.partial.is_empty());
            begun
                .map(|each| PartialRequest {
                    connection: each.number,
                    bytes: each.partial.clone(),
                })
                .collect()
        })
    }

    /// What came that no correct client sends.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.read(|state| state.violations.clone())
    }

    /// All bytes read from TCP, those after the judge's own FIN included.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.sum(|each| each.bytes_read + each.bytes_read_after_end)
    }

    /// All bytes of plain text read: after decryption under TLS, else all bytes.
    #[must_use]
    pub fn plaintext_bytes_received(&self) -> u64 {
        self.sum(|each| each.plaintext_bytes_read)
    }

    fn sum(&self, count: impl Fn(&Connection) -> u64) -> u64 {
        self.shared
            .read(|state| state.connections.iter().map(count).sum())
    }

    /// Waits until `condition` holds; `false` if it does not within `limit`.
    ///
    /// It uses the timer of the calling runtime: not for tests with a paused clock, which have
    /// [`wait_for_blocking`](Self::wait_for_blocking).
    pub async fn wait_for(&self, condition: impl Fn(&Self) -> bool, limit: Duration) -> bool {
        let mut changes = self.shared.changes();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if condition(self) {
                    return;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, waiting).await.is_ok() || condition(self)
    }

    /// The same for a thread outside any runtime, or with a paused clock.
    pub fn wait_for_blocking(&self, condition: impl Fn(&Self) -> bool, limit: Duration) -> bool {
        let begun = Instant::now();
        while !condition(self) {
            if begun.elapsed() > limit {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(host: IpAddr) -> std::io::Result<TcpListener> {
    let addr = SocketAddr::new(host, 0);
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// An address on loopback that refuses connections.
#[must_use]
pub fn refused_addr() -> SocketAddr {
    let listener = listen(Ipv4Addr::LOCALHOST.into()).expect("a loopback port");
    listener
        .local_addr()
        .expect("the address of a bound socket")
}

async fn accept(
    listener: TcpListener,
    shared: &Arc<Shared>,
    script: &Script,
    tls: Option<TlsMode>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let Ok((tcp, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: others must close first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let state = if tls.is_some() {
            Tls::Handshaking
        } else {
            Tls::Plain
        };
        let link = Link::accept(shared, peer, state);
        let script = script.for_connection(link.number);
        tokio::spawn(handle(tcp, link, script, tls.clone()));
    }
}

async fn handle(tcp: TcpStream, link: Link, script: Script, tls: Option<TlsMode>) {
    // Declared first, so that it is dropped after the sockets.
    let _open = OpenGuard(link.clone());
    let _ = tcp.set_nodelay(true);
    let tcp = Arc::new(tcp);
    let stream = Counted {
        tcp: Arc::clone(&tcp),
        link: link.clone(),
    };
    let at_accept = script.take_at_accept();
    match tls {
        None => connection::serve(stream, tcp, link, script, at_accept).await,
        Some(tls) => {
            drop((tcp, link));
            tls.serve(stream, script, at_accept).await;
        }
    }
}
