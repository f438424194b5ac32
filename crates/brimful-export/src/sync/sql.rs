//! Tables that are kept in sync in databases with SQL and transactions: SQLite, PostgreSQL, MySQL and MariaDB, DuckDB.

#![cfg_attr(
    not(feature = "dialects"),
    allow(
        unused,
        unreachable_code,
        reason = "ClickHouse alone has no dialect of this kind"
    )
)]

use super::state::PortalTime;
use super::table::{StoredLabel, StoredTable, StoredWithRows, TableStore};
use super::{Deletes, SyncError};
use crate::error::ExportError;
use crate::sinks::{DELETED_AT, Dialect, StoreSink};
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
                "tables can be kept in sync in SQLite, PostgreSQL, MySQL and MariaDB, ClickHouse, DuckDB, and folders of Parquet files"
                    .to_owned(),
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
        if self.columns_of(LOADED)?.is_empty() {
            // Not everyone who may make tables may make views, and a sync can do without.
            let _ = self.run(&self.dialect.view_of_loaded());
        }
        Ok(())
    }
}

pub(crate) const STATE: &str = "_brimful_state";
pub(crate) const COVERAGE: &str = "_brimful_coverage";
pub(crate) const ERRORS: &str = "_brimful_errors";
/// The view of what is loaded, a row for each table.
const LOADED: &str = "_brimful_loaded";

impl Dialect {
    /// A moment as columns of moments take it.
    pub(crate) fn moment(self, time: PortalTime) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => self.literal(&time.to_string()),
            #[cfg(feature = "postgres")]
            Self::Postgres => self.literal(&time.to_string()),
            #[cfg(feature = "mysql")]
            Self::Mysql => self.literal(time.utc().replace(['T', 'Z'], " ").trim_end()),
            #[cfg(feature = "adbc")]
            Self::Duckdb => self.literal(&time.to_string()),
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => "VARCHAR",
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => "VARCHAR",
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => "TIMESTAMP WITH TIME ZONE",
        }
    }

    /// Whether its tables have primary keys.
    fn has_keys(self) -> bool {
        match self {
            #[cfg(feature = "adbc")]
            Self::Duckdb => false,
            #[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
            _ => true,
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
        }
    }

    fn own_tables(self) -> [String; 3] {
        let (table, rows) = (self.quoted("table"), self.quoted("rows"));
        let (short, long, at) = (self.short_text(), self.long_text(), self.written_at());
        let moment = self.moment_type();
        let (at_column, value) = (self.quoted("at"), self.quoted("value"));
        // DuckDB takes a row that is deleted and inserted in one transaction for one that is there twice.
        let (key, keys, truth) = if self.has_keys() {
            (
                "PRIMARY KEY",
                format!(", PRIMARY KEY ({table}, what)"),
                "BOOLEAN",
            )
        } else {
            ("", String::new(), "INTEGER")
        };
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {STATE} ({table} {short} NOT NULL {key}, command {long} NOT NULL, \
                 {rows} BIGINT NOT NULL, last_id BIGINT, finished {truth} NOT NULL, {at_column} {at}, sync {long})"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {COVERAGE} ({table} {short} NOT NULL, what {short} NOT NULL, entity {short} NOT \
                 NULL, id_from BIGINT, id_to BIGINT, time_from {moment}, time_to {moment}, {rows} BIGINT NOT NULL, {at_column} {at}{keys})"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {ERRORS} ({table} {short} NOT NULL, id {short}, field {long} NOT NULL, \
                 {value} {long}, reason {long}, {at_column} {at})"
            ),
        ]
    }

    /// The statement that makes the view of what is loaded: queries tell by it a day without rows from one that is not
    /// loaded.
    fn view_of_loaded(self) -> String {
        let create = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "CREATE VIEW IF NOT EXISTS",
            #[cfg(any(feature = "adbc", feature = "mysql", feature = "postgres"))]
            _ => "CREATE OR REPLACE VIEW",
        };
        let table = self.quoted("table");
        let highest =
            |column: &str, what: &str| format!("max(CASE WHEN what IN ({what}) THEN {column} END)");
        format!(
            "{create} {LOADED} AS SELECT {table}, entity, {} AS id_from, {} AS id_to, {} AS in_full_at, {} AS changes_until, \
             {} AS deletes_until FROM {COVERAGE} GROUP BY {table}, entity",
            highest("id_from", "'rows'"),
            highest("id_to", "'rows'"),
            highest("time_to", "'rows'"),
            highest("time_to", "'rows', 'changes'"),
            highest("time_to", "'deletes'"),
        )
    }

    /// The declared type of a column.
    fn type_of(self, table: &str, column: &str) -> String {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!(
                "SELECT type FROM pragma_table_info({}) WHERE lower(name) = {}",
                self.literal(table),
                self.literal(&column.to_lowercase())
            ),
            #[cfg(feature = "postgres")]
            Self::Postgres => format!(
                "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = to_regclass({}) AND attname = {}",
                self.literal(&self.quoted(table)),
                self.literal(&column.to_lowercase())
            ),
            #[cfg(feature = "mysql")]
            Self::Mysql => format!(
                "SELECT data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {} AND \
                 column_name = {}",
                self.literal(table),
                self.literal(column)
            ),
            #[cfg(feature = "adbc")]
            Self::Duckdb => format!(
                "SELECT data_type FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = \
                 current_schema() AND lower(table_name) = lower({}) AND lower(column_name) = lower({})",
                self.literal(table),
                self.literal(column)
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => format!("{a} IS DISTINCT FROM {b}"),
        }
    }

    /// Whether two values of a column of moments differ. SQLite has them as texts with the offset of the portal, and a
    /// portal may have moved to another zone: the same moment is then another text.
    pub(crate) fn moments_differ(self, a: &str, b: &str) -> String {
        let differ = self.differ(a, b);
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => {
                let second = |text: &str| format!("strftime('%s', {text})");
                let (a, b) = (second(a), second(b));
                format!("({differ} AND ({a} IS NULL OR {a} IS NOT {b}))")
            }
            #[cfg(any(feature = "adbc", feature = "mysql", feature = "postgres"))]
            _ => differ,
        }
    }

    /// Writes a row of one of the own tables, in the place of the one with its key.
    #[cfg_attr(
        not(any(feature = "adbc", feature = "postgres")),
        expect(unused_variables, reason = "the others know the key of the table")
    )]
    fn put(self, table: &str, key: &[&str], columns: &[(&str, String)]) -> String {
        let names: Vec<String> = columns.iter().map(|(name, _)| self.quoted(name)).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let (names, values) = (names.join(", "), values.join(", "));
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
            #[cfg(feature = "adbc")]
            Self::Duckdb => {
                let of_key = columns.iter().filter(|(name, _)| key.contains(name));
                let of_key: Vec<String> = of_key
                    .map(|(name, value)| format!("{} = {value}", self.quoted(name)))
                    .collect();
                format!(
                    "DELETE FROM {table} WHERE {};\nINSERT INTO {table} ({names}) VALUES ({values})",
                    of_key.join(" AND ")
                )
            }
        }
    }
}

/// The table of an entity in a database.
pub(super) struct SqlTable<'s> {
    sql: SqlStore<'s>,
    table: String,
    /// The column with the ID, and in quotes.
    id_field: String,
    key: String,
}

impl<'s> SqlTable<'s> {
    pub(super) fn of(writer: &'s mut RowWriter, id_field: &str) -> Result<Self, SyncError> {
        let sql = SqlStore::of(writer)?;
        Ok(Self {
            table: sql.sink.state().table.clone(),
            id_field: id_field.to_owned(),
            key: sql.dialect.quoted(id_field),
            sql,
        })
    }

    fn of_table(&self) -> String {
        let dialect = self.sql.dialect;
        let (column, table) = (dialect.quoted("table"), dialect.literal(&self.table));
        format!("{column} = {table}")
    }

    fn quoted(&self) -> String {
        self.sql.dialect.quoted(&self.table)
    }

    fn state_statement(&self, beside: &StoredWithRows<'_>) -> Result<String, ExportError> {
        let dialect = self.sql.dialect;
        let state = serde_json::to_string(beside.state)?;
        let last_id = beside.state.reading.as_ref().map(|reading| reading.after);
        let finished = if last_id.is_none() { "TRUE" } else { "FALSE" };
        Ok(dialect.put(
            STATE,
            &["table"],
            &[
                ("table", dialect.literal(&self.table)),
                ("command", dialect.literal(beside.command)),
                ("rows", beside.state.rows.to_string()),
                ("last_id", or_null(last_id)),
                ("finished", finished.to_owned()),
                ("sync", dialect.literal(&state)),
            ],
        ))
    }

    fn coverage_statement(&self, beside: &StoredWithRows<'_>) -> Option<String> {
        let (dialect, coverage) = (self.sql.dialect, beside.coverage?);
        let from = coverage.from.map(|time| dialect.moment(time));
        Some(dialect.put(
            COVERAGE,
            &["table", "what"],
            &[
                ("table", dialect.literal(&self.table)),
                ("what", dialect.literal(coverage.what.name())),
                ("entity", dialect.literal(beside.entity)),
                ("id_from", or_null(coverage.ids.map(|(from, _)| from))),
                ("id_to", or_null(coverage.ids.map(|(_, to)| to))),
                ("time_from", or_null(from)),
                ("time_to", dialect.moment(coverage.to)),
                ("rows", coverage.rows.to_string()),
            ],
        ))
    }

    /// Whether the column of the IDs has whole numbers: a server compares texts with numbers slowly, or not at all.
    fn key_is_number(&mut self) -> Result<bool, ExportError> {
        let query = self.sql.dialect.type_of(&self.table, &self.id_field);
        let kinds: Vec<String> = self.sql.column(&query)?;
        Ok(kinds.iter().any(|kind| kind.to_lowercase().contains("int")))
    }

    fn delete_statements(
        &mut self,
        beside: &StoredWithRows<'_>,
    ) -> Result<Vec<String>, ExportError> {
        let Some(gone) = &beside.gone else {
            return Ok(Vec::new());
        };
        let is_number = self.key_is_number()?;
        let (table, key, dialect) = (self.quoted(), &self.key, self.sql.dialect);
        let statements = gone.ids.chunks(IDS_AT_ONCE).map(|ids| {
            let ids: Vec<String> = ids
                .iter()
                .map(|id| match id.parse::<i64>() {
                    Ok(number) if is_number => number.to_string(),
                    _ => dialect.literal(id),
                })
                .collect();
            let ids = ids.join(", ");
            match gone.deletes {
                Deletes::Hard => format!("DELETE FROM {table} WHERE {key} IN ({ids})"),
                Deletes::Soft | Deletes::Off => format!(
                    "UPDATE {table} SET {DELETED_AT} = {} WHERE {DELETED_AT} IS NULL AND {key} IN ({ids})",
                    dialect.moment(gone.at)
                ),
            }
        });
        Ok(statements.collect())
    }
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
}

impl TableStore for SqlTable<'_> {
    fn prepare(&mut self) -> Result<(), SyncError> {
        Ok(self.sql.prepare()?)
    }

    fn stored(&mut self) -> Result<StoredTable, SyncError> {
        let columns = self.sql.columns_of(&self.table)?;
        let of_table = self.of_table();
        let query = format!("SELECT command, sync FROM {STATE} WHERE {of_table}");
        let mut stored = StoredTable {
            exists: !columns.is_empty(),
            columns: Some(columns),
            ..StoredTable::default()
        };
        let known = self.sql.columns_of(STATE)?;
        if !known.iter().any(|column| column == "sync") {
            return Ok(stored);
        }
        if let Some(row) = self.sql.rows(&query)?.into_iter().next() {
            let mut values = row.into_iter();
            stored.command = values.next().flatten();
            stored.state = values.next().flatten();
        }
        if stored.exists && stored.command.is_none() {
            let query = format!("SELECT 1 FROM {} LIMIT 1", self.quoted());
            stored.has_strange_rows = !self.sql.rows(&query)?.is_empty();
        }
        let query = format!("SELECT count(*) FROM {ERRORS} WHERE {of_table}");
        let errors: Vec<u64> = self.sql.column(&query)?;
        stored.has_errors = errors.first().is_some_and(|count| *count > 0);
        Ok(stored)
    }

    fn how_to_empty(&self) -> String {
        format!(
            "DROP TABLE {}; DELETE FROM {STATE} WHERE {}",
            self.table,
            self.of_table()
        )
    }

    fn how_to_move(&self) -> String {
        self.sql.dialect.rename(&self.table)
    }

    fn put_beside(&mut self, beside: &StoredWithRows<'_>) -> Result<(), SyncError> {
        let mut statements = self.delete_statements(beside)?;
        statements.extend(self.coverage_statement(beside));
        statements.push(self.state_statement(beside)?);
        if let Some(sync) = &mut self.sql.sink.state_mut().sync {
            sync.statements = statements;
        }
        Ok(())
    }

    fn forget_errors(&mut self, ids: &[String], without_id: bool) -> Result<(), SyncError> {
        if without_id {
            let of_table = self.of_table();
            self.sql.run(&format!(
                "DELETE FROM {ERRORS} WHERE {of_table} AND id IS NULL"
            ))?;
        }
        for ids in ids.chunks(IDS_AT_ONCE) {
            let ids: Vec<String> = ids.iter().map(|id| self.sql.dialect.literal(id)).collect();
            let statement = format!(
                "DELETE FROM {ERRORS} WHERE {} AND id IN ({})",
                self.of_table(),
                ids.join(", ")
            );
            self.sql.run(&statement)?;
        }
        Ok(())
    }

    fn labels(&mut self) -> Result<Vec<StoredLabel>, SyncError> {
        let table = format!("{}_labels", self.table);
        if self.sql.columns_of(&table)?.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.sql.dialect.quoted(&table);
        let rows = self.sql.rows(&format!(
            "SELECT field, code, label FROM {table} ORDER BY field, code"
        ))?;
        let labels = rows.into_iter().filter_map(|row| {
            let label: Vec<String> = row.into_iter().flatten().collect();
            label.try_into().ok()
        });
        Ok(labels.collect())
    }

    fn count(&mut self) -> Result<u64, SyncError> {
        let table = self.quoted();
        let query = format!("SELECT count(*) FROM {table} WHERE {DELETED_AT} IS NULL");
        let counts: Vec<u64> = self.sql.column(&query)?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        let (key, table) = (&self.key, self.quoted());
        let query = format!("SELECT {key} FROM {table} WHERE {DELETED_AT} IS NULL ORDER BY {key}");
        self.sql.sink.query(&query, &mut |row| {
            if let Some(Some(id)) = row.first() {
                take(id);
            }
        })?;
        Ok(())
    }

    fn column_with_ids(
        &mut self,
        column: &str,
        take: &mut dyn FnMut(u64, u64),
    ) -> Result<(), SyncError> {
        let (key, table, column) = (&self.key, self.quoted(), self.sql.dialect.quoted(column));
        let query = format!(
            "SELECT {column}, {key} FROM {table} WHERE {DELETED_AT} IS NULL ORDER BY {key}"
        );
        self.sql.sink.query(&query, &mut |row| {
            let number = |place: usize| row.get(place)?.as_ref()?.parse::<u64>().ok();
            if let (Some(value), Some(id)) = (number(0), number(1)) {
                take(value, id);
            }
        })?;
        Ok(())
    }

    fn deleted_ids(&mut self, most: usize, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        let (key, table) = (&self.key, self.quoted());
        let query = format!(
            "SELECT {key} FROM {table} WHERE {DELETED_AT} IS NOT NULL ORDER BY {key} DESC LIMIT {most}"
        );
        self.sql.sink.query(&query, &mut |row| {
            if let Some(Some(id)) = row.first() {
                take(id);
            }
        })?;
        Ok(())
    }

    fn highest_id(&mut self) -> Result<u64, SyncError> {
        let query = format!("SELECT max({}) FROM {}", self.key, self.quoted());
        let found: Vec<u64> = self.sql.column(&query)?;
        Ok(found.first().copied().unwrap_or(0))
    }
}
