//! `brimful status`: what a store says of its tables that are kept in sync.

use std::path::PathBuf;

use brimful_export::Store;
use brimful_export::sync::{Cursor, PortalTime, TableStatus, status};
use clap::Args;

use super::show;
use super::sync::{failure_of, file_in_place_of_store, store};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format;
use crate::printer::Printer;
use crate::table::{Table, terminal_width};

/// Show how far the tables are that brimful sync keeps: cursors, rows, last errors
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful status --to sqlite:portal.db
  brimful status")]
pub(crate) struct StatusArgs {
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE")]
    to: Option<String>,
    /// The schema of PostgreSQL that the tables are in
    #[arg(long, value_name = "NAME", requires = "to")]
    schema: Option<String>,
    /// Take the databases from this file; brimful.toml is read where none is given
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    config: Option<PathBuf>,
}

impl StatusArgs {
    fn stores(&self) -> Result<Vec<(Option<String>, Store)>, Failure> {
        match &self.to {
            Some(to) => Ok(vec![(None, store(to, self.schema.as_deref())?)]),
            None => file_in_place_of_store(self.config.as_deref())?.stores(),
        }
    }
}

pub(crate) async fn run(args: &StatusArgs, printer: Printer) -> Result<Exit, Failure> {
    let mut tables = Vec::new();
    // Stores that could not be looked into, each with the name of its portal and why.
    let mut unread = Vec::new();
    let stores = args.stores()?;
    let has_several_stores = stores.len() > 1;
    for (portal, store) in stores {
        match status(&store).await {
            Ok(of_store) => tables.extend(of_store),
            Err(error) if has_several_stores => unread.push((portal.unwrap_or_default(), error)),
            Err(error) => return Err(failure_of(&error)),
        }
    }
    let now = jiff::Timestamp::now().as_second();
    // A table that was never loaded has an empty portal name.
    let mut portals = tables.iter().map(|table| &table.portal);
    let first_portal = portals.clone().find(|portal| !portal.is_empty());
    let is_another = |portal: &String| !portal.is_empty() && Some(portal) != first_portal;
    let shows_portals = !unread.is_empty() || portals.any(is_another);
    let names = [
        "PORTAL",
        "TABLE",
        "ENTITY",
        "ROWS",
        "DELETED",
        "READ IN FULL",
        "CHANGES UP TO",
        "DELETES UP TO",
        "LAST RUN",
        "LAG",
        "MISFITS",
        "STATE",
    ];
    let first_column = usize::from(!shows_portals);
    let mut shown = Table::new(&names[first_column..]);
    for table in &tables {
        let cells = [
            table.portal.clone(),
            table.table.clone(),
            table.entity.clone(),
            format::count(table.rows),
            format::count(table.deleted),
            at(table.loaded.in_full),
            cursor(table),
            at(table.loaded.deletes),
            at(table.succeeded),
            lag(table, now),
            format::count(table.misfits),
            state(table),
        ];
        shown.row(cells.into_iter().skip(first_column));
    }
    for (portal, error) in &unread {
        let mut cells = vec!["-".to_owned(); names.len()];
        cells[0].clone_from(portal);
        if let Some(state) = cells.last_mut() {
            *state = error.to_string();
        }
        shown.row(cells);
    }
    show::print(&shown.text(terminal_width()), printer)?;
    Ok(if !unread.is_empty() || !tables.iter().all(is_up_to_date) {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

/// The time since the newest change that the table has for certain, by the clock of this machine.
fn lag(table: &TableStatus, now: i64) -> String {
    let up_to = match table.cursor {
        Some(Cursor::Time(time) | Cursor::Full(time)) => Some(time),
        // An ID has no time: what is older than the last run is there.
        Some(Cursor::Id(_)) => table.succeeded,
        None => None,
    };
    match up_to.map(|time| now.saturating_sub(time.unix())) {
        None => "-".to_owned(),
        Some(seconds @ ..60) => format!("{} s", seconds.max(0)),
        Some(seconds @ 60..3_600) => format!("{} min", seconds / 60),
        Some(seconds @ 3_600..172_800) => format!("{} h", seconds / 3_600),
        Some(seconds) => format!("{} days", seconds / 86_400),
    }
}

fn at(time: Option<PortalTime>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn cursor(table: &TableStatus) -> String {
    match table.cursor {
        Some(Cursor::Time(time) | Cursor::Full(time)) => time.to_string(),
        Some(Cursor::Id(id)) => format!("ID {id}"),
        None => "-".to_owned(),
    }
}

/// Whether the last run has loaded the table to its end.
fn is_up_to_date(table: &TableStatus) -> bool {
    table.trouble.is_none()
        && table.failed.is_none()
        && table.interrupted_after.is_none()
        && table.succeeded.is_some()
}

fn state(table: &TableStatus) -> String {
    if is_up_to_date(table) {
        return "up to date".to_owned();
    }
    if let Some(trouble) = &table.trouble {
        return trouble.clone();
    }
    match (&table.failed, table.interrupted_after, table.succeeded) {
        (Some((error, at)), ..) => format!("failed at {at}: {error}"),
        (None, Some(id), _) => format!("interrupted after ID {id}"),
        (None, None, _) => "never loaded".to_owned(),
    }
}
