//! The examples of `docs/sandbox.md`, run against a fresh sandbox in the order of the page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use authing_sandbox::Sandbox;
use serde_json::Value;

/// What differs each time, in an expected answer.
const ANYTHING: &str = "…";

/// The page's blocks of code, with the language of each.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("\n```");
    parts.next();
    parts
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .collect()
}

/// The words of a command line: bare, or in quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        let last = words.len() - 1;
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ') => words.push(String::new()),
            _ => words[last].push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Sends what a `curl` line would, and nothing that it would not.
fn curl(line: &str, address: std::net::SocketAddr) -> Value {
    let mut words = words(line).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{line}");
    let (mut method, mut path, mut headers, mut body) = (None, None, String::new(), String::new());
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" => {}
            "-X" => method = words.next(),
            "-H" => headers.push_str(&format!("{}\r\n", words.next().unwrap())),
            "-d" => body = words.next().unwrap(),
            _ => path = Some(word.strip_prefix("$SANDBOX").unwrap().to_owned()),
        }
    }
    let default = if body.is_empty() { "GET" } else { "POST" };
    let method = method.unwrap_or_else(|| default.to_owned());
    let request = format!(
        "{method} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        path.unwrap(),
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {reply}"))
}

/// Whether everything that is expected is there; more may be.
fn holds(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(text), found) if text == ANYTHING => !found.is_null(),
        (Value::Object(expected), Value::Object(found)) => expected
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| holds(value, found))),
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(want, have)| holds(want, have))
        }
        (expected, found) => expected == found,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_sandboxs_page_are_true() {
    let page = std::fs::read_to_string(xtask::project_root().join("docs/sandbox.md")).unwrap();
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    let mut answer = Value::Null;
    let (mut asked, mut compared) = (0, 0);
    for (language, text) in blocks(&page) {
        match language {
            "sh" => {
                for line in text.lines() {
                    let line = line.to_owned();
                    let sent = tokio::task::spawn_blocking(move || curl(&line, address));
                    answer = sent.await.unwrap();
                    asked += 1;
                }
            }
            "json" => {
                let expected: Value = serde_json::from_str(text).unwrap();
                assert!(
                    holds(&expected, &answer),
                    "{expected:#}\nbut came\n{answer:#}"
                );
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(asked >= 12 && compared >= 12, "{asked} {compared}");
}

/// The comparison can fail, and the page's own commands are understood as a shell would.
#[test]
fn the_judge_of_the_page_can_say_no() {
    let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    assert!(!holds(&value(r#"{"a": 1}"#), &value(r#"{"a": 2}"#)));
    assert!(!holds(&value(r#"{"a": "…"}"#), &value(r#"{"b": 2}"#)));
    assert!(!holds(&value("[1]"), &value("[1, 2]")));
    assert!(holds(
        &value(r#"{"a": "…"}"#),
        &value(r#"{"a": 2, "b": 3}"#)
    ));
    assert_eq!(
        words(r#"a -d '{"x": 1}' "b c""#),
        ["a", "-d", r#"{"x": 1}"#, "b c"]
    );
}
