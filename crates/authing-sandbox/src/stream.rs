//! A TCP stream that counts bytes, sees how the peer closes, and can be ended below TLS.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::clock::lock;
use crate::fault::How;
use crate::log::{Closed, ConnectionRecord, Tls};
use crate::state::State;

/// A connection's socket and record, shared by the stream and what ends it below TLS. The
/// connection is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    tcp: Mutex<TcpStream>,
    pub(crate) state: State,
    pub(crate) number: u64,
}

impl Link {
    pub(crate) fn open(state: &State, tcp: TcpStream) -> Arc<Self> {
        let _ = tcp.set_nodelay(true);
        let tls = if state.config.tls {
            Tls::Handshaking
        } else {
            Tls::Plain
        };
        Arc::new(Self {
            tcp: Mutex::new(tcp),
            number: state.core().log.accept(tls),
            state: state.clone(),
        })
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut ConnectionRecord) -> T) -> Option<T> {
        let mut core = self.state.core();
        core.log.connections.get_mut(&self.number).map(change)
    }

    /// Whether the peer has sent a RST.
    pub(crate) fn was_reset(&self) -> bool {
        self.update(|record| record.peer_closed) == Some(Some(Closed::Reset))
    }

    /// Ends the connection below TLS. All of it must be dropped next, except after [`How::Fin`]
    /// and [`How::Stall`].
    pub(crate) async fn end(&self, how: How) {
        if how == How::Reset {
            // A RST discards what the kernel has not delivered yet.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.update(|record| record.ended.get_or_insert(how).to_owned());
        let tcp = lock(&self.tcp);
        let socket = SockRef::from(&*tcp);
        // Errors mean that the peer is gone already.
        let _ = match how {
            How::Fin => socket.shutdown(Shutdown::Write),
            How::Reset => socket.set_linger(Some(Duration::ZERO)),
            How::Stall => Ok(()),
        };
    }

    fn note_error(&self, error: &io::Error) {
        self.update(|record| {
            // After the sandbox's own FIN a broken pipe says nothing about the peer.
            let reset = match error.kind() {
                io::ErrorKind::ConnectionReset => true,
                io::ErrorKind::BrokenPipe => record.ended.is_none(),
                _ => false,
            };
            if reset {
                record.peer_closed = Some(Closed::Reset);
            }
        });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.update(|record| record.open = false);
    }
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Counted(pub(crate) Arc<Link>);

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (link, before) = (&self.0, buf.filled().len());
        let result = ready!(Pin::new(&mut *lock(&link.tcp)).poll_read(cx, buf));
        let bytes = buf.filled().len() - before;
        if let Err(error) = &result {
            link.note_error(error);
            return Poll::Ready(result);
        }
        link.update(|record| match record.ended {
            _ if bytes == 0 => {
                record.peer_closed.get_or_insert(Closed::Fin);
            }
            Some(_) => {}
            None => record.bytes_read += bytes as u64,
        });
        Poll::Ready(result)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let link = &self.0;
        let written = ready!(Pin::new(&mut *lock(&link.tcp)).poll_write(cx, buf));
        if let Err(error) = &written {
            link.note_error(error);
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(&self.0.tcp)).poll_shutdown(cx)
    }
}

/// Ends a connection on which no HTTP is spoken, and reads on where [`Link::end`] asks for it.
pub(crate) async fn end_and_drain(mut stream: Counted, how: How) {
    stream.0.end(how).await;
    if matches!(how, How::Fin | How::Stall) {
        let mut buffer = vec![0; 4096];
        while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
    }
}

/// Shakes hands, and records the result. A connection on which that fails is ended.
pub(crate) async fn handshake(
    acceptor: &TlsAcceptor,
    stream: Counted,
) -> Option<TlsStream<Counted>> {
    let link = Arc::clone(&stream.0);
    match acceptor.accept(stream).into_fallible().await {
        Err((error, stream)) => {
            link.update(|record| record.tls = Tls::Failed(error.to_string()));
            // A RST would make the client lose the alert.
            end_and_drain(stream, How::Fin).await;
            None
        }
        Ok(stream) => {
            let session = stream.get_ref().1;
            let certificate = session.peer_certificates().and_then(<[_]>::first);
            let version = session.protocol_version();
            let done = Tls::Done {
                version: version.map_or_else(String::new, |version| format!("{version:?}")),
                server_name: session.server_name().map(str::to_owned),
                alpn: session.alpn_protocol().map(<[u8]>::to_vec),
                client_certificate: certificate.map(|der| der.to_vec()),
            };
            link.update(|record| record.tls = done);
            Some(stream)
        }
    }
}
