//! `brimful completions`.

use clap::{Args, Command};

use super::show::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful completions bash > ~/.local/share/bash-completion/completions/brimful
  brimful completions zsh > ~/.zfunc/_brimful")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

pub(crate) fn run(
    args: &CompletionsArgs,
    mut command: Command,
    printer: Printer,
) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    // It panics where it cannot write.
    clap_complete::generate(args.shell, &mut command, "brimful", &mut script);
    print(String::from_utf8_lossy(&script).trim_end(), printer)
}
