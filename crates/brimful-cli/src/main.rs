//! The `brimful` program: exports and calls against a Bitrix24 portal, and a portal emulator.

use std::process::ExitCode;

fn main() -> ExitCode {
    brimful_cli::run(std::env::args_os()).into()
}
