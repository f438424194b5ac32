//! Rows for whoever looks: a table on a terminal, JSON Lines in a pipe.

use std::io::{self, IsTerminal};

use serde_json::Value;

use crate::exit::Exit;
use crate::hint::Failure;
use crate::printer::Printer;
use crate::table::Table;

/// How rows are shown.
pub(super) struct Rows<'a, C, J> {
    /// The names of the columns.
    pub(super) names: &'a [&'a str],
    pub(super) cells: C,
    pub(super) json: J,
}

pub(super) fn show<T>(
    rows: impl Iterator<Item = T>,
    how: &Rows<'_, impl Fn(&T) -> Vec<String>, impl Fn(&T) -> Value>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let text = if io::stdout().is_terminal() {
        let mut table = Table::new(how.names);
        rows.for_each(|row| table.row((how.cells)(&row)));
        table.text()
    } else {
        let lines: Vec<String> = rows.map(|row| (how.json)(&row).to_string()).collect();
        if lines.is_empty() {
            return Ok(Exit::Done);
        }
        lines.join("\n")
    };
    print(&text, printer)
}

/// Prints data. A reader that has had enough is no failure.
pub(super) fn print(text: &str, printer: Printer) -> Result<Exit, Failure> {
    match printer.data(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(format!(
            "could not write to standard output: {error}"
        ))),
        _ => Ok(Exit::Done),
    }
}
