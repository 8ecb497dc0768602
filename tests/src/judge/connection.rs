//! One connection: a reader that records and a writer that acts, in one task.

use std::io;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use super::record::Link;
use super::wire::{self, Reading};
use super::writer;
use super::{Action, Closed, Ending, Reply, Script};

/// A TCP stream that counts what goes through it and sees how the client closes.
///
/// The socket is shared so that a connection can be ended below TLS.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) tcp: Arc<TcpStream>,
    pub(crate) link: Link,
}

impl Counted {
    fn note_error(&self, error: &io::Error) {
        let reset = match error.kind() {
            io::ErrorKind::ConnectionReset => true,
            // After the judge's own FIN this says nothing about the client.
            io::ErrorKind::BrokenPipe => self.link.read(|connection| connection.ended.is_none()),
            _ => false,
        };
        if reset {
            self.link.peer_closed(Closed::Reset);
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            match self.tcp.try_read(buf.initialize_unfilled()) {
                Ok(0) => self.link.peer_closed(Closed::Fin),
                Ok(bytes) => {
                    self.link.count_read(bytes);
                    buf.advance(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => {
                    self.note_error(&error);
                    return Poll::Ready(Err(error));
                }
            }
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.tcp.poll_write_ready(cx))?;
            match self.tcp.try_write(buf) {
                Ok(bytes) => {
                    self.link
                        .update(|connection| connection.bytes_written += bytes as u64);
                    return Poll::Ready(Ok(bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.note_error(&error);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.tcp).shutdown(Shutdown::Write))
    }
}

/// Serves one connection to its end, over `stream`, whose socket is `tcp`.
pub(crate) async fn serve<S>(
    stream: S,
    tcp: Arc<TcpStream>,
    link: Link,
    script: Script,
    at_accept: Option<Action>,
) where
    S: AsyncRead + AsyncWrite,
{
    let (read_half, write_half) = tokio::io::split(stream);
    let (actions, todo) = mpsc::unbounded_channel();
    let (cut_done, wait_for_cut) = watch::channel(false);
    let reader = Reader {
        link: link.clone(),
        script,
        actions,
        wait_for_cut,
    };
    let mut reader = pin!(reader.run(read_half, at_accept));
    let mut writer = pin!(writer::run(write_half, link.clone(), todo));
    let mut reading = true;
    let ending = loop {
        tokio::select! {
            biased;
            ending = &mut writer => break ending,
            () = &mut reader, if reading => {
                reading = false;
                if link.read(|connection| {
                    connection.peer_closed.is_some_and(|seen| seen.how == Closed::Reset)
                }) {
                    break None;
                }
            }
        }
    };
    let Some(ending) = ending else { return };
    end(&tcp, &link, ending).await;
    if ending == Ending::Fin && reading {
        let _ = cut_done.send(true);
        reader.await;
    }
}

/// Ends the connection below TLS. For all but [`Ending::Fin`] the socket must be dropped next.
pub(crate) async fn end(tcp: &TcpStream, link: &Link, ending: Ending) {
    let socket = SockRef::from(tcp);
    match ending {
        Ending::Fin => {
            link.ended(ending);
            // An error says that the client is gone already.
            let _ = socket.shutdown(Shutdown::Write);
        }
        Ending::Close => link.ended(ending),
        Ending::Rst => {
            if link.read(|connection| connection.bytes_written > 0) {
                // A RST discards what the kernel has not handed over yet.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            link.ended(ending);
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
    }
}

struct Reader {
    link: Link,
    script: Script,
    actions: mpsc::UnboundedSender<Action>,
    wait_for_cut: watch::Receiver<bool>,
}

/// The request being read.
enum Current {
    /// Nothing of it has come.
    Unbegun,
    /// Its action is known, or is made from it when it is complete (`None`).
    Begun(Option<Action>),
    /// It broke the rules: the rest is only counted.
    Broken,
}

impl Reader {
    /// Reads until the client closes. Acting on what was read is the writer's part.
    async fn run<R>(mut self, mut stream: R, at_accept: Option<Action>)
    where
        R: AsyncRead + Unpin,
    {
        if let Some(cut) = at_accept {
            self.hand_over_cut(cut).await;
        }
        let mut buffer = vec![0; 16 * 1024];
        let mut current = Current::Unbegun;
        loop {
            self.take_complete(&mut current);
            let mut limit = match current {
                // One byte tells that a request begins; its action may forbid to read on.
                Current::Unbegun => 1,
                _ => buffer.len(),
            };
            let (have, ended) = self
                .link
                .read(|connection| (connection.partial.len(), connection.ended.is_some()));
            if let (Current::Begun(Some(action)), false) = (&current, ended)
                && let Some(bytes) = action.cuts_after_request_bytes()
            {
                limit = limit.min(bytes.saturating_sub(have));
                if limit == 0 {
                    let cut = action.clone();
                    self.hand_over_cut(cut).await;
                    continue;
                }
            }
            match stream.read(&mut buffer[..limit]).await {
                Ok(0) | Err(_) => return,
                Ok(bytes) => self.link.take_plaintext(&buffer[..bytes]),
            }
        }
    }

    /// Has the writer cut the connection; reading goes on only if the ending allows it.
    async fn hand_over_cut(&mut self, cut: Action) {
        let _ = self.actions.send(cut);
        let _ = self.wait_for_cut.wait_for(|done| *done).await;
    }

    /// Records the complete requests among what was read and hands their actions on.
    fn take_complete(&self, current: &mut Current) {
        loop {
            if matches!(current, Current::Broken) {
                return;
            }
            let (reading, empty, ended) = self.link.read(|connection| {
                let ended = connection.ended.is_some();
                let bytes = if ended {
                    &connection.late
                } else {
                    &connection.partial
                };
                (wire::read(bytes), bytes.is_empty(), ended)
            });
            if empty {
                return;
            }
            if matches!(current, Current::Unbegun) {
                *current = Current::Begun(if ended {
                    None
                } else {
                    self.script.take_at_first_byte()
                });
            }
            match reading {
                Reading::Incomplete => return,
                Reading::Violation(what) => {
                    self.link.violation(what);
                    *current = Current::Broken;
                    let refusal = Reply::new(400).closing();
                    let _ = self.actions.send(Action::Reply(refusal));
                    return;
                }
                Reading::Complete(parts) => {
                    let Current::Begun(action) = std::mem::replace(current, Current::Unbegun)
                    else {
                        return;
                    };
                    let request = self.link.complete(*parts);
                    if !ended {
                        let action = action.unwrap_or_else(|| self.script.decide(&request));
                        let _ = self.actions.send(action);
                    }
                }
            }
        }
    }
}
