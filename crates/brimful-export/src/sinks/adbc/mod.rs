//! Rows in a table of DuckDB, or of any database that has a driver of ADBC: handed over as record batches of Arrow into a
//! table of the session, and from there into the real one, updated by ID.

mod driver;
mod merge;

use std::collections::HashSet;
use std::fmt::Write as _;

use adbc_core::options::{IngestMode, OptionConnection, OptionStatement, OptionValue};
use adbc_core::{Connection, Optionable, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedStatement};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, RecordBatchIterator};
use arrow_schema::DataType;

pub(crate) use driver::AdbcAddress;
use merge::MergeStatements;

use super::batches::{BATCH, BatchBuilder};
use super::owner::{self, StoredRun};
use super::run_state::RunState;
use super::statements::{clearing, label_values, misfit_values};
use super::table_plan::{TablePlan, TypeConflict, of_other_types, quoted_names, with_columns};
use super::{
    DELETED_AT, DecodedRow, Dialect, StoreOptions, StoreSink, TakeRow, label_name, labelled,
};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// Rows that go into one transaction.
const ROWS_AT_ONCE: u64 = 10_000;
/// The table of the session.
const STAGE: &str = "_brimful_stage";
/// How often a transaction is tried that another one gets in the way of.
const CONFLICTS: usize = 10;
/// Misfits of one statement.
const MISFITS_AT_ONCE: usize = 500;

/// What the SQL of the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sql {
    /// That of DuckDB: lists, structures, comments.
    Duckdb,
    /// What databases have in common. Lists are JSON; amounts travel as texts, because not every driver takes them.
    Common,
}

pub(crate) struct AdbcSink {
    connection: ManagedConnection,
    /// Shared with all that have a connection to it.
    _database: driver::OpenDatabase,
    store: String,
    /// Passwords, which no message may have.
    secrets: Vec<String>,
    sql: Sql,
    state: RunState,
    batch: BatchBuilder,
    /// Batches that are full and not stored.
    batches: Vec<RecordBatch>,
    /// IDs of rows that are not stored.
    waiting: HashSet<u64>,
    /// The statements that bring the rows of the stage into the table: out with the old ones, in with the new ones.
    delete: Option<String>,
    insert: String,
    /// The same where the table is kept in sync.
    merge: MergeStatements,
    /// The highest ID of the table, where nobody else writes to it.
    highest: Option<u64>,
    /// How statements write that a run is not finished, and that it is.
    finished: [&'static str; 2],
    began: bool,
}

/// The tables of the program beside those of rows: values that did not fit, and how far each run is.
const OWN_TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS _brimful_errors (\"table\" VARCHAR(255) NOT NULL, id VARCHAR(255), field VARCHAR(255) NOT NULL, \
     \"value\" TEXT, reason TEXT, \"at\" TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE IF NOT EXISTS _brimful_state (\"table\" VARCHAR(255) NOT NULL, command TEXT NOT NULL, \"rows\" BIGINT NOT NULL, \
     last_id BIGINT, finished INTEGER NOT NULL, \"at\" TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
];

/// The statements that give columns the titles that people see as comments.
fn comments_on_columns(schema: &Schema, table: &str) -> Vec<String> {
    let titled = schema.columns.iter().filter_map(|column| {
        let title = column.title.as_ref()?;
        let name = quoted(&column.name);
        Some(format!(
            "COMMENT ON COLUMN {table}.{name} IS {}",
            literal(title)
        ))
    });
    titled.collect()
}

impl AdbcSink {
    pub(crate) fn open(
        address: &AdbcAddress,
        store: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let secrets = address.secrets();
        let (mut connection, database) =
            driver::connect(address).map_err(|message| ExportError::Store {
                store: store.clone(),
                message: without_secrets(&secrets, message),
            })?;
        let auto_commit = OptionValue::from("false");
        let prepared = connection.set_option(OptionConnection::AutoCommit, auto_commit);
        let mut sink = Self {
            connection,
            _database: database,
            store,
            secrets,
            sql: if address.is_duckdb() {
                Sql::Duckdb
            } else {
                Sql::Common
            },
            state: RunState::new(options),
            batch: BatchBuilder::default(),
            batches: Vec::new(),
            waiting: HashSet::new(),
            delete: None,
            insert: String::new(),
            merge: MergeStatements::default(),
            highest: None,
            finished: ["0", "1"],
            began: false,
        };
        prepared.map_err(|error| sink.failed(error.message))?;
        // A sync asks for neither: it knows itself how far its table is.
        if sink.state.may_resume || sink.state.drops_interrupted {
            sink.find_earlier()?;
        }
        Ok(sink)
    }

    /// Looks for the last run into the table: one of the same command that was interrupted is resumed.
    fn find_earlier(&mut self) -> Result<(), ExportError> {
        let tables = [
            self.state.table.as_str(),
            "_brimful_state",
            "_brimful_errors",
        ];
        for table in tables.map(str::to_owned) {
            if self.columns_of(&table)?.is_empty() {
                return self.commit();
            }
        }
        let table = literal(&self.state.table);
        let found = self.rows_of(&format!(
            "SELECT CAST(command AS VARCHAR(4000)), CASE WHEN command = {} THEN '1' ELSE '0' END, {}, {}, {}, {} FROM \
             _brimful_state WHERE \"table\" = {table}",
            literal(&self.state.command),
            as_text("\"rows\""),
            as_text("last_id"),
            as_text("finished"),
            as_text(&format!(
                "(SELECT count(*) FROM _brimful_errors WHERE \"table\" = {table})"
            )),
        ))?;
        self.commit()?;
        let Some(row) = found.first() else {
            return Ok(());
        };
        let text = |place: usize| row.get(place).and_then(Option::as_deref);
        let number = |place: usize| text(place).and_then(|text| text.parse().ok());
        let stored = text(0).unwrap_or_default();
        let drop = format!("drop it: DROP TABLE {}", quoted(&self.state.table));
        let problem = owner::problem(&self.state.table, stored, &self.state.command, &drop);
        if let Some(message) = problem {
            return Err(self.failed(message).because_of_table());
        }
        let is_same = text(1) == Some("1");
        let stored = StoredRun {
            // A long one is cut.
            command: if is_same { &self.state.command } else { stored }.to_owned(),
            rows: number(2).unwrap_or(0),
            can_be_resumed: number(3).is_some() && text(4).is_some_and(owner::is_no),
        };
        if self.sql == Sql::Common {
            owner::check_interrupted(&self.state, &stored, &self.store)?;
        }
        if let (true, true, Some(last_id)) = (
            is_same && stored.can_be_resumed,
            self.state.may_resume,
            number(3),
        ) {
            let misfits = number(5).unwrap_or(0);
            self.state.resume((stored.rows, last_id, misfits));
        }
        Ok(())
    }

    /// Whether how far a run is has a column of yes and no: PostgreSQL has it where rows went there without a driver.
    fn says_finished_by_boolean(&mut self) -> bool {
        let found = self
            .connection
            .get_table_schema(None, None, "_brimful_state");
        let Ok(schema) = found else {
            let _ = self.connection.rollback();
            return false;
        };
        let mut fields = schema.fields().iter();
        fields.any(|field| field.name() == "finished" && *field.data_type() == DataType::Boolean)
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.store.clone(),
            message: without_secrets(&self.secrets, message.into()),
        }
    }

    fn statement(&mut self) -> Result<ManagedStatement, ExportError> {
        let made = self.connection.new_statement();
        made.map_err(|error| self.failed(error.message))
    }

    fn execute(&mut self, sql: &str) -> Result<(), ExportError> {
        let mut statement = self.statement()?;
        let done = statement
            .set_sql_query(sql)
            .and_then(|()| statement.execute_update());
        done.map(drop).map_err(|error| self.failed(error.message))
    }

    /// The rows of a query whose columns are texts.
    fn rows_of(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, ExportError> {
        let mut rows = Vec::new();
        self.each_row(sql, &mut |row| rows.push(row.to_vec()))?;
        Ok(rows)
    }

    /// Hands over each row of a query whose columns are texts.
    fn each_row(&mut self, sql: &str, take: &mut TakeRow<'_>) -> Result<(), ExportError> {
        let mut statement = self.statement()?;
        let reader = statement
            .set_sql_query(sql)
            .and_then(|()| statement.execute())
            .map_err(|error| self.failed(error.message))?;
        for batch in reader {
            let batch = batch.map_err(|error| self.failed(error.to_string()))?;
            for row in 0..batch.num_rows() {
                let columns = batch.columns().iter();
                let values: Vec<Option<String>> = columns.map(|array| text(array, row)).collect();
                take(&values);
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), ExportError> {
        let done = self.connection.commit();
        done.map_err(|error| self.failed(error.message))
    }

    /// Runs what belongs together: all of it becomes visible, or nothing.
    fn in_transaction(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let done = work(self).and_then(|()| self.commit());
        if done.is_err() {
            // The first error is the one to be told.
            let _ = self.connection.rollback();
        }
        done
    }

    /// The columns of a table with their types; empty if there is no such table.
    fn columns_of(&mut self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        if self.sql == Sql::Duckdb {
            let rows = self.rows_of(&format!(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() AND \
                 schema_name = current_schema() AND lower(table_name) = lower({}) ORDER BY column_index",
                literal(table)
            ))?;
            let mut pair = |row: Vec<Option<String>>| {
                let mut row = row.into_iter().map(Option::unwrap_or_default);
                (
                    row.next().unwrap_or_default(),
                    row.next().unwrap_or_default(),
                )
            };
            return Ok(rows.into_iter().map(&mut pair).collect());
        }
        // Drivers differ in what they answer where there is no table.
        let Ok(schema) = self.connection.get_table_schema(None, None, table) else {
            let _ = self.connection.rollback();
            return Ok(Vec::new());
        };
        let fields = schema.fields().iter();
        Ok(fields
            .map(|field| (field.name().clone(), String::new()))
            .collect())
    }

    /// The columns as they are handed over.
    fn travelling(&self, schema: &Schema) -> Schema {
        let mut schema = schema.clone();
        if self.sql == Sql::Common {
            for column in &mut schema.columns {
                if travels_as_text(column.kind) {
                    column.kind = ColumnType::Any;
                }
            }
        }
        schema
    }

    /// Compares the column at a place of the schema with its type in the store.
    fn compare(&self, schema: &Schema, place: usize, found: &str) -> Result<(), TypeConflict> {
        let column = &schema.columns[place];
        let wanted = self.type_name(column.kind);
        // Other drivers do not tell types as statements have them.
        if self.sql == Sql::Common || found == wanted {
            return Ok(());
        }
        let (table, name) = (quoted(&self.state.table), quoted(&column.name));
        let remedy = format!("ALTER TABLE {table} ALTER {name} TYPE {wanted}");
        Err(TypeConflict { wanted, remedy })
    }

    /// The statement that makes the view of labels, where an earlier run has made one; with the columns at these places,
    /// which that has not. Its types stay those of that run until it is made again.
    fn view_with(
        &mut self,
        schema: &Schema,
        plan: &TablePlan,
    ) -> Result<Option<String>, ExportError> {
        let (added, to_text) = plan.changes();
        if self.sql == Sql::Common || added.is_empty() && to_text.is_empty() {
            return Ok(None);
        }
        let view = format!("{}_labeled", self.state.table);
        let found = self.rows_of(&format!(
            "SELECT sql FROM duckdb_views() WHERE database_name = current_database() AND schema_name = current_schema() \
             AND lower(view_name) = lower({})",
            literal(&view)
        ))?;
        let Some(definition) = found.into_iter().flatten().flatten().next() else {
            return Ok(None);
        };
        if !definition.contains(&format!("{}_labels", self.state.table)) {
            return Ok(None);
        }
        let added = added.iter().map(|place| &schema.columns[*place].name);
        let added: Vec<String> = added.map(|name| format!("t.{}", quoted(name))).collect();
        let query = with_columns(&definition, &added);
        Ok(query.map(|query| format!("CREATE OR REPLACE VIEW {} AS {query}", quoted(&view))))
    }

    /// Makes the table, or adds the columns that it lacks.
    fn make_table(&mut self, schema: &Schema) -> Result<Vec<String>, ExportError> {
        let table = quoted(&self.state.table);
        let existing = self.columns_of(&self.state.table.clone())?;
        let names = quoted_names(schema, quoted);
        let is_name = str::eq_ignore_ascii_case;
        let plan = TablePlan::new(schema, &self.state, &existing, is_name, |place, found| {
            self.compare(schema, place, found)
        });
        let plan = plan.map_err(|problem| problem.of(&self.store))?;
        let view = self.view_with(schema, &plan)?;
        let definition = |place: usize| {
            // DuckDB finds rows by ID without an index, and keeps one in memory where there is a key.
            let is_key = Some(place) == schema.key && self.sql == Sql::Common;
            let key = if is_key { " PRIMARY KEY" } else { "" };
            let kind = self.type_name(schema.columns[place].kind);
            format!("{} {kind}{key}", names[place])
        };
        let has_mark = existing.iter().any(|(name, _)| name == DELETED_AT);
        let mark = (self.state.sync.is_some() && !has_mark)
            .then(|| format!("{DELETED_AT} TIMESTAMP WITH TIME ZONE"));
        let mut statements: Vec<String> = match plan {
            TablePlan::Create => {
                let columns = mark.into_iter().chain((0..names.len()).map(definition));
                let columns: Vec<String> = columns.collect();
                vec![format!("CREATE TABLE {table} ({})", columns.join(", "))]
            }
            TablePlan::Change { added, to_text } => {
                let added = mark.into_iter().chain(added.into_iter().map(definition));
                let added = added.map(|column| format!("ALTER TABLE {table} ADD COLUMN {column}"));
                let to_text = to_text.into_iter().map(|place| {
                    format!("ALTER TABLE {table} ALTER {} TYPE VARCHAR", names[place])
                });
                added.chain(to_text).collect()
            }
        };
        statements.extend(view);
        if self.sql == Sql::Duckdb {
            statements.extend(comments_on_columns(schema, &table));
        }
        statements.extend(OWN_TABLES.map(str::to_owned));
        for statement in statements {
            self.execute(&statement)?;
        }
        let mut names: Vec<String> = existing.into_iter().map(|(name, _)| name).collect();
        if self.state.sync.is_some() && !has_mark {
            names.push(DELETED_AT.to_owned());
        }
        for column in &schema.columns {
            if !names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&column.name))
            {
                names.push(column.name.clone());
            }
        }
        Ok(names)
    }

    fn type_name(&self, kind: ColumnType) -> String {
        match kind {
            ColumnType::Scalar(kind) => self.scalar_name(kind).to_owned(),
            ColumnType::List(kind) if self.sql == Sql::Duckdb => {
                format!("{}[]", self.scalar_name(kind))
            }
            ColumnType::Multifield if self.sql == Sql::Duckdb => {
                "STRUCT(ID BIGINT, \"VALUE\" VARCHAR, VALUE_TYPE VARCHAR, TYPE_ID VARCHAR)[]"
                    .to_owned()
            }
            ColumnType::List(_) | ColumnType::Multifield | ColumnType::Any => {
                self.scalar_name(ScalarType::Text).to_owned()
            }
        }
    }

    fn scalar_name(&self, kind: ScalarType) -> &'static str {
        match (kind, self.sql) {
            (ScalarType::Int64, _) => "BIGINT",
            (ScalarType::Decimal, _) => "DECIMAL(20,4)",
            (ScalarType::Float64, Sql::Duckdb) => "DOUBLE",
            (ScalarType::Float64, Sql::Common) => "DOUBLE PRECISION",
            (ScalarType::Boolean, _) => "BOOLEAN",
            (ScalarType::Date, _) => "DATE",
            (ScalarType::DateTime, _) => "TIMESTAMP WITH TIME ZONE",
            (ScalarType::Text, Sql::Duckdb) => "VARCHAR",
            (ScalarType::Text, Sql::Common) => "TEXT",
        }
    }

    /// What people call the codes, in a table of its own, and a view of the rows with both.
    fn store_labels(&mut self, schema: &Schema, names: &[String]) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return Ok(());
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = quoted(&format!("{}_labeled", self.state.table));
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS {labels} (field VARCHAR(255) NOT NULL, code VARCHAR(255) NOT NULL, label TEXT NOT \
             NULL)"
        ))?;
        self.execute(&format!("DELETE FROM {labels}"))?;
        // The columns one by one: a view of all of them breaks when the table gets another one.
        let mut select: Vec<String> = names
            .iter()
            .map(|name| format!("t.{}", quoted(name)))
            .collect();
        let mut from = format!("{} t", quoted(&self.state.table));
        for (place, (column, entries)) in labelled.iter().enumerate() {
            let (name, field) = (quoted(&column.name), literal(&column.name));
            for entries in entries.chunks(MISFITS_AT_ONCE) {
                let values = label_values(&column.name, entries, literal);
                self.execute(&format!(
                    "INSERT INTO {labels} (field, code, label) VALUES {values}"
                ))?;
            }
            let label = quoted(&label_name(&StoreSink::names(self), schema, column));
            match (column.kind, self.sql) {
                (ColumnType::List(_), Sql::Common) => {}
                (ColumnType::List(_), Sql::Duckdb) => {
                    // Writing to a string does not fail.
                    let _ = write!(
                        from,
                        ", (SELECT map(coalesce(list(code), []), coalesce(list(label), [])) AS labels FROM {labels} \
                         WHERE field = {field}) m{place}"
                    );
                    select.push(format!(
                        "[list_extract(map_extract(m{place}.labels, CAST(c AS VARCHAR)), 1) FOR c IN t.{name}] AS {label}"
                    ));
                }
                _ => select.push(format!(
                    "(SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code = {}) AS {label}",
                    as_text(&format!("t.{name}"))
                )),
            }
        }
        self.execute(&format!("DROP VIEW IF EXISTS {view}"))?;
        self.execute(&format!(
            "CREATE VIEW {view} AS SELECT {} FROM {from}",
            select.join(", ")
        ))
    }

    /// Takes down how far the run is.
    fn store_state(&mut self, finished: bool) -> Result<(), ExportError> {
        let table = literal(&self.state.table);
        self.execute(&format!(
            "DELETE FROM _brimful_state WHERE \"table\" = {table}"
        ))?;
        let last_id = self.state.last_id_text();
        self.execute(&format!(
            "INSERT INTO _brimful_state (\"table\", command, \"rows\", last_id, finished) VALUES ({table}, {}, {}, {last_id}, \
             {})",
            literal(&self.state.command),
            self.state.rows(),
            self.finished[usize::from(finished)]
        ))
    }

    fn store_misfits(&mut self, misfits: &Misfits) -> Result<(), ExportError> {
        for misfits in misfits.0.chunks(MISFITS_AT_ONCE) {
            self.execute(&format!(
                "INSERT INTO _brimful_errors (\"table\", id, field, \"value\", reason) VALUES {}",
                misfit_values(&self.state.table, misfits, literal)
            ))?;
        }
        Ok(())
    }

    /// Brings the rows that wait into the table.
    fn store_rows(&mut self, batches: Vec<RecordBatch>) -> Result<(), ExportError> {
        let Some(first) = batches.first() else {
            return Ok(());
        };
        let schema = first.schema();
        let mut statement = self.statement()?;
        let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
        let ingested = statement
            .set_option(OptionStatement::TargetTable, STAGE.into())
            .and_then(|()| {
                statement.set_option(OptionStatement::IngestMode, IngestMode::Create.into())
            })
            .and_then(|()| statement.set_option(OptionStatement::Temporary, "true".into()))
            .and_then(|()| statement.bind_stream(Box::new(reader)))
            .and_then(|()| statement.execute_update());
        drop(statement);
        ingested.map_err(|error| self.failed(error.message))?;
        if self.state.sync.is_some() {
            return self.merge_stage();
        }
        let lowest = self.waiting.iter().min().copied();
        let are_new = self.sql == Sql::Duckdb && lowest.is_some() && lowest > self.highest;
        if let (Some(delete), false) = (self.delete.clone(), are_new) {
            self.execute(&delete)?;
        }
        self.execute(&self.insert.clone())?;
        self.execute(&format!("DROP TABLE {STAGE}"))
    }

    /// Brings the rows of the stage into a table that is kept in sync.
    fn merge_stage(&mut self) -> Result<(), ExportError> {
        let statements = std::mem::take(&mut self.merge);
        let merged: Result<u64, ExportError> = (|| {
            for statement in &statements.reduce {
                self.execute(statement)?;
            }
            let count = as_text("count(*)");
            let count = self.rows_of(&format!("SELECT {count} FROM {STAGE}"))?;
            let count = count.into_iter().flatten().flatten().next();
            for statement in &statements.merge {
                self.execute(statement)?;
            }
            self.execute(&format!("DROP TABLE {STAGE}"))?;
            Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
        })();
        self.merge = statements;
        self.state.count_written(merged?);
        Ok(())
    }

    /// Stores what waits in one transaction.
    fn store_at_once(
        &mut self,
        misfits: &Misfits,
        statements: &[String],
        finished: bool,
    ) -> Result<(), ExportError> {
        let written = self.state.sync.as_ref().map(|sync| sync.written);
        let done = self.in_transaction(|sink| {
            sink.store_rows(sink.batches.clone())?;
            sink.store_misfits(misfits)?;
            if sink.state.sync.is_none() {
                sink.store_state(finished)?;
            }
            for statement in statements {
                sink.execute(statement)?;
            }
            Ok(())
        });
        if let (true, Some(sync), Some(written)) = (done.is_err(), &mut self.state.sync, written) {
            sync.written = written;
        }
        done
    }
}

/// Whether a transaction failed because another one has changed the same table: it can be repeated.
fn is_conflict(error: &ExportError) -> bool {
    error.to_string().to_lowercase().contains("conflict")
}

/// Whether drivers that are not DuckDB's get the values of a column as texts.
fn travels_as_text(kind: ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Scalar(ScalarType::Decimal) | ColumnType::List(_) | ColumnType::Multifield
    )
}

/// A value of any type as a text, so that every driver hands it over alike.
fn as_text(value: &str) -> String {
    format!("CAST({value} AS VARCHAR(255))")
}

/// A value of an array of texts.
fn text(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Some(array.as_string_view().value(row).to_owned()),
        _ => None,
    }
}

fn without_secrets(secrets: &[String], mut message: String) -> String {
    for secret in secrets {
        message = message.replace(secret.as_str(), "…");
    }
    message.trim_end().to_owned()
}

/// A name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

impl StoreSink for AdbcSink {
    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn dialect(&self) -> Option<Dialect> {
        (self.sql == Sql::Duckdb).then_some(Dialect::Duckdb)
    }

    fn query(&mut self, sql: &str, take: &mut TakeRow<'_>) -> Result<(), ExportError> {
        let done = if sql.starts_with("SELECT") {
            self.each_row(
                &format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql}) q"),
                take,
            )
        } else {
            self.execute(sql)
        };
        let done = done.and_then(|()| self.commit());
        if done.is_err() {
            // The first error is the one to be told.
            let _ = self.connection.rollback();
        }
        done
    }

    fn columns_of_other_types(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        let existing = self.columns_of(&self.state.table.clone())?;
        self.commit()?;
        let is_name = str::eq_ignore_ascii_case;
        Ok(of_other_types(
            schema,
            &existing,
            is_name,
            |place, found| self.compare(schema, place, found),
        ))
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.store(misfits, false)?;
        let table = quoted(&self.state.table);
        let starts = !self.began && self.state.resumed.is_none() && self.state.sync.is_none();
        if self.sql == Sql::Common && self.says_finished_by_boolean() {
            self.finished = ["FALSE", "TRUE"];
        }
        self.in_transaction(|sink| {
            let names = sink.make_table(schema)?;
            if starts {
                sink.store_state(false)?;
                for statement in clearing(schema, &sink.state, quoted, literal) {
                    sink.execute(&statement)?;
                }
            }
            sink.store_labels(schema, &names)
        })?;
        let names: Vec<String> = schema
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        let values: Vec<String> = names
            .iter()
            .zip(&schema.columns)
            .map(|(name, column)| match column.kind {
                ColumnType::Scalar(ScalarType::Decimal) if self.sql == Sql::Common => {
                    format!("CAST({name} AS DECIMAL(20,4))")
                }
                _ => name.clone(),
            })
            .collect();
        self.insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {STAGE}",
            names.join(", "),
            values.join(", ")
        );
        self.delete = None;
        if let Some(key) = schema.key {
            let key = &names[key];
            self.merge = MergeStatements::new(&table, &names, key);
            self.delete = Some(format!(
                "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {STAGE})"
            ));
            if self.sql == Sql::Duckdb {
                let highest = as_text(&format!("max({key})"));
                let found = self.rows_of(&format!("SELECT {highest} FROM {table}"))?;
                self.commit()?;
                let highest = found.into_iter().flatten().flatten().next();
                self.highest = highest.and_then(|highest| highest.parse().ok());
            }
        }
        self.batch = BatchBuilder::new(&self.travelling(schema));
        self.began = true;
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        let id = row.key(schema);
        if id.is_some_and(|id| self.waiting.contains(&id)) {
            // The same row once more: the later one counts.
            self.store(misfits, false)?;
        }
        self.waiting.extend(id);
        if self.sql == Sql::Duckdb {
            self.batch.append(row.cells);
        } else {
            let mut cells = row.cells.to_vec();
            for (place, cell) in cells.iter_mut().enumerate() {
                if cell.has_nul() {
                    let reason = "databases have no texts with a NUL character";
                    row.does_not_fit(schema, place, reason, misfits);
                    *cell = Cell::Null;
                } else if travels_as_text(schema.columns[place].kind) && *cell != Cell::Null {
                    let mut text = String::new();
                    cell.write_text(&mut text);
                    *cell = Cell::Text(text.into());
                }
            }
            self.batch.append(&cells);
        }
        if self.batch.rows() >= BATCH {
            self.batches.extend(self.batch.take()?);
        }
        self.state.take(id);
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.state.is_due(ROWS_AT_ONCE)
    }

    /// The rows, the values that did not fit and how far the run is become visible together.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        self.batches.extend(self.batch.take()?);
        let statements = self.state.take_statements();
        let nothing = self.batches.is_empty() && misfits.0.is_empty() && statements.is_empty();
        if nothing && !finished {
            return Ok(());
        }
        let mut attempts = 1..CONFLICTS;
        while let Err(error) = self.store_at_once(misfits, &statements, finished) {
            if !is_conflict(&error) || attempts.next().is_none() {
                return Err(error);
            }
        }
        self.batches.clear();
        self.highest = self.highest.max(self.waiting.drain().max());
        self.state.commit_with(misfits);
        Ok(())
    }
}
