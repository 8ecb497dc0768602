//! Errors of the HTTP client as they really come, each from a peer on this machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use authing_api::reply::PhoneData;
use http_body_util::Limited;
use progenitor_client::ResponseValue;
use reqwest::header::HeaderMap;
use reqwest::{Body, Response, StatusCode};

use super::*;

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy()
}

/// A peer that takes one request and answers it with these bytes; holds the line if there are none.
fn peer(answer: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        if let Some(answer) = answer {
            stream.write_all(answer).unwrap();
        } else {
            // Until the client gives up.
            let _ = stream.read(&mut request);
        }
    });
    format!("http://{address}")
}

/// What the outcome of an error is, in one word each.
fn told(error: reqwest::Error) -> (String, bool) {
    match broken::<PhoneData>(error) {
        Outcome::NoAnswer(no) => {
            assert!(no.source.is_some());
            (format!("{:?} {:?}", no.kind, no.code_state), no.timed_out)
        }
        Outcome::NotAReply(source) => {
            assert!(source.is_some());
            ("not a reply".to_owned(), false)
        }
        Outcome::Reply(_) => panic!("a reply"),
    }
}

#[tokio::test]
async fn errors_are_told_by_what_they_prove() {
    let get = async |url: String| client().build().unwrap().get(url).send().await.unwrap_err();
    // A listener that is gone: refused.
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = get(format!("http://{gone}")).await;
    assert_eq!(told(refused), ("Connect Unspent".to_owned(), false));

    let brief = client().timeout(Duration::from_millis(50)).build().unwrap();
    let late = brief.get(peer(None)).send().await.unwrap_err();
    assert_eq!(told(late), ("Timeout Unknown".to_owned(), true));

    let garbage = get(peer(Some(b"garbage\r\n\r\n"))).await;
    assert_eq!(told(garbage), ("not a reply".to_owned(), false));

    let cut = get(peer(Some(b"HTTP/1.1 200"))).await;
    assert_eq!(told(cut), ("Transport Unknown".to_owned(), false));

    let large = Body::wrap(Limited::new(Body::from("more than one byte"), 1));
    let large = Response::from(http(large)).bytes().await.unwrap_err();
    assert_eq!(told(large), ("not a reply".to_owned(), false));
}

fn http(body: Body) -> http::Response<Body> {
    http::Response::new(body)
}

#[test]
fn a_deadline_leaves_the_code_unknown() {
    let no = NoAnswer::deadline();
    assert_eq!(
        (no.kind, no.code_state),
        (ErrorKind::Timeout, CodeState::Unknown)
    );
    assert!(no.timed_out && no.source.is_none());
}

const ENVELOPE: &str = r#"{"statusCode":499,"requestId":"r","phone_info":{"countryCode":"86"}}"#;

#[tokio::test]
async fn what_the_generated_method_returns_is_read() {
    let reply = || Reply::<PhoneData>::from_slice(ENVELOPE.as_bytes()).unwrap();
    let sent = Ok(ResponseValue::new(
        reply(),
        StatusCode::OK,
        HeaderMap::new(),
    ));
    let Outcome::Reply(read_back) = read(sent).await else {
        panic!("no reply")
    };
    assert_eq!(read_back, reply());

    // Of a failure's reply the envelope stays, and nobody reads its data.
    let failure = Reply::<()>::from_slice(ENVELOPE.as_bytes()).unwrap();
    let failure = ResponseValue::new(failure, StatusCode::IM_A_TEAPOT, HeaderMap::new());
    let Outcome::Reply(read_back) = read::<PhoneData>(Err(ApiError::ErrorResponse(failure))).await
    else {
        panic!("no reply")
    };
    assert_eq!(
        (read_back.status_code, read_back.envelope),
        (499, reply().envelope)
    );
    assert_eq!(read_back.beside, None);

    // A status that the document does not list: the body decides.
    for (body, is_reply) in [(ENVELOPE, true), ("<html>", false)] {
        let response = Response::from(http(Body::from(body)));
        let sent = Err(ApiError::UnexpectedResponse(response));
        match read::<PhoneData>(sent).await {
            Outcome::Reply(reply) => assert!(is_reply && reply.status_code == 499),
            Outcome::NotAReply(source) => assert!(!is_reply && source.is_none()),
            Outcome::NoAnswer(_) => panic!("{body}"),
        }
    }
    // What cannot be told from a request that was sent leaves the code unknown.
    let Outcome::NoAnswer(no) = read::<PhoneData>(Err(ApiError::Custom("x".to_owned()))).await
    else {
        panic!("an answer")
    };
    assert_eq!(
        (no.kind, no.code_state),
        (ErrorKind::Transport, CodeState::Unknown)
    );
}
