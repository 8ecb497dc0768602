//! A crate made of somebody else's document compiles and documents without a warning.

use std::process::Command;

use crate::scratch::built;

#[test]
fn the_crate_compiles_without_warnings() {
    let built = built();
    assert_eq!(built.warnings, Vec::<String>::new());
    assert!(built.libraries.contains_key("traits"));
}

/// Runs rustdoc as cargo would, on the artifacts that are there: `cargo doc` would build all
/// dependencies a second time.
fn rustdoc(arguments: &[&str]) -> std::process::Output {
    let built = built();
    let mut command = Command::new("rustdoc");
    command
        .args(["--edition", "2024", "--crate-name", "traits", "src/lib.rs"])
        .args(arguments)
        .current_dir(built.folder.join("traits"));
    for library in built.libraries.values() {
        if let Some(folder) = library.parent() {
            command
                .arg("-L")
                .arg(format!("dependency={}", folder.display()));
        }
    }
    for name in [
        "chrono",
        "progenitor_client",
        "reqwest",
        "serde",
        "serde_json",
    ] {
        let library = &built.libraries[name];
        command
            .arg("--extern")
            .arg(format!("{name}={}", library.display()));
    }
    command.output().unwrap()
}

/// Turns red if prose is written as it comes: the fixture's has a link, an element and code.
#[test]
fn the_crate_documents_without_warnings() {
    let out = built().folder.join("doc");
    let output = rustdoc(&["-D", "warnings", "-o", out.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_crate_has_no_doctests() {
    let output = rustdoc(&["--test"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("running 0 tests"), "{told}");
}
