//! A running sandbox: how it is configured, started, read and stopped.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Error, Result, ensure};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::answer::Shape;
use crate::fault::Fault;
use crate::ledger::Entry;
use crate::log::{ConnectionRecord, RequestRecord};
use crate::relay;
use crate::state::{Config, MAX_LATENCY, State};
use crate::wire;

/// The application id of a sandbox for which no other is set.
pub const DEFAULT_APP_ID: &str = "sandbox-app";
/// The user pool id of a sandbox for which no other is set.
pub const DEFAULT_USERPOOL_ID: &str = "sandbox-userpool";
/// The identity source connection of a sandbox for which no other is set: Authing's sample.
pub const DEFAULT_CONNECTION: &str = "my-wxapp";

/// Configures a [`Sandbox`].
#[derive(Clone)]
#[must_use]
pub struct Builder {
    config: Config,
    address: SocketAddr,
    allow_remote: bool,
    acceptor: Option<TlsAcceptor>,
}

// Without the token.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

impl Builder {
    setters! {
        /// Sets the application id. Default: [`DEFAULT_APP_ID`].
        app_id(self, id: impl Into<String>) => self.config.app_id = id.into();
        /// Sets the user pool id. Default: [`DEFAULT_USERPOOL_ID`].
        userpool_id(self, id: impl Into<String>) => self.config.userpool_id = id.into();
        /// Adds an identity source connection. Default: [`DEFAULT_CONNECTION`] only.
        connection(self, identifier: impl Into<String>) => self.config.connections.push(identifier.into());
        /// Sets the address to listen on. Default: a free port of 127.0.0.1. An address that is not
        /// loopback needs [`Builder::allow_remote`] and [`Builder::admin_token`], because the
        /// sandbox hands out phone numbers.
        bind(self, address: SocketAddr) => self.address = address;
        /// Sets whether an address that is not loopback may be listened on. Default: no.
        allow_remote(self, allow: bool) => self.allow_remote = allow;
        /// Requires `authorization: Bearer` with this token on the admin routes. Default: no token.
        /// At least 16 visible ASCII characters.
        admin_token(self, token: impl Into<String>) => self.config.admin_token = Some(token.into());
        /// Sets the requests per second of the user pool. Default: `None`, no limit. 0 rejects
        /// every request; Authing's free plan has 300 (documented).
        rate_limit(self, per_second: Option<u32>) => self.config.rate_limit = per_second;
        /// Sets the shape of responses at the start. Default: [`Shape::Documented`].
        shape(self, shape: Shape) => self.config.shape = shape;
        /// Delays every response of the API. Default: zero. At most a minute.
        latency(self, latency: Duration) => self.config.latency = latency.min(MAX_LATENCY);
        /// Sets a backend that takes `POST {"code": "…"}`, to which the console hands codes, such as
        /// `http://127.0.0.1:3000/api/phone`. Default: none.
        backend(self, url: impl Into<String>) => self.config.backend = Some(url.into());
        /// Serves TLS. Versions, application protocols and client certificates are set in `config`.
        tls(self, config: Arc<ServerConfig>) => self.acceptor = Some(config.into());
    }

    /// Starts the sandbox on its own thread and runtime, so it works even if the code under test
    /// has no runtime, or a blocked or paused one. It is fast enough for async code.
    ///
    /// The error is `InvalidInput` if a value is invalid, and the system's if the address cannot be
    /// bound.
    pub fn start(mut self) -> io::Result<Sandbox> {
        if self.config.connections.is_empty() {
            self.config.connections.push(DEFAULT_CONNECTION.to_owned());
        }
        self.check().map_err(invalid)?;
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        self.config.base_url = if self.acceptor.is_some() {
            format!("https://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("authing-sandbox")
            .enable_all()
            .build()?;
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        let base_url = self.config.base_url.clone();
        let state = State::new(self.config);
        runtime.spawn(wire::serve(listener, state.clone(), self.acceptor));
        Ok(Sandbox {
            base_url,
            address,
            state,
            runtime: Some(runtime),
        })
    }

    fn check(&self) -> Result<()> {
        let config = &self.config;
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let ids = [&config.app_id, &config.userpool_id];
        for id in ids.into_iter().chain(&config.connections) {
            let fits = (1..=128).contains(&id.len()) && visible(id);
            let limit = "ids have 1 to 128 visible ASCII characters";
            ensure!(fits, "{id:?} is not an id: {limit}");
        }
        if let Some(token) = &config.admin_token {
            let fits = token.len() >= 16 && visible(token);
            let least = "at least 16 visible ASCII characters";
            ensure!(fits, "an admin token has {least}");
        }
        let allowed = self.allow_remote && config.admin_token.is_some();
        let fits = self.address.ip().is_loopback() || allowed;
        let needs = "an address that is not loopback needs allow-remote and an admin token";
        ensure!(fits, needs);
        if let Some(url) = &config.backend {
            relay::parse(url)?;
        }
        Ok(())
    }
}

fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.to_string())
}

/// A running sandbox. Dropping it stops it and closes its connections.
#[must_use = "dropping a sandbox stops it"]
pub struct Sandbox {
    base_url: String,
    address: SocketAddr,
    state: State,
    runtime: Option<Runtime>,
}

// Without the token and the codes.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({})", self.base_url())
    }
}

impl Sandbox {
    /// Starts a sandbox with all defaults on a free port of 127.0.0.1.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Configures a sandbox.
    pub fn builder() -> Builder {
        Builder {
            config: Config {
                app_id: DEFAULT_APP_ID.to_owned(),
                userpool_id: DEFAULT_USERPOOL_ID.to_owned(),
                ..Config::default()
            },
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            acceptor: None,
        }
    }

    /// Returns the address for a client, such as `http://127.0.0.1:49152`, without a slash at the
    /// end; with TLS the host is `localhost`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the socket address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Issues a code, as a user's tap would. The error says why it is not a phone number.
    pub fn issue_code(&self, phone_number: &str) -> io::Result<String> {
        let issued = self.state.core().issue(phone_number, None);
        issued.map(|entry| entry.code).map_err(invalid)
    }

    /// Issues a code for an identity source connection other than the first.
    pub fn issue_code_for(&self, phone_number: &str, connection: &str) -> io::Result<String> {
        let issued = self.state.core().issue(phone_number, Some(connection));
        issued.map(|entry| entry.code).map_err(invalid)
    }

    /// Moves the clock by which codes expire forward, by [`MAX_ADVANCE`](crate::MAX_ADVANCE) in all
    /// at most. It runs with the machine's time and cannot be moved back.
    pub fn advance_clock(&self, duration: Duration) {
        self.state.core().advance(duration);
    }

    /// Returns what happened to every code, in the order in which they were issued or presented.
    pub fn ledger(&self) -> Vec<Entry> {
        let core = self.state.core();
        core.ledger.entries(usize::MAX, core.now())
    }

    /// Returns what happened to one code that was issued or presented.
    pub fn entry(&self, code: &str) -> Option<Entry> {
        let core = self.state.core();
        core.ledger.entry(code, core.now())
    }

    /// Returns the latest requests that were not for the console, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.core().log.requests.values().cloned().collect()
    }

    /// Returns how many of these requests were complete since the start.
    pub fn request_count(&self) -> u64 {
        self.state.core().log.complete
    }

    /// Returns the latest connections, oldest first.
    pub fn connections(&self) -> Vec<ConnectionRecord> {
        let core = self.state.core();
        core.log.connections.values().cloned().collect()
    }

    /// Returns how many connections neither the sandbox nor the peer has closed.
    pub fn open_connections(&self) -> usize {
        let core = self.state.core();
        let open = |record: &&ConnectionRecord| record.open && record.peer_closed.is_none();
        core.log.connections.values().filter(open).count()
    }

    /// Sets the shape of later responses.
    pub fn set_shape(&self, shape: Shape) {
        self.state.core().config.shape = shape;
    }

    /// Sets the requests per second; `None` is no limit, 0 rejects every request.
    pub fn set_rate_limit(&self, per_second: Option<u32>) {
        self.state.core().config.rate_limit = per_second;
    }

    /// Adds a fault to the queue. The error says why it can never happen, or that too many wait.
    pub fn push_fault(&self, fault: Fault) -> io::Result<()> {
        self.state.core().push_fault(fault).map_err(invalid)
    }

    /// Returns the faults that are waiting.
    pub fn faults(&self) -> Vec<Fault> {
        self.state.core().faults.iter().cloned().collect()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.state.core().faults.clear();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let runtime = self.runtime.take();
        // A runtime cannot be dropped in async code, and the caller's may be async.
        let _ = thread::spawn(|| drop(runtime)).join();
    }
}
