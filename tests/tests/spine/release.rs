//! What a release needs: the listings of public items, the registry's metadata, the toolchain's age.
//!
//! Broken on purpose: a public method more, a setter on one of the two clients alone, a member
//! without the workspace's lints, and a workflow with a command of its own each turn a test red.

use std::collections::BTreeSet;
use std::path::Path;

use xtask::packages::{packages, published};

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(xtask::project_root().join(path)).unwrap()
}

/// The same comparison as `cargo xtask ci api`.
#[test]
fn public_items_are_as_kept() {
    for listing in xtask::api::listings().unwrap() {
        if let Some(diff) = listing.stale().unwrap() {
            panic!(
                "{diff}\nif that is meant, run `{}` and note it in CHANGELOG.md",
                xtask::api::COMMAND
            );
        }
    }
}

/// The methods in the implementations that begin so, without what tells async from blocking.
fn methods(listing: &str, opening: &str) -> Vec<BTreeSet<String>> {
    let blocks = listing.split(opening).skip(1);
    let blocks = blocks.map(|rest| rest.split("\n}\n").next().unwrap_or(rest));
    let blocks = blocks.map(|block| block.split("\n    }\n").next().unwrap_or(block));
    let methods = |block: &str| {
        let lines = block.split(';').flat_map(|each| each.split("pub ").nth(1));
        let lines = lines.map(|line| line.replace("async ", "").replace("crate::blocking::", ""));
        lines
            .map(|line| line.split_whitespace().collect())
            .collect()
    };
    blocks.map(methods).collect()
}

#[test]
fn both_clients_have_the_same_surface() {
    let listing = xtask::api::listings().unwrap().remove(0).text;
    let requests = methods(&listing, "impl<O: Operation> Request<O> {");
    assert_eq!(requests.len(), 2);
    assert!(requests[0].len() >= 6, "{requests:?}");
    assert_eq!(requests[0], requests[1]);

    let (blocking, asynchronous) = listing.split_once("\n}\n").unwrap();
    let all = |text| -> BTreeSet<String> {
        let blocks = methods(text, "impl AuthenticationClient {");
        blocks.into_iter().flatten().collect()
    };
    assert!(all(blocking).len() >= 2, "{:?}", all(blocking));
    assert_eq!(all(blocking), all(asynchronous));
}

#[test]
fn the_registry_is_told_what_it_shows() {
    let published = published().unwrap();
    assert!(published.len() >= 4);
    let root = xtask::project_root();
    for package in published {
        let name = &package.name;
        let metadata = &package.metadata;
        let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
        assert!(text("description").ends_with('.'), "{name}");
        assert_eq!(text("license"), "MIT OR Apache-2.0", "{name}");
        assert!(text("readme").ends_with("README.md"), "{name}");
        // There is no public home yet, and an invented one would be worse than none.
        assert_eq!(text("repository") + &text("homepage"), "", "{name}");
        for (key, limit) in [("keywords", 5), ("categories", 5)] {
            let count = metadata[key].as_array().unwrap().len();
            assert!((1..=limit).contains(&count), "{name}: {key}");
        }
        let targets = metadata["targets"].as_array().unwrap();
        let has_library = targets.iter().any(|target| target["kind"][0] == "lib");
        if has_library {
            let docs = &metadata["metadata"]["docs"]["rs"]["all-features"];
            assert_eq!(docs, true, "{name}: docs.rs builds without features");
        }
        let folder = package.manifest.parent().unwrap();
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let own = std::fs::read_to_string(folder.join(licence)).unwrap();
            assert_eq!(own, std::fs::read_to_string(root.join(licence)).unwrap());
        }
    }
}

/// `rust-version` is kept honest by clippy's `incompatible_msrv`, for every member.
#[test]
fn no_member_escapes_the_lints_or_the_rust_version() {
    let root = read("Cargo.toml");
    let (_, lints) = root.split_once("[workspace.lints.clippy]").unwrap();
    assert!(lints.contains("\nincompatible_msrv = \"warn\"\n"));
    for package in packages().unwrap() {
        let manifest = std::fs::read_to_string(&package.manifest).unwrap();
        for line in [
            "rust-version.workspace = true\n",
            "\n[lints]\nworkspace = true\n",
        ] {
            assert!(manifest.contains(line), "{}: {line}", package.name);
        }
        // A number of clippy's own would outweigh the manifest's.
        let folder = package.manifest.parent().unwrap();
        for name in ["clippy.toml", ".clippy.toml"] {
            assert!(!folder.join(name).exists(), "{}", package.name);
        }
    }
    assert!(!read("clippy.toml").contains("msrv"));
}

/// Everything that gates a change.
const GATE: &str = ".ci/run";

/// What a hosted run does, anybody can do at home.
#[test]
fn workflows_only_call_the_gate() {
    let folder = xtask::project_root().join(".github/workflows");
    let mut runs = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            if let Some((_, command)) = line.split_once("run: ") {
                let is_ours = command == GATE || command.starts_with("cargo xtask ci ");
                assert!(is_ours, "{line}");
                runs.push(command.to_owned());
            }
            assert!(!line.trim_end().ends_with("run: |"), "{line}");
        }
    }
    for command in [
        GATE,
        "cargo xtask ci deny",
        "cargo xtask ci features",
        "cargo xtask ci package",
    ] {
        assert!(
            runs.iter().any(|run| run == command),
            "{command} is run nowhere"
        );
    }
}
