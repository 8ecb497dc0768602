//! Programs beside the one that measures: the stub, and the measuring program itself, anew.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A running stub, stopped on drop.
#[derive(Debug)]
pub struct Stub {
    child: Child,
    address: SocketAddr,
}

impl Stub {
    /// Starts the program at a path.
    pub fn start(path: &str) -> Self {
        let mut child = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            address: line.trim().parse().unwrap(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs this program once more with these arguments, so that what it measures inherits nothing, and
/// gives what it printed.
pub fn anew(arguments: &[&str]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?} failed");
    String::from_utf8(output.stdout).unwrap()
}

/// A line of this process's status as Linux keeps it, in KiB: `VmHWM`, the most memory it has held,
/// or `VmRSS`, what it holds.
pub fn memory_kib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let line = line.unwrap().trim_start_matches(':');
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
