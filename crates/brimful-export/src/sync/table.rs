//! The table of an entity in the store, and how far it is. Everything here waits for the store, in a thread that may wait.

use brimful::Page;
use serde_json::{Value, json};

use super::entities::SyncEntity;
use super::sql::SqlTable;
use super::state::{EntityState, PortalTime};
use super::{Deletes, SyncError};
use crate::schema::Plan;
use crate::sinks::StoreOptions;
use crate::sinks::run_state::SyncWrites;
use crate::store::Store;
use crate::writer::RowWriter;

/// What a store does for a table that is kept in sync. Rows go to it through a [`RowWriter`]: it writes only those that
/// differ, and resets the mark of a row that was taken for deleted.
///
/// What is put beside rows becomes visible with them or after them, never before: a run that is killed has stored too
/// little of how far it is, and the next one reads the same rows again.
pub(super) trait TableStore {
    /// What the store knows of the table.
    fn stored(&mut self) -> Result<StoredTable, SyncError>;

    /// What a person does to have the store forget the table.
    fn how_to_empty(&self) -> String;

    /// Takes what is to be stored with the rows that wait.
    fn put_beside(&mut self, beside: &Beside<'_>) -> Result<(), SyncError>;

    /// Stores what waits, also where the store gathers more before it writes.
    fn flush(&mut self) -> Result<(), SyncError> {
        Ok(())
    }

    /// Forgets the values that did not fit of these rows, because the rows come again.
    fn forget_errors(&mut self, ids: &[u64]) -> Result<(), SyncError>;

    /// How many rows are live.
    fn count(&mut self) -> Result<u64, SyncError>;

    /// Hands over the IDs of the rows that are live, ascending where they are numbers.
    fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), SyncError>;

    /// Hands over the highest IDs of rows that are marked as deleted, at most so many.
    fn deleted_ids(&mut self, most: usize, take: &mut dyn FnMut(&str)) -> Result<(), SyncError>;

    /// The highest ID, of rows that were deleted too.
    fn highest_id(&mut self) -> Result<u64, SyncError>;
}

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
}

/// What is stored with rows.
pub(super) struct Beside<'b> {
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
    entity: String,
    command: String,
    id_field: &'static str,
    /// Whether values that did not fit are recorded of this table.
    has_errors: bool,
    /// Whether the table is there.
    pub(crate) exists: bool,
    pub(crate) state: EntityState,
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
    Ok(Box::new(SqlTable::of(writer, id_field)?))
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
        if let Some(sink) = writer.store() {
            sink.state_mut().sync = Some(SyncWrites::default());
        }
        let id_field = entity.id_field();
        let mut of_table = table_store(&mut writer, id_field)?;
        let stored = of_table.stored()?;
        let mut state = EntityState::default();
        if let Some(earlier) = &stored.command {
            let portal_of = |command: &str| {
                let command: Option<Value> = serde_json::from_str(command).ok();
                command.and_then(|command| Some(command.get("portal")?.as_str()?.to_owned()))
            };
            if let Some(theirs) = portal_of(earlier).filter(|theirs| theirs != portal) {
                return Err(SyncError::Usage(format!(
                    "the table {} holds rows of the portal {theirs}: keep those of {portal} in a store of their own, or \
                     empty it: {}",
                    entity.table,
                    of_table.how_to_empty()
                )));
            }
            if *earlier == command && stored.exists {
                let state_of = |text: &str| serde_json::from_str(text).ok();
                state = stored
                    .state
                    .as_deref()
                    .and_then(state_of)
                    .unwrap_or_default();
            }
            if let Some(there) = &stored.columns {
                state.miss_columns(|field| there.contains(&field.to_lowercase()));
            }
        }
        drop(of_table);
        Ok(Self {
            writer,
            entity: entity.name.clone(),
            command,
            id_field,
            has_errors: stored.has_errors,
            exists: stored.exists,
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

    /// Makes the table, if there is none, and stores labels. Where neither the portal nor a row tells of a column, there
    /// is no table yet.
    pub(crate) fn open_table(&mut self) -> Result<(), SyncError> {
        if !self.writer.has_columns() {
            return Ok(());
        }
        self.writer.open_table()?;
        self.remember_columns()?;
        self.commit()
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
        if self.has_errors {
            let ids: Vec<u64> = pages.iter().flat_map(Page::ids).flatten().collect();
            self.store()?.forget_errors(&ids)?;
        }
        let mut out = Vec::new();
        for page in pages {
            self.writer.write_page(page, &mut out)?;
        }
        self.remember_columns()?;
        self.commit()?;
        self.has_errors |= self.writer.misfits() > 0;
        Ok(())
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
        let beside = Beside {
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

    /// Stores what waits, also where the store gathers more before it writes.
    pub(crate) fn flush(&mut self) -> Result<(), SyncError> {
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
