//! What each kind of change means, each shown on the document itself.

use super::*;

fn text() -> String {
    std::fs::read_to_string(project_root().join(DOCUMENT)).unwrap()
}

fn against_ours(text: &str) -> Report {
    let base = Document::parse("base", &super::tests::text()).unwrap();
    diff(&base, &Document::parse("d", text).unwrap()).unwrap()
}

#[test]
fn nothing_changed() {
    let report = against_ours(&text());
    assert_eq!((report.changes.len(), report.status()), (0, 0));
    assert!(report.surface.is_empty());
    assert_eq!(
        report.render(Format::Text).unwrap(),
        "d against base\n\n\nNothing changed.\n"
    );
}

#[test]
fn the_order_of_required_means_nothing() {
    let other = text().replace(
        "        - code\n        - extIdpConnidentifier\n",
        "        - extIdpConnidentifier\n        - code\n",
    );
    assert_ne!(other, text());
    assert_eq!(against_ours(&other).changes, []);
}

#[test]
fn the_order_of_alternatives_means_nothing() {
    let mut base = Document::parse("base", &text()).unwrap();
    let reply = "/components/schemas/GetWechatMiniProgramPhoneReply/anyOf";
    let alternatives = base.value.pointer_mut(reply).unwrap();
    alternatives.as_array_mut().unwrap().reverse();
    let report = diff(&base, &Document::parse("d", &text()).unwrap()).unwrap();
    assert_eq!(report.changes, []);
}

const CODE: &str = "/components/schemas/GetWechatMiniProgramPhoneDto/properties/code";

/// One change of each kind, with whom it breaks; turns red if a kind loses its verdict.
#[test]
fn each_kind_of_change_has_its_verdict() {
    let text = text();
    for (from, to, breaks, what, status) in [
        (
            "description: The request. [page]",
            "description: What is sent. [page]",
            Breaks::Neither,
            "schema metadata changed",
            0,
        ),
        (
            "summary: Exchange a mini program's phone code for the phone number",
            "summary: Exchange a code",
            Breaks::Neither,
            "`summary` changed",
            0,
        ),
        (
            "          format: secret\n",
            "",
            Breaks::Neither,
            "the format was `secret` and is none: another Rust type, the same JSON",
            0,
        ),
        (
            "          format: secret\n",
            "          format: uuid\n",
            Breaks::NotJudged,
            "string schema changed",
            1,
        ),
        // A request demands more: callers do not send it.
        (
            "        - code\n        - extIdpConnidentifier\n      properties:\n",
            "        - code\n        - extIdpConnidentifier\n        - flavour\n      properties:\n        flavour:\n          type: string\n          description: New.\n",
            Breaks::Callers,
            "the required property `flavour` was added",
            4,
        ),
        (
            "        - code\n        - extIdpConnidentifier\n      properties:\n",
            "        - code\n        - extIdpConnidentifier\n      properties:\n        flavour:\n          type: string\n          description: New.\n",
            Breaks::Neither,
            "the optional property `flavour` was added",
            0,
        ),
        // A request demands less: the service does not get it.
        (
            "        - code\n        - extIdpConnidentifier\n",
            "        - code\n",
            Breaks::Service,
            "`extIdpConnidentifier` was required and is optional",
            4,
        ),
        // An answer promises more.
        (
            "      required:\n        - statusCode\n      properties:\n        statusCode:\n          type: integer\n          format: whole-number\n          description: |-\n            200 means success; any",
            "      required:\n        - statusCode\n        - message\n      properties:\n        statusCode:\n          type: integer\n          format: whole-number\n          description: |-\n            200 means success; any",
            Breaks::Service,
            "`message` was optional and is required",
            4,
        ),
        // An answer promises less.
        (
            "        - phoneNumber\n        - purePhoneNumber\n        - countryCode\n      properties:\n        phoneNumber:\n          type: string\n          format: phone-number\n          description: |-",
            "        - phoneNumber\n        - purePhoneNumber\n      properties:\n        phoneNumber:\n          type: string\n          format: phone-number\n          description: |-",
            Breaks::Callers,
            "`countryCode` was required and is optional",
            4,
        ),
        (
            "        data:\n          nullable: true\n",
            "        data:\n",
            Breaks::Service,
            "may no longer be null",
            4,
        ),
        (
            "operationId: get_wechat_miniprogram_phone",
            "operationId: get_phone",
            Breaks::Callers,
            "the operation, and so its method, has another name",
            4,
        ),
        (
            "  /api/v3/get-wechat-miniprogram-phone:",
            "  /api/v4/get-wechat-miniprogram-phone:",
            Breaks::Callers,
            "The operation get_wechat_miniprogram_phone was removed",
            4,
        ),
        (
            "        code:\n          type: string\n          format: secret\n",
            "        code:\n          type: integer\n",
            Breaks::Both,
            "changed",
            4,
        ),
        (
            "        5XX:\n          description: The service, or",
            "        500:\n          description: The service, or",
            Breaks::Callers,
            "operation added a new response code 500",
            4,
        ),
        // Beyond the comparison: it gives up, and says so.
        (
            "            application/json:\n              schema:\n                $ref: '#/components/schemas/ErrorRespDto'\n              examples:\n                throttled:",
            "            application/json; charset=utf-8:\n              schema:\n                $ref: '#/components/schemas/ErrorRespDto'\n              examples:\n                throttled:",
            Breaks::NotJudged,
            "the comparison gave up on this operation",
            1,
        ),
        // Beyond what anybody can know of a service.
        (
            "  - userpoolId: []\n  - appId: []\n    accessToken: []\n",
            "  - appId: []\n    accessToken: []\n",
            Breaks::NotJudged,
            "`security` changed",
            1,
        ),
    ] {
        assert!(text.contains(from), "the document no longer has:\n{from}");
        let report = against_ours(&text.replacen(from, to, 1));
        let shown = report.render(Format::Text).unwrap();
        let expected = report
            .changes
            .iter()
            .any(|c| c.breaks == breaks && c.what.contains(what));
        assert!(expected, "{breaks:?} `{what}` is not in\n{shown}");
        assert_eq!(report.status(), status, "{shown}");
    }
}

#[test]
fn the_rust_surface_is_told() {
    let report = against_ours(&text().replacen(
        "        code:\n          type: string\n          format: secret\n",
        "        code:\n          type: string\n",
        1,
    ));
    let dto = "types::GetWechatMiniProgramPhoneDto";
    let items: Vec<&str> = report
        .surface
        .changed
        .iter()
        .map(|c| c.item.as_str())
        .collect();
    assert_eq!(items, [format!("{dto}.code"), format!("{dto}::new")]);
    assert_eq!(report.surface.changed[0].old, "crate::scalars::Secret");
    assert_eq!(report.surface.changed[0].new, "String");

    let report = against_ours(&text().replace("extIdpConnidentifier", "connection"));
    assert_eq!(report.surface.added.len(), 1);
    assert!(report.surface.added[0].starts_with(&format!("{dto}.connection: ")));
    assert_eq!(
        report.surface.removed,
        [format!("{dto}.ext_idp_connidentifier")]
    );
}

#[test]
fn every_format_says_the_same() {
    let report = against_ours(&text().replacen("format: secret", "format: phone-number", 1));
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let shown = report.render(format).unwrap();
        assert!(shown.contains(CODE), "{shown}");
        assert!(shown.contains("PhoneNumber"), "{shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&report.render(Format::Json).unwrap()).unwrap();
    assert!(json["changes"][0]["breaks"].is_string());
}

/// The worked example of openapi/README.md is what the command says.
#[test]
fn the_worked_example_is_real() {
    let text = text();
    let place = text
        .find("    GetWechatMiniProgramPhoneRespDto:\n")
        .unwrap();
    let (before, after) = text.split_at(place);
    let after = after.replacen(
        "        - statusCode\n",
        "        - statusCode\n        - requestId\n",
        1,
    );
    let base = Document::parse(&format!("HEAD:{DOCUMENT}"), &text).unwrap();
    let changed = Document::parse(DOCUMENT, &format!("{before}{after}")).unwrap();
    let told = diff(&base, &changed).unwrap().render(Format::Text).unwrap();
    let readme = std::fs::read_to_string(project_root().join("openapi/README.md")).unwrap();
    // Lines move with every change of the document; the example need not.
    let without_lines = |text: &str| -> String {
        let words = text
            .split("    line ")
            .map(|part| part.trim_start_matches(char::is_numeric));
        words.collect()
    };
    let expected = without_lines(&told);
    assert!(
        without_lines(&readme).contains(&expected),
        "openapi/README.md lacks\n{told}"
    );
}
