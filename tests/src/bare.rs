//! A bare TCP client, for the tests of the judge and for control experiments.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::judge::Judge;

/// A request that breaks no rule, with two headers of one name.
pub const REQUEST: &[u8] = b"POST /a HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: 2\r\n\
    content-length: 14\r\n\r\n{\"code\":\"abc\"}";

/// Long enough for anything that happens at all.
pub const WIDE: Duration = Duration::from_secs(5);

/// How a stream ended for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By a FIN.
    Fin,
    /// By a RST.
    Reset,
}

/// Connects to a judge.
///
/// # Panics
///
/// If that fails.
pub async fn connect(judge: &Judge) -> TcpStream {
    TcpStream::connect(judge.addr())
        .await
        .expect("a connection to the judge")
}

/// Reads to the end of the stream: the bytes, and how it ended.
///
/// # Panics
///
/// If there is no end within [`WIDE`], or it is neither a FIN nor a RST.
pub async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let reading = async {
        loop {
            match stream.read_buf(&mut bytes).await {
                Ok(0) => return End::Fin,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return End::Reset,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let end = tokio::time::timeout(WIDE, reading)
        .await
        .expect("an end in time");
    (bytes, end)
}

/// Reads this many bytes.
///
/// # Panics
///
/// If they do not come within [`WIDE`].
pub async fn read_exactly(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let reading = stream.read_exact(&mut bytes);
    tokio::time::timeout(WIDE, reading)
        .await
        .expect("bytes in time")
        .expect("enough bytes");
    bytes
}
