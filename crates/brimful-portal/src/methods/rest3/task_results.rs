//! `tasks.task.result.list` of REST 3.0: the results of one task.

use std::borrow::Cow;

use brimful_protocol::{Array, Key, Value, json};
use serde_json::{Map, Value as Json};

use super::error;
use super::page::Pagination;
use super::params::under;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::fixtures::collection::compare;
use crate::data::fixtures::filter::{Test, TestOperation};
use crate::methods::method::{Handler, Method, read};
use crate::methods::record_rows::rows;

const RESULTS: &str = "tasks.task.result.rest3";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [read!("tasks", "tasks.task.result.list", list)].into_iter()
}

/// Fields that a filter takes.
const FILTERED: [&str; 5] = ["taskId", "id", "authorId", "status", "messageId"];
/// Fields that an order takes.
const SORTED: [&str; 6] = [
    "id",
    "authorId",
    "createdAt",
    "updatedAt",
    "status",
    "messageId",
];
/// What is shown where nothing is selected.
const USUAL: [&str; 7] = [
    "id",
    "taskId",
    "text",
    "authorId",
    "createdAt",
    "status",
    "messageId",
];
/// All that can be selected.
const SELECTED: [&str; 4] = ["author", "updatedAt", "fileIds", "rights"];

type Row = Map<String, Json>;

/// One condition of a filter: the field, what is asked of it, and the value.
fn condition(given: &Value) -> Result<(String, &str, &Value), MethodError> {
    let unrecognized = || error::invalid_filter(&json::to_string(given));
    let parts = given.as_array().filter(|parts| parts.is_list());
    let parts: Vec<&Value> = parts.ok_or_else(unrecognized)?.values().collect();
    let (field, sign, value) = match parts.as_slice() {
        [field, value] => (field.to_text(), "=", *value),
        [field, Value::Text(sign), value] => (field.to_text(), sign.as_str(), *value),
        _ => return Err(unrecognized()),
    };
    if !FILTERED.contains(&field.as_str()) {
        return Err(error::lacks("Filterable", "TaskResultDto", &field));
    }
    Ok((field, sign, value))
}

/// The tests of a filter, and the task that it is about.
fn tests(call: &Call<'_>) -> Result<(u64, Vec<Test>), MethodError> {
    let filter = match call.params.get("filter") {
        None | Some(Value::Null) => return Err(error::required("filter")),
        Some(Value::Array(filter)) if filter.is_list() => filter,
        Some(other) => return Err(error::invalid_filter(&json::to_string(other))),
    };
    let mut task = None;
    let mut tests = Vec::new();
    for given in filter.values() {
        let (field, sign, value) = condition(given)?;
        if field == "taskId" && sign == "=" {
            let Value::Int(id) = value else {
                return Err(error::wrong_type("taskId", "int"));
            };
            task = u64::try_from(*id).ok();
        }
        let operation = match sign {
            "=" | "in" => TestOperation::OneOf,
            "!=" => TestOperation::NoneOf,
            ">" => TestOperation::Greater,
            ">=" => TestOperation::GreaterOrEqual,
            "<" => TestOperation::Less,
            "<=" => TestOperation::LessOrEqual,
            "between" => TestOperation::Between,
            other => return Err(error::unknown_operator(other)),
        };
        tests.push(Test::new(field, operation, value));
    }
    let task = task.ok_or_else(|| {
        let text = "A filter for the required field `taskId` must be specified";
        error::validation([("filter.taskId", text.to_owned())])
    })?;
    Ok((task, tests))
}

/// The fields to sort by, and whether each goes down.
fn order(call: &Call<'_>) -> Result<Vec<(String, bool)>, MethodError> {
    let order = match call.params.get("order") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(order)) => order,
        Some(other) => return Err(error::invalid_order(&json::to_string(other))),
    };
    let sort = |(field, way): (&Key, &Value)| {
        let field = field.to_text();
        let way = way.to_text().to_ascii_lowercase();
        if !SORTED.contains(&field.as_str()) || !matches!(way.as_str(), "asc" | "desc") {
            return Err(error::invalid_order(&field));
        }
        Ok((field, way == "desc"))
    };
    order.iter().map(sort).collect()
}

/// The fields to show. Those that results don't have are passed over.
fn selected(call: &Call<'_>) -> Result<Vec<String>, MethodError> {
    let usual = || USUAL.map(str::to_owned).to_vec();
    let names = match call.params.get("select") {
        None | Some(Value::Null) => return Ok(usual()),
        Some(Value::Array(names)) if names.is_empty() => return Ok(usual()),
        Some(Value::Array(names)) => names,
        Some(other) => return Err(error::invalid_select(&json::to_string(other))),
    };
    let is_known =
        |name: &String| USUAL.contains(&name.as_str()) || SELECTED.contains(&name.as_str());
    Ok(names
        .values()
        .map(Value::to_text)
        .filter(is_known)
        .collect())
}

fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (task, tests) = tests(call)?;
    let order = order(call)?;
    let names = selected(call)?;
    let page = Pagination::parse(call.params.get("pagination"))?;
    if !state.table(TASK).contains(task) {
        return Err(error::access_denied());
    }
    let passing = rows(state, RESULTS).filter(|(_, row)| tests.iter().all(|test| test.holds(row)));
    let mut results: Vec<&Row> = passing.map(|(_, row)| row).collect();
    results.sort_by(|one, other| {
        let orderings = order.iter().map(|(field, down)| {
            let ordering = compare(one.get(field), other.get(field));
            if *down { ordering.reverse() } else { ordering }
        });
        orderings.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let items = results.into_iter().skip(offset).take(limit).map(|row| {
        let value = |name: &String| {
            let value = match name.as_str() {
                "author" => row
                    .get("authorId")
                    .map(|id| serde_json::json!({ "id": id })),
                name => row.get(name).cloned(),
            };
            (
                Key::from(name.as_str()),
                value.map(Value::from).unwrap_or_default(),
            )
        };
        names.iter().map(value).collect::<Array>()
    });
    Ok(Output::value(&under("items", items.collect::<Value>())))
}
