//! Certificates made at run time: a private CA, and valid and invalid server and client identities.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// The names of a server on this machine.
pub const LOOPBACK: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// A private CA.
#[derive(Debug)]
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// The CA's own certificate and key.
    pub identity: Identity,
}

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: Certificate,
    /// The private key in PEM (PKCS #8).
    pub key_pem: String,
}

impl Identity {
    /// Returns key and certificate in one PEM text, the input of `identity_pem`.
    pub fn pem(&self) -> String {
        format!("{}{}", self.key_pem, self.certificate.pem())
    }

    /// Returns the configuration of a TLS server that prefers HTTP/2 and accepts the client
    /// certificates of a CA, which may be required.
    pub fn server_config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<(&Ca, bool)>,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("versions");
        let der = |identity: &Self| identity.certificate.der().clone();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some((ca, is_required)) => {
                let mut roots = RootCertStore::empty();
                roots.add(der(&ca.identity)).expect("a CA certificate");
                let roots = Arc::new(roots);
                let mut verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                if !is_required {
                    verifier = verifier.allow_unauthenticated();
                }
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).expect("a key");
        let config = config.with_single_cert(vec![der(self)], key);
        let mut config = config.expect("a certificate with its key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// Returns a self-signed leaf certificate for this machine.
    pub fn self_signed() -> Self {
        let names = LOOPBACK.map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        Self {
            certificate: made.cert,
            key_pem: made.signing_key.serialize_pem(),
        }
    }
}

impl Ca {
    /// Makes a CA. Its certificate also names this machine, so it can be misused as a leaf.
    pub fn new(common_name: &str) -> Self {
        let mut made = CertificateParams::new(LOOPBACK.map(str::to_owned)).expect("host names");
        made.distinguished_name
            .push(DnType::CommonName, common_name);
        made.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let identity = Identity {
            certificate: made.self_signed(&key).expect("a certificate"),
            key_pem: key.serialize_pem(),
        };
        Self {
            issuer: Issuer::new(made, key),
            identity,
        }
    }

    /// Returns the CA's certificate in PEM.
    pub fn pem(&self) -> String {
        self.identity.certificate.pem()
    }

    /// Issues a valid server certificate for these names.
    pub fn server(&self, names: &[&str]) -> Identity {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth, 2099)
    }

    /// Issues a server certificate for this machine that expired years ago.
    pub fn expired_server(&self) -> Identity {
        self.issue(&LOOPBACK, ExtendedKeyUsagePurpose::ServerAuth, 2021)
    }

    /// Issues a client certificate.
    pub fn client(&self) -> Identity {
        self.issue(&LOOPBACK, ExtendedKeyUsagePurpose::ClientAuth, 2099)
    }

    fn issue(&self, names: &[&str], usage: ExtendedKeyUsagePurpose, until: i32) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut made = CertificateParams::new(names).expect("host names");
        made.extended_key_usages = vec![usage];
        made.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        Identity {
            certificate: made.signed_by(&key, &self.issuer).expect("a certificate"),
            key_pem: key.serialize_pem(),
        }
    }
}
