//! Rows in a table of PostgreSQL: copied into a table of the session, and from there into the real one, updated by ID.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, CopyInSink, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::run_state::RunState;
use super::tab_separated::TabSeparated;
use super::table_plan::{TablePlan, TypeConflict, quoted_names};
use super::tls::{self, TlsMode, TlsOptions};
use super::writer_runtime::{WriterRuntime, with_causes};
use super::{
    DELETED_AT, DecodedRow, Dialect, RECONNECT_AFTER, StoreOptions, StoreSink, TakeRow, label_name,
    labelled,
};
use crate::cell::Cell;
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// Rows that go into one transaction, unless they are long.
const ROWS_AT_ONCE: u64 = 10_000;
/// Bytes that go into one transaction, and are kept until then.
const BYTES_AT_ONCE: usize = 8 << 20;
/// The table of the session.
const STAGE: &str = "_brimful_stage";

/// The lock of whoever makes tables: `brimful` in ASCII.
const MAKES_TABLES: u64 = 0x0062_7269_6d66_756c;

/// A name is cut by the server without a word. The others are columns of every table.
const NAMES: ColumnNames = ColumnNames {
    longest: Some(Longest::Bytes(63)),
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
    /// The highest ID of the table and of the rows taken; `None` where rows may be there already.
    highest: Option<u64>,
    /// Whether the rows that wait have IDs above all others, each above the one before.
    are_new: bool,
    /// The statement that makes the table of the session.
    stage: String,
    began: bool,
}

/// The statements that bring rows into the table.
#[derive(Debug, Default)]
struct RowStatements {
    /// By way of the table of the session.
    copy: String,
    merge: String,
    /// Into the table itself.
    copy_new: String,
}

/// What becomes visible together.
#[derive(Debug, Clone)]
struct Transaction {
    rows: Bytes,
    /// Values that did not fit.
    misfits: Bytes,
    misfit_count: u64,
    /// The statements that take down how far the run is.
    state: String,
    /// Whether no row of it can be in the table already.
    are_new: bool,
    finished: bool,
    /// All rows of the run that are stored with it.
    rows_then: u64,
}

/// A transaction that was sent, and how many rows it has written.
struct InFlight {
    transaction: Transaction,
    sent: JoinHandle<Result<u64, tokio_postgres::Error>>,
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
        let (url, tls) = TlsOptions::take_from(url).map_err(failed)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // What it was given may have a password.
            failed(match std::error::Error::source(&error) {
                Some(cause) if cause.to_string().starts_with("unknown option") => format!(
                    "this is no address of a database: {cause}; write it as postgres://USER@HOST:5432/DATABASE"
                ),
                _ => "this is no address of a database; write it as postgres://USER@HOST:5432/DATABASE".to_owned(),
            })
        })?;
        config.ssl_mode(match tls.mode {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        config.application_name("brimful");
        let runtime = WriterRuntime::in_background()?;
        let connector = MakeRustlsConnect::new(tls::config(&tls).map_err(failed)?);
        let client = connect(&runtime, &config, &connector)?
            .map_err(|error| failed(tls.explain(said(&error))))?;
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
            highest: None,
            are_new: true,
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
            self.state.resumed = Some((number(0), number(1)));
            self.state.misfits = number(2);
        }
        Ok(())
    }

    /// The statement that takes down how far the run is.
    fn state_statement(&self, finished: bool) -> String {
        let last_id = self.state.last_id();
        let last_id = last_id.map_or_else(|| "NULL".to_owned(), |id| id.to_string());
        format!(
            "INSERT INTO _brimful_state (\"table\", command, rows, last_id, finished) VALUES ({}, {}, {}, {last_id}, \
             {finished}) ON CONFLICT (\"table\") DO UPDATE SET command = excluded.command, rows = excluded.rows, \
             last_id = excluded.last_id, finished = excluded.finished, at = now();\n",
            literal(&self.state.table),
            literal(&self.state.command),
            self.state.rows(),
        )
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.store.clone(),
            message: message.into(),
        }
    }

    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ExportError> {
        let done = self.runtime.wait(work)?;
        done.map_err(|error| self.failed(said(&error)))
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
                self.execute(&self.stage)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the store has all rows up to the end of a transaction.
    fn is_stored(&self, transaction: &Transaction) -> Result<bool, ExportError> {
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

    /// Takes all that waits as one transaction. `None` if nothing waits.
    fn take_transaction(&mut self, misfits: &mut Misfits, finished: bool) -> Option<Transaction> {
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
            are_new: self.are_new && self.highest.is_some(),
            finished,
            rows_then: self.state.rows(),
        };
        misfits.0.clear();
        self.are_new = true;
        self.state.send();
        Some(transaction)
    }

    /// Sends a transaction, to be carried out while further rows are read.
    fn begin_sending(&mut self, transaction: Transaction) -> Result<(), ExportError> {
        let (client, statements) = (Arc::clone(&self.client), Arc::clone(&self.statements));
        let sending = transaction.clone();
        let sent = async move { sending.send(&client, &statements).await };
        let sent = self.runtime.spawn(sent)?;
        self.in_flight = Some(InFlight { transaction, sent });
        Ok(())
    }

    /// Ends a transaction that was sent with this result. A lost connection is made again, and what was lost with it is
    /// sent again.
    fn conclude(
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

    /// The statements that make the table, or add the columns that it lacks, and describe them.
    fn table_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
    ) -> Result<String, ExportError> {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let plan = TablePlan::new(
            schema,
            &self.state.table,
            existing,
            |stored, column| stored == column.to_lowercase(),
            |place, found| {
                let (name, wanted) = (&names[place], type_name(schema.columns[place].kind));
                if found == wanted {
                    return Ok(());
                }
                Err(TypeConflict {
                    wanted: wanted.to_owned(),
                    remedy: format!(
                        "ALTER TABLE {table} ALTER {name} TYPE {wanted} USING {name}::{wanted}"
                    ),
                })
            },
        );
        let definition = |place: usize| {
            let kind = type_name(schema.columns[place].kind);
            let is_key = Some(place) == schema.key;
            let key = if is_key { " PRIMARY KEY" } else { "" };
            format!("{} {kind}{key}", names[place])
        };
        let deleted_at = self.state.sync.as_ref();
        let deleted_at = deleted_at.map(|_| format!("{DELETED_AT} timestamp with time zone"));
        let mut sql = String::new();
        // Writing to a string does not fail.
        match plan.map_err(|message| self.failed(message).because_of_table())? {
            TablePlan::Create => {
                let columns = (0..names.len()).map(definition);
                let columns: Vec<String> = deleted_at.into_iter().chain(columns).collect();
                let _ = writeln!(sql, "CREATE TABLE {table} ({});", columns.join(", "));
            }
            TablePlan::AddColumns(places) => {
                for place in places {
                    let _ = writeln!(sql, "ALTER TABLE {table} ADD COLUMN {};", definition(place));
                }
                if let Some(column) = deleted_at {
                    let _ = writeln!(
                        sql,
                        "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column};"
                    );
                }
            }
        }
        for (name, column) in names.iter().zip(&schema.columns) {
            if let Some(title) = &column.title {
                let title = literal(title);
                let _ = writeln!(sql, "COMMENT ON COLUMN {table}.{name} IS {title};");
            }
        }
        Ok(sql)
    }

    /// The statements with which a run begins that goes on with no other: what is left of earlier runs is cleared.
    fn clearing_statements(&self, schema: &Schema) -> String {
        let mut sql = self.state_statement(false);
        let of_table = literal(&self.state.table);
        let _ = writeln!(
            sql,
            "DELETE FROM _brimful_errors WHERE \"table\" = {of_table};"
        );
        if schema.key.is_none() {
            // Without IDs nothing tells a row of this run from one of an earlier run.
            let _ = writeln!(sql, "DELETE FROM {};", quoted(&self.state.table));
        }
        sql
    }

    /// The highest ID of the table, 0 if it is empty. `None` where IDs are no numbers, and where a sync decides which rows
    /// are new.
    fn highest_id(&self, schema: &Schema) -> Result<Option<u64>, ExportError> {
        let Some(key) = schema.key.filter(|_| self.state.sync.is_none()) else {
            return Ok(None);
        };
        if schema.columns[key].kind != ColumnType::Scalar(ScalarType::Int64) {
            return Ok(None);
        }
        let key = &quoted_names(schema, quoted)[key];
        let sql = format!(
            "SELECT coalesce(max({key})::bigint, 0) FROM {}",
            quoted(&self.state.table)
        );
        let found = self.wait(self.client.query_typed(&sql, &[]))?;
        let highest = found.first().map(|row| row.get::<_, i64>(0));
        Ok(highest.map(|highest| u64::try_from(highest).unwrap_or(0)))
    }

    /// The statement that takes the rows of the session's table into the real one. Of rows with the same ID the last one
    /// counts; a sync does not touch rows that are equal.
    fn merge_statement(&self, schema: &Schema) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let columns = names.join(", ");
        let Some(key) = schema.key else {
            return format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}");
        };
        let key = &names[key];
        let others = || names.iter().filter(|name| *name != key);
        let mut updates: Vec<String> = others()
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let mut condition = String::new();
        if self.state.sync.is_some() {
            updates.push(format!("{DELETED_AT} = NULL"));
            condition = format!(" WHERE {table}.{DELETED_AT} IS NOT NULL");
            for name in others() {
                let _ = write!(
                    condition,
                    " OR {table}.{name} IS DISTINCT FROM excluded.{name}"
                );
            }
        }
        let action = if updates.is_empty() {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}{condition}", updates.join(", "))
        };
        format!(
            "INSERT INTO {table} ({columns}) SELECT DISTINCT ON ({key}) {columns} FROM {STAGE} \
             WHERE {key} IS NOT NULL ORDER BY {key}, ctid DESC ON CONFLICT ({key}) DO {action}"
        )
    }

    /// The statements that store what people call the codes in a table of its own, and make a view of the rows with
    /// both. A view that has these columns stays: others may have been made of it.
    fn label_statements(
        &self,
        schema: &Schema,
        existing: &[(String, String)],
    ) -> Result<String, ExportError> {
        let labelled = labelled(schema);
        let mut sql = String::new();
        if labelled.is_empty() {
            return Ok(sql);
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = format!("{}_labeled", self.state.table);
        let _ = writeln!(
            sql,
            "CREATE TABLE IF NOT EXISTS {labels} (field text NOT NULL, code text NOT NULL, label text NOT NULL, \
             PRIMARY KEY (field, code));\nDELETE FROM {labels};"
        );
        for (column, entries) in &labelled {
            let field = literal(&column.name.to_lowercase());
            for entries in entries.chunks(1_000) {
                let values: Vec<String> = entries
                    .iter()
                    .map(|(code, label)| {
                        format!("({field}, {}, {})", literal(code), literal(label))
                    })
                    .collect();
                let _ = writeln!(sql, "INSERT INTO {labels} VALUES {};", values.join(", "));
            }
        }
        let mut wanted: Vec<String> = existing.iter().map(|(name, _)| name.clone()).collect();
        for column in &schema.columns {
            let name = column.name.to_lowercase();
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        let mut select = "SELECT t.*".to_owned();
        for (column, _) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name.to_lowercase()));
            let label = label_name(&NAMES, schema, column);
            wanted.push(label.to_lowercase());
            let found =
                format!("SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code =");
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    select,
                    ",\n  ARRAY(SELECT ({found} c.code::text) FROM unnest(t.{name}) WITH ORDINALITY c (code, place) \
                     ORDER BY c.place) AS {}",
                    quoted(&label)
                ),
                _ => write!(
                    select,
                    ",\n  ({found} t.{name}::text) AS {}",
                    quoted(&label)
                ),
            };
        }
        let found = self.columns_of(&view)?;
        let is_same = found.iter().map(|(name, _)| name).eq(&wanted);
        if !is_same {
            let (view, table) = (quoted(&view), quoted(&self.state.table));
            let _ = writeln!(
                sql,
                "DROP VIEW IF EXISTS {view};\nCREATE VIEW {view} AS {select}\nFROM {table} t;"
            );
        }
        Ok(sql)
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

/// The statements that make the tables of what did not fit and of how far runs are.
const OWN_TABLES: &str = "\
CREATE TABLE IF NOT EXISTS _brimful_errors (\"table\" text NOT NULL, id text, field text NOT NULL, value text, \
reason text, at timestamp with time zone NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS _brimful_state (\"table\" text PRIMARY KEY, command text NOT NULL, rows bigint NOT NULL, \
last_id bigint, finished boolean NOT NULL, at timestamp with time zone NOT NULL DEFAULT now());
";

const COPY_MISFITS: &str = "COPY _brimful_errors (\"table\", id, field, value, reason) FROM STDIN";

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

/// Nobody wants to quote names in PostgreSQL, so they are lower case.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.to_lowercase().replace('"', "\"\""))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    let text = text.replace('\0', "").replace('\\', "\\\\");
    format!("E'{}'", text.replace('\'', "''"))
}

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Scalar(ScalarType::Int64) => "bigint",
        ColumnType::Scalar(ScalarType::Decimal) => "numeric",
        ColumnType::Scalar(ScalarType::Float64) => "double precision",
        ColumnType::Scalar(ScalarType::Boolean) => "boolean",
        ColumnType::Scalar(ScalarType::Date) => "date",
        ColumnType::Scalar(ScalarType::DateTime) => "timestamp with time zone",
        ColumnType::Scalar(ScalarType::Text) | ColumnType::Any => "text",
        ColumnType::List(ScalarType::Int64) => "bigint[]",
        ColumnType::List(ScalarType::Decimal) => "numeric[]",
        ColumnType::List(ScalarType::Float64) => "double precision[]",
        ColumnType::List(ScalarType::Boolean) => "boolean[]",
        ColumnType::List(ScalarType::Date) => "date[]",
        ColumnType::List(ScalarType::DateTime) => "timestamp with time zone[]",
        ColumnType::List(ScalarType::Text) => "text[]",
        ColumnType::Multifield => "jsonb",
    }
}

/// A list as PostgreSQL writes arrays.
fn array(items: &[Cell<'_>]) -> String {
    let mut text = "{".to_owned();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        if let Cell::Null = item {
            text.push_str("NULL");
            continue;
        }
        let mut one = String::new();
        item.write_text(&mut one);
        text.push('"');
        text.push_str(&one.replace('\\', "\\\\").replace('"', "\\\""));
        text.push('"');
    }
    text.push('}');
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
        let asked = self.runtime.wait(async {
            let mut messages = std::pin::pin!(self.client.simple_query_raw(sql).await?);
            let mut texts = Vec::new();
            while let Some(message) = messages.next().await {
                if let SimpleQueryMessage::Row(row) = message? {
                    texts.clear();
                    texts.extend((0..row.len()).map(|place| row.get(place).map(str::to_owned)));
                    take(&texts);
                }
            }
            Ok(())
        })?;
        asked.map_err(|error: tokio_postgres::Error| self.failed(said(&error)))
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        self.settle()?;
        let existing = self.existing()?;
        // Two runs that make the same tables at once fail one of them, IF NOT EXISTS or not.
        let mut sql = format!("BEGIN;\nSELECT pg_advisory_xact_lock({MAKES_TABLES});\n");
        sql += &self.table_statements(schema, &existing)?;
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
        if let Err(error) = self.execute(&sql) {
            // The first error is the one to be told.
            let _ = self.execute("ROLLBACK");
            return Err(error);
        }
        self.statements = Arc::new(RowStatements {
            copy: format!("COPY {STAGE} ({columns}) FROM STDIN"),
            merge: self.merge_statement(schema),
            copy_new: format!("COPY {table} ({columns}) FROM STDIN"),
        });
        self.highest = self.highest_id(schema)?;
        self.are_new = true;
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
        self.are_new &= id.is_some() && id > self.highest;
        self.highest = self.highest.max(id.filter(|_| self.highest.is_some()));
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
            Ok(sent) => sent.map_err(|error| self.failed(said(&error))),
            // The task has panicked.
            Err(error) => Err(self.failed(error.to_string())),
        };
        self.conclude(transaction, sent)
    }
}
