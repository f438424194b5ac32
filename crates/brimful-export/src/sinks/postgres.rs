//! Rows in a table of PostgreSQL: copied into a table of the session, and from there into the real one, updated by ID.

use std::fmt::Write as _;
use std::io::Write;

use tokio::runtime::Runtime;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, CopyInSink, NoTls};

use super::{DecodedRow, RowSink};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// Rows that go into one transaction, unless they are long.
const ROWS_AT_ONCE: u64 = 10_000;
/// Bytes that go into one transaction, and are kept until then.
const BYTES_AT_ONCE: usize = 8 << 20;
/// The table of the session.
const STAGE: &str = "_brimful_stage";

pub(crate) struct PostgresSink {
    /// Everything here waits in the thread that writes; the runtime lives for its connection. `None` once it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    store: String,
    table: String,
    /// Rows that are not sent yet, as COPY reads them.
    rows: Vec<u8>,
    line: String,
    copy: String,
    merge: String,
    began: bool,
    taken: (u64, Option<u64>),
    stored: (u64, Option<u64>),
    misfits: u64,
}

impl Drop for PostgresSink {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed everywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl PostgresSink {
    pub(crate) fn open(url: &str, store: String, table: &str) -> Result<Self, ExportError> {
        let failed = |message: String| ExportError::Store {
            store: store.clone(),
            message,
        };
        let mut config: tokio_postgres::Config = url
            .parse()
            .map_err(|_| failed("this is no address of a database".to_owned()))?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        config.application_name("brimful");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let connected = runtime.block_on(config.connect(NoTls));
        let (client, connection) = connected.map_err(|error| failed(said(&error)))?;
        // What becomes of it is told by the next statement.
        runtime.spawn(async move { drop(connection.await) });
        Ok(Self {
            runtime: Some(runtime),
            client,
            store,
            table: table.to_owned(),
            rows: Vec::new(),
            line: String::new(),
            copy: String::new(),
            merge: String::new(),
            began: false,
            taken: (0, None),
            stored: (0, None),
            misfits: 0,
        })
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
        let Some(runtime) = &self.runtime else {
            return Err(self.failed("the connection is closed"));
        };
        runtime
            .block_on(work)
            .map_err(|error| self.failed(said(&error)))
    }

    fn execute(&self, sql: &str) -> Result<(), ExportError> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Sends what is kept: rows and the values that did not fit become visible together.
    fn store(&mut self, misfits: &mut Misfits) -> Result<(), ExportError> {
        if self.rows.is_empty() && misfits.0.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let mut lines = Vec::new();
        let mut line = String::new();
        for misfit in &misfits.0 {
            line.clear();
            let id = misfit.id.as_ref().map(|id| id.get().trim_matches('"'));
            escape(&self.table, &mut line);
            line.push('\t');
            match id {
                Some(id) => escape(id, &mut line),
                None => line.push_str("\\N"),
            }
            for text in [&misfit.field, misfit.value.get(), misfit.reason] {
                line.push('\t');
                escape(text, &mut line);
            }
            line.push('\n');
            lines.extend_from_slice(line.as_bytes());
        }
        self.wait(async {
            self.client.batch_execute("BEGIN").await?;
            if !rows.is_empty() {
                self.copy_in(&self.copy, rows).await?;
                self.client.batch_execute(&self.merge).await?;
            }
            if !lines.is_empty() {
                self.copy_in(COPY_MISFITS, lines).await?;
            }
            self.client.batch_execute("COMMIT").await
        })?;
        self.misfits += misfits.0.len() as u64;
        misfits.0.clear();
        self.stored = self.taken;
        Ok(())
    }

    async fn copy_in(&self, copy: &str, bytes: Vec<u8>) -> Result<(), tokio_postgres::Error> {
        use futures_util::SinkExt;
        let sink: CopyInSink<bytes::Bytes> = self.client.copy_in(copy).await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(bytes::Bytes::from(bytes)).await?;
        sink.finish().await.map(drop)
    }

    /// The columns of the table and their types, by name; empty if there is no table.
    fn existing(&self) -> Result<Vec<(String, String)>, ExportError> {
        let table = quoted(&self.table);
        let rows = self.wait(self.client.query_typed(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
             WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            &[(&table, Type::TEXT)],
        ))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

const COPY_MISFITS: &str = "COPY _brimful_errors (\"table\", id, field, value, reason) FROM STDIN";

/// What the server said, or why it could not be reached.
fn said(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        return text;
    };
    let mut text = database.message().to_owned();
    if let Some(detail) = database.detail() {
        let _ = write!(text, " ({detail})");
    }
    text
}

/// Nobody wants to quote names in PostgreSQL, so they are lower case.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.to_lowercase().replace('"', "\"\""))
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

/// Appends a text as COPY reads it.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
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

fn has_nul(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => text.contains('\0'),
        Cell::List(items) => items.iter().any(has_nul),
        Cell::Multifield(values) => values.iter().any(|value| {
            let texts = [&value.value, &value.value_type, &value.type_id];
            texts.into_iter().flatten().any(|text| text.contains('\0'))
        }),
        _ => false,
    }
}

impl RowSink for PostgresSink {
    fn begin(&mut self, schema: &Schema) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(&mut Misfits::default())?;
        let table = quoted(&self.table);
        let existing = self.existing()?;
        let mut sql = "BEGIN;\n".to_owned();
        let names: Vec<String> = schema
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        let mut definitions = Vec::new();
        for (place, column) in schema.columns.iter().enumerate() {
            let (name, kind) = (&names[place], type_name(column.kind));
            let key = if Some(place) == schema.key {
                " PRIMARY KEY"
            } else {
                ""
            };
            definitions.push(format!("{name} {kind}{key}"));
            let found = existing
                .iter()
                .find(|(known, _)| *known == column.name.to_lowercase());
            match found {
                Some((_, found)) if found == kind => {}
                Some((known, found)) => {
                    return Err(self.failed(format!(
                        "the column {known} of the table {} is {found} there and {kind} here; name another table with \
                         --table, or change it: ALTER TABLE {table} ALTER {name} TYPE {kind} USING {name}::{kind}",
                        self.table
                    )));
                }
                None if existing.is_empty() => {}
                None if !key.is_empty() => {
                    return Err(self.failed(format!(
                        "the table {} is there and has no column {}, so it holds other rows; name another one with \
                         --table",
                        self.table, column.name
                    )));
                }
                None => {
                    let _ = writeln!(sql, "ALTER TABLE {table} ADD COLUMN {name} {kind};");
                }
            }
        }
        if existing.is_empty() {
            let _ = writeln!(sql, "CREATE TABLE {table} ({});", definitions.join(", "));
        }
        for (name, column) in names.iter().zip(&schema.columns) {
            if let Some(title) = &column.title {
                let title = title.replace('\'', "''");
                let _ = writeln!(
                    sql,
                    "COMMENT ON COLUMN {table}.{name} IS E'{}';",
                    title.replace('\\', "\\\\")
                );
            }
        }
        sql += "CREATE TABLE IF NOT EXISTS _brimful_errors (\"table\" text NOT NULL, id text, field text NOT NULL, \
                value text, reason text, at timestamp with time zone NOT NULL DEFAULT now());\n";
        if !self.began {
            let name = self.table.replace('\'', "''").replace('\\', "\\\\");
            let _ = writeln!(
                sql,
                "DELETE FROM _brimful_errors WHERE \"table\" = E'{name}';"
            );
            if schema.key.is_none() {
                // Without IDs nothing tells a row of this run from one of an earlier run.
                let _ = writeln!(sql, "DELETE FROM {table};");
            }
        }
        let columns = names.join(", ");
        let _ = writeln!(
            sql,
            "DROP TABLE IF EXISTS {STAGE};\n\
             CREATE TEMPORARY TABLE {STAGE} ON COMMIT DELETE ROWS AS SELECT {columns} FROM {table} WITH NO DATA;\nCOMMIT;"
        );
        if let Err(error) = self.execute(&sql) {
            // The first error is the one to be told.
            let _ = self.execute("ROLLBACK");
            return Err(error);
        }
        self.copy = format!("COPY {STAGE} ({columns}) FROM STDIN");
        self.merge = match schema.key {
            None => format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}"),
            Some(key) => {
                let key = &names[key];
                let updates: Vec<String> = names
                    .iter()
                    .filter(|name| *name != key)
                    .map(|name| format!("{name} = excluded.{name}"))
                    .collect();
                let action = if updates.is_empty() {
                    "NOTHING".to_owned()
                } else {
                    format!("UPDATE SET {}", updates.join(", "))
                };
                format!(
                    "INSERT INTO {table} ({columns}) SELECT DISTINCT ON ({key}) {columns} FROM {STAGE} \
                     WHERE {key} IS NOT NULL ORDER BY {key}, ctid DESC ON CONFLICT ({key}) DO {action}"
                )
            }
        };
        self.began = true;
        Ok(())
    }

    fn is_store(&self) -> bool {
        true
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        let mut text = String::new();
        self.line.clear();
        for (place, cell) in row.cells.iter().enumerate() {
            if place > 0 {
                self.line.push('\t');
            }
            let nul = has_nul(cell);
            if nul {
                let reason = "PostgreSQL has no texts with a NUL character";
                row.does_not_fit(schema, place, reason, misfits);
            }
            match cell {
                _ if nul => self.line.push_str("\\N"),
                Cell::Null => self.line.push_str("\\N"),
                Cell::Text(text) => escape(text, &mut self.line),
                Cell::List(items) => escape(&array(items), &mut self.line),
                other => {
                    text.clear();
                    other.write_text(&mut text);
                    escape(&text, &mut self.line);
                }
            }
        }
        self.line.push('\n');
        self.rows.extend_from_slice(self.line.as_bytes());
        let id = schema.key.and_then(|key| match &row.cells[key] {
            Cell::Int(id) => u64::try_from(*id).ok(),
            _ => None,
        });
        self.taken = (self.taken.0 + 1, id.or(self.taken.1));
        Ok(())
    }

    fn end_page(&mut self, misfits: &mut Misfits, _: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.taken.0 - self.stored.0 >= ROWS_AT_ONCE || self.rows.len() >= BYTES_AT_ONCE {
            self.store(misfits)?;
        }
        Ok(())
    }

    fn finish(&mut self, misfits: &mut Misfits, _: &mut dyn Write) -> Result<(), ExportError> {
        self.store(misfits)
    }

    fn stored_misfits(&self) -> u64 {
        self.misfits
    }

    fn stored_rows(&self) -> Option<(u64, Option<u64>)> {
        Some(self.stored)
    }
}
