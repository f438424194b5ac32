//! A table of a folder of Parquet files that is kept in sync with a list: each ID has one row there, at any time.
//!
//! A part has the rows of 25,000 IDs side by side, and its number follows from them: an ID is in one part and no other.
//! Rows that changed are merged into their part, and the new part takes the place of the old one at once. Only then
//! `_brimful_state.json` says how far the table is, and which IDs each part has. What is about to be written is noted in it
//! before, so that the run after one that was killed looks into those parts again.

mod column_values;
mod examination;
mod merging;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::super::arrow::{of_parquet, parquet_properties};
use super::super::batches::{BATCH, BatchBuilder, of_arrow};
use super::super::{DELETED_AT, DecodedRow, StoreOptions, StoreSink, labelled};
use super::objects::{Objects, StoredObject};
use super::{RunState, STATE, open_objects};
use crate::column_names::ColumnNames;
use crate::error::ExportError;
use crate::format::DatasetPlace;
use crate::misfit::{Misfit, Misfits};
use crate::schema::Schema;
use crate::sinks::owner::WrittenList;
use column_values::ColumnValues;
pub(crate) use record::SyncedRecord;
use record::{IdList, RowKey};

/// Rows that wait before parts are written: fewer would write a part several times.
const ROWS_AT_ONCE: usize = 10_000;
const ERRORS: &str = "_brimful_errors.jsonl";
const LABELS: &str = "_brimful_labels.parquet";
/// The folder beside those of the tables that has what concerns all of them.
const ROOT: &str = "_brimful";
const TABLES: &str = "tables.json";

/// A batch, and a row of it.
type Place = (usize, usize);

/// What is stored behind rows.
#[derive(Debug)]
pub(crate) struct BesideParts {
    pub(crate) command: String,
    pub(crate) sync: Value,
    pub(crate) coverage: Option<(&'static str, Value)>,
    pub(crate) gone: Option<GoneKeys>,
}

/// Rows that are gone.
#[derive(Debug)]
pub(crate) struct GoneKeys {
    pub(crate) ids: Vec<String>,
    /// Since when, in microseconds since 1970; `None`: they are deleted.
    pub(crate) marked_at: Option<i64>,
}

pub(crate) struct SyncedDataset {
    objects: Box<dyn Objects>,
    place: String,
    state: RunState,
    record: SyncedRecord,
    /// The columns of the table, without the mark of deleted rows.
    schema: SchemaRef,
    /// The column of the IDs, and whether they are whole numbers.
    key: String,
    key_is_number: bool,
    builder: BatchBuilder,
    waiting: Vec<RecordBatch>,
    waiting_keys: Vec<RowKey>,
    gone: Vec<GoneKeys>,
    beside: Option<BesideParts>,
    errors: Vec<(Option<String>, Vec<u8>)>,
    errors_changed: bool,
    began: bool,
    /// What files of the table lack that the last run has left there, or have that it has not.
    damage: Vec<String>,
    /// Files that are not of the table, and stay where they are until a person takes them away.
    strangers: Vec<String>,
    /// Parts whose file has nothing to take.
    unusable: BTreeMap<u64, UnusablePart>,
    /// Why a write failed. Rows and keys may be out of step since then, so nothing more is written.
    failed_with: Option<String>,
}

/// A part whose bytes cannot be read, or that has rows of other parts. Its file gets another name before rows that come
/// take its place: a person may have use for it.
struct UnusablePart {
    /// The name that it gets.
    aside: String,
    /// What is said of a copy of another part; `None`: its bytes cannot be read.
    is_copy: Option<String>,
}

/// A part that is read.
#[derive(Default)]
struct OldPart {
    columns: usize,
    checksum: u32,
    batches: Vec<RecordBatch>,
    keys: Vec<(RowKey, Place)>,
    deleted: Vec<Option<i64>>,
}

impl OldPart {
    /// An ID that belongs into another part.
    fn foreign_key(&self, part: u64) -> Option<&RowKey> {
        let mut keys = self.keys.iter().map(|(key, _)| key);
        keys.find(|key| key.part() != part)
    }
}

/// Where the values of a row come from.
struct Row {
    old: Option<Place>,
    new: Option<Place>,
    deleted: Option<i64>,
}

/// New rows of a part by their places, and rows of it that are gone, with the moment since when; `None`: they are deleted.
type Changes<'k> = (BTreeMap<&'k RowKey, usize>, Vec<(RowKey, Option<i64>)>);

fn part_name(part: u64) -> String {
    format!("part-{part:06}.parquet")
}

/// The number of the part that has this name.
fn part_of_name(name: &str) -> Option<u64> {
    let number = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let part = number.parse().ok()?;
    (part_name(part) == name).then_some(part)
}

fn mark_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The tables of a dataset that are kept in sync.
pub(crate) fn tables(place: &DatasetPlace, name: &str) -> Result<Vec<String>, ExportError> {
    let objects = open_objects(place, ROOT, name, false)?;
    let failed = |message| ExportError::Store {
        store: name.to_owned(),
        message,
    };
    let Some(found) = objects.get(TABLES).map_err(failed)? else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&found).map_err(|error| failed(format!("{ROOT}/{TABLES}: {error}")))
}

/// Notes that tables of a dataset are kept in sync.
pub(crate) fn note_tables(
    place: &DatasetPlace,
    name: &str,
    noted: &[String],
) -> Result<(), ExportError> {
    let known = tables(place, name)?;
    let all: BTreeSet<String> = known.iter().chain(noted).cloned().collect();
    if all.len() == known.len() {
        return Ok(());
    }
    let put = open_objects(place, ROOT, name, true)?.put(TABLES, serde_json::to_vec_pretty(&all)?);
    put.map_err(|message| ExportError::Store {
        store: name.to_owned(),
        message,
    })
}

impl SyncedDataset {
    /// Opens the folder of a table. It is made with its first file.
    pub(crate) fn open(
        place: &DatasetPlace,
        name: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let objects = open_objects(place, &options.table, &name, false)?;
        Self::new(objects, name, options)
    }

    pub(super) fn new(
        objects: Box<dyn Objects>,
        place: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let mut sink = Self {
            objects,
            place,
            state: RunState::new(options),
            record: SyncedRecord::default(),
            schema: Arc::new(ArrowSchema::empty()),
            key: String::new(),
            key_is_number: true,
            builder: BatchBuilder::default(),
            waiting: Vec::new(),
            waiting_keys: Vec::new(),
            gone: Vec::new(),
            beside: None,
            errors: Vec::new(),
            errors_changed: false,
            began: false,
            damage: Vec::new(),
            strangers: Vec::new(),
            unusable: BTreeMap::new(),
            failed_with: None,
        };
        let Some(found) = sink.get(STATE)? else {
            sink.refuse_strangers()?;
            return Ok(sink);
        };
        sink.record = serde_json::from_slice(&found)
            .map_err(|error| sink.failed(format!("{STATE} is not one of a sync: {error}")))?;
        let written = WrittenList::of_command(&sink.record.command);
        if !written.is_some_and(|list| list.is_sync) {
            let why = format!(
                "the folder {} holds an export, which is not kept in sync; remove it",
                sink.state.table
            );
            return Err(sink.failed(why).because_of_table());
        }
        if sink.record.misfits > 0 {
            sink.read_errors()?;
        }
        if let Some(schema) = sink.record.schema() {
            sink.take_key(schema.field(0));
        }
        // What a run that was killed has written, or not.
        let pending = sink.record.pending.clone();
        for part in &pending {
            sink.look_into(*part, None)?;
        }
        sink.compare_files(&pending)?;
        if sink.record.is_mending && sink.damage.is_empty() {
            sink.damage.push(format!(
                "{}: the run that was to bring lost rows back was broken off",
                sink.state.table
            ));
        }
        sink.record.is_mending = !sink.damage.is_empty();
        Ok(sink)
    }

    /// The column of the IDs: its name, and whether they are whole numbers.
    fn take_key(&mut self, field: &Field) {
        field.name().clone_into(&mut self.key);
        self.key_is_number = *field.data_type() == DataType::Int64;
    }

    pub(crate) fn record(&self) -> &SyncedRecord {
        &self.record
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.place.clone(),
            message: message.into(),
        }
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let got = self.objects.get(name);
        got.map_err(|message| self.failed(message))
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ExportError> {
        let put = self.objects.put(name, bytes);
        put.map_err(|message| self.failed(message))
    }

    fn list(&self) -> Result<Vec<StoredObject>, ExportError> {
        let listed = self.objects.list();
        listed.map_err(|message| self.failed(message))
    }

    fn put_record(&self) -> Result<(), ExportError> {
        self.put(STATE, serde_json::to_vec(&self.record)?)
    }

    fn read_errors(&mut self) -> Result<(), ExportError> {
        let found = self.get(ERRORS)?.unwrap_or_default();
        for line in found
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let misfit: Value = serde_json::from_slice(line)?;
            let id = misfit.get("id").and_then(text_of_id);
            self.errors.push((id, line.to_vec()));
        }
        Ok(())
    }

    /// What people call the codes, in a file of its own.
    fn store_labels(&self, schema: &Schema) -> Result<(), ExportError> {
        let labelled = labelled(schema);
        if labelled.is_empty() {
            return Ok(());
        }
        let [mut fields, mut codes, mut labels] = [(); 3].map(|()| StringBuilder::new());
        for (column, entries) in &labelled {
            for (code, label) in entries {
                fields.append_value(&column.name);
                codes.append_value(code);
                labels.append_value(label);
            }
        }
        let arrays: [(&str, ArrayRef); 3] = [
            ("field", Arc::new(fields.finish())),
            ("code", Arc::new(codes.finish())),
            ("label", Arc::new(labels.finish())),
        ];
        let batch = RecordBatch::try_from_iter(arrays).map_err(of_arrow)?;
        let properties = Some(parquet_properties(&batch.schema()));
        let mut writer =
            ArrowWriter::try_new(Vec::new(), batch.schema(), properties).map_err(of_parquet)?;
        writer.write(&batch).map_err(of_parquet)?;
        let bytes = writer.into_inner().map_err(of_parquet)?;
        if self.get(LABELS)?.as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.put(LABELS, bytes)
    }

    /// What people call the codes, as stored: field, code and label.
    pub(crate) fn labels(&self) -> Result<Vec<[String; 3]>, ExportError> {
        let Some(bytes) = self.get(LABELS)? else {
            return Ok(Vec::new());
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
        let reader = reader.map_err(of_parquet)?.build().map_err(of_parquet)?;
        let mut labels = Vec::new();
        for batch in reader {
            let batch = batch.map_err(of_arrow)?;
            let columns: Option<Vec<_>> = batch
                .columns()
                .iter()
                .map(|column| column.as_string_opt::<i32>())
                .collect();
            if let Some([fields, codes, names]) = columns.as_deref() {
                let rows = 0..batch.num_rows();
                labels.extend(
                    rows.map(|row| {
                        [fields, codes, names].map(|column| column.value(row).to_owned())
                    }),
                );
            }
        }
        Ok(labels)
    }

    /// Takes what is to be stored with the rows that wait.
    pub(crate) fn put_beside(&mut self, mut beside: BesideParts) {
        self.gone.extend(beside.gone.take());
        if let Some(earlier) = self.beside.take() {
            beside.coverage = beside.coverage.or(earlier.coverage);
        }
        self.beside = Some(beside);
    }

    /// Takes the values that did not fit away. They are written with the rows.
    fn note_misfits(&mut self, misfits: &mut Misfits) {
        self.errors_changed |= !misfits.0.is_empty();
        self.state.misfits += misfits.0.len() as u64;
        self.errors
            .extend(misfits.0.drain(..).map(|misfit| error_line(&misfit)));
    }

    /// Forgets the values that did not fit of these rows; `without_id`: and those of rows without an ID.
    pub(crate) fn forget_errors(&mut self, ids: &[String], without_id: bool) {
        let ids: BTreeSet<&String> = ids.iter().collect();
        let before = self.errors.len();
        self.errors.retain(|(id, _)| match id {
            Some(id) => !ids.contains(id),
            None => !without_id,
        });
        self.errors_changed |= self.errors.len() != before;
    }

    /// How many rows are live.
    pub(crate) fn count(&mut self) -> Result<u64, ExportError> {
        self.flush()?;
        Ok(self.record.live())
    }

    /// Hands over the IDs of the rows that are live.
    pub(crate) fn ids(&mut self, take: &mut dyn FnMut(&str)) -> Result<(), ExportError> {
        self.flush()?;
        for part in self.record.parts.values() {
            for (first, last) in &part.live.ranges {
                for id in *first..=*last {
                    take(&id.to_string());
                }
            }
            for id in &part.live.texts {
                take(id);
            }
        }
        Ok(())
    }

    /// Hands over the highest IDs of rows that are marked as deleted, at most so many.
    pub(crate) fn deleted_ids(
        &mut self,
        most: usize,
        take: &mut dyn FnMut(&str),
    ) -> Result<(), ExportError> {
        self.flush()?;
        let parts = self.record.parts.values().rev();
        let ranges = parts.flat_map(|part| part.deleted.ranges.iter().rev());
        let ids = ranges.flat_map(|(first, last)| (*first..=*last).rev());
        ids.take(most).for_each(|id| take(&id.to_string()));
        Ok(())
    }

    /// Hands over a column of whole numbers and the IDs of the rows that are live, where both have a value.
    pub(crate) fn column_with_ids(
        &mut self,
        column: &str,
        take: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ExportError> {
        self.flush()?;
        let parts: Vec<u64> = self.record.parts.keys().copied().collect();
        for part in parts {
            let Some(old) = self.read_part(part)? else {
                continue;
            };
            let live = old.keys.iter().zip(&old.deleted);
            for ((key, (batch, row)), _) in live.filter(|(_, deleted)| deleted.is_none()) {
                let values = old.batches.get(*batch);
                let values = values.and_then(|batch| batch.column_by_name(column));
                let values = values.and_then(|values| values.as_primitive_opt::<Int64Type>());
                let value = values.filter(|values| values.is_valid(*row));
                let value = value.and_then(|values| u64::try_from(values.value(*row)).ok());
                let id = key.clone().into_text().parse::<u64>().ok();
                if let (Some(value), Some(id)) = (value, id) {
                    take(value, id);
                }
            }
        }
        Ok(())
    }

    /// The highest ID, of rows that were deleted too.
    pub(crate) fn highest_id(&mut self) -> Result<u64, ExportError> {
        self.flush()?;
        let lists = self.record.parts.values();
        let lists = lists.flat_map(|part| [&part.live, &part.deleted]);
        let highest = lists.filter_map(IdList::highest);
        Ok(highest.max().unwrap_or(0))
    }

    /// The rows of `batches` that are live in the table and have other values there: the ID, and the columns that differ.
    pub(crate) fn differing(
        &mut self,
        batches: &[RecordBatch],
        id_field: &str,
    ) -> Result<Vec<(String, Vec<String>)>, ExportError> {
        if self.key.is_empty() {
            id_field.clone_into(&mut self.key);
        }
        let mut wanted: BTreeMap<u64, Vec<(RowKey, Place)>> = BTreeMap::new();
        for (place, batch) in batches.iter().enumerate() {
            let keys = batch.column_by_name(id_field);
            let keys = keys.map_or_else(Vec::new, |keys| RowKey::of_array(keys));
            for (row, key) in keys.into_iter().enumerate() {
                wanted
                    .entry(key.part())
                    .or_default()
                    .push((key, (place, row)));
            }
        }
        let mut differing = Vec::new();
        for (part, rows) in wanted {
            let Some(old) = self.read_part(part)? else {
                continue;
            };
            let live = old.keys.into_iter().zip(old.deleted);
            let live: BTreeMap<RowKey, Place> = live
                .filter(|(_, deleted)| deleted.is_none())
                .map(|(row, _)| row)
                .collect();
            let Some(first) = batches.first() else {
                continue;
            };
            let schema = first.schema();
            let fields = schema.fields().iter();
            let sources: Vec<(&String, ColumnValues)> = fields
                .map(|field| (field.name(), ColumnValues::of(field, &old.batches, batches)))
                .collect();
            for (key, place) in rows {
                let Some(there) = live.get(&key) else {
                    continue;
                };
                let columns = sources
                    .iter()
                    .filter(|(_, source)| !source.is_same(*there, place));
                let columns: Vec<String> = columns.map(|(name, _)| (*name).clone()).collect();
                if !columns.is_empty() {
                    differing.push((key.into_text(), columns));
                }
            }
        }
        Ok(differing)
    }

    /// The columns that the table has, those noted with the titles that the widest part has of them.
    fn known_columns(&self) -> Result<Option<SchemaRef>, ExportError> {
        let parts = self.record.parts.iter();
        let widest = parts.max_by_key(|(_, part)| part.columns);
        let in_file = match widest {
            Some((part, _)) => self.schema_of(*part)?,
            None => None,
        };
        let Some(noted) = self.record.schema() else {
            return Ok(in_file);
        };
        let with_title = |field: &Arc<Field>| {
            let in_file = in_file.as_ref()?.field_with_name(field.name()).ok()?;
            (in_file.data_type() == field.data_type()).then(|| Arc::new(in_file.clone()))
        };
        let fields = noted.fields().iter();
        let fields = fields.map(|field| with_title(field).unwrap_or_else(|| Arc::clone(field)));
        Ok(Some(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))))
    }

    /// The columns of the table: those that it has, in their order, and new ones behind them.
    fn widened(&self, arriving: &ArrowSchema) -> Result<SchemaRef, ExportError> {
        let known = if self.began {
            Some(Arc::clone(&self.schema))
        } else {
            self.known_columns()?
        };
        let mut fields: Vec<Field> = Vec::new();
        for field in known.iter().flat_map(|known| known.fields()) {
            if field.name() == DELETED_AT {
                continue;
            }
            let found = arriving.field_with_name(field.name()).ok();
            if let Some(other) = found.filter(|found| found.data_type() != field.data_type()) {
                return Err(self.failed(format!(
                    "the column {} of {} is {} there and {} now; remove the folder, and the next run makes it again",
                    field.name(),
                    self.state.table,
                    field.data_type(),
                    other.data_type()
                )));
            }
            fields.push(found.unwrap_or(field).clone());
        }
        for field in arriving.fields() {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(field.as_ref().clone());
            }
        }
        Ok(Arc::new(ArrowSchema::new(fields)))
    }
}

impl StoreSink for SyncedDataset {
    fn names(&self) -> ColumnNames {
        ColumnNames {
            in_any_case: false,
            ..ColumnNames::OF_DATABASES
        }
    }

    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn synced_dataset(&mut self) -> Option<&mut SyncedDataset> {
        Some(self)
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        self.note_misfits(misfits);
        if self.began {
            // Rows that came before a new column are of the old columns.
            self.flush()?;
        }
        let Some(key) = schema.key else {
            // The caller refuses such a table.
            return Ok(());
        };
        self.builder = BatchBuilder::new(schema);
        let arriving = self.builder.schema();
        let known = arriving.field_with_name(&schema.columns[key].name);
        self.take_key(known.map_err(of_arrow)?);
        self.schema = self.widened(&arriving)?;
        self.began = true;
        self.store_labels(schema)
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        _: &mut Misfits,
    ) -> Result<(), ExportError> {
        self.check_works()?;
        let key = schema.key.and_then(|key| RowKey::of_cell(&row.cells[key]));
        let Some(key) = key else {
            // Those are noted before they come here.
            return Err(self.failed(format!("a row of {} has no ID", self.state.table)));
        };
        self.waiting_keys.push(key);
        self.builder.append(row.cells);
        if self.builder.rows() >= BATCH
            && let Some(batch) = self.builder.take()?
        {
            self.waiting.push(batch);
        }
        self.state.take(row.key(schema));
        Ok(())
    }

    fn is_due(&self) -> bool {
        false
    }

    fn store(&mut self, misfits: &mut Misfits, _: bool) -> Result<(), ExportError> {
        self.note_misfits(misfits);
        let must = self.waiting_keys.is_empty()
            || !self.gone.is_empty()
            || self
                .beside
                .as_ref()
                .is_some_and(|beside| beside.coverage.is_some());
        if must || self.waiting_keys.len() >= ROWS_AT_ONCE {
            self.flush()?;
        }
        Ok(())
    }
}

/// The ID of the row of a value that did not fit, and its line.
fn error_line(misfit: &Misfit) -> (Option<String>, Vec<u8>) {
    let mut line = Vec::new();
    misfit.write_line(&mut line);
    line.pop();
    (misfit.id_text(), line)
}

fn text_of_id(id: &Value) -> Option<String> {
    match id {
        Value::Null => None,
        Value::String(id) => Some(id.clone()),
        other => Some(other.to_string()),
    }
}
