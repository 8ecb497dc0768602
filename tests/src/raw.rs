//! Servers on plain threads, for byte streams that no HTTP server would send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The body of a successful response.
pub const SUCCESS: &str = r#"{"statusCode":200,"message":"ok","data":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":"86"}}"#;

/// A listener on this machine that runs a closure for each connection, on a thread of its own.
#[derive(Clone, Debug)]
pub struct RawServer {
    /// The address.
    pub addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Returns a response with these header lines and this body.
pub fn response(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

impl RawServer {
    /// Starts the server. It runs until the process ends.
    pub fn start(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let serve = serve.clone();
                std::thread::spawn(move || serve(stream));
            }
        });
        Self {
            addr,
            connections,
            requests: Arc::default(),
        }
    }

    /// Starts a server that responds to the first request of a connection with these bytes, and
    /// then closes it.
    pub fn closing(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |mut stream| {
            if read_request(&mut stream).is_some() {
                let _ = stream.write_all(&bytes);
            }
        })
    }

    /// Starts a server that keeps its connections open and records the requests. The closure
    /// returns all bytes of the response.
    pub fn respond(with: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let record = Arc::clone(&requests);
        let server = Self::start(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                let response = with(&request);
                let mut all = record.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(request);
                drop(all);
                if stream.write_all(&response).is_err() {
                    return;
                }
            }
        });
        Self { requests, ..server }
    }

    /// Returns the requests of a server made by [`respond`](Self::respond), in order of arrival.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the base URL with plain http.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns how many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads one request, head and body (by `content-length`). Returns `None` if it is incomplete.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).ok()?;
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap_or("0").parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}
