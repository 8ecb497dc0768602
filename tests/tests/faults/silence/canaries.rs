//! The secrets of this proof: each constant is input and forbidden text at once.

use std::fmt::Write as _;

pub(super) const CODE: &str = "5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2e7c0de5ec2";
pub(super) const TOKEN: &str = "eyJ0b2tlbiI6ImNhbmFyeSJ9.canary-token-7d4f";
/// Without its calling code, as the shortest form in which it could be told.
pub(super) const PHONE: &str = "13912345678";
pub(super) const CONNECTION: &str = "wxapp-canary-s3cr3t-9931";
pub(super) const PASSWORD: &str = "canary-proxy-passw0rd";

pub(super) const CANARIES: [(&str, &str); 5] = [
    ("code", CODE),
    ("token", TOKEN),
    ("phone number", PHONE),
    ("connection identifier", CONNECTION),
    ("proxy's password", PASSWORD),
];

/// The forms in which bytes may be told.
pub(super) fn forms(bytes: &[u8]) -> Vec<String> {
    let each = |show: fn(u8) -> String| bytes.iter().map(|byte| show(*byte)).collect::<String>();
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let mut forms = vec![
        String::from_utf8_lossy(bytes).into_owned(),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\u{{{byte:x}}}")),
        each(|byte| format!("\\u{byte:04x}")),
        list.join(", "),
        list.join(","),
    ];
    // Base64 depends on where in a longer text the bytes stand; what they share is what is sought.
    for skipped in 0..3 {
        let text = base64(&[&vec![b' '; skipped], bytes].concat());
        let first = (skipped * 8).div_ceil(6);
        let whole = (skipped + bytes.len()) * 8 / 6;
        let standard = text[first..whole].to_owned();
        forms.push(standard.replace('+', "-").replace('/', "_"));
        forms.push(standard);
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..=group.len() {
            let digit = number >> (18 - 6 * place) & 63;
            let _ = write!(text, "{}", char::from(DIGITS[digit as usize]));
        }
    }
    text
}

/// Where the text holds the bytes in any form.
pub(super) fn finds(text: &str, bytes: &[u8]) -> Option<usize> {
    forms(bytes)
        .iter()
        .find_map(|form| text.find(form.as_str()))
}

#[test]
fn base64_is_rfc_4648_s() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}
