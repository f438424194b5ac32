//! Tables that are kept in sync in folders of Parquet files, on this machine or in storage that speaks the protocol of S3.

use brimful::Page;
use serde_json::{Value, json};

use super::entities::SyncEntity;
use super::state::PortalTime;
use super::status::{StoredStatus, TableStatus};
use super::table::{Coverage, FileTrouble, StoredLabel, StoredTable, StoredWithRows, TableStore};
use super::{Deletes, SyncError};
use crate::error::ExportError;
use crate::format::DatasetPlace;
use crate::record_batches::RecordBatches;
use crate::schema::Plan;
use crate::sinks::StoreOptions;
use crate::sinks::dataset::synced::{self, BesideParts, GoneKeys, SyncedDataset};
use crate::store::Store;

fn micros(time: PortalTime) -> i64 {
    time.unix().saturating_mul(1_000_000)
}

fn coverage_json(coverage: &Coverage) -> Value {
    json!({
        "id_from": coverage.ids.map(|(from, _)| from),
        "id_to": coverage.ids.map(|(_, to)| to),
        "time_from": coverage.from.map(|time| time.to_string()),
        "time_to": coverage.to.to_string(),
        "rows": coverage.rows,
    })
}

fn trouble_of(dataset: &SyncedDataset) -> FileTrouble {
    FileTrouble {
        damage: dataset.damage(),
        strangers: dataset.strangers(),
    }
}

impl TableStore for &mut SyncedDataset {
    fn stored(&mut self) -> Result<StoredTable, SyncError> {
        let record = self.record();
        let is_new = record.command.is_empty();
        Ok(StoredTable {
            columns: None,
            exists: record.exists(),
            command: (!is_new).then(|| record.command.clone()),
            state: (!is_new).then(|| record.state_json()),
            has_errors: record.misfits > 0,
            has_strange_rows: false,
            trouble: trouble_of(self),
        })
    }

    fn how_to_empty(&self) -> String {
        "remove its folder".to_owned()
    }

    fn how_to_move(&self) -> String {
        "move its folder".to_owned()
    }

    fn put_beside(&mut self, beside: &StoredWithRows<'_>) -> Result<(), SyncError> {
        let gone = beside.gone.as_ref().map(|gone| GoneKeys {
            ids: gone.ids.to_vec(),
            marked_at: (gone.deletes != Deletes::Hard).then(|| micros(gone.at)),
        });
        SyncedDataset::put_beside(
            self,
            BesideParts {
                command: beside.command.to_owned(),
                sync: serde_json::to_value(beside.state).map_err(ExportError::from)?,
                coverage: beside
                    .coverage
                    .map(|coverage| (coverage.what.name(), coverage_json(coverage))),
                gone,
            },
        );
        Ok(())
    }

    fn forget_errors(&mut self, ids: &[String], without_id: bool) -> Result<(), SyncError> {
        SyncedDataset::forget_errors(self, ids, without_id);
        Ok(())
    }

    fn labels(&mut self) -> Result<Vec<StoredLabel>, SyncError> {
        Ok(SyncedDataset::labels(self)?)
    }

    fn strangers(&self) -> Option<String> {
        SyncedDataset::strangers(self)
    }

    fn flush(&mut self) -> Result<(), SyncError> {
        Ok(SyncedDataset::flush(self)?)
    }

    fn count(&mut self) -> Result<u64, SyncError> {
        Ok(SyncedDataset::count(self)?)
    }

    fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        Ok(SyncedDataset::ids(self, take)?)
    }

    fn column_with_ids(
        &mut self,
        column: &str,
        take: &mut dyn FnMut(u64, u64),
    ) -> Result<(), SyncError> {
        Ok(SyncedDataset::column_with_ids(self, column, take)?)
    }

    fn deleted_ids(&mut self, most: usize, take: &mut dyn FnMut(&str)) -> Result<(), SyncError> {
        Ok(SyncedDataset::deleted_ids(self, most, take)?)
    }

    fn highest_id(&mut self) -> Result<u64, SyncError> {
        Ok(SyncedDataset::highest_id(self)?)
    }
}

/// What a dataset says of its tables.
pub(super) fn status(store: &Store, place: &DatasetPlace) -> Result<Vec<TableStatus>, SyncError> {
    let mut tables = Vec::new();
    for table in synced::tables(place, &store.to_string())? {
        let options = StoreOptions {
            table: table.clone(),
            ..StoreOptions::default()
        };
        let dataset = match SyncedDataset::open(place, store.to_string(), options) {
            Ok(dataset) => dataset,
            Err(error) => {
                // Of the others there is something to say.
                tables.push(TableStatus::unreadable(table, error.to_string()));
                continue;
            }
        };
        let record = dataset.record();
        if record.command.is_empty() {
            // The run that was to make it has failed before.
            continue;
        }
        let stored = StoredStatus {
            command: Some(&record.command),
            state: Some(&record.state_json()),
            rows: record.live(),
            deleted: record.deleted(),
            misfits: record.misfits,
            trouble: trouble_of(&dataset).text(),
        };
        tables.push(stored.read(store, &table)?);
    }
    Ok(tables)
}

/// Rows of pages that the table has otherwise: the ID, and the columns that differ.
pub(super) fn differing(
    store: &Store,
    place: &DatasetPlace,
    entity: &SyncEntity,
    plan: Plan,
    pages: &[Page],
) -> Result<Vec<(String, Vec<String>)>, SyncError> {
    let mut batches = RecordBatches::new(plan);
    for page in pages {
        batches.write_page(page)?;
    }
    batches.finish()?;
    let options = StoreOptions {
        table: entity.table.clone(),
        ..StoreOptions::default()
    };
    let mut dataset = SyncedDataset::open(place, store.to_string(), options)?;
    Ok(dataset.differing(&batches.take(), entity.id_field())?)
}
