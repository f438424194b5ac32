//! `filter`: a list of `[field, operator, value]`, `[field, value]` and groups of them.

use brimful_protocol::{Array, Value, json};

use super::dto::{Dto, Field, Kind};
use super::error;
use crate::context::MethodError;
use crate::context::moment;
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::schema::Schema;

/// What filters of a list are about.
#[derive(Clone, Copy)]
pub(super) struct Filter<'f> {
    pub(super) dto: &'static Dto,
    pub(super) schema: &'f Schema,
    pub(super) now: i64,
    /// The field that a cursor has taken.
    pub(super) taken: Option<&'f str>,
}

impl Filter<'_> {
    /// The condition that `filter` states.
    pub(super) fn parse(&self, filter: Option<&Value>) -> Result<Condition, MethodError> {
        match filter {
            None | Some(Value::Null) => Ok(Condition::Always),
            Some(Value::Array(filter)) if is_group(filter) => self.group(filter),
            Some(Value::Array(filter)) if filter.is_list() => Ok(Condition::All(self.all(filter)?)),
            Some(other) => Err(unrecognized(other)),
        }
    }

    fn all(&self, conditions: &Array) -> Result<Vec<Condition>, MethodError> {
        conditions
            .values()
            .map(|condition| match condition {
                Value::Array(group) if is_group(group) => self.group(group),
                Value::Array(simple) if simple.is_list() => self.simple(simple),
                other => Err(unrecognized(other)),
            })
            .collect()
    }

    fn group(&self, group: &Array) -> Result<Condition, MethodError> {
        let Some(Value::Array(conditions)) = group.get("conditions") else {
            return Err(unrecognized(&Value::Array(group.clone())));
        };
        let conditions = self.all(conditions)?;
        let logic = group.get("logic").map(Value::to_text).unwrap_or_default();
        let condition = match logic.to_ascii_lowercase().as_str() {
            _ if conditions.is_empty() => Condition::Always,
            "or" => Condition::Any(conditions),
            "and" | "" => Condition::All(conditions),
            _ => return Err(unrecognized(&Value::Array(group.clone()))),
        };
        let negative = group.get("negative").is_some_and(Value::is_truthy);
        Ok(if negative { condition.not() } else { condition })
    }

    fn simple(&self, condition: &Array) -> Result<Condition, MethodError> {
        let parts: Vec<&Value> = condition.values().collect();
        let (name, operator, value) = match parts.as_slice() {
            [Value::Text(name), value @ Value::Array(_)] => (name, "in", *value),
            [Value::Text(name), value] => (name, "=", *value),
            [Value::Text(name), Value::Text(operator), value] => (name, operator.as_str(), *value),
            _ => return Err(unrecognized(&Value::Array(condition.clone()))),
        };
        if self.taken == Some(name) {
            let text = format!("Cursor field {name} cannot be used at filter.");
            return Err(error::invalid_filter(&text));
        }
        let unknown = || error::unknown_field(name, self.dto.name);
        let field = self.dto.field(name).ok_or_else(unknown)?;
        let column = field
            .column()
            .filter(|_| field.traits.filterable)
            .and_then(|column| self.schema.legacy(column));
        let Some(at) = column else {
            return Err(error::lacks("Filterable", self.dto.name, name));
        };
        let test = FieldTest {
            field,
            at,
            now: self.now,
        };
        test.condition(&operator.to_ascii_lowercase(), value)
    }
}

fn is_group(array: &Array) -> bool {
    array.get("logic").is_some() || array.get("conditions").is_some()
}

fn unrecognized(value: &Value) -> MethodError {
    error::invalid_filter(&json::to_string(value))
}

/// A test of one field.
struct FieldTest {
    field: &'static Field,
    at: usize,
    now: i64,
}

impl FieldTest {
    fn condition(&self, operator: &str, value: &Value) -> Result<Condition, MethodError> {
        let compare = |relation| Ok(Condition::compare(self.at, relation, self.operand(value)?));
        match (operator, value) {
            ("=", Value::Null) => Ok(Condition::empty(self.at)),
            ("!=", Value::Null) => Ok(Condition::empty(self.at).not()),
            ("=", _) => compare(Relation::Equal),
            ("!=", _) => Ok(compare(Relation::Equal)?.not()),
            (">", _) => compare(Relation::Greater),
            (">=", _) => compare(Relation::GreaterOrEqual),
            ("<", _) => compare(Relation::Less),
            ("<=", _) => compare(Relation::LessOrEqual),
            ("in", Value::Array(values)) => {
                let operands: Result<Vec<Operand>, MethodError> =
                    values.values().map(|value| self.operand(value)).collect();
                Ok(Condition::test(self.at, Predicate::OneOf(operands?)))
            }
            ("between", Value::Array(ends)) => {
                let mut ends = ends.values();
                let (Some(low), Some(high), None) = (ends.next(), ends.next(), ends.next()) else {
                    return Err(error::wrong_type(self.field.name, "array"));
                };
                let from = Relation::GreaterOrEqual;
                let from = Condition::compare(self.at, from, self.operand(low)?);
                let to = Condition::compare(self.at, Relation::LessOrEqual, self.operand(high)?);
                Ok(from.and(to))
            }
            ("in" | "between", _) => Err(error::wrong_type(self.field.name, "array")),
            _ => Err(error::unknown_operator(operator)),
        }
    }

    fn operand(&self, value: &Value) -> Result<Operand, MethodError> {
        operand(self.field, value, self.now)
    }
}

/// What a value of a field is compared as. Nothing is cast: a string is not a number.
pub(super) fn operand(field: &Field, value: &Value, now: i64) -> Result<Operand, MethodError> {
    let wrong = || error::wrong_type(field.name, field.kind.expected());
    match (field.kind, value) {
        (Kind::Int | Kind::Count, Value::Int(number)) => Ok(Operand::Int(*number)),
        (Kind::Moment, Value::Text(text)) => moment::parse(text, now)
            .map(Operand::Time)
            .ok_or_else(wrong),
        (Kind::Text | Kind::Words(_), Value::Text(text)) => Ok(Operand::Text(text.to_lowercase())),
        _ => Err(wrong()),
    }
}
