//! Rows in a table of an SQLite file, updated by ID.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Statement};

use super::run_state::RunState;
use super::statements::clearing;
use super::table_plan::{
    TablePlan, TypeConflict, definition, lacking_deleted_at, of_other_types, quoted_names,
};
use super::{
    DELETED_AT, DecodedRow, Dialect, StoreOptions, StoreSink, TakeRow, label_name, labelled,
};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

/// How long another writer of the file is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows that go into one transaction: one a page would be a wait for the disk a page.
const ROWS_AT_ONCE: u64 = 5_000;
/// Rows that are handed to SQLite together.
const ROWS_TOGETHER: usize = 500;
/// How many columns a table can have.
const MOST_COLUMNS: usize = 2_000;
/// Digits of an amount that SQLite keeps.
const EXACT_DIGITS: u32 = 15;

pub(crate) struct SqliteSink {
    connection: Connection,
    path: PathBuf,
    state: RunState,
    insert: String,
    /// The statement that begins a transaction.
    begin: &'static str,
    in_transaction: bool,
    /// Rows that SQLite does not have yet.
    waiting: WaitingRows,
}

/// Rows as they go into a statement, one behind the other.
#[derive(Debug, Default)]
struct WaitingRows {
    values: Vec<WaitingValue>,
    /// The texts of all of them.
    texts: String,
    rows: usize,
}

#[derive(Debug)]
enum WaitingValue {
    Null,
    Int(i64),
    Real(f64),
    /// The bytes of [`WaitingRows::texts`] from the end of the text before up to here.
    Text(usize),
}

impl WaitingRows {
    fn push(&mut self, cell: &Cell<'_>) {
        let value = match cell {
            Cell::Null => WaitingValue::Null,
            Cell::Int(value) => WaitingValue::Int(*value),
            Cell::Bool(value) => WaitingValue::Int(i64::from(*value)),
            Cell::Float(value) => WaitingValue::Real(*value),
            // The column makes a number of the text; this is the same number.
            Cell::Decimal(amount) if amount.fits_f64() => WaitingValue::Real(amount.quotient()),
            other => {
                other.write_text(&mut self.texts);
                WaitingValue::Text(self.texts.len())
            }
        };
        self.values.push(value);
    }

    /// Runs a statement for each row, and gives how many rows were new or changed.
    fn insert(&self, statement: &mut Statement<'_>) -> Result<usize, rusqlite::Error> {
        let mut written = 0;
        let mut start = 0;
        for row in self.values.chunks(self.values.len() / self.rows.max(1)) {
            for (place, value) in row.iter().enumerate() {
                let place = place + 1;
                match value {
                    WaitingValue::Null => statement.raw_bind_parameter(place, Null)?,
                    WaitingValue::Int(value) => statement.raw_bind_parameter(place, value)?,
                    WaitingValue::Real(value) => statement.raw_bind_parameter(place, value)?,
                    WaitingValue::Text(end) => {
                        statement.raw_bind_parameter(place, &self.texts[start..*end])?;
                        start = *end;
                    }
                }
            }
            written += statement.raw_execute()?;
        }
        Ok(written)
    }

    fn clear(&mut self) {
        self.values.clear();
        self.texts.clear();
        self.rows = 0;
    }
}

/// Refuses a device or a pipe, which holds no database.
pub(crate) fn check_is_file(path: &Path) -> Result<(), ExportError> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(ExportError::Store {
            store: format!("sqlite:{}", path.display()),
            message: "it is not a file, so it holds no database".to_owned(),
        }),
        _ => Ok(()),
    }
}

impl SqliteSink {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path, options: StoreOptions) -> Result<Self, ExportError> {
        check_is_file(path)?;
        let failed = |error: rusqlite::Error| failed(path, &error);
        let mut connection = Connection::open(path).map_err(failed)?;
        if let Err(error) = look(&connection)
            && cannot_be_written(&error)
            && !has_log(path)
            && let Ok(unchanging) = open_unchanging(path)
        {
            connection = unchanging;
        }
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        // Readers are not held up while rows are written. A file system that cannot do it does without.
        let _ = connection.pragma_update(None, "journal_mode", "WAL");
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(failed)?;
        let mut sink = Self::over(connection, path, options);
        if sink.state.may_resume {
            sink.find_interrupted()?;
        }
        Ok(sink)
    }

    fn over(connection: Connection, path: &Path, options: StoreOptions) -> Self {
        connection.set_prepared_statement_cache_capacity(8);
        Self {
            connection,
            path: path.to_owned(),
            state: RunState::new(options),
            insert: String::new(),
            begin: "BEGIN IMMEDIATE",
            in_transaction: false,
            waiting: WaitingRows::default(),
        }
    }

    /// Opens a file that is there, to look into it. Nothing is written to it, and it may be where nothing can be written.
    #[cfg(feature = "sync")]
    pub(crate) fn open_to_read(path: &Path, options: StoreOptions) -> Result<Self, ExportError> {
        let connection = Connection::open_in_memory().map_err(|error| failed(path, &error))?;
        attach_to_read(&connection, path)?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(|error| failed(path, &error))?;
        Ok(Self::over(connection, path, options))
    }

    /// Opens a file to look into it, with a place in memory for rows that are compared with those of the file.
    #[cfg(feature = "sync")]
    pub(crate) fn open_to_compare(path: &Path, options: StoreOptions) -> Result<Self, ExportError> {
        let connection = Connection::open_in_memory().map_err(|error| failed(path, &error))?;
        // They hide those of the file.
        connection
            .execute_batch(&OWN_TABLES.join(";"))
            .map_err(|error| failed(path, &error))?;
        attach_to_read(&connection, path)?;
        let mut sink = Self::over(connection, path, options);
        sink.begin = "BEGIN";
        Ok(sink)
    }

    /// Looks for a run of the same command that was interrupted.
    fn find_interrupted(&mut self) -> Result<(), ExportError> {
        let find = || -> Result<Option<(u64, u64, u64)>, rusqlite::Error> {
            let tables: u32 = self.connection.query_row(
                "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN (?1, '_brimful_state', '_brimful_errors')",
                [&self.state.table],
                |row| row.get(0),
            )?;
            if tables < 3 {
                return Ok(None);
            }
            self.connection
                .query_row(
                    "SELECT rows, last_id, (SELECT count(*) FROM _brimful_errors WHERE \"table\" = ?1) FROM _brimful_state \
                     WHERE \"table\" = ?1 AND command = ?2 AND NOT finished AND last_id IS NOT NULL",
                    (&self.state.table, &self.state.command),
                    |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?)),
                )
                .optional()
        };
        if let Some(interrupted) = find().map_err(|error| self.failed(&error))? {
            self.state.resume(interrupted);
        }
        Ok(())
    }

    /// Takes down how far the run is.
    fn store_state(&mut self, finished: bool) -> Result<(), ExportError> {
        self.start()?;
        let stored = self.connection.execute(
            "INSERT OR REPLACE INTO _brimful_state (\"table\", command, rows, last_id, finished) VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                &self.state.table,
                &self.state.command,
                self.state.rows() as i64,
                self.state.last_id().map(|id| id as i64),
                finished,
            ),
        );
        stored.map(drop).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> ExportError {
        failed(&self.path, error)
    }

    fn execute(&self, sql: &str) -> Result<(), ExportError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| self.failed(&error))
    }

    fn start(&mut self) -> Result<(), ExportError> {
        if !self.in_transaction {
            self.execute(self.begin)?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Hands the rows that wait to SQLite.
    fn insert_waiting(&mut self) -> Result<(), ExportError> {
        if self.waiting.rows == 0 {
            return Ok(());
        }
        self.start()?;
        let inserted = self
            .connection
            .prepare_cached(&self.insert)
            .and_then(|mut insert| self.waiting.insert(&mut insert));
        let written = inserted.map_err(|error| self.failed(&error))?;
        self.waiting.clear();
        self.state.count_written(written as u64);
        Ok(())
    }

    fn store_misfits(&mut self, misfits: &mut Misfits) -> Result<(), ExportError> {
        let stored = (|| {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO \"_brimful_errors\" (\"table\", id, field, value, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for misfit in &misfits.0 {
                let id = misfit.id_text();
                insert.execute((
                    &self.state.table,
                    id,
                    &misfit.field,
                    misfit.value.get(),
                    misfit.reason,
                ))?;
            }
            Ok(())
        })();
        stored.map_err(|error: rusqlite::Error| self.failed(&error))?;
        self.state.misfits += misfits.0.len() as u64;
        misfits.0.clear();
        Ok(())
    }

    /// The titles of fields, in a table of their own: SQLite has no comments of columns, and what the statement says that
    /// made the table stays as it was.
    fn store_titles(&self, schema: &Schema) -> Result<(), ExportError> {
        let store = || {
            self.connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS _brimful_titles (\"table\" TEXT NOT NULL, \"column\" TEXT NOT NULL, \
                 title TEXT NOT NULL, PRIMARY KEY (\"table\", \"column\")) WITHOUT ROWID",
            )?;
            let mut put = self.connection.prepare(
                "INSERT INTO _brimful_titles (\"table\", \"column\", title) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET \
                 title = excluded.title WHERE title IS NOT excluded.title",
            )?;
            for column in &schema.columns {
                if let Some(title) = &column.title {
                    put.execute((&self.state.table, &column.name, title))?;
                }
            }
            Ok(())
        };
        store().map_err(|error: rusqlite::Error| self.failed(&error))
    }

    /// What people call the codes, in a table of its own, and a view of the rows with both.
    fn store_labels(&self, schema: &Schema) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return Ok(());
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = quoted(&format!("{}_labeled", self.state.table));
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS {labels} (field TEXT NOT NULL, code TEXT NOT NULL, label TEXT NOT NULL, \
             PRIMARY KEY (field, code)) WITHOUT ROWID;\nDELETE FROM {labels};\nDROP VIEW IF EXISTS {view};"
        ))?;
        let stored = (|| {
            let insert = format!("INSERT INTO {labels} (field, code, label) VALUES (?1, ?2, ?3)");
            let mut insert = self.connection.prepare(&insert)?;
            for (column, entries) in &labelled {
                for (code, label) in entries {
                    insert.execute((&column.name, code, label))?;
                }
            }
            Ok(())
        })();
        stored.map_err(|error: rusqlite::Error| self.failed(&error))?;
        let mut sql = format!("CREATE VIEW {view} AS SELECT t.*");
        for (column, _) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name));
            let of_label = quoted(&label_name(&StoreSink::names(self), schema, column));
            let found = format!("{labels} l WHERE l.field = {field} AND l.code =");
            // Writing to a string does not fail.
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    sql,
                    ",\n  CASE WHEN t.{name} IS NOT NULL THEN (SELECT json_group_array((SELECT l.label FROM {found} \
                     CAST(c.value AS TEXT))) FROM json_each(t.{name}) c) END AS {of_label}"
                ),
                _ => write!(
                    sql,
                    ",\n  (SELECT l.label FROM {found} CAST(t.{name} AS TEXT)) AS {of_label}"
                ),
            };
        }
        let _ = write!(sql, "\nFROM {} t", quoted(&self.state.table));
        self.execute(&sql)
    }

    /// The names and declared types of the table's columns; empty if there is no table.
    fn existing(&self) -> Result<Vec<(String, String)>, ExportError> {
        let read = || -> Result<Vec<(String, String)>, rusqlite::Error> {
            let mut columns = self
                .connection
                .prepare("SELECT name, type FROM pragma_table_info(?1)")?;
            columns
                .query_map([&self.state.table], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Compares the column at a place of the schema with its type in the store.
    fn compare(&self, schema: &Schema, place: usize, found: &str) -> Result<(), TypeConflict> {
        let wanted = declared(schema.columns[place].kind);
        if ValueClass::of_declared(found)
            .is_none_or(|class| Some(class) == ValueClass::of_declared(wanted))
        {
            return Ok(());
        }
        let (table, name) = (quoted(&self.state.table), &schema.columns[place].name);
        // SQLite cannot change the type of a column. The next run makes it again and fills it; a table without its key
        // would hold other rows.
        let remedy = if Some(place) == schema.key {
            let old = quoted(&format!("{}_old", self.state.table));
            format!("ALTER TABLE {table} RENAME TO {old}")
        } else {
            let old = quoted(&format!("{name}_old"));
            let name = quoted(name);
            format!("ALTER TABLE {table} RENAME COLUMN {name} TO {old}")
        };
        Err(TypeConflict {
            wanted: wanted.to_owned(),
            remedy,
        })
    }

    /// Makes columns of texts, with the values that they have. SQLite cannot change the type of a column, so each is made
    /// again under its name. What is made of the columns, the view of labels and indexes, has to be away meanwhile.
    fn make_text(&self, schema: &Schema, places: &[usize]) -> Result<(), ExportError> {
        if places.is_empty() {
            return Ok(());
        }
        let view = format!("{}_labeled", self.state.table);
        let names: Vec<&str> = places
            .iter()
            .map(|place| &*schema.columns[*place].name)
            .collect();
        let made_of_them = || -> Result<Vec<(String, String, String)>, rusqlite::Error> {
            let mut found = self.connection.prepare(
                "SELECT m.type, m.name, m.sql FROM sqlite_master m WHERE m.type = 'view' AND m.name = ?1 COLLATE NOCASE \
                 UNION ALL SELECT m.type, m.name, m.sql FROM sqlite_master m WHERE m.type = 'index' AND m.sql IS NOT NULL \
                 AND m.tbl_name = ?2 COLLATE NOCASE AND EXISTS (SELECT 1 FROM pragma_index_info(m.name) i, json_each(?3) c \
                 WHERE i.name = c.value COLLATE NOCASE)",
            )?;
            let names = serde_json::Value::from(names.clone()).to_string();
            found
                .query_map((&view, &self.state.table, names), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
        };
        let made_of_them = made_of_them().map_err(|error| self.failed(&error))?;
        for (kind, name, _) in &made_of_them {
            self.execute(&format!("DROP {kind} {}", quoted(name)))?;
        }
        let table = quoted(&self.state.table);
        for name in names {
            let (name, new) = (quoted(name), quoted(&format!("{name}__text")));
            self.execute(&format!(
                "ALTER TABLE {table} ADD COLUMN {new} TEXT;\nUPDATE {table} SET {new} = CAST({name} AS TEXT);\n\
                 ALTER TABLE {table} DROP COLUMN {name};\nALTER TABLE {table} RENAME COLUMN {new} TO {name}"
            ))?;
        }
        for (.., sql) in &made_of_them {
            self.execute(sql)?;
        }
        Ok(())
    }

    /// Makes the table, or adds the columns that it lacks.
    fn make_table(&self, schema: &Schema) -> Result<(), ExportError> {
        let table = quoted(&self.state.table);
        let existing = self.existing()?;
        let names = quoted_names(schema, quoted);
        let is_name = str::eq_ignore_ascii_case;
        let plan = TablePlan::new(schema, &self.state, &existing, is_name, |place, found| {
            self.compare(schema, place, found)
        });
        let plan =
            plan.map_err(|problem| problem.of(&format!("sqlite:{}", self.path.display())))?;
        let definition = |place: usize| {
            let kind = declared(schema.columns[place].kind);
            definition(schema, place, &names[place], kind)
        };
        let deleted_at = lacking_deleted_at(&self.state, &existing, "DATETIME");
        match plan {
            TablePlan::Create => {
                // SQLite has no comments of columns, and keeps those in the statement that makes the table.
                let with_title = |place: usize| {
                    let comma = if place + 1 < names.len() { "," } else { "" };
                    let title = schema.columns[place].title.as_ref();
                    let comment = title.map_or_else(String::new, |title| {
                        format!(" /* {} */", title.replace('\0', "").replace("*/", "* /"))
                    });
                    format!("  {}{comma}{comment}\n", definition(place))
                };
                let first = deleted_at.map(|column| format!("  {column},\n"));
                let columns = (0..names.len()).map(with_title);
                let columns: String = first.into_iter().chain(columns).collect();
                self.execute(&format!("CREATE TABLE {table} (\n{columns})"))
            }
            TablePlan::Change { added, to_text } => {
                let added = added.into_iter().map(definition);
                for column in deleted_at.into_iter().chain(added) {
                    self.execute(&format!("ALTER TABLE {table} ADD COLUMN {column}"))?;
                }
                self.make_text(schema, &to_text)
            }
        }
    }

    /// Begins a run that does not resume another one: what is left of earlier runs is cleared.
    fn clear(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.store_state(false)?;
        for statement in clearing(schema, &self.state, quoted, literal) {
            self.execute(&statement)?;
        }
        Ok(())
    }

    /// The statement that inserts a row, or updates the one with its ID; a sync does not touch a row that is equal.
    fn insert_statement(&self, schema: &Schema) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let places = vec!["?"; names.len()].join(", ");
        let insert = format!(
            "INSERT INTO {table} ({}) VALUES ({places})",
            names.join(", ")
        );
        let Some(key) = schema.key.map(|key| &names[key]) else {
            return insert;
        };
        let others = || names.iter().filter(|name| *name != key);
        let listed = |of: &str| {
            let others: Vec<String> = others().map(|name| format!("{of}.{name}")).collect();
            others.join(", ")
        };
        let mut updates: Vec<String> = others()
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let mut condition = String::new();
        if self.state.sync.is_some() {
            updates.push(format!("{DELETED_AT} = NULL"));
            condition = format!(" WHERE {table}.{DELETED_AT} IS NOT NULL");
            if names.len() > 1 {
                let (old, new) = (listed(&table), listed("excluded"));
                // Writing to a string does not fail.
                let _ = write!(condition, " OR ({old}) IS NOT ({new})");
            }
        }
        let action = if updates.is_empty() {
            "NOTHING".to_owned()
        } else {
            format!("UPDATE SET {}{condition}", updates.join(", "))
        };
        format!("{insert} ON CONFLICT ({key}) DO {action}")
    }
}

/// The statements that make the tables of what did not fit and of how far runs are.
const OWN_TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS \"_brimful_errors\" (\"table\" TEXT NOT NULL, id TEXT, field TEXT NOT NULL, value TEXT, \
     reason TEXT, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    "CREATE TABLE IF NOT EXISTS \"_brimful_state\" (\"table\" TEXT PRIMARY KEY, command TEXT NOT NULL, rows INTEGER \
     NOT NULL, last_id INTEGER, finished BOOLEAN NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
];

fn failed(path: &Path, error: &rusqlite::Error) -> ExportError {
    use rusqlite::ErrorCode::{DiskFull, SystemIoFailure};
    let question = match error.sqlite_error_code() {
        // A full disk is one too where its index of the log has no room.
        Some(SystemIoFailure | DiskFull) => ": is there space left on the disk?",
        _ => "",
    };
    ExportError::Store {
        store: format!("sqlite:{}", path.display()),
        message: format!("{error}{question}"),
    }
}

/// Reads what every database has.
fn look(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
}

/// Whether a read failed because there is no writing where the file is: its log has an index that readers write too.
fn cannot_be_written(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    matches!(error.sqlite_error_code(), Some(ReadOnly | CannotOpen))
}

/// Whether rows stand in the log beside the file that are not in the file itself: a run was killed, or is under way.
/// Without the log the file would lack them.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|found| found.len() > 0)
}

/// Opens a file that nobody changes, for reading alone.
fn open_unchanging(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(address(path, UNCHANGING), flags)?;
    look(&connection)?;
    Ok(connection)
}

/// The option of an address that says that nobody changes the file.
const UNCHANGING: &str = "immutable=1";

/// The address of a file, with an option of SQLite.
fn address(path: &Path, option: &str) -> String {
    let path = path.display().to_string();
    let escaped = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{escaped}?{option}")
}

/// Attaches a file that is there to a connection that writes elsewhere. Its log has an index that readers write too: where
/// they can't, the file is read without its log, if that has no rows.
#[cfg(feature = "sync")]
fn attach_to_read(connection: &Connection, path: &Path) -> Result<(), ExportError> {
    check_is_file(path)?;
    connection
        .busy_timeout(PATIENCE)
        .map_err(|error| failed(path, &error))?;
    let attach = |option: &str| {
        connection.execute("ATTACH ?1 AS kept", [address(path, option)])?;
        connection.query_row("SELECT count(*) FROM kept.sqlite_master", [], |_| Ok(()))
    };
    let Err(error) = attach("mode=rw") else {
        return Ok(());
    };
    let store = || format!("sqlite:{}", path.display());
    if has_log(path) {
        return Err(ExportError::Store {
            store: store(),
            message: format!(
                "{error}: its log beside it has rows of a run that was killed or is under way, and to read them the log's index \
                 has to be written: read it where files can be written"
            ),
        });
    }
    // It stays attached where only the look into it failed.
    let _ = connection.execute("DETACH kept", []);
    attach(UNCHANGING).map_err(|_| failed(path, &error))
}

/// A number that is not negative.
fn number(row: &rusqlite::Row<'_>, place: usize) -> Result<u64, rusqlite::Error> {
    row.get::<_, i64>(place).map(i64::unsigned_abs)
}

/// A name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// The declared type of a column. What SQLite makes of it: DECIMAL and BOOLEAN are numbers; DATE, DATETIME and JSON stay
/// texts.
fn declared(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Scalar(ScalarType::Int64) => "INTEGER",
        ColumnType::Scalar(ScalarType::Decimal) => "DECIMAL(20,4)",
        ColumnType::Scalar(ScalarType::Float64) => "REAL",
        ColumnType::Scalar(ScalarType::Boolean) => "BOOLEAN",
        ColumnType::Scalar(ScalarType::Date) => "DATE",
        ColumnType::Scalar(ScalarType::DateTime) => "DATETIME",
        ColumnType::Scalar(ScalarType::Text)
        | ColumnType::List(_)
        | ColumnType::Multifield
        | ColumnType::Any => "TEXT",
    }
}

/// What a column makes of values: one of numbers makes 7 of the text `007`, and one of texts a text of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueClass {
    Number,
    /// Kept as text, unless it looks like a number.
    Moment,
    Text,
}

impl ValueClass {
    /// That of a declared type, as SQLite understands it; `None` where values stay as they are.
    fn of_declared(kind: &str) -> Option<Self> {
        let kind = kind.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
        if kind.is_empty() || has(&["BLOB"]) {
            None
        } else if has(&["INT"]) {
            Some(Self::Number)
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Some(Self::Text)
        } else if has(&["DATE", "TIME"]) {
            Some(Self::Moment)
        } else if has(&["JSON"]) {
            Some(Self::Text)
        } else {
            Some(Self::Number)
        }
    }
}

impl StoreSink for SqliteSink {
    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Sqlite)
    }

    fn query(&mut self, sql: &str, take: &mut TakeRow<'_>) -> Result<(), ExportError> {
        self.insert_waiting()?;
        let mut run = || -> Result<(), rusqlite::Error> {
            let mut statement = self.connection.prepare(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            let mut texts = vec![None; columns];
            while let Some(row) = rows.next()? {
                for (place, text) in texts.iter_mut().enumerate() {
                    *text = match row.get_ref(place)? {
                        ValueRef::Null => None,
                        ValueRef::Integer(value) => Some(value.to_string()),
                        ValueRef::Real(value) => Some(value.to_string()),
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                            Some(String::from_utf8_lossy(bytes).into_owned())
                        }
                    };
                }
                take(&texts);
            }
            Ok(())
        };
        run().map_err(|error| failed(&self.path, &error))
    }

    fn columns_of_other_types(&mut self, schema: &Schema) -> Result<Vec<usize>, ExportError> {
        let existing = self.existing()?;
        let is_name = str::eq_ignore_ascii_case;
        Ok(of_other_types(
            schema,
            &existing,
            is_name,
            |place, found| self.compare(schema, place, found),
        ))
    }

    fn begin(&mut self, schema: &Schema, _misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are of the old columns.
        self.insert_waiting()?;
        if schema.columns.len() > MOST_COLUMNS {
            let place = format!("sqlite:{}", self.path.display());
            let message = format!(
                "there are {} columns, and a table of SQLite has {MOST_COLUMNS} at most",
                schema.columns.len()
            );
            return Err(ExportError::TooManyColumns { place, message });
        }
        self.start()?;
        self.make_table(schema)?;
        for statement in OWN_TABLES {
            self.execute(statement)?;
        }
        if self.insert.is_empty() && self.state.resumed.is_none() && self.state.sync.is_none() {
            self.clear(schema)?;
        }
        if self.state.sync.is_some() {
            self.store_titles(schema)?;
        }
        self.store_labels(schema)?;
        self.insert = self.insert_statement(schema);
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        for (place, cell) in row.cells.iter().enumerate() {
            if let Cell::Decimal(amount) = cell
                && !amount.fits_digits(EXACT_DIGITS)
            {
                let reason = "SQLite keeps 15 digits of an amount, so it is there rounded";
                row.does_not_fit(schema, place, reason, misfits);
            }
            self.waiting.push(cell);
        }
        self.waiting.rows += 1;
        if self.waiting.rows >= ROWS_TOGETHER {
            self.insert_waiting()?;
        }
        self.state.take(row.key(schema));
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.state.is_due(ROWS_AT_ONCE)
    }

    /// The rows, the values that did not fit and how far the run is become visible together.
    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        self.insert_waiting()?;
        if !misfits.0.is_empty() {
            self.start()?;
            self.store_misfits(misfits)?;
        }
        let statements = self.state.take_statements();
        if self.in_transaction || finished || !statements.is_empty() {
            self.start()?;
            if self.state.sync.is_none() {
                self.store_state(finished)?;
            }
            for statement in &statements {
                self.execute(statement)?;
            }
            self.execute("COMMIT")?;
            self.in_transaction = false;
        }
        self.state.commit();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_may_change_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a #1 100%.db");
        let sink = SqliteSink::open(&path, StoreOptions::default()).unwrap();
        sink.execute("CREATE TABLE rows (a); INSERT INTO rows VALUES (5)")
            .unwrap();
        drop(sink);
        let connection = open_unchanging(&path).unwrap();
        let read: u32 = connection
            .query_row("SELECT a FROM rows", [], |row| row.get(0))
            .unwrap();
        assert_eq!(read, 5);
        let error = connection.execute_batch("DELETE FROM rows").unwrap_err();
        assert!(cannot_be_written(&error), "{error}");
    }

    #[test]
    fn a_file_whose_rows_are_still_in_the_log_is_not_taken_for_one_that_nobody_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let sink = SqliteSink::open(&path, StoreOptions::default()).unwrap();
        sink.execute("CREATE TABLE rows (a); INSERT INTO rows VALUES (5)")
            .unwrap();
        assert!(has_log(&path));
        drop(sink);
        assert!(!has_log(&path));
    }
}
