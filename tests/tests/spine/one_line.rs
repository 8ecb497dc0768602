//! A small change of the document is a small change of the generated client; a broken document is
//! an error that names the place.

use similar::{ChangeTag, TextDiff};
use xtask::codegen::generate;
use xtask::document::Document;

fn document_text() -> String {
    std::fs::read_to_string(xtask::project_root().join("openapi/authing.yaml")).unwrap()
}

fn generated(text: &str) -> String {
    generate(&Document::parse("authing.yaml", text).unwrap()).unwrap()
}

/// The document with one thing replaced, which must stand in it.
fn changed(from: &str, to: &str) -> String {
    let text = document_text();
    assert!(
        text.contains(from),
        "{from:?} does not stand in the document"
    );
    text.replacen(from, to, 1)
}

#[test]
fn a_new_optional_property_touches_only_itself() {
    let marker =
        "          description: The calling code, digits only. [page]\n          example: '86'\n";
    let property = "        region:\n          type: string\n          description: Where the number is from. [guess]\n";
    let before = generated(&document_text());
    let after = generated(&changed(marker, &format!("{marker}{property}")));
    let diff = TextDiff::from_lines(&before, &after);
    let lines: Vec<(ChangeTag, &str)> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .map(|change| (change.tag(), change.value().trim()))
        .collect();
    assert_eq!(
        lines,
        [
            (
                ChangeTag::Insert,
                "/// Where the number is from. \\[guess\\]"
            ),
            (
                ChangeTag::Insert,
                "#[serde(skip_serializing_if = \"::std::option::Option::is_none\")]"
            ),
            (
                ChangeTag::Insert,
                "pub region: ::std::option::Option<::std::string::String>,"
            ),
            (ChangeTag::Insert, "region: None,"),
        ]
    );
}

/// What is not stale is not reported; what is comes with a unified diff that names the file.
#[test]
fn a_stale_file_is_told_by_a_unified_diff() {
    let mut output = xtask::codegen::outputs().unwrap().remove(0);
    assert_eq!(output.stale().unwrap(), None);
    output.text.push_str("// changed\n");
    let diff = output.stale().unwrap().unwrap();
    let path = "crates/authing-api/src/generated.rs";
    assert!(
        diff.starts_with(&format!("--- a/{path}\n+++ b/{path}\n@@ ")),
        "{diff}"
    );
    assert!(diff.ends_with("+// changed\n"), "{diff}");
}

#[test]
fn a_broken_document_is_told_by_its_place() {
    let success = "              schema:\n                $ref: '#/components/schemas/GetWechatMiniProgramPhoneReply'\n";
    let second = format!(
        "{success}        '201':\n          description: d\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/ErrorRespDto'\n"
    );
    for (from, to, expected) in [
        (
            "openapi: 3.0.3",
            "openapi: 3.1.0",
            "at /openapi: this is OpenAPI \"3.1.0\"",
        ),
        (
            "schemas/GetWechatMiniProgramPhoneDto'",
            "schemas/Nowhere'",
            "leads nowhere",
        ),
        (success, &second, "/responses/201: a second response type"),
        (
            "        4XX:\n",
            "        default:\n",
            "/responses/default: a `default` response",
        ),
        ("info:\n", "info: 5\nx-info:\n", "at /info"),
        (
            "      operationId: get_wechat_miniprogram_phone\n",
            "",
            "missing operation ID",
        ),
    ] {
        let text = changed(from, to);
        let error = Document::parse("authing.yaml", &text)
            .and_then(|document| generate(&document))
            .expect_err(expected)
            .to_string();
        assert!(error.starts_with("authing.yaml:"), "{error}");
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}
