//! The READMEs and the guide: Rust blocks run as printed, links resolve, the translation is complete.

use std::path::{Path, PathBuf};

use authing::{Error, ErrorKind};
use authing_sandbox::{DEFAULT_APP_ID, Fault, Sandbox};
use authing_tests::{builder, child, serve};

/// The Rust blocks of README.md and docs/*.md, one module each, written by `build.rs`.
#[rustfmt::skip]
#[allow(
    missing_docs, dead_code, unreachable_pub, unused, clippy::all, clippy::print_stdout,
    clippy::print_stderr, clippy::unwrap_used, clippy::expect_used,
    reason = "code of users, under their own rules"
)]
mod printed {
    include!(concat!(env!("OUT_DIR"), "/guide.rs"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page: the guide and the files of the root.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in ["", "docs/", "tests/", "openapi/"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            pages.push(format!("{folder}{}", entry.unwrap().file_name().display()));
        }
    }
    pages.retain(|path| path.ends_with(".md"));
    pages
}

/// A page in two parts: its text outside of code, and its code blocks with their language.
fn split(text: &str) -> (String, Vec<(&str, &str)>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    for (number, part) in text.split("```").enumerate() {
        match number % 2 {
            0 => prose += part,
            _ => blocks.push(part.split_once('\n').unwrap()),
        }
    }
    (prose, blocks)
}

fn headings(prose: &str) -> impl Iterator<Item = &str> {
    prose.lines().filter(|line| line.starts_with('#'))
}

fn links(prose: &str) -> impl Iterator<Item = &str> {
    let ends = prose.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_resolve_and_the_index_lists_every_page() {
    let (index, mut count) = (read("docs/README.md"), 0);
    for page in pages() {
        let name = page.strip_prefix("docs/");
        let is_listed = |name| name == "README.md" || links(&index).any(|link| link == name);
        assert!(name.is_none_or(is_listed), "{page} is not listed");
        let prose = split(&read(&page)).0;
        for link in links(&prose).filter(|link| !link.starts_with("https://")) {
            count += 1;
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root().join(&page),
                _ => root().join(&page).with_file_name("").join(file),
            };
            assert!(target.exists(), "{page}: {link} leads nowhere");
            if !fragment.is_empty() {
                let prose = split(&std::fs::read_to_string(target).unwrap()).0;
                let exists = headings(&prose).any(|heading| anchor(heading) == fragment);
                assert!(exists, "{page}: {link} has no heading");
            }
        }
    }
    assert!(count > 20, "only {count} links were found");
}

/// What the guide shows of the mini program's page is copied from the example.
#[test]
fn mini_program_code_is_the_code_of_the_example() {
    let page = "crates/example-backend/miniprogram/pages/phone/phone";
    let example = ["wxml", "js"].map(|extension| read(&format!("{page}.{extension}")));
    for page in pages() {
        for (language, block) in split(&read(&page)).1 {
            let is_copied = example.iter().any(|text| text.contains(block));
            let is_other = !["html", "js"].contains(&language);
            assert!(is_copied || is_other, "{page}: the example has no\n{block}");
        }
    }
}

/// What a translation keeps of a page: code without comments, the levels of headings, items, the
/// first cells of tables, and links.
fn structure(text: &str) -> Vec<String> {
    let (prose, blocks) = split(text);
    let code = blocks.into_iter().flat_map(|(language, code)| {
        let code = code.lines().map(|line| {
            let code = line.split(" // ").next().unwrap();
            code.split(" # ").next().unwrap().trim_end()
        });
        std::iter::once(language).chain(code)
    });
    let marks = prose
        .lines()
        .filter_map(|line| match line.split(' ').next()? {
            "|" if line.starts_with("| `") => line.split('|').nth(1),
            "-" => Some("-"),
            mark => mark.starts_with('#').then_some(mark),
        });
    let is_common = |link: &&str| !link.starts_with("README") && !link.starts_with('#');
    let links = links(&prose).filter(is_common);
    code.chain(marks).chain(links).map(str::to_owned).collect()
}

#[test]
fn the_chinese_readme_has_the_structure_of_the_english_one() {
    let [english, chinese] = ["README.md", "README.zh-CN.md"].map(|page| structure(&read(page)));
    assert_eq!(english, chinese);
    for (what, count) in [("##", 5), ("rust", 1), ("-", 3), ("docs/errors.md", 1)] {
        let found = english.iter().filter(|each| *each == what).count();
        assert!(found >= count, "{what}");
    }
}

#[tokio::test]
async fn the_handler_of_the_readme_stores_a_number_and_maps_errors() {
    let sandbox = Sandbox::start().unwrap();
    let client = builder(sandbox.base_url()).build().unwrap();
    let url = serve(printed::readme_1::app(client)).await + "/phone";
    let http = reqwest::Client::new();
    let code = sandbox.issue_code("13800138000").unwrap();
    // Stored, then used, then throttled with a code that is still unused.
    for status in [204, 422, 503] {
        if status == 503 {
            sandbox.push_fault(Fault::throttle().permanent()).unwrap();
        }
        let body = serde_json::json!({"code": code});
        let response = http.post(&url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[test]
fn the_programs_of_getting_started_print_the_number() {
    match child::variable("PROGRAM").as_deref() {
        Some("async") => return printed::getting_started_1::main().unwrap(),
        Some(_) => return printed::getting_started_2::main().unwrap(),
        None => {}
    }
    let sandbox = Sandbox::builder().start().unwrap();
    for program in ["async", "blocking"] {
        let code = sandbox.issue_code("13800138000").unwrap();
        let variables = [
            ("PROGRAM", program),
            ("AUTHING_APP_HOST", sandbox.base_url()),
            ("AUTHING_APP_ID", DEFAULT_APP_ID),
            ("CODE", &code),
        ];
        let test = "guide::the_programs_of_getting_started_print_the_number";
        let printed = child::run(test, &variables);
        let line = "phone number: +8613800138000\n";
        assert!(printed.contains(line), "{printed}");
    }
}

#[tokio::test]
async fn the_errors_page_tells_three_next_steps_apart_and_prints_causes() {
    use printed::errors_1::{Next, next};
    for (kind, expected) in [
        (ErrorKind::Connect, Next::SendTheSameCodeAgain),
        (ErrorKind::Throttled, Next::SendTheSameCodeAgain),
        (ErrorKind::Timeout, Next::TapAgain),
        (ErrorKind::CodeRejected, Next::TapAgain),
        (ErrorKind::Misconfigured, Next::TryLater),
    ] {
        let step = next(&Error::from(kind));
        assert_eq!(step as u8, expected as u8, "{kind:?}");
    }
    let client = builder("http://127.0.0.1:1").build().unwrap();
    let call = client.get_wechat_miniprogram_phone("c0de", "my-wxapp");
    let text = printed::errors_2::causes(&call.await.unwrap_err());
    assert!(text.lines().last().unwrap().contains("refused"), "{text}");
}
