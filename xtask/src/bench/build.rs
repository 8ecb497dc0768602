//! What a program pays at build time: crates, seconds from nothing, and its size, by TLS provider.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::place::{project_root, target_folder};

/// How often each program is built, all of them in turn; the quickest counts.
const ROUNDS: usize = 2;

/// A program that makes the call once, and what it depends on.
struct Program {
    name: &'static str,
    dependencies: &'static str,
    main: &'static str,
}

const RUNTIME: &str = "tokio = { version = \"1\", features = [\"rt\", \"net\", \"time\"] }\n";
const RING: &str = "let _ = rustls::crypto::ring::default_provider().install_default();";

const PLAIN: &str = r#"
#[derive(serde::Deserialize)]
struct Reply {
    #[serde(rename = "statusCode")]
    status_code: i32,
}

async fn call(url: &str) -> i32 {
    let client = reqwest::Client::builder();
    let client = client.timeout(std::time::Duration::from_secs(10)).build().unwrap();
    let body = std::collections::BTreeMap::from([("code", "c0de")]);
    let reply: Reply = client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
    reply.status_code
}
"#;

const FACADE: &str = r#"
async fn call(url: &str) -> i32 {
    let client = authing::AuthenticationClient::builder().app_host(url).app_id("app");
    let client = client.build().unwrap();
    client.get_wechat_miniprogram_phone("c0de", "my-wxapp").await.unwrap().status_code
}
"#;

const PROGRAMS: [Program; 4] = [
    Program {
        name: "reqwest-aws-lc",
        dependencies: "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls\"] }\n\
            serde = { version = \"1\", features = [\"derive\"] }\n",
        main: PLAIN,
    },
    Program {
        name: "facade-aws-lc",
        dependencies: "authing = { path = \"AUTHING\" }\n",
        main: FACADE,
    },
    Program {
        name: "reqwest-ring",
        dependencies: "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls-no-provider\"] }\n\
            rustls = { version = \"0.23\", default-features = false, features = [\"ring\", \"std\", \"tls12\"] }\n\
            serde = { version = \"1\", features = [\"derive\"] }\n",
        main: PLAIN,
    },
    Program {
        name: "facade-ring",
        dependencies: "authing = { path = \"AUTHING\", default-features = false, features = [\"rustls-no-provider\"] }\n\
            rustls = { version = \"0.23\", default-features = false, features = [\"ring\", \"std\", \"tls12\"] }\n",
        main: FACADE,
    },
];

/// Builds every program from nothing, and prints one table.
pub(super) fn run() -> Result<()> {
    let folder = target_folder().join("bench-build");
    let mut built = Vec::new();
    for program in &PROGRAMS {
        built.push((write(program, &folder)?, Duration::MAX));
    }
    let beyond = crates_beyond_reqwest(&folder)?;
    for _ in 0..ROUNDS {
        for (program, quickest) in &mut built {
            println!("building {}", program.display());
            *quickest = build(program)?.min(*quickest);
        }
    }
    println!("\n| {:16} | crates | seconds | MiB |", "release build");
    println!("|{}|-------:|--------:|----:|", "-".repeat(18));
    for (program, (place, quickest)) in PROGRAMS.iter().zip(&built) {
        let size = std::fs::metadata(place.join("target/release/program"))?.len();
        println!(
            "| {:16} | {:>6} | {:>7.1} | {:>3.1} |",
            program.name,
            crates(place)?.len(),
            quickest.as_secs_f64(),
            size as f64 / f64::from(1 << 20),
        );
    }
    println!(
        "\n{} crates in the facade's default tree that reqwest's default tree has not: {}",
        beyond.len(),
        beyond.join(", ")
    );
    Ok(())
}

fn write(program: &Program, folder: &Path) -> Result<PathBuf> {
    let place = folder.join(program.name);
    let ring = if program.name.ends_with("ring") {
        RING
    } else {
        ""
    };
    let main = format!(
        "fn main() {{\n    {ring}\n    let url = std::env::args().nth(1).unwrap();\n    \
         let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();\n    \
         println!(\"{{}}\", runtime.block_on(call(&url)));\n}}\n{}",
        program.main
    );
    package(&place, program.dependencies, &main)?;
    Ok(place)
}

/// Writes a package apart from the workspace, with its versions of everything.
fn package(place: &Path, dependencies: &str, main: &str) -> Result<()> {
    let root = project_root();
    let authing = root.join("crates/authing");
    let dependencies = dependencies.replace("AUTHING", &authing.display().to_string());
    std::fs::create_dir_all(place.join("src"))?;
    std::fs::write(
        place.join("Cargo.toml"),
        format!(
            "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [workspace]\n\n[dependencies]\n{RUNTIME}{dependencies}"
        ),
    )?;
    std::fs::write(place.join("src/main.rs"), main)?;
    std::fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock"))?;
    Ok(())
}

fn build(place: &Path) -> Result<Duration> {
    let target = place.join("target");
    if target.exists() {
        std::fs::remove_dir_all(&target)?;
    }
    // What must be downloaded is no part of the time.
    cargo(place, &["fetch", "--quiet"])?;
    let begun = Instant::now();
    cargo(place, &["build", "--quiet", "--release"])?;
    Ok(begun.elapsed())
}

/// The crates of a program, by name and version, without itself.
fn crates(place: &Path) -> Result<BTreeSet<String>> {
    let arguments = [
        "tree",
        "--quiet",
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
    ];
    let told = cargo(place, &arguments)?;
    let names = told
        .lines()
        .map(|line| line.split(" (").next().unwrap_or(line));
    let names = names.filter(|name| !name.is_empty() && !name.starts_with("program "));
    Ok(names.map(str::to_owned).collect())
}

fn crates_beyond_reqwest(folder: &Path) -> Result<Vec<String>> {
    let place = folder.join("reqwest-default");
    package(&place, "reqwest = \"0.13\"\n", "fn main() {}\n")?;
    let theirs = crates(&place)?;
    let ours = crates(&folder.join("facade-aws-lc"))?;
    Ok(ours.difference(&theirs).cloned().collect())
}

fn cargo(place: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo")
        .args(arguments)
        // Each program is to be built from nothing, in its own place.
        .env("CARGO_TARGET_DIR", place.join("target"))
        .current_dir(place)
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!(
            "`cargo {}` failed in {}\n{}",
            arguments.join(" "),
            place.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
