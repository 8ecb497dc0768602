//! The socket below a connection's stream: how the peer closes it, and how the sandbox ends it.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use socket2::{SockRef, Socket};
use tokio::io::{self, AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::fault::How;
use crate::log::ConnectionRecord;
use crate::state::State;

/// A connection's socket and record. The connection is over when this and the stream are dropped.
#[derive(Debug)]
pub(crate) struct Link {
    socket: Socket,
    pub(crate) state: State,
    pub(crate) number: u64,
}

impl Link {
    pub(crate) fn open(state: &State, tcp: &TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self {
            socket: SockRef::from(tcp).try_clone()?,
            number: state.core().log.accept(),
            state: state.clone(),
        })
    }

    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut ConnectionRecord) -> T) -> Option<T> {
        let mut core = self.state.core();
        core.log.connections.get_mut(&self.number).map(change)
    }

    /// Whether the peer has sent a RST.
    pub(crate) fn was_reset(&self) -> bool {
        self.update(|record| record.peer_closed) == Some(Some(How::Reset))
    }

    /// Reads some bytes into the buffer; `false` at the end.
    pub(crate) async fn read(
        &self,
        reader: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
    ) -> bool {
        buffer.reserve(2048);
        let result = reader.read_buf(buffer).await;
        match &result {
            Ok(0) => self.note_close(ErrorKind::UnexpectedEof),
            Ok(bytes) => {
                self.update(|record| record.plain_bytes_read += *bytes as u64);
            }
            Err(error) => self.note_close(error.kind()),
        }
        result.is_ok_and(|bytes| bytes > 0)
    }

    /// Notes how the peer closed.
    pub(crate) fn note_close(&self, kind: ErrorKind) {
        self.update(|record| match kind {
            ErrorKind::ConnectionReset => record.peer_closed = Some(How::Reset),
            // After the sandbox's own FIN a broken pipe says nothing about the peer.
            ErrorKind::BrokenPipe if record.ended.is_none() => {
                record.peer_closed = Some(How::Reset);
            }
            ErrorKind::UnexpectedEof => {
                record.peer_closed.get_or_insert(How::Fin);
            }
            _ => {}
        });
    }

    /// Ends the connection below TLS. All of it must be dropped next, except after [`How::Fin`]
    /// and [`How::Stall`].
    pub(crate) async fn end(&self, how: How) {
        if how == How::Reset {
            // A RST discards what the kernel has not delivered yet.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.update(|record| record.ended.get_or_insert(how).to_owned());
        // Errors mean that the peer is gone already.
        let _ = match how {
            How::Fin => self.socket.shutdown(Shutdown::Write),
            How::Reset => self.socket.set_linger(Some(Duration::ZERO)),
            How::Stall => Ok(()),
        };
    }

    /// Ends a connection on which no HTTP is spoken, and reads on where [`Link::end`] asks for it.
    pub(crate) async fn end_and_drain(&self, mut tcp: TcpStream, how: How) {
        self.end(how).await;
        if how != How::Reset {
            let drained = io::copy(&mut tcp, &mut io::sink()).await;
            self.note_close(
                drained.map_or_else(|error| error.kind(), |_| ErrorKind::UnexpectedEof),
            );
        }
    }

    /// Shakes hands, and records the result. A connection on which that fails is ended.
    pub(crate) async fn handshake(
        &self,
        acceptor: &TlsAcceptor,
        tcp: TcpStream,
    ) -> Option<TlsStream<TcpStream>> {
        match acceptor.accept(tcp).into_fallible().await {
            Err((error, tcp)) => {
                self.update(|record| record.handshake = Some(Err(error.to_string())));
                // A RST would make the client lose the alert.
                self.end_and_drain(tcp, How::Fin).await;
                None
            }
            Ok(stream) => {
                let session = stream.get_ref().1;
                let certificate = session.peer_certificates().and_then(<[_]>::first);
                let certificate = certificate.map(|der| der.to_vec());
                self.update(|record| record.handshake = Some(Ok(certificate)));
                Some(stream)
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.update(|record| record.open = false);
    }
}
