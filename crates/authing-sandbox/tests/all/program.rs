//! The program in a process of its own: its commands, and its memory.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use authing_sandbox::Fault;
use serde_json::json;

use crate::*;

/// The program in a process of its own, which ends with this, and what it prints at the start.
struct Program(Child, String);

impl Program {
    fn command() -> Command {
        Command::new(env!("CARGO_BIN_EXE_authing-sandbox"))
    }

    fn start(options: &[&str]) -> Self {
        let mut command = Self::command();
        command.args(options).arg("--port=0");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.map(|line| line.unwrap() + "\n");
        let text = lines.take_while(|line| !line.contains("Ctrl-C")).collect();
        Self(child, text)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_program_prints_a_code_that_works_once_and_rejects_wrong_options() {
    for (limit, part) in [("off", NUMBER), ("0", "429 Too Many Requests")] {
        let program = Program::start(&["--phone", NUMBER, "--rate-limit", limit]);
        let text = &program.1;
        let after = |words: &str| text.split_once(words).unwrap().1.lines().next().unwrap();
        let code = after(&format!("code for {NUMBER}: "));
        let mut peer = Peer(TcpStream::connect(after("http://")).unwrap());
        assert!(peer.exchange(code).contains(part), "{text}");
    }
    let rejected = Program::command().args(["--shape", "x"]).output().unwrap();
    let error = String::from_utf8(rejected.stderr).unwrap();
    let shapes = "documented, nested, beside, loose";
    assert!(error.contains(shapes), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn peers_that_read_nothing_are_reset_and_cost_little_memory() {
    let program = Program::start(&[]);
    let address = program.1.split_once("http://").unwrap().1;
    let address = address.lines().next().unwrap();
    let connect = || Peer(TcpStream::connect(address).unwrap());
    let flood = Fault::raw("HTTP/1.1 200 OK\r\n").repeating("x: y\r\n");
    let mut admin = connect();
    let flood = json!(flood.permanent());
    admin.send(&request("POST", "/sandbox/faults", "", flood));
    admin.receive();
    let mut peers = [(); 50].map(|()| connect());
    for peer in &mut peers {
        peer.send(&exchange_request("code"));
    }
    eventually("all of them are reset", || {
        admin.send(&request("GET", "/sandbox", "", ""));
        let closed = r#""ending":"peer-closed""#;
        admin.receive().matches(closed).count() == peers.len()
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap();
    let peak = status.split_once("VmHWM:").unwrap().1;
    let peak: u32 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(peak < 40_000, "{peak} kB");
    for peer in &mut peers {
        let end = peer.0.read_to_end(&mut Vec::new());
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
