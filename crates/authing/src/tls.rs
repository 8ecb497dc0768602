//! TLS with rustls; certificates are always verified.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

/// Builds the TLS configuration from additional root certificates and an identity.
///
/// Without `is_https` at most a proxy uses TLS, and it does not get the client certificate. Without
/// `needs_roots` no connection uses TLS, and the trust store is not read.
pub(crate) fn client_config(
    roots_pem: &[Vec<u8>],
    identity_pem: Option<&[u8]>,
    is_https: bool,
    needs_roots: bool,
) -> Result<ClientConfig> {
    let provider = provider()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Error::config("the cryptography provider does not support TLS").with_source(error)
        })?;
    // The parser's errors are dropped: they can quote their input, and that can be a key.
    let mut roots = Vec::new();
    for pem in roots_pem {
        roots.extend(certificates(pem, "add_root_certificate_pem")?);
    }
    let must_verify = is_https || !roots.is_empty();
    let builder = match needs_roots.then(|| Verifier::new_with_extra_roots(roots, provider)) {
        Some(Ok(verifier)) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)),
        Some(Err(error)) if must_verify => return Err(no_roots(error)),
        // Plain http, where at most a proxy uses TLS, and then its certificate is rejected.
        Some(Err(_)) | None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let identity = identity_pem.map(identity).transpose()?;
    let mut config = match identity.filter(|_| is_https) {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            Error::config("identity_pem: the private key and the certificate do not match")
                .with_source(error)
        })?,
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The process's default provider, or the one that this crate was built with.
fn provider() -> Result<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Ok(Arc::clone(installed));
    }
    #[cfg(feature = "rustls")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(feature = "rustls"))]
    Err(Error::config(
        "no cryptography provider; call CryptoProvider::install_default or enable feature `rustls`",
    ))
}

fn no_roots(error: rustls::Error) -> Error {
    // Only the verifier's text tells an empty trust store from an unusable certificate.
    let detail = if error.to_string().contains("No CA certificates") {
        "the system has no root certificates; install the package ca-certificates, or use \
         add_root_certificate_pem"
    } else {
        "add_root_certificate_pem: a certificate cannot be used as a root certificate"
    };
    Error::config(detail).with_source(error)
}

fn identity(pem: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = certificates(pem, "identity_pem")?;
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Error::config("identity_pem contains no private key in PEM format"))?;
    Ok((chain, key))
}

fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|_| Error::config(format!("{option} is not valid PEM")))?;
    if certificates.is_empty() {
        let text = format!("{option} contains no certificate in PEM format");
        return Err(Error::config(text));
    }
    Ok(certificates)
}
