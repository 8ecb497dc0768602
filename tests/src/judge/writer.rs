//! The acting half of a connection: carries out one action after another.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;

use super::record::Link;
use super::{Action, CutAt, Ending, Reply};

/// Carries out actions until one ends the connection (which the caller then does, in the way
/// returned), or until the client is gone (`None`).
pub(crate) async fn run<W>(
    stream: W,
    link: Link,
    mut todo: UnboundedReceiver<Action>,
) -> Option<Ending>
where
    W: AsyncWrite + Unpin,
{
    let mut writer = Writer { stream, link };
    while let Some(action) = todo.recv().await {
        match writer.perform(action).await {
            Ok(Next::GoOn) => {}
            Ok(Next::End(ending)) => return Some(ending),
            Ok(Next::Hold) => {
                // The reader keeps its end of the queue until the client closes.
                while todo.recv().await.is_some() {}
                return None;
            }
            Err(_) => return None,
        }
    }
    None
}

/// What follows an action.
enum Next {
    /// The next request is answered.
    GoOn,
    /// The connection is ended.
    End(Ending),
    /// Nothing more is written.
    Hold,
}

impl Next {
    fn from_option(then: Option<Ending>) -> Self {
        then.map_or(Self::Hold, Self::End)
    }
}

struct Writer<W> {
    stream: W,
    link: Link,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    async fn perform(&mut self, mut action: Action) -> io::Result<Next> {
        while let Action::Delay(delay, inner) = action {
            tokio::time::sleep(delay).await;
            action = *inner;
        }
        match action {
            Action::Delay(..) => unreachable!("delays were taken off"),
            Action::Reply(reply) => {
                self.write(&reply.to_bytes()).await?;
                self.after_reply(&reply).await
            }
            Action::ReplyChunked { reply, chunk } => {
                let mut bytes = reply.head_framed_by("transfer-encoding: chunked");
                for part in reply.body.chunks(chunk.max(1)) {
                    bytes.extend_from_slice(&as_chunk(part));
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
                self.write(&bytes).await?;
                self.after_reply(&reply).await
            }
            Action::Raw { bytes, then } => {
                self.write(&bytes).await?;
                Ok(Next::from_option(then))
            }
            Action::NeverAnswer => Ok(Next::Hold),
            Action::Cut { at, ending, reply } => {
                self.write(before_cut(at, &reply).as_slice()).await?;
                Ok(Next::End(ending))
            }
            Action::Drip { reply, interval } => {
                self.drip(&reply.to_bytes(), interval).await?;
                self.after_reply(&reply).await
            }
            Action::DripBody { reply, interval } => {
                self.write(&reply.head()).await?;
                self.drip(&reply.body, interval).await?;
                self.after_reply(&reply).await
            }
            Action::EndlessChunkedBody => {
                let reply = json_head();
                self.write(&reply.head_framed_by("transfer-encoding: chunked"))
                    .await?;
                let chunk = as_chunk(&[b' '; 8 * 1024]);
                loop {
                    self.write(&chunk).await?;
                }
            }
            Action::EndlessBody { content_length } => {
                let head = json_head().head_framed_by(&format!("content-length: {content_length}"));
                self.write(&head).await?;
                let block = [b' '; 8 * 1024];
                let mut left = content_length;
                while left > 0 {
                    let size = left.min(block.len() as u64);
                    self.write(&block[..usize::try_from(size).unwrap_or(block.len())])
                        .await?;
                    left -= size;
                }
                Ok(Next::GoOn)
            }
            Action::EndlessHeaders => {
                self.write(&json_head().open_head()).await?;
                for number in 0_u64.. {
                    self.write(&header_lines(number * 64, 64)).await?;
                }
                Ok(Next::Hold)
            }
            Action::ManyHeaders { reply, count } => {
                let mut bytes = reply.open_head();
                bytes.extend_from_slice(&header_lines(0, count as u64));
                let framing = format!("content-length: {}\r\n\r\n", reply.body.len());
                bytes.extend_from_slice(framing.as_bytes());
                bytes.extend_from_slice(&reply.body);
                self.write(&bytes).await?;
                self.after_reply(&reply).await
            }
            Action::ClaimLength {
                reply,
                content_length,
                then,
            } => {
                let mut bytes = reply.head_framed_by(&format!("content-length: {content_length}"));
                bytes.extend_from_slice(&reply.body);
                self.write(&bytes).await?;
                Ok(Next::from_option(then))
            }
            Action::ReplyThenClose {
                reply,
                after,
                ending,
            } => {
                self.write(&reply.to_bytes()).await?;
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                self.orderly(ending).await
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn drip(&mut self, bytes: &[u8], interval: Duration) -> io::Result<()> {
        for byte in bytes {
            tokio::time::sleep(interval).await;
            self.write(std::slice::from_ref(byte)).await?;
        }
        Ok(())
    }

    async fn after_reply(&mut self, reply: &Reply) -> io::Result<Next> {
        if reply.announces_close() {
            self.orderly(Ending::Fin).await
        } else {
            Ok(Next::GoOn)
        }
    }

    /// Ends with what an orderly server says first: the `close_notify` of TLS.
    async fn orderly(&mut self, ending: Ending) -> io::Result<Next> {
        if ending == Ending::Fin {
            self.link.ended(ending);
            let _ = self.stream.shutdown().await;
        }
        Ok(Next::End(ending))
    }
}

/// The part of the reply that goes out before the cut.
fn before_cut(at: CutAt, reply: &Reply) -> Vec<u8> {
    match at {
        CutAt::Accept | CutAt::RequestBytes(_) | CutAt::Request => Vec::new(),
        CutAt::StatusLine => reply.status_line(),
        CutAt::ReplyBytes(count) => {
            let mut bytes = reply.to_bytes();
            bytes.truncate(count);
            bytes
        }
        CutAt::HalfBody => {
            let mut bytes = reply.head();
            bytes.extend_from_slice(&reply.body[..reply.body.len() / 2]);
            bytes
        }
    }
}

fn json_head() -> Reply {
    Reply::new(200).header("content-type", "application/json")
}

fn as_chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

fn header_lines(first: u64, count: u64) -> Vec<u8> {
    let lines = (first..first + count).map(|number| format!("x-filler-{number}: {number}\r\n"));
    lines.collect::<String>().into_bytes()
}
