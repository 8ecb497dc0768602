//! TLS: a server that cannot prove its identity receives no byte of a request.

use authing::{ErrorKind, RetryPolicy};
use authing_sandbox::{Fault, Sandbox};
use authing_tests::certs::{Identity, IsCa, LOOPBACK, Usage};
use authing_tests::{CONNECT, Outcome, SUCCESS, TRANSPORT, builder, call, child, class};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

type Versions = &'static [&'static SupportedProtocolVersion];
const VERSIONS: [Versions; 2] = [&[&TLS12], &[&TLS13]];

/// A server that uses the CA's own certificate.
const CA_AS_LEAF: &str = "of the CA itself";

fn server(identity: &Identity, versions: Versions, clients: Option<&Identity>) -> Sandbox {
    let config = identity.server_config(versions, clients);
    let sandbox = Sandbox::builder().tls(config).start().unwrap();
    let success = Fault::answer(200, "application/json", SUCCESS);
    sandbox.push_fault(success.permanent()).unwrap();
    sandbox
}

/// Returns the number of decrypted bytes that the server got.
fn plain_bytes(server: &Sandbox) -> u64 {
    let connections = server.connections();
    connections.iter().map(|each| each.plain_bytes_read).sum()
}

/// Returns the client certificates presented in the handshakes that succeeded.
fn client_certificates(server: &Sandbox) -> Vec<Option<Vec<u8>>> {
    let connections = server.connections().into_iter();
    let handshakes = connections.filter_map(|connection| connection.handshake);
    handshakes.filter_map(Result::ok).collect()
}

#[track_caller]
fn assert_nothing_sent(server: &Sandbox, result: Outcome, what: &str) {
    let error = result.expect_err(what);
    assert_eq!(class(&error), CONNECT, "{what}: {error:?}");
    assert_eq!(plain_bytes(server), 0, "{what}");
    assert!(server.connections().len() > 0, "{what}");
    // The cause of a frequent mistake is named.
    let is_named = error.to_string().contains("leaf certificate");
    assert_eq!(is_named, what == CA_AS_LEAF, "{what}: {error}");
}

#[tokio::test]
async fn a_server_without_a_valid_certificate_receives_no_plaintext() {
    let [ca, other] = ["trusted", "other"].map(Identity::ca);
    let client = ca.client();
    let elsewhere = ca.issue(&["service.example"], Usage::ServerAuth, 2099);
    let unproven = [
        ("self-signed", Identity::self_signed("self", IsCa::NoCa)),
        ("for another host", elsewhere),
        ("expired", ca.issue(&LOOPBACK, Usage::ServerAuth, 2021)),
        ("of an unknown CA", other.server()),
        ("of a client", ca.client()),
    ];
    let unproven = unproven.iter().map(|(what, identity)| (*what, identity));
    for (what, identity) in unproven.chain([(CA_AS_LEAF, &ca)]) {
        for versions in VERSIONS {
            let server = server(identity, versions, None);
            let strict = || {
                let builder = builder(server.base_url()).retry(RetryPolicy::never());
                builder.add_root_certificate_pem(ca.certificate.pem())
            };
            assert_nothing_sent(&server, call(strict()).await, what);
            // With every option that has to do with TLS.
            let theirs = reqwest::Client::builder()
                .tls_danger_accept_invalid_certs(true)
                .tls_danger_accept_invalid_hostnames(true)
                .tls_sni(false);
            let lax = strict().identity_pem(client.pem()).allow_plain_http(true);
            let lax = lax.http_client_builder(theirs);
            assert_nothing_sent(&server, call(lax).await, what);
        }
    }
    // Control: a valid certificate is accepted, and the bytes of the request are counted. HTTP/2
    // would not have been understood.
    for versions in VERSIONS {
        let server = server(&ca.server(), versions, None);
        let by_address = format!("https://{}", server.address());
        for url in [server.base_url().to_owned(), by_address] {
            let both = builder(url).add_root_certificate_pem(other.certificate.pem());
            call(both.add_root_certificate_pem(ca.certificate.pem()))
                .await
                .unwrap();
        }
        assert!(plain_bytes(&server) > 0);
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented_to_the_service_only() {
    let [ca, clients] = ["servers", "clients"].map(Identity::ca);
    let client = clients.client();
    for versions in VERSIONS {
        let identity = ca.server();
        let server = server(&identity, versions, Some(&clients));
        let builder = || builder(server.base_url()).add_root_certificate_pem(ca.certificate.pem());
        let error = call(builder()).await.unwrap_err();
        // Under TLS 1.3 the rejection arrives after the request may have been written.
        let is_lost = versions == VERSIONS[1] && class(&error) == TRANSPORT;
        assert!(is_lost || class(&error) == CONNECT, "{error:?}");
        assert_eq!(plain_bytes(&server), 0);
        call(builder().identity_pem(client.pem())).await.unwrap();
        let presented = client_certificates(&server);
        assert_eq!(presented, [Some(client.certificate.der().to_vec())]);
    }
    // A proxy that requires a client certificate gets none.
    let proxy = server(&ca.server(), VERSIONS[0], Some(&clients));
    let builder = builder("http://host.invalid").allow_plain_http(true);
    let builder = builder.proxy(proxy.base_url());
    let builder = builder.add_root_certificate_pem(ca.certificate.pem());
    let error = call(builder.identity_pem(client.pem())).await.unwrap_err();
    assert_eq!(class(&error), CONNECT, "{error:?}");
    assert_eq!(client_certificates(&proxy), []);
}

#[test]
fn plain_http_needs_permission_beyond_loopback() {
    let remote = Some("http://proxy.example:3128");
    let local = Some("http://127.0.0.1:3128");
    let others = "example.authing.cn 10.0.0.1 0.0.0.0 [::] localhost.example 127.0.0.1.example";
    let loopback = "127.0.0.1 127.1.2.3:8080 [::1] LOCALHOST";
    let rows = [
        (others, None, false),
        (others, local, false),
        (loopback, remote, false),
        (loopback, None, true),
        (loopback, local, true),
    ];
    for (hosts, proxy, is_allowed) in rows {
        for host in hosts.split(' ') {
            for permission in [false, true] {
                let builder = builder(format!("http://{host}")).allow_plain_http(permission);
                let builder = match proxy {
                    Some(proxy) => builder.proxy(proxy),
                    None => builder,
                };
                let kind = builder.build().err().map(|error| error.kind());
                let is_rejected = !is_allowed && !permission;
                let expected = is_rejected.then_some(ErrorKind::Config);
                assert_eq!(kind, expected, "{host} {proxy:?}");
            }
        }
    }
}

#[test]
fn a_missing_trust_store_is_reported_with_both_remedies() {
    if child::variable("SSL_CERT_FILE").is_none() {
        let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(|name| (name, "/nonexistent"));
        let test = "tls::a_missing_trust_store_is_reported_with_both_remedies";
        child::run(test, &variables);
        return;
    }
    let error = builder("https://host.invalid").build().unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Config);
    for remedy in ["ca-certificates", "add_root_certificate_pem"] {
        assert!(text.contains(remedy), "{text}");
    }
    let ca = Identity::ca("private").certificate.pem();
    let with_ca = builder("https://host.invalid").add_root_certificate_pem(ca);
    assert!(with_ca.build().is_ok());
    // Plain http needs no certificates.
    let plain = builder("http://host.invalid").allow_plain_http(true);
    assert!(plain.build().is_ok());
}
