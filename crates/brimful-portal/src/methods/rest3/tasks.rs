//! `tasks.task.*` over the same records as the older methods.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::error;
use super::event_log::items;
use super::filter::Filter;
use super::item::Item;
use super::page::{Pagination, order};
use super::params::{self, under};
use super::select::Selection;
use super::task_fields::TASK_DTO;
use super::task_writing::{Writing, translated};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::list::query::{Query, Work};
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::tasks;

pub(super) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let selection = Selection::parse(&TASK_DTO, call.params.get("select"))?
        .unwrap_or_default()
        .with_id(&TASK_DTO);
    let table = state.table(TASK);
    let filter = Filter {
        dto: &TASK_DTO,
        schema: &table.schema,
        now: call.seconds(),
        taken: None,
    };
    let condition = filter
        .parse(call.params.get("filter"))?
        .and(call.sees_tasks(state, table));
    let order = order(&TASK_DTO, &table.schema, call.params.get("order"))?;
    let pagination = Pagination::parse(call.params.get("pagination"))?;
    let ids = Query::new(table, condition, order).page(pagination.offset, pagination.limit);
    Ok(items(
        state,
        TASK,
        &selection,
        &ids,
        pagination.offset,
        call,
    ))
}

pub(super) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let selection = Selection::parse(&TASK_DTO, call.params.get("select"))?
        .unwrap_or_else(|| Selection::base(&TASK_DTO))
        .with_id(&TASK_DTO);
    let id = params::id(call)?;
    if !state.table(TASK).contains(id) {
        return Err(error::entity_not_found(&id.to_string()));
    }
    visible(state, id, call)?;
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    Ok(item(state, id, &selection, call))
}

pub(super) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = params::fields(call)?;
    let record = translated(state, &fields, Writing::New, call.seconds())?;
    let mut inner = older(call, Array::from_iter([("fields", record)]));
    let added = tasks::add(state, &mut inner)?;
    let id = added.deepest(&["task", "id"]).to_int();
    let selection = Selection::base(&TASK_DTO);
    Ok(item(
        state,
        u64::try_from(id).unwrap_or(0),
        &selection,
        call,
    ))
}

pub(super) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = params::id(call)?;
    let fields = params::fields(call)?;
    visible(state, id, call)?;
    let record = translated(state, &fields, Writing::Change(id), call.seconds())?;
    let params = Array::from_iter([
        ("taskId", Value::Int(id as i64)),
        ("fields", Value::Array(record)),
    ]);
    tasks::update(state, &mut older(call, params))?;
    Ok(done())
}

pub(super) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = params::id(call)?;
    visible(state, id, call)?;
    let params = Array::from_iter([("taskId", id as i64)]);
    tasks::delete(state, &mut older(call, params))?;
    Ok(done())
}

/// `tasks.task.chat.message.send(fields)`: a comment on the task.
fn send_message(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = params::fields(call)?;
    for name in ["taskId", "text"] {
        if fields
            .get(name)
            .is_none_or(|value| value.to_text().is_empty())
        {
            return Err(error::required(name));
        }
    }
    let task = fields.get("taskId").map_or(0, Value::to_int);
    visible(state, u64::try_from(task).unwrap_or(0), call)?;
    let text = fields.get("text").map(Value::to_text).unwrap_or_default();
    let comment = Array::from_iter([("POST_MESSAGE", text)]);
    let params = Array::from_iter([("TASKID", Value::Int(task)), ("FIELDS", comment.into())]);
    tasks::comments::add(state, &mut older(call, params))?;
    Ok(done())
}

/// `tasks.task.file.attach(taskId, fileIds)`: files of the drive.
fn attach_files(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let task = call
        .params
        .get("taskId")
        .cloned()
        .ok_or_else(|| error::required("taskId"))?;
    let files = call
        .params
        .get("fileIds")
        .and_then(Value::as_array)
        .cloned();
    let files = files.ok_or_else(|| error::required("fileIds"))?;
    visible(state, u64::try_from(task.to_int()).unwrap_or(0), call)?;
    for file in files.values() {
        let params = Array::from_iter([("taskId", task.clone()), ("fileId", file.clone())]);
        tasks::attachments::attach_file(state, &mut older(call, params))
            .map_err(|_| error::entity_not_found(&file.to_text()))?;
    }
    Ok(done())
}

/// `tasks.task.access.get(id)`
fn access(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = params::id(call)?;
    visible(state, id, call)?;
    Ok(Output::value(&Value::Array(tasks::permitted::rights(
        state, id,
    ))))
}

/// The methods beside those that write tasks.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("tasks", "tasks.task.chat.message.send", send_message),
        write!("tasks", "tasks.task.file.attach", attach_files),
        read!("tasks", "tasks.task.access.get", access),
    ]
    .into_iter()
}

/// `{result: true}`
fn done() -> Output {
    Output::value(&under("result", true))
}

fn item(state: &PortalData, id: u64, selection: &Selection, call: &Call<'_>) -> Output {
    let item = Item {
        state,
        row: state.table(TASK).row(id),
        user: call.user,
    };
    Output::value(&under("item", item.read(selection)))
}

/// Whether the caller may see the task; one that is not there nobody may.
fn visible(state: &PortalData, id: u64, call: &Call<'_>) -> Result<(), MethodError> {
    let table = state.table(TASK);
    let seen = !state.hidden.contains(TASK, id)
        && table.get(id).is_some_and(|row| {
            call.sees_tasks(state, table)
                .holds(&row, &mut String::new())
        });
    if seen {
        Ok(())
    } else {
        Err(error::access_denied())
    }
}

/// The same caller's call of an older method.
fn older<'c>(call: &'c mut Call<'_>, params: Array) -> Call<'c> {
    Call {
        method: call.method.clone(),
        params,
        user: call.user,
        application: call.application,
        connector: call.connector,
        scopes: call.scopes,
        rights: call.rights,
        now: call.now,
        cost: &mut *call.cost,
        costs: call.costs,
    }
}
