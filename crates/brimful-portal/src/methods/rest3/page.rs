//! Which rows of a list come, and in which order: `order`, `pagination` and `cursor`.

use brimful_protocol::{Array, Key, Value, json};

use super::dto::{Dto, Field};
use super::{error, filter};
use crate::context::MethodError;
use crate::data::list::condition::{Condition, Relation};
use crate::data::list::query::{Direction, Sort};
use crate::data::schema::{ID, Schema};

/// The order that `order` states; by ID if it states none.
pub(super) fn order(
    dto: &Dto,
    schema: &Schema,
    order: Option<&Value>,
) -> Result<Vec<Sort>, MethodError> {
    let order = match order {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(order)) => order,
        Some(other) => return Err(error::invalid_order(&json::to_string(other))),
    };
    let sort = |(key, value): (&Key, &Value)| {
        let name = key.to_text();
        let said = || {
            let said = Array::from_iter([(name.as_str(), value.clone())]);
            error::invalid_order(&json::to_string(&Value::Array(said)))
        };
        let field = dto.field(&name).filter(|field| field.traits.sortable);
        let column = field.and_then(|field| schema.legacy(field.column()?));
        Ok(Sort {
            field: column.ok_or_else(said)?,
            direction: direction(value).ok_or_else(said)?,
        })
    };
    order.iter().map(sort).collect()
}

/// `ASC` or `DESC`.
pub(super) fn direction(value: &Value) -> Option<Direction> {
    match value.as_str()?.to_ascii_uppercase().as_str() {
        "ASC" => Some(Direction::Ascending),
        "DESC" => Some(Direction::Descending),
        _ => None,
    }
}

/// How many rows come if nobody says.
const USUAL: u64 = 50;
/// How many come at most; more are not refused but not given either.
const MOST: u64 = 1000;

/// Which rows of a list come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pagination {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

impl Pagination {
    /// What `pagination` says. A page makes an offset beside it count for nothing. Pages count from 1, and page 0 is the
    /// first one too: the vendor's JavaScript SDK asks for it in all its lists.
    pub(crate) fn parse(pagination: Option<&Value>) -> Result<Self, MethodError> {
        let empty = Array::new();
        let said = match pagination {
            None | Some(Value::Null) => &empty,
            Some(Value::Array(said)) => said,
            Some(other) => return Err(error::invalid_pagination(&json::to_string(other))),
        };
        let limit = limit(said.get("limit"))?;
        let page = number("page", said.get("page"))?;
        let offset = number("offset", said.get("offset"))?;
        let offset = match page {
            Some(page) => page.saturating_sub(1).saturating_mul(limit),
            None => offset.unwrap_or(0),
        };
        Ok(Self { limit, offset })
    }
}

/// A limit of rows.
pub(super) fn limit(said: Option<&Value>) -> Result<u64, MethodError> {
    match number("limit", said)? {
        Some(0) => Err(wrong("limit", said)),
        Some(limit) => Ok(limit.min(MOST)),
        None => Ok(USUAL),
    }
}

fn number(name: &str, said: Option<&Value>) -> Result<Option<u64>, MethodError> {
    let number = match said {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        Some(Value::Text(digits)) => digits.parse().ok(),
        Some(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(name, said))
}

fn wrong(name: &str, said: Option<&Value>) -> MethodError {
    let said = Array::from_iter([(name, said.cloned().unwrap_or_default())]);
    error::invalid_pagination(&json::to_string(&Value::Array(said)))
}

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
                    limit: limit(None)?,
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
            Some(said) => {
                direction(said).ok_or_else(|| error::invalid_order(&json::to_string(said)))?
            }
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
            limit: limit(cursor.get("limit"))?,
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
