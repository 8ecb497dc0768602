//! Every property of the OpenAPI document is sent and returned.

use authing::{AuthenticationClient, Request};
use authing_tests::{builder, parts, response, server};
use serde::Serialize;
use serde_json::{Value, json};

/// Documented response properties that the results deliberately leave out.
const UNMAPPED: [&str; 3] = ["errcode", "errmsg", "phone_info"];

/// Calls an operation with the values of a documented request.
async fn call(id: &str, client: &AuthenticationClient, body: &Value) -> Value {
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    match id {
        "get_wechat_miniprogram_phone" => {
            let (code, connection) = (text("code"), text("extIdpConnidentifier"));
            json_of(client.get_wechat_miniprogram_phone(code, connection)).await
        }
        _ => panic!("{id} is not called in `call` of tests/tests/document.rs: add it there"),
    }
}

/// Makes the call, which succeeds, and serializes its result.
async fn json_of<T: Serialize>(call: Request<T>) -> Value {
    serde_json::to_value(call.await.unwrap()).unwrap()
}

/// Makes JSON with every property of a schema, each with a value of its own.
fn sample(document: &Value, name: &str, schema: &Value, made: &mut u32) -> Value {
    let reference = [&schema["$ref"], &schema["allOf"][0]["$ref"]];
    if let Some(reference) = reference.into_iter().find_map(Value::as_str) {
        let schema = document.pointer(&reference[1..]).unwrap();
        return sample(document, name, schema, made);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let properties = properties.iter();
        let each = properties.map(|(name, schema)| (name, sample(document, name, schema, made)));
        return each.collect();
    }
    *made += 1;
    match (name, schema["type"].as_str(), schema["format"].as_str()) {
        // The values of a success.
        ("statusCode", ..) => json!(200),
        ("errcode", ..) => json!(0),
        (_, Some("array"), _) => json!([sample(document, name, &schema["items"], made)]),
        (_, Some("boolean"), _) => json!(true),
        (_, Some("integer" | "number"), _) => json!(1000 + *made),
        (_, _, Some("phone-number")) => json!(format!("+8613800138{made:03}")),
        (_, _, Some("country-code")) => json!(format!("{}", 80 + *made)),
        _ => json!(format!("{name}-{made}")),
    }
}

/// Removes the properties that results leave out.
fn without_unmapped(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !UNMAPPED.contains(&name.as_str()));
        for field in fields.values_mut() {
            *field = without_unmapped(field.take());
        }
    }
    value
}

#[tokio::test]
async fn every_documented_property_is_sent_and_returned() {
    let document: Value = serde_json::from_str(authing_sandbox::OPENAPI_DOCUMENT).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let schema = |of: &Value| of["content"]["application/json"]["schema"].clone();
            let mut made = 0;
            let mut sample = |of| sample(&document, "", &schema(of), &mut made);
            let request = sample(&operation["requestBody"]);
            let documented = sample(&operation["responses"]["200"]);

            let server = server(response(200, "", documented.to_string()));
            let client = builder(server.base_url()).build().unwrap();
            let result = call(id, &client, &request).await;

            let expected = without_unmapped(documented);
            let is_right = result == expected;
            let fix = "run `cargo xtask codegen`, then map each property in the file of the \
                operation (see \"Adding a property\" in CONTRIBUTING.md)";
            assert!(is_right, "{id}: {result:#}\nis not {expected:#}\n{fix}");
            let (head, body) = parts(&server.requests()[0]);
            let first_line = format!("{} {path} HTTP/1.1\r\n", method.to_uppercase());
            assert!(head.starts_with(&first_line), "{head}");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body, request, "{id}");
        }
    }
}
