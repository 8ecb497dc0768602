//! Output to the terminal, without the code and without characters that control a terminal.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::Value;

/// Names and values in the order of the output.
pub(crate) type Rows = Vec<(&'static str, Value)>;

/// Writes to standard output; a failure, such as a closed pipe, becomes the exit status.
pub(crate) fn print(text: &str, then: ExitCode) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_or(ExitCode::FAILURE, |()| then)
}

/// Writes to standard error; there is nowhere to report a failure.
pub(crate) fn error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Indented JSON with every text cleaned.
pub(crate) fn json(mut value: Value, code: &str) -> String {
    clean_all(&mut value, code);
    format!("{value:#}\n")
}

fn clean_all(value: &mut Value, code: &str) {
    match value {
        Value::String(text) => *text = clean(text, code),
        Value::Array(items) => items.iter_mut().for_each(|item| clean_all(item, code)),
        Value::Object(fields) => fields.values_mut().for_each(|item| clean_all(item, code)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One line for each value; rows without a value are left out.
pub(crate) fn table(rows: Rows, code: &str) -> String {
    let mut text = String::new();
    for (name, value) in rows {
        let values = match value {
            Value::Null => continue,
            Value::Array(items) => items,
            other => vec![other],
        };
        for value in values {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            text.push_str(&format!("{name:<18} {}\n", clean(&value, code)));
        }
    }
    text
}

/// One printable line that does not repeat the code.
pub(crate) fn clean(text: &str, code: &str) -> String {
    if !code.is_empty() && text.contains(code) {
        return "(hidden: repeats the code)".to_owned();
    }
    text.replace(|c| !is_printable(c), "\u{fffd}")
}

/// Whether a character neither controls a terminal nor changes the direction of the text.
fn is_printable(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{feff}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    !c.is_control() && !is_format
}

/// The request ID, if it has the form of one (a UUID); any other text is untrusted.
pub(crate) fn request_id(id: Option<&str>) -> Option<&str> {
    let is_uuid = |id: &&str| {
        let lengths = id.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12]) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    };
    id.filter(is_uuid)
}
