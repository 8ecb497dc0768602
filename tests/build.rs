//! Writes each Rust block of the README and the guide as a module, so that the tests compile it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    let mut pages = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs"))? {
        pages.push(entry?.path());
    }
    println!("cargo::rerun-if-changed={}", root.join("docs").display());
    let mut modules = String::new();
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        println!("cargo::rerun-if-changed={}", page.display());
        let is_root = page.parent() == Some(&*root);
        let stem = page
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let name = if is_root {
            stem
        } else {
            format!("docs_{}", stem.replace('-', "_"))
        };
        let text = std::fs::read_to_string(page)?;
        for (number, block) in (1..).zip(text.split("\n```rust\n").skip(1)) {
            let code = block.split("\n```").next().unwrap_or(block);
            writeln!(modules, "pub mod {name}_{number} {{\n{code}")?;
            if code.contains("fn main() ") {
                // It is private, and `#[tokio::main]` makes it an ordinary function.
                writeln!(
                    modules,
                    "pub fn run() -> Result<(), Box<dyn std::error::Error>> {{ main() }}"
                )?;
            }
            writeln!(modules, "}}")?;
        }
    }
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("guide.rs"), modules)?;
    Ok(())
}
