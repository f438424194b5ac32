//! `user.*`: filters with prefixes in `FILTER` or beside it, a true offset in `start`, and fields that are null left out.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::crm::is_email;
use super::params::legacy_error;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::USER;
use crate::data::list::condition::{Condition, Operand, Predicate, Relation};
use crate::data::list::filter_key::{Family, FilterKey, KeyOperation};
use crate::data::list::paging::Paging;
use crate::data::list::pattern::Pattern;
use crate::data::list::plan::{Plan, list as write_list};
use crate::data::list::query::{Direction, Query, Sort};
use crate::data::list::shape::Shape;
use crate::data::schema::{Class, ID, Kind, Schema};
use crate::data::table::{Record, Row, Table};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("user", "user.get", get),
        read!("user", "user.search", search),
        read!("user", "user.fields", fields),
        write!("user", "user.add", add),
        write!("user", "user.update", update),
        read!("user", "user.current", current),
    ]
    .into_iter()
}

/// `user.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let schema = &state.table(USER).schema;
    let filter = match call.params.get_ignoring_case("filter") {
        Some(Value::Array(filter)) => filter,
        _ => &call.params,
    };
    let condition = condition(schema, filter, call.seconds(), std::convert::identity);
    Ok(list(state, condition, call))
}

/// `user.search`: names and the like are searched for by their beginnings.
pub(crate) fn search(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SEARCHED: [&str; 5] = ["NAME", "LAST_NAME", "WORK_POSITION", "SECOND_NAME", "EMAIL"];
    let schema = &state.table(USER).schema;
    let filter = match call.params.get_ignoring_case("filter") {
        Some(Value::Array(filter)) => filter,
        _ => &call.params,
    };
    let mut found = condition(
        schema,
        filter,
        call.seconds(),
        |comparison| match comparison {
            Comparison::Relation(Relation::Equal) => Comparison::Starts,
            other => other,
        },
    );
    if let Some(text) = filter
        .get_ignoring_case("find")
        .map(Value::to_text)
        .filter(|text| !text.is_empty())
    {
        let words = text.split_whitespace().map(|word| {
            // The index is of words: each of them may begin so, wherever in the field it stands.
            let starts = [format!("{word}%"), format!("% {word}%")];
            let starts = starts.map(|pattern| Predicate::Matches(Pattern::like(&pattern)));
            let places = SEARCHED.iter().filter_map(|name| schema.legacy(name));
            Condition::Any(
                places
                    .flat_map(|at| starts.clone().map(|starts| Condition::test(at, starts)))
                    .collect(),
            )
        });
        found = found.and(Condition::All(words.collect()));
    }
    Ok(list(state, found, call))
}

/// `user.current`
pub(crate) fn current(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(USER);
    let row = table
        .get(call.user)
        .ok_or_else(|| legacy_error("User not found"))?;
    let mut out = Vec::new();
    // A portal that was given its users has them as they are.
    let seen = table
        .schema
        .legacy("LAST_ACTIVITY_DATE")
        .filter(|&at| !matches!(row.cell(at), Cell::Stored(Value::Text(_))));
    let changed = table
        .schema
        .legacy("TIMESTAMP_X")
        .filter(|&at| !matches!(row.cell(at), Cell::Stored(Value::Text(_))));
    let others: Vec<usize> = columns(&table.schema)
        .into_iter()
        .filter(|&at| Some(at) != seen && Some(at) != changed)
        .collect();
    write(&mut out, table, &others, &row);
    if seen.is_none() || out.pop().is_none() {
        return Ok(Output::json(out));
    }
    // Lists show this moment as `{}`; here it is a text without a zone. The caller is active now.
    let now = moment::text(call.seconds());
    let (day, rest) = now.split_once('T').unwrap_or((&now, ""));
    let time = rest.get(..8).unwrap_or(rest);
    out.extend_from_slice(format!(",\"LAST_ACTIVITY_DATE\":\"{day} {time}\"}}").as_bytes());
    Ok(Output::json(out))
}

/// `user.fields`: labels, no types.
pub(crate) fn fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = state.table(USER).schema.fields().iter();
    let map: Array = fields
        .map(|field| (field.name.as_ref(), field.title.as_ref()))
        .collect();
    Ok(Output::value(&Value::Array(map)))
}

/// `user.add`: invites a user.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(USER);
    let mut record = Record::default();
    for (field, value) in written(&table.schema, &call.params) {
        record.set(field, value);
    }
    let refused = |text: &str| MethodError::new(400, "ERROR_ARGUMENT", text);
    let email = table.schema.legacy("EMAIL");
    let given = email.and_then(|at| record.get(at)).map(Value::to_text);
    let given = given.unwrap_or_default().trim().to_lowercase();
    if !is_email(&given) {
        return Err(refused("wrong_email"));
    }
    let is_taken = |id: u64| {
        let known = email.and_then(|at| table.row(id).cell(at).to_text());
        known.is_some_and(|known| known.to_lowercase() == given)
    };
    if table.ids(1, u64::MAX).any(is_taken) {
        return Err(refused("A user with this email already exists"));
    }
    let groups = call.params.get_ignoring_case("SONET_GROUP_ID");
    if call.text("EXTRANET") == "Y" && groups.is_none_or(|groups| groups.to_text().is_empty()) {
        return Err(refused("no_extranet_field"));
    }
    for (name, value) in [
        ("ACTIVE", Value::Bool(true)),
        ("USER_TYPE", "employee".into()),
        ("IS_ONLINE", "N".into()),
        (
            "DATE_REGISTER",
            Value::Text(moment::text(moment::midnight(call.seconds()))),
        ),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    Ok(Output::value(&Value::Int(table.insert(record) as i64)))
}

/// `user.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(USER);
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id)
        .ok()
        .filter(|&id| table.contains(id))
        .ok_or_else(|| MethodError::new(400, "ERROR_CORE", "access_denied"))?;
    let values = written(&table.schema, &call.params);
    table.update(id, values);
    Ok(Output::value(&Value::Bool(true)))
}

fn written(schema: &Schema, params: &Array) -> Vec<(usize, Value)> {
    let value = |(key, value): (&brimful_protocol::Key, &Value)| {
        let at = schema.ignoring_case(&key.to_text())?;
        let value = match (schema.get(at).kind, value) {
            (Kind::Boolean, value) => Value::Bool(is_yes(value)),
            (_, Value::Array(_) | Value::Null) => value.clone(),
            (_, value) => Value::Text(value.to_text()),
        };
        (!schema.get(at).traits.read_only).then_some((at, value))
    };
    params.iter().filter_map(value).collect()
}

fn list(state: &PortalData, condition: Condition, call: &mut Call<'_>) -> Output {
    let table = state.table(USER);
    let order = order(&table.schema, &call.params);
    let columns = match super::params::strings(call.params.get_ignoring_case("select")) {
        names if names.is_empty() || names.contains(&"*") => columns(&table.schema),
        names => {
            let mut chosen = vec![ID];
            chosen.extend(
                names
                    .iter()
                    .filter_map(|name| table.schema.ignoring_case(name))
                    .filter(|&at| at != ID),
            );
            chosen
        }
    };
    let start = call.start();
    let page = Paging::Offset.page(&Query::new(table, condition, order), start, call);
    page.with_pagination_fields(write_list(None, &page.ids, |out, id| {
        write(out, table, &columns, &table.row(id));
    }))
}

fn columns(schema: &Schema) -> Vec<usize> {
    (0..schema.fields().len()).collect()
}

/// Dates that users have though they are empty.
const DATES: [&str; 2] = ["PERSONAL_BIRTHDAY", "UF_EMPLOYMENT_DATE"];

/// Writes a user without the fields that are null, but with empty dates.
fn write(out: &mut Vec<u8>, table: &Table, columns: &[usize], row: &Row<'_>) {
    let is_null = |at: usize| matches!(row.cell(at), Cell::Null | Cell::Stored(Value::Null));
    let filled = columns.iter().copied().filter(|&at| !is_null(at));
    Plan::new(table, Shape::User, filled).write(out, row);
    for name in DATES {
        let at = table.schema.legacy(name);
        let is_empty = at.is_some_and(|at| columns.contains(&at) && is_null(at));
        if is_empty && out.pop().is_some() {
            out.extend_from_slice(format!(",\"{name}\":\"\"}}").as_bytes());
        }
    }
}

/// How the value of a filter is compared with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Relation(Relation),
    Contains,
    Starts,
}

impl Comparison {
    fn of(operation: KeyOperation) -> Self {
        match operation {
            KeyOperation::Relation(relation) => Self::Relation(relation),
            KeyOperation::Contains | KeyOperation::Like => Self::Contains,
            KeyOperation::In | KeyOperation::Words | KeyOperation::Between => {
                Self::Relation(Relation::Equal)
            }
        }
    }
}

/// The condition that a filter states: fields that are known, with prefixes; the rest is ignored.
fn condition(
    schema: &Schema,
    filter: &Array,
    now: i64,
    turn: impl Fn(Comparison) -> Comparison,
) -> Condition {
    let one = |(key, value): (&brimful_protocol::Key, &Value)| {
        let text = key.to_text();
        let key = FilterKey::parse(&text, Family::Users);
        let at = schema.ignoring_case(key.name)?;
        let condition = test(
            at,
            schema.get(at).kind,
            turn(Comparison::of(key.operation)),
            value,
            now,
        )?;
        Some(if key.negative {
            condition.not()
        } else {
            condition
        })
    };
    Condition::All(filter.iter().filter_map(one).collect())
}

fn test(
    at: usize,
    kind: Kind,
    comparison: Comparison,
    value: &Value,
    now: i64,
) -> Option<Condition> {
    let relation = match comparison {
        Comparison::Relation(relation) => relation,
        Comparison::Contains | Comparison::Starts if kind.class() != Class::Text => Relation::Equal,
        Comparison::Contains => {
            return Some(Condition::test(
                at,
                Predicate::Matches(Pattern::contains(&value.to_text())),
            ));
        }
        Comparison::Starts => {
            let pattern = Pattern::like(&format!("{}%", value.to_text()));
            return Some(Condition::test(at, Predicate::Matches(pattern)));
        }
    };
    let operand = |value: &Value| {
        Some(match kind.class() {
            Class::Integer if kind == Kind::Boolean => Operand::Int(i64::from(filters_yes(value))),
            Class::Integer => Operand::Int(value.to_int()),
            Class::Number => Operand::Number(value.to_float()),
            Class::Time => Operand::Time(moment::parse(&value.to_text(), now)?),
            Class::Text => Operand::Text(value.to_text().to_lowercase()),
        })
    };
    match value {
        Value::Array(values) if relation == Relation::Equal => Some(Condition::test(
            at,
            Predicate::OneOf(values.values().filter_map(operand).collect()),
        )),
        // A comparison with an array is one with 1, and with an array without an element 0 it is false.
        Value::Array(values) if values.get("0").is_some() => {
            Some(Condition::compare(at, relation, Operand::Int(1)))
        }
        Value::Array(_) => Some(Condition::Never),
        Value::Text(text) if text.is_empty() && kind.class() == Class::Text => {
            Some(Condition::empty(at))
        }
        one => Some(operand(one).map_or(Condition::empty(at), |operand| {
            Condition::compare(at, relation, operand)
        })),
    }
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Text(text) => matches!(text.as_str(), "Y" | "y" | "1" | "true"),
        other => other.is_truthy(),
    }
}

/// Whether the value of a filter for a yes-or-no field means yes: of texts all but the empty one, `0` and `N`, so the
/// text `false` does.
fn filters_yes(value: &Value) -> bool {
    match value {
        Value::Text(text) => !matches!(text.as_str(), "" | "0" | "N"),
        other => other.is_truthy(),
    }
}

/// The parameters `sort` and `order`, two strings.
fn order(schema: &Schema, params: &Array) -> Vec<Sort> {
    let text = |name: &str| {
        params
            .get_ignoring_case(name)
            .map(Value::to_text)
            .unwrap_or_default()
    };
    let field = schema.ignoring_case(&text("sort")).unwrap_or(ID);
    let descending = text("order").eq_ignore_ascii_case("desc");
    vec![Sort {
        field,
        direction: if descending {
            Direction::Descending
        } else {
            Direction::Ascending
        },
    }]
}
