//! Filters of `crm.item.list`: camel-case or upper-case names, nested groups, and an error for what is not understood.

use brimful_protocol::{Array, Key, Value};

use crate::context::MethodError;
use crate::context::moment;
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::list::filter_key::{Family, FilterKey, KeyOperation};
use crate::data::list::pattern::Pattern;
use crate::data::list::query::{Direction, Sort};
use crate::data::schema::{Class, Field, ID, Kind, Schema};

pub(super) fn invalid(description: String) -> MethodError {
    MethodError::new(400, "INVALID_ARG_VALUE", description)
}

/// A name in `crm.item.*` that can be filtered and sorted by.
fn field(schema: &Schema, name: &str) -> Option<usize> {
    schema
        .item(name)
        .filter(|&at| schema.get(at).kind != Kind::Multifield)
}

/// The condition that `filter` states.
pub(crate) fn condition(
    schema: &Schema,
    filter: &Array,
    now: i64,
) -> Result<Condition, MethodError> {
    let any = filter
        .get_ignoring_case("logic")
        .is_some_and(|logic| logic.to_text().eq_ignore_ascii_case("or"));
    let mut conditions = Vec::new();
    for (key, value) in filter.iter() {
        let text = key.to_text();
        if text.eq_ignore_ascii_case("logic") {
            continue;
        }
        if let (Key::Int(_), Value::Array(group)) = (key, value) {
            conditions.push(condition(schema, group, now)?);
            continue;
        }
        let FilterKey {
            negative,
            operation,
            name,
            ..
        } = FilterKey::parse(&text, Family::Items);
        let prefix = &text[..text.len() - name.len()];
        let Some(at) = field(schema, name) else {
            return Err(invalid(format!(
                "Invalid filter: field '{name}' is not allowed in filter"
            )));
        };
        let field = schema.get(at);
        let wrong = || {
            invalid(format!(
                "Invalid filter: field '{prefix}{}' has invalid value",
                field.item
            ))
        };
        if !is_allowed(prefix, value) {
            return Err(wrong());
        }
        let test = test(at, field, operation, value, now).ok_or_else(wrong)?;
        conditions.push(if negative { test.not() } else { test });
    }
    Ok(match (any, conditions.is_empty()) {
        (_, true) => Condition::Always,
        (true, false) => Condition::Any(conditions),
        (false, false) => Condition::All(conditions),
    })
}

/// Arrays are for equality and lists only, and hold scalars.
fn is_allowed(prefix: &str, value: &Value) -> bool {
    match value {
        Value::Array(values) => {
            matches!(prefix, "" | "=" | "!=" | "@" | "!@")
                && values.values().all(|value| value.as_array().is_none())
        }
        _ => true,
    }
}

fn test(
    at: usize,
    field: &Field,
    operation: KeyOperation,
    value: &Value,
    now: i64,
) -> Option<Condition> {
    let matches = |pattern: Pattern| Condition::test(at, Predicate::Matches(pattern));
    let relation = match operation {
        KeyOperation::Contains => return Some(matches(Pattern::contains(&value.to_text()))),
        KeyOperation::Like => return Some(matches(Pattern::like(&value.to_text()))),
        KeyOperation::Between | KeyOperation::Words => return None,
        KeyOperation::In => Relation::Equal,
        KeyOperation::Relation(relation) => relation,
    };
    match value {
        Value::Array(values) if values.is_empty() => Some(if operation == KeyOperation::In {
            Condition::Never
        } else {
            Condition::Always
        }),
        Value::Array(values) => {
            let operands: Option<Option<Vec<Operand>>> = values
                .values()
                .map(|value| operand(field.kind, value, now))
                .collect();
            Some(match operands? {
                Some(operands) => Condition::test(at, Predicate::OneOf(operands)),
                None => Condition::Any(
                    values
                        .values()
                        .map(|value| compare(at, field, relation, value, now))
                        .collect::<Option<_>>()?,
                ),
            })
        }
        one => compare(at, field, relation, one, now),
    }
}

fn compare(
    at: usize,
    field: &Field,
    relation: Relation,
    value: &Value,
    now: i64,
) -> Option<Condition> {
    Some(match operand(field.kind, value, now)? {
        None => Condition::empty(at),
        Some(operand) => {
            let zero = relation == Relation::Equal
                && at != ID
                && matches!(operand, Operand::Int(0))
                && matches!(field.kind, Kind::Crm(..) | Kind::User | Kind::Boolean);
            let condition = Condition::compare(at, relation, operand);
            if zero {
                condition.or(Condition::empty(at))
            } else {
                condition
            }
        }
    })
}

/// What a value is to a field: `None` if the field cannot have it, `Some(None)` if it is the lack of a value.
#[allow(
    clippy::option_option,
    reason = "an invalid value and an empty one are different things"
)]
fn operand(kind: Kind, value: &Value, now: i64) -> Option<Option<Operand>> {
    match value {
        Value::Null | Value::Bool(false) => return Some(None),
        Value::Text(text) if text.is_empty() => return Some(None),
        _ => {}
    }
    Some(Some(match kind.class() {
        // A text that begins with no number is none, though PHP reads it as 0.
        Class::Integer if is_word(value) => return None,
        Class::Integer => Operand::Int(value.to_int()),
        Class::Number => Operand::Number(value.to_float()),
        Class::Time => Operand::Time(moment::parse(&value.to_text(), now)?),
        Class::Text => Operand::Text(value.to_text().to_lowercase()),
    }))
}

fn is_word(value: &Value) -> bool {
    let is_number = |text: &str| {
        let digits = text.trim_start().trim_start_matches(['-', '+']);
        digits.starts_with(|first: char| first.is_ascii_digit())
    };
    // `Y` and `N` are values of flags.
    matches!(value, Value::Text(text) if !is_number(text) && !matches!(text.as_str(), "Y" | "N"))
}

/// The order that `order` states.
pub(crate) fn order(schema: &Schema, order: &Array) -> Result<Vec<Sort>, MethodError> {
    let sort = |(key, direction): (&Key, &Value)| {
        let name = key.to_text();
        let Some(field) = field(schema, &name) else {
            return Err(invalid(format!(
                "Invalid order: field '{name}' is not allowed in order"
            )));
        };
        Ok(Sort {
            field,
            direction: wanted_direction(&name, direction)?,
        })
    };
    order.iter().map(sort).collect()
}

/// The direction in which a field is to be sorted.
pub(super) fn wanted_direction(name: &str, direction: &Value) -> Result<Direction, MethodError> {
    let direction = direction.to_text();
    if direction.eq_ignore_ascii_case("asc") {
        Ok(Direction::Ascending)
    } else if direction.eq_ignore_ascii_case("desc") {
        Ok(Direction::Descending)
    } else {
        Err(invalid(format!(
            "Invalid order: allowed sort directions are ASC, DESC. But got '{direction}' for field '{name}'"
        )))
    }
}
