//! Secrets of a call that the silence tests search for in everything printed, and servers that
//! repeat them.

use authing_sandbox::{CutAt, Fault, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

pub use crate::CODE;
use crate::{closing_server, sandbox_with};

/// An access token.
pub const TOKEN: &str = "eyJ0b2tlbiI6ImNhbmFyeSJ9.canary-token-7d4f";
/// A phone number without its country code. It is also a number in JSON and in `Retry-After`.
pub const PHONE: &str = "13912345678";
/// An identity source connection.
pub const CONNECTION: &str = "wxapp-canary-s3cr3t-9931";
/// A proxy's password.
pub const PASSWORD: &str = "canary-proxy-passw0rd";

/// All of them, by name.
pub const CANARIES: [(&str, &str); 5] = [
    ("code", CODE),
    ("access token", TOKEN),
    ("phone number", PHONE),
    ("identity source connection", CONNECTION),
    ("proxy password", PASSWORD),
];

/// Returns the bytes in each encoding in which a program might print them.
pub fn forms(bytes: &[u8]) -> Vec<String> {
    let each = |show: fn(u8) -> String| bytes.iter().map(|byte| show(*byte)).collect::<String>();
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let mut forms = vec![
        String::from_utf8_lossy(bytes).into_owned(),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\u{{{byte:x}}}")),
        each(|byte| format!("\\u{byte:04x}")),
        numbers.join(", "),
        numbers.join(","),
    ];
    // Base64 depends on the offset in a longer text; only the digits that do not are searched for.
    for offset in 0..3 {
        let text = STANDARD_NO_PAD.encode([&vec![b' '; offset], bytes].concat());
        let (first, end) = ((offset * 8).div_ceil(6), (offset + bytes.len()) * 8 / 6);
        let standard = text[first..end].to_owned();
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    forms
}

/// Returns the first secret that the text contains in any encoding, with the text around it.
pub fn find(text: &str) -> Option<String> {
    CANARIES.iter().find_map(|(name, canary)| {
        let forms = forms(canary.as_bytes());
        let at = forms.iter().find_map(|form| text.find(form.as_str()))?;
        let around = &text.as_bytes()[at.saturating_sub(300)..text.len().min(at + 200)];
        let around = String::from_utf8_lossy(around);
        Some(format!("the {name} was printed: …{around}…"))
    })
}

/// Returns every secret that a server knows, in one text.
fn said() -> String {
    format!("{CODE} {TOKEN} {CONNECTION} +86{PHONE}")
}

/// A response that repeats the secrets in its reason phrase and headers too.
fn response(status: u16, body: &str) -> String {
    let said = said();
    format!(
        "HTTP/1.1 {status} {said}\r\ncontent-type: application/json; said=\"{said}\"\r\n\
         retry-after: {PHONE}\r\nlocation: /{CODE}?{TOKEN}\r\nset-cookie: {said}\r\n\
         x-said: {said}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn envelope(status_code: impl Into<Value>, api_code: impl Into<Value>, data: &Value) -> String {
    // With characters that could change what a terminal or an editor shows.
    let said = said() + "\u{202e}\u{1b}[31m";
    let (status_code, api_code) = (status_code.into(), api_code.into());
    json!({"statusCode": status_code, "message": said, "apiCode": api_code, "requestId": said,
        "errmsg": said, "data": data, "x": said})
    .to_string()
}

/// Returns the body of a success that repeats the secrets.
pub fn success() -> String {
    let (said, number) = (said(), format!("+86{PHONE}"));
    let watermark = json!({"appid": said, "timestamp": 1_637_744_274});
    let data = json!({"phoneNumber": number, "purePhoneNumber": PHONE, "countryCode": "86",
        "errmsg": said, "watermark": watermark});
    envelope(200, 2011, &data)
}

/// The bytes of each response, by name.
fn responses() -> Vec<(&'static str, String)> {
    let number: u64 = PHONE.parse().expect("a number");
    let said = said();
    let wechat = |errcode: Value| {
        let data = json!({"errcode": errcode, "errmsg": said});
        response(200, &envelope(200, 2011, &data))
    };
    let failure = |http, status: Value, api_code: Value| {
        response(http, &envelope(status, api_code, &Value::Null))
    };
    let success = success();
    let incomplete = json!({"phoneNumber": [PHONE], "countryCode": PHONE});
    let incomplete = envelope(200, 2011, &incomplete);
    let keys = json!({"statusCode": said, CODE: TOKEN}).to_string();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    vec![
        ("success", response(200, &success)),
        ("rejected", wechat(json!(40029))),
        ("quota", wechat(json!(45011))),
        ("busy", wechat(json!(-1))),
        ("errcode", wechat(json!(number))),
        ("errcode-text", wechat(json!(PHONE))),
        ("throttled", failure(429, json!(429), json!(null))),
        ("unauthorized", failure(401, json!(401), json!(2020))),
        ("service", failure(500, json!(500), json!(2011))),
        ("upstream", failure(200, json!(601), json!(2011))),
        ("unknown", failure(200, json!(409), json!(2011))),
        ("status", failure(200, json!(number), json!(2011))),
        ("status-text", failure(200, json!(PHONE), json!(2011))),
        ("api-code", failure(200, json!(403), json!(number))),
        ("api-code-text", failure(200, json!(403), json!(PHONE))),
        ("html", response(200, &format!("<html>{said}"))),
        ("gateway", response(502, &said)),
        ("redirect", response(307, &said)),
        ("cut-json", response(200, &success[..success.len() - 1])),
        ("keys", response(200, &keys)),
        ("incomplete", response(200, &incomplete)),
        ("large", response(200, &said.repeat(2000))),
        ("bad-status-line", format!("HTTP/1.1 {said}\r\n\r\n")),
        ("bad-header", format!("HTTP/1.1 200 OK\r\n{said}\0\r\n\r\n")),
        ("bad-chunk", format!("{chunked}{said}\r\n")),
        ("cut", response(200, &success)[..600].to_owned()),
        ("closing", String::new()),
    ]
}

/// Starts a server for each way in which a response can repeat the secrets.
pub fn servers() -> Vec<(&'static str, Sandbox)> {
    let silent = sandbox_with(Fault::stall(CutAt::Request).permanent());
    let responses = responses().into_iter();
    let responding = responses.map(|(name, bytes)| (name, closing_server(bytes)));
    responding.chain([("silent", silent)]).collect()
}

/// Panics if a text contains a secret, or a character that controls a terminal.
pub fn assert_silent(what: &str, text: &str) {
    if let Some(found) = find(text) {
        panic!("{what}: {found}");
    }
    assert!(!text.contains(['\u{202e}', '\u{1b}']), "{what}: {text:?}");
}
