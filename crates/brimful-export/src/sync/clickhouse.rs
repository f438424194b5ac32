//! Tables that are kept in sync in ClickHouse.

mod lease;

use std::collections::HashMap;

use brimful::Page;

use super::entities::SyncEntity;
use super::sql::{ERRORS, STATE};
use super::status::{StoredStatus, TableStatus};
use super::table::{StoredLabel, StoredTable, StoredWithRows, TableStore};
use super::{Deletes, SyncError};
use crate::error::ExportError;
use crate::schema::Plan;
use crate::sinks::clickhouse::synced::{BesideRows, CoverageRow, GoneIds, SyncedClickhouse};
use crate::sinks::clickhouse::{literal, quoted};
use crate::sinks::{DELETED_AT, StoreOptions};
use crate::store::Store;
pub(super) use lease::Lease;

/// The table of an entity in ClickHouse.
pub(super) struct ClickhouseTable<'s> {
    sink: &'s mut SyncedClickhouse,
    table: String,
    key: String,
}

impl<'s> ClickhouseTable<'s> {
    pub(super) fn of(sink: &'s mut SyncedClickhouse, id_field: &str) -> Self {
        sink.take_key(id_field);
        Self {
            table: quoted(sink.table()),
            key: quoted(id_field),
            sink,
        }
    }
}

impl TableStore for ClickhouseTable<'_> {
    fn stored(&mut self) -> Result<StoredTable, SyncError> {
        self.sink.prepare()?;
        let name = self.sink.table().to_owned();
        let columns = self.sink.columns_of(&name)?;
        let of_table = format!("`table` = {}", literal(&name));
        let mut stored = StoredTable {
            exists: !columns.is_empty(),
            ..StoredTable::default()
        };
        stored.columns = Some(columns.iter().map(|name| name.to_lowercase()).collect());
        let known = self.sink.rows(&format!(
            "SELECT command, sync FROM {STATE} WHERE {of_table} ORDER BY version DESC LIMIT 1"
        ))?;
        if let Some(row) = known.into_iter().next() {
            let mut values = row.into_iter();
            stored.command = values.next().flatten();
            stored.state = values.next().flatten();
        }
        if stored.exists && stored.command.is_none() {
            let query = format!("SELECT 1 FROM {} LIMIT 1", self.table);
            stored.has_strange_rows = !self.sink.rows(&query)?.is_empty();
        }
        let errors = format!("SELECT count() FROM {ERRORS} FINAL WHERE {of_table}");
        stored.has_errors = self.sink.number(&errors)? > 0;
        Ok(stored)
    }

    fn how_to_empty(&self) -> String {
        format!(
            "DROP TABLE {}; ALTER TABLE {STATE} DELETE WHERE `table` = {}",
            self.table,
            literal(self.sink.table())
        )
    }

    fn how_to_move(&self) -> String {
        let moved = quoted(&format!("{}_mine", self.sink.table()));
        format!("RENAME TABLE {} TO {moved}", self.table)
    }

    fn put_beside(&mut self, beside: &StoredWithRows<'_>) -> Result<(), SyncError> {
        let state = beside.state;
        let sync = serde_json::to_string(state).map_err(ExportError::from)?;
        self.sink.put_beside(BesideRows {
            command: beside.command.to_owned(),
            sync,
            rows: state.rows,
            last_id: state.reading.as_ref().map(|reading| reading.after),
            coverage: beside.coverage.map(|coverage| CoverageRow {
                what: coverage.what.name(),
                entity: beside.entity.to_owned(),
                ids: coverage.ids,
                from: coverage.from.map(super::PortalTime::unix),
                to: coverage.to.unix(),
                rows: coverage.rows,
            }),
            gone: beside.gone.as_ref().map(|gone| GoneIds {
                ids: gone.ids.to_vec(),
                at: gone.at.unix(),
                are_deleted: gone.deletes == Deletes::Hard,
            }),
        });
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SyncError> {
        Ok(self.sink.flush()?)
    }

    fn forget_errors(&mut self, ids: &[String], without_id: bool) -> Result<(), SyncError> {
        Ok(self.sink.forget_errors(ids, without_id)?)
    }

    fn labels(&mut self) -> Result<Vec<StoredLabel>, SyncError> {
        Ok(self.sink.labels()?)
    }

    fn count(&mut self) -> Result<u64, SyncError> {
        Ok(self.sink.count()?)
    }

    fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        let (key, table) = (&self.key, &self.table);
        let query =
            format!("SELECT {key} FROM {table} FINAL WHERE isNull({DELETED_AT}) ORDER BY {key}");
        Ok(self.sink.lines(&query, take)?)
    }

    fn column_with_ids(
        &mut self,
        column: &str,
        take: &mut dyn FnMut(u64, u64),
    ) -> Result<(), SyncError> {
        let (key, table, column) = (&self.key, &self.table, quoted(column));
        let query = format!("SELECT {column}, {key} FROM {table} FINAL WHERE isNull({DELETED_AT})");
        self.sink.lines(&query, &mut |line| {
            let numbers: Vec<u64> = line
                .split('\t')
                .filter_map(|text| text.parse().ok())
                .collect();
            if let [value, id] = numbers[..] {
                take(value, id);
            }
        })?;
        Ok(())
    }

    fn deleted_ids(&mut self, most: usize, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        let (key, table) = (&self.key, &self.table);
        let query = format!(
            "SELECT {key} FROM {table} FINAL WHERE isNotNull({DELETED_AT}) ORDER BY {key} DESC LIMIT {most}"
        );
        Ok(self.sink.lines(&query, take)?)
    }

    fn highest_id(&mut self) -> Result<u64, SyncError> {
        let query = format!("SELECT max({}) FROM {}", self.key, self.table);
        let mut highest = 0;
        self.sink.lines(&query, &mut |line| {
            highest = line.parse().unwrap_or(0);
        })?;
        Ok(highest)
    }
}

fn open(url: &str, store: &Store) -> Result<SyncedClickhouse, SyncError> {
    let sink = SyncedClickhouse::open(url, store.to_string(), StoreOptions::default())?;
    Ok(sink)
}

/// Makes the tables that all entities share, and drops what killed runs into `tables` have left.
pub(super) fn prepare(url: &str, store: &Store, tables: &[String]) -> Result<(), SyncError> {
    let sink = open(url, store)?;
    sink.prepare()?;
    Ok(sink.drop_stages(tables)?)
}

/// What a database says of its tables.
pub(super) fn status(url: &str, store: &Store) -> Result<Vec<TableStatus>, SyncError> {
    let sink = open(url, store)?;
    if !sink
        .columns_of(STATE)?
        .iter()
        .any(|column| column == "sync")
    {
        return Ok(Vec::new());
    }
    let found = sink.rows(&format!(
        "SELECT `table`, command, sync FROM {STATE} FINAL WHERE isNotNull(sync) ORDER BY `table`"
    ))?;
    let mut tables = Vec::new();
    for row in &found {
        let [Some(table), command, state] = row.as_slice() else {
            continue;
        };
        let (of_table, name) = (format!("`table` = {}", literal(table)), quoted(table));
        let has_table = !sink.columns_of(table)?.is_empty();
        let count = |condition: &str| {
            let query = format!("SELECT count() FROM {name} FINAL WHERE {condition}({DELETED_AT})");
            if has_table {
                sink.number(&query)
            } else {
                Ok(0)
            }
        };
        let misfits = format!("SELECT count() FROM {ERRORS} FINAL WHERE {of_table}");
        let stored = StoredStatus {
            command: command.as_deref(),
            state: state.as_deref(),
            rows: count("isNull")?,
            deleted: count("isNotNull")?,
            misfits: sink.number(&misfits)?,
            trouble: None,
        };
        tables.push(stored.read(store, table)?);
    }
    Ok(tables)
}

/// Rows as the portal shows them now, and as the table has them: the ID and the values of `columns`, as texts.
struct BothRows {
    columns: Vec<String>,
    theirs: Vec<Vec<Option<String>>>,
    ours: Vec<Vec<Option<String>>>,
}

/// Writes the rows of pages into the table `scratch`, and reads them from there and from the table of the entity.
fn rows_of_both(
    sink: &SyncedClickhouse,
    store: &Store,
    entity: &SyncEntity,
    plan: Plan,
    pages: &[Page],
    scratch: &str,
) -> Result<BothRows, SyncError> {
    let scratch_table = quoted(scratch);
    let options = StoreOptions {
        table: scratch.to_owned(),
        ..StoreOptions::default()
    };
    let mut writer = store.open(options, plan)?;
    for page in pages {
        writer.write_page(page, &mut Vec::new())?;
    }
    writer.finish(&mut std::io::sink())?;
    let columns = writer.column_names();
    let key = quoted(entity.id_field());
    let values: Vec<String> = columns
        .iter()
        .map(|column| format!("toString({})", quoted(column)))
        .collect();
    let values = values.join(", ");
    let theirs = sink.rows(&format!(
        "SELECT toString({key}), {values} FROM {scratch_table} FINAL ORDER BY {key}"
    ))?;
    let ours = sink.rows(&format!(
        "SELECT toString({key}), {values} FROM {} FINAL WHERE isNull({DELETED_AT}) AND {key} IN (SELECT {key} FROM \
         {scratch_table})",
        quoted(&entity.table)
    ))?;
    Ok(BothRows {
        columns,
        theirs,
        ours,
    })
}

/// Rows of pages that the table has otherwise: the ID, and the columns that differ. The rows are written into a table
/// beside that of the entity, as an export does.
pub(super) fn differing(
    url: &str,
    store: &Store,
    entity: &SyncEntity,
    plan: Plan,
    pages: &[Page],
) -> Result<Vec<(String, Vec<String>)>, SyncError> {
    let scratch = format!("_brimful_verify_{}", entity.table);
    let sink = open(url, store)?;
    let drop_table = format!("DROP TABLE IF EXISTS {}", quoted(&scratch));
    sink.run(&drop_table)?;
    let both = rows_of_both(&sink, store, entity, plan, pages, &scratch);
    // However that ended: no table is left to those who only compare.
    sink.run(&drop_table)?;
    // The server does it when it has time.
    for table in [STATE, ERRORS] {
        sink.run(&format!(
            "ALTER TABLE {table} DELETE WHERE `table` = {}",
            literal(&scratch)
        ))?;
    }
    let BothRows {
        columns,
        theirs,
        ours,
    } = both?;
    let ours: HashMap<Option<String>, Vec<Option<String>>> = ours
        .into_iter()
        .filter_map(|mut row| (!row.is_empty()).then(|| (row.remove(0), row)))
        .collect();
    let mut found = Vec::new();
    for mut row in theirs {
        let id = row.remove(0);
        let Some(stored) = ours.get(&id) else {
            continue;
        };
        let differing: Vec<String> = columns
            .iter()
            .zip(row.iter().zip(stored))
            .filter(|(_, (theirs, ours))| theirs != ours)
            .map(|(column, _)| column.clone())
            .collect();
        if let (Some(id), false) = (id, differing.is_empty()) {
            found.push((id, differing));
        }
    }
    Ok(found)
}
