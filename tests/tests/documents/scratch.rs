//! A scratch workspace with what the generator wrote, built once for all tests of this binary.
//!
//! It lies in the target folder and shares the workspace's lock file and artifacts, so that
//! nothing is downloaded and little is built twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use xtask::codegen::{self, standalone};
use xtask::document::Document;

/// What came of the build.
pub(crate) struct Built {
    /// The scratch folder.
    pub(crate) folder: PathBuf,
    /// The warnings in the scratch crates themselves.
    pub(crate) warnings: Vec<String>,
    /// The program that calls the grown client.
    pub(crate) caller: PathBuf,
    /// The compiled libraries, by crate name.
    pub(crate) libraries: BTreeMap<String, PathBuf>,
}

/// The scratch workspace, built.
pub(crate) fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scratch");
        write_workspace(&folder);
        build(folder)
    })
}

/// The document with a second operation, and what goes with it: all that growth costs here.
pub(crate) fn grown_document() -> Document {
    const OPERATION: &str = include_str!("../../data/growth/operation.yaml");
    const SCHEMA: &str = include_str!("../../data/growth/schema.yaml");
    let path = xtask::project_root().join("openapi/authing.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (paths, components) = text.split_once("\ncomponents:\n").unwrap();
    let text = format!("{paths}\n{OPERATION}components:\n{components}{SCHEMA}");
    Document::parse("grown.yaml", &text).unwrap()
}

fn write_workspace(folder: &Path) {
    let root = xtask::project_root();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (before, after) = manifest.split_once("members = [").unwrap();
    // Up to the next table: the members, and which of them are the default.
    let (_, after) = after.split_once("\n[workspace.package]").unwrap();
    let members = r#"members = ["grown", "caller", "traits"]"#;
    let manifest = format!("{before}{members}\n[workspace.package]{after}");
    write(&folder.join("Cargo.toml"), &manifest);
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    write(&folder.join("Cargo.lock"), &lock);

    // The low-level crate as it is, but for the generated file.
    let api = root.join("crates/authing-api");
    copy(&api.join("Cargo.toml"), &folder.join("grown/Cargo.toml"));
    for entry in std::fs::read_dir(api.join("src")).unwrap() {
        let path = entry.unwrap().path();
        copy(
            &path,
            &folder.join("grown/src").join(path.file_name().unwrap()),
        );
    }
    let generated = codegen::generate(&grown_document()).unwrap();
    write(&folder.join("grown/src/generated.rs"), &generated);

    write(
        &folder.join("caller/Cargo.toml"),
        include_str!("../../data/growth/caller.toml"),
    );
    write(
        &folder.join("caller/src/main.rs"),
        include_str!("../../data/growth/caller.rs.txt"),
    );

    let traits = Document::read(&root.join("xtask/fixtures/traits.yaml")).unwrap();
    for (path, text) in standalone::make(&traits, "traits", &[]).unwrap().files {
        // A crate that stands alone is a workspace of its own; here it is a guest.
        let text = if path == "Cargo.toml" {
            text.replace("[workspace]\n", "")
        } else {
            text
        };
        write(&folder.join("traits").join(path), &text);
    }
}

fn build(folder: PathBuf) -> Built {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--offline",
            "--workspace",
            "--message-format=json",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let (mut warnings, mut libraries, mut caller) = (Vec::new(), BTreeMap::new(), None);
    for line in told.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let is_ours = message["manifest_path"]
            .as_str()
            .is_some_and(|path| Path::new(path).starts_with(&folder));
        if message["reason"] == "compiler-message" && is_ours {
            warnings.push(message["message"]["rendered"].as_str().unwrap().to_owned());
        }
        if message["reason"] == "compiler-artifact" {
            let name = message["target"]["name"]
                .as_str()
                .unwrap()
                .replace('-', "_");
            let files = message["filenames"].as_array().into_iter().flatten();
            for file in files
                .filter_map(Value::as_str)
                .filter(|file| file.ends_with(".rlib"))
            {
                libraries.insert(name.clone(), PathBuf::from(file));
            }
            if is_ours && let Some(path) = message["executable"].as_str() {
                caller = Some(PathBuf::from(path));
            }
        }
    }
    assert!(
        output.status.success(),
        "{}\n{}",
        warnings.join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
    Built {
        folder,
        warnings,
        caller: caller.unwrap(),
        libraries,
    }
}

fn copy(from: &Path, to: &Path) {
    write(to, &std::fs::read_to_string(from).unwrap());
}

/// Writes what differs: a file that stays keeps its time, and is not built again.
fn write(path: &Path, text: &str) {
    if std::fs::read_to_string(path).is_ok_and(|present| present == text) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
