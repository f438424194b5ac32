//! `brimful completions`.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;
use crate::hint::Failure;

#[expect(clippy::unnecessary_wraps, reason = "the shape of a command")]
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "brimful", &mut std::io::stdout());
    Ok(Exit::Done)
}
