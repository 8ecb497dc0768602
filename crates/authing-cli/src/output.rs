//! Writing to the terminal, and keeping the code out of what is written.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::Value;

/// What stands in place of a text that repeats the code.
const HIDDEN: &str = "(hidden: it repeats the code)";

/// Writes to standard output; a failure, such as a reader that has gone, becomes the exit status.
pub(crate) fn print(text: &str, then: ExitCode) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => then,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Writes to standard error, as far as anybody listens.
pub(crate) fn error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// JSON for a reader who is a person or a program.
pub(crate) fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The value without texts that repeat the code: the service's words may.
pub(crate) fn without_code(value: Value, code: &str) -> Value {
    match value {
        Value::String(text) => Value::String(hide(text, code)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| without_code(item, code))
            .collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, item)| (name, without_code(item, code)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// The text, unless it repeats the code.
pub(crate) fn hide(text: String, code: &str) -> String {
    if !code.is_empty() && text.contains(code) {
        return HIDDEN.to_owned();
    }
    text
}

/// One line that no terminal takes for a command: the service's words may hold anything.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
