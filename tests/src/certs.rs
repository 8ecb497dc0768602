//! Certificates made at run time: a private CA, and valid and invalid server and client identities.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

pub use rcgen::{ExtendedKeyUsagePurpose as Usage, IsCa};

/// The names of a server on this machine.
pub const LOOPBACK: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// A certificate with its private key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: CertifiedIssuer<'static, KeyPair>,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).expect("host names")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Identity {
    /// Makes a CA. Its certificate also names this machine, so it can be misused as a leaf.
    pub fn ca(common_name: &str) -> Self {
        Self::self_signed(common_name, IsCa::Ca(BasicConstraints::Unconstrained))
    }

    /// Makes a self-signed certificate for this machine, of a CA or a leaf.
    pub fn self_signed(common_name: &str, is_ca: IsCa) -> Self {
        let mut params = params(&LOOPBACK);
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, common_name);
        params.is_ca = is_ca;
        let certificate = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
        Self { certificate }
    }

    /// Issues a certificate for these names, valid until the start of a year.
    pub fn issue(&self, names: &[&str], usage: Usage, until: i32) -> Self {
        let mut params = params(names);
        params.extended_key_usages = vec![usage];
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = CertifiedIssuer::signed_by(params, key(), &self.certificate);
        let certificate = certificate.expect("a certificate");
        Self { certificate }
    }

    /// Issues a valid server certificate for this machine.
    pub fn server(&self) -> Self {
        self.issue(&LOOPBACK, Usage::ServerAuth, 2099)
    }

    /// Issues a client certificate.
    pub fn client(&self) -> Self {
        self.issue(&LOOPBACK, Usage::ClientAuth, 2099)
    }

    /// Returns key (PKCS #8) and certificate in one PEM text, the input of `identity_pem`.
    pub fn pem(&self) -> String {
        self.certificate.key().serialize_pem() + &self.certificate.pem()
    }

    /// Returns the configuration of a TLS server that prefers HTTP/2, and requires a client
    /// certificate of a CA if one is given.
    pub fn server_config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<&Self>,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("versions");
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates([ca.certificate.der().clone()]);
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().expect("a CA certificate"))
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.certificate.key().serialize_der());
        let config = config.with_single_cert(vec![self.certificate.der().clone()], key.into());
        let mut config = config.expect("a certificate with its key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}
