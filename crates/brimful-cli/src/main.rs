//! The `brimful` program: exports and calls against a Bitrix24 portal, and a portal emulator.
//!
//! The command line is in `cli`, what it does in `commands`, and everything that is printed goes through `printer`.

mod access_arg;
mod batch_file;
mod bulk_args;
mod catalogue_args;
mod cli;
mod commands;
mod demo;
#[cfg(all(test, feature = "r7"))]
mod documented_commands;
mod duration;
mod env_vars;
mod exit;
mod figures;
mod filter;
mod hint;
mod input;
mod interrupt;
mod json_text;
mod limit;
mod logging;
mod login_args;
mod login_file;
mod login_listener;
mod method;
mod outcome;
mod output;
mod params;
mod partial;
mod portal_arg;
mod printer;
mod progress;
#[cfg(feature = "r7")]
mod r7_args;
mod redact;
mod rows_arg;
mod summary;
mod table;
mod tasks_args;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Global};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::printer::{Printer, Volume};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answer(&error),
    };
    let printer = Printer::new(volume(&cli.global));
    logging::start(cli.global.verbose, printer);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::failed(format!("no threads could be started: {error}"));
            printer.failure(&failure);
            return failure.exit.into();
        }
    };
    let exit = match runtime.block_on(commands::run(cli.command, printer)) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    // Nothing that still runs has anything to say.
    runtime.shutdown_background();
    exit.into()
}

/// Help and version are answers; anything else is wrong usage.
fn answer(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // If standard output is gone nobody wanted to read it.
        let _ = error.print();
        return Exit::Done.into();
    }
    Printer::new(Volume::Normal).usage_error(error);
    Exit::Usage.into()
}

fn volume(global: &Global) -> Volume {
    match (global.quiet, global.verbose) {
        (true, _) => Volume::Quiet,
        (false, 0) => Volume::Normal,
        (false, _) => Volume::Verbose,
    }
}
