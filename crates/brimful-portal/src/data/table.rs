//! The rows of one entity: generated ones that cost nothing, and above them what calls and loaded files changed.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use brimful_protocol::Value;

use super::cell::Cell;
use super::changes::{ChangeLog, EarlierRows, RowChange};
use super::existing_ids::{ExistingIds, ExistingIdsInRange};
use super::new_id::new_id;
use super::schema::Schema;
use super::source::{AllRows, GeneratedRow};
use super::tracked::Tracked;

/// The fields that a call wrote to one row; the others are generated, or empty in a row that is not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Sorted. Apart from the values, so that looking one up touches little memory.
    fields: Vec<u16>,
    values: Vec<Value>,
}

impl Record {
    pub(crate) fn get(&self, field: usize) -> Option<&Value> {
        let at = self.fields.binary_search(&(field as u16)).ok()?;
        self.values.get(at)
    }

    pub(crate) fn set(&mut self, field: usize, value: Value) {
        match self.fields.binary_search(&(field as u16)) {
            Ok(at) => self.values[at] = value,
            Err(at) => {
                self.fields.insert(at, field as u16);
                self.values.insert(at, value);
            }
        }
    }

    /// Gives back the memory that it has for more fields.
    pub(super) fn shrink(&mut self) {
        self.fields.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// The same values without a field that its schema has lost.
    fn without(self, at: usize) -> Self {
        let mut record = Self::default();
        for (field, value) in self.into_values().filter(|(field, _)| *field != at) {
            record.set(if field > at { field - 1 } else { field }, value);
        }
        record
    }

    /// The fields and their values.
    pub(crate) fn values(&self) -> impl Iterator<Item = (usize, &Value)> {
        let fields = self.fields.iter().map(|field| usize::from(*field));
        fields.zip(&self.values)
    }

    /// The fields and their values.
    pub(crate) fn into_values(self) -> impl Iterator<Item = (usize, Value)> {
        let fields = self.fields.into_iter().map(usize::from);
        fields.zip(self.values)
    }
}

/// The rows of an entity.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its place in the state.
    pub(crate) entity: usize,
    /// `entityTypeId`; 0 outside the CRM.
    pub(crate) entity_type: u32,
    pub(crate) schema: Tracked<Schema>,
    all_rows: Arc<AllRows>,
    key: u64,
    records: BTreeMap<u64, Record>,
    /// IDs of rows that are not generated, sorted.
    extra: Vec<u64>,
    /// IDs of generated rows that were deleted, sorted.
    deleted: Vec<u64>,
    /// The highest ID ever used.
    last: u64,
    /// What calls have done to the rows.
    pub(crate) changes: ChangeLog,
    /// What those rows were before.
    pub(crate) earlier: EarlierRows<EarlierRow>,
}

/// A row as it was before a call changed it.
#[derive(Debug, Clone)]
pub(crate) struct EarlierRow {
    is_generated: bool,
    record: Option<Record>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'t> {
    pub(crate) table: &'t Table,
    pub(crate) id: u64,
    generated: Option<GeneratedRow<'t>>,
    record: Option<&'t Record>,
}

impl<'t> Row<'t> {
    /// The places of the fields that somebody wrote.
    pub(crate) fn written(&self) -> impl Iterator<Item = usize> + use<'t> {
        let record = self.record.into_iter();
        record.flat_map(|record| record.values().map(|(field, _)| field))
    }

    pub(crate) fn cell(&self, field: usize) -> Cell<'t> {
        if field == super::schema::ID {
            return Cell::Int(self.id as i64);
        }
        if let Some(value) = self.record.and_then(|record| record.get(field)) {
            return Cell::Stored(value);
        }
        match &self.generated {
            Some(generated) => generated.cell(self.table.schema.get(field)),
            None => Cell::Null,
        }
    }
}

impl Table {
    pub(crate) fn new(
        entity: usize,
        entity_type: u32,
        schema: Schema,
        all_rows: Arc<AllRows>,
        key: u64,
    ) -> Self {
        let last = all_rows.presences.get(entity).map_or(0, ExistingIds::last);
        Self {
            entity,
            entity_type,
            schema: Tracked::new(schema),
            all_rows,
            key,
            records: BTreeMap::new(),
            extra: Vec::new(),
            deleted: Vec::new(),
            changes: ChangeLog::default(),
            earlier: EarlierRows::default(),
            last,
        }
    }

    fn presence(&self) -> &ExistingIds {
        /// Types that are made at run time have no generated rows.
        static NONE: LazyLock<ExistingIds> = LazyLock::new(|| ExistingIds::new(0, 0, 0.0));
        self.all_rows.presences.get(self.entity).unwrap_or(&NONE)
    }

    fn is_generated(&self, id: u64) -> bool {
        self.presence().contains(id) && self.deleted.binary_search(&id).is_err()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.is_generated(id) || self.extra.binary_search(&id).is_ok()
    }

    /// The row `id`, if it exists.
    pub(crate) fn get(&self, id: u64) -> Option<Row<'_>> {
        self.contains(id).then(|| self.row(id))
    }

    /// The row `id`, which is known to exist.
    pub(crate) fn row(&self, id: u64) -> Row<'_> {
        let record = if self.records.is_empty() {
            None
        } else {
            self.records.get(&id)
        };
        let generated = self.extra.is_empty()
            || (id <= self.presence().last() && self.extra.binary_search(&id).is_err());
        let generated =
            generated.then(|| GeneratedRow::new(&self.all_rows, self.entity, self.key, id));
        Row {
            table: self,
            id,
            generated,
            record,
        }
    }

    /// A row as it was before a call changed it.
    pub(crate) fn earlier_row<'t>(&'t self, id: u64, earlier: &'t EarlierRow) -> Row<'t> {
        let generated = earlier
            .is_generated
            .then(|| GeneratedRow::new(&self.all_rows, self.entity, self.key, id));
        Row {
            table: self,
            id,
            generated,
            record: earlier.record.as_ref(),
        }
    }

    fn keep_earlier(&mut self, id: u64) {
        let is_generated = self.is_generated(id) && self.extra.binary_search(&id).is_err();
        let is_there = is_generated || self.extra.binary_search(&id).is_ok();
        let records = &self.records;
        self.earlier.keep(id, || {
            is_there.then(|| EarlierRow {
                is_generated,
                record: records.get(&id).cloned(),
            })
        });
    }

    /// What calls have written of a row.
    pub(crate) fn record(&self, id: u64) -> Option<&Record> {
        self.records.get(&id)
    }

    /// Whether a generated row was deleted.
    pub(crate) fn is_deleted(&self, id: u64) -> bool {
        self.deleted.binary_search(&id).is_ok()
    }

    /// The IDs of all rows that were written to or deleted.
    pub(crate) fn touched(&self) -> impl Iterator<Item = u64> {
        let written = self.extra.iter();
        let changed = self
            .records
            .keys()
            .filter(|id| self.extra.binary_search(id).is_err());
        let deleted = self
            .deleted
            .iter()
            .filter(|id| self.extra.binary_search(id).is_err() && !self.records.contains_key(id));
        written.chain(changed).chain(deleted).copied()
    }

    /// The highest ID ever used.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Has its generated rows only; `last` is the highest ID ever used.
    pub(crate) fn forget_written(&mut self, last: u64) {
        self.records.clear();
        self.extra.clear();
        self.deleted.clear();
        self.last = self.presence().last().max(last);
    }

    /// How many rows have IDs up to `id`.
    pub(crate) fn rank(&self, id: u64) -> u64 {
        let up_to = |ids: &[u64]| ids.partition_point(|&other| other <= id) as u64;
        self.presence().rank(id) + up_to(&self.extra) - up_to(&self.deleted)
    }

    /// How many rows have IDs from `low` to `high`.
    pub(crate) fn count(&self, low: u64, high: u64) -> u64 {
        if low > high {
            0
        } else {
            self.rank(high) - self.rank(low.saturating_sub(1))
        }
    }

    /// The lowest ID with `rank` rows up to it; `rank` counts from 1.
    pub(crate) fn of_rank(&self, rank: u64) -> u64 {
        let (mut low, mut high) = (0, self.last);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.rank(middle) < rank {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The IDs from `low` to `high`, to be taken from either end.
    pub(crate) fn ids(&self, low: u64, high: u64) -> Walk<'_> {
        let inside = |ids: &'_ [u64]| {
            let from = ids.partition_point(|&id| id < low);
            let to = ids.partition_point(|&id| id <= high);
            (from, to.max(from))
        };
        let (from, to) = inside(&self.extra);
        Walk {
            generated: self.presence().ids(low, high),
            deleted: &self.deleted,
            extra: &self.extra[from..to],
            front: None,
            back: None,
        }
    }

    /// Adds a row above the highest ID ever used.
    pub(crate) fn insert(&mut self, record: Record) -> u64 {
        let id = new_id(self.last, |id| self.contains(id));
        self.put(id, record);
        id
    }

    /// The IDs of the rows that are not generated, sorted.
    pub(crate) fn written(&self) -> &[u64] {
        &self.extra
    }

    /// How many entries are held for rows that were written or deleted: what memory the table takes.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.records.len() + self.extra.len() + self.deleted.len()
    }

    /// Puts a row that is not generated, in the place of any that is.
    pub(crate) fn put(&mut self, id: u64, record: Record) {
        let is_new = !self.contains(id);
        let change = if is_new {
            RowChange::Added
        } else {
            RowChange::Updated
        };
        self.keep_earlier(id);
        self.changes.note(id, change);
        if self.is_generated(id) {
            insert_sorted(&mut self.deleted, id);
        }
        insert_sorted(&mut self.extra, id);
        self.last = self.last.max(id);
        self.records.insert(id, record);
    }

    /// Writes fields of a row that exists.
    pub(crate) fn update(&mut self, id: u64, fields: impl IntoIterator<Item = (usize, Value)>) {
        self.write(id, fields, RowChange::Updated);
    }

    /// Writes fields of a row that exists, without an event.
    pub(crate) fn rewrite(&mut self, id: u64, fields: impl IntoIterator<Item = (usize, Value)>) {
        self.write(id, fields, RowChange::Rewritten);
    }

    fn write(
        &mut self,
        id: u64,
        fields: impl IntoIterator<Item = (usize, Value)>,
        change: RowChange,
    ) {
        self.keep_earlier(id);
        self.changes.note(id, change);
        let record = self.records.entry(id).or_default();
        for (field, value) in fields {
            record.set(field, value);
        }
    }

    /// Takes a field and what rows have in it away.
    pub(crate) fn remove_field(&mut self, at: usize) {
        self.schema.remove(at);
        for (id, record) in &mut self.records {
            self.changes.note(*id, RowChange::Rewritten);
            *record = std::mem::take(record).without(at);
        }
    }

    /// An empty table beside this one, for a type that is made at run time.
    pub(crate) fn empty(&self, entity: usize, entity_type: u32, schema: Schema) -> Self {
        Self::new(entity, entity_type, schema, Arc::clone(&self.all_rows), 0)
    }

    /// Deletes a row; says whether there was one. Its ID is never used again.
    pub(crate) fn delete(&mut self, id: u64) -> bool {
        self.keep_earlier(id);
        if let Ok(at) = self.extra.binary_search(&id) {
            self.extra.remove(at);
        } else if self.is_generated(id) {
            insert_sorted(&mut self.deleted, id);
        } else {
            return false;
        }
        self.records.remove(&id);
        self.changes.note(id, RowChange::Deleted);
        true
    }
}

fn insert_sorted(ids: &mut Vec<u64>, id: u64) {
    if ids.last().is_none_or(|&last| last < id) {
        ids.push(id);
    } else if let Err(at) = ids.binary_search(&id) {
        ids.insert(at, id);
    }
}

/// Existing IDs of a table, in order from either end.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'t> {
    generated: ExistingIdsInRange<'t>,
    deleted: &'t [u64],
    extra: &'t [u64],
    /// The generated ID that was looked at and not given out yet, at each end.
    front: Option<u64>,
    back: Option<u64>,
}

impl Walk<'_> {
    fn is_deleted(&self, id: u64) -> bool {
        !self.deleted.is_empty() && self.deleted.binary_search(&id).is_ok()
    }
}

impl Iterator for Walk<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.front.is_none() {
            self.front = loop {
                match self.generated.next() {
                    Some(id) if self.is_deleted(id) => {}
                    found => break found.or_else(|| self.back.take()),
                }
            };
        }
        match (self.front, self.extra.first()) {
            (Some(id), Some(&extra)) if id < extra => self.front.take(),
            (_, Some(&extra)) => {
                self.extra = &self.extra[1..];
                Some(extra)
            }
            (_, None) => self.front.take(),
        }
    }
}

impl DoubleEndedIterator for Walk<'_> {
    fn next_back(&mut self) -> Option<u64> {
        if self.back.is_none() {
            self.back = loop {
                match self.generated.next_back() {
                    Some(id) if self.is_deleted(id) => {}
                    found => break found.or_else(|| self.front.take()),
                }
            };
        }
        match (self.back, self.extra.split_last()) {
            (Some(id), Some((&extra, _))) if id > extra => self.back.take(),
            (_, Some((&extra, rest))) => {
                self.extra = rest;
                Some(extra)
            }
            (_, None) => self.back.take(),
        }
    }
}
