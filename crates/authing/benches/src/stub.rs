//! A server that sends the same documented success to every request, over http or https.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Resolved by the client's own table, so that URLs contain a host name as in production.
const HOST: &str = "example.authing.test";
const BODY: &str = r#"{"statusCode":200,"message":"Operation successful","requestId":"934108e5-9fbf-4d24-8da1-c330328abd6c","data":{"phoneNumber":"+8613800138000","purePhoneNumber":"13800138000","countryCode":"86"}}"#;

/// A running stub and what a client needs to reach it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address of the stub.
    pub address: SocketAddr,
    /// The certificate to trust in PEM format; only https has one.
    pub root: Option<String>,
}

impl Target {
    /// Starts a stub for http in threads of this process, one per connection. It responds after
    /// the delay.
    pub fn http(delay: Duration) -> Self {
        let address = serve(move |stream| answer(stream, delay));
        let root = None;
        Self { address, root }
    }

    /// Starts a stub for https with a new self-signed certificate.
    pub fn https() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let address = serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            answer(StreamOwned::new(connection, stream), Duration::ZERO);
        });
        let root = Some(cert.pem());
        Self { address, root }
    }

    /// Returns the URL of the stub without a path and, as in production, without a port.
    pub fn base_url(&self) -> String {
        let scheme = if self.root.is_some() { "https" } else { "http" };
        format!("{scheme}://{HOST}")
    }

    /// Returns reqwest's default settings, with the stub's host name resolved.
    pub fn http_client_builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder().resolve(HOST, self.address)
    }
}

fn serve(connection: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let connection = connection.clone();
            thread::spawn(move || connection(stream));
        }
    });
    address
}

fn answer<S: Read + Write>(mut stream: S, delay: Duration) {
    let length = BODY.len();
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    let mut buffer = [0; 4096];
    let mut filled = 0;
    while let Ok(read @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += read;
        // All requests end with the brace of their JSON body.
        let request = &buffer[..filled];
        if request.ends_with(b"}") && request.windows(4).any(|window| window == b"\r\n\r\n") {
            filled = 0;
            thread::sleep(delay);
            if stream.write_all(response.as_bytes()).is_err() {
                return;
            }
        }
    }
}
