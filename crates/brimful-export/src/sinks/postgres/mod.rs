//! Rows in a table of PostgreSQL: copied into a table of the session, and from there into the real one, updated by ID. The
//! SQL is in `statements`, what is stored together in `transaction`, and the session with the server in `connection`.

mod connection;
mod statements;
mod transaction;

use std::sync::Arc;

use futures_util::StreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::new_rows::{NewRows, ascending_key};
use super::reconnecting::Reconnects;
use super::run_state::RunState;
use super::tab_separated::TabSeparated;
use super::table_plan::quoted_names;
use super::writer_runtime::WriterRuntime;
use super::{DELETED_AT, DecodedRow, Dialect, StoreOptions, StoreSink, TakeRow};
use crate::cell::Cell;
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;
use connection::{Session, said};
use statements::{OWN_TABLES, array};
pub(crate) use statements::{literal, quoted};
use transaction::{InFlight, RowStatements};

/// Rows that go into one transaction, unless they are long.
const ROWS_AT_ONCE: u64 = 10_000;
/// Bytes that go into one transaction, and are kept until then.
const BYTES_AT_ONCE: usize = 8 << 20;
/// The table of the session.
const STAGE: &str = "_brimful_stage";

/// A name has 63 bytes at most, and that of the view of labels is longer than that of its table.
const LONGEST_TABLE: usize = 63 - "_labeled".len();

/// The lock under which tables are made: `brimful` in ASCII.
const MAKES_TABLES: u64 = 0x0062_7269_6d66_756c;

/// The words that the server takes for no name of a column or table without quotes:
/// <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>.
const KEYWORDS: [&str; 101] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// A name is cut by the server without a word. The others are columns of every table.
const NAMES: ColumnNames = ColumnNames {
    longest: Some(Longest::Bytes(63)),
    keywords: &KEYWORDS,
    reserved: &[
        DELETED_AT, "cmax", "cmin", "ctid", "tableoid", "xmax", "xmin",
    ],
    ..ColumnNames::OF_DATABASES
};

pub(crate) struct PostgresSink {
    runtime: WriterRuntime,
    client: Arc<Client>,
    config: Config,
    tls: MakeRustlsConnect,
    store: String,
    state: RunState,
    rows: TabSeparated,
    statements: Arc<RowStatements>,
    /// What the server carries out while further rows are read.
    in_flight: Option<InFlight>,
    new_rows: NewRows,
    /// The statement that makes the table of the session.
    stage: String,
    began: bool,
    /// Whether this run has the lock of the table.
    has_lock: bool,
}

impl PostgresSink {
    pub(crate) fn open(
        url: &str,
        store: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let failed = |message: String| ExportError::Store {
            store: store.clone(),
            message,
        };
        if options.table.len() > LONGEST_TABLE {
            return Err(failed(format!(
                "the name of the table {} has more than {LONGEST_TABLE} bytes, and the server would cut it or that of its view: \
                 choose a shorter one",
                options.table
            )));
        }
        let session = Session::open(url, &store)?;
        let mut sink = Self {
            runtime: session.runtime,
            client: Arc::new(session.client),
            config: session.config,
            tls: session.tls,
            store,
            state: RunState::new(options),
            rows: TabSeparated::default(),
            statements: Arc::default(),
            in_flight: None,
            stage: String::new(),
            new_rows: NewRows::unknown(),
            began: false,
            has_lock: false,
        };
        if sink.state.may_resume {
            sink.find_interrupted()?;
        }
        Ok(sink)
    }

    /// Looks for a run of the same command that was interrupted.
    fn find_interrupted(&mut self) -> Result<(), ExportError> {
        if self.existing()?.is_empty() || self.columns_of("_brimful_state")?.is_empty() {
            return Ok(());
        }
        let found = self.wait(self.client.query_typed(
            "SELECT rows, last_id, (SELECT count(*) FROM _brimful_errors WHERE \"table\" = $1) FROM _brimful_state \
             WHERE \"table\" = $1 AND command = $2 AND NOT finished AND last_id IS NOT NULL",
            &[
                (&self.state.table, Type::TEXT),
                (&self.state.command, Type::TEXT),
            ],
        ))?;
        if let Some(row) = found.first() {
            let number = |place| u64::try_from(row.get::<_, i64>(place)).unwrap_or(0);
            self.state.resume((number(0), number(1), number(2)));
        }
        Ok(())
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.store.clone(),
            message: message.into(),
        }
    }

    /// What the server refused, or why it could not be reached.
    fn refused(&self, error: &tokio_postgres::Error) -> ExportError {
        let message = said(error);
        match error.code() {
            // Tables are to be made in the schema of the address, and it is not there.
            Some(&SqlState::INVALID_SCHEMA_NAME) => {
                let mut options = self
                    .config
                    .get_options()
                    .unwrap_or_default()
                    .split("search_path=");
                match options
                    .nth(1)
                    .and_then(|rest| rest.split_whitespace().next())
                {
                    Some(schema) => self.failed(format!(
                        "there is no schema {schema}; to make it: CREATE SCHEMA {schema}"
                    )),
                    None => self.failed(message),
                }
            }
            // The second one is a row that does not fit a page of the server.
            Some(&SqlState::TOO_MANY_COLUMNS | &SqlState::PROGRAM_LIMIT_EXCEEDED) => {
                ExportError::TooManyColumns {
                    place: self.store.clone(),
                    message,
                }
            }
            _ => self.failed(message),
        }
    }

    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ExportError> {
        let done = self.runtime.wait(work)?;
        done.map_err(|error| self.refused(&error))
    }

    fn execute(&self, sql: &str) -> Result<(), ExportError> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Makes the tables, or adds what they lack. What is there is looked at behind the lock: two runs that make the same
    /// tables at once fail one of them, IF NOT EXISTS or not, and the server may still be making those of a killed run.
    fn make_tables(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.execute(&format!(
            "BEGIN;\nSELECT pg_advisory_xact_lock({MAKES_TABLES})"
        ))?;
        let existing = self.existing()?;
        let plan = self.plan(schema, &existing)?;
        let mut sql = self.table_statements(schema, &existing, &plan);
        sql += OWN_TABLES;
        if !self.began && self.state.resumed.is_none() && self.state.sync.is_none() {
            sql += &self.clearing_statements(schema);
        }
        sql += &self.label_statements(schema, &existing, &plan)?;
        let table = quoted(&self.state.table);
        let columns = quoted_names(schema, quoted).join(", ");
        self.stage = format!(
            "DROP TABLE IF EXISTS {STAGE};\n\
             CREATE TEMPORARY TABLE {STAGE} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} WITH NO DATA;\n"
        );
        sql += &self.stage;
        sql += "COMMIT;";
        self.execute(&sql)
    }

    /// The highest ID of the table, 0 if it is empty. `None` where it does not tell which rows are new.
    fn highest_id(&self, schema: &Schema) -> Result<Option<u64>, ExportError> {
        let Some(key) = ascending_key(schema, &self.state) else {
            return Ok(None);
        };
        let key = &quoted_names(schema, quoted)[key];
        let sql = format!(
            "SELECT coalesce(max({key})::bigint, 0) FROM {}",
            quoted(&self.state.table)
        );
        let found = self.wait(self.client.query_typed(&sql, &[]))?;
        let highest = found.first().map(|row| row.get::<_, i64>(0));
        Ok(highest.map(|highest| u64::try_from(highest).unwrap_or(0)))
    }

    /// The columns of the table and their types, by name; empty if there is no table.
    fn existing(&self) -> Result<Vec<(String, String)>, ExportError> {
        self.columns_of(&self.state.table)
    }

    fn columns_of(&self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        let table = quoted(table);
        let rows = self.wait(self.client.query_typed(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            &[(&table, Type::TEXT)],
        ))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

impl StoreSink for PostgresSink {
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
        Some(Dialect::Postgres)
    }

    fn query(&mut self, sql: &str, take: &mut TakeRow<'_>) -> Result<(), ExportError> {
        self.settle()?;
        let mut taken = 0;
        self.reconnecting(|sink| {
            let mut place = 0;
            let asked = sink.runtime.wait(async {
                let mut messages = std::pin::pin!(sink.client.simple_query_raw(sql).await?);
                let mut texts = Vec::new();
                while let Some(message) = messages.next().await {
                    if let SimpleQueryMessage::Row(row) = message? {
                        place += 1;
                        if place > taken {
                            texts.clear();
                            texts.extend(
                                (0..row.len()).map(|place| row.get(place).map(str::to_owned)),
                            );
                            take(&texts);
                            taken = place;
                        }
                    }
                }
                Ok(())
            })?;
            asked.map_err(|error: tokio_postgres::Error| sink.failed(said(&error)))
        })
    }

    fn columns_of_other_types(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        self.settle()?;
        let existing = self.reconnecting(|sink| sink.existing())?;
        Ok(self.others(schema, &existing))
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.settle()?;
        let made = self.reconnecting(|sink| {
            if !sink.has_lock && sink.state.sync.is_none() {
                sink.lock_table()?;
            }
            sink.make_tables(schema)
        });
        if let Err(error) = made {
            // The first error is the one to be told.
            let _ = self.execute("ROLLBACK");
            return Err(error);
        }
        let table = quoted(&self.state.table);
        let columns = quoted_names(schema, quoted).join(", ");
        self.statements = Arc::new(RowStatements {
            copy: format!("COPY {STAGE} ({columns}) FROM STDIN"),
            merge: self.merge_statement(schema),
            copy_new: format!("COPY {table} ({columns}) FROM STDIN"),
        });
        let highest = self.reconnecting(|sink| sink.highest_id(schema))?;
        self.new_rows = NewRows::above(highest);
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
                cell if cell.has_nul() => {
                    let reason = "PostgreSQL has no texts with a NUL character";
                    row.does_not_fit(schema, place, reason, misfits);
                    self.rows.null();
                }
                Cell::List(items) => self.rows.text(&array(items)),
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

    /// Sends what is kept: rows, the values that did not fit and how far the run is become visible together. An export reads
    /// further rows meanwhile; a sync has to know what is stored.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        self.settle()?;
        let Some(transaction) = self.take_transaction(misfits, finished) else {
            return Ok(());
        };
        self.begin_sending(transaction)?;
        if finished || self.state.sync.is_some() {
            return self.settle();
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), ExportError> {
        let Some(InFlight { transaction, sent }) = self.in_flight.take() else {
            return Ok(());
        };
        let sent = match self.runtime.wait(sent)? {
            Ok(sent) => sent.map_err(|error| self.refused(&error)),
            // The task has panicked.
            Err(error) => Err(self.failed(error.to_string())),
        };
        self.conclude(transaction, sent)
    }
}
