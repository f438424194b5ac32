//! What becomes visible together in MySQL and MariaDB: rows are loaded, merged and committed, again if the connection is
//! lost.

use mysql::prelude::Queryable;

use super::super::RECONNECT_AFTER;
use super::super::reconnecting::Reconnects;
use super::connection::said;
use super::{MysqlSink, STAGE};
use crate::error::ExportError;

impl MysqlSink {
    /// Sends what waits until it is stored: again on a new connection when the old one is lost, and by way of the session's
    /// table when somebody else has inserted a row with one of these IDs.
    pub(super) fn send_until_stored(
        &mut self,
        misfits: &[String],
        state: &[String],
        finished: bool,
    ) -> Result<(), ExportError> {
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let error = match self.send(misfits, state) {
                Ok(written) => {
                    self.state.count_written(written);
                    return Ok(());
                }
                Err(error) => error,
            };
            let is_lost =
                !matches!(error, mysql::Error::MySqlError(_)) || self.connection_is_lost();
            if !is_lost && self.new_rows.are_certain() && self.execute("ROLLBACK").is_ok() {
                self.new_rows.are_there_already();
                continue;
            }
            if !is_lost || !self.reconnect(&mut waits)? {
                return Err(self.failed(said(&error)));
            }
            // It may have been stored, and only the answer was lost.
            if self.is_stored(finished) {
                return Ok(());
            }
        }
    }

    /// Sends it once. Gives how many rows were new or differed, where that is asked for.
    fn send(&mut self, misfits: &[String], state: &[String]) -> mysql::Result<u64> {
        self.connection.query_drop("START TRANSACTION")?;
        let mut written = 0;
        if !self.stream.lock().is_empty() {
            let is_direct = self.new_rows.are_certain();
            let load = if is_direct {
                &self.load_new
            } else {
                &self.load
            };
            self.connection.query_drop(load)?;
            // A local file is loaded even where values are cut, and a cut value is worse than none.
            if self.connection.warnings() > 0 {
                let warning: Option<(String, u32, String)> =
                    self.connection.query_first("SHOW WARNINGS LIMIT 1")?;
                let (_, code, message) = warning.unwrap_or_default();
                return Err(mysql::Error::MySqlError(mysql::error::MySqlError {
                    state: "HY000".to_owned(),
                    message,
                    code: code as u16,
                }));
            }
            if let Some(count) = &self.count {
                written = self.connection.query_first(count)?.unwrap_or(0);
            }
            if !is_direct {
                self.connection.query_drop(&self.merge)?;
                self.connection.query_drop(format!("DELETE FROM {STAGE}"))?;
            }
        }
        for statement in misfits {
            self.connection.query_drop(statement)?;
        }
        for statement in state {
            self.connection.query_drop(statement)?;
        }
        self.connection.query_drop("COMMIT")?;
        Ok(written)
    }

    /// Whether the store has all rows that were taken.
    fn is_stored(&mut self, finished: bool) -> bool {
        if self.state.sync.is_some() {
            // A sync writes the same twice without harm.
            return false;
        }
        let found: mysql::Result<Option<(u64, bool)>> = self.connection.exec_first(
            "SELECT `rows`, finished FROM _brimful_state WHERE `table` = ? AND command = ?",
            (&self.state.table, &self.state.command),
        );
        matches!(found, Ok(Some((rows, is))) if rows == self.state.rows() && is == finished)
    }
}
