//! Prism plays the document, and judges what the facade sends.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Verdict;
use super::tools::{Running, Tools, count, facade, free_port, output};

pub(super) fn judge(tools: &Tools) -> Result<Verdict> {
    let port = free_port()?.to_string();
    let log = tools.folder.join("prism.log");
    let prism = Command::new(tools.npm("prism"))
        .args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port])
        .arg(tools.document())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log)?)
        .stderr(Stdio::null())
        .spawn()?;
    let _prism = Running(prism);
    let started = Instant::now();
    while !std::fs::read_to_string(&log)?.contains("Prism is listening") {
        if started.elapsed() > Duration::from_secs(60) {
            bail!("Prism does not start; see {}", log.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let (success, said) = output(&mut facade(&["prism", &format!("http://127.0.0.1:{port}")]))?;
    let (passed, mut failed) = count(&said);
    if !success || passed == 0 {
        failed.push(format!("the facade's calls did not end well: {said}"));
    }
    let log = std::fs::read_to_string(log)?;
    failed.extend(
        log.lines()
            .filter(|line| line.contains("Violation") || line.contains("did not pass"))
            .map(|line| format!("Prism: {line}")),
    );
    Ok(Verdict {
        ran: format!("{passed} calls of the facade to a mock of the document, every reply of it"),
        passed,
        failed,
        exceptions: &[],
    })
}
