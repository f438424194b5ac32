//! `department.*`: exact filters only; what has a prefix is ignored, so a walk by ID never ends.

use std::borrow::Cow;

use brimful_protocol::{Array, Value, json};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::DEPARTMENT;
use crate::data::list::condition::{Condition, Operand, Predicate};
use crate::data::list::paging::Paging;
use crate::data::list::plan::list;
use crate::data::list::query::{Direction, Query, Sort};
use crate::data::schema::{Class, ID};
use crate::data::table::{Record, Row, Table};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("department", "department.get", get),
        read!("department", "department.fields", fields),
        write!("department", "department.add", add),
        write!("department", "department.update", update),
        write!("department", "department.delete", delete),
    ]
    .into_iter()
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(DEPARTMENT);
    let schema = &table.schema;
    let filter = call
        .params
        .get("FILTER")
        .and_then(Value::as_array)
        .unwrap_or(&call.params);
    let test = |(key, value): (&brimful_protocol::Key, &Value)| {
        let at = schema.legacy(&key.to_text())?;
        // `SORT` is also the name to sort by.
        if &*schema.get(at).name == "SORT" && value.to_int() == 0 {
            return None;
        }
        let operand = |value: &Value| match schema.get(at).kind.class() {
            Class::Text => Operand::Text(value.to_text().to_lowercase()),
            _ => Operand::Int(value.to_int()),
        };
        Some(match value {
            Value::Array(values) => {
                Condition::test(at, Predicate::OneOf(values.values().map(operand).collect()))
            }
            // The root has no parent, which is the same as 0 here.
            one if &*schema.get(at).name == "PARENT" && one.to_int() == 0 => {
                Condition::empty(at).or(Condition::equal(at, Operand::Int(0)))
            }
            one => Condition::equal(at, operand(one)),
        })
    };
    let condition = Condition::All(filter.iter().filter_map(test).collect());
    let text = |name: &str| {
        call.params
            .get_ignoring_case(name)
            .map(Value::to_text)
            .unwrap_or_default()
    };
    let field = schema.ignoring_case(&text("sort")).unwrap_or(ID);
    let direction = if text("order").eq_ignore_ascii_case("desc") {
        Direction::Descending
    } else {
        Direction::Ascending
    };
    let start = call.start();
    let query = Query::new(table, condition, vec![Sort { field, direction }]);
    let page = Paging::Legacy.page(&query, start, call);
    Ok(
        page.with_pagination_fields(list(None, &page.ids, |out, id| {
            json::write(out, &Value::Array(describe(&table.row(id))));
        })),
    )
}

/// A department without the fields that are empty. `SORT` is a number; IDs are texts.
fn describe(row: &Row<'_>) -> Array {
    let fields = row.table.schema.fields().iter().enumerate();
    let filled = fields.filter_map(|(at, field)| {
        let value = match row.cell(at) {
            Cell::Null | Cell::Stored(Value::Null) => return None,
            Cell::Stored(array @ Value::Array(_)) => array.clone(),
            cell if &*field.name == "SORT" => Value::Int(cell.to_int()?),
            cell => Value::Text(cell.to_text()?),
        };
        Some((field.name.as_ref(), value))
    });
    filled.collect()
}

/// The refusal of a change.
fn refused(why: &str) -> MethodError {
    MethodError::new(400, "ERROR_CORE", why)
}

pub(crate) fn fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = state.table(DEPARTMENT).schema.fields().iter();
    let map: Array = fields
        .map(|field| (field.name.as_ref(), field.title.as_ref()))
        .collect();
    Ok(Output::value(&Value::Array(map)))
}

pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(DEPARTMENT);
    let mut record = Record::default();
    for (field, value) in written(table, call) {
        record.set(field, value);
    }
    if table
        .schema
        .legacy("NAME")
        .and_then(|at| record.get(at))
        .is_none()
    {
        return Err(refused("Department name not provided.<br>"));
    }
    let parent = table.schema.legacy("PARENT").and_then(|at| record.get(at));
    let parent = parent.and_then(|parent| u64::try_from(parent.to_int()).ok());
    let hangs = parent.is_some_and(|parent| parent > 0 && table.contains(parent));
    if !hangs && table.count(1, u64::MAX) > 0 {
        return Err(refused(
            "There can only be one top-level department in the company structure",
        ));
    }
    Ok(Output::value(&Value::Int(table.insert(record) as i64)))
}

pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(DEPARTMENT);
    let id = existing(table, call)?;
    let values = written(table, call);
    table.update(id, values);
    Ok(Output::value(&Value::Bool(true)))
}

pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(DEPARTMENT);
    let id = existing(table, call)?;
    table.delete(id);
    Ok(Output::value(&Value::Bool(true)))
}

fn existing(table: &Table, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    u64::try_from(id)
        .ok()
        .filter(|&id| table.contains(id))
        .ok_or_else(|| refused("Department not found"))
}

fn written(table: &Table, call: &Call<'_>) -> Vec<(usize, Value)> {
    let value = |(key, value): (&brimful_protocol::Key, &Value)| {
        let at = table.schema.legacy(&key.to_text()).filter(|&at| at != ID)?;
        Some((at, Value::Text(value.to_text())))
    };
    call.params.iter().filter_map(value).collect()
}
