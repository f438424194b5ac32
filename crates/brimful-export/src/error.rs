//! Errors of this crate.

use std::io;

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
    /// The name of a file or store is not one that can be written.
    #[error("{0}")]
    Name(String),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ExportError {
    #[cfg(any(feature = "arrow", feature = "xlsx"))]
    pub(crate) fn format(format: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Format {
            format,
            message: error.to_string(),
        }
    }
}
