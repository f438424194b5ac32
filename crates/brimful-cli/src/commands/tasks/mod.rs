//! `brimful tasks`: tasks of Bitrix24.

mod add;
mod dates;
mod get;
mod list;
mod table;

use brimful::Error;

use crate::exit::Exit;
use crate::hint::Failure;
use crate::limit::LimitArg;
use crate::printer::Printer;
use crate::tasks_args::{TasksArgs, TasksCommand};

/// A few calls need no limit, but the demo has that of an ordinary portal.
const LIMIT: LimitArg = LimitArg::Rate {
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
