//! `brimful tasks`: tasks of Bitrix24.

mod add;
pub(crate) mod args;
mod dates;
mod get;
mod list;
mod table;

use brimful::Error;

use crate::args::rate::RateArg;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;
pub(crate) use args::TasksArgs;
use args::TasksCommand;

/// A few calls need no limit, but the demo has that of an ordinary portal.
const LIMIT: RateArg = RateArg::Rate {
    burst: 50.0,
    per_second: 2.0,
};

pub(crate) async fn run(args: &TasksArgs, printer: Printer) -> Result<Exit, Failure> {
    match &args.command {
        TasksCommand::List(args) => list::run(args, printer).await,
        TasksCommand::Get(args) => get::run(args, printer).await,
        TasksCommand::Add(args) => add::run(args, printer).await,
    }
}

fn failed(error: &Error) -> Failure {
    Failure::of(error)
}
