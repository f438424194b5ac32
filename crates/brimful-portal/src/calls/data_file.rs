//! The file that keeps the data: SQLite, written by a thread of its own.
//!
//! What calls have changed is put into a queue while the data are locked, so it is written in the order in which it
//! happened. The thread writes all that waits in one transaction, and says how far it is; replies wait for that.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, MAIN_DB, params};
use tokio::sync::watch;

use crate::data::DataError;
use crate::data::stored::StoredRow;

/// How a file of ours is told from another database: `brim`.
const APPLICATION: i64 = 0x6272_696d;
/// The version of the tables.
const VERSION: i64 = 1;
/// So many rows go into one transaction at most, so that nobody waits too long for it.
const MOST_AT_ONCE: usize = 20_000;

const TABLES: &str = "CREATE TABLE IF NOT EXISTS rows (
    store TEXT NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (store, id)
) WITHOUT ROWID";

/// What the thread has to do.
enum Work {
    Rows(u64, Vec<StoredRow>),
    /// These rows and no others.
    Whole(u64, Vec<StoredRow>),
}

/// How far the file is.
#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    failure: Option<String>,
}

/// The file of a portal.
#[derive(Debug)]
pub(crate) struct DataFile {
    queue: Mutex<Option<Sender<Work>>>,
    /// The number of what was put into the queue last.
    last: AtomicU64,
    progress: watch::Receiver<Progress>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl DataFile {
    /// Opens or makes a file, and reads what it has.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<StoredRow>), DataError> {
        let shown = path.display();
        let failed = |error: rusqlite::Error| {
            let is_busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
            DataError::File(if is_busy {
                format!("{shown} is open in another program: end that one, or take another file")
            } else {
                format!("could not open {shown}: {error}")
            })
        };
        let connection = Connection::open(path).map_err(failed)?;
        // One portal writes a file, and another one need not wait for it.
        connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(failed)?;
        check(&connection, &shown.to_string()).map_err(failed)??;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        // A transaction is on the disk when it is committed.
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(failed)?;
        prepare(&connection).map_err(failed)?;
        let rows = read(&connection).map_err(failed)?;
        let (queue, work) = channel();
        let (tell, progress) = watch::channel(Progress::default());
        let thread = std::thread::Builder::new()
            .name("portal-data".to_owned())
            .spawn(move || write_all(connection, &work, &tell))
            .map_err(|error| DataError::File(format!("could not write {shown}: {error}")))?;
        let file = Self {
            queue: Mutex::new(Some(queue)),
            last: AtomicU64::new(0),
            progress,
            thread: Mutex::new(Some(thread)),
        };
        Ok((file, rows))
    }

    /// Has rows written, after all that waits.
    pub(crate) fn write(&self, rows: Vec<StoredRow>) {
        if !rows.is_empty() {
            self.enqueue(|number| Work::Rows(number, rows));
        }
    }

    /// Has these rows written in the place of all others.
    pub(crate) fn replace(&self, rows: Vec<StoredRow>) {
        self.enqueue(|number| Work::Whole(number, rows));
    }

    fn enqueue(&self, work: impl FnOnce(u64) -> Work) {
        let queue = self.queue.lock();
        let number = self.last.load(Ordering::Acquire) + 1;
        self.last.store(number, Ordering::Release);
        if let Some(queue) = &*queue {
            // The thread lives as long as the queue, unless it has failed, and then it says so.
            let _ = queue.send(work(number));
        }
    }

    /// Waits until all that was put into the queue is on the disk; the text of a failure if it can't be.
    pub(crate) async fn durable(&self) -> Result<(), String> {
        let number = self.last.load(Ordering::Acquire);
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|progress| progress.written >= number || progress.failure.is_some())
            .await;
        match reached {
            Ok(progress) if progress.written >= number => Ok(()),
            Ok(progress) => Err(progress.failure.clone().unwrap_or_default()),
            Err(_) => Err("the file is closed".to_owned()),
        }
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        // What waits is written before the file is closed.
        drop(self.queue.lock().take());
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}

/// A file with these rows, as bytes.
pub(crate) fn bytes(rows: &[StoredRow]) -> Result<Vec<u8>, String> {
    let written = || -> rusqlite::Result<Vec<u8>> {
        let mut connection = Connection::open_in_memory()?;
        prepare(&connection)?;
        let transaction = connection.transaction()?;
        put(&transaction, rows)?;
        transaction.commit()?;
        Ok(connection.serialize(MAIN_DB)?.to_vec())
    };
    written().map_err(|error| error.to_string())
}

/// Refuses a database of something else.
fn check(connection: &Connection, shown: &str) -> rusqlite::Result<Result<(), DataError>> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(Ok(()));
    }
    if number("application_id")? != APPLICATION {
        let why = format!("{shown} is a database of something else: take another file");
        return Ok(Err(DataError::File(why)));
    }
    if number("user_version")? > VERSION {
        let why = format!("{shown} was written by a newer version of the portal: take that one");
        return Ok(Err(DataError::File(why)));
    }
    Ok(Ok(()))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch(TABLES)
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<StoredRow>> {
    let mut select = connection.prepare("SELECT store, id, body FROM rows ORDER BY store, id")?;
    let rows = select.query_map([], |row| {
        Ok(StoredRow {
            store: row.get(0)?,
            id: row.get::<_, i64>(1)?.cast_unsigned(),
            body: Some(row.get(2)?),
        })
    })?;
    rows.collect()
}

fn put(connection: &Connection, rows: &[StoredRow]) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3)")?;
    let mut delete = connection.prepare_cached("DELETE FROM rows WHERE store = ?1 AND id = ?2")?;
    for row in rows {
        let id = row.id.cast_signed();
        match &row.body {
            Some(body) => insert.execute(params![row.store, id, body])?,
            None => delete.execute(params![row.store, id])?,
        };
    }
    Ok(())
}

/// Writes what comes, all that waits in one transaction, until nothing can come any more.
fn write_all(mut connection: Connection, work: &Receiver<Work>, tell: &watch::Sender<Progress>) {
    while let Ok(first) = work.recv() {
        let mut number = 0;
        let written = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            let mut next = Some(first);
            let mut rows_written = 0;
            while let Some(work_now) = next {
                let (at, rows) = match work_now {
                    Work::Rows(at, rows) => (at, rows),
                    Work::Whole(at, rows) => {
                        transaction.execute("DELETE FROM rows", [])?;
                        (at, rows)
                    }
                };
                put(&transaction, &rows)?;
                number = at;
                rows_written += rows.len();
                next = if rows_written < MOST_AT_ONCE {
                    work.try_recv().ok()
                } else {
                    None
                };
            }
            transaction.commit()
        };
        if let Err(error) = written() {
            // What comes later must not be written over what is missing.
            tell.send_modify(|progress| progress.failure = Some(error.to_string()));
            return;
        }
        tell.send_modify(|progress| progress.written = number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, body: Option<&str>) -> StoredRow {
        StoredRow {
            store: "entity:deal".to_owned(),
            id,
            body: body.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn what_was_written_is_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        let (file, rows) = DataFile::open(&path).unwrap();
        assert_eq!(rows, []);
        file.write(vec![row(1, Some("1")), row(2, Some("2"))]);
        file.write(vec![row(1, None), row(3, Some("3"))]);
        file.durable().await.unwrap();
        let busy = DataFile::open(&path).unwrap_err().to_string();
        assert!(busy.contains("is open in another program"), "{busy}");
        drop(file);
        let (file, rows) = DataFile::open(&path).unwrap();
        assert_eq!(rows, [row(2, Some("2")), row(3, Some("3"))]);
        file.replace(vec![row(9, Some("9"))]);
        drop(file);
        let (_, rows) = DataFile::open(&path).unwrap();
        assert_eq!(rows, [row(9, Some("9"))]);
        std::fs::write(&path, bytes(&rows).unwrap()).unwrap();
    }

    #[test]
    fn a_snapshot_is_a_file_that_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        std::fs::write(&path, bytes(&[row(7, Some("x"))]).unwrap()).unwrap();
        let (_, rows) = DataFile::open(&path).unwrap();
        assert_eq!(rows, [row(7, Some("x"))]);
    }

    #[test]
    fn a_database_of_something_else_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(other);
        let refused = DataFile::open(&path).unwrap_err().to_string();
        assert!(refused.contains("of something else"), "{refused}");
        std::fs::write(&path, "no database at all, but a text that is long enough").unwrap();
        assert!(DataFile::open(&path).is_err());
    }
}
