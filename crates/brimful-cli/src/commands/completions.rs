//! `brimful completions`.

use clap::CommandFactory;

use super::show::print;
use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::printer::Printer;

pub(crate) fn run(args: &CompletionsArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let mut script = Vec::new();
    // It panics where it cannot write.
    clap_complete::generate(args.shell, &mut command, "brimful", &mut script);
    print(String::from_utf8_lossy(&script).trim_end(), printer)
}
