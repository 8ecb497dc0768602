//! The TLS side of the judge judged: refusals are counted, and not one byte of plain text with them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use authing_tests::certs::{Authority, Identity};
use authing_tests::judge::{Action, CutAt, Ending, Judge, Reply, Script, Tls, TlsSetup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const REQUEST: &[u8] = b"POST /a HTTP/1.1\r\nHost: h\r\ncontent-length: 3\r\n\r\nabc";
const WIDE: Duration = Duration::from_secs(5);

/// One request over TLS, trusting `root`: what was read up to the end, or why it failed.
async fn request(
    judge: &Judge,
    root: &Authority,
    client: Option<&Identity>,
    alpn: &[&str],
) -> io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(root.der().to_vec()))
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from(identity.certificate_der.clone())];
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let connector = TlsConnector::from(Arc::new(config));
    let exchange = async {
        let tcp = TcpStream::connect(judge.addr()).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, tcp).await?;
        stream.write_all(REQUEST).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    };
    tokio::time::timeout(WIDE, exchange).await.unwrap()
}

fn closing() -> Reply {
    Reply::new(200).body("hello").closing()
}

async fn refused(judge: &Judge) {
    assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
    assert_eq!((judge.connection_count(), judge.request_count()), (1, 0));
    assert_eq!(judge.plaintext_bytes_received(), 0);
    assert!(judge.bytes_received() > 0);
    let tls = judge.connections()[0].tls.clone();
    assert!(matches!(tls, Tls::Failed(_)), "{tls:?}");
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_plain_text_counted() {
    let root = Authority::new("root");
    let good = TlsSetup::new(&root.server());
    for (setup, expected) in [
        (good.clone(), "TLSv1_3"),
        (good.clone().only_tls13(), "TLSv1_3"),
        (good.only_tls12(), "TLSv1_2"),
    ] {
        let judge = Judge::start_tls(closing(), &setup);
        assert!(judge.base_url().starts_with("https://127.0.0.1:"));
        let bytes = request(&judge, &root, None, &[]).await.unwrap();
        assert_eq!(bytes, closing().to_bytes());
        assert_eq!(judge.requests()[0].raw, REQUEST);
        assert_eq!(judge.plaintext_bytes_received(), REQUEST.len() as u64);
        assert!(judge.bytes_received() > judge.plaintext_bytes_received());
        let tls = judge.connections()[0].tls.clone();
        let Tls::Done {
            version,
            server_name,
            alpn,
            client_certificate,
        } = tls
        else {
            panic!("{tls:?}")
        };
        assert_eq!(
            (version.as_str(), server_name.as_deref()),
            (expected, Some("localhost"))
        );
        assert_eq!((alpn, client_certificate), (None, None));
    }
}

#[tokio::test]
async fn bad_certificates_are_refused_with_zero_plain_text() {
    let root = Authority::new("root");
    for identity in [
        Identity::self_signed(),
        root.server_for(&["elsewhere.invalid"]),
        root.expired_server(),
        Authority::new("unknown").server(),
    ] {
        let judge = Judge::start_tls(closing(), &TlsSetup::new(&identity));
        let error = request(&judge, &root, None, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        refused(&judge).await;
    }
}

#[tokio::test]
async fn a_client_certificate_is_asked_for_and_recorded() {
    let root = Authority::new("root");
    let clients = Authority::new("clients");
    let setup = TlsSetup::new(&root.server()).require_client_certificate(&clients);
    for setup in [setup.clone().only_tls12(), setup.only_tls13()] {
        let judge = Judge::start_tls(closing(), &setup);
        let alice = clients.client("alice");
        let bytes = request(&judge, &root, Some(&alice), &[]).await.unwrap();
        assert_eq!(bytes, closing().to_bytes());
        let tls = judge.connections()[0].tls.clone();
        let Tls::Done {
            client_certificate: Some(seen),
            ..
        } = tls
        else {
            panic!("{tls:?}")
        };
        assert_eq!(
            (&seen.common_name, &seen.serial),
            (&alice.common_name, &alice.serial)
        );
        assert_eq!(seen.der, alice.certificate_der);

        for client in [None, Some(root.client("mallory"))] {
            let judge = Judge::start_tls(closing(), &setup);
            request(&judge, &root, client.as_ref(), &[])
                .await
                .unwrap_err();
            refused(&judge).await;
        }
    }
}

#[tokio::test]
async fn http2_is_agreed_to_only_where_offered_by_both() {
    let root = Authority::new("root");
    let judge = Judge::start_tls(closing(), &TlsSetup::new(&root.server()).offer_h2());
    for (offer, agreed) in [
        (&["h2", "http/1.1"][..], "h2"),
        (&["http/1.1"][..], "http/1.1"),
    ] {
        request(&judge, &root, None, offer).await.unwrap();
        let tls = judge.connections().last().unwrap().tls.clone();
        let Tls::Done { alpn, .. } = tls else {
            panic!("{tls:?}")
        };
        assert_eq!(alpn.as_deref(), Some(agreed.as_bytes()));
    }
}

#[tokio::test]
async fn a_silent_handshake_is_held_until_the_client_closes() {
    let judge = Judge::start_tls(closing(), &TlsSetup::silent());
    let mut stream = TcpStream::connect(judge.addr()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    assert!(judge.wait_for(|j| j.bytes_received() == 5, WIDE).await);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), stream.read_u8())
            .await
            .is_err()
    );
    assert_eq!(
        (judge.open_connections(), judge.plaintext_bytes_received()),
        (1, 0)
    );
    assert_eq!(judge.connections()[0].tls, Tls::Handshaking);
    drop(stream);
    assert!(judge.wait_for(|j| !j.connections()[0].open, WIDE).await);
}

#[tokio::test]
async fn a_handshake_is_cut_after_its_bytes() {
    let root = Authority::new("root");
    for (ending, expected) in [
        (Ending::Fin, ErrorKind::UnexpectedEof),
        (Ending::Rst, ErrorKind::ConnectionReset),
    ] {
        let judge = Judge::start_tls(closing(), &TlsSetup::cut_after(20, ending));
        let error = request(&judge, &root, None, &[]).await.unwrap_err();
        assert_eq!(error.kind(), expected);
        refused(&judge).await;
        assert_eq!(judge.connections()[0].bytes_read, 20);
    }
}

#[tokio::test]
async fn cuts_work_below_tls_and_count_plain_text() {
    let root = Authority::new("root");
    let setup = TlsSetup::new(&root.server());
    for (ending, expected) in [
        (Ending::Fin, ErrorKind::UnexpectedEof),
        (Ending::Rst, ErrorKind::ConnectionReset),
    ] {
        for (at, requests) in [(CutAt::RequestBytes(9), 0), (CutAt::HalfBody, 1)] {
            let script = Script::always(Action::cut_reply(at, ending, closing()));
            let judge = Judge::start_tls(script, &setup);
            let error = request(&judge, &root, None, &[]).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{at:?}");
            assert!(judge.wait_for(|j| j.open_connections() == 0, WIDE).await);
            assert_eq!(judge.request_count(), requests);
            if let (CutAt::RequestBytes(bytes), Ending::Rst) = (at, ending) {
                assert_eq!(judge.plaintext_bytes_received(), bytes as u64);
            }
        }
        let judge = Judge::start_tls(Action::cut(CutAt::Accept, ending), &setup);
        request(&judge, &root, None, &[]).await.unwrap_err();
        assert_eq!(judge.connections()[0].bytes_read, 0);
    }
}
