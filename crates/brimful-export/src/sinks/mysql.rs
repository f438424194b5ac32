//! Rows in a table of MySQL or MariaDB: loaded as a stream, those with IDs above all others into the table itself, others
//! into a table of the session and from there into the real one, updated by ID.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mysql::prelude::Queryable;
use mysql::{Conn, LocalInfileHandler, Opts, OptsBuilder, SslOpts};
use parking_lot::Mutex;

use super::new_rows::{NewRows, ascending_key};
use super::password_files::{self, Login};
use super::run_state::RunState;
use super::statements::{clearing, label_values, misfit_values};
use super::tab_separated::TabSeparated;
use super::table_plan::{TablePlan, TypeConflict, definition, lacking_deleted_at, quoted_names};
use super::tls::{TlsMode, TlsOptions};
use super::{
    DELETED_AT, DecodedRow, Dialect, RECONNECT_AFTER, StoreOptions, StoreSink, TakeRow,
    WHOLE_SECONDS, label_name, labelled,
};
use crate::cell::{Cell, Moment};
use crate::column_names::{ColumnNames, Longest};
use crate::error::ExportError;
use crate::misfit::Misfits;
use crate::schema::{ColumnType, ScalarType, Schema};

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
/// The type of an ID that is a text, such as the code of a currency.
const TEXT_KEY: &str = "VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
/// Characters of a comment of a column.
const COMMENT_CHARACTERS: usize = 1_024;

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
}

/// The statements that make the tables of what did not fit and of how far runs are.
const OWN_TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS _brimful_errors (`table` VARCHAR(191) NOT NULL, id VARCHAR(191), \
     field LONGTEXT NOT NULL, value LONGTEXT, reason LONGTEXT, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) \
     DEFAULT CHARSET utf8mb4",
    "CREATE TABLE IF NOT EXISTS _brimful_state (`table` VARCHAR(191) PRIMARY KEY, command LONGTEXT NOT NULL, \
     `rows` BIGINT NOT NULL, last_id BIGINT UNSIGNED, finished BOOLEAN NOT NULL, \
     at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin",
];

/// The bytes that the next LOAD DATA reads.
type Stream = Arc<Mutex<Vec<u8>>>;

/// Connects. Numbers and dates that do not fit are errors, and names are quoted in the usual way.
/// The password of the environment, or of the file that the clients of MySQL read too.
fn known_password(opts: &Opts) -> Option<String> {
    if let Ok(password) = std::env::var("MYSQL_PWD") {
        return Some(password);
    }
    let host = opts.get_ip_or_hostname();
    password_files::of_mysql(&Login {
        host: &host,
        port: opts.get_tcp_port(),
        database: opts.get_db_name().unwrap_or_default(),
        user: opts.get_user().unwrap_or_default(),
    })
}

fn connect(options: &Opts, stream: &Stream) -> mysql::Result<Conn> {
    let mut connection = Conn::new(options.clone())?;
    let stream = Arc::clone(stream);
    connection.set_local_infile_handler(Some(LocalInfileHandler::new(move |_, server| {
        server.write_all(&stream.lock())
    })));
    connection.query_drop("SET NAMES utf8mb4")?;
    connection.query_drop("SET SESSION sql_mode = 'STRICT_ALL_TABLES'")?;
    Ok(connection)
}

/// TLS as the driver is told of it; `None` is none.
fn ssl_options(tls: &TlsOptions) -> Option<SslOpts> {
    let options = SslOpts::default().with_root_cert_path(tls.authorities.clone());
    match tls.mode {
        TlsMode::Disable => None,
        TlsMode::Prefer | TlsMode::Require => Some(
            options
                .with_root_cert_path(None::<std::path::PathBuf>)
                .with_danger_accept_invalid_certs(true),
        ),
        TlsMode::VerifyCa => Some(options.with_danger_skip_domain_validation(true)),
        TlsMode::VerifyFull => Some(options),
    }
}

impl MysqlSink {
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
        tls.check().map_err(failed)?;
        // MariaDB and MySQL speak the same.
        let url = url.replacen("mariadb://", "mysql://", 1);
        let opts = Opts::from_url(&url)
            .map_err(|_| failed("this is not the address of a database".to_owned()))?;
        if opts.get_db_name().is_none_or(str::is_empty) {
            return Err(failed(
                "the address names no database: write it as mysql://USER@HOST/DATABASE".to_owned(),
            ));
        }
        let mut builder = OptsBuilder::from_opts(opts.clone()).prefer_socket(false);
        if opts.get_pass().is_none_or(str::is_empty)
            && let Some(password) = known_password(&opts)
        {
            builder = builder.pass(Some(password));
        }
        let mut opts = Opts::from(builder.ssl_opts(ssl_options(&tls)));
        let stream = Stream::default();
        let connection = match connect(&opts, &stream) {
            Err(mysql::Error::DriverError(mysql::DriverError::TlsNotSupported))
                if tls.mode == TlsMode::Prefer =>
            {
                opts = OptsBuilder::from_opts(opts)
                    .ssl_opts(None::<SslOpts>)
                    .into();
                connect(&opts, &stream)
            }
            connected => connected,
        };
        let connection = connection.map_err(|error| {
            let (message, store) = (tls.explain(said(&error)), store.clone());
            if is_out_of_reach(&error) {
                ExportError::Unreachable { store, message }
            } else {
                failed(message)
            }
        })?;
        let mut sink = Self {
            connection,
            options: opts,
            store,
            state: RunState::new(options),
            rows: TabSeparated::default(),
            stream,
            load: String::new(),
            merge: String::new(),
            load_new: String::new(),
            new_rows: NewRows::unknown(),
            count: None,
            stage: String::new(),
            began: false,
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

    /// The statement that takes down how far the run is.
    fn state_statement(&self, finished: bool) -> String {
        let last_id = self.state.last_id_text();
        format!(
            "REPLACE INTO _brimful_state (`table`, command, `rows`, last_id, finished) VALUES ({}, {}, {}, {last_id}, \
             {finished})",
            literal(&self.state.table),
            literal(&self.state.command),
            self.state.rows(),
        )
    }

    /// How many rows were new or differed, where that is asked for.
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

    /// Connects again, and tries it several times. False if the server does not come back.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits in the thread of the writer, which has no runtime"
    )]
    fn reconnect(&mut self, waits: &mut std::slice::Iter<'_, Duration>) -> bool {
        for wait in waits {
            std::thread::sleep(*wait);
            if let Ok(connection) = connect(&self.options, &self.stream) {
                self.connection = connection;
                if self.stage.is_empty() || self.connection.query_drop(&self.stage).is_ok() {
                    return true;
                }
            }
        }
        false
    }

    /// Whether the last error was the end of the connection.
    fn connection_is_lost(&mut self) -> bool {
        self.connection.query_drop("DO 0").is_err()
    }

    /// Does `work`, and again if the connection was lost meanwhile and could be made again.
    fn reconnecting<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let done = work(self);
            if done.is_ok() || !self.connection_is_lost() || !self.reconnect(&mut waits) {
                return done;
            }
        }
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

    /// The columns of a table and their types, by name; empty if there is no table.
    fn columns_of(&mut self, table: &str) -> Result<Vec<(String, String)>, ExportError> {
        let found = self.connection.exec(
            "SELECT column_name, lower(data_type) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
            (table,),
        );
        found.map_err(|error| self.failed(said(&error)))
    }

    /// Has the table for this run, as long as its connection lasts. A server may notice only a moment later that a run has
    /// ended, so it waits for a while.
    fn lock_table(&mut self) -> Result<(), ExportError> {
        let granted: mysql::Result<Option<Option<u8>>> = self.connection.exec_first(
            "SELECT GET_LOCK(CONCAT('brimful ', MD5(CONCAT(DATABASE(), '.', ?))), 2)",
            (&self.state.table,),
        );
        if granted.map_err(|error| self.failed(said(&error)))? == Some(Some(1)) {
            return Ok(());
        }
        Err(self.failed(super::is_being_written(&self.state.table)))
    }

    /// Makes the tables, or adds what they lack, and the table of the session.
    fn make_tables(&mut self, schema: &Schema) -> Result<(), ExportError> {
        if !self.began && self.state.sync.is_none() {
            self.lock_table()?;
        }
        self.make_table(schema)
            .map_err(|error| error.because_of_columns(&TOO_MANY_COLUMNS, MOST_COLUMNS))?;
        for statement in OWN_TABLES {
            self.execute(statement)?;
        }
        self.store_labels(schema)?;
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

    /// Makes the table, or adds the columns that it lacks.
    fn make_table(&mut self, schema: &Schema) -> Result<(), ExportError> {
        let name = self.state.table.clone();
        let table = quoted(&name);
        let existing = self.columns_of(&name)?;
        let names = quoted_names(schema, quoted);
        let declared = |place: usize| match type_name(schema.columns[place].kind).0 {
            // A text of any length cannot be a key.
            "LONGTEXT" if Some(place) == schema.key => TEXT_KEY,
            kind => kind,
        };
        let plan = TablePlan::new(
            schema,
            &name,
            &existing,
            str::eq_ignore_ascii_case,
            |place, found| {
                let (wanted, known_as) = (declared(place), type_name(schema.columns[place].kind).1);
                if known_as.contains(&found) || wanted == TEXT_KEY && found == "varchar" {
                    return Ok(());
                }
                Err(TypeConflict {
                    wanted: wanted.to_owned(),
                    remedy: format!("ALTER TABLE {table} MODIFY {} {wanted}", names[place]),
                })
            },
        );
        let with_comment = |place: usize| {
            let column = definition(schema, place, &names[place], declared(place));
            let title = schema.columns[place].title.as_ref();
            let comment = title.map_or_else(String::new, |title| {
                let title: String = title.chars().take(COMMENT_CHARACTERS).collect();
                format!(" COMMENT {}", literal(&title))
            });
            column + &comment
        };
        let deleted_at = lacking_deleted_at(&self.state, &existing, "DATETIME");
        match plan.map_err(|message| self.failed(message).because_of_table())? {
            TablePlan::Create => {
                let columns = (0..names.len()).map(with_comment);
                let columns: Vec<String> = deleted_at.into_iter().chain(columns).collect();
                let columns = columns.join(", ");
                self.execute(&format!(
                    "CREATE TABLE {table} ({columns}) DEFAULT CHARSET utf8mb4"
                ))
            }
            TablePlan::AddColumns(places) => {
                let added = places.into_iter().map(with_comment).chain(deleted_at);
                let added: Vec<String> =
                    added.map(|column| format!("ADD COLUMN {column}")).collect();
                if !added.is_empty() {
                    self.execute(&format!("ALTER TABLE {table} {}", added.join(", ")))?;
                }
                self.retitle(schema)
            }
        }
    }

    /// Gives columns the titles that their fields have now, as comments. Columns that somebody has given more than a type
    /// keep their comments: a statement that changes a comment has to say the whole column.
    fn retitle(&mut self, schema: &Schema) -> Result<(), ExportError> {
        // JSON is a check of a text in MariaDB, which such a statement would drop.
        let found: Result<Vec<(String, String, String)>, _> = self.connection.exec(
            "SELECT column_name, column_comment, concat(column_type, \
             coalesce(concat(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name), ''), \
             CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE ' NULL' END) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND extra = '' \
             AND (column_default IS NULL OR column_default = 'NULL') AND lower(data_type) <> 'json'",
            (&self.state.table,),
        );
        let found = found.map_err(|error| self.failed(said(&error)))?;
        let columns = schema.columns.iter().filter_map(|column| {
            let is_json = matches!(column.kind, ColumnType::List(_) | ColumnType::Multifield);
            let title = column.title.as_ref().filter(|_| !is_json)?;
            let title: String = title.chars().take(COMMENT_CHARACTERS).collect();
            let (name, comment, definition) = found
                .iter()
                .find(|(name, ..)| name.eq_ignore_ascii_case(&column.name))?;
            let name = quoted(name);
            (*comment != title)
                .then(|| format!("MODIFY {name} {definition} COMMENT {}", literal(&title)))
        });
        let columns: Vec<String> = columns.collect();
        if columns.is_empty() {
            return Ok(());
        }
        let table = quoted(&self.state.table);
        self.execute(&format!("ALTER TABLE {table} {}", columns.join(", ")))
    }

    /// A run begins that goes on with no other: what is left of earlier runs is cleared.
    fn clear(&mut self, schema: &Schema) -> Result<(), ExportError> {
        self.execute("START TRANSACTION")?;
        let state = self.state_statement(false);
        self.execute(&state)?;
        for statement in clearing(schema, &self.state, quoted, literal) {
            self.execute(&statement)?;
        }
        self.execute("COMMIT")
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

    /// The statement that takes the rows of the session's table into the real one.
    fn merge_statement(&self, schema: &Schema) -> String {
        let table = quoted(&self.state.table);
        let names = quoted_names(schema, quoted);
        let columns = names.join(", ");
        let insert = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {STAGE}");
        let Some(key) = schema.key.map(|key| &names[key]) else {
            return insert;
        };
        let others = names.iter().filter(|name| *name != key);
        let mut updates: Vec<String> = others
            .map(|name| format!("{name} = VALUES({name})"))
            .collect();
        if self.state.sync.is_some() {
            updates.push(format!("{DELETED_AT} = NULL"));
        }
        if updates.is_empty() {
            updates.push(format!("{table}.{key} = {table}.{key}"));
        }
        format!(
            "{insert} WHERE {key} IS NOT NULL ON DUPLICATE KEY UPDATE {}",
            updates.join(", ")
        )
    }

    /// The query that counts the rows of the session's table that are new or differ: a sync tells them.
    fn count_statement(&self, schema: &Schema) -> Option<String> {
        self.state.sync.as_ref()?;
        let names = quoted_names(schema, quoted);
        let key = &names[schema.key?];
        let table = quoted(&self.state.table);
        let equal: Vec<String> = names
            .iter()
            .map(|name| format!("t.{name} <=> s.{name}"))
            .collect();
        Some(format!(
            "SELECT count(*) FROM {STAGE} s LEFT JOIN {table} t ON t.{key} = s.{key} WHERE s.{key} IS NOT NULL AND NOT \
             (t.{key} IS NOT NULL AND t.{DELETED_AT} IS NULL AND {equal})",
            equal = equal.join(" AND ")
        ))
    }

    /// Stores what people call the codes in a table of its own, and makes a view of the rows with both.
    fn store_labels(&mut self, schema: &Schema) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return Ok(());
        }
        let labels = quoted(&format!("{}_labels", self.state.table));
        let view = quoted(&format!("{}_labeled", self.state.table));
        self.execute(&format!(
            "CREATE TABLE IF NOT EXISTS {labels} (field VARCHAR(191) NOT NULL, code VARCHAR(191) NOT NULL, \
             label LONGTEXT NOT NULL, PRIMARY KEY (field, code)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin"
        ))?;
        self.execute("START TRANSACTION")?;
        self.execute(&format!("DELETE FROM {labels}"))?;
        let mut select = "SELECT t.*".to_owned();
        for (column, entries) in &labelled {
            let (name, field) = (quoted(&column.name), literal(&column.name));
            for entries in entries.chunks(1_000) {
                let values = label_values(&column.name, entries, literal);
                self.execute(&format!("INSERT INTO {labels} VALUES {values}"))?;
            }
            let label = quoted(&label_name(&NAMES, schema, column));
            // Writing to a string does not fail.
            let _ = match column.kind {
                ColumnType::List(_) => write!(
                    select,
                    ", CASE WHEN t.{name} IS NOT NULL THEN (SELECT JSON_ARRAYAGG(l.label) FROM JSON_TABLE(t.{name}, '$[*]' \
                     COLUMNS (code VARCHAR(191) PATH '$')) c LEFT JOIN {labels} l ON l.field = {field} AND l.code = c.code) \
                     END AS {label}"
                ),
                _ => write!(
                    select,
                    ", (SELECT l.label FROM {labels} l WHERE l.field = {field} AND l.code = CAST(t.{name} AS CHAR)) AS \
                     {label}"
                ),
            };
        }
        self.execute("COMMIT")?;
        self.execute(&format!(
            "CREATE OR REPLACE VIEW {view} AS {select} FROM {} t",
            quoted(&self.state.table)
        ))
    }
}

/// A value of a query, which the server writes as text.
fn text_of(value: mysql::Value) -> Option<String> {
    match value {
        mysql::Value::NULL => None,
        mysql::Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        mysql::Value::Int(value) => Some(value.to_string()),
        mysql::Value::UInt(value) => Some(value.to_string()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

/// Whether the server was not reached, or is about to end.
fn is_out_of_reach(error: &mysql::Error) -> bool {
    const SHUTDOWN_IN_PROGRESS: u16 = 1053;
    match error {
        mysql::Error::IoError(_) => true,
        mysql::Error::MySqlError(error) => error.code == SHUTDOWN_IN_PROGRESS,
        mysql::Error::DriverError(error) => matches!(
            error,
            mysql::DriverError::CouldNotConnect(_) | mysql::DriverError::ConnectTimeout
        ),
        _ => false,
    }
}

/// What the server said, or why it could not be reached.
fn said(error: &mysql::Error) -> String {
    match error {
        // The server does not let clients send rows by themselves.
        mysql::Error::MySqlError(error) if matches!(error.code, 1148 | 3948 | 4166) => format!(
            "{}: rows are sent with LOAD DATA LOCAL, so an administrator has to allow it: SET GLOBAL local_infile = 1",
            error.message
        ),
        mysql::Error::MySqlError(error) => error.message.clone(),
        mysql::Error::IoError(error) => error.to_string(),
        mysql::Error::DriverError(mysql::DriverError::TlsNotSupported) => {
            "the server does not support TLS".to_owned()
        }
        mysql::Error::DriverError(error) => error.to_string(),
        other => other.to_string(),
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as a statement has it.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = "'".to_owned();
    for c in text.chars() {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '\0' => literal.push_str("\\0"),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

/// The statements that store the values that did not fit.
fn misfit_statements(table: &str, misfits: &Misfits) -> Vec<String> {
    misfits
        .0
        .chunks(500)
        .map(|misfits| {
            format!(
                "INSERT INTO _brimful_errors (`table`, id, field, value, reason) VALUES {}",
                misfit_values(table, misfits, literal)
            )
        })
        .collect()
}

/// The declared type of a column, and the name of it in the catalogue of the server.
fn type_name(kind: ColumnType) -> (&'static str, &'static [&'static str]) {
    match kind {
        ColumnType::Scalar(ScalarType::Int64) => ("BIGINT", &["bigint"]),
        ColumnType::Scalar(ScalarType::Decimal) => ("DECIMAL(20,4)", &["decimal"]),
        ColumnType::Scalar(ScalarType::Float64) => ("DOUBLE", &["double"]),
        ColumnType::Scalar(ScalarType::Boolean) => ("BOOLEAN", &["tinyint"]),
        ColumnType::Scalar(ScalarType::Date) => ("DATE", &["date"]),
        ColumnType::Scalar(ScalarType::DateTime) => ("DATETIME", &["datetime"]),
        ColumnType::Scalar(ScalarType::Text) | ColumnType::Any => ("LONGTEXT", &["longtext"]),
        // MariaDB has them as texts.
        ColumnType::List(_) | ColumnType::Multifield => ("JSON", &["json", "longtext"]),
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
        self.new_rows = NewRows::above(self.highest_id(schema)?);
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
        let mut waits = RECONNECT_AFTER.iter();
        loop {
            let error = match self.send(&recorded, &state) {
                Ok(written) => {
                    self.state.count_written(written);
                    break;
                }
                Err(error) => error,
            };
            let is_lost =
                !matches!(error, mysql::Error::MySqlError(_)) || self.connection_is_lost();
            if !is_lost && self.new_rows.are_certain() && self.execute("ROLLBACK").is_ok() {
                self.new_rows.are_there_already();
                continue;
            }
            if !is_lost || !self.reconnect(&mut waits) {
                return Err(self.failed(said(&error)));
            }
            // It may have been stored, and only the answer was lost.
            if self.is_stored(finished) {
                break;
            }
        }
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

    #[test]
    fn texts_in_statements_have_no_end_of_their_own() {
        assert_eq!(literal("it's \\ a\0"), "'it\\'s \\\\ a\\0'");
        assert_eq!(quoted("a`b"), "`a``b`");
    }
}
