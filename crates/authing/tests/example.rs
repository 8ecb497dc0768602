//! The README's first command prints what a stranger understands.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::process::Command;

/// The example as `cargo test` built it, beside this test.
fn phone() -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.set_file_name("examples");
    path.push(format!("phone{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not built; run the tests of the whole package",
        path.display()
    );
    let mut command = Command::new(path);
    for name in [
        "AUTHING_APP_HOST",
        "AUTHING_APP_ID",
        "AUTHING_USERPOOL_ID",
        "AUTHING_LANG",
    ] {
        command.env_remove(name);
    }
    command
}

#[test]
fn with_nothing_configured_it_shows_a_number_and_a_refused_second_use() {
    let output = phone().output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "talking to a sandbox in this process at http://127.0.0.1:",
        "phone number       +8613800138000\n",
        "  calling code     86\n",
        "kind               CodeRejected\n",
        "code state         Spent\n",
        "ask the user to tap again",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn configured_it_talks_to_that_host_and_says_so() {
    let output = phone()
        .env("AUTHING_APP_HOST", "http://127.0.0.1:9")
        .env("AUTHING_APP_ID", "app")
        .args(["--code", "c0de", "--ext-idp-connidentifier", "my-wxapp"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{text}");
    assert!(
        text.starts_with("talking to the service at http://127.0.0.1:9\n"),
        "{text}"
    );
    assert!(text.contains("code state         Unspent\n"), "{text}");
}

#[test]
fn half_a_configuration_is_told() {
    for arguments in [
        &[][..],
        &["--code", "c0de", "--ext-idp-connidentifier", "x"][..],
    ] {
        let output = phone()
            .env("AUTHING_APP_ID", "app")
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(!output.stderr.is_empty());
    }
}
