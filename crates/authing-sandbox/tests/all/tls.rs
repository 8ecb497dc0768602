//! TLS: the handshake, its faults, and the closes below it.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use authing_sandbox::{CodeStatus, CutAt, Fault, How, Sandbox};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::*;

type Client = StreamOwned<ClientConnection, std::net::TcpStream>;

/// A sandbox with TLS, and the configuration of a client that trusts it.
fn sandbox() -> (Sandbox, Arc<ClientConfig>) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let certificate = signed.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    // Another crate of the workspace may bring a second provider, so there is no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let sandbox = start(Sandbox::builder().tls(Arc::new(server)));
    (sandbox, Arc::new(client))
}

fn connect(sandbox: &Sandbox, client: &Arc<ClientConfig>, name: &'static str) -> Client {
    let name = name.try_into().unwrap();
    let connection = ClientConnection::new(Arc::clone(client), name).unwrap();
    StreamOwned::new(connection, Peer::connect(sandbox, b"").0)
}

#[test]
fn exchanges_and_cuts_work_above_and_below_tls() {
    let (sandbox, client) = sandbox();
    assert!(sandbox.base_url().starts_with("https://localhost:"));
    // A FIN below TLS has no close_notify before it, and one after a complete response has.
    for (cut, end) in [
        (None, "Ok(())"),
        (Some((CutAt::Response, How::Fin)), "Ok(())"),
        (Some((CutAt::HalfBody, How::Fin)), "Err(UnexpectedEof)"),
        (Some((CutAt::HalfBody, How::Reset)), "Err(ConnectionReset)"),
    ] {
        let code = issue(&sandbox);
        let mut request = exchange_request(&code);
        match cut {
            Some((at, how)) => push(&sandbox, Fault::cut(at, how)),
            None => request = replaced(request, "\r\n", "\r\nconnection: close\r\n"),
        }
        let mut stream = connect(&sandbox, &client, "localhost");
        stream.write_all(&request).unwrap();
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes).map(|_| ());
        let found = read.map_err(|error| error.kind());
        assert_eq!(format!("{found:?}"), end);
        let record = last(&sandbox);
        assert_eq!((&record.bytes, &record.response), (&request, &bytes));
        assert_eq!(seen(&sandbox, &code), (1, CodeStatus::Consumed));
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.plain_bytes_read, request.len() as u64);
        assert_eq!(connection.handshake, Some(Ok(None)));
    }
}

/// Each row: the fault, and the client's error.
#[test]
fn no_plain_byte_is_sent_if_the_handshake_fails_or_is_cut_or_stalled() {
    let (sandbox, client) = sandbox();
    for (fault, kind) in [
        ((CutAt::Accept, How::Fin), "UnexpectedEof"),
        ((CutAt::Accept, How::Reset), "ConnectionReset"),
        ((CutAt::Handshake(40), How::Fin), "UnexpectedEof"),
        ((CutAt::Handshake(40), How::Reset), "ConnectionReset"),
        ((CutAt::Handshake(40), How::Stall), "WouldBlock"),
    ] {
        push(&sandbox, Fault::cut(fault.0, fault.1));
        let mut stream = connect(&sandbox, &client, "localhost");
        let a_while = Some(Duration::from_millis(100));
        stream.sock.set_read_timeout(a_while).unwrap();
        let error = stream.write_all(&exchange_request("code")).unwrap_err();
        assert_eq!(format!("{:?}", error.kind()), kind, "{fault:?}");
        let connection = sandbox.connections().pop().unwrap();
        assert_eq!(connection.plain_bytes_read, 0);
    }
    let mut stream = connect(&sandbox, &client, "elsewhere.example");
    assert!(stream.write_all(&exchange_request("code")).is_err());
    drop(stream);
    let connection = || sandbox.connections().pop().unwrap();
    eventually("the handshake fails, and the close is seen", || {
        let reason = connection().handshake.and_then(Result::err);
        let failed = reason.is_some_and(|reason| reason.contains("Certificate"));
        failed && connection().peer_closed == Some(How::Fin)
    });
    assert_eq!(connection().plain_bytes_read, 0);
    assert_eq!(sandbox.request_count(), 0);
}
