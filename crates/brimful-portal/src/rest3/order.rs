//! `order`: fields and their directions.

use brimful_protocol::{Key, Value, json};

use super::dto::Dto;
use super::error;
use crate::list::query::{Direction, Sort};
use crate::method::MethodError;
use crate::state::schema::Schema;

/// The order that `order` states; by ID if it states none.
pub(super) fn parse(
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
            let said = brimful_protocol::Array::from_iter([(name.as_str(), value.clone())]);
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
