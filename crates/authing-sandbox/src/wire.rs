//! The socket loop: reads requests, lets the API or the console respond, and carries out faults.

use std::future::pending;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use socket2::{SockRef, Socket};
use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::answer::{Answer, envelope};
use crate::api::{self, Script};
use crate::console;
use crate::fault::{Action, CutAt, How};
use crate::ledger::Outcome;
use crate::log::{ConnectionRecord, Ending, RequestRecord};
use crate::request::{self, HEAD_GRACE, Request};
use crate::state::State;

/// How many connections are served at a time; more wait to be accepted. Each has two file
/// descriptors, so that all fit into the usual limit of 1,024.
pub const MAX_CONNECTIONS: usize = 500;
/// How long a connection may be idle, and how long a request may take to arrive.
const IDLE: Duration = Duration::from_secs(60);
/// How long a stall lasts unless the peer closes.
const STALLED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a peer may read nothing of what is sent before its connection is reset.
const UNREAD: Duration = Duration::from_secs(5);
/// The bytes that are read ahead while a response is sent.
const READ_AHEAD: usize = 64 * 1024;

/// Accepts connections until it is dropped, which closes all of them.
pub(crate) async fn serve(listener: TcpListener, state: State, acceptor: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        let accepted = listener.accept().await;
        match accepted.and_then(|(tcp, _)| Ok((Connection::open(&state, &tcp)?, tcp))) {
            Ok((connection, tcp)) => {
                connections.spawn(connection.run(tcp, acceptor.clone()));
            }
            // Most likely out of file descriptors: other connections must close first.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection. It is over when this and the stream are dropped.
struct Connection {
    socket: Socket,
    state: State,
    number: u64,
    /// What was read and belongs to no complete request yet.
    buffer: Vec<u8>,
    /// The record of the request at the beginning of the buffer.
    record: Option<u64>,
    /// Whether this request was responded to early, and is processed when it is complete.
    early: Option<bool>,
    /// How the sandbox has ended the connection; it only reads on then.
    ended: Option<How>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.update(|record| record.open = false);
    }
}

impl Connection {
    fn open(state: &State, tcp: &TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self {
            socket: SockRef::from(tcp).try_clone()?,
            number: state.core().log.accept(),
            state: state.clone(),
            buffer: Vec::new(),
            record: None,
            early: None,
            ended: None,
        })
    }

    /// Shakes hands if there is TLS, and serves requests.
    async fn run(mut self, mut tcp: TcpStream, acceptor: Option<TlsAcceptor>) {
        let part = CutAt::Accept..=CutAt::Handshake(usize::MAX);
        let fault = self.state.core().take_fault(part);
        if let Some(fault) = fault
            && let Action::Cut { at, how } = fault.action
        {
            let bytes = match at {
                CutAt::Handshake(bytes) => bytes,
                _ => 0,
            };
            let mut start = (&mut tcp).take(bytes as u64);
            let _ = timeout(IDLE, io::copy(&mut start, &mut io::sink())).await;
            if start.limit() == 0 {
                pause(Duration::from_millis(fault.after_ms)).await;
                self.end_and_drain(tcp, how).await;
            }
            return;
        }
        let Some(acceptor) = acceptor else {
            return self.serve(tcp).await;
        };
        match timeout(IDLE, acceptor.accept(tcp).into_fallible()).await {
            Err(_) => {}
            Ok(Err((error, tcp))) => {
                self.update(|record| record.handshake = Some(Err(error.to_string())));
                // A RST would make the client lose the alert.
                self.end_and_drain(tcp, How::Fin).await;
            }
            Ok(Ok(stream)) => {
                let certificates = stream.get_ref().1.peer_certificates();
                let certificate = certificates.and_then(<[_]>::first).map(|der| der.to_vec());
                self.update(|record| record.handshake = Some(Ok(certificate)));
                self.serve(stream).await;
            }
        }
    }

    /// Serves requests until the peer is gone or the sandbox has reset the connection.
    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite) {
        let (mut reader, mut writer) = io::split(stream);
        while let Some(script) = self.next(&mut reader).await
            && self.perform(script, &mut reader, &mut writer).await
        {}
        if !self.buffer.is_empty() && self.ended != Some(How::Reset) {
            self.note(usize::MAX, |record| {
                if record.ending == Ending::Open {
                    record.ending = Ending::PeerClosed;
                }
            });
        }
    }

    fn update<T>(&self, change: impl FnOnce(&mut ConnectionRecord) -> T) -> Option<T> {
        let mut core = self.state.core();
        core.log.connections.get_mut(&self.number).map(change)
    }

    /// Changes the record of the request at the beginning of the buffer, which is begun if it is
    /// not, and returns its number. Of the bytes that have come, at most `length` belong to it.
    fn note(&mut self, length: usize, change: impl FnOnce(&mut RequestRecord)) -> u64 {
        let mut core = self.state.core();
        let now = core.now();
        let begin = || core.log.begin(self.number, now);
        let number = *self.record.get_or_insert_with(begin);
        core.log.request(number, |record| {
            record.bytes = self.buffer[..length.min(self.buffer.len())].to_vec();
            change(record);
        });
        number
    }

    /// Reads some bytes into the buffer; `false` at the end.
    async fn read(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> bool {
        self.buffer.reserve(2048);
        let result = reader.read_buf(&mut self.buffer).await;
        if let Ok(bytes @ 1..) = result {
            self.update(|record| record.plain_bytes_read += bytes as u64);
            return true;
        }
        self.note_close(result);
        false
    }

    /// Notes how the peer closed, as the last result of the socket shows.
    fn note_close<T>(&self, result: io::Result<T>) {
        self.update(|record| match result.map_err(|error| error.kind()) {
            Ok(_) | Err(ErrorKind::UnexpectedEof) => {
                record.peer_closed.get_or_insert(How::Fin);
            }
            // After the sandbox's own FIN a broken pipe says nothing about the peer.
            Err(ErrorKind::BrokenPipe) if record.ended.is_some() => {}
            Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                record.peer_closed = Some(How::Reset);
            }
            Err(_) => {}
        });
    }

    /// Ends the connection below TLS. All of it must be dropped next, except after [`How::Fin`]
    /// and [`How::Stall`].
    async fn end(&mut self, how: How) {
        if how == How::Reset {
            // A RST discards what the kernel has not delivered yet.
            sleep(Duration::from_millis(2)).await;
        }
        self.ended = Some(how);
        self.update(|record| record.ended = Some(how));
        // Errors mean that the peer is gone already.
        let _ = match how {
            How::Fin => self.socket.shutdown(Shutdown::Write),
            How::Reset => self.socket.set_linger(Some(Duration::ZERO)),
            How::Stall => Ok(()),
        };
    }

    /// How long the next request may take to arrive.
    fn patience(&self) -> Duration {
        match self.ended {
            Some(How::Stall) => STALLED,
            _ => IDLE,
        }
    }

    /// Ends a connection on which no HTTP is spoken, and reads on unless it is reset.
    async fn end_and_drain(&mut self, mut tcp: TcpStream, how: How) {
        self.end(how).await;
        let mut sink = io::sink();
        let drain = timeout(self.patience(), io::copy(&mut tcp, &mut sink));
        if how != How::Reset
            && let Ok(drained) = drain.await
        {
            self.note_close(drained);
        }
    }

    /// Reads until something is to be done, and returns what to send; `None` if the peer is gone.
    async fn next(&mut self, reader: &mut (impl AsyncRead + Unpin)) -> Option<Script> {
        let deadline = Instant::now() + self.patience();
        loop {
            let parsed = request::parse(&self.buffer);
            let is_new = self.early.is_none() && self.ended.is_none() && !self.buffer.is_empty();
            // The head tells whose request it is.
            let waits = is_new && matches!(parsed, Ok(None));
            let grace = deadline.min(Instant::now() + HEAD_GRACE);
            if waits && timeout_at(grace, self.read(reader)).await == Ok(true) {
                continue;
            }
            let spares = |head: &Request| head.is_for_console() || head.is_foreign();
            let takes = is_new && !matches!(&parsed, Ok(Some(head)) if spares(head));
            let part = CutAt::RequestBytes(0)..=CutAt::RequestBytes(self.buffer.len());
            let fault = || self.state.core().take_fault(part);
            if takes
                && let Some(fault) = fault()
                && let CutAt::RequestBytes(position) = fault.trigger()
            {
                self.early = Some(fault.consumes());
                let number = self.note(position, |record| record.fault = Some(fault.kind()));
                let answer = fault.alter(api::unprocessed());
                return Some(Script::new(&fault, &answer, Some(number)));
            }
            match parsed {
                Ok(Some(request)) if request.complete => {
                    // One response at a time, so that pipelined requests do not hold up others.
                    yield_now().await;
                    let script = self.respond(&request).await;
                    self.buffer.drain(..request.length);
                    self.record = None;
                    return Some(script);
                }
                Err(_) if self.ended.is_some() => return None,
                Err(problem) => {
                    let number = self.note(usize::MAX, |record| {
                        record.problem = Some(problem.to_string());
                        record.outcome = Outcome::NotProcessed;
                    });
                    let answer = Answer::json(400, &envelope(400, "Bad Request"));
                    let answer = answer.header("connection", "close");
                    return Some(Script::send(&answer, Some(number)));
                }
                Ok(head) => {
                    if self.record.is_some() || head.is_some_and(|head| !head.is_for_console()) {
                        self.note(usize::MAX, |_| {});
                    }
                }
            }
            if timeout_at(deadline, self.read(reader)).await != Ok(true) {
                return None;
            }
        }
    }

    /// Records and processes a complete request. Once the sandbox has responded to it early or
    /// ended the connection, nothing is sent.
    async fn respond(&mut self, request: &Request) -> Script {
        let unsent = self.early.take().or(self.ended.map(|_| false));
        if request.is_for_console() {
            if unsent.is_some() {
                return Script::default();
            }
            let answer = console::respond(&self.state, request).await;
            return Script::send(&answer.finish(request), None);
        }
        let number = self.note(request.length, |record| record.complete = true);
        let mut core = self.state.core();
        if let Some(process) = unsent {
            api::complete(&mut core, request, number, process);
            return Script::default();
        }
        api::respond(&mut core, request, number)
    }

    /// Sends what a script says, ends the connection as it says, and returns whether it goes on.
    /// Reads ahead meanwhile, to notice how the peer closes. All bytes are recorded before they are
    /// sent, so that a peer that has read them finds them in the record.
    async fn perform(
        &mut self,
        script: Script,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> bool {
        let state = self.state.clone();
        let record = |bytes: &[u8], ending| {
            if let Some(number) = script.record {
                let change = |record: &mut RequestRecord| record.respond(bytes, ending);
                state.core().log.request(number, change);
            }
        };
        let drips = !script.interval.is_zero();
        let size = if drips { 1 } else { 16 * 1024 };
        let sending = async {
            for (wait, bytes) in script.steps.iter().chain(script.repeat.iter().cycle()) {
                pause(*wait).await;
                for part in bytes.chunks(size) {
                    pause(script.interval).await;
                    record(part, script.ending);
                    timeout(UNREAD, writer.write_all(part)).await??;
                    timeout(UNREAD, writer.flush()).await??;
                }
                yield_now().await;
            }
            io::Result::Ok(())
        };
        let reading = async {
            while self.buffer.len() < READ_AHEAD && self.read(reader).await {}
            if self.update(|record| record.peer_closed) != Some(Some(How::Reset)) {
                pending::<()>().await;
            }
        };
        let result = tokio::select! {
            biased;
            result = sending => result,
            () = reading => Err(ErrorKind::ConnectionReset.into()),
        };
        if let Err(error) = result {
            record(&[], Ending::PeerClosed);
            if error.kind() == ErrorKind::TimedOut {
                self.end(How::Reset).await;
            }
            self.note_close::<()>(Err(error));
            return false;
        }
        record(&[], script.ending);
        if script.ending == Ending::Responded && script.then == Some(How::Fin) {
            self.update(|record| record.ended = Some(How::Fin));
            let _ = writer.shutdown().await;
        }
        if let Some(how) = script.then {
            self.end(how).await;
        }
        self.ended != Some(How::Reset)
    }
}

/// Waits; unlike a timer of zero length, not at all if there is nothing to wait for.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
