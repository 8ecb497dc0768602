//! Writes each Rust block of the README and the guide as a module, so that the tests compile it.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../README.md");
    println!("cargo::rerun-if-changed=../docs");
    let mut pages = vec![PathBuf::from("../README.md")];
    for entry in std::fs::read_dir("../docs")? {
        pages.push(entry?.path());
    }
    let mut modules = String::new();
    for page in pages.iter().filter(|page| page.is_file()) {
        let stem = page.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.to_lowercase().replace('-', "_");
        let text = std::fs::read_to_string(page)?;
        for (number, block) in (1..).zip(text.split("\n```rust\n").skip(1)) {
            let code = block.split("\n```").next().unwrap_or(block);
            // The tests run these functions.
            let code = code.replace("\nfn main()", "\npub fn main()");
            let code = code.replace("\nasync fn main()", "\npub async fn main()");
            modules += &format!("pub mod {name}_{number} {{\n{code}\n}}\n");
        }
    }
    std::fs::write(
        Path::new(&std::env::var("OUT_DIR")?).join("guide.rs"),
        modules,
    )?;
    Ok(())
}
