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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return exit::local(&format!("could not start the event loop: {error}")),
    };
    let code = match arguments.command {
        Command::Phone { code, options } => runtime.block_on(phone::run(code, &options)),
        Command::Doctor(options) => runtime.block_on(doctor::run(&options)),
    };
    // Do not wait for a DNS lookup that is still running.
    runtime.shutdown_background();
    code
}
