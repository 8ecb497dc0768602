//! The tables of the guide have a line for everything that there is, and say what is so.

use std::time::Duration;

use authing::{AuthenticationClient, AuthenticationClientBuilder, Error};
use authing_tests::markdown::{cells, prose};

use crate::file;

/// The rows of the table under a heading, without its header.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let text = file(page);
    let lines = prose(&text);
    let section = lines.iter().skip_while(|line| **line != heading).skip(1);
    let table = section
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| cells(line));
    let owned = |row: Vec<&str>| row.into_iter().map(str::to_owned).collect();
    table.skip(1).map(owned).collect()
}

/// The first cells, without their back quotes.
fn names(page: &str, heading: &str) -> Vec<String> {
    rows(page, heading)
        .iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect()
}

/// The names of the public functions of a source.
fn public_functions(path: &str) -> Vec<String> {
    let source = file(path);
    let functions = source.split("\n    pub fn ").skip(1);
    functions
        .map(|rest| rest.split('(').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_option_has_its_line() {
    let page = "docs/configuration.md";
    let mut options = public_functions("crates/authing/src/builder.rs");
    options.retain(|name| name != "from_env" && name != "build");
    assert_eq!(names(page, "## Options of the builder"), options);
    let options = public_functions("crates/authing/src/request.rs");
    assert_eq!(names(page, "## Options of a call"), options);
    let source = file("crates/authing/src/builder.rs");
    let variables: Vec<&str> = source
        .split("read(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(names(page, "## The environment"), variables);
}

#[test]
fn ranges_and_defaults_are_as_they_stand() {
    let range = |option: &str| {
        let rows = rows("docs/configuration.md", "## Options of the builder");
        let row = rows
            .into_iter()
            .find(|row| row[0].trim_matches('`') == option);
        row.unwrap()[1].clone()
    };
    type Set = fn(AuthenticationClientBuilder, u64) -> AuthenticationClientBuilder;
    let timeout: Set = |builder, n| builder.timeout(Duration::from_millis(n));
    let connect: Set = |builder, n| builder.connect_timeout(Duration::from_millis(n));
    let idle: Set = |builder, n| builder.pool_idle_timeout(Duration::from_millis(n));
    let bytes: Set = |builder, n| builder.max_response_bytes(n as usize);
    let tag: Set = |builder, n| builder.lang("a".repeat(n as usize));
    let id: Set = |builder, n| builder.app_id("a".repeat(n as usize));
    let build = |set: Set, n: u64| -> Result<AuthenticationClient, Error> {
        let builder = AuthenticationClient::builder();
        set(builder.app_host("http://127.0.0.1:1").app_id("app"), n).build()
    };
    let minutes = 5 * 60 * 1000;
    for (option, words, set, lowest, highest) in [
        ("timeout", "10 ms to 5 min", timeout, 10, minutes),
        ("connect_timeout", "10 ms to 5 min", connect, 10, minutes),
        ("pool_idle_timeout", "0 to 5 min", idle, 0, minutes),
        (
            "max_response_bytes",
            "1 KiB to 16 MiB",
            bytes,
            1 << 10,
            16 << 20,
        ),
        (
            "lang",
            "a language tag such as `zh-CN`, at most 35 characters",
            tag,
            1,
            35,
        ),
        ("app_id", "1 to 512 visible ASCII characters", id, 1, 512),
        (
            "userpool_id",
            "1 to 512 visible ASCII characters",
            id,
            1,
            512,
        ),
    ] {
        assert_eq!(range(option), words);
        for n in [lowest, highest] {
            assert!(build(set, n).is_ok(), "{option} {n}");
        }
        assert!(build(set, highest + 1).is_err(), "{option}");
        if lowest > 0 {
            assert!(build(set, lowest - 1).is_err(), "{option}");
        }
    }
    let client = build(|builder, _| builder, 0).unwrap();
    let shown = format!("{client:?}");
    for part in [
        "timeout: 10s",
        "max_retries: 2",
        "max_response_bytes: 65536",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn every_kind_and_every_state_has_its_line() {
    let kinds = variants("ErrorKind");
    assert_eq!(names("docs/errors.md", "## Kinds"), kinds);
    let page = "docs/code-states.md";
    let states = names(page, "# Code states and the mini program");
    assert_eq!(states, variants("CodeState"));
}

/// The variants of an enum of the facade.
fn variants(name: &str) -> Vec<String> {
    let source = file("crates/authing/src/error.rs");
    let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap();
    let lines = body.split("\n}").next().unwrap().lines();
    lines
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|line| line.chars().all(char::is_alphanumeric))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_attribute_of_the_span_has_its_line() {
    let source = file("crates/authing/src/observe.rs");
    let (_, fields) = source.split_once("info_span!(").unwrap();
    let fields = fields.split(");").next().unwrap();
    let attributes: Vec<String> = fields
        .lines()
        .filter_map(|line| line.trim().split_once(" = "))
        .map(|(name, _)| name.trim_matches('"').to_owned())
        .collect();
    let mut listed = names("docs/observability.md", "## The span");
    assert_eq!(listed.len(), attributes.len());
    // In the page's own order: by what an attribute tells, not by when it is known.
    for name in attributes {
        let place = listed.iter().position(|known| *known == name);
        listed.remove(place.unwrap_or_else(|| panic!("{name} has no line")));
    }
}
