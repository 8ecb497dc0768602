//! `authing`: exchanges a WeChat mini program's code for the phone number, or says why that fails.

mod arguments;
mod doctor;
mod exit;
mod output;
mod phone;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::tell(&error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return exit::other(&format!("the system gives no event loop: {error}")),
    };
    let code = match arguments.command {
        Command::Phone(arguments) => runtime.block_on(phone::run(&arguments)),
        Command::Doctor(arguments) => runtime.block_on(doctor::run(&arguments)),
    };
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    code
}
