//! The TLS step: a handshake that trusts what the library trusts, and its failure in words.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use authing::ErrorKind;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, Error};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::report::Step;
use super::{NAMES, PATIENCE};
use crate::arguments::Pem;

/// Shakes hands, and tells what came of it.
pub(super) async fn shake_hands(url: &Url, stream: TcpStream, pem: &Pem) -> Step {
    let begun = Instant::now();
    let result = match (config(pem), server_name(url)) {
        (Ok(config), Some(name)) => {
            let connector = TlsConnector::from(Arc::new(config));
            timeout(PATIENCE, connector.connect(name, stream)).await
        }
        (Err(error), _) => Ok(Err(io::Error::other(error))),
        (Ok(_), None) => Ok(Err(io::ErrorKind::InvalidInput.into())),
    };
    let step = match result {
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version();
            let version = version
                .and_then(|version| version.as_str())
                .unwrap_or("TLS");
            let version = version.replace('_', ".").replace("TLSv", "TLS ");
            Step::passed(NAMES[3], format!("{version}, and the certificate is good"))
        }
        Ok(Err(error)) => failed(&error),
        Err(_) => fail(
            &format!("no answer to the handshake within {PATIENCE:?}"),
            "check that the port is the one for https",
        ),
    };
    step.since(begun)
}

/// What the library's own settings come to, as far as a handshake shows.
fn config(pem: &Pem) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let unreadable = |_| Error::General("a PEM file cannot be read".to_owned());
    let mut roots = Vec::new();
    for text in &pem.roots {
        for root in CertificateDer::pem_slice_iter(text) {
            roots.push(root.map_err(unreadable)?);
        }
    }
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &pem.identity {
        None => builder.with_no_client_auth(),
        Some(text) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
            let key = PrivateKeyDer::from_pem_slice(text).map_err(unreadable)?;
            builder.with_client_auth_cert(chain.map_err(unreadable)?, key)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Ipv4(address) => Some(ServerName::IpAddress(address.into())),
        Host::Ipv6(address) => Some(ServerName::IpAddress(address.into())),
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
    }
}

fn fail(found: &str, remedy: &str) -> Step {
    Step::failed(NAMES[3], ErrorKind::Connect, found, remedy)
}

fn failed(error: &io::Error) -> Step {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match cause {
        Some(Error::InvalidCertificate(certificate)) => bad_certificate(certificate),
        Some(Error::InvalidMessage(_)) => fail(
            "what answers there does not speak TLS",
            "check that the port is the one for https; plain http is for this machine alone",
        ),
        Some(Error::AlertReceived(alert)) => fail(
            &format!("the host refused the handshake: {alert:?}"),
            "a private deployment may ask for a client certificate: --identity, or identity_pem in \
             the library",
        )
        .guess(),
        Some(other) => fail(&other.to_string(), "check the host's TLS settings"),
        None => fail(
            &format!("the host ended the handshake: {error}"),
            "check that the port is the one for https, and what stands before the host",
        ),
    }
}

fn bad_certificate(error: &CertificateError) -> Step {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => fail(
            "the host's certificate has expired",
            "have it renewed; or set this machine's clock, if that is wrong",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => fail(
            "the host's certificate is not valid yet",
            "set this machine's clock; or have the certificate replaced",
        ),
        CertificateError::UnknownIssuer => fail(
            "the host's certificate is of an authority that this machine does not trust",
            "for a private deployment give its authority: --root-certificate, or \
             root_certificate_pem in the library; for any other host somebody may be in between",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            fail(
                "the host's certificate is for another name",
                "check the spelling of the host; it must be one that the certificate names",
            )
        }
        other => fail(
            &format!("the host's certificate is refused: {other}"),
            "have it replaced; for a self-signed one, have an authority issue it",
        ),
    }
}
