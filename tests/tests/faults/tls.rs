//! TLS: a server that cannot prove who it is gets nothing to read.
//!
//! Broken on purpose: leaving `tls_backend_preconfigured` out of `transport.rs` turns
//! `the_caller_s_builder_cannot_undo_it` red, as the builder's own settings then count.

use authing::{AuthenticationClient, CodeState, Error, ErrorKind};
use authing_tests::certs::{Authority, Identity};
use authing_tests::judge::{Judge, Tls, TlsSetup};
use authing_tests::phone::phone_script;

use crate::proofs::{CONNECTION, KEY, builder, random_code};

async fn call(client: &AuthenticationClient) -> Result<(), Error> {
    let call = client.get_wechat_miniprogram_phone(random_code(), CONNECTION);
    call.access_token("a-token").await.map(drop)
}

/// Each kind of certificate that proves nothing, with the authority that the client trusts.
fn unproven(authority: &Authority) -> Vec<(&'static str, Identity)> {
    let stranger = Authority::new("a stranger");
    vec![
        ("self-signed", Identity::self_signed()),
        (
            "for another host",
            authority.server_for(&["service.example"]),
        ),
        ("expired", authority.expired_server()),
        ("of an unknown authority", stranger.server()),
        ("of a client", authority.client("alice")),
    ]
}

fn refused(judge: &Judge, what: &str, error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Connect, "{what}: {error:?}");
    assert_eq!(error.code_state(), CodeState::Unspent, "{what}");
    assert_eq!(judge.plaintext_bytes_received(), 0, "{what}");
    assert!(judge.connection_count() > 0, "{what}");
}

#[tokio::test]
async fn an_unproven_server_gets_no_plaintext() {
    let authority = Authority::new("trusted");
    for (what, identity) in unproven(&authority) {
        let setup = TlsSetup::new(&identity);
        for setup in [setup.clone().only_tls12(), setup.only_tls13()] {
            let judge = Judge::start_tls(phone_script(KEY), &setup);
            let builder = builder(judge.base_url()).root_certificate_pem(authority.pem());
            refused(
                &judge,
                what,
                &call(&builder.build().unwrap()).await.unwrap_err(),
            );
        }
    }
}

#[tokio::test]
async fn the_caller_s_builder_cannot_undo_it() {
    let authority = Authority::new("trusted");
    for (what, identity) in unproven(&authority) {
        let judge = Judge::start_tls(phone_script(KEY), &TlsSetup::new(&identity));
        let lax = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .tls_danger_accept_invalid_hostnames(true);
        let builder = builder(judge.base_url())
            .root_certificate_pem(authority.pem())
            .http_client_builder(lax);
        refused(
            &judge,
            what,
            &call(&builder.build().unwrap()).await.unwrap_err(),
        );
    }
}

/// The system's authorities alone do not vouch for a private one.
#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_named() {
    let authority = Authority::new("private");
    for setup in [
        TlsSetup::new(&authority.server()).only_tls12(),
        TlsSetup::new(&authority.server()).only_tls13(),
        // A gateway that speaks HTTP/2 with whoever offers it.
        TlsSetup::new(&authority.server()).offer_h2(),
    ] {
        let judge = Judge::start_tls(phone_script(KEY), &setup);
        let stranger = builder(judge.base_url()).build().unwrap();
        refused(&judge, "not named", &call(&stranger).await.unwrap_err());

        let judge = Judge::start_tls(phone_script(KEY), &setup);
        for base_url in [judge.base_url(), judge.base_url_for("localhost")] {
            let builder = builder(base_url).root_certificate_pem(authority.pem());
            call(&builder.build().unwrap()).await.unwrap();
        }
        assert_eq!((judge.request_count(), judge.violations()), (2, vec![]));
        for connection in judge.connections() {
            let Tls::Done { alpn, .. } = connection.tls else {
                panic!("{:?}", connection.tls)
            };
            assert_ne!(alpn.as_deref(), Some(&b"h2"[..]));
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let alice = clients.client("alice");
    let setup = TlsSetup::new(&authority.server()).require_client_certificate(&clients);
    for setup in [setup.clone().only_tls12(), setup.clone().only_tls13()] {
        let judge = Judge::start_tls(phone_script(KEY), &setup);
        let builder = builder(judge.base_url())
            .root_certificate_pem(authority.pem())
            .identity_pem(alice.pem());
        call(&builder.build().unwrap()).await.unwrap();
        let Tls::Done {
            client_certificate, ..
        } = judge.connections()[0].tls.clone()
        else {
            panic!("no handshake")
        };
        let presented = client_certificate.unwrap();
        assert_eq!(
            (presented.common_name, presented.serial),
            ("alice".into(), alice.serial.clone())
        );
    }
}

/// Under TLS 1.2 a client without a certificate is refused within the handshake. Under TLS 1.3 it
/// may have written its request by then: that is unknown, as nothing proves that it was not read.
#[tokio::test]
async fn a_missing_client_certificate_is_told_as_it_is_known() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let setup = TlsSetup::new(&authority.server()).require_client_certificate(&clients);
    for (setup, is_13) in [
        (setup.clone().only_tls12(), false),
        (setup.only_tls13(), true),
    ] {
        let judge = Judge::start_tls(phone_script(KEY), &setup);
        let builder = builder(judge.base_url()).root_certificate_pem(authority.pem());
        let error = call(&builder.build().unwrap()).await.unwrap_err();
        let told = (error.kind(), error.code_state());
        let connect = (ErrorKind::Connect, CodeState::Unspent);
        let transport = (ErrorKind::Transport, CodeState::Unknown);
        assert!(told == connect || is_13 && told == transport, "{error:?}");
        assert_eq!(judge.plaintext_bytes_received(), 0);
    }
}

#[test]
fn plain_http_goes_to_this_machine_alone_unless_allowed() {
    for host in [
        "http://example.authing.cn",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://localhost.example",
        "http://127.0.0.1.example",
    ] {
        let error = builder(host).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{host}");
        assert!(
            builder(host).allow_plain_http(true).build().is_ok(),
            "{host}"
        );
    }
    for host in [
        "http://127.0.0.1",
        "http://127.1.2.3:8080",
        "http://[::1]",
        "http://LOCALHOST",
    ] {
        assert!(builder(host).build().is_ok(), "{host}");
    }
}

/// No method of the facade carries the name of an option that turns verification off.
#[test]
fn no_option_turns_verification_off() {
    let folder = xtask::project_root().join("crates/authing/src");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["danger_accept", "insecure", "verify(", "tls_sni"] {
            assert!(!text.contains(word), "{word}");
        }
        seen += 1;
    }
    assert!(seen > 10);
}
