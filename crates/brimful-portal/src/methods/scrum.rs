//! `tasks.api.scrum.task.*` and the stages that tasks of sprints are on.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::chats::{keep, kept};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::params::missing;

const KIND: &str = "tasks.api.scrum.task";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("task", "tasks.api.scrum.task.getfields", fields),
        read!("task", "tasks.api.scrum.task.get", get),
        write!("task", "tasks.api.scrum.task.update", update),
        write!("task", "tasks.api.scrum.kanban.addtask", put_on_stage),
        write!("task", "tasks.api.scrum.kanban.deletetask", take_off_stage),
    ]
    .into_iter()
}

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "0", text)
}

/// The record of a kind that a parameter names.
fn known(state: &PortalData, call: &Call<'_>, param: &str, kind: &str) -> Result<u64, MethodError> {
    let name = kind.rsplit('.').next().unwrap_or(kind);
    let name = if name == "kanban" { "stage" } else { name };
    let title = format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..]);
    let id = call.text(param);
    if id.is_empty() {
        return Err(refused(&format!("{title} id not found")));
    }
    let table = state.record_table(kind);
    let id = id
        .parse()
        .ok()
        .filter(|&id| table.is_some_and(|table| table.get(id).is_some()));
    id.ok_or_else(|| refused(&format!("{title} not found")))
}

/// `tasks.api.scrum.task.getFields`
fn fields(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let kinds = [
        ("entityId", "integer"),
        ("storyPoints", "string"),
        ("epicId", "integer"),
        ("sort", "integer"),
        ("createdBy", "integer"),
        ("modifiedBy", "integer"),
    ];
    let fields = kinds.map(|(name, kind)| (name, Array::from_iter([("type", kind)])));
    let fields: Array = fields.into_iter().collect();
    let answer = Array::from_iter([("fields", fields)]);
    Ok(Output::value(&Value::Array(answer)))
}

fn task(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.text("id");
    if id.is_empty() {
        return Err(missing("id"));
    }
    let number = id.parse().map_err(|_| {
        let text = format!(
            "Invalid value {{{id}}} to match with parameter {{id}}. Should be value of type int."
        );
        MethodError::new(400, "100", text)
    })?;
    let is_there = state.table(TASK).contains(number);
    is_there
        .then_some(number)
        .ok_or_else(|| refused("Task not found"))
}

/// `tasks.api.scrum.task.get(id)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, call)?;
    let set = kept(state, KIND, &[id.to_string()]);
    let mut shown = Array::new();
    let defaults = [
        ("entityId", Value::Int(0)),
        ("storyPoints", "".into()),
        ("epicId", Value::Int(0)),
        ("sort", Value::Int(1)),
        ("createdBy", Value::Int(call.user as i64)),
        ("modifiedBy", Value::Int(call.user as i64)),
    ];
    for (name, otherwise) in defaults {
        let value = set
            .get(name)
            .filter(|value| **value != Value::Null)
            .cloned();
        shown.insert(name, value.unwrap_or(otherwise));
    }
    Ok(Output::value(&Value::Array(shown)))
}

/// `tasks.api.scrum.task.update(id, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, call)?;
    let fields = call.params.get("fields").and_then(Value::as_array).cloned();
    let fields = fields.ok_or_else(|| missing("fields"))?;
    let epic = fields.get("epicId").map_or(0, Value::to_int);
    let epics = state.record_table("tasks.api.scrum.epic");
    let is_epic = |id: u64| epics.is_some_and(|epics| epics.get(id).is_some());
    if epic != 0 && !u64::try_from(epic).is_ok_and(is_epic) {
        return Err(refused("Epic not found"));
    }
    let names = ["entityId", "storyPoints", "epicId", "sort"];
    let values = names.map(|name| fields.get(name).map(|value| (name, value.clone())));
    let key = [("taskId", Value::Int(id as i64))];
    keep(state, call, KIND, &key, values.into_iter().flatten());
    Ok(Output::value(&Value::Bool(true)))
}

/// The task of a group that a call names by `taskId`.
fn task_of_group(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.text("taskId");
    if id.is_empty() {
        return Err(refused("TaskId id not found"));
    }
    let table = state.table(TASK);
    let id = id.parse().ok().filter(|&id| {
        let at = table.schema.legacy("GROUP_ID");
        let group = at.and_then(|at| table.get(id)?.cell(at).to_int());
        group.is_some_and(|group| group > 0)
    });
    id.ok_or_else(|| refused("Task not found. The task must be with GROUP_ID"))
}

fn set_stage(state: &mut PortalData, task: u64, stage: i64) {
    let table = state.table_mut(TASK);
    if let Some(at) = table.schema.legacy("STAGE_ID") {
        table.update(task, [(at, Value::Int(stage))]);
    }
}

/// `tasks.api.scrum.kanban.addTask(sprintId, taskId, stageId)`
fn put_on_stage(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    known(state, call, "sprintId", "tasks.api.scrum.sprint")?;
    let task = task_of_group(state, call)?;
    let stage = known(state, call, "stageId", "tasks.api.scrum.kanban")?;
    set_stage(state, task, stage as i64);
    Ok(Output::value(&Value::Bool(true)))
}

/// `tasks.api.scrum.kanban.deleteTask(sprintId, taskId)`
fn take_off_stage(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    known(state, call, "sprintId", "tasks.api.scrum.sprint")?;
    let task = task_of_group(state, call)?;
    set_stage(state, task, 0);
    Ok(Output::value(&Value::Bool(true)))
}
