//! The exit status: one per kind of error, so that scripts do not have to parse text.

use std::fmt::Write as _;
use std::process::ExitCode;

use authing::ErrorKind::{self, *};

/// The exit status of an invalid command line.
pub(crate) const USAGE: u8 = 2;

const HELP: &str = "\
Exit status:
   0  success
   1  a file, standard input or output failed
   2  invalid command line";

/// Every error kind with its exit status and the text for `--help`.
const TABLE: [(u8, ErrorKind, &str); 12] = [
    (10, Config, "an option is missing or invalid"),
    (11, InvalidArgument, "code or connection malformed"),
    (12, Connect, "could not connect; the code is unused"),
    (13, Timeout, "the call timed out"),
    (14, Transport, "the connection was lost"),
    (15, CodeRejected, "WeChat rejected the code"),
    (16, Throttled, "rate limit exceeded"),
    (17, Misconfigured, "check IDs, permissions and plan"),
    (18, Upstream, "WeChat failed"),
    (19, Service, "Authing or a gateway failed"),
    (20, UnexpectedResponse, "not a valid Authing response"),
    (21, UnknownStatus, "unrecognized status code"),
];

/// The table as `--help` shows it.
pub(crate) fn help() -> String {
    let mut text = HELP.to_owned();
    for (status, kind, meaning) in TABLE {
        let kind = format!("{kind:?}");
        let _ = write!(text, "\n  {status}  {kind:<18}  {meaning}");
    }
    text
}

/// The exit status of a kind of error; 1 for a kind that this version does not know.
pub(crate) fn status(kind: ErrorKind) -> ExitCode {
    let row = TABLE.iter().find(|(_, known, _)| *known == kind);
    ExitCode::from(row.map_or(1, |(status, ..)| *status))
}
