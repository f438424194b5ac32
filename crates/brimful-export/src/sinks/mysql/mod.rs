//! Rows in a table of MySQL or MariaDB: loaded as a stream, those with IDs above all others into the table itself, others
//! into a table of the session and from there into the real one, updated by ID. The SQL is in `statements`, what is stored
//! together in `transaction`, and the session with the server in `connection`.

mod connection;
mod statements;
mod transaction;

use jiff::SignedDuration;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};

use super::new_rows::{NewRows, ascending_key};
use super::reconnecting::Reconnects;
use super::run_state::RunState;
use super::tab_separated::TabSeparated;
use super::table_plan::quoted_names;
use super::{DecodedRow, Dialect, StoreOptions, StoreSink, TakeRow, WHOLE_SECONDS};
use crate::cell::{Cell, Moment};
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;
use connection::{Session, Stream, said, text_of};
use statements::{OWN_TABLES, misfit_statements};
pub(crate) use statements::{literal, quoted};

/// The words by which the server says that there are too many columns, or columns that take too much of a row.
const TOO_MANY_COLUMNS: [&str; 3] = ["Too many columns", "Row size too large", "Too big row"];
/// What it does not say.
const MOST_COLUMNS: &str =
    "a table of InnoDB has 1,017 columns at most, and as few as 197 where all are texts";

/// Rows that go into one transaction, unless they are long.
const ROWS_AT_ONCE: u64 = 10_000;
/// Bytes that go into one transaction, and are kept until then.
const BYTES_AT_ONCE: usize = 8 << 20;
/// The table of the session.
const STAGE: &str = "_brimful_stage";

const NAMES: ColumnNames = ColumnNames {
    longest: Some(Longest::Characters(64)),
    is_narrow: true,
    ..ColumnNames::OF_DATABASES
};

pub(crate) struct MysqlSink {
    connection: Conn,
    options: Opts,
    store: String,
    state: RunState,
    rows: TabSeparated,
    /// What the server is sent when it asks for the rows.
    stream: Stream,
    load: String,
    merge: String,
    /// The statement that brings rows into the table itself.
    load_new: String,
    /// Whether the rows that wait go straight into the table. A sync compares rows before, so its rows never do.
    new_rows: NewRows,
    /// The query that counts the rows that are new or differ, where the table is kept in sync.
    count: Option<String>,
    /// The statement that makes the table of the session.
    stage: String,
    began: bool,
    /// Whether this run has the lock of the table.
    has_lock: bool,
}

impl MysqlSink {
    pub(crate) fn open(
        url: &str,
        store: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let session = Session::open(url, &store)?;
        let mut sink = Self {
            connection: session.connection,
            options: session.options,
            store,
            state: RunState::new(options),
            rows: TabSeparated::default(),
            stream: session.stream,
            load: String::new(),
            merge: String::new(),
            load_new: String::new(),
            new_rows: NewRows::unknown(),
            count: None,
            stage: String::new(),
            began: false,
            has_lock: false,
        };
        if sink.state.may_resume {
            sink.find_interrupted()?;
        }
        Ok(sink)
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.store.clone(),
            message: message.into(),
        }
    }

    fn execute(&mut self, sql: &str) -> Result<(), ExportError> {
        let done = self.connection.query_drop(sql);
        done.map_err(|error| self.failed(said(&error)))
    }

    /// Looks for a run of the same command that was interrupted.
    fn find_interrupted(&mut self) -> Result<(), ExportError> {
        let table = self.state.table.clone();
        if self.columns_of(&table)?.is_empty() || self.columns_of("_brimful_state")?.is_empty() {
            return Ok(());
        }
        let found: mysql::Result<Option<(u64, u64, u64)>> = self.connection.exec_first(
            "SELECT s.`rows`, s.last_id, (SELECT count(*) FROM _brimful_errors e WHERE e.`table` = s.`table`) \
             FROM _brimful_state s WHERE s.`table` = ? AND s.command = ? AND NOT s.finished AND s.last_id IS NOT NULL",
            (&self.state.table, &self.state.command),
        );
        if let Some(interrupted) = found.map_err(|error| self.failed(said(&error)))? {
            self.state.resume(interrupted);
        }
        Ok(())
    }

    /// The columns of a table and their types, by name; empty if there is no table.
    fn columns_of(&mut self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        let found = self.connection.exec(
            "SELECT column_name, lower(data_type) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
            (table,),
        );
        found.map_err(|error| self.failed(said(&error)))
    }

    /// Makes the tables, or adds what they lack, and the table of the session.
    fn make_tables(&mut self, schema: &Schema) -> Result<(), ExportError> {
        if !self.has_lock && self.state.sync.is_none() {
            self.lock_table()?;
        }
        let plan = self
            .make_table(schema)
            .map_err(|error| error.because_of_columns(&TOO_MANY_COLUMNS, MOST_COLUMNS))?;
        for statement in OWN_TABLES {
            self.execute(statement)?;
        }
        self.store_labels(schema, &plan)?;
        if !self.began && self.state.resumed.is_none() && self.state.sync.is_none() {
            self.clear(schema)?;
        }
        let table = quoted(&self.state.table);
        let columns = quoted_names(schema, quoted).join(", ");
        self.execute(&format!("DROP TEMPORARY TABLE IF EXISTS {STAGE}"))?;
        self.stage =
            format!("CREATE TEMPORARY TABLE {STAGE} AS SELECT {columns} FROM {table} LIMIT 0");
        let stage = self.stage.clone();
        self.execute(&stage)
    }

    /// The highest ID of the table, 0 if it is empty. `None` where it does not tell which rows are new.
    fn highest_id(&mut self, schema: &Schema) -> Result<Option<u64>, ExportError> {
        let Some(key) = ascending_key(schema, &self.state) else {
            return Ok(None);
        };
        let key = &quoted_names(schema, quoted)[key];
        let sql = format!(
            "SELECT COALESCE(MAX({key}), 0) FROM {}",
            quoted(&self.state.table)
        );
        let found: mysql::Result<Option<i64>> = self.connection.query_first(sql);
        let highest = found.map_err(|error| self.failed(said(&error)))?;
        Ok(highest.map(|highest| u64::try_from(highest).unwrap_or(0)))
    }
}

/// A moment in UTC, as a column without a zone holds it; `None` if it is not within the years 1 to 9999 there.
fn in_utc(moment: &Moment) -> Option<jiff::civil::DateTime> {
    let offset = SignedDuration::from_secs(moment.offset_seconds.into());
    let utc = moment.civil.checked_sub(offset).ok()?;
    (1..=9999).contains(&utc.year()).then_some(utc)
}

impl StoreSink for MysqlSink {
    fn names(&self) -> ColumnNames {
        NAMES
    }

    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Mysql)
    }

    fn query(&mut self, sql: &str, take: &mut TakeRow<'_>) -> Result<(), ExportError> {
        let mut taken = 0;
        self.reconnecting(|sink| {
            let mut place = 0;
            let mut run = || -> mysql::Result<()> {
                let mut result = sink.connection.query_iter(sql)?;
                while let Some(set) = result.iter() {
                    for row in set {
                        let row = row?;
                        place += 1;
                        if place > taken {
                            let texts: Vec<Option<String>> =
                                row.unwrap().into_iter().map(text_of).collect();
                            take(&texts);
                            taken = place;
                        }
                    }
                }
                Ok(())
            };
            let done = run();
            done.map_err(|error| sink.failed(said(&error)))
        })
    }

    fn columns_of_other_types(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        self.reconnecting(|sink| sink.others(schema))
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.reconnecting(|sink| sink.make_tables(schema))?;
        let table = quoted(&self.state.table);
        let columns = quoted_names(schema, quoted).join(", ");
        let load = |table: &str| {
            format!(
                "LOAD DATA LOCAL INFILE 'rows' INTO TABLE {table} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' \
                 ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({columns})"
            )
        };
        self.load = load(STAGE);
        self.load_new = load(&table);
        let highest = self.reconnecting(|sink| sink.highest_id(schema))?;
        self.new_rows = NewRows::above(highest);
        self.merge = self.merge_statement(schema);
        self.count = self.count_statement(schema);
        self.began = true;
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        for (place, cell) in row.cells.iter().enumerate() {
            match cell {
                Cell::Bool(value) => self.rows.text(if *value { "1" } else { "0" }),
                Cell::DateTime(moment) => {
                    if cell.has_part_of_second() {
                        row.does_not_fit(schema, place, WHOLE_SECONDS, misfits);
                    }
                    if let Some(utc) = in_utc(moment) {
                        let (day, time) = (utc.date(), utc.time());
                        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                        self.rows
                            .text(&format!("{day} {hour:02}:{minute:02}:{second:02}"));
                    } else {
                        let reason = "in UTC it is not within the years 1 to 9999";
                        row.does_not_fit(schema, place, reason, misfits);
                        self.rows.null();
                    }
                }
                other => self.rows.cell(other),
            }
        }
        self.rows.end_line();
        let id = row.key(schema);
        self.new_rows.take(id);
        self.state.take(id);
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.state.is_due(ROWS_AT_ONCE)
            || self.state.sync.is_none() && self.rows.len() >= BYTES_AT_ONCE
    }

    /// Sends what is kept: rows, the values that did not fit and how far the run is become visible together. A lost
    /// connection is made again.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        let mut state = self.state.take_statements();
        if self.rows.is_empty() && misfits.0.is_empty() && !finished && state.is_empty() {
            return Ok(());
        }
        *self.stream.lock() = self.rows.take();
        if self.state.sync.is_none() {
            state.push(self.state_statement(finished));
        }
        let recorded = misfit_statements(&self.state.table, misfits);
        self.send_until_stored(&recorded, &state, finished)?;
        self.stream.lock().clear();
        self.new_rows.begin_again();
        self.state.commit_with(misfits);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_utc() {
        let moment = |offset_seconds| Moment {
            civil: jiff::civil::date(9999, 12, 31).at(23, 59, 59, 0),
            offset_seconds,
        };
        let utc = in_utc(&moment(10_800)).unwrap();
        assert_eq!(utc.to_string(), "9999-12-31T20:59:59");
        assert_eq!(in_utc(&moment(-10_800)), None);
    }
}
