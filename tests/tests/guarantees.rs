//! Every test that `tests/README.md` names exists.

use std::path::Path;

/// Whether the file of the module has a function of this name with an attribute.
fn exists(root: &Path, test: &str) -> bool {
    let (module, name) = test.split_once("::").unwrap();
    let folders = ["tests/tests", "crates/authing-cli/tests"].into_iter();
    let files = folders.map(|folder| root.join(format!("{folder}/{module}.rs")));
    let text: String = files.flat_map(std::fs::read_to_string).collect();
    let before = text.split_once(&format!("fn {name}(")).map(|parts| parts.0);
    before.is_some_and(|before| before.trim_end_matches("async ").ends_with("]\n"))
}

#[test]
fn every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("tests/README.md")).unwrap();
    let (mut count, mut missing) = (0, Vec::new());
    for row in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let named: Vec<&str> = row.split('`').filter(|word| word.contains("::")).collect();
        assert!(!named.is_empty(), "a guarantee without a test: {row}");
        count += named.len();
        missing.extend(named.into_iter().filter(|name| !exists(&root, name)));
    }
    assert!(missing.is_empty(), "these tests do not exist: {missing:#?}");
    assert!(count > 40, "only {count} tests are named");
}
