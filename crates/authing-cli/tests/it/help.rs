//! The help teaches, and a wrong command line is told without being repeated.

use crate::{Run, authing};

#[test]
fn the_help_teaches() {
    for (arguments, taught) in [
        (
            &["--help"][..],
            &[
                "phone",
                "doctor",
                "AUTHING_APP_HOST",
                "not the vendor's product",
            ][..],
        ),
        (
            &["phone", "--help"],
            &[
                "wx.login",
                "standard input",
                "AUTHING_APP_ID",
                "15  CodeRejected",
                "--json",
            ],
        ),
        (
            &["doctor", "--help"],
            &[
                "spends nothing",
                "called a guess",
                "12  Connect",
                "--root-certificate",
            ],
        ),
    ] {
        let run = Run::of(authing(arguments));
        assert_eq!(run.status, 0);
        for word in taught {
            assert!(run.stdout.contains(word), "{word} in {}", run.stdout);
        }
    }
}

/// A code in the wrong place does not end in a terminal's scrollback or a log.
#[test]
fn a_wrong_command_line_is_not_repeated() {
    const CODE: &str = "c0de5eed00112233";
    for arguments in [
        &["phone", CODE][..],
        &[CODE],
        &[
            "phone",
            "--code",
            "x",
            "--ext-idp-connidentifier",
            "y",
            CODE,
        ],
        &["phone", "--cod=c0de5eed00112233"],
        &["phone", "--json=c0de5eed00112233"],
        &["phone", "--timeout", CODE, "--code", "-"],
    ] {
        let run = Run::of(authing(arguments));
        assert_eq!(run.status, 2, "{arguments:?}");
        assert!(run.stderr.contains("--help"), "{}", run.stderr);
        assert!(!run.everything().contains(CODE), "{}", run.everything());
    }
    let run = Run::of(authing(&["phone", "--cod", "x"]));
    assert!(run.stderr.contains("is --code meant?"), "{}", run.stderr);
    let run = Run::of(authing(&["phone", "--timeout", "x", "--code", "-"]));
    assert!(run.stderr.contains("--timeout"), "{}", run.stderr);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let arguments = ["--root-certificate", "no/such/file.pem"];
    let run = Run::of(authing(&[&["doctor"][..], &arguments].concat()));
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("no/such/file.pem"), "{}", run.stderr);
}
