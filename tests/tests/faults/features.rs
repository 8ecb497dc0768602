//! Reqwest with everything switched on that other crates may want: the wire stays the same.
//!
//! Broken on purpose: leaving `.http1_only()`, `.no_gzip()` and their like out of `transport.rs`
//! turns `the_wire_knows_nothing_of_it` and `a_compressed_answer_is_not_unpacked` red.
//! `cargo xtask prove features` builds the same in crates of its own, bare and full.

use authing::ErrorKind;
use authing_tests::certs::Authority;
use authing_tests::judge::{Judge, Reply, Tls, TlsSetup};
use authing_tests::phone::phone_script;

use crate::proofs::{CONNECTION, KEY, builder, random_code};

/// A success, compressed by gzip: a client that unpacks it takes it for one.
const GZIP: &str = "1f8b0800000000000203ab562a2e492c292d76ce4f4955b2323230d051ca4d2d2e4e4c07f294f2b3\
    95749452124b1295acaa950a32f2f352fd4a7393528b8052da166686c616060660c200a8aca0b428\
    35004509aa7c727e695e495125c41e250b33a5da5a008fec7b977c000000";

fn gzip() -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&GZIP[at..at + 2], 16).unwrap();
    (0..GZIP.len()).step_by(2).map(digit).collect()
}

fn compressed() -> Reply {
    Reply::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(gzip())
}

#[tokio::test]
async fn the_wire_knows_nothing_of_it() {
    let authority = Authority::new("features");
    let setup = TlsSetup::new(&authority.server()).offer_h2();
    let judge = Judge::start_tls(phone_script(KEY), &setup);
    let builder = builder(judge.base_url()).root_certificate_pem(authority.pem());
    let client = builder.build().unwrap();
    for _ in 0..2 {
        client
            .get_wechat_miniprogram_phone(random_code(), CONNECTION)
            .await
            .unwrap();
    }
    assert_eq!((judge.violations(), judge.connection_count()), (vec![], 1));
    let Tls::Done { alpn, .. } = judge.connections()[0].tls.clone() else {
        panic!("no handshake")
    };
    assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
    for request in judge.requests() {
        assert_eq!(request.version, "HTTP/1.1");
        let mut names: Vec<_> = request
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "accept",
                "content-length",
                "content-type",
                "host",
                "user-agent",
                "x-authing-app-id"
            ]
        );
    }
}

#[tokio::test]
async fn a_compressed_answer_is_not_unpacked() {
    let judge = Judge::start(compressed());
    let client = builder(judge.base_url()).build().unwrap();
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
}

/// Plain reqwest, with a TLS configuration that trusts nobody, as none of its own is compiled in.
pub(crate) fn plain_reqwest() -> reqwest::ClientBuilder {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(config)
}

/// The control: these features are really on, and plain reqwest does all that it should not.
#[tokio::test]
async fn plain_reqwest_does_it_all() {
    let judge = Judge::start(compressed().header("set-cookie", "a=b"));
    let client = plain_reqwest().cookie_store(true).build().unwrap();
    for _ in 0..2 {
        let text = client
            .post(judge.base_url())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(text.starts_with("{\"statusCode\""), "{text}");
    }
    let request = judge.requests().pop().unwrap();
    assert!(
        request
            .header_text("accept-encoding")
            .unwrap()
            .contains("gzip")
    );
    assert_eq!(request.header_text("cookie"), Some("a=b"));
}
