//! How methods of their own read and write the rows of records.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::writer;
use crate::context::Call;
use crate::data::PortalData;
use crate::data::fixtures::collection;
use crate::data::records::{self, RecordTable};

/// The row of a kind with this number.
pub(super) fn row<'s>(state: &'s PortalData, kind: &str, id: u64) -> Option<&'s Map<String, Json>> {
    state.record_table(kind)?.get(id)
}

/// The rows of a kind with their numbers, in the order in which they came.
pub(super) fn rows<'s>(
    state: &'s PortalData,
    kind: &str,
) -> impl Iterator<Item = (u64, &'s Map<String, Json>)> + use<'s> {
    let table = state.record_table(kind);
    table.into_iter().flat_map(RecordTable::rows)
}

/// A value as a text; empty if there is none.
pub(super) fn text(row: &Map<String, Json>, name: &str) -> String {
    collection::text(row.get(name))
}

/// A value as a number; 0 if it is not a number.
pub(super) fn number(row: &Map<String, Json>, name: &str) -> u64 {
    text(row, name).trim().parse().unwrap_or(0)
}

/// Adds a row: its number, or 0 if there is no such kind.
pub(super) fn add(state: &mut PortalData, call: &Call<'_>, kind: &str, given: &Array) -> u64 {
    let place = records::place(kind);
    place.map_or(0, |place| state.records[place].add(given, writer(call)))
}

/// Puts values into a row as they are, and the moment of the change.
pub(super) fn set(
    state: &mut PortalData,
    call: &Call<'_>,
    kind: &str,
    id: u64,
    values: &[(&'static str, Json)],
) {
    if let Some(place) = records::place(kind) {
        state.records[place].update(id, &Array::new(), writer(call));
        state.records[place].set(id, values);
    }
}

/// Deletes the rows that a test picks.
pub(super) fn delete_where(
    state: &mut PortalData,
    kind: &str,
    is_picked: impl Fn(&Map<String, Json>) -> bool,
) {
    let Some(place) = records::place(kind) else {
        return;
    };
    let table = &mut state.records[place];
    let picked = table.rows().filter(|(_, row)| is_picked(row));
    let picked: Vec<u64> = picked.map(|(id, _)| id).collect();
    for id in picked {
        table.delete(id);
    }
}

/// The number that a parameter has; 0 if it has none.
pub(super) fn given_number(call: &Call<'_>, name: &str) -> u64 {
    call.text(name).trim().parse().unwrap_or(0)
}

/// The numbers of a list, or one bare number.
pub(super) fn numbers(value: Option<&Value>) -> Vec<u64> {
    let number = |value: &Value| u64::try_from(value.to_int()).ok();
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.values().filter_map(number).collect(),
        Some(one) => number(one).into_iter().collect(),
    }
}

/// Writes what may be written of a row.
pub(super) fn update(state: &mut PortalData, call: &Call<'_>, kind: &str, id: u64, given: &Array) {
    if let Some(place) = records::place(kind) {
        state.records[place].update(id, given, writer(call));
    }
}

/// Deletes a row; whether there was one.
pub(super) fn delete(state: &mut PortalData, kind: &str, id: u64) -> bool {
    let place = records::place(kind);
    place.is_some_and(|place| state.records[place].delete(id))
}

/// Puts values into a row as they are, and nothing else.
pub(super) fn put(
    state: &mut PortalData,
    kind: &str,
    id: u64,
    values: &[(&'static str, serde_json::Value)],
) {
    if let Some(place) = records::place(kind) {
        let table = &mut state.records[place];
        table.set(id, values);
        let row = table.get(id).cloned();
        if let Some(row) = row {
            table.put(id, row);
        }
    }
}
