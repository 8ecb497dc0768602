//! The exit status: one for each kind of failure, so that scripts need not read words.

use std::process::ExitCode;

use authing::ErrorKind;

/// The table for `--help`; a test compares it with [`status`].
pub(crate) const TABLE: &str = "\
Exit status:
   0  it worked
   1  something on this machine: a file, standard input or output
   2  the command line is wrong
  10  Config              the configuration is wrong
  11  InvalidArgument     code or connection identifier is empty or unprintable
  12  Connect             no connection; the code is unspent
  13  Timeout             the deadline passed; whether the code is spent is unknown
  14  Transport           the connection broke; whether the code is spent is unknown
  15  CodeRejected        WeChat refused the code: the user must tap again
  16  Throttled           too many requests
  17  Misconfigured       ids, permissions or plan: a person must look at the console
  18  Upstream            WeChat, or the way to it, failed
  19  Service             Authing, or a gateway before it, failed
  20  UnexpectedResponse  the answer is not one of Authing's
  21  Api                 any other status code of Authing's";

/// The exit status of a command line that is wrong.
pub(crate) const USAGE: u8 = 2;

/// The exit status of a kind of failure.
pub(crate) fn status(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Config => 10,
        ErrorKind::InvalidArgument => 11,
        ErrorKind::Connect => 12,
        ErrorKind::Timeout => 13,
        ErrorKind::Transport => 14,
        ErrorKind::CodeRejected => 15,
        ErrorKind::Throttled => 16,
        ErrorKind::Misconfigured => 17,
        ErrorKind::Upstream => 18,
        ErrorKind::Service => 19,
        ErrorKind::UnexpectedResponse => 20,
        ErrorKind::Api => 21,
        // A kind of a later library; the program and the library are released together.
        _ => 1,
    }
}

/// Tells what is wrong on this machine.
pub(crate) fn other(what: &str) -> ExitCode {
    crate::output::error(&format!("error: {what}\n"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_done() {
        for kind in [
            ErrorKind::Config,
            ErrorKind::InvalidArgument,
            ErrorKind::Connect,
            ErrorKind::Timeout,
            ErrorKind::Transport,
            ErrorKind::CodeRejected,
            ErrorKind::Throttled,
            ErrorKind::Misconfigured,
            ErrorKind::Upstream,
            ErrorKind::Service,
            ErrorKind::UnexpectedResponse,
            ErrorKind::Api,
        ] {
            let line = format!("\n  {}  {kind:?} ", status(kind));
            assert!(TABLE.contains(&line), "{line}");
        }
    }
}
