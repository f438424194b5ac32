//! The `brimful` program: exports and calls against a Bitrix24 portal, and a portal emulator.
//!
//! It is a library so that the Python package has the program in it too: [`run`] is the whole of it, and [`embedded`] an
//! export with a client that is there already.
//!
//! `cli` reads the command line, `commands` does what it says, and everything that is printed goes through `printer`.

mod args;
mod cli;
mod commands;
#[cfg(all(test, feature = "r7", feature = "sync"))]
mod documented_commands;
pub mod embedded;
mod env_vars;
mod exact_json;
mod exit;
mod failure;
mod format;
mod input;
mod interrupt;
mod json_text;
mod logging;
mod outcome;
mod output;
mod printer;
mod pump;
#[cfg(feature = "r7")]
mod r7_args;
mod redact;
mod stdout;
mod table;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;
use serde_json::json;
use tokio::time::Instant;

use crate::cli::{Cli, Global};
pub use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{LogFormat, Printer, Volume};

/// Runs the program with a command line, the name of the program first, until it ends.
pub fn run(command_line: impl IntoIterator<Item = OsString>) -> Exit {
    #[cfg(feature = "xlsx")]
    leave_out_panics_that_become_errors();
    let command_line: Vec<OsString> = command_line.into_iter().collect();
    let parsed = Cli::try_parse_from(&command_line);
    commands::keep_command_line(command_line.clone());
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return answer(&error, &command_line),
    };
    let printer = Printer::new(volume(&cli.global), cli.global.log);
    let started = Instant::now();
    let version = env!("CARGO_PKG_VERSION");
    printer.event(
        "start",
        json!({"command": cli.command.name(), "version": version}),
    );
    let exit = run_command(cli, printer);
    let seconds = format::seconds(started.elapsed());
    printer.event("end", json!({"exit": exit.code(), "seconds": seconds}));
    exit
}

/// What the writer of Excel workbooks panics over is told as an error, and nothing else.
#[cfg(feature = "xlsx")]
fn leave_out_panics_that_become_errors() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !brimful_export::is_panic_caught() {
            report(panic);
        }
    }));
}

fn run_command(cli: Cli, printer: Printer) -> Exit {
    let is_portal = matches!(cli.command, cli::Command::Portal(_));
    logging::start(cli.global.verbose, is_portal, printer);
    if let Err(failure) = check_open_files() {
        printer.failure(&failure);
        return failure.exit;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::failed(format!("could not start threads: {error}"));
            printer.failure(&failure);
            return failure.exit;
        }
    };
    let exit = match runtime.block_on(async {
        interrupt::survive_file_size_limits();
        cli::run(cli.command, printer).await
    }) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    // Nothing that still runs has anything to say.
    runtime.shutdown_background();
    exit
}

/// Files and sockets that a run needs at least.
#[cfg(unix)]
const OPEN_FILES: u64 = 32;

/// With too few open files libraries end the program, or blame something else.
#[cfg(unix)]
fn check_open_files() -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < OPEN_FILES => Err(Failure::failed(format!(
            "the process may open {limit} files, and needs {OPEN_FILES}"
        ))
        .hint("raise the limit: ulimit -n 1024")),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "there is such a limit elsewhere")]
fn check_open_files() -> Result<(), Failure> {
    Ok(())
}

/// Help and version are answers; anything else is wrong usage.
fn answer(error: &clap::Error, command_line: &[OsString]) -> Exit {
    if !error.use_stderr() {
        let printed = stdout::check_open()
            .and_then(|()| error.print())
            .and_then(|()| io::stdout().flush());
        return match printed {
            // If its reader is gone nobody wanted to read it.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let printer = Printer::new(Volume::Normal, LogFormat::Text);
                let failure =
                    Failure::failed(format!("could not write to standard output: {error}"));
                printer.failure(&if stdout::is_closed_error(&error) {
                    failure.hint(stdout::CLOSED_HINT)
                } else {
                    failure
                });
                Exit::Failed
            }
            _ => Exit::Done,
        };
    }
    let printer = Printer::new(Volume::Normal, LogFormat::Text);
    printer.usage_error(error);
    if let Some(meant) = command_line.iter().find_map(|word| with_hyphens(word)) {
        printer.hint(&format!(
            "an option begins with two hyphens, and not with a dash: {meant}"
        ));
    }
    if error
        .to_string()
        .contains("a value is required for '--filter")
    {
        printer.hint("quote the condition, because a shell takes > and < for files: --filter '>=DATE_CREATE=2026-01-31'");
    }
    Exit::Usage
}

/// An option behind a dash, as text programs make of two hyphens.
fn with_hyphens(word: &std::ffi::OsStr) -> Option<String> {
    let word = word.to_str()?;
    let name = word.trim_start_matches(['\u{2013}', '\u{2014}', '\u{2212}']);
    let is_option = name.len() < word.len() && name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_option.then(|| format!("--{name}"))
}

fn volume(global: &Global) -> Volume {
    match (global.quiet, global.verbose) {
        (true, _) => Volume::Quiet,
        (false, 0) => Volume::Normal,
        (false, _) => Volume::Verbose,
    }
}
