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
use std::hash::{BuildHasher, Hasher, RandomState};

use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};

use super::arrow::{of_parquet, parquet_properties};
use super::batches::{BATCH, BatchBuilder};
use super::owner::{self, StoredRun};
use super::run_state::RunState;
use super::{DecodedRow, StoreOptions, StoreSink};
use crate::cell::Cell;
use crate::column_names::ColumnNames;
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
    /// The number of this process, which the record has since it writes.
    writer: String,
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
    /// The process that writes, by a number of its own: two at once would put rows there twice.
    writer: String,
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
            writer: format!("{:016x}", RandomState::new().build_hasher().finish()),
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
            return Err(self.failed(message).because_of_table());
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
        let stored = StoredRun {
            can_be_resumed: !earlier.finished && earlier.last_id.is_some(),
            rows: earlier.rows,
            command: if earlier.command == command {
                self.state.command.clone()
            } else {
                earlier.command
            },
        };
        owner::check_interrupted(&self.state, &stored, &self.place)?;
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

    /// Takes down how far the run is. Another run that has begun since has the folder for itself: this one ends.
    fn write_record(&mut self) -> Result<(), ExportError> {
        if self.record.writer == self.writer {
            self.check_is_writer()?;
            return self.put(STATE, serde_json::to_vec_pretty(&self.record)?);
        }
        self.record.writer.clone_from(&self.writer);
        self.put(STATE, serde_json::to_vec_pretty(&self.record)?)?;
        // Of two that begin at once, the later one has it.
        self.check_is_writer()
    }

    fn check_is_writer(&self) -> Result<(), ExportError> {
        let found = self.objects.get(STATE);
        let found = found.map_err(|message| self.failed(message))?;
        let found = found.and_then(|found| serde_json::from_slice::<Record>(&found).ok());
        if found.is_some_and(|found| found.writer == self.writer) {
            return Ok(());
        }
        Err(self.failed(format!(
            "another export has begun to write the rows of {} there, so this one ends; run the command again when that one \
             has ended",
            self.state.table
        )))
    }

    /// Moves the parts to their places, and removes those of the run before. What is done already is passed over.
    fn publish(&mut self) -> Result<(), ExportError> {
        self.record.moving = true;
        self.write_record()?;
        for part in &self.record.old {
            let deleted = self.objects.delete(part);
            deleted.map_err(|message| self.failed(message))?;
        }
        for part in &self.record.new {
            let moved = self.objects.rename(&in_new(part), part);
            moved.map_err(|message| self.failed(message))?;
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
        let properties = Some(parquet_properties(&batch.schema()));
        let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), properties);
        Ok(Part {
            batch,
            writer: writer.map_err(of_parquet)?,
        })
    }

    /// What names of parts have of the run: its number, and a part of that of the process, so that no other one writes a
    /// file of the same name.
    fn run_name(&self) -> String {
        format!("{}-{}", self.record.run, &self.writer[..8])
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
            let run = self.run_name();
            ready.push((format!("{folder}part-{number:05}-{run}.parquet"), bytes));
        }
        if !misfits.0.is_empty() {
            let mut lines = Vec::new();
            for misfit in &misfits.0 {
                misfit.write_line(&mut lines);
            }
            let number = self.record.new.len() + ready.len() + 1;
            let run = self.run_name();
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
                return Err(ExportError::PartitionColumn {
                    column: by.column.clone(),
                });
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
            // A table without rows has its columns anyway.
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
mod tests;
