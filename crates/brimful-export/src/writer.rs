//! Pages in, values of columns out: to the writer of a file format or to a store.

use std::collections::BTreeSet;
use std::io::Write;

use brimful::Page;

use crate::cell::Cell;
#[cfg(feature = "sync")]
use crate::column_names::ColumnNames;
use crate::decode;
use crate::error::ExportError;
use crate::format::FileFormat;
use crate::misfit::{Misfit, Misfits};
#[cfg(feature = "arrow")]
use crate::picked::{self, PickedRows, Place, Unfit};
use crate::schema::{Plan, Schema};
use crate::sinks::{self, DecodedRow, FileOptions, RowSink};

/// Writes pages of rows as columns.
pub struct RowWriter {
    plan: Plan,
    schema: Option<Schema>,
    sink: Box<dyn RowSink>,
    misfits: Misfits,
    /// Misfits so far, those that were taken away too.
    count: u64,
    /// Fields of rows that wait for the portal to describe them.
    undescribed: BTreeSet<String>,
    /// Columns of a table that have become texts, which nobody has been told of.
    made_text: Vec<String>,
}

impl std::fmt::Debug for RowWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowWriter")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl RowWriter {
    /// Starts a file. Fails if the format has no columns, as JSON Lines, or is not in this build.
    pub fn to_file(
        format: FileFormat,
        options: &FileOptions,
        plan: Plan,
    ) -> Result<Self, ExportError> {
        Ok(Self::new(sinks::of_file(format, options)?, plan))
    }

    pub(crate) fn new(sink: Box<dyn RowSink>, mut plan: Plan) -> Self {
        plan.label_tables = sink.has_label_tables();
        plan.names = sink.names();
        Self {
            plan,
            schema: None,
            sink,
            misfits: Misfits::default(),
            count: 0,
            undescribed: BTreeSet::new(),
            made_text: Vec::new(),
        }
    }

    /// Writes the rows of a page; what is ready of a file is appended to `out`.
    pub fn write_page(&mut self, page: &Page, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if page.is_empty() {
            return Ok(());
        }
        self.begin(Some(page))?;
        #[cfg(feature = "arrow")]
        if self.sink.by_column().is_some() {
            self.write_by_column(page)?;
            return self.sink.end_page(&mut self.misfits, out);
        }
        let mut picked = Vec::new();
        let mut others = Vec::new();
        let mut cells = Vec::new();
        let mut raw = Vec::new();
        let takes_new_columns = self.sink.takes_new_columns();
        for row in page.iter() {
            let schema = self.schema.get_or_insert_default();
            schema.pick(row.json, &mut picked, &mut others)?;
            let mut grown = false;
            for (name, value) in &others {
                match fate(&self.plan, schema, name, value, takes_new_columns) {
                    Fate::Passed => {}
                    Fate::Column => {
                        self.plan.grow(schema, name);
                        picked.push(Some(*value));
                        grown = true;
                    }
                    Fate::Unfit(reason) => {
                        note_undescribed(&mut self.undescribed, name, reason);
                        let id = id_of(schema, &picked);
                        self.misfits.add(id, name, value, reason);
                    }
                }
            }
            if grown {
                self.made_text.extend(self.sink.settle_types(schema)?);
                self.sink.begin(schema, &mut self.misfits)?;
            }
            let id = id_of(schema, &picked);
            raw.clear();
            raw.extend(schema.columns.iter().map(|column| picked[column.field]));
            decode_cells(schema, id, &raw, &mut cells, &mut self.misfits);
            if self.sink.is_store() && schema.key.is_some_and(|key| cells[key] == Cell::Null) {
                self.misfits.add(id, &self.plan.id_field, row.json, NO_ID);
                continue;
            }
            let row = DecodedRow {
                id,
                cells: &cells,
                raw: &raw,
            };
            self.sink.row(schema, &row, &mut self.misfits)?;
        }
        self.sink.end_page(&mut self.misfits, out)?;
        Ok(())
    }

    /// Hands the rows of a page to a sink that takes them column by column.
    #[cfg(feature = "arrow")]
    fn write_by_column(&mut self, page: &Page) -> Result<(), ExportError> {
        let schema = self.schema.get_or_insert_default();
        let mut picked = PickedRows::new(schema);
        let mut others = Vec::new();
        let mut unfit = Vec::new();
        let mut rows = page.iter().peekable();
        while rows.peek().is_some() {
            let Some(sink) = self.sink.by_column() else {
                break;
            };
            let mut pushed = Ok(());
            for row in rows.by_ref().take(sink.rows_left().min(PICKED_AT_ONCE)) {
                pushed = picked.push(schema, row.json, &mut others);
                if pushed.is_err() {
                    break;
                }
                for (name, json) in others.drain(..) {
                    if let Fate::Unfit(reason) = fate(&self.plan, schema, &name, json, false) {
                        note_undescribed(&mut self.undescribed, &name, reason);
                        unfit.push(Unfit {
                            row: picked.len() - 1,
                            place: Place::Nowhere(name),
                            json,
                            reason,
                        });
                    }
                }
            }
            let taken = sink.rows(schema, &picked, &mut unfit);
            picked::record(&mut unfit, &picked, schema, &mut self.misfits);
            taken?;
            pushed?;
            picked.clear();
        }
        Ok(())
    }

    /// Ends the file, or stores what is not stored yet.
    pub fn finish(&mut self, out: &mut dyn Write) -> Result<(), ExportError> {
        self.begin(None)?;
        self.sink.finish(&mut self.misfits, out)
    }

    /// Makes indexes of the columns that rows are picked and joined by, days and IDs of other records, where a database
    /// lacks them: at the end, since one that is made of many rows costs less than one that grows with each of them.
    pub fn make_indexes(&mut self) -> Result<(), ExportError> {
        #[cfg(feature = "dialects")]
        if let (Some(schema), Some(store)) = (&self.schema, self.sink.as_store()) {
            sinks::indexes::make(store, schema)?;
        }
        Ok(())
    }

    /// Ends the file or stores what is there although rows are missing. What is left says that it is not complete where
    /// that can be said.
    pub fn leave(&mut self, out: &mut dyn Write) -> Result<(), ExportError> {
        self.begin(None)?;
        self.sink.leave(&mut self.misfits, out)
    }

    /// Stores what is not stored yet: from there the run can be resumed if it is interrupted. Files have no use for it.
    pub fn pause(&mut self) -> Result<(), ExportError> {
        if self.schema.is_none() {
            return Ok(());
        }
        self.sink.pause(&mut self.misfits)
    }

    /// How many rows the interrupted run has left in the store that is resumed, and the ID of the last one: the next row
    /// is the one behind it. `None` where the run begins with the first row.
    pub fn resumed(&self) -> Option<(u64, u64)> {
        self.sink.resumed()
    }

    /// The values that did not fit since the last call, unless a store has taken them.
    pub fn take_misfits(&mut self) -> Vec<Misfit> {
        let taken = std::mem::take(&mut self.misfits.0);
        self.count += taken.len() as u64;
        taken
    }

    /// Columns of a table that have become texts since the last call, because their fields have other types now.
    pub fn take_columns_made_text(&mut self) -> Vec<String> {
        std::mem::take(&mut self.made_text)
    }

    /// How many values did not fit so far.
    pub fn misfits(&self) -> u64 {
        self.count + self.misfits.0.len() as u64 + self.sink.stored_misfits()
    }

    /// Fields whose values did not fit in this run, why, and how many.
    pub fn misfits_by_field(&self) -> Vec<(String, &'static str, u64)> {
        let kinds = self.misfits.1.iter();
        kinds
            .map(|((field, reason), count)| (field.clone(), *reason, *count))
            .collect()
    }

    /// How many rows a store has for certain, and the ID of the last of them; `None` for files.
    pub fn stored(&self) -> Option<(u64, Option<u64>)> {
        self.sink.stored_rows()
    }

    /// The columns, from the first page on.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The names of the columns; none before the first page.
    #[cfg(feature = "sync")]
    pub(crate) fn column_names(&self) -> Vec<String> {
        let columns = self.schema.iter().flat_map(|schema| &schema.columns);
        columns.map(|column| column.name.clone()).collect()
    }

    /// The fields that rows had since the last call, and that have no column as the portal does not describe them.
    #[cfg(feature = "sync")]
    pub(crate) fn take_undescribed(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.undescribed)
    }

    /// What the names of the columns have to be.
    #[cfg(feature = "sync")]
    pub(crate) fn names(&self) -> ColumnNames {
        self.plan.names
    }

    /// The database that rows go to, if they do.
    #[cfg(feature = "sync")]
    pub(crate) fn store(&mut self) -> Option<&mut dyn crate::sinks::StoreSink> {
        self.sink.as_store()
    }

    /// Whether columns are known before the first row.
    #[cfg(feature = "sync")]
    pub(crate) fn has_columns(&self) -> bool {
        !(self.plan.fields.is_empty() && self.plan.known.is_empty())
    }

    /// Stores what waits in a store, and what is to be stored beside it.
    #[cfg(feature = "sync")]
    pub(crate) fn store_waiting(&mut self) -> Result<(), ExportError> {
        self.sink.pause(&mut self.misfits)
    }

    /// Takes what is known of the list, as long as no row has come.
    #[cfg(feature = "sync")]
    pub(crate) fn set_plan(&mut self, plan: Plan) {
        let (label_tables, names) = (self.plan.label_tables, self.plan.names);
        self.plan = Plan {
            label_tables,
            names,
            ..plan
        };
    }

    /// Takes columns that are known beside those of the portal, as long as no row has come.
    #[cfg(feature = "sync")]
    pub(crate) fn know_columns(&mut self, fields: Vec<String>) {
        self.plan.known = fields;
    }

    /// Makes the table, or adds the columns that it lacks, although no row has come.
    #[cfg(feature = "sync")]
    pub(crate) fn open_table(&mut self) -> Result<(), ExportError> {
        self.begin(None)
    }

    fn begin(&mut self, first: Option<&Page>) -> Result<(), ExportError> {
        if self.schema.is_some() {
            return Ok(());
        }
        let mut schema = self.plan.schema(first)?;
        let made_text = self.sink.settle_types(&mut schema)?;
        self.sink.begin(&schema, &mut self.misfits)?;
        self.made_text.extend(made_text);
        self.schema = Some(schema);
        Ok(())
    }
}

/// Reads the values of a row's columns, each of which is `raw` of its field.
fn decode_cells<'a>(
    schema: &Schema,
    id: Option<&str>,
    raw: &[Option<&'a str>],
    cells: &mut Vec<Cell<'a>>,
    misfits: &mut Misfits,
) {
    cells.clear();
    cells.resize(schema.columns.len(), Cell::Null);
    for ((column, json), cell) in schema.columns.iter().zip(raw).zip(cells) {
        let Some(json) = *json else {
            continue;
        };
        if let Some(reason) = decode::read(column, json, cell) {
            misfits.add(id, &schema.fields[column.field], json, reason);
        }
    }
}

/// What becomes of a field that the schema does not have.
enum Fate {
    /// It is not wanted, or has no value.
    Passed,
    /// It becomes a column.
    Column,
    /// Its value has no place, and is recorded.
    Unfit(&'static str),
}

fn fate(
    plan: &Plan,
    schema: &mut Schema,
    name: &str,
    value: &str,
    takes_new_columns: bool,
) -> Fate {
    if schema.left_out.contains(name) || is_empty(value) {
        return Fate::Passed;
    }
    if !plan.columns.is_empty() {
        // Columns were chosen, and this field is not among them.
        schema.left_out.insert(name.to_owned());
        Fate::Passed
    } else if plan.is_too_new(name) {
        Fate::Unfit(NOT_DESCRIBED)
    } else if takes_new_columns {
        Fate::Column
    } else {
        Fate::Unfit(NO_COLUMN)
    }
}

/// Takes down fields that wait for the portal to describe them.
fn note_undescribed(undescribed: &mut BTreeSet<String>, name: &str, reason: &str) {
    if reason == NOT_DESCRIBED && !undescribed.contains(name) {
        undescribed.insert(name.to_owned());
    }
}

/// As many rows are picked before their values are read, so that they are still near when they are read.
#[cfg(feature = "arrow")]
const PICKED_AT_ONCE: usize = 256;

const NO_COLUMN: &str = "no row before it had the field, so the file has no column for it; select the field to have one";

const NOT_DESCRIBED: &str = "the portal does not describe the field, so its type is not known";

const NO_ID: &str = "the row has no ID that is a number, so it cannot be updated by it";

fn is_empty(json: &str) -> bool {
    matches!(json, "null" | "\"\"" | "[]" | "{}")
}

fn id_of<'a>(schema: &Schema, picked: &[Option<&'a str>]) -> Option<&'a str> {
    let field = schema.id_field?;
    picked.get(field).copied().flatten()
}
