//! The rows of one kind of records.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use brimful_protocol::{Array, Value};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{DefaultValue, ExtraFields, RecordField, RecordKind, Spelling, ValueKind};
use crate::context::moment;
use crate::data::changes::{ChangeLog, EarlierRows, RowChange};
use crate::data::fixtures::collection::{compare, text, to_json};
use crate::data::fixtures::filter::Test;
use crate::data::twins::has_twin;

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) user: u64,
    /// Unix seconds.
    pub(crate) now: i64,
}

/// The rows of one kind, by the number that the portal gave to each, in the order in which they came.
#[derive(Debug)]
pub(crate) struct RecordTable {
    pub(crate) kind: &'static RecordKind,
    pub(crate) fields: &'static [RecordField],
    rows: IndexMap<u64, Map<String, Json>>,
    /// Whether rows were loaded, which may lack what calls have to name.
    pub(crate) is_loaded: bool,
    /// Whether some fields are not shown.
    has_hidden: bool,
    /// The highest number ever given.
    last: u64,
    /// What calls have done to the rows.
    pub(crate) changes: ChangeLog,
    /// What those rows were before.
    pub(crate) earlier: EarlierRows<Map<String, Json>>,
    /// The rows that were written or deleted since the twin of the kind was told.
    unshared: BTreeSet<u64>,
    has_twin: bool,
    /// The rows that were deleted since the last time.
    gone: Vec<(u64, Map<String, Json>)>,
}

impl RecordTable {
    /// The table of a portal that nobody has changed.
    pub(crate) fn new(kind: &'static RecordKind) -> Self {
        let fields = super::fields(kind.name);
        let mut table = Self {
            kind,
            fields,
            has_hidden: fields.iter().any(|field| field.hidden),
            rows: IndexMap::new(),
            is_loaded: false,
            last: kind.first - 1,
            changes: ChangeLog::default(),
            earlier: EarlierRows::default(),
            unshared: BTreeSet::new(),
            has_twin: has_twin(kind.name),
            gone: Vec::new(),
        };
        table.load(super::initial(kind.name));
        table
    }

    /// Takes rows as they are, in the place of those with their numbers. Rows without one get the next.
    pub(crate) fn load(&mut self, rows: Vec<Map<String, Json>>) {
        for mut row in rows {
            let id = text(row.get(self.kind.id)).parse().ok();
            let id = id.unwrap_or(self.last + 1);
            let has_number = self.fields.iter().any(|field| field.name == self.kind.id);
            if has_number && !row.contains_key(self.kind.id) {
                row.insert(self.kind.id.to_owned(), self.number(id));
            }
            self.last = self.last.max(id);
            self.insert(id, row);
        }
    }

    /// Puts a row in the place of the one with this number.
    pub(crate) fn put(&mut self, number: u64, row: Map<String, Json>) {
        self.insert(number, row);
    }

    fn insert(&mut self, number: u64, row: Map<String, Json>) {
        if self.has_twin {
            self.unshared.insert(number);
        }
        self.store(number, row);
    }

    fn keep_earlier(&mut self, number: u64) {
        let rows = &self.rows;
        self.earlier.keep(number, || rows.get(&number).cloned());
    }

    fn store(&mut self, number: u64, row: Map<String, Json>) {
        self.keep_earlier(number);
        let earlier = self.rows.insert(number, row);
        let change = match earlier {
            Some(_) => RowChange::Updated,
            None => RowChange::Added,
        };
        self.changes.note(number, change);
    }

    /// Has these rows and no others.
    pub(crate) fn replace(&mut self, rows: Vec<Map<String, Json>>) {
        for number in self.rows.keys() {
            self.changes.note(*number, RowChange::Deleted);
        }
        self.rows.clear();
        self.is_loaded = true;
        self.load(rows);
    }

    fn number(&self, number: u64) -> Json {
        match self.kind.spelling {
            Spelling::Texts => Json::from(number.to_string()),
            Spelling::Typed => Json::from(number),
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Map<String, Json>> {
        self.rows.get(&id)
    }

    /// The highest number ever given.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Has no records; `last` is the highest number ever given.
    pub(crate) fn forget(&mut self, last: u64) {
        self.rows.clear();
        self.last = last;
    }

    /// All records with their numbers, in the order in which they came.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &Map<String, Json>)> {
        self.rows.iter().map(|(number, row)| (*number, row))
    }

    /// The number of the record that callers call by these values of its key, and that passes `within`.
    pub(crate) fn find(&self, key: &[String], within: &[Test]) -> Option<u64> {
        let passes = |row: &Map<String, Json>| within.iter().all(|test| test.holds(row));
        if let ([id], [field]) = (key, self.kind.key)
            && *field == self.kind.id
        {
            let id = id.trim().parse().ok()?;
            return self.rows.get(&id).filter(|row| passes(row)).map(|_| id);
        }
        let is_it = |(_, row): &(&u64, &Map<String, Json>)| {
            let mut fields = self.kind.key.iter().zip(key);
            fields.all(|(field, value)| text(row.get(*field)) == *value) && passes(row)
        };
        self.rows.iter().find(is_it).map(|(id, _)| *id)
    }

    /// The field that a filter, an order or a select means.
    pub(crate) fn field_name(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case(self.kind.id) {
            return Some(self.kind.id.to_owned());
        }
        let means = |field: &&RecordField| {
            field.name.eq_ignore_ascii_case(name) || field.param.eq_ignore_ascii_case(name)
        };
        if let Some(field) = self.fields.iter().find(means) {
            return Some(field.name.to_owned());
        }
        // Rows of this portal may have fields of their own.
        let has = |row: &Map<String, Json>| row.contains_key(name);
        self.rows.values().any(has).then(|| name.to_owned())
    }

    /// The key that a new record would get.
    pub(crate) fn key_of(&self, given: &Array, writer: Writer) -> Vec<String> {
        let value = |name: &&'static str| {
            let field = self.fields.iter().find(|field| field.name == *name)?;
            match self.written(given, name) {
                Some(value) => Some(self.cast(field, value)),
                None => self.default(field, writer),
            }
        };
        let key = self.kind.key.iter();
        key.map(|name| text(value(name).as_ref())).collect()
    }

    /// What calls name a field by.
    pub(crate) fn param(&self, field: &'static str) -> &'static str {
        let known = self.fields.iter().find(|known| known.name == field);
        known.map_or(field, |known| known.param)
    }

    /// What is given for a field.
    pub(crate) fn written<'v>(&self, given: &'v Array, field: &'static str) -> Option<&'v Value> {
        given.get_ignoring_case(self.param(field))
    }

    /// The numbers of the records that pass all tests, in order.
    pub(crate) fn ids(&self, tests: &[Test], order: &[(String, bool)]) -> Vec<u64> {
        let passes = |row: &Map<String, Json>| tests.iter().all(|test| test.holds(row));
        let rows = self.rows.iter().filter(|(_, row)| passes(row));
        let mut ids: Vec<u64> = rows.map(|(id, _)| *id).collect();
        if !order.is_empty() {
            let by = |a: &u64, b: &u64| {
                let orderings = order.iter().map(|(field, descending)| {
                    let ordering = compare(self.rows[a].get(field), self.rows[b].get(field));
                    if *descending {
                        ordering.reverse()
                    } else {
                        ordering
                    }
                });
                orderings.fold(Ordering::Equal, Ordering::then)
            };
            ids.sort_by(by);
        }
        ids
    }

    /// Adds a record with what is given, and the defaults of the rest.
    pub(crate) fn add(&mut self, given: &Array, writer: Writer) -> u64 {
        self.last += 1;
        let id = self.last;
        let mut row = Map::new();
        for field in self.fields {
            let written = given
                .get_ignoring_case(field.param)
                .filter(|_| !field.read_only)
                .map(|value| self.cast(field, value));
            let value = match written {
                Some(value) => value,
                None if field.name == self.kind.id => match field.kind {
                    ValueKind::Text => Json::from(id.to_string()),
                    _ => self.number(id),
                },
                None => match self.default(field, writer) {
                    Some(Json::String(text)) if text.contains("{id}") => {
                        self.cast(field, &Value::Text(text.replace("{id}", &id.to_string())))
                    }
                    Some(value) => value,
                    None => continue,
                },
            };
            row.insert(field.name.to_owned(), value);
        }
        self.write_others(id, &mut row, given);
        self.insert(id, row);
        id
    }

    /// Writes to a record what may be written of it; says whether there is one.
    pub(crate) fn update(&mut self, id: u64, given: &Array, writer: Writer) -> bool {
        self.keep_earlier(id);
        let Some(mut row) = self.rows.get_mut(&id).map(std::mem::take) else {
            return false;
        };
        for field in self.fields {
            let touched = match field.default {
                DefaultValue::UpdatedAt | DefaultValue::UpdatedBy => self.default(field, writer),
                DefaultValue::UpdatedByOrNull => Some(self.number(writer.user)),
                DefaultValue::UpdatedAtOrEmpty => Some(Json::from(moment::text(writer.now))),
                _ => None,
            };
            let written = given
                .get_ignoring_case(field.param)
                .filter(|_| !field.read_only && !field.immutable && field.name != self.kind.id)
                .map(|value| self.cast(field, value));
            if let Some(value) = written.or(touched) {
                row.insert(field.name.to_owned(), value);
            }
        }
        self.write_others(id, &mut row, given);
        self.insert(id, row);
        true
    }

    /// Writes the fields that are not described.
    fn write_others(&self, id: u64, row: &mut Map<String, Json>, given: &Array) {
        if self.kind.extra_fields == ExtraFields::No {
            return;
        }
        for (name, value) in given.iter() {
            let name = name.to_text();
            let is_known = |field: &RecordField| field.param.eq_ignore_ascii_case(&name);
            if self.fields.iter().any(is_known) || name.eq_ignore_ascii_case(self.kind.id) {
                continue;
            }
            let value = match value {
                _ if self.kind.extra_fields == ExtraFields::UserFields
                    && !name.starts_with("UF_") =>
                {
                    continue;
                }
                value
                    if self.kind.extra_fields != ExtraFields::Properties
                        || !name.starts_with("PROPERTY_") =>
                {
                    to_json(value)
                }
                // A key that a caller gives to a value is not the number that it gets.
                Value::Array(values) => numbered(id, values.values()),
                single => numbered(id, [single].into_iter()),
            };
            row.insert(name, value);
        }
    }

    /// Puts values into a record as they are.
    pub(crate) fn set<N: AsRef<str>>(&mut self, id: u64, values: &[(N, Json)]) {
        self.keep_earlier(id);
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        self.changes.note(id, RowChange::Rewritten);
        for (name, value) in values {
            row.insert(name.as_ref().to_owned(), value.clone());
        }
    }

    /// Whether lists show a field.
    pub(crate) fn lists(&self, name: &str) -> bool {
        let mut fields = self.fields.iter();
        self.shows(name) && !fields.any(|field| field.unlisted && field.name == name)
    }

    /// Whether rows show a field.
    pub(crate) fn shows(&self, name: &str) -> bool {
        !self.has_hidden
            || !self
                .fields
                .iter()
                .any(|field| field.hidden && field.name == name)
    }

    /// Deletes a record; says whether there was one.
    pub(crate) fn delete(&mut self, id: u64) -> bool {
        if self.has_twin {
            self.unshared.insert(id);
        }
        self.delete_twin(id)
    }

    /// Deletes a record as its twin was; says whether there was one.
    pub(crate) fn delete_twin(&mut self, id: u64) -> bool {
        self.keep_earlier(id);
        let Some(row) = self.rows.shift_remove(&id) else {
            return false;
        };
        self.changes.note(id, RowChange::Deleted);
        self.gone.push((id, row));
        true
    }

    /// The numbers of the rows that were written or deleted since the last time, for the twin of the kind.
    pub(crate) fn take_unshared(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.unshared)
    }

    /// Writes fields of a record as those of its twin are, and adds the record where it is not there.
    pub(crate) fn write_twin(
        &mut self,
        number: u64,
        values: &[(&'static str, Value)],
        writer: Writer,
    ) {
        let known = self.rows.get(&number).cloned();
        let mut row = known.clone().unwrap_or_else(|| self.bare(number, writer));
        for (name, value) in values {
            let Some(field) = self.fields.iter().find(|field| field.name == *name) else {
                continue;
            };
            let value = self.cast(field, value);
            // `20.00` and `20` are one rate.
            let is_same = field.kind == ValueKind::Number
                && row
                    .get(*name)
                    .is_some_and(|known| is_same_number(known, &value));
            if !is_same {
                row.insert((*name).to_owned(), value);
            }
        }
        self.last = self.last.max(number);
        if known.as_ref() != Some(&row) {
            self.store(number, row);
        }
    }

    /// A record with the defaults of all fields.
    fn bare(&self, number: u64, writer: Writer) -> Map<String, Json> {
        let mut row = Map::new();
        for field in self.fields {
            let value = if field.name == self.kind.id {
                Some(self.number(number))
            } else {
                self.default(field, writer)
            };
            if let Some(value) = value {
                row.insert(field.name.to_owned(), value);
            }
        }
        row
    }

    /// What was left of the records that were deleted since the last time.
    pub(crate) fn take_gone(&mut self) -> Vec<(u64, Map<String, Json>)> {
        std::mem::take(&mut self.gone)
    }

    fn default(&self, field: &RecordField, writer: Writer) -> Option<Json> {
        Some(match field.default {
            DefaultValue::Null | DefaultValue::UpdatedByOrNull => Json::Null,
            DefaultValue::UpdatedAtOrEmpty => Json::from(""),
            DefaultValue::Json(json) => serde_json::from_str(json).unwrap_or_default(),
            DefaultValue::Absent => return None,
            DefaultValue::Text(text) => Json::from(text),
            DefaultValue::Integer(number) => self.cast(field, &Value::Int(number)),
            DefaultValue::Boolean(flag) => Json::from(flag),
            DefaultValue::EmptyList => Json::Array(Vec::new()),
            DefaultValue::Now | DefaultValue::UpdatedAt => Json::from(moment::text(writer.now)),
            DefaultValue::Caller | DefaultValue::UpdatedBy => self.number(writer.user),
        })
    }

    /// A value as rows have it.
    fn cast(&self, field: &RecordField, value: &Value) -> Json {
        if field.multiple {
            let one = |value: &Value| self.cast_one(field.kind, value);
            return match value {
                Value::Array(values) if values.is_list() => values.values().map(one).collect(),
                Value::Array(_) => to_json(value),
                Value::Null => Json::Array(Vec::new()),
                single => Json::Array(vec![one(single)]),
            };
        }
        self.cast_one(field.kind, value)
    }

    fn cast_one(&self, kind: ValueKind, value: &Value) -> Json {
        let typed = self.kind.spelling == Spelling::Typed;
        match (kind, value) {
            (ValueKind::Anything, value) => to_json(value),
            (_, Value::Null) => Json::Null,
            (ValueKind::Integer | ValueKind::User, value) if typed => Json::from(value.to_int()),
            (ValueKind::Integer | ValueKind::User, value) => Json::from(value.to_int().to_string()),
            (ValueKind::Number, value) => match value.to_text().trim().parse::<f64>() {
                // PHP writes 1.0 as 1.
                Ok(number) if typed && number.fract() == 0.0 && number.abs() < 1e15 => {
                    Json::from(number as i64)
                }
                Ok(number) if typed => Json::from(number),
                Ok(_) => Json::from(value.to_text().trim()),
                Err(_) if typed => Json::from(0),
                Err(_) => Json::from("0"),
            },
            // Letters that are no yes and no stay as they are: the metadata have one type for both.
            (ValueKind::Flag, Value::Text(text)) if !is_flag(text) => Json::from(text.as_str()),
            (ValueKind::Flag, value) => Json::from(if is_yes(value) { "Y" } else { "N" }),
            (ValueKind::Boolean, value) => Json::from(is_yes(value)),
            (ValueKind::Date | ValueKind::Moment, value) => {
                let text = value.to_text();
                match moment::parse(&text, 0) {
                    Some(seconds) if kind == ValueKind::Moment => Json::from(moment::text(seconds)),
                    _ => Json::from(text),
                }
            }
            (ValueKind::Text, Value::Array(_)) => to_json(value),
            (ValueKind::Text, value) => Json::from(value.to_text()),
        }
    }
}

/// Values by numbers of their own.
fn numbered<'v>(id: u64, values: impl Iterator<Item = &'v Value>) -> Json {
    let values = values.enumerate().map(|(place, value)| {
        let number = id * 100 + place as u64 + 1;
        (number.to_string(), to_json(value))
    });
    Json::Object(values.collect())
}

fn is_same_number(one: &Json, other: &Json) -> bool {
    let number = |value: &Json| text(Some(value)).parse::<f64>().ok();
    number(one).is_some() && number(one) == number(other)
}

fn is_flag(text: &str) -> bool {
    matches!(
        text,
        "" | "0" | "1" | "Y" | "N" | "y" | "n" | "true" | "false"
    )
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Text(text) => !matches!(text.as_str(), "" | "0" | "N" | "n" | "false"),
        other => other.is_truthy(),
    }
}
