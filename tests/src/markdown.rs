//! The parts of a Markdown page that tests and the build script look at.

/// A fenced block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first word behind the fence: `rust`, `sh`, `toml`.
    pub language: String,
    /// The code, with its last line break.
    pub text: String,
}

/// The blocks of a page, in order.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The blocks in one language.
#[must_use]
pub fn blocks_in(page: &str, language: &str) -> Vec<String> {
    let all = blocks(page).into_iter();
    all.filter(|block| block.language == language)
        .map(|block| block.text)
        .collect()
}

/// The lines of a page that are not code.
#[must_use]
pub fn prose(page: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push(line);
        }
    }
    lines
}

/// The cells of a line of a table; nothing if it is none, or the line under the header.
#[must_use]
pub fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
    let is_rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-'));
    (!is_rule || cells.iter().all(|cell| cell.is_empty())).then_some(cells)
}

/// Where the links of a page lead to.
#[must_use]
pub fn links(page: &str) -> Vec<String> {
    let text = prose(page).join("\n");
    let ends = text.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# One\n\n| a | b |\n|---|---|\n| `x` | [y](z.md) |\n\n```rust\nfn f() {}\n```\n```sh\n# no heading\n```\n";

    #[test]
    fn a_page_is_taken_apart() {
        assert_eq!(blocks(PAGE).len(), 2);
        assert_eq!(blocks_in(PAGE, "rust"), ["fn f() {}\n"]);
        assert_eq!(prose(PAGE).iter().filter(|l| l.starts_with('#')).count(), 1);
        let rows: Vec<_> = prose(PAGE).into_iter().filter_map(cells).collect();
        assert_eq!(rows, [["a", "b"], ["`x`", "[y](z.md)"]]);
        assert_eq!(links(PAGE), ["z.md"]);
    }
}
