//! How rows that changed come into their parts: each part is read, merged and put in the place of the old one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::TimestampMicrosecondBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{Field, Schema as ArrowSchema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::column_values::ColumnValues;
use super::record::{PartRecord, RowKey, checksum};
use super::{Changes, ERRORS, OldPart, Row, SyncedDataset, mark_type, part_name, part_of_name};
use crate::error::ExportError;
use crate::sinks::DELETED_AT;
use crate::sinks::arrow::{of_parquet, parquet_properties};
use crate::sinks::batches::{BATCH, of_arrow};

/// Puts new rows over those that a part has. Returns how many are new or differ.
fn put_new(
    rows: &mut BTreeMap<RowKey, Row>,
    new: &BTreeMap<&RowKey, usize>,
    sources: &[ColumnValues],
) -> u64 {
    let mut written = 0;
    for (key, place) in new {
        let place = (place / BATCH, place % BATCH);
        let row = rows.entry((*key).clone()).or_insert(Row {
            old: None,
            new: None,
            deleted: None,
        });
        let is_same = row.deleted.is_none()
            && row
                .old
                .is_some_and(|old| sources.iter().all(|source| source.is_same(old, place)));
        if !is_same {
            row.new = Some(place);
            row.deleted = None;
            written += 1;
        }
    }
    written
}

/// Marks or removes rows that are gone. Returns whether there was any.
fn take_gone(rows: &mut BTreeMap<RowKey, Row>, gone: &[(RowKey, Option<i64>)]) -> bool {
    let mut has_changed = false;
    for (key, marked_at) in gone {
        match (marked_at, rows.get_mut(key)) {
            (_, None) => {}
            (Some(at), Some(row)) => {
                has_changed |= row.deleted.is_none();
                row.deleted = row.deleted.or(Some(*at));
            }
            (None, Some(_)) => {
                rows.remove(key);
                has_changed = true;
            }
        }
    }
    has_changed
}

impl SyncedDataset {
    /// The columns of a part; `None` if it is not there.
    pub(super) fn schema_of(&self, part: u64) -> Result<Option<SchemaRef>, ExportError> {
        let Some(bytes) = self.get(&part_name(part))? else {
            return Ok(None);
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
        Ok(Some(Arc::clone(reader.map_err(of_parquet)?.schema())))
    }

    /// A part with its rows; `None` if it is not there, or has no rows to take over and is written again.
    pub(super) fn read_part(&mut self, part: u64) -> Result<Option<OldPart>, ExportError> {
        if self.unusable.contains_key(&part) {
            return Ok(None);
        }
        let Some(bytes) = self.get(&part_name(part))? else {
            return Ok(None);
        };
        let old = self.rows_of(part, bytes)?;
        if old.foreign_key(part).is_some() {
            return Err(self.failed(format!(
                "{}/{} was replaced by a copy of another file meanwhile; move it out of the folder, and run brimful sync again",
                self.state.table,
                part_name(part)
            )));
        }
        Ok(Some(old))
    }

    /// The rows of the bytes of a part.
    pub(super) fn rows_of(&mut self, part: u64, bytes: Vec<u8>) -> Result<OldPart, ExportError> {
        let checksum = checksum(&bytes);
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
        let reader = reader.map_err(of_parquet)?.with_batch_size(BATCH);
        let schema = Arc::clone(reader.schema());
        if self.key.is_empty()
            && let Some(first) = schema.fields().first()
        {
            // The ID comes first.
            self.take_key(first);
        }
        let mut old = OldPart {
            columns: schema.fields().len().saturating_sub(1),
            checksum,
            ..OldPart::default()
        };
        let reader = reader.build();
        for batch in reader.map_err(of_parquet)? {
            let batch = batch.map_err(of_arrow)?;
            let place = old.batches.len();
            let keys = batch.column_by_name(&self.key);
            let keys = keys.map_or_else(Vec::new, |keys| RowKey::of_array(keys));
            if keys.len() != batch.num_rows() {
                return Err(self.failed(format!(
                    "{} has no column {} with IDs, so it holds other rows",
                    part_name(part),
                    self.key
                )));
            }
            let keys = keys.into_iter().enumerate();
            old.keys.extend(keys.map(|(row, key)| (key, (place, row))));
            let marks = batch.column_by_name(DELETED_AT);
            let marks =
                marks.and_then(|marks| marks.as_primitive_opt::<TimestampMicrosecondType>());
            old.deleted.extend((0..batch.num_rows()).map(|row| {
                let marks = marks?;
                marks.is_valid(row).then(|| marks.value(row))
            }));
            old.batches.push(batch);
        }
        Ok(old)
    }

    /// Brings a part up to date, and returns how many rows of it were new or differed.
    pub(super) fn merge(
        &mut self,
        part: u64,
        (new, gone): &Changes<'_>,
    ) -> Result<u64, ExportError> {
        let old = self.read_part(part)?;
        let is_there = old.is_some();
        let old = old.unwrap_or_default();
        let mut rows: BTreeMap<RowKey, Row> = BTreeMap::new();
        for ((key, place), deleted) in old.keys.into_iter().zip(old.deleted) {
            let row = Row {
                old: Some(place),
                new: None,
                deleted,
            };
            rows.insert(key, row);
        }
        let sources: Vec<ColumnValues> = self
            .schema
            .fields()
            .iter()
            .map(|field| ColumnValues::of(field, &old.batches, &self.waiting))
            .collect();
        let written = put_new(&mut rows, new, &sources);
        let has_changed = take_gone(&mut rows, gone) || written > 0;
        let columns = self.schema.fields().len();
        let known = self.record.parts.get(&part);
        if is_there && !has_changed && known.is_some_and(|known| known.columns == columns) {
            return Ok(0);
        }
        if !is_there && rows.is_empty() && part > 0 && !self.is_unreadable(part) {
            // Rows that are gone and were not there: no file is made for them.
            self.record.parts.remove(&part);
            return Ok(0);
        }
        let bytes = self.encode(&rows, &sources)?;
        let mut found = PartRecord {
            columns,
            checksum: Some(checksum(&bytes)),
            ..PartRecord::default()
        };
        if let Some(unusable) = self.unusable.get(&part) {
            let renamed = self.objects.rename(&part_name(part), &unusable.aside);
            renamed.map_err(|message| self.failed(message))?;
        }
        self.put(&part_name(part), bytes)?;
        self.unusable.remove(&part);
        for (key, row) in &rows {
            match row.deleted {
                None => found.live.push(key),
                Some(_) => found.deleted.push(key),
            }
        }
        self.record.parts.insert(part, found);
        Ok(written)
    }

    /// Whether the bytes of a part cannot be read, so that readers of the folder fail on it.
    pub(super) fn is_unreadable(&self, part: u64) -> bool {
        let unusable = self.unusable.get(&part);
        unusable.is_some_and(|unusable| unusable.is_copy.is_none())
    }

    /// The bytes of a part.
    pub(super) fn encode(
        &self,
        rows: &BTreeMap<RowKey, Row>,
        sources: &[ColumnValues],
    ) -> Result<Vec<u8>, ExportError> {
        let mut fields: Vec<Field> = self
            .schema
            .fields()
            .iter()
            .map(|field| field.as_ref().clone())
            .collect();
        fields.push(Field::new(DELETED_AT, mark_type(), true));
        let schema: SchemaRef = Arc::new(ArrowSchema::new(fields));
        let properties = Some(parquet_properties(&schema));
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), properties)
            .map_err(of_parquet)?;
        let rows: Vec<&Row> = rows.values().collect();
        for rows in rows.chunks(BATCH) {
            let mut arrays = Vec::with_capacity(sources.len() + 1);
            for source in sources {
                arrays.push(source.take(rows).map_err(of_arrow)?);
            }
            let mut marks = TimestampMicrosecondBuilder::new().with_timezone("UTC");
            for row in rows {
                marks.append_option(row.deleted);
            }
            arrays.push(Arc::new(marks.finish()));
            let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(of_arrow)?;
            writer.write(&batch).map_err(of_parquet)?;
        }
        writer.into_inner().map_err(of_parquet)
    }

    /// Writes what waits: the parts first, how far the table is last. After a write that failed nothing more is written:
    /// the next run begins with what is there.
    pub(crate) fn flush(&mut self) -> Result<(), ExportError> {
        self.check_works()?;
        let flushed = self.write_waiting();
        if let Err(error) = &flushed {
            self.failed_with = Some(error.to_string());
        }
        flushed
    }

    pub(super) fn check_works(&self) -> Result<(), ExportError> {
        match &self.failed_with {
            None => Ok(()),
            Some(why) => Err(self.failed(format!("an earlier write has failed: {why}"))),
        }
    }

    pub(super) fn write_waiting(&mut self) -> Result<(), ExportError> {
        if let Some(batch) = self.builder.take()? {
            self.waiting.push(batch);
        }
        let keys = std::mem::take(&mut self.waiting_keys);
        let gone = std::mem::take(&mut self.gone);
        if !self.began && !gone.is_empty() {
            // Rows are only marked or deleted: the columns are those that there are.
            self.schema = self.widened(&ArrowSchema::empty())?;
            if let Some(first) = self.schema.fields().first().cloned() {
                self.take_key(&first);
            }
        }
        let mut parts: BTreeMap<u64, Changes<'_>> = BTreeMap::new();
        for (place, key) in keys.iter().enumerate() {
            // Of a row that came twice the last one counts.
            parts.entry(key.part()).or_default().0.insert(key, place);
        }
        for gone in &gone {
            for id in &gone.ids {
                let key = RowKey::of_text(id, self.key_is_number);
                let part = parts.entry(key.part()).or_default();
                part.1.push((key, gone.marked_at));
            }
        }
        if self.began {
            if self.record.parts.is_empty() && parts.is_empty() {
                // A table without rows has its columns anyway.
                parts.entry(0).or_default();
            }
            let columns = self.schema.fields().len();
            let narrow = self.record.parts.iter();
            let narrow = narrow.filter(|(_, part)| part.columns < columns);
            let narrow = narrow.map(|(number, _)| *number);
            let unusable = self.unusable.keys().copied();
            for part in narrow.chain(unusable.filter(|part| self.is_unreadable(*part))) {
                parts.entry(part).or_default();
            }
        }
        self.merge_parts(&parts)?;
        self.waiting.clear();
        Ok(())
    }

    pub(super) fn merge_parts(
        &mut self,
        parts: &BTreeMap<u64, Changes<'_>>,
    ) -> Result<(), ExportError> {
        let before = self.record.clone();
        if !parts.is_empty() {
            self.record.pending.extend(parts.keys());
            if self.record.command.is_empty() {
                self.record.command.clone_from(&self.state.command);
            }
            self.put_record()?;
        }
        let mut written = 0;
        for (part, changes) in parts {
            written += self.merge(*part, changes)?;
        }
        if !parts.is_empty() {
            if !self.schema.fields().is_empty() {
                self.record.note_columns(&self.schema);
            }
            for object in self.list()? {
                let part = part_of_name(&object.name).filter(|part| parts.contains_key(part));
                if let Some(part) = part {
                    self.note_stamp(part, object.stamp);
                }
            }
        }
        if self.errors_changed {
            let mut lines = Vec::new();
            for (_, line) in &self.errors {
                lines.extend_from_slice(line);
                lines.push(b'\n');
            }
            self.put(ERRORS, lines)?;
            self.errors_changed = false;
        }
        self.record.misfits = self.errors.len() as u64;
        if let Some(beside) = &self.beside {
            self.record.command.clone_from(&beside.command);
            self.record.sync.clone_from(&beside.sync);
            // From here on the state says that everything is read.
            self.record.is_mending = false;
            if let Some((what, coverage)) = &beside.coverage {
                self.record
                    .coverage
                    .insert((*what).to_owned(), coverage.clone());
            }
        }
        let pending = std::mem::take(&mut self.record.pending);
        if self.record != before || !pending.is_empty() {
            self.put_record()?;
        }
        self.beside = None;
        self.state.count_written(written);
        self.state.commit();
        Ok(())
    }
}
