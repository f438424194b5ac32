//! `cursor`: what `tail` has seen, and which way it goes from there.

use brimful_protocol::{Value, json};

use super::dto::{Dto, Field};
use super::{error, filter, order, pagination};
use crate::list::condition::{Condition, Relation};
use crate::list::query::{Direction, Sort};
use crate::method::MethodError;
use crate::state::schema::{ID, Schema};

/// Where a tail goes on.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The field it goes along.
    pub(super) field: &'static str,
    /// The rows strictly beyond it.
    pub(super) beyond: Condition,
    pub(super) sort: Sort,
    pub(super) limit: u64,
}

impl Cursor {
    /// What `cursor` says; without one, the tail begins at the first row. A cursor must name its field and its value.
    pub(super) fn parse(
        dto: &Dto,
        schema: &Schema,
        cursor: Option<&Value>,
        now: i64,
    ) -> Result<Self, MethodError> {
        let cursor = match cursor {
            None | Some(Value::Null) => {
                return Ok(Self {
                    field: "id",
                    beyond: Condition::Always,
                    sort: Sort {
                        field: ID,
                        direction: Direction::Ascending,
                    },
                    limit: pagination::limit(None)?,
                });
            }
            Some(Value::Array(cursor)) => cursor,
            Some(_) => return Err(error::wrong_type("cursor", "object")),
        };
        let given = |name: &str| cursor.get(name).filter(|value| **value != Value::Null);
        let name = given("field").ok_or_else(|| error::required("cursor.field"))?;
        let value = given("value").ok_or_else(|| error::required("cursor.value"))?;
        let (field, at) = sortable(dto, schema, name)?;
        let direction = match given("order") {
            None => Direction::Ascending,
            Some(said) => order::direction(said)
                .ok_or_else(|| error::invalid_order(&json::to_string(said)))?,
        };
        let relation = match direction {
            Direction::Ascending => Relation::Greater,
            Direction::Descending => Relation::Less,
        };
        Ok(Self {
            field: field.name,
            beyond: Condition::compare(at, relation, filter::operand(field, value, now)?),
            sort: Sort {
                field: at,
                direction,
            },
            limit: pagination::limit(cursor.get("limit"))?,
        })
    }
}

fn sortable(
    dto: &Dto,
    schema: &Schema,
    name: &Value,
) -> Result<(&'static Field, usize), MethodError> {
    let name = name.to_text();
    let field = dto
        .field(&name)
        .ok_or_else(|| error::unknown_field(&name, dto.name))?;
    let at = field
        .column()
        .filter(|_| field.traits.sortable)
        .and_then(|column| schema.legacy(column));
    match at {
        Some(at) => Ok((field, at)),
        None => Err(error::lacks("Sortable", dto.name, &name)),
    }
}
