//! Every test that `tests/README.md` names exists.

use std::collections::BTreeSet;
use std::path::Path;

/// The tests below a path, by `module::name`.
fn collect(path: &Path, tests: &mut BTreeSet<String>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        return entries.for_each(|entry| collect(&entry.unwrap().path(), tests));
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    let module = path.file_stem().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            let name = rest.split('(').next().unwrap();
            tests.insert(format!("{module}::{name}"));
            is_test = false;
        }
    }
}

#[test]
fn every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = BTreeSet::new();
    for folder in ["crates", "tests/tests", "xtask/src"] {
        collect(&root.join(folder), &mut tests);
    }
    let text = std::fs::read_to_string(root.join("tests/README.md")).unwrap();
    let (mut count, mut missing) = (0, Vec::new());
    for row in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let named: Vec<&str> = row.split('`').filter(|word| word.contains("::")).collect();
        assert!(!named.is_empty(), "a guarantee without a test: {row}");
        count += named.len();
        missing.extend(named.into_iter().filter(|name| !tests.contains(*name)));
    }
    assert!(missing.is_empty(), "these tests do not exist: {missing:#?}");
    assert!(count > 40, "only {count} tests are named");
}
