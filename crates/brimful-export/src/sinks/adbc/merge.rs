//! How the rows of the stage come into a table that is kept in sync.

use std::fmt::Write as _;

use super::STAGE;
use crate::sinks::DELETED_AT;

/// Where a table is kept in sync: the statements that bring the rows of the stage into it.
#[derive(Debug, Default)]
pub(super) struct MergeStatements {
    /// Removes what the stage has twice, and what is in the table already.
    pub(super) reduce: Vec<String>,
    /// Updates the rows that are there, and inserts the others. A field that the portal no longer has stays as it is.
    pub(super) merge: Vec<String>,
}

impl MergeStatements {
    pub(super) fn new(table: &str, names: &[String], key: &str) -> Self {
        let others = || names.iter().filter(|name| *name != key);
        let mut equal = String::new();
        for name in others() {
            // Writing to a string does not fail.
            let _ = write!(equal, " AND t.{name} IS NOT DISTINCT FROM {STAGE}.{name}");
        }
        let updates = others().map(|name| format!("{name} = s.{name}"));
        let updates: Vec<String> = updates.chain([format!("{DELETED_AT} = NULL")]).collect();
        let columns = names.join(", ");
        Self {
            reduce: vec![
                format!(
                    "DELETE FROM {STAGE} WHERE rowid NOT IN (SELECT max(rowid) FROM {STAGE} GROUP BY {key})"
                ),
                format!(
                    "DELETE FROM {STAGE} WHERE EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = {STAGE}.{key} AND \
                     t.{DELETED_AT} IS NULL{equal})"
                ),
            ],
            merge: vec![
                format!(
                    "UPDATE {table} SET {} FROM {STAGE} s WHERE {table}.{key} = s.{key}",
                    updates.join(", ")
                ),
                format!(
                    "INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE} s WHERE NOT EXISTS (SELECT 1 FROM {table} \
                     t WHERE t.{key} = s.{key})"
                ),
            ],
        }
    }
}
