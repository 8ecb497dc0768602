//! Secrets of a call that the silence tests search for in everything printed, and servers that
//! repeat them.

use authing_sandbox::{CutAt, Fault, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

pub use crate::CODE;
use crate::{closing_server, insert, rows, sandbox_with};

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

/// What the words of `data/secrets.txt` and `data/spans.txt` stand for. Each text may contain the
/// words below it.
pub const WORDS: [(&str, &str); 7] = [
    (
        "$TEXTS",
        r#""message":"$SAID$UNSAFE","requestId":"$SAID$UNSAFE","errmsg":"$SAID$UNSAFE","x":"$SAID""#,
    ),
    ("$SAID", "$CODE $TOKEN $CONNECTION +86$PHONE"),
    // Characters that could change what a terminal or an editor shows.
    ("$UNSAFE", r"\u202e\u001b[31m"),
    ("$CODE", CODE),
    ("$TOKEN", TOKEN),
    ("$CONNECTION", CONNECTION),
    ("$PHONE", PHONE),
];

/// Returns the name, the HTTP status and the body of each response.
fn responses() -> Vec<(&'static str, &'static str, String)> {
    let read = |row: &'static str| {
        let (name, response) = row.split_once(' ').expect("a name");
        let (status, body) = response.split_once(' ').expect("a status");
        (name, status, insert(body, &WORDS))
    };
    let file = include_str!("../data/secrets.txt");
    rows(file).map(read).collect()
}

/// Returns the body of a success that repeats the secrets.
pub fn success() -> String {
    responses().swap_remove(0).2
}

/// Returns a response that repeats the secrets in its reason phrase and headers too.
fn response(status: &str, body: &str) -> String {
    let head = format!(
        "HTTP/1.1 {status} $SAID\r\ncontent-type: application/json; said=\"$SAID\"\r\n\
         retry-after: $PHONE\r\nlocation: /$CODE?$TOKEN\r\nset-cookie: $SAID\r\n\
         x-said: $SAID\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    insert(&head, &WORDS) + body
}

/// Starts a server for each way in which a response can repeat the secrets.
pub fn servers() -> Vec<(&'static str, Sandbox)> {
    let complete = responses().into_iter();
    let complete = complete.map(|(name, status, body)| (name, response(status, &body)));
    let large = insert(&"$SAID".repeat(2000), &WORDS);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n$SAID\r\n";
    let incomplete = [
        ("large", &*response("200", &large)),
        ("cut", &response("200", &success())[..600]),
        ("bad-status-line", "HTTP/1.1 $SAID\r\n\r\n"),
        ("bad-header", "HTTP/1.1 200 OK\r\n$SAID\0\r\n\r\n"),
        ("bad-chunk", chunked),
        ("closing", ""),
    ];
    let incomplete = incomplete.map(|(name, bytes)| (name, insert(bytes, &WORDS)));
    let responding = complete.chain(incomplete);
    let responding = responding.map(|(name, bytes)| (name, closing_server(bytes)));
    let silent = sandbox_with(Fault::stall(CutAt::Request).permanent());
    responding.chain([("silent", silent)]).collect()
}

/// Panics if a text contains a secret, or a character that controls a terminal.
pub fn assert_silent(what: &str, text: &str) {
    if let Some(found) = find(text) {
        panic!("{what}: {found}");
    }
    assert!(!text.contains(['\u{202e}', '\u{1b}']), "{what}: {text:?}");
}
