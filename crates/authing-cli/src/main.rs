//! `authing`: exchanges a WeChat mini program code for the phone number, or explains why that fails.

mod arguments;
mod doctor;
mod exit;
mod explain;
mod output;
mod phone;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::report(&error),
    };
    let result = match arguments.command {
        Command::Phone { code, options } => phone::run(code, &options),
        Command::Doctor(options) => doctor::run(&options),
    };
    result.unwrap_or_else(|what| {
        output::error(&format!("error: {}\n", output::clean(&what, "")));
        ExitCode::FAILURE
    })
}
