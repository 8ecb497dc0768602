//! TLS by rustls, with verification always on.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

/// What the client trusts besides the system's authorities, and who it says it is.
#[derive(Default)]
pub(crate) struct TlsOptions {
    pub(crate) root_certificates_pem: Vec<Vec<u8>>,
    pub(crate) identity_pem: Option<Vec<u8>>,
}

/// The configuration for a client that speaks `https` if `is_https`.
///
/// A client that speaks plain `http` alone gets one that trusts nobody, and so does not read the
/// system's trust store.
pub(crate) fn client_config(options: &TlsOptions, is_https: bool) -> Result<ClientConfig> {
    let provider = provider()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("the cryptography provider lacks TLS").with_source(error))?;
    let builder = if is_https {
        let roots = roots(options)?;
        let verifier = verifier(roots, provider).map_err(|error| {
            Error::config("the certificates to trust cannot be loaded").with_source(error)
        })?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_root_certificates(rustls::RootCertStore::empty())
    };
    let mut config = match &options.identity_pem {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let (chain, key) = identity(pem)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                Error::config(
                    "identity_pem holds a certificate and a key that do not belong together",
                )
                .with_source(error)
            })?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The provider that the process installed, else the one that this crate was built with.
fn provider() -> Result<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Ok(Arc::clone(installed));
    }
    #[cfg(feature = "rustls")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(feature = "rustls"))]
    Err(Error::config(
        "no cryptography provider: install one with rustls's CryptoProvider::install_default, or \
         switch on the feature `rustls`",
    ))
}

#[cfg(any(all(unix, not(target_os = "android")), windows))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> std::result::Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(roots, provider)
}

#[cfg(not(any(all(unix, not(target_os = "android")), windows)))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> std::result::Result<Verifier, rustls::Error> {
    if !roots.is_empty() {
        let text = "this platform takes no root certificates besides its own";
        return Err(rustls::Error::General(text.to_owned()));
    }
    Verifier::new(provider)
}

fn roots(options: &TlsOptions) -> Result<Vec<CertificateDer<'static>>> {
    let mut roots = Vec::new();
    for pem in &options.root_certificates_pem {
        let found = CertificateDer::pem_slice_iter(pem)
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|_| Error::config("root_certificate_pem is not PEM"))?;
        if found.is_empty() {
            return Err(Error::config("root_certificate_pem holds no certificate"));
        }
        roots.extend(found);
    }
    Ok(roots)
}

// The parser's own errors may quote what they could not read, and that may be a key.
fn identity(pem: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| Error::config("identity_pem is not PEM"))?;
    if chain.is_empty() {
        return Err(Error::config("identity_pem holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Error::config("identity_pem holds no private key"))?;
    Ok((chain, key))
}

/// Runs in a build without a provider alone: `cargo xtask ci features`.
#[cfg(all(test, not(feature = "rustls")))]
mod without_provider {
    use crate::{AuthenticationClient, ErrorKind};

    #[test]
    fn no_provider_is_a_config_error_that_says_how_to_get_one() {
        let builder = AuthenticationClient::builder()
            .app_host("https://example.authing.cn")
            .app_id("app");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let line = error.to_string();
        assert!(line.contains("install_default"), "{line}");
        assert!(line.contains("the feature `rustls`"), "{line}");
    }
}
