//! A record as an object of REST 3.0.

use brimful_protocol::{Array, Value};

use super::dto::{Field, Kind, Source};
use super::select::Selection;
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::table::Row;

/// A record that is shown to a user.
#[derive(Clone, Copy)]
pub(crate) struct Item<'s> {
    pub(super) state: &'s PortalData,
    pub(super) row: Row<'s>,
    /// Who reads.
    pub(super) user: u64,
}

impl<'s> Item<'s> {
    /// The selected fields.
    pub(super) fn read(&self, selection: &Selection) -> Array {
        selection
            .fields()
            .map(|(field, inner)| (field.name, self.value(field, inner)))
            .collect()
    }

    /// A field of the record, by its older name.
    pub(super) fn cell(&self, name: &str) -> Cell<'s> {
        let at = self.row.table.schema.legacy(name);
        at.map_or(Cell::Null, |at| self.row.cell(at))
    }

    fn value(&self, field: &Field, inner: Option<&Selection>) -> Value {
        match field.source {
            Source::Column(name) => shown(field.kind, self.cell(name)),
            Source::Always(json) => serde_json::from_str(json).unwrap_or_default(),
            Source::ComposedText(make) => make(self),
            Source::Row(_, column, entity) => {
                let id = self.cell(column).to_int();
                self.related(entity, id, inner)
                    .map_or(Value::Null, Value::Array)
            }
            Source::Rows(_, column, entity) => {
                let mut rows = Array::new();
                self.cell(column).any(|id| {
                    if let Some(row) = self.related(entity, id.to_int(), inner) {
                        rows.push(row);
                    }
                    false
                });
                Value::Array(rows)
            }
            Source::Built(_, build) => match (build(self), inner) {
                (Some(built), Some(inner)) => {
                    let chosen = |(field, _): (&Field, _)| {
                        let value = built.get(field.name).cloned().unwrap_or_default();
                        (field.name, value)
                    };
                    Value::Array(inner.fields().map(chosen).collect())
                }
                _ => Value::Null,
            },
        }
    }

    fn related(&self, entity: usize, id: Option<i64>, inner: Option<&Selection>) -> Option<Array> {
        let id = u64::try_from(id?).ok()?;
        let row = self.state.table(entity).get(id)?;
        Some(Self { row, ..*self }.read(inner?))
    }
}

/// A stored value as it is shown.
fn shown(kind: Kind, cell: Cell<'_>) -> Value {
    match kind {
        Kind::Int => cell.to_int().map_or(Value::Null, Value::Int),
        Kind::Count => Value::Int(cell.to_int().unwrap_or(0)),
        Kind::Moment => match cell.to_time() {
            Some(seconds) => Value::Text(crate::context::moment::text(seconds)),
            None => Value::Null,
        },
        Kind::Flag => Value::Bool(is_yes(cell)),
        Kind::List => {
            let mut values = Array::new();
            cell.any(|value| {
                values.push(value.to_text().unwrap_or_default());
                false
            });
            Value::Array(values)
        }
        Kind::Words(words) => {
            let stored = cell.to_text().unwrap_or_default();
            let word = words.iter().find(|(number, _)| *number == stored);
            word.or(words.first())
                .map_or(Value::Null, |(_, word)| (*word).into())
        }
        Kind::Text | Kind::Object => cell.to_text().map_or(Value::Null, Value::Text),
    }
}

pub(super) fn is_yes(cell: Cell<'_>) -> bool {
    matches!(cell.to_text().as_deref(), Some("Y" | "1"))
}
