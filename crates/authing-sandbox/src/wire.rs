//! The socket loop: reads requests, lets the API or the console respond, and carries out faults.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{
    self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::answer::Envelope;
use crate::api::{self, Script};
use crate::fault::{Action, CutAt, Fault, How};
use crate::ledger::Outcome;
use crate::log::{Ending, MAX_RECORDED_RESPONSE, RequestRecord};
use crate::request::{self, HEAD_GRACE, Request};
use crate::state::State;
use crate::stream::Link;
use crate::{console, guard};

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
        // Most likely out of file descriptors: other connections must close first.
        let accepted = listener.accept().await;
        let opened = accepted.and_then(|(tcp, _)| Ok((Link::open(&state, &tcp)?, tcp)));
        match opened {
            Ok((link, tcp)) => {
                connections.spawn(connect(link, tcp, acceptor.clone()));
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connect(link: Link, mut tcp: TcpStream, acceptor: Option<TlsAcceptor>) {
    let here = |trigger| matches!(trigger, CutAt::Handshake(_));
    let fault = link.state.core().take_fault(here);
    if let Some(fault) = fault
        && let CutAt::Handshake(bytes) = fault.trigger()
        && let Action::Cut { how, .. } = fault.action
    {
        let mut start = (&mut tcp).take(bytes as u64);
        if io::copy(&mut start, &mut io::sink()).await.is_ok() && start.limit() == 0 {
            pause(fault.wait()).await;
            link.end_and_drain(tcp, how).await;
        }
        return;
    }
    match acceptor {
        None => Wire::run(tcp, link).await,
        Some(acceptor) => {
            let shaken = timeout(IDLE, link.handshake(&acceptor, tcp)).await;
            if let Ok(Some(stream)) = shaken {
                Wire::run(stream, link).await;
            }
        }
    }
}

/// One connection.
struct Wire<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    link: Link,
    /// What was read and belongs to no complete request yet.
    buffer: Vec<u8>,
    /// The record of the request at the beginning of the buffer.
    record: Option<u64>,
    /// Whether this request was responded to early, and is processed when it is complete.
    early: Option<bool>,
    /// How the sandbox has ended the connection; it only reads on then.
    ended: Option<How>,
}

/// What the beginning of the buffer calls for.
enum Event {
    Complete(Request),
    /// A fault acts before the request is complete.
    Early(Fault),
    Invalid(String),
    Eof,
}

impl<S: AsyncRead + AsyncWrite> Wire<S> {
    async fn run(stream: S, link: Link) {
        let (reader, writer) = io::split(stream);
        let mut wire = Self {
            reader,
            writer,
            link,
            buffer: Vec::new(),
            record: None,
            early: None,
            ended: None,
        };
        if wire.serve().await.is_err() {
            wire.abandon();
        }
    }

    /// Serves until the sandbox has reset the connection; the error means that the peer is gone.
    async fn serve(&mut self) -> io::Result<()> {
        loop {
            let stalled = self.ended == Some(How::Stall);
            let limit = if stalled { STALLED } else { IDLE };
            let (script, number) = match timeout(limit, self.next()).await {
                Err(_) | Ok(Event::Eof) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(Event::Invalid(problem)) => (self.reject(problem), self.record),
                Ok(Event::Early(fault)) => {
                    if let CutAt::RequestBytes(position) = fault.trigger() {
                        self.keep(position);
                    }
                    self.early = Some(fault.consumes());
                    self.note(|record| record.fault = Some(fault.kind()));
                    (api::faulted(&fault, api::unprocessed(), None), self.record)
                }
                Ok(Event::Complete(request)) => {
                    // One response at a time, so that pipelined requests do not hold up others.
                    tokio::task::yield_now().await;
                    let script = self.respond(&request).await;
                    self.buffer.drain(..request.length.min(self.buffer.len()));
                    let number = self.record.take();
                    let Some(script) = script else { continue };
                    (script, number)
                }
            };
            if let Some(how) = self.perform(script, number).await? {
                self.link.end(how).await;
                if how == How::Reset {
                    return Ok(());
                }
                self.ended = Some(how);
            }
        }
    }

    /// Changes the record of the current request, which is begun if it is not, and returns its
    /// number.
    fn note(&mut self, change: impl FnOnce(&mut RequestRecord)) -> u64 {
        let state = &self.link.state;
        let now = state.now();
        let mut core = state.core();
        let begin = || core.log.begin(self.link.number, now);
        let number = *self.record.get_or_insert_with(begin);
        core.log.request(number, change);
        number
    }

    /// Records the bytes of the current request that have come, at most `length`.
    fn keep(&mut self, length: usize) {
        let bytes = self.buffer[..length.min(self.buffer.len())].to_vec();
        self.note(|record| record.bytes = bytes);
    }

    /// Notes that the peer closed before the request at hand was complete.
    fn abandon(&mut self) {
        if !self.buffer.is_empty() {
            self.keep(usize::MAX);
        }
        if self.record.is_some() {
            self.note(|record| {
                if record.ending == Ending::Open {
                    record.ending = Ending::PeerClosed;
                }
            });
        }
    }

    fn reject(&mut self, problem: String) -> Script {
        self.keep(usize::MAX);
        self.note(|record| {
            record.problem = Some(problem);
            record.outcome = Outcome::NotProcessed;
        });
        let answer = Envelope::new(400, "Bad Request").answer(400);
        Script::send(&answer.header("connection", "close"))
    }

    /// Records and processes a complete request; `None` if nothing is sent any more.
    async fn respond(&mut self, request: &Request) -> Option<Script> {
        let state = self.link.state.clone();
        let (late, early) = (self.ended.is_some(), self.early.take());
        if request.is_for_console() {
            if late {
                return None;
            }
            let answer = console::respond(&state, request).await;
            return Some(Script::send(&api::finish(answer, request)));
        }
        self.keep(request.length);
        let number = self.note(|record| record.complete = true);
        if late || early.is_some() {
            api::complete(&state, request, number, early == Some(true));
            return None;
        }
        if let Err(answer) = guard::check_origin(request) {
            self.note(|record| record.outcome = Outcome::NotProcessed);
            return Some(Script::send(&answer));
        }
        let here = |trigger| !matches!(trigger, CutAt::Handshake(_));
        let fault = state.core().take_fault(here);
        self.note(|record| record.fault = fault.as_ref().map(Fault::kind));
        Some(api::respond(&state, request, number, fault.as_ref()))
    }

    /// Reads until something is to be done.
    async fn next(&mut self) -> Event {
        loop {
            let parsed = request::parse(&self.buffer);
            let head = parsed.as_ref().ok().and_then(Option::as_ref);
            let length = self.buffer.len();
            let busy = self.early.is_some() || self.ended.is_some() || length == 0;
            let here = |at| matches!(at, CutAt::RequestBytes(position) if position <= length);
            let first = self.link.state.core().faults.front().map(Fault::trigger);
            if !busy && first.is_some_and(here) {
                // The head tells whose request it is.
                let wait = matches!(parsed, Ok(None));
                if wait && timeout(HEAD_GRACE, self.read()).await == Ok(true) {
                    continue;
                }
                let spared = head.is_some_and(|head| {
                    head.is_for_console() || guard::check_origin(head).is_err()
                });
                let fault = || self.link.state.core().take_fault(here);
                if !spared && let Some(fault) = fault() {
                    return Event::Early(fault);
                }
            }
            match parsed {
                Ok(Some(request)) if request.complete => return Event::Complete(request),
                Err(_) if self.ended.is_some() => return Event::Eof,
                Err(problem) => return Event::Invalid(problem),
                Ok(head) => {
                    if self.record.is_some() || head.is_some_and(|head| !head.is_for_console()) {
                        self.keep(usize::MAX);
                    }
                }
            }
            if !self.read().await {
                return Event::Eof;
            }
        }
    }

    /// Reads some bytes; `false` at the end.
    async fn read(&mut self) -> bool {
        self.link.read(&mut self.reader, &mut self.buffer).await
    }

    /// Sends what a script says, and returns how the connection ends. Reads ahead meanwhile, to
    /// notice how the peer closes.
    async fn perform(&mut self, script: Script, number: Option<u64>) -> io::Result<Option<How>> {
        let ending = if script.complete || script.then.is_none() {
            Ending::Responded
        } else {
            Ending::Faulted
        };
        let record = |bytes: &[u8], ending| {
            let Some(number) = number else { return };
            self.link.state.core().log.request(number, |record| {
                let room = MAX_RECORDED_RESPONSE - record.response.len();
                let kept = &bytes[..room.min(bytes.len())];
                record.response.extend_from_slice(kept);
                record.ending = ending;
            });
        };
        let reading = async {
            while self.buffer.len() < READ_AHEAD
                && self.link.read(&mut self.reader, &mut self.buffer).await
            {}
            if !self.link.was_reset() {
                std::future::pending::<()>().await;
            }
        };
        let sending = send(&mut self.writer, &script, |bytes| record(bytes, ending));
        let result = tokio::select! {
            biased;
            result = sending => result,
            () = reading => Err(ErrorKind::ConnectionReset.into()),
        };
        if let Err(error) = result {
            record(&[], Ending::PeerClosed);
            self.link.note_close(error.kind());
            if error.kind() == ErrorKind::TimedOut {
                self.link.end(How::Reset).await;
            }
            return Err(error);
        }
        record(&[], ending);
        if script.complete && script.then == Some(How::Fin) {
            self.link.update(|record| record.ended = Some(How::Fin));
            let _ = self.writer.shutdown().await;
        }
        Ok(script.then)
    }
}

/// Waits; unlike a timer of zero length, not at all if there is nothing to wait for.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Sends what a script says. All bytes are recorded before they are sent, so that a peer that has
/// read them finds them in the record.
async fn send<W: AsyncWrite + Unpin>(
    writer: &mut W,
    script: &Script,
    record: impl Fn(&[u8]),
) -> io::Result<()> {
    let size = if script.interval.is_zero() {
        16 * 1024
    } else {
        1
    };
    let mut write = async |bytes: &[u8]| {
        for part in bytes.chunks(size) {
            pause(script.interval).await;
            record(part);
            let sending = async {
                writer.write_all(part).await?;
                writer.flush().await
            };
            timeout(UNREAD, sending).await??;
        }
        io::Result::Ok(())
    };
    for (wait, bytes) in &script.steps {
        pause(*wait).await;
        write(bytes).await?;
    }
    while !script.repeat.is_empty() {
        write(&script.repeat).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
