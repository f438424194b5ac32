//! The table of an entity in the store, and what is known of it there: `_brimful_state`, `_brimful_coverage`,
//! `_brimful_errors`. Everything here waits for the store, in a thread that may wait.

use brimful::Page;
use serde_json::{Value, json};

use super::entities::SyncEntity;
use super::state::{EntityState, PortalTime};
use super::{Deletes, SyncError};
use crate::error::ExportError;
use crate::schema::Plan;
use crate::sinks::run_state::SyncWrites;
use crate::sinks::{DELETED_AT, Dialect, StoreOptions, StoreSink};
use crate::store::Store;
use crate::writer::RowWriter;

/// IDs that go into one condition.
const IDS_AT_ONCE: usize = 1_000;

/// A connection to the store, and what is asked of it in SQL.
pub(crate) struct SqlStore<'s> {
    sink: &'s mut dyn StoreSink,
    pub(crate) dialect: Dialect,
}

impl<'s> SqlStore<'s> {
    /// That of a writer.
    pub(crate) fn of(writer: &'s mut RowWriter) -> Result<Self, SyncError> {
        let unfit = || {
            SyncError::Usage(
                "tables can be kept in sync in SQLite, PostgreSQL, MySQL and MariaDB".to_owned(),
            )
        };
        let sink = writer.store().ok_or_else(unfit)?;
        let dialect = sink.dialect().ok_or_else(unfit)?;
        Ok(Self { sink, dialect })
    }

    /// Runs a statement.
    pub(crate) fn run(&mut self, sql: &str) -> Result<(), ExportError> {
        self.sink.query(sql, &mut |_| {})
    }

    /// The rows of a query.
    pub(crate) fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, ExportError> {
        let mut rows = Vec::new();
        self.sink.query(sql, &mut |row| rows.push(row.to_vec()))?;
        Ok(rows)
    }

    /// The first column of a query, as what it stands for; rows without a value, or with another one, are passed over.
    pub(crate) fn column<T: std::str::FromStr>(
        &mut self,
        sql: &str,
    ) -> Result<Vec<T>, ExportError> {
        let mut values = Vec::new();
        self.sink.query(sql, &mut |row| {
            let value = row.first().and_then(Option::as_ref);
            values.extend(value.and_then(|value| value.parse().ok()));
        })?;
        Ok(values)
    }

    pub(crate) fn columns_of(&mut self, table: &str) -> Result<Vec<String>, ExportError> {
        let sql = self.dialect.columns_of(table);
        self.column(&sql)
    }

    /// Makes the tables of what is known, or adds what earlier versions lack.
    pub(crate) fn prepare(&mut self) -> Result<(), ExportError> {
        for table in self.dialect.own_tables() {
            self.run(&table)?;
        }
        if !self
            .columns_of(STATE)?
            .iter()
            .any(|column| column == "sync")
        {
            let kind = self.dialect.long_text();
            self.run(&format!("ALTER TABLE {STATE} ADD COLUMN sync {kind}"))?;
        }
        Ok(())
    }
}

pub(crate) const STATE: &str = "_brimful_state";
pub(crate) const COVERAGE: &str = "_brimful_coverage";
pub(crate) const ERRORS: &str = "_brimful_errors";

impl Dialect {
    pub(crate) fn quoted(self, name: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => crate::sinks::sqlite::quoted(name),
            #[cfg(feature = "postgres")]
            Self::Postgres => crate::sinks::postgres::quoted(name),
            #[cfg(feature = "mysql")]
            Self::Mysql => crate::sinks::mysql::quoted(name),
        }
    }

    pub(crate) fn literal(self, text: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!("'{}'", text.replace('\0', "").replace('\'', "''")),
            #[cfg(feature = "postgres")]
            Self::Postgres => crate::sinks::postgres::literal(text),
            #[cfg(feature = "mysql")]
            Self::Mysql => crate::sinks::mysql::literal(text),
        }
    }

    /// A moment as columns of moments take it.
    pub(crate) fn moment(self, time: PortalTime) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => self.literal(&time.to_string()),
            #[cfg(feature = "postgres")]
            Self::Postgres => self.literal(&time.to_string()),
            #[cfg(feature = "mysql")]
            Self::Mysql => self.literal(time.utc().replace(['T', 'Z'], " ").trim_end()),
        }
    }

    fn short_text(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "TEXT",
            #[cfg(feature = "postgres")]
            Self::Postgres => "text",
            #[cfg(feature = "mysql")]
            Self::Mysql => "VARCHAR(191)",
        }
    }

    fn long_text(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "TEXT",
            #[cfg(feature = "postgres")]
            Self::Postgres => "text",
            #[cfg(feature = "mysql")]
            Self::Mysql => "LONGTEXT",
        }
    }

    fn moment_type(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "DATETIME",
            #[cfg(feature = "postgres")]
            Self::Postgres => "timestamp with time zone",
            #[cfg(feature = "mysql")]
            Self::Mysql => "DATETIME",
        }
    }

    /// The type of the columns that say when a row of these tables was written, by the clock of the store.
    fn written_at(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP",
            #[cfg(feature = "postgres")]
            Self::Postgres => "timestamp with time zone NOT NULL DEFAULT now()",
            #[cfg(feature = "mysql")]
            Self::Mysql => "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
        }
    }

    fn own_tables(self) -> [String; 3] {
        let (table, rows) = (self.quoted("table"), self.quoted("rows"));
        let (short, long, at) = (self.short_text(), self.long_text(), self.written_at());
        let moment = self.moment_type();
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {STATE} ({table} {short} NOT NULL PRIMARY KEY, command {long} NOT NULL, \
                 {rows} BIGINT NOT NULL, last_id BIGINT, finished BOOLEAN NOT NULL, at {at}, sync {long})"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {COVERAGE} ({table} {short} NOT NULL, what {short} NOT NULL, entity {short} NOT \
                 NULL, id_from BIGINT, id_to BIGINT, time_from {moment}, time_to {moment}, {rows} BIGINT NOT NULL, at {at}, \
                 PRIMARY KEY ({table}, what))"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {ERRORS} ({table} {short} NOT NULL, id {short}, field {long} NOT NULL, \
                 value {long}, reason {long}, at {at})"
            ),
        ]
    }

    pub(crate) fn columns_of(self, table: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!(
                "SELECT lower(name) FROM pragma_table_info({})",
                self.literal(table)
            ),
            #[cfg(feature = "postgres")]
            Self::Postgres => format!(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 AND NOT attisdropped",
                self.literal(&self.quoted(table))
            ),
            #[cfg(feature = "mysql")]
            Self::Mysql => format!(
                "SELECT lower(column_name) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {}",
                self.literal(table)
            ),
        }
    }

    /// Whether two values differ; two NULLs don't.
    pub(crate) fn differ(self, a: &str, b: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!("{a} IS NOT {b}"),
            #[cfg(feature = "postgres")]
            Self::Postgres => format!("{a} IS DISTINCT FROM {b}"),
            #[cfg(feature = "mysql")]
            Self::Mysql => format!("NOT ({a} <=> {b})"),
        }
    }

    /// Writes a row of one of the own tables, in the place of the one with its key.
    fn put(self, table: &str, key: &[&str], columns: &[(&str, String)]) -> String {
        let names: Vec<String> = columns.iter().map(|(name, _)| self.quoted(name)).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let _ = key;
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!("INSERT OR REPLACE INTO {table} ({names}) VALUES ({values})"),
            #[cfg(feature = "postgres")]
            Self::Postgres => {
                let updates: Vec<String> = columns
                    .iter()
                    .map(|(name, _)| {
                        let name = self.quoted(name);
                        format!("{name} = excluded.{name}")
                    })
                    .collect();
                let key: Vec<String> = key.iter().map(|name| self.quoted(name)).collect();
                format!(
                    "INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({}) DO UPDATE SET {}, at = now()",
                    key.join(", "),
                    updates.join(", ")
                )
            }
            #[cfg(feature = "mysql")]
            Self::Mysql => format!("REPLACE INTO {table} ({names}) VALUES ({values})"),
        }
    }
}

/// What a run of an entity has loaded, for `_brimful_coverage`: it tells a period without rows from one that was not
/// loaded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Coverage {
    /// `rows` of a full read, `changes` of one since a cursor, `deletes` of a comparison of IDs.
    pub(crate) what: &'static str,
    pub(crate) ids: Option<(u64, u64)>,
    pub(crate) from: Option<PortalTime>,
    pub(crate) to: PortalTime,
    pub(crate) rows: u64,
}

/// The table of an entity, and how far it is.
pub(crate) struct SyncTable {
    writer: RowWriter,
    dialect: Dialect,
    table: String,
    entity: String,
    command: String,
    key: String,
    id_field: &'static str,
    /// Whether values that did not fit are recorded of this table.
    has_errors: bool,
    /// Whether the table is there.
    pub(crate) exists: bool,
    pub(crate) state: EntityState,
}

impl SyncTable {
    /// Connects, and looks up how far the entity is.
    pub(crate) fn open(
        store: &Store,
        entity: &SyncEntity,
        portal: &str,
        plan: Plan,
    ) -> Result<Self, SyncError> {
        let command = json!({
            "portal": portal,
            "sync": entity.name,
            "method": entity.method,
            "params": entity.params,
        })
        .to_string();
        let options = StoreOptions {
            table: entity.table.clone(),
            command: command.clone(),
            resume: false,
        };
        let mut writer = store.open(options, plan)?;
        let mut sql = SqlStore::of(&mut writer)?;
        sql.sink.state_mut().sync = Some(SyncWrites::default());
        sql.prepare()?;
        let dialect = sql.dialect;
        let columns = sql.columns_of(&entity.table)?;
        let exists = !columns.is_empty();
        let (of_table, table) = (
            format!(
                "{} = {}",
                dialect.quoted("table"),
                dialect.literal(&entity.table)
            ),
            &entity.table,
        );
        let found = sql.rows(&format!(
            "SELECT command, sync FROM {STATE} WHERE {of_table}"
        ))?;
        let errors: Vec<u64> =
            sql.column(&format!("SELECT count(*) FROM {ERRORS} WHERE {of_table}"))?;
        let mut state = EntityState::default();
        if let Some([stored, text]) = found.first().map(Vec::as_slice) {
            let stored = stored.as_deref().unwrap_or_default();
            let portal_of = |command: &str| {
                let command: Option<Value> = serde_json::from_str(command).ok();
                command.and_then(|command| Some(command.get("portal")?.as_str()?.to_owned()))
            };
            if let Some(theirs) = portal_of(stored).filter(|theirs| theirs != portal) {
                return Err(SyncError::Usage(format!(
                    "the table {table} holds rows of the portal {theirs}: keep those of {portal} in a store of their own, or \
                     empty it: DROP TABLE {table}; DELETE FROM {STATE} WHERE {of_table}"
                )));
            }
            if stored == command && exists {
                state = text
                    .as_deref()
                    .and_then(|text| serde_json::from_str(text).ok())
                    .unwrap_or_default();
            }
        }
        let id_field = entity.id_field();
        Ok(Self {
            writer,
            dialect,
            table: entity.table.clone(),
            entity: entity.name.clone(),
            command,
            key: dialect.quoted(id_field),
            id_field,
            has_errors: errors.first().is_some_and(|count| *count > 0),
            exists,
            state,
        })
    }

    fn sql(&mut self) -> Result<SqlStore<'_>, SyncError> {
        SqlStore::of(&mut self.writer)
    }

    fn of_table(&self) -> String {
        format!(
            "{} = {}",
            self.dialect.quoted("table"),
            self.dialect.literal(&self.table)
        )
    }

    /// Takes the fields of the portal and the labels for the columns. The columns that the table has stay.
    pub(crate) fn meet(&mut self, plan: Plan) {
        self.writer.set_plan(plan);
    }

    /// Makes the table, if there is none, and stores labels. Where neither the portal nor a row tells of a column, there
    /// is no table yet.
    pub(crate) fn open_table(&mut self) -> Result<(), SyncError> {
        if !self.writer.has_columns() {
            return Ok(());
        }
        self.writer.open_table()?;
        self.remember_columns()?;
        self.commit(Vec::new())
    }

    fn remember_columns(&mut self) -> Result<(), SyncError> {
        let Some(schema) = self.writer.schema() else {
            return Ok(());
        };
        if schema.key.is_none() {
            return Err(SyncError::Usage(format!(
                "{}: its rows have no ID {}, so they cannot be kept in sync",
                self.entity, self.id_field
            )));
        }
        self.exists = true;
        for field in &schema.fields {
            if !self.state.columns.contains(field) {
                self.state.columns.push(field.clone());
            }
        }
        Ok(())
    }

    /// Stores rows and how far the entity is with them, in one transaction. Returns how many were new or differed.
    pub(crate) fn write(&mut self, pages: &[Page]) -> Result<u64, SyncError> {
        let before = self.written();
        if self.has_errors {
            let ids = pages.iter().flat_map(Page::ids).flatten();
            let ids: Vec<String> = ids.map(|id| format!("'{id}'")).collect();
            let of_table = self.of_table();
            for ids in ids.chunks(IDS_AT_ONCE) {
                let sql = format!(
                    "DELETE FROM {ERRORS} WHERE {of_table} AND id IN ({})",
                    ids.join(", ")
                );
                self.sql()?.run(&sql)?;
            }
        }
        let mut out = Vec::new();
        for page in pages {
            self.writer.write_page(page, &mut out)?;
        }
        self.remember_columns()?;
        self.commit(Vec::new())?;
        self.has_errors |= self.writer.misfits() > 0;
        Ok(self.written() - before)
    }

    /// Values that did not fit their columns in this run.
    pub(crate) fn misfits(&self) -> u64 {
        self.writer.misfits()
    }

    fn written(&mut self) -> u64 {
        let sync = self
            .writer
            .store()
            .and_then(|sink| sink.state_mut().sync.as_ref());
        sync.map_or(0, |sync| sync.written)
    }

    /// Stores how far the entity is, and what else `statements` say.
    pub(crate) fn commit(&mut self, mut statements: Vec<String>) -> Result<(), SyncError> {
        statements.push(self.state_statement());
        let unfit = || SyncError::Usage("this is not a store".to_owned());
        let sink = self.writer.store().ok_or_else(unfit)?;
        if let Some(sync) = &mut sink.state_mut().sync {
            sync.statements = statements;
        }
        self.writer.store_waiting()?;
        Ok(())
    }

    fn state_statement(&self) -> String {
        let dialect = self.dialect;
        let state = serde_json::to_string(&self.state).unwrap_or_default();
        let last_id = self.state.reading.as_ref().map(|reading| reading.after);
        dialect.put(
            STATE,
            &["table"],
            &[
                ("table", dialect.literal(&self.table)),
                ("command", dialect.literal(&self.command)),
                ("rows", self.state.rows.to_string()),
                (
                    "last_id",
                    last_id.map_or_else(|| "NULL".to_owned(), |id| id.to_string()),
                ),
                (
                    "finished",
                    if last_id.is_none() { "TRUE" } else { "FALSE" }.to_owned(),
                ),
                ("sync", dialect.literal(&state)),
            ],
        )
    }

    /// Writes down what has been loaded, with how far the entity is.
    pub(crate) fn cover(&mut self, coverage: &Coverage) -> Result<(), SyncError> {
        let dialect = self.dialect;
        let or_null = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
        let statement = dialect.put(
            COVERAGE,
            &["table", "what"],
            &[
                ("table", dialect.literal(&self.table)),
                ("what", dialect.literal(coverage.what)),
                ("entity", dialect.literal(&self.entity)),
                (
                    "id_from",
                    or_null(coverage.ids.map(|(from, _)| from.to_string())),
                ),
                ("id_to", or_null(coverage.ids.map(|(_, to)| to.to_string()))),
                (
                    "time_from",
                    or_null(coverage.from.map(|time| dialect.moment(time))),
                ),
                ("time_to", dialect.moment(coverage.to)),
                ("rows", coverage.rows.to_string()),
            ],
        );
        self.commit(vec![statement])
    }

    /// How many rows are live.
    pub(crate) fn count(&mut self) -> Result<u64, SyncError> {
        if !self.exists {
            return Ok(0);
        }
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {DELETED_AT} IS NULL",
            self.dialect.quoted(&self.table)
        );
        let counts: Vec<u64> = self.sql()?.column(&sql)?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    /// The IDs of the rows that are live, ascending where they are numbers.
    pub(crate) fn ids<T: std::str::FromStr>(&mut self) -> Result<Vec<T>, SyncError> {
        if !self.exists {
            return Ok(Vec::new());
        }
        let key = &self.key;
        let sql = format!(
            "SELECT {key} FROM {} WHERE {DELETED_AT} IS NULL ORDER BY {key}",
            self.dialect.quoted(&self.table)
        );
        Ok(self.sql()?.column(&sql)?)
    }

    /// The highest ID there, of rows that were deleted too.
    pub(crate) fn highest_id(&mut self) -> Result<u64, SyncError> {
        if !self.exists {
            return Ok(0);
        }
        let sql = format!(
            "SELECT max({}) FROM {}",
            self.key,
            self.dialect.quoted(&self.table)
        );
        let found: Vec<u64> = self.sql()?.column(&sql)?;
        Ok(found.first().copied().unwrap_or(0))
    }

    /// Marks rows as deleted, or deletes them.
    pub(crate) fn delete(
        &mut self,
        ids: &[String],
        deletes: Deletes,
        at: PortalTime,
    ) -> Result<(), SyncError> {
        let table = self.dialect.quoted(&self.table);
        let (key, dialect) = (&self.key, self.dialect);
        let statements = ids.chunks(IDS_AT_ONCE).map(|ids| {
            let ids: Vec<String> = ids
                .iter()
                .map(|id| match id.parse::<u64>() {
                    Ok(number) => number.to_string(),
                    Err(_) => dialect.literal(id),
                })
                .collect();
            let ids = ids.join(", ");
            match deletes {
                Deletes::Hard => format!("DELETE FROM {table} WHERE {key} IN ({ids})"),
                Deletes::Soft | Deletes::Off => format!(
                    "UPDATE {table} SET {DELETED_AT} = {} WHERE {DELETED_AT} IS NULL AND {key} IN ({ids})",
                    dialect.moment(at)
                ),
            }
        });
        let statements = statements.collect();
        self.commit(statements)
    }
}
