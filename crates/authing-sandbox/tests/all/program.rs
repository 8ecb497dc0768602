//! The program in a process of its own: its options, and its memory.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::*;

/// The program in a process of its own, which ends with this, and what it prints at the start.
struct Program(Child, String);

impl Program {
    fn start(options: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authing-sandbox"));
        command.arg("--port=0").args(options.split(' '));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.map(|line| line.unwrap() + "\n");
        let text = lines.take_while(|line| !line.contains("Ctrl-C")).collect();
        Self(child, text)
    }

    /// The rest of the line after some words.
    fn after(&self, words: &str) -> &str {
        let (_, rest) = self.1.split_once(words).expect(&self.1);
        rest.lines().next().unwrap()
    }

    fn connect(&self) -> Peer {
        Peer::connect(self.after("http://"), "")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_program_does_as_its_options_say_prints_a_code_and_rejects_wrong_options() {
    let options = "--phone=+8613800138000 --rate-limit=7 --latency-ms=5 --shape=beside \
        --connection=my-wxapp,x --backend=http://127.0.0.1:1/";
    let program = Program::start(options);
    let mut peer = program.connect();
    let reply = json(&peer.exchange(program.after(&format!("code for {NUMBER}: "))));
    assert_eq!(reply["phone_info"]["phoneNumber"], NUMBER);
    peer.send(request("GET /sandbox", JSON, ""));
    let state = json(&peer.receive());
    let names = ["rateLimit", "latencyMs", "connections", "backend"];
    let expected = json!([7, 5.0, ["my-wxapp", "x"], "http://127.0.0.1:1/"]);
    assert_eq!(json!(names.map(|name| &state[name])), expected);
    let mut rejected = Program::start("--shape=x");
    let error = io::read_to_string(rejected.0.stderr.take().unwrap()).unwrap();
    let shapes = "documented, nested, beside, loose";
    assert!(error.contains(shapes), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn peers_that_read_nothing_are_reset_and_cost_little_memory() {
    let program = Program::start("--rate-limit=off");
    let mut admin = program.connect();
    let flood = Fault::raw("HTTP/1.1 200 OK\r\n").repeating("x: y\r\n");
    let flood = json!(flood.permanent());
    admin.send(request("POST /sandbox/faults", JSON, flood));
    admin.receive();
    let mut peers = [(); 50].map(|()| program.connect());
    for peer in &mut peers {
        peer.send(exchange_request("code"));
    }
    eventually("all of them are reset", || {
        admin.send(request("GET /sandbox", JSON, ""));
        let closed = r#""ending":"peer-closed""#;
        admin.receive().matches(closed).count() == peers.len()
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap();
    let peak = status.split_once("VmHWM:").unwrap().1;
    let peak: u32 = peak.split_whitespace().next().unwrap().parse().unwrap();
    assert!(peak < 40_000, "{peak} kB");
    for peer in &mut peers {
        let end = io::copy(&mut peer.0, &mut io::sink()).unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    }
}
