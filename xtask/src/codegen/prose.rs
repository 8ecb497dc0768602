//! Makes the document's prose harmless as rustdoc: it may hold brackets, HTML, addresses, code.

/// The lines of a documentation comment for a text of the document.
///
/// Outside code spans, what Markdown would take for a link or for HTML is escaped, and addresses
/// are marked as such; a code block is called text, so that it is no doctest; a line whose indent
/// would make it a code block loses the indent.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let line = line.trim_end();
        let is_fence = line.trim_start().starts_with("```");
        lines.push(match (is_fence, fenced) {
            (true, false) => "```text".to_owned(),
            (true, true) => "```".to_owned(),
            (false, true) => line.to_owned(),
            (false, false) => outside_code(line.trim_start()),
        });
        fenced ^= is_fence;
    }
    if fenced {
        lines.push("```".to_owned());
    }
    lines
}

/// One line of running text.
fn outside_code(line: &str) -> String {
    // An odd number of backticks opens a code span that may never end.
    let balanced = line.matches('`').count().is_multiple_of(2);
    let mut harmless = String::with_capacity(line.len() + 8);
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            harmless.push_str(if balanced { "`" } else { "\\`" });
        }
        if balanced && index % 2 == 1 {
            harmless.push_str(part);
        } else {
            push_text(part, &mut harmless);
        }
    }
    harmless
}

/// Text that stands in no code span: words, of which some are addresses.
fn push_text(text: &str, harmless: &mut String) {
    let mut rest = text;
    while let Some(start) = ["https://", "http://"]
        .iter()
        .filter_map(|s| rest.find(s))
        .min()
    {
        let address = &rest[start..];
        let end = address
            .find(|c: char| c.is_whitespace() || !c.is_ascii() || "<>()[]\"'`,;".contains(c))
            .unwrap_or(address.len());
        push_escaped(&rest[..start], harmless);
        let (address, after) = address.split_at(end);
        harmless.push('<');
        harmless.push_str(address);
        harmless.push('>');
        rest = after;
    }
    push_escaped(rest, harmless);
}

fn push_escaped(text: &str, harmless: &mut String) {
    for c in text.chars() {
        if matches!(c, '[' | ']' | '<' | '>' | '\\') {
            harmless.push('\\');
        }
        harmless.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_made_harmless() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a fact. [page]", "a fact. \\[page\\]"),
            ("`<b a=\"[x]\">` and <b>", "`<b a=\"[x]\">` and \\<b\\>"),
            (
                "see https://a.example/b?c, or",
                "see <https://a.example/b?c>, or",
            ),
            (
                "[here](https://a.example)",
                "\\[here\\](<https://a.example>)",
            ),
            ("    let x = 1;", "let x = 1;"),
            ("```\ncode [x]\n```", "```text\ncode [x]\n```"),
            ("```js\ncode", "```text\ncode\n```"),
            ("an odd ` tick [x]", "an odd \\` tick \\[x\\]"),
            (
                "参考 https://a.example/文档",
                "参考 <https://a.example/>文档",
            ),
        ] {
            assert_eq!(lines(text).join("\n"), expected, "{text}");
        }
    }
}
