//! Every correction finds its cause in the fixture, and only there.

use super::*;
use crate::document::Document;

fn fixture() -> Document {
    let path = crate::project_root().join("xtask/fixtures/traits.yaml");
    Document::read(&path).unwrap()
}

/// Turns red if a correction is taken off the list, or no longer finds its cause.
#[test]
fn the_fixture_has_a_cause_for_every_correction() {
    let asked_for: Vec<String> = ALL.iter().map(|c| c.name.to_owned()).collect();
    let applied = apply(&mut fixture().value, &asked_for).unwrap();
    assert_eq!(applied.len(), ALL.len());
    for Applied {
        correction,
        changes,
    } in applied
    {
        assert!(!changes.is_empty(), "{}", correction.name);
    }
}

#[test]
fn what_is_corrected_needs_no_correction() {
    let mut document = fixture().value;
    apply(&mut document, &[]).unwrap();
    let again = apply(&mut document, &[]).unwrap();
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn a_correction_that_is_asked_for_must_change_something() {
    let path = crate::project_root().join("openapi/authing.yaml");
    let mut document = Document::read(&path).unwrap().value;
    let error = apply(&mut document, &["default-responses".to_owned()]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`default-responses` changed nothing"),
        "{error}"
    );
    let error = apply(&mut document, &["defualt-responses".to_owned()]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("there is no correction `defualt-responses`"),
        "{error}"
    );
}

#[test]
fn operations_are_named_after_their_paths() {
    let mut document = fixture().value;
    let applied = apply(&mut document, &[]).unwrap();
    assert!(
        applied
            .iter()
            .any(|applied| applied.correction.name == "operation-names")
    );
    for (path, method, name) in [
        ("~1api~1v3~1plain-reply", "post", "plain_reply"),
        // The last segment is shared, so both take one more.
        ("~1api~1v3~1device~1list", "get", "device_list"),
        ("~1api~1v3~1app~1list", "get", "app_list"),
        // The whole path is shared, so both take the method.
        (
            "~1api~1v3~1webauthn~1authentication",
            "get",
            "get_authentication",
        ),
        (
            "~1api~1v3~1webauthn~1authentication",
            "post",
            "post_authentication",
        ),
        // The client has a method of this name.
        ("~1api~1v3~1post", "post", "post_post"),
        ("~1interaction~1{interactionKey}~1end", "post", "end"),
    ] {
        let place = format!("/paths/{path}/{method}/operationId");
        assert_eq!(
            document.pointer(&place),
            Some(&serde_json::json!(name)),
            "{place}"
        );
    }
}

#[test]
fn names_become_the_identifiers_that_the_generator_makes() {
    for (name, pascal, snake) in [
        ("statusCode", Some("StatusCode"), Some("status_code")),
        ("Odd_Item", Some("OddItem"), Some("odd_item")),
        ("2fa", Some("X2fa"), Some("x2fa")),
        ("甲", Some("甲"), Some("甲")),
        (">=", None, None),
        ("", None, None),
    ] {
        assert_eq!(identifier(name, Case::Pascal).as_deref(), pascal, "{name}");
        assert_eq!(identifier(name, Case::Snake).as_deref(), snake, "{name}");
    }
}
