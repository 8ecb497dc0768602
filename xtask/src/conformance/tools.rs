//! The judges' programs: installed from the registries into a folder of their own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::place::{project_root, target_folder};
use crate::tool::is_there;

const NPM: &[&str] = &["@stoplight/prism-cli@5.16.0", "authing-node-sdk@4.0.1"];
const PYPI: &[&str] = &[
    "schemathesis==4.32.5",
    "authing==5.1.0",
    "openapi-generator-cli==7.26.0",
    // What authing imports, and forgets to ask for.
    "websockets==17.4",
];

/// Where the judges are.
#[derive(Debug)]
pub(super) struct Tools {
    /// Everything below is theirs; nothing of it is ever committed.
    pub(super) folder: PathBuf,
}

impl Tools {
    /// Installs what is not there yet.
    pub(super) fn install() -> Result<Self> {
        for program in ["node", "npm", "python3", "java"] {
            if !is_there(program) {
                bail!("{program} is not on this machine");
            }
        }
        let folder = target_folder().join("conformance");
        std::fs::create_dir_all(&folder)?;
        let tools = Self { folder };
        once(&tools.folder.join("npm"), NPM, |here| {
            let mut npm = Command::new("npm");
            // Their install scripts report home; none of them is needed.
            npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
                .args(["--loglevel", "error", "--prefix"])
                .arg(here)
                .args(NPM);
            succeed(&mut npm)
        })?;
        once(&tools.folder.join("python"), PYPI, |here| {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(here))?;
            let mut pip = Command::new(here.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check"]);
            succeed(pip.args(PYPI))
        })?;
        Ok(tools)
    }

    /// A program of an npm package.
    pub(super) fn npm(&self, program: &str) -> PathBuf {
        self.folder.join("npm/node_modules/.bin").join(program)
    }

    /// A program of a PyPI package, or Python itself.
    pub(super) fn python(&self, program: &str) -> PathBuf {
        self.folder.join("python/bin").join(program)
    }

    /// The project's document.
    pub(super) fn document(&self) -> PathBuf {
        project_root().join("openapi/authing.yaml")
    }
}

/// Fills a folder, unless it holds these versions already.
fn once(folder: &Path, what: &[&str], fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let marker = folder.join("installed.txt");
    let wanted = what.join("\n");
    if std::fs::read_to_string(&marker).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    println!("installing {}", what.join(", "));
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder)?;
    fill(folder)?;
    std::fs::write(marker, wanted)?;
    Ok(())
}

/// Runs a command that must succeed.
pub(super) fn succeed(command: &mut Command) -> Result<()> {
    let output = output(command)?;
    if !output.0 {
        bail!(
            "{:?} failed: {}",
            command.get_program(),
            output.1.trim_end()
        );
    }
    Ok(())
}

/// Runs a command; whether it succeeded, and all that it said.
pub(super) fn output(command: &mut Command) -> Result<(bool, String)> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), said))
}

/// A command of ours: an example of the tests, which knows the facade.
pub(super) fn facade(words: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["run", "--quiet", "--package", "authing-tests"])
        .args(["--example", "conformance", "--"])
        .args(words)
        .current_dir(project_root());
    cargo
}

/// A process that ends with this value.
#[derive(Debug)]
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago, for programs that cannot choose one themselves.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Counts the lines that an example of ours prints: `ok …`, or `FAILED …`.
pub(super) fn count(said: &str) -> (usize, Vec<String>) {
    let passed = said.lines().filter(|line| line.starts_with("ok ")).count();
    let failed = said
        .lines()
        .filter_map(|line| line.strip_prefix("FAILED "))
        .map(str::to_owned)
        .collect();
    (passed, failed)
}
