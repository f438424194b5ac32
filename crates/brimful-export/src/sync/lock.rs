//! One sync at a time into a store. The lock ends with its process, however that ends; that of a server is taken again
//! where the connection was lost.

#![cfg_attr(
    not(feature = "dialects"),
    allow(
        unused,
        unreachable_code,
        reason = "ClickHouse alone has no dialect of this kind"
    )
)]

#[cfg(any(feature = "adbc", feature = "parquet", feature = "sqlite"))]
use std::path::Path;
#[cfg(any(feature = "adbc", feature = "sqlite"))]
use std::path::PathBuf;

use parking_lot::Mutex;

use super::SyncError;
use super::in_thread::blocking;
use super::sql::SqlStore;
#[cfg(any(feature = "adbc", feature = "parquet", feature = "sqlite"))]
use crate::error::ExportError;
#[cfg(feature = "parquet")]
use crate::format::DatasetPlace;
use crate::schema::Plan;
use crate::sinks::{Dialect, StoreOptions};
use crate::store::Store;
use crate::writer::RowWriter;

/// Holds a store until it is dropped. Everything that writes has a share of it: a run that is broken off may still be
/// writing.
#[derive(Default)]
pub(crate) struct StoreLock {
    #[cfg(any(feature = "adbc", feature = "parquet", feature = "sqlite"))]
    _file: Option<std::fs::File>,
    #[cfg(feature = "clickhouse")]
    lease: Option<super::clickhouse::Lease>,
    #[cfg(feature = "dialects")]
    in_server: Option<Mutex<ServerLock>>,
}

impl StoreLock {
    /// Whether the store is still held.
    ///
    /// # Errors
    /// It is not: the store may take this run for one that was killed.
    pub(crate) fn check(&self) -> Result<(), SyncError> {
        #[cfg(feature = "clickhouse")]
        if let Some(lease) = &self.lease {
            return lease.check();
        }
        #[cfg(feature = "dialects")]
        if let Some(lock) = &self.in_server {
            return lock.lock().take();
        }
        Ok(())
    }

    /// Lets go of the store. The server of a database may notice only a moment later that a connection has ended, and the
    /// next run is not to wait for that.
    pub(crate) fn release(self) {
        #[cfg(feature = "dialects")]
        if let Some(lock) = self.in_server {
            lock.into_inner().release();
        }
    }

    #[cfg(any(feature = "adbc", feature = "parquet", feature = "sqlite"))]
    fn of_file(file: Option<std::fs::File>) -> Self {
        Self {
            _file: file,
            ..Self::default()
        }
    }
}

/// Takes the lock of a store.
///
/// # Errors
/// Another run has it, or the store cannot be reached.
pub(crate) async fn acquire(store: &Store, tables: Vec<String>) -> Result<StoreLock, SyncError> {
    let store = store.clone();
    blocking(move || take(&store, &tables)).await
}

#[cfg_attr(
    not(any(feature = "clickhouse", feature = "parquet")),
    expect(unused_variables, reason = "databases know their tables themselves")
)]
fn take(store: &Store, tables: &[String]) -> Result<StoreLock, SyncError> {
    match store {
        #[cfg(feature = "sqlite")]
        Store::Sqlite(path) => {
            crate::sinks::sqlite::check_is_file(path).map_err(SyncError::Store)?;
            check_has_one_name(store, path)?;
            Ok(StoreLock::of_file(Some(lock_beside(store, path)?)))
        }
        #[cfg(feature = "adbc")]
        Store::Duckdb(path) => {
            let file = lock_beside(store, path)?;
            // Entities that make the same tables at once fail one another.
            let mut writer = store.open(StoreOptions::default(), Plan::default())?;
            SqlStore::of(&mut writer)?.prepare()?;
            Ok(StoreLock::of_file(Some(file)))
        }
        #[cfg(feature = "parquet")]
        Store::Dataset { place, .. } => {
            let file = match place {
                DatasetPlace::Folder(path) => {
                    std::fs::create_dir_all(path).map_err(ExportError::from)?;
                    Some(lock_file(store, &path.join("_brimful.sync-lock"))?)
                }
                DatasetPlace::S3(_) => None,
            };
            crate::sinks::dataset::synced::note_tables(place, &store.to_string(), tables)?;
            Ok(StoreLock::of_file(file))
        }
        #[cfg(feature = "clickhouse")]
        Store::Clickhouse(url) => {
            let lease = super::clickhouse::Lease::take(url, store)?;
            // Entities that make the same tables at once fail one another.
            super::clickhouse::prepare(url, store, tables)?;
            Ok(StoreLock {
                lease: Some(lease),
                ..StoreLock::default()
            })
        }
        #[allow(
            unreachable_patterns,
            reason = "which stores there are is a matter of features"
        )]
        _ => lock_in_server(store),
    }
}

/// How often PostgreSQL is asked again for the lock, a tenth of a second apart. MySQL waits as long by itself.
#[cfg(feature = "postgres")]
const ATTEMPTS: u32 = 20;

/// A lock that the server of a database keeps for as long as the connection lasts.
#[cfg(feature = "dialects")]
struct ServerLock {
    writer: RowWriter,
    store: String,
    statements: LockStatements,
    is_held: bool,
}

/// How a server is asked for a lock. PostgreSQL has such locks per database; those of MySQL are for the whole server.
#[cfg(feature = "dialects")]
#[derive(Clone, Copy)]
struct LockStatements {
    /// Takes the lock, and says 1 if this connection has it, of whichever time.
    take: &'static str,
    /// Says who has it.
    holder: &'static str,
    release: &'static str,
}

#[cfg(feature = "dialects")]
impl LockStatements {
    /// `None` where a file is locked.
    fn of(dialect: Dialect) -> Option<Self> {
        match dialect {
            #[cfg(feature = "postgres")]
            Dialect::Postgres => Some(Self {
                take: "SELECT CASE WHEN pg_try_advisory_lock(hashtext('brimful sync ' || current_schema())) THEN 1 ELSE 0 END",
                holder: "SELECT 'process ' || l.pid || ' of the server, since ' || a.backend_start FROM pg_locks l JOIN \
                         pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND \
                         l.objid = (hashtext('brimful sync ' || current_schema())::bigint & 4294967295)::oid LIMIT 1",
                release: "SELECT pg_advisory_unlock_all()",
            }),
            #[cfg(feature = "mysql")]
            Dialect::Mysql => Some(Self {
                take: "SELECT CASE WHEN IS_USED_LOCK(CONCAT('brimful sync ', LEFT(DATABASE(), 50))) = CONNECTION_ID() THEN 1 \
                       ELSE GET_LOCK(CONCAT('brimful sync ', LEFT(DATABASE(), 50)), 2) END",
                holder: "SELECT CONCAT('connection ', IS_USED_LOCK(CONCAT('brimful sync ', LEFT(DATABASE(), 50))), ' of the server')",
                release: "SELECT RELEASE_LOCK(CONCAT('brimful sync ', LEFT(DATABASE(), 50)))",
            }),
            #[cfg(any(feature = "adbc", feature = "sqlite"))]
            _ => None,
        }
    }
}

#[cfg(feature = "dialects")]
impl ServerLock {
    /// Takes the lock, or makes sure that it is still there: a connection that was lost is made again, and has none then.
    /// A server may notice only a moment later that a run has ended, so a lock that is taken is asked for again.
    fn take(&mut self) -> Result<(), SyncError> {
        self.is_held = false;
        let mut sql = SqlStore::of(&mut self.writer)?;
        #[cfg(feature = "mysql")]
        if sql.dialect == Dialect::Mysql {
            // The connection says nothing for as long as the portal is read.
            sql.run("SET SESSION wait_timeout = 2147483")?;
        }
        if !is_granted(&mut sql, self.statements.take)? {
            let known = sql.rows(self.statements.holder).ok();
            let known = known.and_then(|rows| rows.first()?.first()?.clone());
            return Err(SyncError::Locked {
                store: self.store.clone(),
                holder: known.unwrap_or_else(|| "nothing is known of it".to_owned()),
            });
        }
        self.is_held = true;
        Ok(())
    }

    fn release(mut self) {
        // A server that could not be reached a moment ago is not waited for.
        if self.is_held
            && let Ok(mut sql) = SqlStore::of(&mut self.writer)
        {
            // The end of the connection does it too.
            let _ = sql.run(self.statements.release);
        }
    }
}

/// Takes a lock that the server of a database keeps.
fn lock_in_server(store: &Store) -> Result<StoreLock, SyncError> {
    let mut writer = store.open(StoreOptions::default(), Plan::default())?;
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_mut, reason = "only PostgreSQL is asked to make a schema")
    )]
    let mut sql = SqlStore::of(&mut writer)?;
    #[cfg(feature = "postgres")]
    if sql.dialect == Dialect::Postgres {
        make_schema(&mut sql)?;
    }
    #[cfg(feature = "dialects")]
    if let Some(statements) = LockStatements::of(sql.dialect) {
        let mut lock = ServerLock {
            writer,
            store: store.to_string(),
            statements,
            is_held: false,
        };
        lock.take()?;
        // Entities that make the same tables at once fail one another in PostgreSQL, IF NOT EXISTS or not.
        SqlStore::of(&mut lock.writer)?.prepare()?;
        return Ok(StoreLock {
            in_server: Some(Mutex::new(lock)),
            ..StoreLock::default()
        });
    }
    Ok(StoreLock::default())
}

/// Asks for a lock, and again for a while if another run has it.
#[cfg(feature = "dialects")]
fn is_granted(sql: &mut SqlStore<'_>, ask: &str) -> Result<bool, SyncError> {
    #[cfg(feature = "postgres")]
    if sql.dialect == Dialect::Postgres {
        for _ in 0..ATTEMPTS {
            if sql.column::<u8>(ask)?.first() == Some(&1) {
                return Ok(true);
            }
            sql.run("SELECT pg_sleep(0.1)")?;
        }
    }
    Ok(sql.column::<u8>(ask)?.first() == Some(&1))
}

/// Makes the schema that the tables are to be in, if the store names one and it is not there.
#[cfg(feature = "postgres")]
fn make_schema(sql: &mut SqlStore<'_>) -> Result<(), SyncError> {
    let missing = "SELECT current_setting('search_path') WHERE current_schema() IS NULL AND current_setting('search_path') ~ '^[a-z0-9_]+$'";
    if let Some(Some(schema)) = sql.rows(missing)?.first().and_then(|row| row.first()) {
        sql.run(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
    }
    Ok(())
}

/// The file that a path leads to, which need not be there yet.
#[cfg(any(feature = "adbc", feature = "sqlite"))]
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as systems follow.
    for _ in 0..40 {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let Ok(target) = std::fs::read_link(&path) else {
            let real = folder.canonicalize().ok();
            let named = real.and_then(|real| Some(real.join(path.file_name()?)));
            return named.unwrap_or(path);
        };
        path = folder.join(target);
    }
    path
}

/// Locks the file beside that of a database, by whatever links it is named.
#[cfg(any(feature = "adbc", feature = "sqlite"))]
fn lock_beside(store: &Store, path: &Path) -> Result<std::fs::File, SyncError> {
    let mut name = behind_links(path).into_os_string();
    name.push(".sync-lock");
    lock_file(store, &PathBuf::from(name))
}

/// Refuses a file with two names (hard links): the log of SQLite and the lock stand beside one of them, and who comes by
/// the other one sees neither.
#[cfg(feature = "sqlite")]
#[cfg_attr(
    not(unix),
    expect(unused_variables, reason = "other systems do not tell")
)]
fn check_has_one_name(store: &Store, path: &Path) -> Result<(), SyncError> {
    #[cfg(unix)]
    if let Ok(about) = std::fs::metadata(path)
        && std::os::unix::fs::MetadataExt::nlink(&about) > 1
    {
        let file = path.display();
        return Err(SyncError::Usage(format!(
            "{store}: the file has several names (hard links), and SQLite keeps its log beside one of them, so writing by two \
             names would damage it. Give it one: cp '{file}' '{file}.copy' && mv '{file}.copy' '{file}'"
        )));
    }
    Ok(())
}

/// Locks a file that is there for nothing else: SQLite has locks of its own on its file.
#[cfg(any(feature = "adbc", feature = "parquet", feature = "sqlite"))]
fn lock_file(store: &Store, path: &Path) -> Result<std::fs::File, SyncError> {
    use std::fs::TryLockError;
    use std::io::{Read, Seek, Write};

    let failed = |error: std::io::Error| {
        SyncError::Store(ExportError::Store {
            store: store.to_string(),
            message: format!("{}: {error}", path.display()),
        })
    };
    let mut file = std::fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // It is only for people.
            let _ = file.read_to_string(&mut holder);
            return Err(SyncError::Locked {
                store: store.to_string(),
                holder: if holder.is_empty() {
                    "nothing is known of it".to_owned()
                } else {
                    holder
                },
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let holder = format!("process {}", std::process::id());
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()));
    written.map_err(failed)?;
    Ok(file)
}
