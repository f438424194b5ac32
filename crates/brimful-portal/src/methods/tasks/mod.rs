//! `tasks.task.*`: a controller with legacy filters, where everything is a string.

mod actions;
pub(crate) mod attachments;
pub(crate) mod checklist;
mod checklist_tree;
pub(crate) mod comments;
pub(crate) mod counters;
pub(crate) mod dependences;
pub(crate) mod elapsed;
mod fields;
mod filter;
pub(crate) mod flows;
pub(crate) mod history;
pub(crate) mod item;
pub(crate) mod older;
pub(in crate::methods) mod permitted;
mod positional;
mod row;
pub(crate) mod stages;
mod status;
mod table;
pub(crate) mod user_fields;

use actions::{act, delegate, favorite, flag, watch};
pub(crate) use actions::{add, delete, update};
use fields::get_fields;
pub(crate) use table::methods;

use brimful_protocol::{Array, Value, json};
use filter::Reader;
use row::{Further, TaskPlan};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{TASK, USER};
use crate::data::list::paging::Paging;
use crate::data::list::plan::list as write_list;
use crate::data::list::query::{Query, Work};
use crate::methods::params::strings;

pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(TASK);
    let reader = Reader::of(call);
    for name in ["filter", "select", "order"] {
        array_or_nothing(call, name)?;
    }
    let empty = Array::new();
    let array = |name: &str| {
        call.params
            .get(name)
            .and_then(Value::as_array)
            .unwrap_or(&empty)
    };
    let condition = filter::condition(&table.schema, array("filter"), reader)
        .and(call.sees_tasks(state, table));
    let order = filter::order(&table.schema, array("order"))?;
    let select = strings(call.params.get("select"));
    let further = Further::of(state, call, &select, reader);
    let plan = TaskPlan::new(state, &select, reader).with(further);
    let start = call.start();
    let page = Paging::Controller.page(&Query::new(table, condition, order), start, call);
    let output = write_list(Some("tasks"), &page.ids, |out, id| {
        plan.write(out, &table.row(id));
    });
    Ok(page.with_pagination_fields(output))
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    array_or_nothing(call, "select")?;
    // Of a task that is not there, or that the caller may not see, nothing comes, and no error.
    let Some(id) = named(state, call)?.filter(|&id| is_seen(state, id, call)) else {
        return Ok(Output::value(&Value::Array(Array::new())));
    };
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    let mut select = strings(call.params.get("select"));
    let schema = &state.table(TASK).schema;
    if select.iter().any(|name| schema.legacy(name).is_some()) {
        // The actions that are shown beside the fields depend on it.
        select.push("FAVORITE");
    }
    let mut task = task(state, id, &select, Reader::of(call));
    if select.is_empty() || select.contains(&"*") || select.contains(&"CHAT_ID") {
        // Behind the brace of `{"task":{`.
        let chat = format!("\"chatId\":{},", chat_of(id));
        let at = task.json.len().min(br#"{"task":{"#.len());
        task.json.splice(at..at, chat.bytes());
    }
    Ok(task)
}

/// `tasks.task.getaccess(taskId, users)`: what each user may do with a task.
pub(crate) fn access(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?.filter(|&id| is_seen(state, id, call));
    array_or_nothing(call, "users")?;
    let Some(id) = id else {
        let nothing = Array::from_iter([("allowedActions", Array::new())]);
        return Ok(Output::value(&Value::Array(nothing)));
    };
    let users = call.params.get("users").and_then(Value::as_array);
    let users: Vec<i64> = users.filter(|users| !users.is_empty()).map_or_else(
        || vec![call.user as i64],
        |users| users.values().map(Value::to_int).collect(),
    );
    let mut allowed = Array::new();
    for user in users {
        let is_there = u64::try_from(user).is_ok_and(|user| state.table(USER).contains(user));
        allowed.insert(user, permitted::in_capitals(state, id, is_there));
    }
    let allowed = Array::from_iter([("allowedActions", allowed)]);
    Ok(Output::value(&Value::Array(allowed)))
}

/// The chat of a task. Every task has one of its own.
pub(in crate::methods) fn chat_of(task: u64) -> u64 {
    const FIRST: u64 = 2_000;
    task.saturating_mul(2).saturating_add(FIRST)
}

/// Whether the caller may see a task that exists.
fn is_seen(state: &PortalData, id: u64, call: &Call<'_>) -> bool {
    let table = state.table(TASK);
    let row = table.row(id);
    call.sees_tasks(state, table)
        .holds(&row, &mut String::new())
}

/// Refuses a parameter that has to be an array and is none.
pub(in crate::methods) fn array_or_nothing(call: &Call<'_>, name: &str) -> Result<(), MethodError> {
    match call.params.get(name) {
        None | Some(Value::Null | Value::Array(_)) => Ok(()),
        Some(other) => Err(MethodError::new(
            400,
            "100",
            format!(
                "Invalid value {{{}}} to match with parameter {{{name}}}. Should be value of type array.",
                other.to_text()
            ),
        )),
    }
}

fn task(state: &PortalData, id: u64, select: &[&str], reader: Reader) -> Output {
    let mut out = br#"{"task":"#.to_vec();
    TaskPlan::new(state, select, reader).write(&mut out, &state.table(TASK).row(id));
    out.pop();
    out.extend_from_slice(b",\"action\":");
    permitted::write(&mut out, state, id);
    out.extend_from_slice(b"}}");
    Output::json(out)
}

/// A task after a change: with its checklists too.
fn changed(state: &PortalData, id: u64, call: &Call<'_>) -> Output {
    let mut out = task(state, id, &[], Reader::of(call)).json;
    let checklists = Array::from_iter(checklist_tree::shown(state, id, call.user));
    let mut beside = Vec::new();
    json::write(&mut beside, &Value::Array(checklists));
    // Within the braces of the task.
    if out.ends_with(b"}}") && beside.first() == Some(&b'{') {
        out.truncate(out.len() - 2);
        out.push(b',');
        out.extend_from_slice(&beside[1..]);
        out.push(b'}');
    }
    Output::json(out)
}

/// The task that a call names by `taskId` or `id`, if it exists.
fn named(state: &PortalData, call: &Call<'_>) -> Result<Option<u64>, MethodError> {
    let given = ["taskId", "id"]
        .iter()
        .find_map(|name| call.params.get(name))
        .filter(|value| **value != Value::Null);
    let given = given.ok_or_else(|| {
        let text = "CTaskItem All parameters in the constructor must have real class type";
        MethodError::new(400, "100", text)
    })?;
    let id = u64::try_from(given.to_int()).unwrap_or(0);
    if id == 0 {
        return Err(MethodError::new(400, "0", "wrong task id"));
    }
    Ok(Some(id).filter(|&id| state.table(TASK).contains(id)))
}

/// The task that a call names. What is said of one that is not there depends on the method, as documented.
fn existing(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    named(state, call)?
        .filter(|&id| is_seen(state, id, call))
        .ok_or_else(|| not_allowed(&call.method))
}

/// The refusal of an action on a task that is not there or that the caller may not change.
fn not_allowed(method: &str) -> MethodError {
    const ACTION: &str = "Action on the task is not allowed";
    let (code, description) = match method.strip_prefix("tasks.task.").unwrap_or(method) {
        "pause" | "renew" | "defer" | "approve" | "disapprove" => ("1048582", ACTION),
        "delete" => ("1048582", "No access to delete the task"),
        "favorite.add" | "favorite.remove" => ("1", "Task not found or not accessible"),
        "startwatch" | "stopwatch" => ("1048584", "a:0:{}"),
        _ => ("0", ACTION),
    };
    MethodError::new(400, code, description)
}
