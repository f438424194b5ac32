//! Rows that were given, and what calls make of them.

use std::cmp::Ordering;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::filter::Test;
use super::manner::Manner;

/// The rows behind one list method, in the order in which they were given.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) manner: Manner,
    rows: Vec<Map<String, Json>>,
    /// The highest ID ever used.
    last: u64,
}

impl Collection {
    pub(super) fn new(manner: Manner, rows: Vec<Map<String, Json>>) -> Self {
        let ids = rows.iter().filter_map(|row| id_of(row, &manner.id));
        let last = ids.max().unwrap_or(0);
        Self { manner, rows, last }
    }

    /// The row at a place.
    pub(super) fn at(&self, place: u64) -> Option<&Map<String, Json>> {
        self.rows.get(usize::try_from(place).ok()?)
    }

    fn place(&self, id: u64) -> Option<usize> {
        let is_it = |row: &Map<String, Json>| id_of(row, &self.manner.id) == Some(id);
        self.rows.iter().position(is_it)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Map<String, Json>> {
        self.at(self.place(id)? as u64)
    }

    /// The key that rows have for a name in a filter, an order or a select: as it is written, or the ID in any case of
    /// its letters, since filters spell it otherwise than rows.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        let written = |row: &'_ Map<String, Json>| row.get_key_value(name).is_some();
        if let Some(row) = self.rows.iter().find(|row| written(row)) {
            return row.get_key_value(name).map(|(key, _)| key.as_str());
        }
        let id = self.manner.id.as_str();
        (name.eq_ignore_ascii_case(id) && !self.rows.is_empty()).then_some(id)
    }

    /// The places of the rows that pass all tests, sorted.
    pub(super) fn places(&self, tests: &[Test], order: &[(String, bool)]) -> Vec<u64> {
        let passes = |row: &Map<String, Json>| tests.iter().all(|test| test.holds(row));
        let mut places: Vec<usize> = (0..self.rows.len())
            .filter(|&place| passes(&self.rows[place]))
            .collect();
        places.sort_by(|&a, &b| {
            let orderings = order.iter().map(|(key, descending)| {
                let ordering = compare(self.rows[a].get(key), self.rows[b].get(key));
                if *descending {
                    ordering.reverse()
                } else {
                    ordering
                }
            });
            orderings.fold(Ordering::Equal, Ordering::then)
        });
        places.into_iter().map(|place| place as u64).collect()
    }

    /// Adds a row above the highest ID ever used. Its ID is a number or a string, as those of the others are.
    pub(super) fn add(&mut self, fields: &Array) -> u64 {
        self.last += 1;
        let mut row = Map::new();
        let texts = self
            .rows
            .first()
            .and_then(|row| row.get(&self.manner.id))
            .is_some_and(Json::is_string);
        let id = if texts {
            Json::from(self.last.to_string())
        } else {
            Json::from(self.last)
        };
        row.insert(self.manner.id.clone(), id);
        self.write(&mut row, fields);
        self.rows.push(row);
        self.last
    }

    /// Writes fields of a row; says whether there is one.
    pub(super) fn update(&mut self, id: u64, fields: &Array) -> bool {
        let Some(place) = self.place(id) else {
            return false;
        };
        let mut row = std::mem::take(&mut self.rows[place]);
        self.write(&mut row, fields);
        self.rows[place] = row;
        true
    }

    fn write(&self, row: &mut Map<String, Json>, fields: &Array) {
        for (key, value) in fields.iter() {
            let name = key.to_text();
            if !name.eq_ignore_ascii_case(&self.manner.id) {
                row.insert(name, to_json(value));
            }
        }
    }

    /// Deletes a row; says whether there was one.
    pub(super) fn delete(&mut self, id: u64) -> bool {
        let place = self.place(id);
        place.map(|place| self.rows.remove(place)).is_some()
    }
}

fn id_of(row: &Map<String, Json>, key: &str) -> Option<u64> {
    match row.get(key)? {
        Json::Number(id) => id.as_u64(),
        Json::String(id) => id.parse().ok(),
        _ => None,
    }
}

/// How two values stand to each other: as numbers if both are, or else as texts; nothing comes before everything.
pub(super) fn compare(a: Option<&Json>, b: Option<&Json>) -> Ordering {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => text(a).cmp(&text(b)),
    }
}

/// The number that a value is, or spells.
pub(super) fn number(value: Option<&Json>) -> Option<f64> {
    match value? {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok(),
        Json::Bool(flag) => Some(f64::from(u8::from(*flag))),
        _ => None,
    }
}

/// The text of a value, as PHP casts it.
pub(super) fn text(value: Option<&Json>) -> String {
    value.map_or_else(String::new, |value| Value::from(value.clone()).to_text())
}

/// What was written by a call, as it is kept.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(int) => Json::from(*int),
        Value::Float(float) => Json::from(*float),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Array(array) if array.is_list() => array.values().map(to_json).collect(),
        Value::Array(array) => Json::Object(
            array
                .iter()
                .map(|(key, value)| (key.to_text(), to_json(value)))
                .collect(),
        ),
    }
}
