//! The output of the program contains no secret but the phone number that was asked for.

use std::process::Command;

use authing_tests::canaries::{CODE, CONNECTION, PHONE, assert_silent, servers};

#[test]
fn the_program_prints_no_secret_but_the_number_asked_for() {
    for (name, server) in servers() {
        for json in [None, Some("--json")] {
            let output = Command::new(env!("CARGO_BIN_EXE_authing"))
                .args(["phone", CODE, "--connection", CONNECTION, "--app-id", "app"])
                .args(["--timeout", "1", "--app-host", &server.url()])
                .args(json)
                .output()
                .unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let is_expected = output.status.success() == (name == "success");
            assert!(is_expected && !text.is_empty(), "{name}: {text}");
            let text = match name {
                "success" => text.replace(PHONE, ""),
                _ => text,
            };
            assert_silent(name, &text);
        }
    }
}
