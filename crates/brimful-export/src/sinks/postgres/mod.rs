//! Rows in a table of PostgreSQL: copied into a table of the session, and from there into the real one, updated by ID. The
//! SQL is in `statements`, and what is stored together in `transaction`.

mod statements;
mod transaction;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::new_rows::{NewRows, ascending_key};
use super::password_files::{self, Login};
use super::run_state::RunState;
use super::tab_separated::TabSeparated;
use super::table_plan::quoted_names;
use super::tls::{self, TlsMode, TlsOptions};
use super::writer_runtime::{WriterRuntime, with_causes};
use super::{DELETED_AT, DecodedRow, Dialect, RECONNECT_AFTER, StoreOptions, StoreSink, TakeRow};
use crate::cell::Cell;
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::Schema;
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

/// How often the server is asked for the lock of a table, a tenth of a second apart.
const LOCK_ATTEMPTS: u32 = 20;

/// The lock of whoever makes tables: `brimful` in ASCII.
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
        let (url, tls) = TlsOptions::take_from(url).map_err(failed)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // What it was given may have a password.
            failed(match std::error::Error::source(&error) {
                Some(cause) if cause.to_string().starts_with("unknown option") => format!(
                    "this is not an address of a database: {cause}; write it as postgres://USER@HOST:5432/DATABASE"
                ),
                _ => "this is not an address of a database; write it as postgres://USER@HOST:5432/DATABASE".to_owned(),
            })
        })?;
        config.ssl_mode(match tls.mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        if config.get_password().is_none()
            && let Some(password) = known_password(&config)
        {
            config.password(password);
        }
        config.application_name("brimful");
        let runtime = WriterRuntime::in_background()?;
        let connector = MakeRustlsConnect::new(tls::config(&tls).map_err(failed)?);
        let client = connect(&runtime, &config, &connector)?.map_err(|error| {
            let (message, store) = (tls.explain(with_remedy(said(&error))), store.clone());
            if is_out_of_reach(&error) {
                ExportError::Unreachable { store, message }
            } else {
                failed(message)
            }
        })?;
        let mut sink = Self {
            runtime,
            client: Arc::new(client),
            config,
            tls: connector,
            store,
            state: RunState::new(options),
            rows: TabSeparated::default(),
            statements: Arc::default(),
            in_flight: None,
            stage: String::new(),
            new_rows: NewRows::unknown(),
            began: false,
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

    /// Whether the last error was the end of the connection.
    fn connection_is_lost(&self) -> bool {
        self.client.is_closed() || self.execute("SELECT 1").is_err() && self.client.is_closed()
    }

    /// Connects again, and tries it several times. False if the server does not come back.
    fn reconnect(
        &mut self,
        waits: &mut std::slice::Iter<'_, Duration>,
    ) -> Result<bool, ExportError> {
        for wait in waits {
            self.runtime.sleep(*wait)?;
            if let Ok(client) = connect(&self.runtime, &self.config, &self.tls)? {
                self.client = Arc::new(client);
                // A server that is about to end takes connections for a moment.
                if self.execute(&self.stage).is_ok() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Has the table for this run, as long as its connection lasts. A server may notice only a moment later that a run has
    /// ended, so it is asked again for a while.
    fn lock_table(&self) -> Result<(), ExportError> {
        let table = literal(&self.state.table);
        let ask = format!(
            "SELECT pg_try_advisory_lock(hashtext('brimful export ' || current_schema() || '.' || {table}))"
        );
        for _ in 0..LOCK_ATTEMPTS {
            let granted = self.wait(self.client.query_typed(&ask, &[]))?;
            if granted.first().is_some_and(|row| row.get(0)) {
                return Ok(());
            }
            self.execute("SELECT pg_sleep(0.1)")?;
        }
        Err(self.failed(super::is_being_written(&self.state.table)))
    }

    /// Does `work`, and again if the connection was lost meanwhile and could be made again.
    fn reconnecting<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let done = work(self);
            if done.is_ok() || !self.connection_is_lost() {
                return done;
            }
            if !self.reconnect(&mut waits)? {
                return done;
            }
        }
    }

    /// Makes the tables, or adds what they lack. What is there is looked at behind the lock: two runs that make the same
    /// tables at once fail one of them, IF NOT EXISTS or not, and the server may still be making those of a killed run.
    fn make_tables(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.execute(&format!(
            "BEGIN;\nSELECT pg_advisory_xact_lock({MAKES_TABLES})"
        ))?;
        let existing = self.existing()?;
        let mut sql = self.table_statements(schema, &existing)?;
        sql += OWN_TABLES;
        if !self.began && self.state.resumed.is_none() && self.state.sync.is_none() {
            sql += &self.clearing_statements(schema);
        }
        sql += &self.label_statements(schema, &existing)?;
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

/// What the server said, with what to do where it wants a password and there is none.
fn with_remedy(said: String) -> String {
    if said.contains("password missing") {
        return format!(
            "{said}; set PGPASSWORD, or write it into ~/.pgpass, which nobody else may read (chmod 600 ~/.pgpass)"
        );
    }
    said
}

/// The password of the environment, or of the file that psql reads too.
fn known_password(config: &Config) -> Option<String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Some(password);
    }
    let user = config.get_user()?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.as_str(),
        // So psql calls the sockets of this machine.
        _ => "localhost",
    };
    password_files::of_postgres(&Login {
        host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().unwrap_or(user),
        user,
    })
}

fn connect(
    runtime: &WriterRuntime,
    config: &Config,
    tls: &MakeRustlsConnect,
) -> io::Result<Result<Client, tokio_postgres::Error>> {
    Ok(match runtime.wait(config.connect(tls.clone()))? {
        Ok((client, connection)) => {
            // The next statement says so if it is lost.
            drop(runtime.spawn(async move { drop(connection.await) })?);
            Ok(client)
        }
        Err(error) => Err(error),
    })
}

/// Whether the server was not reached, or is about to begin or to end.
fn is_out_of_reach(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => true,
        Some(code) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ]
        .contains(code),
    }
}

/// What the server said, or why it could not be reached.
fn said(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else {
        return with_causes(error);
    };
    let mut text = database.message().to_owned();
    if let Some(detail) = database.detail() {
        let _ = write!(text, " ({detail})");
    }
    text
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

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.settle()?;
        let must_lock = !self.began && self.state.sync.is_none();
        let made = self.reconnecting(|sink| {
            if must_lock {
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
        self.new_rows = NewRows::above(self.highest_id(schema)?);
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
