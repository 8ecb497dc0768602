//! A listener that never lets a connection come about, for the deadline of connecting.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// A port where connecting hangs: its queue is full and nobody accepts.
#[derive(Debug)]
pub struct DeafListener {
    addr: SocketAddr,
    _listener: Socket,
    _queue: Vec<TcpStream>,
}

impl DeafListener {
    /// Fills the queue of a new listener, or returns `None` where the system lets everybody in.
    #[must_use]
    pub fn start() -> Option<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).ok()?;
        listener
            .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
            .ok()?;
        listener.listen(0).ok()?;
        let addr = listener.local_addr().ok()?.as_socket()?;
        let mut queue = Vec::new();
        while queue.len() < 16 {
            match TcpStream::connect_timeout(&addr, Duration::from_millis(100)) {
                Ok(stream) => queue.push(stream),
                Err(_) => {
                    return Some(Self {
                        addr,
                        _listener: listener,
                        _queue: queue,
                    });
                }
            }
        }
        None
    }

    /// The address it does not listen to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}
