//! At most once: each code of each fault against the judge's record.
//!
//! Broken on purpose: retrying `Transport` (in `Error::is_retryable`), or calling it unspent, turns
//! `no_code_is_sent_twice_whatever_breaks` red. That the check itself can fail is the business of
//! `a_client_that_sends_again_is_caught`.

use authing::{CodeState, ErrorKind};
use authing_tests::bare;
use authing_tests::judge::{Judge, Reply};
use tokio::io::AsyncWriteExt;

use crate::proofs::at_most_once::{Ended, check, prove};
use crate::proofs::matrix::{Yield, faults};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_sent_twice_whatever_breaks() {
    for fault in faults() {
        let line = prove(&fault, 24)
            .await
            .unwrap_or_else(|why| panic!("{why}"));
        println!("{line}");
    }
}

/// The control: raw requests, the second one of the kind that no honest client sends.
#[tokio::test]
async fn a_client_that_sends_again_is_caught() {
    let fault = faults()
        .into_iter()
        .find(|each| each.name == "an empty body")
        .unwrap();
    let judge = Judge::start(Reply::new(200));
    let body = r#"{"code":"c0de","extIdpConnidentifier":"my-wxapp"}"#;
    let request = format!(
        "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let ended = |yielded| Ended {
        code: "c0de".to_owned(),
        yielded,
        attempts: Some(1),
    };
    let unknown = Yield::Error(ErrorKind::UnexpectedResponse, CodeState::Unknown);
    for (times, caught) in [(1, false), (2, true)] {
        let mut stream = bare::connect(&judge).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(
            judge
                .wait_for(|j| j.request_count() == times, bare::WIDE)
                .await
        );
        let checked = check(&fault, &[ended(unknown)], &judge);
        assert_eq!(checked.is_err(), caught, "{checked:?}");
    }
    // A client that says "unspent" of a code that came whole is caught too.
    let fault = crate::proofs::matrix::Fault {
        yields: vec![Yield::Error(ErrorKind::Connect, CodeState::Unspent)],
        ..fault
    };
    let judge = Judge::start(Reply::new(200));
    let mut stream = bare::connect(&judge).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(judge.wait_for(|j| j.request_count() == 1, bare::WIDE).await);
    assert!(check(&fault, &[ended(fault.yields[0])], &judge).is_err());
}
