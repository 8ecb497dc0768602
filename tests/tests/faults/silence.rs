//! Silence: nothing that the library says, in whatever way, holds a code, a token, a phone number,
//! a connection identifier, a key or a password.
//!
//! One constant each is input and forbidden text. A child process runs every kind of error and a
//! success through every way of printing, with all logs of all dependencies on; the parent searches
//! what it wrote. Broken on purpose: a derived `Debug` on any type of a request or reply, the
//! service's words in `Display`, `connection_verbose` left to the caller's builder, or an
//! `#[instrument]` that records its arguments turn `nothing_is_printed` red.

mod canaries;
mod talkative;

use authing_tests::certs::Authority;

use self::canaries::{CANARIES, finds, forms};
use crate::child;

/// All kinds of error; the child must have met each.
const KINDS: [&str; 12] = [
    "Config",
    "InvalidArgument",
    "Connect",
    "Timeout",
    "Transport",
    "CodeRejected",
    "Throttled",
    "Misconfigured",
    "Upstream",
    "Service",
    "UnexpectedResponse",
    "Api",
];

fn said_by_child(mode: &str) -> (String, String) {
    let authority = Authority::new("silence");
    let identity = authority.client("alice");
    let servers = talkative::servers(&authority);
    let urls: Vec<String> = servers
        .iter()
        .map(|(name, judge)| format!("{name}={}", judge.base_url()))
        .collect();
    let variables = [
        ("MODE", mode),
        ("URLS", &urls.join(" ")),
        ("AUTHORITY", authority.pem()),
        ("IDENTITY", &identity.pem()),
    ];
    let output = child::run("silence::talkative::child_says_everything", &variables);
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.concat();
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{mode}: {text}"
    );
    // The key's own text, without the lines around it.
    let key: String = identity
        .key_pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    (text, key)
}

#[test]
fn nothing_is_printed() {
    for mode in ["tracing", "log"] {
        let (text, key) = said_by_child(mode);
        for kind in KINDS {
            assert!(
                text.contains(&format!("kind: {kind}")),
                "{mode}: no {kind} in {text}"
            );
        }
        // The logs are really on: ours, the HTTP library's, the TLS library's.
        for word in ["authing.request", "hyper_util", "rustls"] {
            assert!(text.contains(word), "{mode}: no {word} in {text}");
        }
        assert!(text.len() > 50_000, "{mode}: {} bytes", text.len());
        for (name, canary) in CANARIES {
            if let Some(at) = finds(&text, canary.as_bytes()) {
                panic!("{mode}: the {name} was printed: …{}…", around(&text, at));
            }
        }
        for part in key.as_bytes().chunks(48).filter(|part| part.len() == 48) {
            assert_eq!(finds(&text, part), None, "{mode}: the key was printed");
        }
        println!("{mode}: {} bytes searched", text.len());
    }
}

fn around(text: &str, at: usize) -> String {
    text.chars()
        .skip(text[..at].chars().count().saturating_sub(300))
        .take(500)
        .collect()
}

/// The control: a canary in any form is found in the output of a child.
#[test]
fn what_is_printed_is_found() {
    let (text, _) = said_by_child("leak");
    for (name, canary) in CANARIES {
        assert!(
            finds(&text, canary.as_bytes()).is_some(),
            "the {name} was missed"
        );
        for form in forms(canary.as_bytes()) {
            let said = format!("x{form}y");
            assert!(
                finds(&said, canary.as_bytes()).is_some(),
                "{form} was missed"
            );
        }
    }
    assert_eq!(finds("nothing of the kind", CANARIES[0].1.as_bytes()), None);
}
