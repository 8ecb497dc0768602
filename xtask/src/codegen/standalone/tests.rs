//! A crate from the fixture: what is in it, what is left out, and that it is always the same.

use super::*;
use crate::project_root;

fn fixture() -> Document {
    Document::read(&project_root().join("xtask/fixtures/traits.yaml")).unwrap()
}

fn file<'a>(made: &'a Made, name: &str) -> &'a str {
    let (_, text) = made.files.iter().find(|(path, _)| *path == name).unwrap();
    text
}

/// Turns red if an operation vanishes without a word.
#[test]
fn every_operation_is_there_or_reported() {
    let document = fixture();
    let made = make(&document, "traits", &[]).unwrap();
    let code = file(&made, "src/generated.rs");
    let methods = code.matches("pub async fn ").count();
    assert_eq!(methods, made.report.operations);
    let left_out: Vec<&str> = made
        .report
        .left_out
        .iter()
        .map(|l| l.name.as_str())
        .collect();
    assert_eq!(
        left_out,
        [
            "upload",
            "cookie",
            "two_types",
            "dangling",
            "Broken",
            "dangling_inside",
            "impossible",
            "Impossible"
        ]
    );
    let schemas = ["Broken", "Impossible"];
    let lost = left_out
        .iter()
        .filter(|name| !schemas.contains(name))
        .count();
    let described = super::super::operations(&document.value).count();
    assert_eq!(methods + lost, described);
    let table = made.report.table(false);
    for name in left_out {
        assert!(table.contains(&format!("  {name}: ")), "{table}");
    }
}

#[test]
fn the_crate_is_the_same_every_time() {
    let files = || make(&fixture(), "traits", &[]).unwrap().files;
    assert_eq!(files(), files());
}

#[test]
fn json_makes_the_same_crate_as_yaml() {
    let yaml = fixture();
    let json = Document::parse("d.json", &yaml.value.to_string()).unwrap();
    let files = |document| make(document, "traits", &[]).unwrap().files;
    assert_eq!(files(&yaml), files(&json));
}

/// Turns red if a telling property is printed.
#[test]
fn what_is_telling_has_a_type_that_hides_it() {
    let made = make(&fixture(), "traits", &[]).unwrap();
    let code = file(&made, "src/generated.rs");
    for field in [
        "pub code: crate::scalars::HiddenText",
        "pub access_token: ::std::option::Option<crate::scalars::HiddenText>",
        "pub tokens: ::std::vec::Vec<crate::scalars::HiddenText>",
        "pub status_code: crate::scalars::WholeNumber",
        "pub connection: ::std::string::String",
    ] {
        assert!(code.contains(field), "{field}");
    }
}

#[test]
fn broken_documents_and_names_are_told() {
    for (text, name, expected) in [
        (
            "openapi: 3.1.0\n",
            "a",
            "d:1: at /openapi: this is OpenAPI \"3.1.0\"",
        ),
        (
            "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    gett: {}\n",
            "a",
            "d:5: at /paths/~1a/gett: `gett` has no business here",
        ),
        (
            "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\n",
            "a",
            "no operation is left",
        ),
        ("openapi: 3.0.3\n", "1a", "`1a` is no crate's name"),
    ] {
        let document = Document::parse("d", text).unwrap();
        let error = make(&document, name, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

/// The document of this project makes a crate as well, with nothing left out.
#[test]
fn our_own_document_does_as_well() {
    let document = Document::read(&project_root().join("openapi/authing.yaml")).unwrap();
    let made = make(&document, "own", &[]).unwrap();
    assert_eq!(
        (made.report.operations, made.report.left_out),
        (1, Vec::new())
    );
}
