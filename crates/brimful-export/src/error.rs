//! Errors of this crate.

use std::io;
use std::path::PathBuf;

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The columns that were asked for cannot be had.
    #[error("{0}")]
    Columns(String),
    /// A row is not a JSON object.
    #[error("a row is not a JSON object: {0}")]
    Row(#[from] serde_json::Error),
    /// The format cannot hold the rows, or its writer failed.
    #[error("{format}: {message}")]
    Format {
        /// The format, such as Parquet.
        format: &'static str,
        /// What its writer said.
        message: String,
    },
    /// A database refused.
    #[error("{store}: {message}")]
    Store {
        /// The store, without its password.
        store: String,
        /// What it said.
        message: String,
    },
    /// A database cannot be reached, or the connection to it has ended and could not be made again.
    #[error("{store}: {message}")]
    Unreachable {
        /// The store, without its password.
        store: String,
        /// What was said last.
        message: String,
    },
    /// The table holds other rows than those that are to be written, or a column of another type. A table of another name
    /// can take the rows.
    #[error("{store}: {message}")]
    UnfitTable {
        /// The store, without its password.
        store: String,
        /// What is wrong with the table.
        message: String,
    },
    /// Columns of the table have other types than those that are to be written.
    #[error("{store}: {message}")]
    OtherTypes {
        /// The store, without its password.
        store: String,
        /// The columns, and the statements that change them.
        message: String,
    },
    /// A run of another command was interrupted that writes to the same table, and it could not be resumed any more.
    #[error("{store}: {message}")]
    InterruptedRun {
        /// The store, without its password.
        store: String,
        /// How far that run is.
        message: String,
    },
    /// The format or store has fewer columns than the rows need, or shorter rows.
    #[error("{place}: {message}")]
    TooManyColumns {
        /// The format, such as Excel, or the store, without its password.
        place: String,
        /// How many it has.
        message: String,
    },
    /// Rows were to be in folders by a column that cannot part them.
    #[error(
        "rows cannot be in folders by {column}: there is no column of that name that is a date"
    )]
    PartitionColumn {
        /// The column.
        column: String,
    },
    /// The name of a file or store is not one that can be written.
    #[error("{0}")]
    Name(String),
    /// The ending of a file's name is none that is known, and no format was given.
    #[error(
        "{name}: the ending says nothing about the format. Known are {known}, and .csv, .tsv and .jsonl with .gz or .zst behind"
    )]
    UnknownEnding {
        /// The name of the file.
        name: String,
        /// The endings, with commas between them.
        known: String,
    },
    /// A file is made by way of temporary files, and those could not be written.
    #[error("a temporary file in {} could not be written: {source}", folder.display())]
    TemporaryFile {
        /// Where temporary files are.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The library was built without what writes this.
    #[error("{name}: this build cannot write it, because it lacks the feature {feature}")]
    NotBuilt {
        /// The file or store, without its password.
        name: String,
        /// The feature of this crate that adds it.
        feature: &'static str,
    },
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ExportError {
    /// The refusal of a store, where it is the table that cannot take the rows.
    #[cfg(any(feature = "adbc", feature = "clickhouse", feature = "parquet"))]
    pub(crate) fn because_of_table(self) -> Self {
        match self {
            Self::Store { store, message } => Self::UnfitTable { store, message },
            other => other,
        }
    }

    /// The refusal of a store, where it is that there are too many columns: its message has one of these `words` then.
    #[cfg(feature = "mysql")]
    pub(crate) fn because_of_columns(self, words: &[&str], limit: &str) -> Self {
        match self {
            Self::Store { store, message } if words.iter().any(|words| message.contains(words)) => {
                Self::TooManyColumns {
                    place: store,
                    message: format!("{message} ({limit})"),
                }
            }
            other => other,
        }
    }

    #[cfg(any(feature = "arrow", feature = "xlsx"))]
    pub(crate) fn format(format: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Format {
            format,
            message: error.to_string(),
        }
    }
}
