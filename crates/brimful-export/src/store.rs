//! Stores, and the texts that name them: `sqlite:portal.db`, `postgres://user@host/db`, `mysql://user@host/db`,
//! `clickhouse://user@host:8123/db`, `duckdb:portal.duckdb`, `adbc:DRIVER?uri=…`.

use crate::error::ExportError;
use crate::format::{DatasetPlace, PartitionBy};
use crate::schema::Plan;
use crate::sinks::StoreOptions;
#[cfg(feature = "adbc")]
use crate::sinks::adbc::{AdbcAddress, AdbcSink};
#[cfg(feature = "sync")]
use crate::sinks::{
    Dialect, StoreSink,
    owner::{self, StoredRun, WrittenList},
};
use crate::writer::RowWriter;

/// A database that rows can go to.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Store {
    /// A file of SQLite.
    Sqlite(std::path::PathBuf),
    /// A PostgreSQL server: its URL, which may have a password.
    Postgres(String),
    /// A MySQL or MariaDB server: its URL, which may have a password.
    Mysql(String),
    /// A ClickHouse server, spoken to over HTTP: its URL, which may have a password.
    Clickhouse(String),
    /// A file of DuckDB, whose library is loaded when the program runs.
    Duckdb(std::path::PathBuf),
    /// A database that has a driver of ADBC: the driver and its options, as `DRIVER?uri=…`, which may have a password.
    Adbc(String),
    /// A folder of Parquet files, on this machine or in storage that speaks the protocol of S3.
    Dataset {
        /// Where it is.
        place: DatasetPlace,
        /// By what rows are in folders of their own; `None`: all are in one.
        partition_by: Option<PartitionBy>,
    },
}

/// The beginnings of names of stores, and what they look like.
const KNOWN: &str = "sqlite:FILE, postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE, clickhouse://USER@HOST:8123/DATABASE, \
    duckdb:FILE, adbc:DRIVER?uri=ADDRESS, parquet:FOLDER and s3://BUCKET/PREFIX/";

impl Store {
    /// The file that the store is, where it is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match self {
            Self::Sqlite(path) | Self::Duckdb(path) => Some(path),
            _ => None,
        }
    }

    /// Whether a run replaces all rows of the run before, as one into a folder of Parquet files does.
    pub fn replaces_its_rows(&self) -> bool {
        matches!(self, Self::Dataset { .. })
    }

    /// Whether tables of the two would be the same ones: one file, or one database and schema, with any login.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// Where the tables are, without what differs from login to login.
    fn identity(&self) -> String {
        let of_path = |kind: &str, path: &std::path::Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let real = whole.canonicalize().ok().or_else(|| {
                // A file that is not there yet is in a folder that may be.
                let folder = whole.parent()?.canonicalize().ok()?;
                Some(folder.join(whole.file_name()?))
            });
            format!("{kind}:{}", real.unwrap_or(whole).display())
        };
        match self {
            Self::Sqlite(path) => of_path("sqlite", path),
            Self::Duckdb(path) => of_path("duckdb", path),
            Self::Dataset {
                place: DatasetPlace::Folder(path),
                ..
            } => of_path("parquet", path),
            Self::Dataset {
                place: DatasetPlace::S3(url),
                ..
            } => url.split('?').next().unwrap_or_default().to_owned() + &parameter(url, "endpoint"),
            Self::Adbc(text) => text.clone(),
            Self::Postgres(url) => {
                without_login("postgres", url, "5432") + &parameter(url, "options")
            }
            Self::Mysql(url) => without_login("mysql", url, "3306"),
            Self::Clickhouse(url) => without_login("clickhouse", url, "8123"),
        }
    }
}

/// The host, port and database of a URL.
fn without_login(scheme: &str, url: &str, usual_port: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let (host, database) = place.split_once('/').unwrap_or((place, ""));
    let usual = format!(":{usual_port}");
    let host = host.strip_suffix(&usual).unwrap_or(host).to_lowercase();
    format!("{scheme}://{host}/{database}")
}

/// What a URL says of one of its parameters.
fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut values = query.split('&').filter_map(|one| {
        let (key, value) = one.split_once('=')?;
        (key == name).then_some(value)
    });
    values
        .next_back()
        .map_or_else(String::new, |value| format!("?{value}"))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({self})")
    }
}

impl std::fmt::Display for Store {
    /// The name without its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Duckdb(path) => write!(f, "duckdb:{}", path.display()),
            Self::Adbc(text) => {
                let driver = text.split('?').next().unwrap_or_default();
                write!(f, "adbc:{driver}")
            }
            Self::Dataset { place, .. } => match place {
                DatasetPlace::Folder(path) => write!(f, "parquet:{}", path.display()),
                DatasetPlace::S3(url) => f.write_str(&without_password(url)),
            },
            Self::Postgres(url) | Self::Mysql(url) | Self::Clickhouse(url) => {
                f.write_str(&without_password(url))
            }
        }
    }
}

/// A URL without its password and without its parameters, one of which may be a password.
fn without_password(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return "the store".to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

impl std::str::FromStr for Store {
    type Err = ExportError;

    fn from_str(text: &str) -> Result<Self, ExportError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(ExportError::Name(
                    "sqlite: has no file; write it as sqlite:portal.db".to_owned(),
                ));
            }
            return available(
                Self::Sqlite(path.into()),
                "sqlite",
                cfg!(feature = "sqlite"),
            );
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let store = Self::Postgres(text.to_owned());
            return available(store, "postgres", cfg!(feature = "postgres"));
        }
        if text.starts_with("mysql://") || text.starts_with("mariadb://") {
            let store = Self::Mysql(text.to_owned());
            return available(store, "mysql", cfg!(feature = "mysql"));
        }
        if text.starts_with("clickhouse://") {
            let store = Self::Clickhouse(text.to_owned());
            return available(store, "clickhouse", cfg!(feature = "clickhouse"));
        }
        if let Some(path) = text.strip_prefix("duckdb:") {
            if path.is_empty() {
                return Err(ExportError::Name(
                    "duckdb: has no file; write it as duckdb:portal.duckdb".to_owned(),
                ));
            }
            return available(Self::Duckdb(path.into()), "adbc", cfg!(feature = "adbc"));
        }
        if let Some(driver) = text.strip_prefix("adbc:") {
            #[cfg(feature = "adbc")]
            AdbcAddress::parse(driver)?;
            let store = Self::Adbc(driver.to_owned());
            return available(store, "adbc", cfg!(feature = "adbc"));
        }
        if let Some(path) = text.strip_prefix("parquet:") {
            if path.is_empty() {
                return Err(ExportError::Name(
                    "parquet: has no folder; write it as parquet:deals/".to_owned(),
                ));
            }
            let place = DatasetPlace::Folder(path.into());
            return available(dataset(place), "parquet", cfg!(feature = "parquet"));
        }
        if text.starts_with("s3://") {
            let place = DatasetPlace::S3(text.to_owned());
            return available(dataset(place), "s3", cfg!(feature = "s3"));
        }
        // It may have a password that is meant for another store.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(ExportError::Name(format!(
            "{scheme} is not a known store; there are {KNOWN}"
        )))
    }
}

fn dataset(place: DatasetPlace) -> Store {
    Store::Dataset {
        place,
        partition_by: None,
    }
}

fn available(store: Store, feature: &'static str, is: bool) -> Result<Store, ExportError> {
    if is {
        return Ok(store);
    }
    Err(ExportError::NotBuilt {
        name: store.to_string(),
        feature,
    })
}

impl Store {
    /// Has rows in folders of their own. Fails if it is not a folder of Parquet files.
    pub fn partitioned(self, by: PartitionBy) -> Result<Self, ExportError> {
        match self {
            Self::Dataset { place, .. } => Ok(Self::Dataset {
                place,
                partition_by: Some(by),
            }),
            other => Err(ExportError::Name(format!(
                "{other} has no folders to partition rows into; parquet:FOLDER and s3://BUCKET/PREFIX/ have"
            ))),
        }
    }

    /// Keeps its tables in a schema of their own, which is made if there is none. Fails for what has no schemas, and for a
    /// name that is not one of small letters, digits and `_`.
    pub fn in_schema(self, schema: &str) -> Result<Self, ExportError> {
        let is_word = schema
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && schema.starts_with(|c: char| c.is_ascii_lowercase());
        if !is_word || schema.len() > 60 {
            return Err(ExportError::Name(format!(
                "{schema:?} is not a name for a schema; it takes small letters, digits and _, begins with a letter, and has at \
                 most 60 characters"
            )));
        }
        match self {
            Self::Postgres(url) => {
                let sign = if url.contains('?') { '&' } else { '?' };
                Ok(Self::Postgres(format!(
                    "{url}{sign}options=-csearch_path%3D{schema}"
                )))
            }
            other => Err(ExportError::Name(format!(
                "{other} has no schemas; PostgreSQL has, and elsewhere each portal has a store of its own"
            ))),
        }
    }

    /// The store and the table that a name stands for: in PostgreSQL `sales.deals` is the table `deals` of the schema
    /// `sales`. Fails where that is not the name of a schema.
    pub fn with_table(self, name: String) -> Result<(Self, String), ExportError> {
        match name.split_once('.') {
            Some((schema, table)) if matches!(self, Self::Postgres(_)) && !table.is_empty() => {
                let store = self.in_schema(&schema.to_lowercase())?;
                Ok((store, table.to_owned()))
            }
            _ => Ok((self, name)),
        }
    }

    /// Connects to the store. Waits for the network, so an asynchronous program calls it where it may block.
    /// [`RowWriter::resumed`] tells with which row the run begins.
    pub fn open(&self, options: StoreOptions, plan: Plan) -> Result<RowWriter, ExportError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => {
                let sink = crate::sinks::sqlite::SqliteSink::open(path, options)?;
                self.owned(sink, plan)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                let name = self.to_string();
                let sink = crate::sinks::postgres::PostgresSink::open(url, name, options)?;
                self.owned(sink, plan)
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(url) => {
                let sink = crate::sinks::mysql::MysqlSink::open(url, self.to_string(), options)?;
                self.owned(sink, plan)
            }
            #[cfg(feature = "clickhouse")]
            Self::Clickhouse(url) => self.open_clickhouse(url, options, plan),
            #[cfg(feature = "adbc")]
            Self::Duckdb(path) => {
                let address = AdbcAddress::Duckdb(path.clone());
                let sink = AdbcSink::open(&address, self.to_string(), options)?;
                self.owned(sink, plan)
            }
            #[cfg(feature = "adbc")]
            Self::Adbc(text) => {
                let address = AdbcAddress::parse(text)?;
                let sink = AdbcSink::open(&address, self.to_string(), options)?;
                Ok(RowWriter::new(Box::new(sink), plan))
            }
            #[cfg(feature = "parquet")]
            Self::Dataset {
                place,
                partition_by,
            } => self.open_dataset(place, partition_by.clone(), options, plan),
            #[cfg(not(all(
                feature = "adbc",
                feature = "clickhouse",
                feature = "mysql",
                feature = "parquet",
                feature = "postgres",
                feature = "sqlite"
            )))]
            _ => {
                let _ = (options, plan);
                Err(ExportError::Name(format!(
                    "{self}: this build cannot write to it"
                )))
            }
        }
    }

    /// A writer into a table of a database, unless a sync or another list keeps its rows there.
    #[cfg(feature = "dialects")]
    fn owned<S: StoreSink + 'static>(
        &self,
        mut sink: S,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        check_owner(&mut sink, self)?;
        Ok(RowWriter::new(Box::new(sink), plan))
    }

    /// A writer into ClickHouse, which merges rows of a sync in another way than those of an export.
    #[cfg(feature = "clickhouse")]
    fn open_clickhouse(
        &self,
        url: &str,
        options: StoreOptions,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        use crate::sinks::clickhouse::{ClickhouseSink, synced::SyncedClickhouse};
        let name = self.to_string();
        if WrittenList::of_command(&options.command).is_some_and(|list| list.is_sync) {
            let sink = SyncedClickhouse::open(url, name, options)?;
            return Ok(RowWriter::new(Box::new(sink), plan));
        }
        let sink = ClickhouseSink::open(url, name, options)?;
        Ok(RowWriter::new(Box::new(sink), plan))
    }

    /// A writer into a folder of Parquet files. Those of a sync have their rows by ID.
    #[cfg(feature = "parquet")]
    fn open_dataset(
        &self,
        place: &DatasetPlace,
        partition_by: Option<PartitionBy>,
        options: StoreOptions,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        use crate::sinks::dataset::DatasetSink;
        let name = self.to_string();
        #[cfg(feature = "sync")]
        if WrittenList::of_command(&options.command).is_some_and(|list| list.is_sync) {
            use crate::sinks::dataset::synced::SyncedDataset;
            let sink = SyncedDataset::open(place, name, options)?;
            return Ok(RowWriter::new(Box::new(sink), plan));
        }
        let sink = DatasetSink::open(place, partition_by, name, options)?;
        Ok(RowWriter::new(Box::new(sink), plan))
    }
}

#[cfg(feature = "sync")]
impl Store {
    /// Connects to the store to look into it. A file of SQLite that is there is not written to.
    pub(crate) fn open_to_read(
        &self,
        options: StoreOptions,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) if path.exists() => {
                let sink = crate::sinks::sqlite::SqliteSink::open_to_read(path, options)?;
                Ok(RowWriter::new(Box::new(sink), plan))
            }
            _ => self.open(options, plan),
        }
    }

    /// Connects to the store to compare its rows with others, which are written to a table that is dropped afterwards:
    /// one in memory beside a file of SQLite.
    pub(crate) fn open_to_compare(
        &self,
        options: StoreOptions,
        plan: Plan,
    ) -> Result<RowWriter, ExportError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => {
                let sink = crate::sinks::sqlite::SqliteSink::open_to_compare(path, options)?;
                Ok(RowWriter::new(Box::new(sink), plan))
            }
            _ => self.open(options, plan),
        }
    }
}

#[cfg(feature = "sync")]
impl StoredRun {
    /// The last run that has written to the table.
    fn of(sink: &mut dyn StoreSink, dialect: Dialect) -> Result<Option<Self>, ExportError> {
        let table = sink.state().table.clone();
        let (rows, table_column) = (dialect.quoted("rows"), dialect.quoted("table"));
        let query = format!(
            "SELECT command, {rows}, last_id, finished FROM _brimful_state WHERE {table_column} = {}",
            dialect.literal(&table)
        );
        let mut found = None;
        sink.query(&query, &mut |row| {
            let text = |place: usize| row.get(place).cloned().flatten();
            found = text(0).map(|command| Self {
                command,
                rows: text(1).and_then(|rows| rows.parse().ok()).unwrap_or(0),
                can_be_resumed: text(2).is_some() && text(3).as_deref().is_some_and(owner::is_no),
            });
        })?;
        Ok(found)
    }
}

/// Refuses to write rows over those of another list or portal, and into a table that is kept in sync: its state would be
/// lost.
#[cfg(feature = "sync")]
#[cfg_attr(
    not(feature = "dialects"),
    expect(dead_code, reason = "ClickHouse looks for the owner itself")
)]
fn check_owner(sink: &mut dyn StoreSink, store: &Store) -> Result<(), ExportError> {
    let (table, command) = (sink.state().table.clone(), sink.state().command.clone());
    let Some(dialect) = sink.dialect() else {
        return Ok(());
    };
    let is_sync = WrittenList::of_command(&command).is_some_and(|ours| ours.is_sync);
    if is_sync || sink.state().resumed.is_some() {
        return Ok(());
    }
    let there = |sink: &mut dyn StoreSink, table: &str| {
        let mut exists = false;
        sink.query(&dialect.columns_of(table), &mut |_| exists = true)?;
        Ok::<_, ExportError>(exists)
    };
    if !there(sink, &table)? {
        return Ok(());
    }
    let stored = if there(sink, "_brimful_state")? {
        StoredRun::of(sink, dialect)?
    } else {
        None
    };
    let quoted = dialect.quoted(&table);
    let message = if let Some(stored) = stored {
        let drop = format!("drop it: DROP TABLE {quoted}");
        let problem = owner::problem(&table, &stored.command, &command, &drop);
        if problem.is_none() {
            owner::check_interrupted(sink.state(), &stored, &store.to_string())?;
        }
        problem
    } else {
        let mut has_rows = false;
        let query = format!("SELECT 1 FROM {quoted} LIMIT 1");
        sink.query(&query, &mut |_| has_rows = true)?;
        let rename = dialect.rename(&table);
        has_rows.then(|| owner::problem_of_strange_table(&table, &rename))
    };
    match message {
        Some(message) => Err(ExportError::UnfitTable {
            store: store.to_string(),
            message,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_shown_without_its_password() {
        let store = Store::Postgres("postgres://me:s3cret@host:5433/db?password=s3cret".to_owned());
        assert_eq!(store.to_string(), "postgres://me@host:5433/db");
        assert!(!format!("{store:?}").contains("s3cret"));
    }

    #[cfg(all(feature = "postgres", feature = "sqlite"))]
    #[test]
    fn a_store_is_the_same_with_any_login_and_any_spelling_of_its_path() {
        let store = |text: &str| text.parse::<Store>().unwrap();
        let same = |a: &str, b: &str| store(a).is_same(&store(b));
        assert!(same("sqlite:portal.db", "sqlite:./portal.db"));
        assert!(!same("sqlite:portal.db", "sqlite:other.db"));
        assert!(same(
            "postgres://me:s3cret@host/bi",
            "postgresql://you@HOST:5432/bi?sslmode=require"
        ));
        assert!(!same("postgres://me@host/bi", "postgres://me@host:5433/bi"));
        assert!(!same("postgres://me@host/bi", "postgres://me@host/bj"));
        let bi = store("postgres://me@host/bi");
        let in_schema = |name: &str| bi.clone().in_schema(name).unwrap();
        assert!(in_schema("moscow").is_same(&in_schema("moscow")));
        assert!(!in_schema("moscow").is_same(&in_schema("kazan")));
        assert!(!in_schema("moscow").is_same(&bi));
    }

    #[cfg(all(feature = "postgres", feature = "sqlite"))]
    #[test]
    fn a_table_of_postgresql_may_be_named_with_its_schema() {
        let store = |text: &str| text.parse::<Store>().unwrap();
        let named = |text: &str, table: &str| store(text).with_table(table.to_owned());
        let (sales, table) = named("postgres://me@host/bi", "Sales.deals").unwrap();
        assert_eq!(table, "deals");
        let schema = store("postgres://me@host/bi").in_schema("sales").unwrap();
        assert!(sales.is_same(&schema));
        assert!(named("postgres://me@host/bi", "a b.deals").is_err());
        let (_, table) = named("sqlite:portal.db", "sales.deals").unwrap();
        assert_eq!(table, "sales.deals");
    }

    #[test]
    fn an_unknown_store_is_refused_with_those_that_are_known() {
        let error = "mongodb://me:s3cret@host"
            .parse::<Store>()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sqlite:FILE") && !error.contains("s3cret"),
            "{error}"
        );
        assert!("sqlite:".parse::<Store>().is_err());
    }
}
