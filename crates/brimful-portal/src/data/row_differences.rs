//! Which fields of which rows a call has changed, from what to what.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::PortalData;
use super::cell::Cell;
use super::changes::{Changes, RowChange};
use super::entities::{ENTITIES, EVENT_LOG};
use super::fixtures::collection::to_json;
use super::table::{EarlierRow, Row, Table};
use crate::context::row_history::{FieldChange, RowDifference};

impl Table {
    /// The name that rows of the table are asked for by.
    pub(crate) fn name(&self) -> Cow<'static, str> {
        ENTITIES.get(self.entity).map_or_else(
            || self.entity_type.to_string().into(),
            |entity| entity.name.into(),
        )
    }
}

impl Row<'_> {
    /// The value of a field as JSON; null where there is none.
    pub(crate) fn json(&self, field: usize) -> Json {
        match self.cell(field) {
            Cell::Stored(value) => to_json(value),
            cell => cell.to_text().map_or(Json::Null, Json::String),
        }
    }

    fn all_fields(&self) -> impl Iterator<Item = usize> {
        0..self.table.schema.fields().len()
    }
}

fn word(change: RowChange) -> &'static str {
    match change {
        RowChange::Added => "added",
        RowChange::Updated | RowChange::Rewritten => "updated",
        RowChange::Deleted => "deleted",
    }
}

impl PortalData {
    /// What these changes did to rows of entities and records. An update that changed no field is not among it, and
    /// neither is the event log, which has an entry for each call.
    pub(crate) fn row_differences(&self, changes: &Changes) -> Vec<RowDifference> {
        let done = |rows: &[(usize, u64, RowChange)]| -> HashMap<(usize, u64), RowChange> {
            let rows = rows.iter();
            rows.map(|(place, id, change)| ((*place, *id), *change))
                .collect()
        };
        let mut differences = Vec::new();
        let mut note = |entity, id, change, fields: Vec<FieldChange>| {
            if change == RowChange::Deleted || !fields.is_empty() {
                differences.push(RowDifference {
                    entity,
                    id,
                    change: word(change),
                    fields,
                });
            }
        };
        // A row is kept again when others were changed between; as it was before its first change is what counts.
        let mut changed = done(&changes.rows);
        for (place, id, earlier) in &changes.earlier_rows {
            if let Some(change) = changed.remove(&(*place, *id))
                && *place != EVENT_LOG
            {
                let table = self.table(*place);
                let fields = table_fields(table, *id, earlier.as_ref());
                note(table.name(), *id, change, fields);
            }
        }
        let mut changed = done(&changes.records);
        for (place, id, earlier) in &changes.earlier_records {
            if let Some(change) = changed.remove(&(*place, *id)) {
                let table = &self.records[*place];
                let fields = record_fields(earlier.as_ref(), table.get(*id));
                note(table.kind.name.into(), *id, change, fields);
            }
        }
        differences
    }
}

fn table_fields(table: &Table, id: u64, earlier: Option<&EarlierRow>) -> Vec<FieldChange> {
    let before = earlier.map(|earlier| table.earlier_row(id, earlier));
    let now = table.get(id);
    let places: BTreeSet<usize> = if let (Some(before), None) = (&before, &now) {
        before.all_fields().collect()
    } else {
        let written = [&before, &now].into_iter().flatten();
        written.flat_map(Row::written).collect()
    };
    let fields = places.into_iter().filter_map(|place| {
        let of = |row: &Option<Row<'_>>| row.as_ref().map_or(Json::Null, |row| row.json(place));
        let (from, to) = (of(&before), of(&now));
        let name = &table.schema.fields().get(place)?.name;
        (from != to).then(|| FieldChange::new(name.clone(), from, to))
    });
    fields.collect()
}

fn record_fields(
    before: Option<&Map<String, Json>>,
    now: Option<&Map<String, Json>>,
) -> Vec<FieldChange> {
    let none = Map::new();
    let (before, now) = (before.unwrap_or(&none), now.unwrap_or(&none));
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let names = now.keys().chain(gone);
    let fields = names.filter_map(|name| {
        let of = |row: &Map<String, Json>| row.get(name).cloned().unwrap_or_default();
        let (from, to) = (of(before), of(now));
        (from != to).then(|| FieldChange::new(name.clone().into(), from, to))
    });
    fields.collect()
}
