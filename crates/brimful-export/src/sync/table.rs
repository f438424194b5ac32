//! The table of an entity in the store, and how far it is. Everything here waits for the store, in a thread that may wait.

use std::collections::HashMap;
use std::sync::Arc;

use brimful::Page;
use serde_json::{Value, json};

#[cfg(feature = "clickhouse")]
use super::clickhouse::ClickhouseTable;
use super::entities::SyncEntity;
use super::lock::StoreLock;
use super::parents::Parents;
use super::row_id::row_id;
use super::sql::SqlTable;
use super::state::{Cursor, EntityState, Loaded, PortalTime};
use super::{Deletes, SyncError};
use crate::error::ExportError;
use crate::schema::{Dictionary, Plan};
use crate::sinks::owner::{self, WrittenList};
use crate::sinks::run_state::SyncWrites;
use crate::sinks::{RECONNECT_AFTER, StoreOptions};
use crate::store::Store;
use crate::writer::RowWriter;

/// What a store does for a table that is kept in sync. Rows go to it through a [`RowWriter`]: it writes only those that
/// differ, and resets the mark of a row that was taken for deleted.
///
/// What is put beside rows becomes visible with them or after them, never before: a run that is killed has stored too
/// little of how far it is, and the next one reads the same rows again.
pub(super) trait TableStore {
    /// Makes what the store needs beside the table before anything is written.
    fn prepare(&mut self) -> Result<(), SyncError> {
        Ok(())
    }

    /// What the store knows of the table. Nothing is written.
    fn stored(&mut self) -> Result<StoredTable, SyncError>;

    /// What a person does to have the store forget the table.
    fn how_to_empty(&self) -> String;

    /// What a person does to keep the table by another name.
    fn how_to_move(&self) -> String;

    /// Takes what is to be stored with the rows that wait.
    fn put_beside(&mut self, beside: &StoredWithRows<'_>) -> Result<(), SyncError>;

    /// What files are there now whose rows are not of the table, for people.
    fn strangers(&self) -> Option<String> {
        None
    }

    /// Stores what waits, also where the store gathers more before it writes.
    fn flush(&mut self) -> Result<(), SyncError> {
        Ok(())
    }

    /// Forgets the values that did not fit of these rows, because the rows come again; `without_id`: and those of rows
    /// without an ID.
    fn forget_errors(&mut self, ids: &[String], without_id: bool) -> Result<(), SyncError>;

    /// What people call the codes, as stored: field, code and label.
    fn labels(&mut self) -> Result<Vec<StoredLabel>, SyncError>;

    /// How many rows are live.
    fn count(&mut self) -> Result<u64, SyncError>;

    /// Hands over the IDs of the rows that are live, ascending where they are numbers.
    fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), SyncError>;

    /// Hands over a column of numbers and the IDs of the rows that are live, where both have a value.
    fn column_with_ids(
        &mut self,
        column: &str,
        take: &mut dyn FnMut(u64, u64),
    ) -> Result<(), SyncError>;

    /// Hands over the highest IDs of rows that are marked as deleted, at most so many.
    fn deleted_ids(&mut self, most: usize, take: &mut dyn FnMut(&str)) -> Result<(), SyncError>;

    /// The highest ID, of rows that were deleted too.
    fn highest_id(&mut self) -> Result<u64, SyncError>;
}

/// A field, a code of it, and what people call that.
pub(super) type StoredLabel = [String; 3];

/// What a store knows of a table.
#[derive(Debug, Default)]
pub(super) struct StoredTable {
    /// Whether the table is there.
    pub(super) exists: bool,
    /// The names of its columns in lower case, where a person can change them.
    pub(super) columns: Option<Vec<String>>,
    /// What the run was that has written it: a JSON of portal, entity, method and parameters.
    pub(super) command: Option<String>,
    /// The JSON of its [`EntityState`].
    pub(super) state: Option<String>,
    /// Whether values that did not fit are recorded of it.
    pub(super) has_errors: bool,
    /// Whether it has rows and no run of ours is known that has written them.
    pub(super) has_strange_rows: bool,
    /// What is wrong with the files of the table.
    pub(super) trouble: FileTrouble,
}

/// What is wrong with the files of a table, for people.
#[derive(Debug, Default)]
pub(crate) struct FileTrouble {
    /// What they have lost or gained, so that all rows are read again.
    pub(crate) damage: Option<String>,
    /// Files whose rows are not of the table, for which a person has to do something.
    pub(crate) strangers: Option<String>,
}

impl FileTrouble {
    /// All of it, with what helps; `None` if nothing is wrong.
    pub(super) fn text(&self) -> Option<String> {
        let damage = self.damage.as_ref();
        let damage = damage.map(|damage| format!("{damage}; run brimful sync"));
        let all: Vec<String> = damage.into_iter().chain(self.strangers.clone()).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// What is stored with rows.
pub(super) struct StoredWithRows<'b> {
    pub(super) entity: &'b str,
    pub(super) command: &'b str,
    pub(super) state: &'b EntityState,
    pub(super) coverage: Option<&'b Coverage>,
    pub(super) gone: Option<GoneRows<'b>>,
}

/// Rows that the portal no longer has.
pub(super) struct GoneRows<'b> {
    pub(super) ids: &'b [String],
    pub(super) deletes: Deletes,
    pub(super) at: PortalTime,
}

/// What a run of an entity has loaded, for `_brimful_coverage`: it tells a period without rows from one that was not
/// loaded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Coverage {
    pub(crate) what: CoveredRows,
    pub(crate) ids: Option<(u64, u64)>,
    pub(crate) from: Option<PortalTime>,
    pub(crate) to: PortalTime,
    pub(crate) rows: u64,
}

impl Coverage {
    fn add_to(&self, loaded: &mut Loaded) {
        let to = Some(self.to);
        match self.what {
            CoveredRows::All => (loaded.ids, loaded.in_full, loaded.changes) = (self.ids, to, to),
            CoveredRows::Changed => loaded.changes = to,
            CoveredRows::Deleted => loaded.deletes = to,
        }
    }
}

/// Which rows a run has looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CoveredRows {
    All,
    /// Those that have changed since a cursor.
    Changed,
    /// Those that the portal no longer has.
    Deleted,
}

impl CoveredRows {
    /// As `_brimful_coverage` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "rows",
            Self::Changed => "changes",
            Self::Deleted => "deletes",
        }
    }
}

/// Who opens a table.
#[derive(Clone)]
pub(crate) struct TableAccess {
    /// The name of the portal whose rows are in the table.
    pub(crate) portal: String,
    /// Whether rows of a portal of another name are this one's.
    pub(crate) same_portal: bool,
    /// The lock of the store, where something is to be written.
    pub(crate) lock: Option<Arc<StoreLock>>,
}

/// Checks that the rows of the table, which the run `earlier` has written, are those of the list that `command` names.
/// Returns whether the portal is another one by its name.
fn check_rows(
    earlier: &str,
    command: &str,
    entity: &SyncEntity,
    access: &TableAccess,
    of_table: &dyn TableStore,
) -> Result<bool, SyncError> {
    let (Some(theirs), Some(ours)) = (
        WrittenList::of_command(earlier),
        WrittenList::of_command(command),
    ) else {
        return Ok(false);
    };
    let (table, empty) = (&entity.table, of_table.how_to_empty());
    if !theirs.is_same_list(&ours) {
        return Err(SyncError::UnfitTable {
            entity: entity.name.clone(),
            message: format!(
                "the table {table} holds rows of {}, and not those of {}; to replace them, empty it: {empty}",
                theirs.name(),
                entity.name
            ),
        });
    }
    if theirs.portal == ours.portal || access.same_portal {
        return Ok(theirs.portal != ours.portal);
    }
    Err(SyncError::OtherPortal {
        table: table.clone(),
        theirs: theirs.portal,
        ours: ours.portal,
        empty,
    })
}

/// A command without the portal.
fn without_portal(command: &str) -> Option<Value> {
    let mut command: Value = serde_json::from_str(command).ok()?;
    command.as_object_mut()?.remove("portal");
    Some(command)
}

/// The table of an entity, and how far it is.
pub(crate) struct SyncTable {
    writer: RowWriter,
    entity: String,
    command: String,
    id_field: &'static str,
    /// The ID, and that of the record where rows are listed for one record at a time.
    key_fields: Vec<String>,
    /// Whether values that did not fit are recorded of this table, and of rows without an ID among them.
    has_errors: bool,
    has_errors_without_id: bool,
    /// Keeps other runs out for as long as anything may be written, also where the run was broken off meanwhile.
    lock: Option<Arc<StoreLock>>,
    /// What is wrong with the files of the table.
    pub(crate) trouble: FileTrouble,
    /// Whether the table is there.
    pub(crate) exists: bool,
    pub(crate) state: EntityState,
    /// Up to where changes are in the table, but for what its files lack.
    pub(crate) stored_cursor: Option<Cursor>,
}

/// What is kept of an entity; nothing if another version has written it.
fn state_of(text: Option<&str>) -> EntityState {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The cursor of a list that was read to its end and had no row. If nobody tells its fields either, it has no table.
fn cursor_of_empty_list(state: &EntityState) -> Option<Cursor> {
    let was_empty = state.rows == 0 && state.succeeded.is_some();
    was_empty.then_some(state.cursor).flatten()
}

/// The table that a writer writes to.
fn table_store<'s>(
    writer: &'s mut RowWriter,
    id_field: &str,
) -> Result<Box<dyn TableStore + 's>, SyncError> {
    #[cfg(feature = "parquet")]
    if writer
        .store()
        .is_some_and(|sink| sink.synced_dataset().is_some())
    {
        let dataset = writer.store().and_then(|sink| sink.synced_dataset());
        return match dataset {
            Some(dataset) => Ok(Box::new(dataset)),
            None => Err(SyncError::BrokenOff),
        };
    }
    #[cfg(feature = "clickhouse")]
    if writer
        .store()
        .is_some_and(|sink| sink.synced_clickhouse().is_some())
    {
        let sink = writer.store().and_then(|sink| sink.synced_clickhouse());
        return match sink {
            Some(sink) => Ok(Box::new(ClickhouseTable::of(sink, id_field))),
            None => Err(SyncError::BrokenOff),
        };
    }
    Ok(Box::new(SqlTable::of(writer, id_field)?))
}

/// What makes one run the same as another, as the store keeps it.
fn command_of(entity: &SyncEntity, access: &TableAccess) -> String {
    json!({
        "portal": access.portal,
        "sync": entity.name,
        "method": entity.method,
        "params": entity.params,
    })
    .to_string()
}

impl SyncTable {
    /// The same as [`Self::open`] for a run that has the lock of the store. So the server was there, and if it cannot be
    /// reached it is waited for.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits in a thread that may wait, and the server knows no paused clock"
    )]
    pub(crate) fn open_when_reachable(
        store: &Store,
        entity: &SyncEntity,
        access: &TableAccess,
        plan: &Plan,
    ) -> Result<Self, SyncError> {
        for wait in RECONNECT_AFTER {
            match Self::open(store, entity, access, plan.clone()) {
                Err(SyncError::Store(ExportError::Unreachable { .. })) => {
                    std::thread::sleep(wait);
                }
                opened => return opened,
            }
        }
        Self::open(store, entity, access, plan.clone())
    }

    /// Connects, and looks up how far the entity is.
    pub(crate) fn open(
        store: &Store,
        entity: &SyncEntity,
        access: &TableAccess,
        plan: Plan,
    ) -> Result<Self, SyncError> {
        let command = command_of(entity, access);
        let options = StoreOptions {
            table: entity.table.clone(),
            command: command.clone(),
            resume: false,
            ..StoreOptions::default()
        };
        let mut writer = match access.lock {
            Some(_) => store.open(options, plan)?,
            None => store.open_to_read(options, plan)?,
        };
        if let Some(sink) = writer.store() {
            sink.state_mut().sync = Some(SyncWrites::default());
        }
        let id_field = entity.id_field();
        let names = writer.names();
        let mut of_table = table_store(&mut writer, id_field)?;
        if access.lock.is_some() {
            of_table.prepare()?;
        }
        let stored = of_table.stored()?;
        let mut state = EntityState::default();
        let mut stored_cursor = None;
        if stored.has_strange_rows {
            return Err(SyncError::UnfitTable {
                entity: entity.name.clone(),
                message: owner::problem_of_strange_table(&entity.table, &of_table.how_to_move()),
            });
        }
        if let Some(earlier) = &stored.command {
            let is_moved = check_rows(earlier, &command, entity, access, &*of_table)?;
            let earlier_state = state_of(stored.state.as_deref());
            if !stored.exists {
                stored_cursor = cursor_of_empty_list(&earlier_state);
            }
            if stored.exists && without_portal(earlier) == without_portal(&command) {
                state = earlier_state;
            }
            if is_moved {
                // It is only said to be the same.
                state.read_all_again();
            }
            if let Some(there) = &stored.columns {
                state.miss_columns(|field| there.contains(&names.of_field(field).to_lowercase()));
            }
            stored_cursor = state.cursor.or(stored_cursor);
            if stored.trouble.damage.is_some() {
                state.read_all_again();
            }
        }
        drop(of_table);
        Ok(Self {
            writer,
            entity: entity.name.clone(),
            command,
            id_field,
            key_fields: std::iter::once(id_field)
                .chain(entity.parents.as_ref().map(Parents::field))
                .map(str::to_owned)
                .collect(),
            has_errors: stored.has_errors,
            has_errors_without_id: stored.has_errors,
            lock: access.lock.clone(),
            trouble: stored.trouble,
            exists: stored.exists,
            stored_cursor,
            state,
        })
    }

    fn store(&mut self) -> Result<Box<dyn TableStore + '_>, SyncError> {
        table_store(&mut self.writer, self.id_field)
    }

    /// Takes the fields of the portal and the labels for the columns. The columns that the table has stay.
    pub(crate) fn meet(&mut self, plan: Plan) {
        self.writer.set_plan(plan);
    }

    /// Where the portal tells no labels of a field now, those that are stored stay.
    pub(crate) fn keep_labels(
        &mut self,
        labels: &mut HashMap<String, Arc<Dictionary>>,
    ) -> Result<(), SyncError> {
        if !self.exists || labels.values().all(|labels| !labels.is_empty()) {
            return Ok(());
        }
        let stored = self.store()?.labels()?;
        for (field, labels) in labels.iter_mut().filter(|(_, labels)| labels.is_empty()) {
            let of_field = stored
                .iter()
                .filter(|label| label[0].eq_ignore_ascii_case(field));
            let of_field = of_field.map(|[_, code, label]| (code.clone(), label.clone()));
            *labels = Arc::new(of_field.collect());
        }
        Ok(())
    }

    /// Makes the table, if there is none, and stores labels. Where neither the portal nor a row tells of a column, it has
    /// those that its rows are found by: queries find a table, and the others come with the first row.
    pub(crate) fn open_table(&mut self) -> Result<(), SyncError> {
        if !self.writer.has_columns() {
            self.writer.know_columns(self.key_fields.clone());
        }
        self.writer.open_table()?;
        self.remember_columns()?;
        self.commit()
    }

    /// Makes the indexes that the table lacks, of all rows at once.
    pub(crate) fn make_indexes(&mut self) -> Result<(), SyncError> {
        Ok(self.writer.make_indexes()?)
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

    /// Stores rows and how far the entity is with them, in one transaction where the store has such.
    pub(crate) fn write(&mut self, pages: &[Page]) -> Result<(), SyncError> {
        self.check_lock()?;
        if self.has_errors {
            let rows = pages.iter().flat_map(Page::iter);
            let ids: Vec<Option<String>> = rows.map(|row| row_id(&row, self.id_field)).collect();
            // Rows without an ID are not told from each other: all that is known of them is of the run before.
            let without_id = self.has_errors_without_id && ids.iter().any(Option::is_none);
            self.has_errors_without_id &= !without_id;
            let ids: Vec<String> = ids.into_iter().flatten().collect();
            self.store()?.forget_errors(&ids, without_id)?;
        }
        let mut out = Vec::new();
        for page in pages {
            self.writer.write_page(page, &mut out)?;
        }
        for name in self.writer.take_undescribed() {
            self.state.note_undescribed(name);
        }
        self.remember_columns()?;
        self.commit()?;
        self.has_errors |= self.writer.misfits() > 0;
        Ok(())
    }

    /// Nothing is written by a run that may no longer have the store for itself.
    fn check_lock(&self) -> Result<(), SyncError> {
        self.lock.as_ref().map_or(Ok(()), |lock| lock.check())
    }

    /// Values that did not fit their columns in this run.
    pub(crate) fn misfits(&self) -> u64 {
        self.writer.misfits()
    }

    /// Rows of this run that were new in the store or differed from what it had.
    pub(crate) fn written(&mut self) -> u64 {
        let sync = self
            .writer
            .store()
            .and_then(|sink| sink.state_mut().sync.as_ref());
        sync.map_or(0, |sync| sync.written)
    }

    /// Stores how far the entity is.
    pub(crate) fn commit(&mut self) -> Result<(), SyncError> {
        self.commit_with(None, None)
    }

    /// Writes down what has been loaded, with how far the entity is.
    pub(crate) fn cover(&mut self, coverage: &Coverage) -> Result<(), SyncError> {
        coverage.add_to(&mut self.state.loaded);
        self.commit_with(Some(coverage), None)
    }

    /// Marks rows as deleted, or deletes them.
    pub(crate) fn delete(
        &mut self,
        ids: &[String],
        deletes: Deletes,
        at: PortalTime,
    ) -> Result<(), SyncError> {
        self.commit_with(None, Some(GoneRows { ids, deletes, at }))
    }

    fn commit_with(
        &mut self,
        coverage: Option<&Coverage>,
        gone: Option<GoneRows<'_>>,
    ) -> Result<(), SyncError> {
        self.check_lock()?;
        let beside = StoredWithRows {
            entity: &self.entity,
            command: &self.command,
            state: &self.state,
            coverage,
            gone,
        };
        table_store(&mut self.writer, self.id_field)?.put_beside(&beside)?;
        self.writer.store_waiting()?;
        Ok(())
    }

    /// What files are there now whose rows are not of the table, for people.
    pub(crate) fn strangers(&mut self) -> Result<Option<String>, SyncError> {
        Ok(self.store()?.strangers())
    }

    /// Stores what waits, also where the store gathers more before it writes.
    pub(crate) fn flush(&mut self) -> Result<(), SyncError> {
        self.check_lock()?;
        self.store()?.flush()
    }

    /// How many rows are live.
    pub(crate) fn count(&mut self) -> Result<u64, SyncError> {
        if !self.exists {
            return Ok(0);
        }
        self.store()?.count()
    }

    /// The IDs of the rows that are live, ascending where they are numbers. Those that are not of the type are left out.
    pub(crate) fn ids<T: std::str::FromStr>(&mut self) -> Result<Vec<T>, SyncError> {
        let mut ids = Vec::new();
        if self.exists {
            self.store()?.ids(&mut |id| ids.extend(id.parse().ok()))?;
        }
        Ok(ids)
    }

    /// The live rows as pairs of a record and an ID, ascending; `field` has the ID of the record.
    pub(crate) fn children(&mut self, field: &str) -> Result<Vec<(u64, u64)>, SyncError> {
        let mut pairs = Vec::new();
        if self.exists {
            self.store()?
                .column_with_ids(field, &mut |parent, id| pairs.push((parent, id)))?;
        }
        pairs.sort_unstable();
        Ok(pairs)
    }

    /// The highest IDs of rows that are marked as deleted, at most so many.
    pub(crate) fn deleted_ids(&mut self, most: usize) -> Result<Vec<u64>, SyncError> {
        let mut ids = Vec::new();
        if self.exists {
            self.store()?
                .deleted_ids(most, &mut |id| ids.extend(id.parse::<u64>().ok()))?;
        }
        Ok(ids)
    }

    /// The highest ID there, of rows that were deleted too.
    pub(crate) fn highest_id(&mut self) -> Result<u64, SyncError> {
        if !self.exists {
            return Ok(0);
        }
        self.store()?.highest_id()
    }
}
