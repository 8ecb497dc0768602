//! Telling that the command line is wrong, without repeating it: a code may stand in it.

use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};

use crate::exit;
use crate::output;

/// Prints the help that was asked for, or what is wrong with the command line.
pub(crate) fn tell(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let then = ExitCode::SUCCESS;
        return output::print(&error.render().to_string(), then);
    }
    output::error(&text(error));
    ExitCode::from(exit::USAGE)
}

fn text(error: &clap::Error) -> String {
    let repeats_a_value = error.get(ContextKind::InvalidValue).is_some()
        || matches!(
            error.kind(),
            ErrorKind::UnknownArgument
                | ErrorKind::InvalidSubcommand
                | ErrorKind::InvalidUtf8
                | ErrorKind::TooManyValues
                | ErrorKind::ValueValidation
                | ErrorKind::InvalidValue
        );
    if !repeats_a_value {
        return error.render().to_string();
    }
    let mut text = format!("error: {}", error.kind());
    // An option of ours, where the fault is its value; the value itself is not shown.
    let is_ours = !matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    );
    if let Some(option) = error.get(ContextKind::InvalidArg).filter(|_| is_ours) {
        text.push_str(&format!(": {option}"));
    }
    if let Some(known) = error.get(ContextKind::SuggestedArg) {
        text.push_str(&format!("; is {known} meant?"));
    }
    if let Some(known) = error.get(ContextKind::SuggestedSubcommand) {
        text.push_str(&format!("; is {known} meant?"));
    }
    text.push_str("\n\nFor more information, try '--help'.\n");
    text
}
