//! A server that answers every request alike, and does nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The documented success.
pub const BODY: &str = r#"{"statusCode":200,"message":"Operation successful","requestId":"934108e5-9fbf-4d24-8da1-c330328abd6c","data":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":"86"}}"#;

/// Starts the stub on a free loopback port, in threads of this process.
pub fn start() -> SocketAddr {
    start_with(BODY)
}

/// The same with another body. One thread per connection, for as long as the process lives.
pub fn start_with(body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(stream, body));
        }
    });
    address
}

fn answer(mut stream: TcpStream, body: &str) {
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) | Err(_) => return,
            Ok(read) => filled += read,
        }
        if is_complete(&buffer[..filled]) {
            filled = 0;
            if stream.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// Whether a request is whole: every one of ours ends in the brace of its JSON.
fn is_complete(request: &[u8]) -> bool {
    request.ends_with(b"}") && request.windows(4).any(|window| window == b"\r\n\r\n")
}
