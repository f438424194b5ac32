//! Filters of `crm.*.list`: prefixes on upper-case names, and nothing but a silence about what is not understood.

use brimful_protocol::{Array, Value};

use crate::context::moment;
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::list::filter_key::{Family, FilterKey, KeyOperation};
use crate::data::list::pattern::Pattern;
use crate::data::list::query::{Direction, Sort};
use crate::data::schema::{Class, Kind, Schema};

/// The condition that `filter` states.
pub(crate) fn condition(schema: &Schema, filter: Option<&Array>, now: i64) -> Condition {
    let Some(filter) = filter else {
        return Condition::Always;
    };
    let mut all = Vec::new();
    for (key, value) in filter.iter() {
        let text = key.to_text();
        let key = FilterKey::parse(&text, Family::Crm);
        // An unknown name is dropped, and the list is not filtered by it.
        let Some(field) = schema.legacy(key.name) else {
            continue;
        };
        let kind = schema.get(field).kind;
        let Some(condition) = test(field, kind, key.operation, value, now) else {
            continue;
        };
        let condition = if key.negative {
            condition.not()
        } else {
            condition
        };
        all.push(if key.or_empty {
            condition.or(Condition::empty(field))
        } else {
            condition
        });
    }
    Condition::All(all)
}

fn test(
    field: usize,
    kind: Kind,
    operation: KeyOperation,
    value: &Value,
    now: i64,
) -> Option<Condition> {
    let pattern = |text: String| match operation {
        KeyOperation::Contains => Pattern::contains(&text),
        KeyOperation::Like => Pattern::like(&text),
        _ => Pattern::words(&text),
    };
    match operation {
        KeyOperation::Relation(Relation::Equal) | KeyOperation::In => {
            equal_to_any(field, kind, value, now)
        }
        KeyOperation::Relation(relation) => Some(compare(field, kind, relation, value, now)),
        KeyOperation::Between => None,
        KeyOperation::Contains | KeyOperation::Like | KeyOperation::Words => {
            let exact =
                kind.class() != Class::Text || matches!(kind, Kind::Status(_) | Kind::Currency);
            if exact {
                return equal_to_any(field, kind, value, now);
            }
            let any = |value: &Value| {
                Condition::test(field, Predicate::Matches(pattern(value.to_text())))
            };
            Some(match value {
                Value::Array(values) if values.is_empty() => return None,
                Value::Array(values) => Condition::Any(values.values().map(any).collect()),
                one => any(one),
            })
        }
    }
}

fn equal_to_any(field: usize, kind: Kind, value: &Value, now: i64) -> Option<Condition> {
    let Value::Array(values) = value else {
        return Some(equal(field, kind, value, now));
    };
    if values.is_empty() {
        return None;
    }
    // SeveralValues plain values are one look at the field, not one each.
    let operands: Option<Vec<Operand>> = values
        .values()
        .map(|value| operand(kind, value, now).filter(|operand| !is_zero(operand)))
        .collect();
    Some(match operands {
        Some(operands) => Condition::test(field, Predicate::OneOf(operands)),
        None => Condition::Any(
            values
                .values()
                .map(|value| equal(field, kind, value, now))
                .collect(),
        ),
    })
}

/// Zero and the empty string match rows without a value too.
fn equal(field: usize, kind: Kind, value: &Value, now: i64) -> Condition {
    match operand(kind, value, now) {
        None => Condition::empty(field),
        Some(operand) if is_zero(&operand) => {
            Condition::equal(field, operand).or(Condition::empty(field))
        }
        Some(operand) => Condition::equal(field, operand),
    }
}

fn compare(field: usize, kind: Kind, relation: Relation, value: &Value, now: i64) -> Condition {
    let Some(operand) = operand(kind, value, now) else {
        return Condition::empty(field);
    };
    let or_equal = matches!(relation, Relation::GreaterOrEqual | Relation::LessOrEqual);
    let with_empty = or_equal && is_zero(&operand) && field != crate::data::schema::ID;
    let condition = Condition::compare(field, relation, operand);
    if with_empty {
        condition.or(Condition::empty(field))
    } else {
        condition
    }
}

/// What a value is to a field of a kind: an array is 1 to a number, or 0 if it is empty. `None`: no value at all.
fn operand(kind: Kind, value: &Value, now: i64) -> Option<Operand> {
    match kind.class() {
        Class::Integer => Some(Operand::Int(value.to_int())),
        Class::Number => Some(Operand::Number(value.to_float())),
        Class::Time => match value {
            Value::Int(seconds) => Some(Operand::Time(*seconds)),
            other => moment::parse(&other.to_text(), now).map(Operand::Time),
        },
        Class::Text => {
            let text = value.to_text();
            (!text.is_empty()).then(|| Operand::Text(text.to_lowercase()))
        }
    }
}

fn is_zero(operand: &Operand) -> bool {
    match operand {
        Operand::Int(i) => *i == 0,
        Operand::Number(f) => *f == 0.0,
        _ => false,
    }
}

/// The order that `order` states; unknown names are dropped, and any direction but DESC is ascending.
pub(crate) fn order(schema: &Schema, order: Option<&Array>) -> Vec<Sort> {
    let Some(order) = order else {
        return Vec::new();
    };
    let sort = |(key, direction): (&brimful_protocol::Key, &Value)| {
        let field = schema.legacy(&key.to_text())?;
        let descending = direction.to_text().trim().eq_ignore_ascii_case("desc");
        Some(Sort {
            field,
            direction: if descending {
                Direction::Descending
            } else {
                Direction::Ascending
            },
        })
    };
    order.iter().filter_map(sort).collect()
}

/// The fields that `select` names, in its order, and the ID. `*` is every standard field, `UF_*` every user field; phones
/// and e-mails have to be named.
pub(crate) fn select(schema: &Schema, select: &[&str]) -> Vec<usize> {
    let fields = |wanted: fn(&crate::data::schema::Field) -> bool| {
        let all = schema.fields().iter().enumerate();
        all.filter(move |(_, field)| !field.traits.items_only && wanted(field))
            .map(|(at, _)| at)
    };
    let standard = || {
        fields(|field| {
            !field.is_user_field() && !field.traits.on_request && field.kind != Kind::Multifield
        })
    };
    let mut chosen = Vec::new();
    for name in select {
        match *name {
            "*" => chosen.extend(standard()),
            "UF_*" => chosen.extend(fields(crate::data::schema::Field::is_user_field)),
            name => chosen.extend(schema.legacy(name)),
        }
    }
    if chosen.is_empty() {
        chosen.extend(standard());
    }
    if !chosen.contains(&crate::data::schema::ID) {
        chosen.insert(0, crate::data::schema::ID);
    }
    chosen
}
