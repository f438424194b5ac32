//! `brimful status`: what a store says of its tables that are kept in sync.

use brimful_export::sync::{Cursor, TableStatus, status};
use clap::Args;

use super::show;
use super::sync::{failure_of, store};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

const UP_TO_DATE: &str = "up to date";

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
    show::print(&shown.text(terminal_width()), printer)?;
    let is_behind = |table: &TableStatus| state(table) != UP_TO_DATE;
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
    match (&table.failed, table.interrupted_after, table.succeeded) {
        (Some((error, at)), ..) => format!("failed at {at}: {error}"),
        (None, Some(id), _) => format!("interrupted after ID {id}"),
        (None, None, None) => "never loaded".to_owned(),
        (None, None, Some(_)) => UP_TO_DATE.to_owned(),
    }
}
