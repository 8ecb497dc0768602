//! Every deviation has its reason, every other difference is found, every stale reason too.

use super::*;

fn ours() -> Document {
    Document::read(&project_root().join("openapi/authing.yaml")).unwrap()
}

fn theirs() -> String {
    std::fs::read_to_string(project_root().join("xtask/fixtures/theirs.yaml")).unwrap()
}

fn with(theirs: &str) -> Comparison {
    let deviations = Deviations::read(&project_root().join(DEVIATIONS)).unwrap();
    compare(
        &ours(),
        &Document::parse("theirs", theirs).unwrap(),
        &deviations,
    )
    .unwrap()
}

#[test]
fn every_difference_has_its_reason() {
    let comparison = with(&theirs());
    assert!(comparison.is_clean(), "{}", comparison.text());
    assert_eq!((comparison.covered, comparison.not_covered), (1, 1));
    let told = "1 operation(s) that the vendor offers are not covered here";
    assert!(comparison.text().contains(told), "{}", comparison.text());
}

/// Turns red if a kind of fact is no longer compared.
#[test]
fn anything_else_is_a_finding() {
    const OPERATION: &str = "POST /api/v3/get-wechat-miniprogram-phone";
    const REQUEST: &str = "request application/json";
    let theirs = theirs();
    for (from, to, fact, now) in [
        (
            "extIdpConnidentifier",
            "extIdpConnIdentifier",
            format!("{REQUEST} .extIdpConnIdentifier"),
            "described",
        ),
        (
            "extIdpConnidentifier",
            "extIdpConnIdentifier",
            format!("{REQUEST} .extIdpConnidentifier"),
            "absent",
        ),
        (
            "[extIdpConnidentifier, code]",
            "[code]",
            format!("{REQUEST} .extIdpConnidentifier: required"),
            "no",
        ),
        (
            "        code:\n          type: string",
            "        code:\n          type: string\n          maxLength: 64",
            format!("{REQUEST} .code: maxLength"),
            "64",
        ),
        (
            "        code:\n          type: string",
            "        code:\n          type: string\n          format: uuid",
            format!("{REQUEST} .code: format"),
            "uuid",
        ),
        (
            "        countryCode:\n          type: string",
            "        countryCode:\n          type: integer",
            "response 200 application/json .data .countryCode: type".into(),
            "integer",
        ),
        (
            "        required: true\n",
            "        required: false\n",
            "request: required".into(),
            "no",
        ),
        (
            "GetWechatMiniProgramPhoneDataDto",
            "PhoneDto",
            "response 200 application/json .data: type name".into(),
            "PhoneDto",
        ),
        (
            "        '200':\n          description: Told",
            "        '201':\n          description: Told",
            "responses".into(),
            "201",
        ),
        (
            "      scheme: bearer",
            "      scheme: basic",
            "security".into(),
            "http basic",
        ),
        (
            "      operationId: WechatAPIV3Controller_getWechatMiniprogramPhone",
            "      parameters:\n        - {name: x-lang, in: header, required: true, schema: {type: string}}\n      operationId: WechatAPIV3Controller_getWechatMiniprogramPhone",
            "header parameter x-lang".into(),
            "described",
        ),
    ] {
        assert!(theirs.contains(from), "{from}");
        let comparison = with(&theirs.replace(from, to));
        let fact = format!("{OPERATION}: {fact}");
        let found = comparison
            .unexplained
            .iter()
            .any(|d| d.fact == fact && d.theirs == now);
        assert!(found, "`{fact}` is not found in\n{}", comparison.text());
    }
    let gone = with(&theirs.replace(
        "  /api/v3/get-wechat-miniprogram-phone:",
        "  /api/v4/phone:",
    ));
    assert_eq!(gone.unexplained[0].fact, OPERATION);
    assert_eq!(gone.unexplained[0].theirs, "absent");
}

/// Turns red if a reason may outlive its difference.
#[test]
fn a_deviation_that_no_longer_applies_is_a_finding() {
    let comparison =
        with(&theirs().replace("[statusCode, message, data]", "[statusCode, message]"));
    let stale: Vec<&str> = comparison
        .stale
        .iter()
        .map(|(d, _)| d.fact.as_str())
        .collect();
    assert_eq!(stale, ["*: response 200 application/json .data: required"]);
    assert!(
        comparison.text().contains("no longer applies"),
        "{}",
        comparison.text()
    );
    assert!(!comparison.is_clean());
}
