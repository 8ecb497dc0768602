//! Makes a module of each Rust block of the guide, so that it is compiled and run as it is printed.

#[path = "src/markdown.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::must_use_candidate,
    reason = "it is shared with the library of this package"
)]
mod markdown;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // Asked for at run time: a build folder may outlive the place it was first filled from.
    let docs = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../docs");
    println!("cargo::rerun-if-changed={}", docs.display());
    println!("cargo::rerun-if-changed=src/markdown.rs");

    let mut pages = Vec::new();
    for entry in std::fs::read_dir(docs)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    let mut modules = String::new();
    let mut index = String::new();
    for path in pages {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let blocks = markdown::blocks_in(&std::fs::read_to_string(&path)?, "rust");
        if blocks.is_empty() {
            continue;
        }
        writeln!(index, "    (\"{name}\", {}),", blocks.len())?;
        writeln!(modules, "pub mod {} {{", name.replace('-', "_"))?;
        for (number, block) in (1..).zip(blocks) {
            writeln!(modules, "pub mod block_{number} {{\n{block}")?;
            if block.contains("fn main() ") {
                // It is private; and `#[tokio::main]` makes an ordinary function of an async one.
                let result = "Result<(), Box<dyn std::error::Error>>";
                writeln!(modules, "pub fn run() -> {result} {{ main() }}")?;
            }
            writeln!(modules, "}}")?;
        }
        writeln!(modules, "}}")?;
    }
    writeln!(
        modules,
        "pub const BLOCKS: &[(&str, usize)] = &[\n{index}];"
    )?;
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("guide.rs"), modules)?;
    Ok(())
}
