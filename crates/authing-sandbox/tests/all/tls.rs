//! TLS: the handshake, its faults, and the closes below it.

use std::io::ErrorKind::{ConnectionReset, UnexpectedEof, WouldBlock};
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::*;

type Client = StreamOwned<ClientConnection, TcpStream>;

/// A sandbox with TLS, and a function that connects a client, which trusts it, to a host name.
fn sandbox() -> (Sandbox, impl Fn(&'static str) -> Client) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let certificate = signed.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    // Another crate of the workspace may bring a second provider, so one must be chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Arc::new(client);
    let sandbox = start(Sandbox::builder().tls(Arc::new(server)));
    let address = sandbox.address();
    let connect = move |name: &'static str| {
        let name = name.try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(&client), name).unwrap();
        StreamOwned::new(connection, Peer::connect(address, "").0)
    };
    (sandbox, connect)
}

#[test]
fn exchanges_and_cuts_work_above_and_below_tls() {
    let (sandbox, connect) = sandbox();
    assert!(sandbox.base_url().starts_with("https://localhost:"));
    // A FIN below TLS has no close_notify before it, and one after a complete response has.
    for (fault, end) in [
        (Fault::delay(Duration::ZERO), Ok(())),
        (Fault::cut(CutAt::Response, Fin), Ok(())),
        (Fault::cut(CutAt::HalfBody, Fin), Err(UnexpectedEof)),
        (Fault::cut(CutAt::HalfBody, Reset), Err(ConnectionReset)),
    ] {
        sandbox.push_fault(fault).unwrap();
        let code = issue(&sandbox);
        let request = exchange_request(&code).replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let request = request.into_bytes();
        let mut stream = connect("localhost");
        stream.write_all(&request).unwrap();
        let mut bytes = Vec::new();
        let found = stream.read_to_end(&mut bytes).map(|_| ());
        assert_eq!(found.map_err(|error| error.kind()), end);
        let record = last(&sandbox);
        assert_eq!((&record.bytes, record.response), (&request, bytes));
        assert_eq!(seen(&sandbox, &code), (1, Consumed));
        let connection = connection(&sandbox);
        assert_eq!(connection.plain_bytes_read, request.len() as u64);
        assert_eq!(connection.handshake, Some(Ok(None)));
    }
}

#[test]
fn no_plain_byte_is_sent_if_the_handshake_fails_or_is_cut_or_stalled() {
    let (sandbox, connect) = sandbox();
    for (at, how, kind) in [
        (CutAt::Accept, Fin, UnexpectedEof),
        (CutAt::Accept, Reset, ConnectionReset),
        (CutAt::Handshake(40), Fin, UnexpectedEof),
        (CutAt::Handshake(40), Reset, ConnectionReset),
        (CutAt::Handshake(40), Stall, WouldBlock),
    ] {
        sandbox.push_fault(Fault::cut(at, how)).unwrap();
        let mut stream = connect("localhost");
        let a_while = Some(MILLISECOND * 100);
        stream.sock.set_read_timeout(a_while).unwrap();
        let error = stream.write_all(b"plain").unwrap_err();
        assert_eq!(error.kind(), kind, "{at:?} {how:?}");
        assert_eq!(connection(&sandbox).plain_bytes_read, 0);
    }
    let mut stream = connect("elsewhere.example");
    assert!(stream.write_all(b"plain").is_err());
    drop(stream);
    eventually("the handshake fails, and the close is seen", || {
        let connection = connection(&sandbox);
        let reason = connection.handshake.and_then(Result::err);
        let failed = reason.is_some_and(|reason| reason.contains("Certificate"));
        failed && connection.peer_closed == Some(Fin)
    });
    assert_eq!(connection(&sandbox).plain_bytes_read, 0);
    assert_eq!(sandbox.request_count(), 0);
}
