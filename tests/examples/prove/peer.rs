//! Another process of a proof: this program in another role, spoken to over its pipes.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use authing_tests::judge::Judge;
use authing_tests::phone::phone_script;

use crate::proofs::{KEY, Proof, process};

/// A process that was started, and its pipes. It ends when its input does.
pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts this program in a role.
    pub(crate) fn start(role: &str, arguments: &[String]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg(role)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self {
            child,
            input,
            output,
        }
    }

    /// The next line that it says.
    pub(crate) fn hear(&mut self) -> String {
        let line = self.output.next().expect("a line before the end");
        line.expect("a line")
    }

    /// Gives it lines to read.
    pub(crate) fn tell(&mut self, lines: &str) {
        let input = self.input.as_mut().expect("an open pipe");
        input.write_all(lines.as_bytes()).expect("a reader");
        input.flush().expect("a reader");
    }

    /// Ends its input; what it says after that, and whether it ended well.
    pub(crate) fn end(mut self) -> Result<Vec<String>, String> {
        drop(self.input.take());
        let lines = self.output.by_ref().map_while(Result::ok).collect();
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(lines)
        } else {
            Err(format!("a process ended with {status}"))
        }
    }
}

/// The role of a server that answers each code with its own number.
pub(crate) fn phones() -> Proof {
    let judge = Judge::start(phone_script(KEY));
    judge.keep_requests(false);
    println!("{}", judge.base_url());
    let mut line = String::new();
    while std::io::stdin()
        .read_line(&mut line)
        .is_ok_and(|read| read > 0)
    {
        line.clear();
    }
    // The client is gone; what it left open would still be here.
    judge.wait_for_blocking(
        |j| j.open_connections() == 0,
        std::time::Duration::from_secs(1),
    );
    Ok(format!(
        "server: {} requests, {} violations, {} connections, {} open at the end, {} peak",
        judge.request_count(),
        judge.violations().len(),
        judge.connection_count(),
        judge.open_connections(),
        process::mib(process::peak_memory()),
    ))
}
