//! What is shown on a terminal in one way and in a pipe in another: rows are a table or JSON Lines, a reply is laid out
//! or as it came.

use std::io::{self, IsTerminal};

use brimful::Effect;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_text;
use crate::output::{OutputError, rescue};
use crate::printer::Printer;
use crate::stdout;
use crate::table::{Table, terminal_width};

/// How rows are shown.
pub(super) struct ShownRows<'a, C, J> {
    /// The names of the columns.
    pub(super) names: &'a [&'a str],
    pub(super) cells: C,
    pub(super) json: J,
}

pub(super) fn show<T>(
    rows: impl Iterator<Item = T>,
    how: &ShownRows<'_, impl Fn(&T) -> Vec<String>, impl Fn(&T) -> Value>,
    printer: Printer,
) -> Result<Exit, Failure> {
    let text = if io::stdout().is_terminal() {
        let mut table = Table::new(how.names);
        rows.for_each(|row| table.row((how.cells)(&row)));
        table.text(terminal_width())
    } else {
        let lines: Vec<String> = rows.map(|row| (how.json)(&row).to_string()).collect();
        if lines.is_empty() {
            return Ok(Exit::Done);
        }
        lines.join("\n")
    };
    print(&text, printer)
}

/// Fails where the reply to a call could not be printed. A call that writes is made only when this says that it can.
pub(super) fn check_stdout() -> Result<(), Failure> {
    stdout::probe().map_err(|error| nothing_sent(OutputError::of_stdout(error)))
}

/// Fails where the reply to a call could not be printed. One that reads does no harm, so a reader that goes away early is
/// no failure.
pub(super) fn check_stdout_for(effect: Effect) -> Result<(), Failure> {
    match effect {
        Effect::Write => check_stdout(),
        Effect::Read => {
            stdout::check_open().map_err(|error| nothing_sent(OutputError::of_stdout(error)))
        }
    }
}

/// The failure of a command that has sent nothing, because what comes of it could not be written.
pub(super) fn nothing_sent(error: OutputError) -> Failure {
    if error.is_closed() {
        return Failure::failed("standard output was closed by its reader, so nothing was sent");
    }
    error.into()
}

/// Prints the reply to a call: laid out on a terminal, as it came in a pipe.
pub(super) fn reply(
    called: &str,
    effect: Effect,
    json: &[u8],
    printer: Printer,
) -> Result<Exit, Failure> {
    let json = json.trim_ascii_end();
    let printed = if io::stdout().is_terminal() {
        printer.data(&json_text::pretty(json))
    } else {
        printer.data(json)
    };
    match (printed, effect) {
        (Ok(()), _) => Ok(Exit::Done),
        (Err(error), Effect::Read) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        // A user who takes it for a call that failed makes it twice.
        (Err(error), _) => {
            let failure = Failure::new(
                Exit::Incomplete,
                format!(
                    "{called} was called, but its reply could not be written to standard output: {error}"
                ),
            );
            Err(rescue::rescued(failure, "the reply", json))
        }
    }
}

/// Prints data. A reader that has had enough is not a failure.
pub(super) fn print(text: &str, printer: Printer) -> Result<Exit, Failure> {
    match printer.data(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritable(error)),
        _ => Ok(Exit::Done),
    }
}

/// Standard output takes nothing.
pub(super) fn unwritable(error: io::Error) -> Failure {
    OutputError::of_stdout(error).into()
}
