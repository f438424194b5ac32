//! A folder of Parquet files, on this machine or in storage that speaks the protocol of Amazon S3: what Spark, Trino,
//! DuckDB and ClickHouse read as one table.
//!
//! The parts of a run are written under `_brimful_new`, which readers pass over, and moved to their places when all rows
//! are there. `_brimful_state.json` says how far a run is, so that an interrupted one is resumed, in the moves too.

mod objects;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sync")]
pub(crate) mod synced;

use std::collections::BTreeMap;

use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};

use super::arrow::{of_parquet, parquet_properties};
use super::batches::{BATCH, BatchBuilder};
use super::owner;
use super::run_state::RunState;
use super::{DecodedRow, StoreOptions, StoreSink};
use crate::cell::Cell;
use crate::error::ExportError;
use crate::format::{DatasetPlace, PartitionBy};
use crate::misfit::Misfits;
use crate::schema::Schema;
use objects::{Folder, Objects};
#[cfg(feature = "s3")]
use s3::Bucket;

/// Rows that go into the parts of one turn: less would make many small files.
const ROWS_AT_ONCE: u64 = 200_000;
/// Partitions that are written at a time. Each holds the rows of its part.
const PARTITIONS_AT_ONCE: usize = 64;
/// Where rows are whose value says no time, as Hive calls it.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";
const STATE: &str = "_brimful_state.json";
const NEW: &str = "_brimful_new";
const ERRORS: &str = "_brimful_errors";

pub(crate) struct DatasetSink {
    objects: Box<dyn Objects>,
    place: String,
    state: RunState,
    /// Rows that are gathered before their parts are written.
    rows_at_once: u64,
    /// Partitions whose parts may be open between two rows.
    partitions_at_once: usize,
    partition_by: Option<PartitionBy>,
    /// The place of the column among the others.
    partition_column: Option<usize>,
    schema: Schema,
    /// The open part of each partition, by the name of its folder.
    parts: BTreeMap<String, Part>,
    record: Record,
    /// What an interrupted run has left that is of no use.
    leftovers: Vec<String>,
    began: bool,
}

/// A part that is being written.
struct Part {
    batch: BatchBuilder,
    writer: ArrowWriter<Vec<u8>>,
}

/// What is kept of a run: the content of `_brimful_state.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    command: String,
    rows: u64,
    last_id: Option<u64>,
    finished: bool,
    misfits: u64,
    /// Counts the runs: names of parts have it.
    run: u64,
    /// Parts of the run so far, under their last names.
    new: Vec<String>,
    /// Parts that are being written: they may be there or not.
    pending: Vec<String>,
    /// Parts of the complete run before it.
    old: Vec<String>,
    /// All rows are there, and the parts are moved to their places.
    moving: bool,
}

/// The folder of a table. On this machine it is made at once if `make` says so, else with the first file in it.
#[cfg_attr(
    not(feature = "sync"),
    expect(unused_variables, reason = "exports make their folders at once")
)]
fn open_objects(
    place: &DatasetPlace,
    table: &str,
    name: &str,
    make: bool,
) -> Result<Box<dyn Objects>, ExportError> {
    match place {
        #[cfg(feature = "sync")]
        DatasetPlace::Folder(path) if !make => Ok(Box::new(Folder::at(path.join(table)))),
        DatasetPlace::Folder(path) => Ok(Box::new(Folder::make(path.join(table))?)),
        #[cfg(not(feature = "s3"))]
        DatasetPlace::S3(_) => Err(ExportError::Name(format!(
            "{name}: this build cannot write to it"
        ))),
        #[cfg(feature = "s3")]
        DatasetPlace::S3(url) => match Bucket::open(url, table) {
            Ok(bucket) => Ok(Box::new(bucket)),
            Err(message) => Err(ExportError::Store {
                store: name.to_owned(),
                message,
            }),
        },
    }
}

impl DatasetSink {
    pub(crate) fn open(
        place: &DatasetPlace,
        partition_by: Option<PartitionBy>,
        name: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let objects = open_objects(place, &options.table, &name, true)?;
        Self::new(objects, partition_by, name, options)
    }

    fn new(
        objects: Box<dyn Objects>,
        partition_by: Option<PartitionBy>,
        place: String,
        options: StoreOptions,
    ) -> Result<Self, ExportError> {
        let mut sink = Self {
            objects,
            place,
            state: RunState::new(options),
            rows_at_once: ROWS_AT_ONCE,
            partitions_at_once: PARTITIONS_AT_ONCE,
            partition_by,
            partition_column: None,
            schema: Schema::default(),
            parts: BTreeMap::new(),
            record: Record::default(),
            leftovers: Vec::new(),
            began: false,
        };
        sink.find_earlier()?;
        Ok(sink)
    }

    fn failed(&self, message: impl Into<String>) -> ExportError {
        ExportError::Store {
            store: self.place.clone(),
            message: message.into(),
        }
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ExportError> {
        let put = self.objects.put(name, bytes);
        put.map_err(|message| self.failed(message))
    }

    /// What makes a run the same as another: the folders too.
    fn command(&self) -> String {
        match &self.partition_by {
            Some(by) => format!(
                "{} by {}:{}",
                self.state.command,
                by.column,
                by.every.name()
            ),
            None => self.state.command.clone(),
        }
    }

    /// Looks for what an earlier run has left: one of the same command that was interrupted is resumed.
    fn find_earlier(&mut self) -> Result<(), ExportError> {
        let found = self.objects.get(STATE);
        let Some(found) = found.map_err(|message| self.failed(message))? else {
            self.record = Record {
                command: self.command(),
                run: 1,
                ..Record::default()
            };
            return Ok(());
        };
        let mut earlier: Record = serde_json::from_slice(&found)
            .map_err(|error| self.failed(format!("{STATE} is not one of an export: {error}")))?;
        let drop = "remove its folder";
        if let Some(message) = owner::problem(
            &self.state.table,
            &earlier.command,
            &self.state.command,
            drop,
        ) {
            return Err(self.failed(message));
        }
        if earlier.moving {
            self.record = earlier;
            self.publish()?;
            earlier = std::mem::take(&mut self.record);
        }
        let command = self.command();
        let pending = std::mem::take(&mut earlier.pending);
        self.leftovers
            .extend(pending.iter().map(|part| in_new(part)));
        let is_same = self.state.may_resume && earlier.command == command && !earlier.finished;
        if let (true, Some(last_id)) = (is_same, earlier.last_id) {
            self.state.resumed = Some((earlier.rows, last_id));
            self.state.misfits = earlier.misfits;
            self.record = earlier;
            return Ok(());
        }
        let mut old = earlier.old;
        if earlier.finished {
            old.extend(earlier.new);
        } else {
            let new = earlier.new.iter();
            self.leftovers.extend(new.map(|part| in_new(part)));
        }
        self.record = Record {
            command,
            run: earlier.run + 1,
            old,
            ..Record::default()
        };
        Ok(())
    }

    /// Takes down how far the run is.
    fn write_record(&self) -> Result<(), ExportError> {
        self.put(STATE, serde_json::to_vec_pretty(&self.record)?)
    }

    /// Moves the parts to their places, and removes those of the run before. What is done already is passed over.
    fn publish(&mut self) -> Result<(), ExportError> {
        self.record.moving = true;
        self.write_record()?;
        let failed = |message| self.failed(message);
        for part in &self.record.old {
            self.objects.delete(part).map_err(failed)?;
        }
        for part in &self.record.new {
            self.objects.rename(&in_new(part), part).map_err(failed)?;
        }
        self.record.moving = false;
        self.record.finished = true;
        self.record.old.clear();
        self.write_record()
    }

    /// The folder of a row.
    fn folder(&self, row: &DecodedRow<'_, '_>) -> String {
        let (Some(by), Some(place)) = (&self.partition_by, self.partition_column) else {
            return String::new();
        };
        let value = match &row.cells[place] {
            Cell::Date(date) => by.every.of(*date),
            Cell::DateTime(moment) => by.every.of(moment.civil.date()),
            _ => NO_VALUE.to_owned(),
        };
        // The column is in the files as it is, so the folder's has a name of its own.
        format!("{}_{}={value}/", by.column, by.every.name())
    }

    fn open_part(&self) -> Result<Part, ExportError> {
        let batch = BatchBuilder::new(&self.schema);
        let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(parquet_properties()));
        Ok(Part {
            batch,
            writer: writer.map_err(of_parquet)?,
        })
    }

    /// Ends the parts that are open, and writes them, the values that did not fit, and how far the run is.
    fn end_parts(&mut self, misfits: &mut Misfits) -> Result<(), ExportError> {
        let mut ready = Vec::new();
        for (folder, mut part) in std::mem::take(&mut self.parts) {
            if let Some(batch) = part.batch.take()? {
                part.writer.write(&batch).map_err(of_parquet)?;
            }
            let bytes = part.writer.into_inner().map_err(of_parquet)?;
            let number = self.record.new.len() + ready.len() + 1;
            let run = self.record.run;
            ready.push((format!("{folder}part-{number:05}-{run}.parquet"), bytes));
        }
        if !misfits.0.is_empty() {
            let mut lines = Vec::new();
            for misfit in &misfits.0 {
                misfit.write_line(&mut lines);
            }
            let number = self.record.new.len() + ready.len() + 1;
            let run = self.record.run;
            ready.push((format!("{ERRORS}/part-{number:05}-{run}.jsonl"), lines));
        }
        // If the run is killed now, the next one knows what it may find.
        self.record.pending = ready.iter().map(|(name, _)| name.clone()).collect();
        self.write_record()?;
        for (name, bytes) in ready {
            self.put(&in_new(&name), bytes)?;
        }
        self.record.new.append(&mut self.record.pending);
        self.state.misfits += misfits.0.len() as u64;
        misfits.0.clear();
        self.record.misfits = self.state.misfits;
        self.record.rows = self.state.rows();
        self.record.last_id = self.state.last_id();
        self.write_record()?;
        self.state.commit();
        Ok(())
    }
}

/// Where a part is until the run is complete.
fn in_new(part: &str) -> String {
    format!("{NEW}/{part}")
}

impl StoreSink for DatasetSink {
    fn state(&self) -> &RunState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RunState {
        &mut self.state
    }

    fn has_label_tables(&self) -> bool {
        false
    }

    fn begin(&mut self, schema: &Schema, misfits: &mut Misfits) -> Result<(), ExportError> {
        // Rows that came before a new column are in files without it.
        if !self.parts.is_empty() {
            self.end_parts(misfits)?;
        }
        if let Some(by) = &self.partition_by {
            let column = schema
                .columns
                .iter()
                .position(|column| column.name == by.column);
            let is_date = column.is_some_and(|place| schema.columns[place].kind.is_date());
            if !is_date {
                return Err(ExportError::Name(format!(
                    "--partition-by {}: there is no column of that name that is a date",
                    by.column
                )));
            }
            self.partition_column = column;
        }
        self.schema = schema.clone();
        if !self.began {
            for leftover in std::mem::take(&mut self.leftovers) {
                let deleted = self.objects.delete(&leftover);
                deleted.map_err(|message| self.failed(message))?;
            }
            self.write_record()?;
            self.began = true;
        }
        Ok(())
    }

    fn row(
        &mut self,
        schema: &Schema,
        row: &DecodedRow<'_, '_>,
        misfits: &mut Misfits,
    ) -> Result<(), ExportError> {
        let folder = self.folder(row);
        if !self.parts.contains_key(&folder) {
            let part = self.open_part()?;
            self.parts.insert(folder.clone(), part);
        }
        if let Some(part) = self.parts.get_mut(&folder) {
            part.batch.append(row.cells);
            if part.batch.rows() >= BATCH
                && let Some(batch) = part.batch.take()?
            {
                part.writer.write(&batch).map_err(of_parquet)?;
            }
        }
        self.state.take(row.key(schema));
        // What did not fit of the row is among the misfits, so both are stored together.
        if self.parts.len() > self.partitions_at_once {
            self.end_parts(misfits)?;
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.state.is_due(self.rows_at_once)
    }

    fn store(&mut self, misfits: &mut Misfits, finished: bool) -> Result<(), ExportError> {
        // The program has stores keep what they have every second: that would be a file a second.
        if !finished && !self.is_due() {
            return Ok(());
        }
        if finished && self.parts.is_empty() && self.record.new.is_empty() {
            // A table without rows has its columns all the same.
            let part = self.open_part()?;
            self.parts.insert(String::new(), part);
        }
        self.end_parts(misfits)?;
        if finished {
            self.publish()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use brimful::Page;
    use parking_lot::Mutex;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

    use super::*;
    use crate::schema::{Plan, Types};
    use crate::writer::RowWriter;

    /// Objects in memory, which are there for so many operations and then no more, as for a process that is killed.
    #[derive(Clone, Default)]
    struct Memory {
        objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
        left: Arc<AtomicUsize>,
    }

    impl Memory {
        fn operation(&self) -> Result<(), String> {
            let left = &self.left;
            let one_less = |left: usize| left.checked_sub(1);
            let counted = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
            counted.map(drop).map_err(|_| "killed".to_owned())
        }
    }

    impl Objects for Memory {
        fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), String> {
            self.operation()?;
            self.objects.lock().insert(name.to_owned(), bytes);
            Ok(())
        }

        fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
            self.operation()?;
            Ok(self.objects.lock().get(name).cloned())
        }

        fn rename(&self, from: &str, to: &str) -> Result<(), String> {
            self.operation()?;
            let mut objects = self.objects.lock();
            if let Some(bytes) = objects.remove(from) {
                objects.insert(to.to_owned(), bytes);
            }
            Ok(())
        }

        fn delete(&self, name: &str) -> Result<(), String> {
            self.operation()?;
            self.objects.lock().remove(name);
            Ok(())
        }

        #[cfg(feature = "sync")]
        fn list(&self) -> Result<Vec<super::objects::StoredObject>, String> {
            let objects = self.objects.lock();
            let found = objects
                .iter()
                .map(|(name, bytes)| super::objects::StoredObject {
                    name: name.clone(),
                    stamp: bytes.len().to_string(),
                });
            Ok(found.collect())
        }
    }

    /// Rows of a run: so many from `first` on, a page of five at a time.
    fn export(memory: &Memory, rows: u64) -> Result<(), ExportError> {
        let options = StoreOptions {
            table: "crm_deal".to_owned(),
            command: format!("crm.deal.list of {rows}"),
            resume: true,
        };
        let by = "CLOSEDATE:month".parse().ok();
        let mut sink = DatasetSink::new(Box::new(memory.clone()), by, String::new(), options)?;
        sink.rows_at_once = 10;
        sink.partitions_at_once = 5;
        let plan = Plan {
            entity: "crm.deal".to_owned(),
            id_field: "ID".to_owned(),
            types: Types::Portal,
            fields: fields(),
            ..Plan::default()
        };
        let mut writer = RowWriter::new(Box::new(sink), plan);
        let first = writer.resumed().map_or(1, |(_, last)| last + 1);
        let row = |id: u64| {
            let date = match id % 7 {
                0 => "never".to_owned(),
                one => format!("2026-{one:02}-01"),
            };
            (
                Some(id),
                // A field comes in the middle of a page, behind a row with a value that does not fit.
                if id < 22 {
                    format!("{{\"ID\":\"{id}\",\"CLOSEDATE\":\"{date}\"}}")
                } else {
                    format!("{{\"ID\":\"{id}\",\"CLOSEDATE\":\"{date}\",\"UF_CRM_1\":\"new\"}}")
                },
            )
        };
        let ids: Vec<u64> = (first..=rows).collect();
        for ids in ids.chunks(5) {
            let page: Page = ids.iter().map(|id| row(*id)).collect();
            writer.write_page(&page, &mut Vec::new())?;
        }
        writer.finish(&mut std::io::sink())
    }

    fn fields() -> brimful::Fields {
        let field = |kind: &str| serde_json::json!({"type": kind, "title": kind});
        let fields = serde_json::json!({"ID": field("integer"), "CLOSEDATE": field("date")});
        let call = brimful::FieldsCall::of("crm.deal");
        call.read(&fields).unwrap()
    }

    /// The IDs in all Parquet files that readers see, and how many values did not fit.
    fn found(memory: &Memory) -> (Vec<i64>, usize) {
        let (mut ids, mut misfits) = (Vec::new(), 0);
        for (name, bytes) in memory.objects.lock().iter() {
            if name.starts_with(ERRORS) {
                misfits += String::from_utf8_lossy(bytes).lines().count();
            }
            if name.starts_with('_') {
                continue;
            }
            let bytes = bytes::Bytes::from(bytes.clone());
            for batch in ParquetRecordBatchReader::try_new(bytes, 1024).unwrap() {
                let batch = batch.unwrap();
                ids.extend(batch.column(0).as_primitive::<Int64Type>().values().iter());
            }
        }
        ids.sort_unstable();
        (ids, misfits)
    }

    fn names(memory: &Memory) -> Vec<String> {
        memory.objects.lock().keys().cloned().collect()
    }

    #[test]
    fn rows_are_in_folders_of_their_months_and_a_run_replaces_the_one_before() {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        export(&memory, 7).unwrap();
        assert_eq!(
            names(&memory),
            [
                "CLOSEDATE_month=2026-01/part-00001-1.parquet",
                "CLOSEDATE_month=2026-02/part-00002-1.parquet",
                "CLOSEDATE_month=2026-03/part-00003-1.parquet",
                "CLOSEDATE_month=2026-04/part-00004-1.parquet",
                "CLOSEDATE_month=2026-05/part-00005-1.parquet",
                "CLOSEDATE_month=2026-06/part-00006-1.parquet",
                "CLOSEDATE_month=__HIVE_DEFAULT_PARTITION__/part-00007-1.parquet",
                "_brimful_errors/part-00008-1.jsonl",
                "_brimful_state.json",
            ]
        );
        export(&memory, 2).unwrap();
        assert_eq!(
            names(&memory),
            [
                "CLOSEDATE_month=2026-01/part-00001-2.parquet",
                "CLOSEDATE_month=2026-02/part-00002-2.parquet",
                "_brimful_state.json",
            ]
        );
        export(&memory, 0).unwrap();
        assert_eq!(found(&memory).0, Vec::<i64>::new());
    }

    #[test]
    fn a_run_that_is_killed_after_any_operation_is_resumed_without_a_row_lost_or_doubled() {
        let mut killed = 0;
        for first in 0.. {
            let memory = Memory::default();
            memory.left.store(usize::MAX, Ordering::SeqCst);
            if first % 2 == 0 {
                // What was there before is there until it is replaced.
                export(&memory, 12).unwrap();
            }
            memory.left.store(first, Ordering::SeqCst);
            if export(&memory, 43).is_ok() {
                break;
            }
            killed += 1;
            // The next one is killed too, at another moment.
            memory.left.store(first * 7 % 31, Ordering::SeqCst);
            let _ = export(&memory, 43);
            memory.left.store(usize::MAX, Ordering::SeqCst);
            export(&memory, 43).unwrap();
            let (ids, misfits) = found(&memory);
            assert_eq!(ids, (1..=43).collect::<Vec<i64>>(), "after {first}");
            assert_eq!(misfits, 6, "after {first}");
            assert!(
                names(&memory).iter().all(|name| !name.starts_with(NEW)),
                "{first}: {:?}",
                names(&memory)
            );
        }
        assert!(killed > 50, "{killed}");
    }

    /// A run of a sync: rows with their titles, and IDs that are gone.
    #[cfg(feature = "sync")]
    fn sync(memory: &Memory, rows: &[(u64, &str)], gone: &[u64]) -> Result<(), ExportError> {
        use super::synced::{BesideParts, GoneKeys};
        use crate::sinks::run_state::SyncWrites;
        let mut sink = synced_dataset(memory)?;
        sink.state_mut().sync = Some(SyncWrites::default());
        let plan = Plan {
            id_field: "ID".to_owned(),
            fields: fields(),
            ..Plan::default()
        };
        let mut writer = RowWriter::new(Box::new(sink), plan);
        let rows = rows.iter().map(|(id, title)| {
            let row = format!("{{\"ID\":\"{id}\",\"TITLE\":\"{title}\"}}");
            (Some(*id), row)
        });
        writer.write_page(&rows.collect(), &mut Vec::new())?;
        let sink = writer.store().and_then(|sink| sink.synced_dataset());
        sink.unwrap().put_beside(BesideParts {
            command: SYNC.to_owned(),
            sync: serde_json::json!({}),
            coverage: None,
            gone: Some(GoneKeys {
                ids: gone.iter().map(u64::to_string).collect(),
                marked_at: None,
            }),
        });
        writer.store_waiting()
    }

    #[cfg(feature = "sync")]
    const SYNC: &str = r#"{"portal":"a","sync":"crm.deal","method":"crm.deal.list"}"#;

    #[cfg(feature = "sync")]
    fn synced_dataset(memory: &Memory) -> Result<super::synced::SyncedDataset, ExportError> {
        let options = StoreOptions {
            table: "crm_deal".to_owned(),
            command: SYNC.to_owned(),
            resume: false,
        };
        super::synced::SyncedDataset::new(Box::new(memory.clone()), String::new(), options)
    }

    #[cfg(feature = "sync")]
    #[test]
    fn a_sync_that_is_killed_after_any_operation_leaves_one_row_an_id_and_knows_which() {
        type Run = (&'static [(u64, &'static str)], &'static [u64]);
        const RUNS: [Run; 3] = [
            (&[(1, "a"), (2, "a"), (25_001, "a"), (60_000, "a")], &[]),
            (&[(2, "b"), (3, "b"), (25_002, "b"), (60_000, "a")], &[1]),
            (&[(25_001, "c"), (90_000, "c")], &[2, 60_000]),
        ];
        let mut killed = 0;
        for operations in 0.. {
            let memory = Memory::default();
            memory.left.store(operations, Ordering::SeqCst);
            let mut was_killed = false;
            for (rows, gone) in RUNS {
                while sync(&memory, rows, gone).is_err() {
                    was_killed = true;
                    memory.left.store(usize::MAX, Ordering::SeqCst);
                    let (there, _) = found(&memory);
                    let mut once = there.clone();
                    once.dedup();
                    assert_eq!(there, once, "after {operations}");
                    let mut known: Vec<i64> = Vec::new();
                    let mut sink = synced_dataset(&memory).unwrap();
                    sink.ids(&mut |id| known.push(id.parse().unwrap())).unwrap();
                    assert_eq!(known, there, "after {operations}");
                }
            }
            assert_eq!(
                found(&memory).0,
                [3, 25_001, 25_002, 90_000],
                "{operations}"
            );
            killed += u32::from(was_killed);
            if !was_killed {
                break;
            }
        }
        assert!(killed > 20, "{killed}");
    }

    /// Opens the table, has it take a page and keys that are gone, and stores all of it.
    #[cfg(feature = "sync")]
    fn sync_page(
        memory: &Memory,
        fields: brimful::Fields,
        rows: &[&str],
        gone: &[&str],
    ) -> Result<RowWriter, ExportError> {
        use super::synced::{BesideParts, GoneKeys};
        use crate::sinks::run_state::SyncWrites;
        let mut sink = synced_dataset(memory)?;
        sink.state_mut().sync = Some(SyncWrites::default());
        let plan = Plan {
            id_field: "ID".to_owned(),
            fields,
            ..Plan::default()
        };
        let mut writer = RowWriter::new(Box::new(sink), plan);
        let page: Page = rows.iter().map(|row| (None, (*row).to_owned())).collect();
        writer.write_page(&page, &mut Vec::new())?;
        let dataset = writer.store().and_then(|sink| sink.synced_dataset());
        dataset.unwrap().put_beside(BesideParts {
            command: SYNC.to_owned(),
            sync: serde_json::json!({}),
            coverage: None,
            gone: Some(GoneKeys {
                ids: gone.iter().map(|id| (*id).to_owned()).collect(),
                marked_at: Some(7),
            }),
        });
        writer.store_waiting()?;
        Ok(writer)
    }

    #[cfg(feature = "sync")]
    fn read(fields: &serde_json::Value) -> brimful::Fields {
        brimful::FieldsCall::of("crm.deal").read(fields).unwrap()
    }

    #[cfg(feature = "sync")]
    fn ids(memory: &Memory) -> Vec<String> {
        let mut ids = Vec::new();
        let mut sink = synced_dataset(memory).unwrap();
        sink.ids(&mut |id| ids.push(id.to_owned())).unwrap();
        ids
    }

    #[cfg(feature = "sync")]
    #[test]
    fn rows_whose_ids_are_texts_of_digits_are_found_when_they_are_gone() {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        let fields = serde_json::json!({"ID": {"type": "string"}, "TITLE": {"type": "string"}});
        let rows = [
            r#"{"ID":"7","TITLE":"a"}"#,
            r#"{"ID":"070","TITLE":"b"}"#,
            r#"{"ID":"60000","TITLE":"c"}"#,
        ];
        sync_page(&memory, read(&fields), &rows, &[]).unwrap();
        assert_eq!(ids(&memory), ["070", "60000", "7"]);
        sync_page(&memory, read(&fields), &rows[..1], &["60000"]).unwrap();
        assert_eq!(ids(&memory), ["070", "7"]);
        // No part is made for the number that such a text would be.
        assert_eq!(
            names(&memory),
            ["_brimful_state.json", "part-000000.parquet"]
        );
    }

    #[cfg(feature = "sync")]
    #[test]
    fn columns_stay_although_all_files_that_had_them_are_lost() {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        let kinds = [
            "string",
            "double",
            "money",
            "datetime",
            "date",
            "boolean",
            "crm_multifield",
        ];
        let mut fields = serde_json::json!({"ID": {"type": "integer"}});
        for (place, kind) in kinds.iter().enumerate() {
            fields[format!("A{place}")] = serde_json::json!({"type": kind});
            fields[format!("B{place}")] = serde_json::json!({"type": kind, "isMultiple": true});
        }
        let mut row = fields.clone();
        for (name, value) in row.as_object_mut().unwrap() {
            // Most of them do not fit, and have a column all the same.
            *value = serde_json::json!(if name == "ID" { "1" } else { "x" });
        }
        sync_page(&memory, read(&fields), &[&row.to_string()], &[]).unwrap();
        let columns = || {
            let objects = memory.objects.lock();
            let bytes = bytes::Bytes::from(objects["part-000000.parquet"].clone());
            let reader = ParquetRecordBatchReader::try_new(bytes, 10).unwrap();
            let schema = arrow_array::RecordBatchReader::schema(&reader);
            let fields = schema.fields().iter();
            fields
                .map(|field| (field.name().clone(), field.data_type().clone()))
                .collect::<Vec<_>>()
        };
        let before = columns();
        assert!(before.len() > 2 * kinds.len(), "{before:?}");
        memory.objects.lock().remove("part-000000.parquet");
        let fields = serde_json::json!({"ID": {"type": "integer"}});
        sync_page(&memory, read(&fields), &[r#"{"ID":"2"}"#], &[]).unwrap();
        assert_eq!(columns(), before);
    }

    #[cfg(feature = "sync")]
    #[test]
    fn after_a_write_that_failed_nothing_more_is_written() {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        let fields = || read(&serde_json::json!({"ID": {"type": "integer"}}));
        let mut writer = sync_page(&memory, fields(), &[r#"{"ID":"1"}"#], &[]).unwrap();
        let page: Page = [(None, r#"{"ID":"2"}"#.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
        memory.left.store(1, Ordering::SeqCst);
        let dataset = writer.store().and_then(|sink| sink.synced_dataset());
        assert!(dataset.unwrap().flush().is_err());
        memory.left.store(usize::MAX, Ordering::SeqCst);
        let refused = writer.write_page(&page, &mut Vec::new()).unwrap_err();
        assert!(
            refused.to_string().contains("an earlier write"),
            "{refused}"
        );
        let dataset = writer.store().and_then(|sink| sink.synced_dataset());
        assert!(dataset.unwrap().flush().is_err());
        drop(writer);
        sync_page(&memory, fields(), &[r#"{"ID":"3"}"#], &[]).unwrap();
        assert_eq!(ids(&memory), ["1", "3"]);
    }

    #[cfg(feature = "sync")]
    #[test]
    fn values_that_did_not_fit_of_rows_with_any_id_are_forgotten_when_the_row_comes_again() {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        let fields = serde_json::json!({"ID": {"type": "string"}, "CLOSEDATE": {"type": "date"}});
        let rows = [
            r#"{"ID":"USD","CLOSEDATE":"never"}"#,
            r#"{"ID":"7","CLOSEDATE":"never"}"#,
            r#"{"ID":null,"CLOSEDATE":"2026-01-05"}"#,
        ];
        let errors = || {
            let objects = memory.objects.lock();
            String::from_utf8(objects["_brimful_errors.jsonl"].clone()).unwrap()
        };
        for _ in 0..2 {
            let mut writer = sync_page(&memory, read(&fields), &rows, &[]).unwrap();
            assert_eq!(errors().matches('\n').count(), 3, "{}", errors());
            let dataset = writer.store().and_then(|sink| sink.synced_dataset());
            let dataset = dataset.unwrap();
            dataset.forget_errors(&["USD".to_owned(), "7".to_owned()], true);
            dataset.flush().unwrap();
            assert_eq!(errors(), "");
        }
    }
}
