//! The TLS side of the judge: good handshakes, and handshakes that go nowhere.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{self, Counted};
use super::{Action, ClientCertificate, Ending, Script, Tls};
use crate::certs::{Authority, Identity, subject_and_serial};

/// What the judge does about TLS.
#[derive(Clone, Debug)]
pub struct TlsSetup {
    handshake: Handshake,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    client_authority: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Handshake {
    With(Box<Identity>),
    Silent,
    Cut { after: usize, ending: Ending },
}

impl TlsSetup {
    /// Shakes hands with this certificate, good or bad; TLS 1.2 and 1.3, no client certificate,
    /// no application protocol.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        Self::from(Handshake::With(Box::new(identity.clone())))
    }

    /// Accepts the connection, reads, and never says anything.
    #[must_use]
    pub fn silent() -> Self {
        Self::from(Handshake::Silent)
    }

    /// Ends the connection after this many bytes of the client's first message.
    #[must_use]
    pub fn cut_after(bytes: usize, ending: Ending) -> Self {
        Self::from(Handshake::Cut {
            after: bytes,
            ending,
        })
    }

    /// Asks for a client certificate of this authority, and refuses clients without one.
    #[must_use]
    pub fn require_client_certificate(mut self, authority: &Authority) -> Self {
        self.client_authority = Some(authority.der().to_vec());
        self
    }

    /// Speaks TLS 1.2 only.
    #[must_use]
    pub fn only_tls12(mut self) -> Self {
        self.versions = vec![&version::TLS12];
        self
    }

    /// Speaks TLS 1.3 only.
    #[must_use]
    pub fn only_tls13(mut self) -> Self {
        self.versions = vec![&version::TLS13];
        self
    }

    /// Agrees to HTTP/2 with any client that offers it, as gateways do; its preface is then a
    /// violation here.
    #[must_use]
    pub fn offer_h2(mut self) -> Self {
        self.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        self
    }

    fn from(handshake: Handshake) -> Self {
        let versions = vec![&version::TLS12, &version::TLS13];
        Self {
            handshake,
            versions,
            alpn: Vec::new(),
            client_authority: None,
        }
    }
}

/// A setup made ready for connections.
#[derive(Clone)]
pub(crate) enum TlsMode {
    Accept(TlsAcceptor),
    Silent,
    Cut { after: usize, ending: Ending },
}

impl TlsMode {
    pub(crate) fn new(setup: &TlsSetup) -> Self {
        match &setup.handshake {
            Handshake::With(identity) => Self::Accept(acceptor(setup, identity)),
            Handshake::Silent => Self::Silent,
            Handshake::Cut { after, ending } => Self::Cut {
                after: *after,
                ending: *ending,
            },
        }
    }

    /// Serves one connection to its end.
    pub(crate) async fn serve(self, stream: Counted, script: Script, at_accept: Option<Action>) {
        let (tcp, link) = (Arc::clone(&stream.tcp), stream.link.clone());
        if let Some(cut) = at_accept {
            return end_raw(stream, cut.wait_for_cut().await).await;
        }
        match self {
            Self::Silent => drain(stream).await,
            Self::Cut { after, ending } => {
                let mut stream = stream;
                let mut hello = vec![0; after];
                if stream.read_exact(&mut hello).await.is_ok() {
                    link.update(|connection| connection.tls = Tls::Failed("cut".to_owned()));
                    end_raw(stream, ending).await;
                }
            }
            Self::Accept(acceptor) => match acceptor.accept(stream).into_fallible().await {
                Ok(stream) => {
                    let tls = done(&stream);
                    link.update(|connection| connection.tls = tls);
                    connection::serve(stream, tcp, link, script, None).await;
                }
                Err((error, stream)) => {
                    link.update(|connection| connection.tls = Tls::Failed(error.to_string()));
                    // An alert must not be lost to a RST.
                    end_raw(stream, Ending::Fin).await;
                }
            },
        }
    }
}

fn acceptor(setup: &TlsSetup, identity: &Identity) -> TlsAcceptor {
    // The process default is the business of the code under test.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&setup.versions)
        .expect("versions that the provider knows");
    let builder = match &setup.client_authority {
        None => builder.with_no_client_auth(),
        Some(der) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from(der.clone()))
                .expect("the authority's certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a client verifier"))
        }
    };
    let chain = vec![CertificateDer::from(identity.certificate_der.clone())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
    let mut config = builder
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    config.alpn_protocols.clone_from(&setup.alpn);
    TlsAcceptor::from(Arc::new(config))
}

fn done(stream: &TlsStream<Counted>) -> Tls {
    let session = stream.get_ref().1;
    let client_certificate = session
        .peer_certificates()
        .and_then(<[_]>::first)
        .map(|der| {
            let (common_name, serial) = subject_and_serial(der).unwrap_or_default();
            ClientCertificate {
                common_name,
                serial,
                der: der.to_vec(),
            }
        });
    Tls::Done {
        version: session
            .protocol_version()
            .map_or_else(String::new, |each| format!("{each:?}")),
        server_name: session.server_name().map(str::to_owned),
        alpn: session.alpn_protocol().map(<[u8]>::to_vec),
        client_certificate,
    }
}

/// Ends a connection that speaks no TLS (any more).
async fn end_raw(stream: Counted, ending: Ending) {
    connection::end(&stream.tcp, &stream.link, ending).await;
    if ending == Ending::Fin {
        drain(stream).await;
    }
}

/// Reads until the client closes.
async fn drain(mut stream: Counted) {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
}
