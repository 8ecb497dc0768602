//! The two READMEs say the same: as far as a test can tell, in the same order.

use authing_tests::markdown::{blocks, cells, links, prose};

use crate::file;

fn both() -> [String; 2] {
    [file("README.md"), file("README.zh-CN.md")]
}

#[test]
fn they_have_the_same_headings_by_level() {
    let [english, chinese] = both().map(|text| -> Vec<usize> {
        let lines = prose(&text);
        let headings = lines.iter().filter(|line| line.starts_with('#'));
        headings
            .map(|line| line.chars().take_while(|c| *c == '#').count())
            .collect()
    });
    assert_eq!(english, chinese);
    assert!(english.len() > 5);
}

#[test]
fn they_have_the_same_code() {
    let [english, chinese] = both().map(|text| blocks(&text));
    assert_eq!(english, chinese);
    assert!(!english.is_empty());
}

/// Names and paths stand in the first column, and are not translated.
#[test]
fn their_tables_have_the_same_first_cells() {
    let [english, chinese] = both().map(|text| -> Vec<String> {
        let lines = prose(&text);
        let rows = lines.into_iter().filter_map(cells);
        rows.map(|row| row[0].to_owned())
            .filter(|cell| cell.starts_with('`'))
            .collect()
    });
    assert_eq!(english, chinese);
    assert!(english.len() > 12);
}

/// Each leads to the other, and all else that they lead to is the same.
#[test]
fn their_links_are_the_same_but_for_each_other() {
    let [mut english, mut chinese] = both().map(|text| links(&text));
    assert!(english.iter().any(|link| link == "README.zh-CN.md"));
    assert!(chinese.iter().any(|link| link == "README.md"));
    english.retain(|link| link != "README.zh-CN.md");
    chinese.retain(|link| link != "README.md");
    assert_eq!(english, chinese);
}

/// As many paragraphs, points and rows in each part: nothing was left out of the translation.
#[test]
fn their_parts_are_as_long() {
    let [english, chinese] = both().map(|text| -> Vec<(usize, usize)> {
        let lines = prose(&text).join("\n");
        let parts = lines.split("\n#");
        parts
            .map(|part| {
                let paragraphs = part.split("\n\n").filter(|text| !text.trim().is_empty());
                let items = part
                    .lines()
                    .filter(|line| line.starts_with("- ") || line.starts_with('|'));
                (paragraphs.count(), items.count())
            })
            .collect()
    });
    assert_eq!(english, chinese);
}
