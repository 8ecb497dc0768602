//! Each shape, as it looks on the wire.

use authing_sandbox::{AttemptResult, CodeStatus, Sandbox, Shape};
use serde_json::{Value, json};

use crate::client::{Answer, exchange};

const PHONE: &str = "+8613800138000";

fn documented() -> Value {
    json!({ "phoneNumber": PHONE, "purePhoneNumber": "13800138000", "countryCode": "86" })
}

/// `a` with the fields of `b` on top.
fn with(mut a: Value, b: Value) -> Value {
    for (name, value) in b.as_object().unwrap() {
        a[name] = value.clone();
    }
    a
}

struct Case {
    answer: Answer,
    watermark: Value,
}

async fn success(sandbox: &Sandbox, shape: Shape) -> Case {
    sandbox.set_shape(shape);
    let code = sandbox.issue_code(PHONE).unwrap();
    let answer = exchange(sandbox, &code).await;
    let entry = sandbox.entry(&code).unwrap();
    // The rule of the page: only what never reaches the code leaves it as it was.
    let (status, result) = if shape.reaches_the_code() {
        (CodeStatus::Consumed, AttemptResult::Accepted)
    } else {
        (CodeStatus::Issued, AttemptResult::NotProcessed)
    };
    assert_eq!(
        (entry.status, entry.attempts[0].result),
        (status, result),
        "{shape}"
    );
    let tapped = entry
        .issued_at
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    Case {
        answer,
        watermark: json!({ "watermark": { "timestamp": tapped } }),
    }
}

#[tokio::test]
async fn every_shape_is_what_it_says() {
    let sandbox = Sandbox::start().await.unwrap();
    for shape in Shape::all().iter().copied() {
        let Case { answer, watermark } = success(&sandbox, shape).await;
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let reply: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let data = &reply["data"];
        // A test could not know the mini program's id; it is compared apart.
        let info = |mut info: Value| {
            let id = info["watermark"]
                .as_object_mut()
                .unwrap()
                .remove("appid")
                .unwrap();
            assert!(id.as_str().unwrap().starts_with("wx"));
            info
        };
        match shape {
            Shape::Documented
            | Shape::DataNull
            | Shape::DataEmpty
            | Shape::ErrcodeBeside
            | Shape::RejectionAs602 => assert_eq!(*data, documented(), "{shape}"),
            Shape::Nested => {
                assert_eq!(
                    (&data["errcode"], &data["errmsg"]),
                    (&json!(0), &json!("ok"))
                );
                assert_eq!(
                    info(data["phone_info"].clone()),
                    with(documented(), watermark)
                );
            }
            Shape::NestedWithoutErrcode => {
                assert_eq!(data.as_object().unwrap().len(), 1);
                assert_eq!(
                    info(data["phone_info"].clone()),
                    with(documented(), watermark)
                );
            }
            Shape::NestedMainland => {
                let fields = json!({ "phoneNumber": "13800138000", "countryCode": 86 });
                let expected = with(with(documented(), watermark), fields);
                assert_eq!(info(data["phone_info"].clone()), expected);
            }
            Shape::BesideStatus => {
                assert_eq!(reply.get("data"), None);
                assert_eq!(
                    info(reply["phone_info"].clone()),
                    with(documented(), watermark)
                );
            }
            Shape::CountryCodeNumber => {
                assert_eq!(*data, with(documented(), json!({ "countryCode": 86 })));
            }
            Shape::CountryCodePlus => {
                assert_eq!(*data, with(documented(), json!({ "countryCode": "+86" })));
            }
            Shape::MainlandWithoutPrefix => {
                assert_eq!(
                    *data,
                    with(documented(), json!({ "phoneNumber": "13800138000" }))
                );
            }
            Shape::StatusCodeDecimal => assert!(text.contains("\"statusCode\":200.0")),
            Shape::WithoutRequestId => assert_eq!(reply.get("requestId"), None),
            Shape::WithoutMessage => assert_eq!(reply.get("message"), None),
            Shape::EmptyMessage => assert_eq!(reply["message"], ""),
            Shape::UnknownFields => {
                assert_eq!(
                    (&reply["traceId"], &data["region"]),
                    (&json!("x"), &json!("CN"))
                );
            }
            Shape::TextContentType => {
                assert_eq!(answer.header("content-type"), Some("text/plain"));
                assert_eq!(*data, documented());
            }
            Shape::Whitespace => {
                assert!(text.starts_with("\n  {") && text.ends_with("}\n"));
                assert_eq!(*data, documented());
            }
            Shape::Throttled | Shape::ThrottledInBody => {
                let http_status = if shape == Shape::Throttled { 429 } else { 200 };
                assert_eq!(
                    (answer.status, &reply["statusCode"]),
                    (http_status, &json!(429))
                );
            }
            Shape::Html => assert_eq!((answer.status, &text[..6]), (200, "<html>")),
            Shape::HtmlBadGateway => assert_eq!((answer.status, &text[..6]), (502, "<html>")),
            Shape::Empty => assert_eq!((answer.status, text.as_str()), (200, "")),
            Shape::NoContent => assert_eq!((answer.status, text.as_str()), (204, "")),
            Shape::TruncatedJson => {
                assert!(text.starts_with("{\"statusCode\":200,") && reply.is_null());
            }
            Shape::JsonNull => assert_eq!(text, "null"),
            Shape::JsonArray => assert_eq!(text, "[]"),
            Shape::Redirect301
            | Shape::Redirect302
            | Shape::Redirect303
            | Shape::Redirect307
            | Shape::Redirect308 => {
                assert_eq!(format!("redirect-{}", answer.status), shape.name());
                let location = answer.header("location").unwrap();
                assert!(location.starts_with("https://elsewhere.invalid/"));
            }
            Shape::SuccessWithoutData => assert_eq!(reply.get("data"), None),
            Shape::SuccessDataEmpty => assert_eq!(*data, json!({})),
            Shape::SuccessEmptyStrings => assert_eq!(
                *data,
                json!({ "phoneNumber": "", "purePhoneNumber": "", "countryCode": "" })
            ),
            Shape::SuccessFieldMissing => {
                assert_eq!(data.get("countryCode"), None);
                assert_eq!(data["phoneNumber"], PHONE);
            }
            Shape::StatusCodeAbsent => {
                assert_eq!(reply.get("statusCode"), None);
                assert_eq!(*data, documented());
            }
            Shape::StatusCodeText => assert_eq!(reply["statusCode"], "OK"),
            Shape::Http500Success => {
                assert_eq!((answer.status, &reply["statusCode"]), (500, &json!(200)));
            }
            other => panic!("{other} has no test"),
        }
    }
}

#[tokio::test]
async fn a_number_from_abroad_keeps_its_prefix() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.set_shape(Shape::MainlandWithoutPrefix);
    let code = sandbox.issue_code("+85251234567").unwrap();
    assert_eq!(
        exchange(&sandbox, &code).await.json()["data"]["phoneNumber"],
        "+85251234567"
    );
}

#[tokio::test]
async fn failures_and_rejections_have_shapes_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let refusal = async |shape| {
        sandbox.set_shape(shape);
        exchange(&sandbox, "never issued").await.json()
    };
    let nested = refusal(Shape::Documented).await;
    assert_eq!(
        (&nested["statusCode"], &nested["data"]["errcode"]),
        (&json!(200), &json!(40029))
    );
    for shape in [Shape::BesideStatus, Shape::ErrcodeBeside] {
        let beside = refusal(shape).await;
        assert_eq!(
            (&beside["errcode"], beside.get("data")),
            (&json!(40029), None)
        );
        assert!(
            beside["errmsg"]
                .as_str()
                .unwrap()
                .starts_with("invalid code, rid: ")
        );
    }
    let other = refusal(Shape::RejectionAs602).await;
    assert_eq!(
        (&other["statusCode"], other.get("data")),
        (&json!(602), None)
    );
    assert!(other["message"].as_str().unwrap().contains("40029"));

    let malformed = async |shape| {
        sandbox.set_shape(shape);
        exchange(&sandbox, "").await.json()
    };
    assert_eq!(malformed(Shape::Documented).await.get("data"), None);
    assert_eq!(
        malformed(Shape::DataNull).await.get("data"),
        Some(&Value::Null)
    );
    assert_eq!(malformed(Shape::DataEmpty).await["data"], json!({}));
}
