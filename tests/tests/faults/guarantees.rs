//! The table of docs/guarantees.md: every test that it names exists, in the module it names.

use std::collections::BTreeMap;
use std::path::Path;

/// The tests of the workspace, by `module::name`.
fn tests() -> BTreeMap<String, usize> {
    let mut tests = BTreeMap::new();
    for folder in ["crates", "tests", "xtask/src"] {
        collect(&xtask::project_root().join(folder), &mut tests);
    }
    tests
}

fn collect(path: &Path, tests: &mut BTreeMap<String, usize>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        return entries.for_each(|entry| collect(&entry.unwrap().path(), tests));
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let module = match stem(path) {
        name if ["main", "mod", "lib", "tests"].contains(&&*name) => stem(path.parent().unwrap()),
        name => name,
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            let name = rest.split(['(', '<']).next().unwrap();
            *tests.entry(format!("{module}::{name}")).or_default() += 1;
            is_test = false;
        }
    }
}

/// The last cell of each row of a table, without its header and the line below.
fn last_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches([' ', '|']).rsplit_once("| "));
    cells
        .map(|(_, last)| last)
        .filter(|last| *last != "tests")
        .collect()
}

fn named(cell: &str) -> Vec<&str> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains("::"))
        .collect()
}

#[test]
fn every_test_of_the_table_exists() {
    let path = xtask::project_root().join("docs/guarantees.md");
    let text = std::fs::read_to_string(path).unwrap();
    let tests = tests();
    let cells = last_cells(&text);
    let mut count = 0;
    for cell in &cells {
        let names = named(cell);
        assert!(!names.is_empty(), "a promise without a test: {cell}");
        for name in names {
            assert!(
                tests.contains_key(name),
                "{name} is named and does not exist"
            );
            count += 1;
        }
    }
    assert!(
        cells.len() >= 10 && count >= 10,
        "{} rows, {count} tests",
        cells.len()
    );
}

/// The control: a test that is not there is missed, and a column that is not the last is not read.
#[test]
fn a_missing_test_is_noticed() {
    let tests = tests();
    assert!(tests.contains_key("guarantees::a_missing_test_is_noticed"));
    assert!(!tests.contains_key("guarantees::no_such_test"));
    assert!(!tests.contains_key("guarantees::tests"));
    let table = "| promise | tests |\n|---|---|\n| `no::row` is | `a::b`, `c::d` |\ntext `e::f`";
    assert_eq!(last_cells(table), ["`a::b`, `c::d`"]);
    assert_eq!(named("`a::b`, `c::d`"), ["a::b", "c::d"]);
}
