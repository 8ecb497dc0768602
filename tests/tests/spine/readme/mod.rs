//! The README: its code compiles and runs, its commands and tables name what there is.

// The code of the README to the letter, so that it can be compiled and run.
#[rustfmt::skip]
#[expect(unreachable_pub, clippy::print_stderr, reason = "code of a user's, under their own rules")]
mod backend;
#[rustfmt::skip]
#[expect(unreachable_pub, reason = "code of a user's, under their own rules")]
mod client;

use authing::AuthenticationClient;
use authing_sandbox::Sandbox;

fn readme() -> String {
    std::fs::read_to_string(xtask::project_root().join("README.md")).unwrap()
}

/// The blocks of code in a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("\n```{language}\n");
    let after_openings = text.split(&opening).skip(1);
    after_openings
        .map(|rest| {
            rest.split_inclusive("```")
                .next()
                .unwrap_or(rest)
                .trim_end_matches('`')
        })
        .collect()
}

#[test]
fn the_code_here_is_the_code_of_the_readme() {
    let expected = [include_str!("backend.rs"), include_str!("client.rs")];
    assert_eq!(blocks(&readme(), "rust"), expected);
}

#[tokio::test]
async fn the_code_does_what_it_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = AuthenticationClient::builder()
        .app_host(sandbox.base_url())
        .app_id(authing_sandbox::DEFAULT_APP_ID)
        .build()
        .unwrap();
    let code = sandbox.issue_code("+8613800138000").unwrap();
    assert_eq!(
        backend::phone(&client, &code).await,
        Ok("+8613800138000".to_owned())
    );
    assert_eq!(backend::phone(&client, &code).await, Err("tap again"));
    sandbox
        .push_fault(authing_sandbox::Fault::throttle(None).permanent())
        .unwrap();
    assert_eq!(backend::phone(&client, &code).await, Err("try again"));
    client::client().unwrap();
}

#[test]
fn the_commands_are_those_of_the_gate() {
    let readme = readme();
    let commands: Vec<&str> = blocks(&readme, "sh")
        .into_iter()
        .flat_map(str::lines)
        .map(|line| line.split('#').next().unwrap_or(line).trim())
        .collect();
    assert_eq!(
        commands,
        [
            "cargo run --example phone",
            xtask::README_TEST_COMMAND,
            "cargo run -p authing-sandbox",
            "cargo xtask codegen",
            "cargo xtask codegen --check",
        ]
    );
}

#[test]
fn the_tables_name_what_there_is() {
    let readme = readme();
    let first_cells = |heading: &str| -> Vec<String> {
        let (_, section) = readme.split_once(heading).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.split('`').nth(1).unwrap().to_owned())
            .collect()
    };
    for folder in first_cells("\n## Where things are\n") {
        assert!(xtask::project_root().join(&folder).is_dir(), "{folder}");
    }
    let kinds: Vec<String> = first_cells("\n## When it fails\n").split_off(1);
    let source =
        std::fs::read_to_string(xtask::project_root().join("crates/authing/src/error.rs")).unwrap();
    let (_, variants) = source.split_once("pub enum ErrorKind {").unwrap();
    let variants: Vec<&str> = variants
        .split("\n}")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|line| line.chars().all(char::is_alphanumeric))
        .collect();
    assert_eq!(kinds, variants);
}

/// The numbers that stand in two places are the same in both.
#[test]
fn versions_are_written_once() {
    let root = xtask::project_root();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let value = |key: &str| -> String {
        let line = manifest.lines().find(|line| line.starts_with(key)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    assert!(readme().contains(&format!("`rust-version` is {};", value("rust-version"))));
    assert!(readme().contains(&format!("toolchain ({} or newer)", value("rust-version"))));
    let generated = xtask::codegen::outputs().unwrap().remove(0).text;
    let pinned = value("progenitor = ");
    let pinned = pinned.strip_prefix('=').unwrap();
    assert!(
        generated
            .lines()
            .next()
            .unwrap()
            .contains(&format!("progenitor {pinned};"))
    );
}
