//! The guide and the two READMEs: their code runs as printed, their tables name what there is.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod pages;
mod runs;
mod tables;
mod translation;

/// The Rust blocks of the pages under `docs`, each a module, as `build.rs` wrote them.
#[rustfmt::skip]
#[allow(
    missing_docs, dead_code, unreachable_pub, clippy::all, clippy::print_stdout, clippy::unwrap_used,
    reason = "code of users, under their own rules"
)]
mod printed {
    include!(concat!(env!("OUT_DIR"), "/guide.rs"));
}

/// A file of the project.
fn file(path: &str) -> String {
    let path = xtask::project_root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages of the guide, by their paths.
fn guide() -> Vec<String> {
    let mut pages: Vec<String> = std::fs::read_dir(xtask::project_root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.sort();
    pages
}
