//! A running sandbox: how it is described, started and stopped.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::{
    Application, Applications, DEFAULT_APP_ID, DEFAULT_CONNECTION, DEFAULT_USERPOOL_ID,
};
use crate::fault::{Fault, FaultError};
use crate::ledger::Entry;
use crate::requests::RequestRecord;
use crate::shape::Shape;
use crate::state::{IssueError, State};
use crate::{http, server};

/// The shortest admin token that is accepted, in characters.
const MIN_ADMIN_TOKEN: usize = 16;

/// What a sandbox shall be, before it is started.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    app_id: String,
    userpool_id: String,
    connections: Vec<String>,
    others: Vec<Application>,
    address: SocketAddr,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) retry_after: bool,
    pub(crate) shape: Shape,
    pub(crate) manual_clock: bool,
    pub(crate) latency: Duration,
    pub(crate) admin_token: Option<String>,
    allow_remote: bool,
    backend: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            app_id: DEFAULT_APP_ID.to_owned(),
            userpool_id: DEFAULT_USERPOOL_ID.to_owned(),
            connections: Vec::new(),
            others: Vec::new(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            rate_limit: None,
            retry_after: true,
            shape: Shape::default(),
            manual_clock: false,
            latency: Duration::ZERO,
            admin_token: None,
            allow_remote: false,
            backend: None,
        }
    }
}

// All but the token.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("address", &self.address)
            .field("app_id", &self.app_id)
            .field("allow_remote", &self.allow_remote)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// The id of the default application; [`DEFAULT_APP_ID`] unless set.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.app_id = app_id.into();
        self
    }

    /// The user pool of the default application; [`DEFAULT_USERPOOL_ID`] unless set.
    pub fn userpool_id(mut self, userpool_id: impl Into<String>) -> Self {
        self.userpool_id = userpool_id.into();
        self
    }

    /// Adds a connection to the default application; [`DEFAULT_CONNECTION`] if none is added.
    pub fn connection(mut self, identifier: impl Into<String>) -> Self {
        self.connections.push(identifier.into());
        self
    }

    /// Adds another application beside the default one.
    pub fn application(mut self, application: Application) -> Self {
        self.others.push(application);
        self
    }

    /// Where to listen; a free port of 127.0.0.1 unless set. Any other address than loopback needs
    /// [`Builder::allow_remote`] and [`Builder::admin_token`]: the sandbox hands phone numbers to
    /// anyone who asks.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The exchange requests that one user pool may make in a second. Off unless set, so that a
    /// test is not slowed by a limit it did not ask for; [`FREE_PLAN_RATE_LIMIT`] is the vendor's.
    ///
    /// [`FREE_PLAN_RATE_LIMIT`]: crate::FREE_PLAN_RATE_LIMIT
    pub fn rate_limit(mut self, per_second: Option<u32>) -> Self {
        self.rate_limit = per_second;
        self
    }

    /// Whether a reply to a request over the rate limit says `Retry-After: 1`, as gateways do; yes
    /// unless set. The vendor promises none.
    pub fn retry_after(mut self, retry_after: bool) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// The shape of replies to begin with; [`Shape::Documented`] unless set.
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Whether the clock stands still until [`Clock::advance`] moves it; no unless set.
    pub fn manual_clock(mut self, manual: bool) -> Self {
        self.manual_clock = manual;
        self
    }

    /// How much later than it could every reply of the exchange comes; not at all unless set.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// A word that every request to the console and to `/sandbox/…` must know from then on: as
    /// `Authorization: Bearer`, or as the password of `Basic`, which a browser asks for.
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.admin_token = Some(token.into());
        self
    }

    /// Whether an address that is not loopback may be listened on; no unless set.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// The address of a backend that takes `POST {"code": "…"}`, for the console's phone to hand
    /// its codes to, such as `http://127.0.0.1:3000/api/phone`. Nobody can set another later.
    pub fn backend(mut self, url: impl Into<String>) -> Self {
        self.backend = Some(url.into());
        self
    }

    /// The state alone, to be used without a server or with [`app`](crate::app).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an id is empty, too long, not visible ASCII, or given twice, if the admin
    /// token is short, or if the backend's address is not one.
    pub fn state(self) -> io::Result<State> {
        let mut first = Application::new(&self.app_id).userpool_id(&self.userpool_id);
        for connection in &self.connections {
            first = first.connection(connection);
        }
        if self.connections.is_empty() {
            first = first.connection(DEFAULT_CONNECTION);
        }
        let mut applications = vec![first];
        applications.extend(self.others.iter().cloned());
        if let Some(token) = &self.admin_token
            && (token.len() < MIN_ADMIN_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the admin token needs {MIN_ADMIN_TOKEN} visible ASCII characters or more"),
            ));
        }
        let backend = self.backend.as_deref().map(Backend::parse).transpose()?;
        let applications = Applications::new(applications)?;
        Ok(State::assemble(applications, backend, &self))
    }

    /// Starts the server, on the tokio runtime that this is called on.
    ///
    /// # Errors
    ///
    /// What [`Builder::state`] refuses, an address that is not loopback (`InvalidInput`), and
    /// whatever the system says to binding.
    pub async fn start(self) -> io::Result<Sandbox> {
        let address = self.address;
        let opened = self.allow_remote && self.admin_token.is_some();
        if !address.ip().is_loopback() && !opened {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the sandbox listens on loopback addresses only, such as 127.0.0.1 or ::1, since \
                 it hands phone numbers to anyone who asks; any other address must be allowed \
                 (allow-remote) and needs an admin token (admin-token)",
            ));
        }
        let state = self.state()?;
        let listener = server::bind(address).await?;
        let address = listener.local_addr()?;
        state.set_address(address);
        let (stop, stopped) = watch::channel(false);
        let router = http::app(state.clone());
        let task = tokio::spawn(server::run(listener, state.clone(), router, stopped));
        Ok(Sandbox {
            base_url: format!("http://{address}"),
            address,
            state,
            stop,
            task,
        })
    }
}

/// A sandbox that is running.
///
/// Dropping it stops the server and closes its connections as soon as the runtime gets to it;
/// [`Sandbox::shutdown`] waits until that has happened.
#[derive(Debug)]
#[must_use = "dropping a sandbox stops it"]
pub struct Sandbox {
    base_url: String,
    address: SocketAddr,
    state: State,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox with all defaults on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// What the system says if no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Describes a sandbox that is not all defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address to give to a client, such as `http://127.0.0.1:49152`, without a slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address and port that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything the sandbox knows and remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Issues a code; see [`State::issue_code`].
    ///
    /// # Errors
    ///
    /// [`IssueError::PhoneNumber`] if what is given is not a phone number.
    pub fn issue_code(&self, phone_number: &str) -> Result<String, IssueError> {
        self.state.issue_code(phone_number)
    }

    /// The sandbox's clock; see [`State::clock`].
    pub fn clock(&self) -> &Clock {
        self.state.clock()
    }

    /// What became of every code; see [`State::ledger`].
    pub fn ledger(&self) -> Vec<Entry> {
        self.state.ledger()
    }

    /// What became of one code; see [`State::entry`].
    pub fn entry(&self, code: &str) -> Option<Entry> {
        self.state.entry(code)
    }

    /// The latest requests; see [`State::requests`].
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.requests()
    }

    /// Sets the shape of all replies to come; see [`State::set_shape`].
    pub fn set_shape(&self, shape: Shape) {
        self.state.set_shape(shape);
    }

    /// Scripts a fault; see [`State::push_fault`].
    ///
    /// # Errors
    ///
    /// [`FaultError`] if it could not be carried out.
    pub fn push_fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.state.push_fault(fault)
    }

    /// Stops the server: no more connections, a second for requests under way, then all is closed.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        // It only fails if the server panicked, which is over then as well.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}
