//! Certificates made at run time: a private CA, and valid and invalid server and client identities.

use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

pub use rcgen::ExtendedKeyUsagePurpose as Usage;

/// The names of a server on this machine.
pub const LOOPBACK: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// A certificate with its private key.
#[derive(Debug)]
pub struct Identity {
    params: CertificateParams,
    key: KeyPair,
    /// The certificate.
    pub certificate: Certificate,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).expect("host names")
}

impl Identity {
    /// Makes a CA. Its certificate also names this machine, so it can be misused as a leaf.
    pub fn ca(common_name: &str) -> Self {
        let mut params = params(&LOOPBACK);
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::new(params, None)
    }

    /// Returns a self-signed leaf certificate for this machine.
    pub fn self_signed() -> Self {
        Self::new(params(&LOOPBACK), None)
    }

    /// Issues a certificate for these names, valid until the start of a year.
    pub fn issue(&self, names: &[&str], usage: Usage, until: i32) -> Self {
        let mut params = params(names);
        params.extended_key_usages = vec![usage];
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        Self::new(params, Some(self))
    }

    /// Issues a valid server certificate for this machine.
    pub fn server(&self) -> Self {
        self.issue(&LOOPBACK, Usage::ServerAuth, 2099)
    }

    /// Issues a client certificate.
    pub fn client(&self) -> Self {
        self.issue(&LOOPBACK, Usage::ClientAuth, 2099)
    }

    fn new(params: CertificateParams, ca: Option<&Self>) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = match ca {
            Some(ca) => params.signed_by(&key, &Issuer::from_params(&ca.params, &ca.key)),
            None => params.self_signed(&key),
        };
        Self {
            certificate: certificate.expect("a certificate"),
            params,
            key,
        }
    }

    /// Returns the private key in PEM (PKCS #8).
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Returns key and certificate in one PEM text, the input of `identity_pem`.
    pub fn pem(&self) -> String {
        self.key_pem() + &self.certificate.pem()
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
        let der = |identity: &Self| identity.certificate.der().clone();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                roots.add(der(ca)).expect("a CA certificate");
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der());
        let config = config.with_single_cert(vec![der(self)], key.into());
        let mut config = config.expect("a certificate with its key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}
