//! `brimful tasks`: tasks of Bitrix24.

mod add;
pub(crate) mod args;
mod dates;
mod get;
mod list;
mod table;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;
pub(crate) use args::TasksArgs;
use args::TasksCommand;

pub(crate) async fn run(args: &TasksArgs, printer: Printer) -> Result<Exit, Failure> {
    match &args.command {
        TasksCommand::List(args) => list::run(args, printer).await,
        TasksCommand::Get(args) => get::run(args, printer).await,
        TasksCommand::Add(args) => add::run(args, printer).await,
    }
}
