//! `brimful status`: what a store says of its tables that are kept in sync.

use brimful_export::sync::{Cursor, TableStatus, status};
use clap::Args;

use super::sync::{failure_of, store};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

/// Show how far the tables are that brimful sync keeps: cursors, rows, last errors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful status --to sqlite:portal.db")]
pub(crate) struct StatusArgs {
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE")]
    to: String,
}

pub(crate) async fn run(args: &StatusArgs, printer: Printer) -> Result<Exit, Failure> {
    let store = store(Some(&args.to))?;
    let tables = status(&store).await.map_err(|error| failure_of(&error))?;
    let mut shown = Table::new(&[
        "TABLE",
        "ENTITY",
        "ROWS",
        "DELETED",
        "CHANGES UP TO",
        "LAST RUN",
        "MISFITS",
        "STATE",
    ]);
    for table in &tables {
        shown.row([
            table.table.clone(),
            table.entity.clone(),
            format::count(table.rows),
            format::count(table.deleted),
            cursor(table),
            table
                .succeeded
                .map_or_else(|| "-".to_owned(), |time| time.to_string()),
            format::count(table.misfits),
            state(table),
        ]);
    }
    printer
        .data(shown.text(terminal_width()).as_bytes())
        .map_err(|error| Failure::failed(format!("could not print: {error}")))?;
    let is_behind = |table: &TableStatus| table.failed.is_some() || table.succeeded.is_none();
    Ok(if tables.iter().any(is_behind) {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

fn cursor(table: &TableStatus) -> String {
    match table.cursor {
        Some(Cursor::Time(time) | Cursor::Full(time)) => time.to_string(),
        Some(Cursor::Id(id)) => format!("ID {id}"),
        None => "-".to_owned(),
    }
}

fn state(table: &TableStatus) -> String {
    match (&table.failed, table.interrupted_after) {
        (Some((error, at)), _) => format!("failed at {at}: {error}"),
        (None, Some(id)) => format!("interrupted after ID {id}"),
        (None, None) => "up to date".to_owned(),
    }
}
