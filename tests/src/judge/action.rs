//! What the judge can do with a connection or a request: replies, and every fault.

use std::time::Duration;

use super::Reply;

/// How the judge ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Half-close: a FIN is sent, and what the client still sends is read and counted apart until
    /// it closes too. The client reads an end of file, and its writes succeed.
    Fin,
    /// A plain `close`, as by a server process: a FIN if everything was read, otherwise the kernel
    /// sends a RST; whatever arrives later is answered by a RST.
    Close,
    /// A RST at once (`SO_LINGER` 0). What lay unread in the kernel is lost and not counted.
    Rst,
}

/// Where in an exchange the judge cuts the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutAt {
    /// On accept, before a byte is read (under TLS: before the handshake).
    Accept,
    /// After exactly this many bytes of the request were read (under TLS: of its plain text). A
    /// shorter request is cut when it is complete.
    RequestBytes(usize),
    /// After the whole request, before a byte of the reply.
    Request,
    /// After the status line of the reply.
    StatusLine,
    /// After this many bytes of the reply, head included.
    ReplyBytes(usize),
    /// After the head and half of the body (rounded down).
    HalfBody,
}

/// What the judge does about one request.
#[derive(Clone, Debug)]
pub enum Action {
    /// Answers, and keeps the connection unless the reply says `connection: close`.
    Reply(Reply),
    /// Answers with `transfer-encoding: chunked`, this many bytes to a chunk.
    ReplyChunked {
        /// The reply; its headers must not frame it.
        reply: Reply,
        /// Bytes in each chunk but the last.
        chunk: usize,
    },
    /// Writes these bytes as they are, then ends the connection, or holds it if `then` is `None`.
    Raw {
        /// What to write.
        bytes: Vec<u8>,
        /// How to end.
        then: Option<Ending>,
    },
    /// Waits, then does the other. The client's close is noticed meanwhile.
    Delay(Duration, Box<Action>),
    /// Never answers; reads on and holds the socket until the client closes it.
    NeverAnswer,
    /// Cuts the connection. Positions before the end of the request need a script that knows its
    /// action before it has the request ([`Script::always`](super::Script::always),
    /// [`Script::sequence`](super::Script::sequence)); from a closure they cut after the request.
    Cut {
        /// Where.
        at: CutAt,
        /// How.
        ending: Ending,
        /// The reply that is begun, for the positions inside a reply.
        reply: Reply,
    },
    /// Writes the whole reply, one byte per interval.
    Drip {
        /// The reply.
        reply: Reply,
        /// The pause before each byte.
        interval: Duration,
    },
    /// Writes the head at once and the body one byte per interval.
    DripBody {
        /// The reply.
        reply: Reply,
        /// The pause before each byte.
        interval: Duration,
    },
    /// A chunked body without end.
    EndlessChunkedBody,
    /// Claims `content_length` and really sends that many bytes, or as many as the client takes.
    EndlessBody {
        /// The length announced and sent.
        content_length: u64,
    },
    /// Header lines without end.
    EndlessHeaders,
    /// The reply with this many more headers.
    ManyHeaders {
        /// The reply.
        reply: Reply,
        /// How many headers are added.
        count: usize,
    },
    /// Claims `content_length`, sends the body of the reply and no more; then ends the connection,
    /// or holds it if `then` is `None`.
    ClaimLength {
        /// The reply.
        reply: Reply,
        /// The length announced.
        content_length: u64,
        /// How to end.
        then: Option<Ending>,
    },
    /// Answers, then ends the idle connection after a while without having announced it, whatever
    /// the client does meanwhile. With `after` zero the FIN follows the reply at once.
    ReplyThenClose {
        /// The reply.
        reply: Reply,
        /// How long the connection stays open.
        after: Duration,
        /// How to end. [`Ending::Fin`] is orderly: under TLS a `close_notify` comes first.
        ending: Ending,
    },
}

impl Action {
    /// Cuts the connection at a place that needs no reply.
    #[must_use]
    pub fn cut(at: CutAt, ending: Ending) -> Self {
        Self::cut_reply(at, ending, Reply::new(200))
    }

    /// Cuts the connection inside this reply.
    #[must_use]
    pub fn cut_reply(at: CutAt, ending: Ending, reply: Reply) -> Self {
        Self::Cut { at, ending, reply }
    }

    /// Writes these bytes as they are, then sends a FIN.
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Raw {
            bytes: bytes.into(),
            then: Some(Ending::Fin),
        }
    }

    /// Does this action after a while.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self::Delay(delay, Box::new(self))
    }

    /// The cut that comes before the end of the request, if this action is one.
    fn early_cut(&self) -> Option<CutAt> {
        match self {
            Self::Delay(_, inner) => inner.early_cut(),
            Self::Cut {
                at: at @ (CutAt::Accept | CutAt::RequestBytes(_)),
                ..
            } => Some(*at),
            _ => None,
        }
    }

    /// Waits as long as this cut is delayed, and returns its ending.
    pub(crate) async fn wait_for_cut(&self) -> Ending {
        let mut action = self;
        while let Self::Delay(delay, inner) = action {
            tokio::time::sleep(*delay).await;
            action = inner;
        }
        match action {
            Self::Cut { ending, .. } => *ending,
            _ => unreachable!("only cuts act before the request"),
        }
    }

    /// Whether this action acts before a byte was read.
    pub(crate) fn cuts_at_accept(&self) -> bool {
        matches!(
            self.early_cut(),
            Some(CutAt::Accept | CutAt::RequestBytes(0))
        )
    }

    /// After how many bytes of the request this action acts, if it acts before its end.
    pub(crate) fn cuts_after_request_bytes(&self) -> Option<usize> {
        match self.early_cut()? {
            CutAt::RequestBytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl From<Reply> for Action {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
