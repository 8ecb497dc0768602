//! The document has nothing against it, and each kind of mistake has its own message and place.

use super::*;

fn text() -> String {
    std::fs::read_to_string(project_root().join("openapi/authing.yaml")).unwrap()
}

fn all_findings(text: &str) -> (Document, Vec<Finding>) {
    let document = Document::parse("d.yaml", text).unwrap();
    let mut findings = lint(&document).unwrap();
    if findings.iter().all(|finding| !is_structural(finding)) {
        findings.extend(names(&document).unwrap());
    }
    (document, findings)
}

#[test]
fn the_document_has_nothing_against_it() {
    let (document, findings) = all_findings(&text());
    assert_eq!(findings, [], "\n{}", render(&document, &findings));
}

const OPERATION: &str = "/paths/~1api~1v3~1get-wechat-miniprogram-phone/post";
const REQUEST: &str = "/components/schemas/GetWechatMiniProgramPhoneDto";
const REPLY: &str = "/components/schemas/GetWechatMiniProgramPhoneRespDto";
const DATA: &str = "/components/schemas/GetWechatMiniProgramPhoneDataDto";

/// One deliberate break for each rule: turns red if the rule is taken out.
#[test]
fn each_kind_of_mistake_has_its_message_and_its_place() {
    let text = text();
    for (from, to, pointer, what) in [
        (
            "openapi: 3.0.3",
            "openapi: 3.0.0",
            "/openapi",
            "this is OpenAPI \"3.0.0\"",
        ),
        (
            "openapi: 3.0.3",
            "openapi: 3.1.0",
            "/openapi",
            "this is OpenAPI \"3.1.0\"",
        ),
        (
            "          format: country-code\n          description: The calling code, digits only. [page]\n",
            "          format: country-code\n          descripton: The calling code, digits only. [page]\n",
            &format!("{DATA}/properties/countryCode/descripton"),
            "`descripton` has no business here",
        ),
        (
            "          example: '86'\n    GetWechatMiniProgramPhoneLoose",
            "          example: 86\n    GetWechatMiniProgramPhoneLoose",
            &format!("{DATA}/properties/countryCode/example"),
            "the example is not of type \"string\"",
        ),
        (
            "                  value:\n                    statusCode: 429",
            "                  value:\n                    status: 429",
            &format!(
                "{OPERATION}/responses/4XX/content/application~1json/examples/throttled/value"
            ),
            "the example \"statusCode\" is missing",
        ),
        (
            "        default: zh-CN\n",
            "        default: 1\n",
            "/components/parameters/lang/schema/default",
            "the default is not of type \"string\"",
        ),
        (
            "          description: The number without its calling code. [page]\n",
            "",
            &format!("{DATA}/properties/purePhoneNumber"),
            "the property `purePhoneNumber` has no description",
        ),
        (
            "        countryCode:\n          allOf:\n            - $ref: '#/components/schemas/WechatCountryCode'\n          description: The calling code. [wechat]\n",
            "        countryCode:\n          $ref: '#/components/schemas/WechatCountryCode'\n",
            "/components/schemas/WechatPhoneInfoDto/properties/countryCode",
            "the property `countryCode` is a bare reference",
        ),
        (
            "        extIdpConnidentifier:\n          type",
            "        extIdpConnIdentifier:\n          type",
            REQUEST,
            "the documented property `extIdpConnidentifier` is missing",
        ),
        (
            "        extIdpConnidentifier:\n          type",
            "        extIdpConnIdentifier:\n          type",
            &format!("{REQUEST}/properties/extIdpConnIdentifier"),
            "`extIdpConnIdentifier` is not on the page",
        ),
        (
            "        - code\n        - extIdpConnidentifier\n",
            "        - code\n",
            &format!("{REQUEST}/required"),
            "the page says that `extIdpConnidentifier` is required",
        ),
        (
            "operationId: get_wechat_miniprogram_phone",
            "operationId: getWechatMiniprogramPhone",
            &format!("{OPERATION}/operationId"),
            "the documented name is `get_wechat_miniprogram_phone`",
        ),
        (
            "  /api/v3/get-wechat-miniprogram-phone:",
            "  /api/v3/get-wechat-mini-program-phone:",
            "/paths",
            "the documented operation POST /api/v3/get-wechat-miniprogram-phone is missing",
        ),
        (
            "        apiCode:\n          type: integer\n          format: whole-number",
            "        apiCode:\n          type: number",
            &format!("{REPLY}/properties/apiCode/type"),
            "the code `apiCode` is a `number`",
        ),
        (
            "    GetWechatMiniProgramPhoneDataDto:\n      type: object\n",
            "    GetWechatMiniProgramPhoneDataDto:\n      type: object\n      additionalProperties: false\n",
            &format!("{DATA}/additionalProperties"),
            "`additionalProperties: false` on a reply",
        ),
        (
            "        5XX:\n",
            "        default:\n",
            &format!("{OPERATION}/responses/default"),
            "a `default` response",
        ),
        (
            "        5XX:\n          description: The service, or a gateway in front of it, failed. [guess]\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/ErrorRespDto'",
            "        5XX:\n          description: The service, or a gateway in front of it, failed. [guess]\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/GetWechatMiniProgramPhoneRespDto'",
            &format!("{OPERATION}/responses/5XX"),
            "a second response type",
        ),
        (
            "            - $ref: '#/components/schemas/WechatAnswerDto'",
            "            - $ref: '#/components/schemas/WechatAnswer'",
            "/components/schemas/GetWechatMiniProgramPhoneNestedRespDto/properties/data/allOf/0",
            "the reference `#/components/schemas/WechatAnswer` leads nowhere",
        ),
        (
            "          application/json:\n            schema:\n              $ref: '#/components/schemas/GetWechatMiniProgramPhoneDto'",
            "          multipart/form-data:\n            schema:\n              $ref: '#/components/schemas/GetWechatMiniProgramPhoneDto'",
            &format!("{OPERATION}/requestBody/content/multipart~1form-data"),
            "a request body of the media type `multipart/form-data`",
        ),
    ] {
        assert!(text.contains(from), "the document no longer has:\n{from}");
        let (document, findings) = all_findings(&text.replacen(from, to, 1));
        let shown = render(&document, &findings);
        let expected = findings
            .iter()
            .find(|finding| finding.pointer == *pointer && finding.what == what);
        assert!(
            expected.is_some(),
            "`{what}` at {pointer} is not among\n{shown}"
        );
        assert!(!expected.unwrap().why.is_empty() && !expected.unwrap().fix.is_empty());
        let line = document.line(pointer);
        assert!(
            shown.contains(&format!("d.yaml:{line}: at {pointer}\n")),
            "{shown}"
        );
    }
}
