//! TLS: the handshake, its faults, and the closes below it.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use authing_sandbox::{Closed, CodeStatus, CutAt, Fault, How, Sandbox, Tls};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::*;

type Client = StreamOwned<ClientConnection, std::net::TcpStream>;

/// A sandbox with TLS, and the configuration of a client that trusts it.
fn sandbox() -> (Sandbox, Arc<ClientConfig>) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = signed.cert.der().clone();
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let sandbox = start(Sandbox::builder().tls(Arc::new(server)));
    (sandbox, Arc::new(client))
}

fn connect(sandbox: &Sandbox, client: &Arc<ClientConfig>, name: &'static str) -> Client {
    let name = name.try_into().unwrap();
    let connection = ClientConnection::new(Arc::clone(client), name).unwrap();
    StreamOwned::new(connection, Peer::connect(sandbox).0)
}

#[test]
fn exchanges_and_cuts_work_above_and_below_tls() {
    let (sandbox, client) = sandbox();
    assert!(sandbox.base_url().starts_with("https://localhost:"));
    // A FIN below TLS has no close_notify before it, and one after a complete response has.
    for (fault, end) in [
        (None, Ok(())),
        (Some(Fault::cut(CutAt::Response, How::Fin)), Ok(())),
        (
            Some(Fault::cut(CutAt::HalfBody, How::Fin)),
            Err(io::ErrorKind::UnexpectedEof),
        ),
        (
            Some(Fault::cut(CutAt::HalfBody, How::Reset)),
            Err(io::ErrorKind::ConnectionReset),
        ),
    ] {
        let code = issue(&sandbox);
        let mut request = exchange_request(&code);
        match fault {
            Some(fault) => push(&sandbox, fault),
            None => {
                let text = String::from_utf8(request).unwrap();
                request = text
                    .replacen("\r\n", "\r\nconnection: close\r\n", 1)
                    .into_bytes();
            }
        }
        let mut stream = connect(&sandbox, &client, "localhost");
        stream.write_all(&request).unwrap();
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes).map(|_| ());
        assert_eq!(read.map_err(|error| error.kind()), end);
        let record = last(&sandbox);
        assert_eq!((&record.bytes, &record.response), (&request, &bytes));
        assert_eq!(status(&sandbox, &code), CodeStatus::Consumed);
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.plain_bytes_read, request.len() as u64);
        assert!(connection.bytes_read > connection.plain_bytes_read + 100);
        let Tls::Done {
            version,
            server_name,
            alpn,
            client_certificate,
        } = connection.tls
        else {
            panic!("{:?}", connection.tls)
        };
        assert_eq!(version, "TLSv1_3");
        assert_eq!(server_name.as_deref(), Some("localhost"));
        assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(client_certificate, None);
    }
}

#[test]
fn handshakes_can_be_cut_or_stalled() {
    let (sandbox, client) = sandbox();
    for (at, how, kind) in [
        (CutAt::Accept, How::Fin, io::ErrorKind::UnexpectedEof),
        (CutAt::Accept, How::Reset, io::ErrorKind::ConnectionReset),
        (CutAt::Handshake(40), How::Fin, io::ErrorKind::UnexpectedEof),
        (
            CutAt::Handshake(40),
            How::Reset,
            io::ErrorKind::ConnectionReset,
        ),
        (CutAt::Handshake(40), How::Stall, io::ErrorKind::WouldBlock),
    ] {
        push(&sandbox, Fault::cut(at, how));
        let mut stream = connect(&sandbox, &client, "localhost");
        let a_while = Some(Duration::from_millis(100));
        stream.sock.set_read_timeout(a_while).unwrap();
        let error = stream.write_all(&exchange_request("code")).unwrap_err();
        assert_eq!(error.kind(), kind, "{at:?} {how:?}");
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.plain_bytes_read, 0);
        if how == How::Reset {
            let read = if at == CutAt::Accept { 0 } else { 40 };
            assert_eq!(connection.bytes_read, read);
        }
    }
    assert_eq!(sandbox.request_count(), 0);
}

#[test]
fn a_client_that_distrusts_the_certificate_sends_no_plain_byte() {
    let (sandbox, client) = sandbox();
    let mut stream = connect(&sandbox, &client, "elsewhere.example");
    assert!(stream.write_all(&exchange_request("code")).is_err());
    let failed = || match sandbox.connections().pop().unwrap().tls {
        Tls::Failed(reason) => reason.contains("Certificate"),
        _ => false,
    };
    eventually("the handshake fails", failed);
    drop(stream);
    let closed = || sandbox.connections()[0].peer_closed;
    eventually("the close is seen", || closed() == Some(Closed::Fin));
    assert_eq!(sandbox.connections()[0].plain_bytes_read, 0);
}
