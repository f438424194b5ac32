//! What becomes visible together in PostgreSQL: rows are copied, merged and committed, again if the connection is lost.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, CopyInSink, SimpleQueryMessage};

use super::super::RECONNECT_AFTER;
use super::super::reconnecting::Reconnects;
use super::super::tab_separated::TabSeparated;
use super::PostgresSink;
use crate::error::ExportError;
use crate::misfit::Misfits;

const COPY_MISFITS: &str = "COPY _brimful_errors (\"table\", id, field, value, reason) FROM STDIN";

/// The statements that bring rows into the table.
#[derive(Debug, Default)]
pub(super) struct RowStatements {
    /// By way of the table of the session.
    pub(super) copy: String,
    pub(super) merge: String,
    /// Into the table itself.
    pub(super) copy_new: String,
}

/// What becomes visible together.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) rows: Bytes,
    /// Values that did not fit.
    pub(super) misfits: Bytes,
    pub(super) misfit_count: u64,
    /// The statements that take down how far the run is.
    pub(super) state: String,
    /// Whether no row of it can be in the table already.
    pub(super) are_new: bool,
    pub(super) finished: bool,
    /// All rows of the run that are stored with it.
    pub(super) rows_then: u64,
}

/// A transaction that was sent, and how many rows it has written.
pub(super) struct InFlight {
    pub(super) transaction: Transaction,
    pub(super) sent: JoinHandle<Result<u64, tokio_postgres::Error>>,
}

impl Transaction {
    /// Has the server carry it out. Gives how many rows were new or took the place of others.
    async fn send(
        &self,
        client: &Client,
        statements: &RowStatements,
    ) -> Result<u64, tokio_postgres::Error> {
        client.batch_execute("BEGIN").await?;
        let mut written = 0;
        if !self.rows.is_empty() && self.are_new {
            written += copy_in(client, &statements.copy_new, &self.rows).await?;
        } else if !self.rows.is_empty() {
            copy_in(client, &statements.copy, &self.rows).await?;
            for message in client.simple_query(&statements.merge).await? {
                if let SimpleQueryMessage::CommandComplete(rows) = message {
                    written += rows;
                }
            }
        }
        if !self.misfits.is_empty() {
            copy_in(client, COPY_MISFITS, &self.misfits).await?;
        }
        let end = format!("{}COMMIT", self.state);
        client.batch_execute(&end).await?;
        Ok(written)
    }
}

async fn copy_in(client: &Client, copy: &str, bytes: &Bytes) -> Result<u64, tokio_postgres::Error> {
    use futures_util::SinkExt;
    let sink: CopyInSink<Bytes> = client.copy_in(copy).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(bytes.clone()).await?;
    sink.finish().await
}

/// The values that did not fit, as COPY reads them.
fn misfit_lines(table: &str, misfits: &Misfits) -> Vec<u8> {
    let mut lines = TabSeparated::default();
    for misfit in &misfits.0 {
        lines.text(table);
        match misfit.id_text() {
            Some(id) => lines.text(&id),
            None => lines.null(),
        }
        for text in [&misfit.field, misfit.value.get(), misfit.reason] {
            lines.text(text);
        }
        lines.end_line();
    }
    lines.take()
}

impl PostgresSink {
    /// Takes all that waits as one transaction. `None` if nothing waits.
    pub(super) fn take_transaction(
        &mut self,
        misfits: &mut Misfits,
        finished: bool,
    ) -> Option<Transaction> {
        let statements = self.state.take_statements();
        if self.rows.is_empty() && misfits.0.is_empty() && !finished && statements.is_empty() {
            return None;
        }
        let state = if self.state.sync.is_some() {
            statements.iter().fold(String::new(), |mut all, statement| {
                all.push_str(statement);
                all.push_str(";\n");
                all
            })
        } else {
            self.state_statement(finished)
        };
        let transaction = Transaction {
            rows: self.rows.take().into(),
            misfits: misfit_lines(&self.state.table, misfits).into(),
            misfit_count: misfits.0.len() as u64,
            state,
            are_new: self.new_rows.are_certain(),
            finished,
            rows_then: self.state.rows(),
        };
        misfits.0.clear();
        self.new_rows.begin_again();
        self.state.send();
        Some(transaction)
    }

    /// Sends a transaction, to be carried out while further rows are read.
    pub(super) fn begin_sending(&mut self, transaction: Transaction) -> Result<(), ExportError> {
        let (client, statements) = (Arc::clone(&self.client), Arc::clone(&self.statements));
        let sending = transaction.clone();
        let sent = async move { sending.send(&client, &statements).await };
        let sent = self.runtime.spawn(sent)?;
        self.in_flight = Some(InFlight { transaction, sent });
        Ok(())
    }

    /// Ends a transaction that was sent with this result. A lost connection is made again, and what was lost with it is
    /// sent again.
    pub(super) fn conclude(
        &mut self,
        mut transaction: Transaction,
        mut sent: Result<u64, ExportError>,
    ) -> Result<(), ExportError> {
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let error = match sent {
                Ok(written) => {
                    self.state.count_written(written);
                    break;
                }
                Err(error) => error,
            };
            if self.connection_is_lost() {
                if !self.reconnect(&mut waits)? {
                    return Err(error);
                }
                // It may have been stored, and only the answer was lost.
                if self.is_stored(&transaction)? {
                    break;
                }
            } else if transaction.are_new && self.execute("ROLLBACK").is_ok() {
                // Somebody else has inserted a row with one of these IDs.
                transaction.are_new = false;
            } else {
                return Err(error);
            }
            sent = self.wait(transaction.send(&self.client, &self.statements));
        }
        self.state.misfits += transaction.misfit_count;
        self.state.commit_sent();
        Ok(())
    }

    /// Whether the store has all rows up to the end of a transaction.
    pub(super) fn is_stored(&self, transaction: &Transaction) -> Result<bool, ExportError> {
        if self.state.sync.is_some() {
            // A sync writes the same twice without harm.
            return Ok(false);
        }
        let found = self.wait(self.client.query_typed(
            "SELECT rows, finished FROM _brimful_state WHERE \"table\" = $1 AND command = $2",
            &[
                (&self.state.table, Type::TEXT),
                (&self.state.command, Type::TEXT),
            ],
        ))?;
        Ok(found.first().is_some_and(|row| {
            u64::try_from(row.get::<_, i64>(0)) == Ok(transaction.rows_then)
                && row.get::<_, bool>(1) == transaction.finished
        }))
    }
}
