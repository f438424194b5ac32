//! Questions to the user at the terminal.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::printer::Printer;

/// Whether what is typed is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// The most bytes of an answer.
const LONGEST: u64 = 64 << 10;

/// A line of standard input, asked for if somebody sits there.
pub(super) async fn line(
    question: String,
    echo: Echo,
    printer: Printer,
) -> Result<String, Failure> {
    let asks = std::io::stdin().is_terminal();
    if asks {
        printer.question(&question);
    }
    let hidden = (asks && echo == Echo::Off).then(Hidden::begin);
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().lock().take(LONGEST).read_line(&mut line)?;
        if read as u64 == LONGEST {
            return Err(std::io::Error::other(
                "its first line is longer than 64 KiB",
            ));
        }
        Ok(line)
    })
    .await;
    if hidden.is_some() {
        drop(hidden);
        printer.note("");
    }
    read.map_err(|error| Failure::failed(format!("standard input was not read: {error}")))?
        .map_err(|error| Failure::failed(format!("could not read standard input: {error}")))
}

/// What is typed is not shown, as long as this lives and the terminal can do so.
struct Hidden;

impl Hidden {
    fn begin() -> Self {
        terminal("-echo");
        Self
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        terminal("echo");
    }
}

fn terminal(setting: &str) {
    // Where there is no such program, what is typed is seen.
    let _ = Command::new("stty")
        .arg(setting)
        .stderr(Stdio::null())
        .status();
    let _ = std::io::stderr().flush();
}
