//! The raw side of a connection: what HTTP libraries do their best to prevent.
//!
//! A fault that no HTTP reply can express is a [`Script`]. The service leaves it on the connection's
//! [`Line`] and fails; hyper then lets go of the socket without a word, and the script is played
//! on it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::fault::CutHow;
use crate::http::EXCHANGE_PATH;
use crate::requests::Ending;
use crate::state::State;
use crate::sync::lock;

/// How long a closed connection is still listened to. Closing a socket with unread bytes sends a
/// reset, so that a cut in good order has to read what is still under way.
const LINGER: Duration = Duration::from_secs(1);
/// A reset overtakes bytes that the network has not delivered yet; it waits so long for them.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// What to do on a raw socket.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: CutHow,
}

/// One step of a script.
#[derive(Debug)]
pub(crate) enum Step {
    Wait(Duration),
    Write(Vec<u8>),
    /// One byte at a time, with a pause after each.
    Drip(Vec<u8>, Duration),
}

impl Script {
    pub(crate) async fn play(self, mut stream: TcpStream) {
        // A client that has gone away ends the play; nobody is left to tell.
        if self.steps(&mut stream).await.is_err() {
            return;
        }
        match self.end {
            CutHow::Fin => {
                if stream.shutdown().await.is_ok() {
                    let _ = timeout(LINGER, drain(&mut stream)).await;
                }
            }
            CutHow::Reset => {
                sleep(BEFORE_RESET).await;
                // If the option cannot be set the connection is closed in good order; the tests
                // of this crate would tell.
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
        }
    }

    async fn steps(&self, stream: &mut TcpStream) -> io::Result<()> {
        for step in &self.steps {
            match step {
                Step::Wait(duration) => sleep(*duration).await,
                Step::Write(bytes) => stream.write_all(bytes).await?,
                Step::Drip(bytes, interval) => {
                    for byte in bytes {
                        stream.write_all(&[*byte]).await?;
                        sleep(*interval).await;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn drain(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {}
}

/// What the parts of one connection share.
#[derive(Debug, Default)]
pub(crate) struct Line {
    inner: Mutex<LineInner>,
}

#[derive(Debug, Default)]
struct LineInner {
    script: Option<Script>,
    /// The socket, once hyper has let go of it.
    stream: Option<TcpStream>,
    /// The record of a request that began to arrive under a fault.
    record: Option<u64>,
}

impl Line {
    /// Leaves a script to be played as soon as the socket is free.
    pub(crate) fn leave(&self, script: Script) {
        lock(&self.inner).script = Some(script);
    }

    /// Whether a script waits, so that nothing else may be written.
    pub(crate) fn is_taken(&self) -> bool {
        lock(&self.inner).script.is_some()
    }

    /// The record that was opened for the request which is now being read.
    pub(crate) fn take_record(&self) -> Option<u64> {
        lock(&self.inner).record.take()
    }

    /// The script and the socket to play it on.
    pub(crate) fn take(&self) -> Option<(Script, TcpStream)> {
        let mut inner = lock(&self.inner);
        inner.script.take().zip(inner.stream.take())
    }
}

/// The socket as hyper sees it.
#[derive(Debug)]
pub(crate) struct Wire {
    // Always there until the wire is dropped.
    stream: Option<TcpStream>,
    line: Arc<Line>,
    state: State,
    tap: Option<Tap>,
}

/// A cut that waits for some more bytes of a request.
#[derive(Debug)]
struct Tap {
    left: usize,
    how: CutHow,
    delay: Duration,
    record: u64,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, line: Arc<Line>, state: State) -> Self {
        Self {
            stream: Some(stream),
            line,
            state,
            tap: None,
        }
    }

    fn with<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.stream {
            Some(stream) if !self.line.is_taken() => poll(Pin::new(stream)),
            _ => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    /// Looks at bytes that have arrived, and says whether the connection is to be cut here.
    fn arrived(&mut self, bytes: &[u8]) -> bool {
        // A request that comes in smaller pieces than its first line goes unnoticed here. The
        // exchange then finds the fault unused, and cuts after the whole request.
        if is_exchange(bytes) {
            self.tap = self.state.take_request_cut().map(|(left, how, fault)| {
                let record = self.state.begin_request();
                self.state
                    .note_request(record, |record| record.fault = Some(fault.kind()));
                lock(&self.line.inner).record = Some(record);
                Tap {
                    left,
                    how,
                    delay: fault.delay,
                    record,
                }
            });
        }
        let Some(tap) = &mut self.tap else {
            return false;
        };
        if bytes.len() < tap.left {
            tap.left -= bytes.len();
            return false;
        }
        self.state.note_request(tap.record, |record| {
            record.ending = Ending::Faulted;
            record.outcome = crate::Outcome::NotProcessed;
        });
        self.line.leave(Script {
            steps: vec![Step::Wait(tap.delay)],
            end: tap.how,
        });
        true
    }
}

fn is_exchange(bytes: &[u8]) -> bool {
    bytes
        .strip_prefix(b"POST ")
        .and_then(|rest| rest.strip_prefix(EXCHANGE_PATH.as_bytes()))
        .is_some_and(|rest| rest.first().is_some_and(|byte| matches!(byte, b' ' | b'?')))
}

impl Drop for Wire {
    fn drop(&mut self) {
        lock(&self.line.inner).stream = self.stream.take();
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.with(|stream| stream.poll_read(cx, buf));
        if matches!(polled, Poll::Ready(Ok(()))) && self.arrived(&buf.filled()[before..]) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}
