//! The rehearsal of growth: a second operation costs its part of the document, and nothing else.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use xtask::document::Document;
use xtask::openapi::diff::{Breaks, diff};
use xtask::openapi::lint;

use crate::scratch::{built, grown_document};

/// Answers one request with a fixed body, and gives what came in.
fn answer_once(listener: TcpListener, body: &'static str) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )
        .unwrap();
        String::from_utf8(request).unwrap()
    })
}

#[test]
fn a_second_operation_is_called() {
    const TOKEN: &str = "T0KEN-of-the-rehearsal";
    const PHONE: &str = "+85251234567";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = answer_once(
        listener,
        r#"{"statusCode":200.0,"data":{"nickname":"Mei","phone":"+85251234567","new":true}}"#,
    );
    let output = Command::new(&built().caller)
        .args([&base, TOKEN])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        told.contains("statusCode 200\nnickname Mei\nphone +85251234567\n"),
        "{told}"
    );
    let debug = told
        .lines()
        .find(|line| line.starts_with("debug "))
        .unwrap();
    assert!(!debug.contains(PHONE), "{debug}");

    let request = server.join().unwrap();
    let mut lines = request.lines();
    assert_eq!(
        lines.next(),
        Some("GET /api/v3/get-profile?withCustomData=true HTTP/1.1")
    );
    let headers: Vec<String> = lines.map(str::to_lowercase).collect();
    let authorization = format!("authorization: Bearer {TOKEN}").to_lowercase();
    assert!(headers.contains(&authorization), "{request}");
    assert!(!request.to_lowercase().contains("api-version"), "{request}");
    assert!(!request.contains("content-type"), "{request}");
}

#[test]
fn the_workshop_takes_the_second_operation() {
    let grown = grown_document();
    assert_eq!(lint::lint(&grown).unwrap(), []);
    assert_eq!(lint::names(&grown).unwrap(), []);
    let base = Document::read(&xtask::project_root().join("openapi/authing.yaml")).unwrap();
    let report = diff(&base, &grown).unwrap();
    assert_eq!(report.status(), 0, "{report:?}");
    let added = report
        .changes
        .iter()
        .find(|change| change.what.contains("get_profile"));
    assert_eq!(
        added.map(|change| change.breaks),
        Some(Breaks::Neither),
        "{report:?}"
    );
    assert!(
        report
            .surface
            .added
            .iter()
            .any(|item| item.starts_with("Client::get_profile: fn("))
    );
    assert!(report.surface.removed.is_empty() && report.surface.changed.is_empty());
}
