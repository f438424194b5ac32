//! What a store says of its tables that are kept in sync.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::SyncError;
use super::entities::SyncEntity;
use super::in_thread::blocking;
use super::sql::{ERRORS, STATE, SqlStore};
use super::state::{Cursor, EntityState, Loaded, PortalTime};
#[cfg(feature = "parquet")]
use crate::format::DatasetPlace;
use crate::schema::Plan;
use crate::sinks::{DELETED_AT, StoreOptions};
use crate::store::Store;

/// How far a table is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TableStatus {
    /// The table.
    pub table: String,
    /// The entity that it is kept in sync with.
    pub entity: String,
    /// The portal.
    pub portal: String,
    /// The parameters of its list: the fields that are kept, the conditions that rows meet.
    pub params: Option<Value>,
    /// Rows that are live.
    pub rows: u64,
    /// Rows that are marked as deleted.
    pub deleted: u64,
    /// Up to where changes are in the table; `None` before the first full read is done.
    pub cursor: Option<Cursor>,
    /// The ID up to which an interrupted read has come.
    pub interrupted_after: Option<u64>,
    /// When the last run without an error began, on the portal's clock.
    pub succeeded: Option<PortalTime>,
    /// What the last run failed with, and when it began.
    pub failed: Option<(String, PortalTime)>,
    /// Values that did not fit their columns.
    pub misfits: u64,
    /// What is wrong with the files of the table, and what helps; `None` in databases. Where its folder cannot be made
    /// sense of, the entity is empty and nothing else is known.
    pub trouble: Option<String>,
    /// What was loaded, and when.
    pub loaded: Loaded,
}

impl TableStatus {
    /// Of a table whose folder cannot be made sense of.
    #[cfg(feature = "parquet")]
    pub(super) fn unreadable(table: String, trouble: String) -> Self {
        Self {
            table,
            entity: String::new(),
            portal: String::new(),
            params: None,
            rows: 0,
            deleted: 0,
            cursor: None,
            interrupted_after: None,
            succeeded: None,
            failed: None,
            misfits: 0,
            trouble: Some(trouble),
            loaded: Loaded::default(),
        }
    }

    /// The entity, with the conditions and fields that it is kept with.
    ///
    /// # Errors
    /// A later version of this library has made the table, of an entity that this one does not know.
    pub fn sync_entity(&self) -> Result<SyncEntity, SyncError> {
        SyncEntity::stored(&self.entity, self.params.as_ref(), &self.table)
    }
}

/// Looks at the tables of a store that are kept in sync.
///
/// # Errors
/// The store cannot be reached, or nothing is kept in sync there.
pub async fn status(store: &Store) -> Result<Vec<TableStatus>, SyncError> {
    let store = store.clone();
    blocking(move || read(&store)).await
}

/// What a store keeps of a table.
pub(super) struct StoredStatus<'s> {
    pub(super) command: Option<&'s str>,
    pub(super) state: Option<&'s str>,
    pub(super) rows: u64,
    pub(super) deleted: u64,
    pub(super) misfits: u64,
    pub(super) trouble: Option<String>,
}

impl StoredStatus<'_> {
    pub(super) fn read(self, store: &Store, table: &str) -> Result<TableStatus, SyncError> {
        let command: Value = stored(store, table, self.command)?;
        let state: EntityState = stored(store, table, self.state)?;
        let text = |name: &str| {
            let value = command.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Ok(TableStatus {
            table: table.to_owned(),
            entity: text("sync"),
            portal: text("portal"),
            params: command.get("params").cloned(),
            rows: self.rows,
            deleted: self.deleted,
            cursor: state.cursor,
            interrupted_after: state.reading.map(|reading| reading.after),
            succeeded: state.succeeded,
            failed: state.failed,
            misfits: self.misfits,
            trouble: self.trouble,
            loaded: state.loaded,
        })
    }
}

/// Refuses a file or folder that is not there: looking into it would make it.
pub(super) fn check_is_there(store: &Store) -> Result<(), SyncError> {
    let (path, what) = match store {
        Store::Sqlite(path) | Store::Duckdb(path) => (path, "file"),
        #[cfg(feature = "parquet")]
        Store::Dataset {
            place: DatasetPlace::Folder(path),
            ..
        } => (path, "folder"),
        _ => return Ok(()),
    };
    if path.exists() {
        return Ok(());
    }
    Err(SyncError::Usage(format!(
        "{store}: there is no such {what}"
    )))
}

fn read(store: &Store) -> Result<Vec<TableStatus>, SyncError> {
    check_is_there(store)?;
    let tables = match store {
        #[cfg(feature = "parquet")]
        Store::Dataset { place, .. } => super::dataset::status(store, place)?,
        #[cfg(feature = "clickhouse")]
        Store::Clickhouse(url) => super::clickhouse::status(url, store)?,
        _ => read_sql(store)?,
    };
    if tables.is_empty() {
        let nothing = format!("nothing is kept in sync in {store}");
        return Err(SyncError::Usage(nothing));
    }
    Ok(tables)
}

/// What a database with SQL says of its tables; nothing where none was ever kept in sync.
fn read_sql(store: &Store) -> Result<Vec<TableStatus>, SyncError> {
    let mut writer = store.open_to_read(StoreOptions::default(), Plan::default())?;
    let mut sql = SqlStore::of(&mut writer)?;
    if !sql.columns_of(STATE)?.iter().any(|column| column == "sync") {
        return Ok(Vec::new());
    }
    let table_column = sql.dialect.quoted("table");
    let found = sql.rows(&format!(
        "SELECT {table_column}, command, sync FROM {STATE} WHERE sync IS NOT NULL ORDER BY {table_column}"
    ))?;
    let mut tables = Vec::new();
    for row in &found {
        if let [Some(table), command, state] = row.as_slice() {
            let (command, state) = (command.as_deref(), state.as_deref());
            tables.push(read_table(&mut sql, store, table, command, state)?);
        }
    }
    Ok(tables)
}

/// Counts what a database has of one table.
fn read_table(
    sql: &mut SqlStore<'_>,
    store: &Store,
    table: &str,
    command: Option<&str>,
    state: Option<&str>,
) -> Result<TableStatus, SyncError> {
    let dialect = sql.dialect;
    let (of_table, name) = (
        format!("{} = {}", dialect.quoted("table"), dialect.literal(table)),
        dialect.quoted(table),
    );
    let mut count = |sql_text: String| -> Result<u64, SyncError> {
        let counts: Vec<u64> = sql.column(&sql_text)?;
        Ok(counts.first().copied().unwrap_or(0))
    };
    let entity_state: EntityState = stored(store, table, state)?;
    let (rows, deleted) = if entity_state.columns.is_empty() {
        // There is no table yet.
        (0, 0)
    } else {
        let of_rows = format!("SELECT count(*) FROM {name} WHERE {DELETED_AT} IS");
        (
            count(format!("{of_rows} NULL"))?,
            count(format!("{of_rows} NOT NULL"))?,
        )
    };
    let misfits = count(format!("SELECT count(*) FROM {ERRORS} WHERE {of_table}"))?;
    let of_store = StoredStatus {
        command,
        state,
        rows,
        deleted,
        misfits,
        trouble: None,
    };
    of_store.read(store, table)
}

/// What is stored of a table as JSON.
fn stored<T: DeserializeOwned>(
    store: &Store,
    table: &str,
    json: Option<&str>,
) -> Result<T, SyncError> {
    serde_json::from_str(json.unwrap_or_default()).map_err(|error| SyncError::UnreadableState {
        store: store.to_string(),
        table: table.to_owned(),
        why: error.to_string(),
    })
}
