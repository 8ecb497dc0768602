//! Links lead somewhere, and what the pages quote is what there is.

use std::path::Path;

use authing_tests::markdown::{blocks, blocks_in, links};

use crate::{file, guide};

fn all_pages() -> Vec<String> {
    let mut pages = guide();
    pages.extend(["README.md", "README.zh-CN.md", "CONTRIBUTING.md"].map(str::to_owned));
    pages
}

#[test]
fn links_lead_somewhere() {
    let root = xtask::project_root();
    let mut count = 0;
    for page in all_pages() {
        for link in links(&file(&page)) {
            if link.starts_with("https://") {
                continue;
            }
            count += 1;
            let folder = Path::new(&page).parent().unwrap();
            let target = root.join(folder).join(&link);
            assert!(target.exists(), "{page}: {link} leads nowhere");
        }
    }
    assert!(count > 20, "only {count} links were found");
}

#[test]
fn the_index_has_every_page() {
    let listed = links(&file("docs/README.md"));
    for page in guide() {
        let name = page.strip_prefix("docs/").unwrap();
        if name != "README.md" {
            let count = listed.iter().filter(|link| *link == name).count();
            assert_eq!(count, 1, "{name}");
        }
    }
}

/// What is shown of the mini program's page stands in it, to the letter.
#[test]
fn the_page_s_code_is_the_example_s() {
    let mut count = 0;
    for page in guide() {
        for (language, path) in [("html", "phone.wxml"), ("js", "phone.js")] {
            let source = file(&format!(
                "crates/example-backend/miniprogram/pages/phone/{path}"
            ));
            for block in blocks_in(&file(&page), language) {
                count += 1;
                assert!(source.contains(&block), "{page}: {path} has no\n{block}");
            }
        }
    }
    assert_eq!(count, 2);
}

/// The code of the pages is in languages that a test here looks at.
#[test]
fn every_block_has_a_known_language() {
    for page in all_pages() {
        for block in blocks(&file(&page)) {
            let known = ["html", "js", "json", "rust", "sh", "text", "toml"];
            assert!(known.contains(&&*block.language), "{page}: {block:?}");
        }
    }
}

/// All the Rust sources in a folder and below.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap();
    let texts = entries.map(|entry| {
        let path = entry.unwrap().path();
        match path.extension() {
            None if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => std::fs::read_to_string(path).unwrap(),
            _ => String::new(),
        }
    });
    texts.collect()
}

/// Every word of a shell command that could go stale is one that there is.
#[test]
fn commands_name_what_there_is() {
    let mut runs = 0;
    for page in all_pages() {
        let text = file(&page);
        for command in blocks_in(&text, "sh").join("").lines() {
            let command = command.split(" #").next().unwrap().trim();
            let words: Vec<&str> = command.split_whitespace().collect();
            match words[..] {
                ["cargo", "run", "-p", package, "--", ref arguments @ ..] => {
                    runs += 1;
                    let manifest = file(&format!("crates/{package}/Cargo.toml"));
                    assert!(manifest.contains(&format!("name = \"{package}\"")));
                    // The options are fields, the commands variants, of what clap derives from.
                    let source =
                        sources(&xtask::project_root().join(format!("crates/{package}/src")));
                    for option in arguments.iter().filter_map(|word| word.strip_prefix("--")) {
                        let field = format!(" {}: ", option.replace('-', "_"));
                        assert!(source.contains(&field), "{page}: {command}");
                    }
                    if let Some(verb) = arguments.first().filter(|word| !word.starts_with('-')) {
                        let variant = format!("    {}{}(", verb[..1].to_uppercase(), &verb[1..]);
                        assert!(source.contains(&variant), "{page}: {command}");
                    }
                }
                ["cargo", "run", "--example", name] => {
                    file(&format!("crates/authing/examples/{name}.rs"));
                }
                ["cargo", "run", "-p", package] => {
                    file(&format!("crates/{package}/src/main.rs"));
                }
                // Run by the sandbox's own tests.
                ["curl", ..] if page == "docs/sandbox.md" => {}
                ["cargo", "build" | "run" | "test"]
                | ["cargo", "new", _]
                | ["cargo", "xtask", "codegen"]
                | ["cargo", "xtask", "codegen", "--check"]
                | ["cd", _]
                | ["openssl", ..] => {}
                ["export", ..] | ["-d", ..] => {}
                _ => panic!("{page}: nobody checks `{command}`"),
            }
        }
    }
    assert!(runs > 0);
}

/// The crates and features in the pages' manifests are ours; or others', in the versions that the
/// code of the pages is tested with.
#[test]
fn manifests_name_crates_and_features_that_there_are() {
    let root = file("Cargo.toml");
    for page in all_pages() {
        let mut manifests = blocks_in(&file(&page), "toml");
        manifests.retain(|block| block.contains("dependencies]"));
        for line in manifests.join("").lines() {
            let Some((name, value)) = line.split_once(" = ") else {
                assert!(line.starts_with('['), "{page}: {line}");
                continue;
            };
            let Some((_, path)) = value.split_once("path = \"../authing/") else {
                let version = |line: &str| {
                    let after_name = line.split_once(" = ").unwrap().1;
                    let quoted = after_name.split_once('"').unwrap().1;
                    quoted.split('"').next().unwrap().to_owned()
                };
                let known = root
                    .lines()
                    .find(|line| line.starts_with(&format!("{name} = ")));
                let known = version(known.unwrap_or_else(|| panic!("{page}: {line}")));
                let printed = version(line);
                let fits = known == printed || known.starts_with(&format!("{printed}."));
                assert!(fits, "{page}: {line}, but {known} is tested");
                continue;
            };
            let folder = path.split('"').next().unwrap();
            let manifest = file(&format!("{folder}/Cargo.toml"));
            assert!(
                manifest.contains(&format!("name = \"{name}\"\n")),
                "{page}: {line}"
            );
            let features = value
                .split_once(", features = [")
                .map_or("", |found| found.1);
            for feature in features.split('"').skip(1).step_by(2) {
                assert!(
                    manifest.contains(&format!("\n{feature} = [")),
                    "{page}: {line}"
                );
            }
        }
    }
}
