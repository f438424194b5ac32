//! Why rows could not be written, and what to do about it.

use std::io;
use std::path::PathBuf;

use brimful_export::ExportError;

use super::Written;
use crate::failure::{Failure, export_hint};
use crate::format;
use crate::stdout;

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// The reader of standard output has had enough.
    #[error("standard output was closed")]
    Closed,
    /// Another process is writing the same file.
    #[error("{} is being written by another process", .0.display())]
    Busy(PathBuf),
    /// An interrupted run has left rows in the partial file.
    #[error("{0} has the rows of an interrupted run, and they are not overwritten")]
    Leftover(String),
    /// Not all rows could be written. Those that were are whole.
    #[error("{error}")]
    Short {
        error: Box<Self>,
        rows: u64,
        last_id: Option<u64>,
        /// The file that they are in.
        left: Option<Written>,
    },
    /// The format or the store does not take the rows.
    #[error("could not write {name}: {source}")]
    Rows {
        name: String,
        #[source]
        source: ExportError,
    },
    /// Anything else that the system says.
    #[error("could not write {name}: {source}")]
    Io {
        name: String,
        #[source]
        source: io::Error,
    },
}

impl OutputError {
    /// Whether the reader of standard output has had enough, which is not a failure.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Short { error, .. } => error.is_closed(),
            _ => false,
        }
    }

    /// What standard output says to a write. A reader that has gone is not a failure.
    pub(crate) fn of_stdout(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io {
                name: "to standard output".to_owned(),
                source,
            },
        }
    }

    pub(super) fn of_rows(name: String, source: ExportError) -> Self {
        match source {
            ExportError::Io(source) => Self::Io { name, source },
            source => Self::Rows { name, source },
        }
    }
}

impl OutputError {
    /// What can be done about it.
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Busy(_) => "wait for the other run, or write to another file".to_owned(),
            Self::Leftover(name) => format!(
                "move it away, or remove it to start again: rm {}",
                format::shell_word(name)
            ),
            Self::Short { error, .. } => return error.hint(),
            Self::Rows { source, .. } => return export_hint(source),
            Self::Io { source, .. } if stdout::is_closed_error(source) => {
                stdout::CLOSED_HINT.to_owned()
            }
            _ => return None,
        })
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let failure = Self::failed(error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// What the handle of a writer says that has ended without telling why.
pub(super) fn lost() -> OutputError {
    OutputError::Io {
        name: "the output".to_owned(),
        source: io::Error::other("its writer has ended"),
    }
}
