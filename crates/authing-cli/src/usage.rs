//! Errors of the command line, without repeating its values: one of them may be a code.

use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};

use crate::exit;
use crate::output;

/// Prints the requested help, or what is wrong with the command line.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    let rendered = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return output::print(&rendered, ExitCode::SUCCESS);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => output::error(&rendered),
        _ => output::error(&without_values(error)),
    }
    ExitCode::from(exit::USAGE)
}

/// The kind of the error and the option concerned, if it is one of this program.
fn without_values(error: &clap::Error) -> String {
    let mut text = format!("error: {}", error.kind());
    let is_ours = error.kind() != ErrorKind::UnknownArgument;
    if let Some(option) = error.get(ContextKind::InvalidArg).filter(|_| is_ours) {
        text.push_str(&format!(": {option}"));
    }
    if let Some(known) = error.get(ContextKind::SuggestedArg) {
        text.push_str(&format!("; did you mean {known}?"));
    }
    text.push_str("\n\nFor more information, try '--help'.\n");
    text
}
