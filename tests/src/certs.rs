//! Certificates made on the fly: a private authority, and every kind of server and client identity.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};

/// The names under which a client reaches a judge on this machine.
pub const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "::1", "localhost"];

/// A private certificate authority.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: Vec<u8>,
}

/// A certificate with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate_der: Vec<u8>,
    /// The private key (PKCS #8).
    pub key_der: Vec<u8>,
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// The private key in PEM.
    pub key_pem: String,
    /// The common name of the subject.
    pub common_name: String,
    /// The serial number in lower-case hex.
    pub serial: String,
}

impl Identity {
    /// Key and certificate in one PEM text, as clients take it for mutual TLS.
    #[must_use]
    pub fn pem(&self) -> String {
        format!("{}{}", self.key_pem, self.certificate_pem)
    }

    /// A server certificate for this machine that nobody but its own key vouches for.
    #[must_use]
    pub fn self_signed() -> Self {
        let made = params("self-signed", &LOOPBACK_NAMES);
        let key = KeyPair::generate().expect("a key");
        let certificate = made.self_signed(&key).expect("a certificate");
        Self::new(&made, &key, &certificate, "self-signed")
    }

    fn new(
        made: &CertificateParams,
        key: &KeyPair,
        certificate: &rcgen::Certificate,
        common_name: &str,
    ) -> Self {
        let serial = made
            .serial_number
            .as_ref()
            .expect("a serial number was set")
            .to_bytes();
        Self {
            certificate_der: certificate.der().to_vec(),
            key_der: key.serialize_der(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            common_name: common_name.to_owned(),
            serial: hex(&serial),
        }
    }
}

impl Authority {
    /// A new authority; its name tells it from others in error texts.
    #[must_use]
    pub fn new(common_name: &str) -> Self {
        let mut made = params(common_name, &[]);
        made.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        made.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        made.extended_key_usages.clear();
        let key = KeyPair::generate().expect("a key");
        let certificate = made.self_signed(&key).expect("a certificate");
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        Self {
            issuer: Issuer::new(made, key),
            pem,
            der,
        }
    }

    /// The authority's certificate in PEM, as clients take it for an own root.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// A good certificate for this machine.
    #[must_use]
    pub fn server(&self) -> Identity {
        self.server_for(&LOOPBACK_NAMES)
    }

    /// A server certificate for these names only, such as another host's.
    #[must_use]
    pub fn server_for(&self, names: &[&str]) -> Identity {
        self.issue(params("server", names), "server")
    }

    /// A certificate for this machine that was good until some years ago.
    #[must_use]
    pub fn expired_server(&self) -> Identity {
        let mut made = params("expired", &LOOPBACK_NAMES);
        made.not_before = date_time_ymd(2020, 1, 1);
        made.not_after = date_time_ymd(2021, 1, 1);
        self.issue(made, "expired")
    }

    /// A client certificate for mutual TLS.
    #[must_use]
    pub fn client(&self, common_name: &str) -> Identity {
        let mut made = params(common_name, &[]);
        made.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(made, common_name)
    }

    fn issue(&self, made: CertificateParams, common_name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = made.signed_by(&key, &self.issuer).expect("a certificate");
        Identity::new(&made, &key, &certificate, common_name)
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    static SERIAL: AtomicU64 = AtomicU64::new(0x4200_0000_0000_0001);
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut made = CertificateParams::new(names).expect("host names");
    made.distinguished_name = rcgen::DistinguishedName::new();
    made.distinguished_name
        .push(DnType::CommonName, common_name);
    made.not_before = date_time_ymd(2024, 1, 1);
    made.not_after = date_time_ymd(2099, 1, 1);
    made.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    made.serial_number = Some(SerialNumber::from_slice(&serial));
    made
}

/// The common name of the subject and the serial number (in lower-case hex) of a certificate.
///
/// Just enough of X.509 for the certificates of this module; `None` for anything else.
#[must_use]
pub fn subject_and_serial(der: &[u8]) -> Option<(String, String)> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    let certificate = Element::read(&mut &*der)?;
    let body = Element::read(&mut &*certificate.content)?;
    let mut fields = body.content;
    let version = Element::read(&mut fields)?;
    let serial = if version.tag == 0xa0 {
        Element::read(&mut fields)?
    } else {
        version
    };
    let [_algorithm, _issuer, _validity, subject] = [(); 4].map(|()| Element::read(&mut fields));
    let mut sets = subject?.content;
    while let Some(set) = Element::read(&mut sets) {
        let attribute = Element::read(&mut &*set.content)?;
        let mut parts = attribute.content;
        let (name, value) = (Element::read(&mut parts)?, Element::read(&mut parts)?);
        if name.content == COMMON_NAME {
            let value = String::from_utf8(value.content.to_vec()).ok()?;
            return Some((value, hex(serial.content)));
        }
    }
    None
}

/// One element of DER.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Takes the next element off `input`.
    fn read(input: &mut &'a [u8]) -> Option<Self> {
        let (&tag, rest) = input.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            length = digits
                .iter()
                .fold(0, |sum, &digit| sum << 8 | usize::from(digit));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        *input = after;
        Some(Self { tag, content })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_and_serial_are_read_back() {
        let authority = Authority::new("root");
        for identity in [
            authority.client("alice"),
            authority.server(),
            Identity::self_signed(),
        ] {
            let expected = (identity.common_name.clone(), identity.serial.clone());
            assert_eq!(
                subject_and_serial(&identity.certificate_der),
                Some(expected)
            );
        }
        assert_eq!(subject_and_serial(b"no certificate"), None);
        assert_eq!(subject_and_serial(&authority.der()[..40]), None);
    }
}
