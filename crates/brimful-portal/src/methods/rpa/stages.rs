//! `rpa.stage.*`: the stages of processes. A process has one that means success at the most, and that one stays.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::{Row, fields, named, not_found, nothing, process, under};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::list::paging::Paging;
use crate::data::records::rpa::{ITEMS, STAGES, TASKS, TYPES};
use crate::methods::chats::refused;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, rows, text};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("rpa", "rpa.stage.add", add),
        read!("rpa", "rpa.stage.get", get),
        write!("rpa", "rpa.stage.update", update),
        write!("rpa", "rpa.stage.delete", delete),
        read!("rpa", "rpa.stage.listfortype", list),
    ]
    .into_iter()
}

/// The stages of a process in their order, final ones last.
pub(super) fn of_process(state: &PortalData, process: u64) -> Vec<(u64, &Row)> {
    let stages = rows(state, STAGES).filter(|(_, row)| number(row, "typeId") == process);
    let mut stages: Vec<(u64, &Row)> = stages.collect();
    stages.sort_by_key(|(id, row)| {
        let finality = match text(row, "semantic").as_str() {
            "SUCCESS" => 1,
            "FAIL" => 2,
            _ => 0,
        };
        (finality, number(row, "sort"), *id)
    });
    stages
}

/// A stage as lists show it.
fn listed(state: &PortalData, id: u64, row: &Row) -> Array {
    let process = number(row, "typeId");
    let semantic = text(row, "semantic");
    let mut shown = Array::from_iter([("id", id as i64)]);
    for name in ["name", "code", "color", "sort", "semantic", "typeId"] {
        let value = row.get(name).cloned().map(Value::from);
        shown.insert(name, value.unwrap_or_default());
    }
    let first = of_process(state, process).first().map(|(id, _)| *id);
    shown.insert("isFirst", first == Some(id));
    shown.insert("isSuccess", semantic == "SUCCESS");
    shown.insert("isFail", semantic == "FAIL");
    shown
}

/// A stage as it is read alone.
fn shown(state: &PortalData, id: u64) -> Output {
    let Some(row) = record_rows::row(state, STAGES, id) else {
        return nothing();
    };
    let mut shown = listed(state, id, row);
    let process = number(row, "typeId");
    let next = of_process(state, process).into_iter();
    let next: Value = next.map(|(id, _)| id as i64).collect();
    let tasks = rows(state, TASKS).filter(|(_, task)| number(task, "stageId") == id);
    let tasks: Vec<&Row> = tasks.map(|(_, task)| task).collect();
    let robots = tasks.len() as i64;
    let tasks: Value = tasks
        .into_iter()
        .map(|task| {
            let mut shown = Array::from_iter([("title", text(task, "title"))]);
            shown.insert("robotType", text(task, "type"));
            shown.insert("robotName", text(task, "robotName"));
            shown.insert("canAppendResponsibles", true);
            let users = super::tasks::users(task);
            shown.insert("users", super::tasks::faces(state, &users));
            shown
        })
        .collect();
    shown.insert("tasks", tasks);
    shown.insert("robotsCount", robots);
    shown.insert("possibleNextStages", next);
    let mut permissions = Array::from_iter([("droppable", true)]);
    permissions.insert("canMoveFrom", true);
    shown.insert("permissions", permissions);
    under("stage", shown)
}

/// Refuses what a stage can't mean.
fn check_semantic(
    state: &PortalData,
    process: u64,
    own: Option<u64>,
    semantic: Option<&Value>,
) -> Result<(), MethodError> {
    let Some(semantic) = semantic.map(Value::to_text) else {
        return Ok(());
    };
    if !matches!(semantic.as_str(), "" | "SUCCESS" | "FAIL") {
        return Err(refused("0", "Wrong value of the field semantic"));
    }
    let mut stages = rows(state, STAGES).filter(|(_, row)| number(row, "typeId") == process);
    let success = stages.find(|(_, row)| text(row, "semantic") == "SUCCESS");
    match success.map(|(id, _)| id) {
        Some(id) if semantic == "SUCCESS" && own != Some(id) => {
            Err(refused("0", "The process already has a successful stage"))
        }
        Some(id) if semantic != "SUCCESS" && own == Some(id) => {
            Err(refused("0", "The process must have a successful stage"))
        }
        _ => Ok(()),
    }
}

/// `rpa.stage.add(fields)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = fields(call)?;
    for name in ["name", "typeId"] {
        if fields.get(name).is_none_or(|value| !value.is_truthy()) {
            return Err(refused("0", &format!("Required fields: {name}")));
        }
    }
    let process = fields.get("typeId").map_or(0, Value::to_int);
    let process = u64::try_from(process).unwrap_or(0);
    if record_rows::row(state, TYPES, process).is_none() {
        return Err(not_found());
    }
    check_semantic(state, process, None, fields.get("semantic"))?;
    let id = record_rows::add(state, call, STAGES, &fields);
    if !fields.get("sort").is_some_and(Value::is_truthy) {
        let last = of_process(state, process).len() as u64 * 1000;
        record_rows::set(state, call, STAGES, id, &[("sort", Json::from(last))]);
    }
    Ok(shown(state, id))
}

/// `rpa.stage.get(id)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, STAGES)?;
    Ok(shown(state, id))
}

/// `rpa.stage.update(id, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, row) = named(state, call, STAGES)?;
    let fields = fields(call)?;
    check_semantic(
        state,
        number(row, "typeId"),
        Some(id),
        fields.get("semantic"),
    )?;
    record_rows::update(state, call, STAGES, id, &fields);
    Ok(shown(state, id))
}

/// `rpa.stage.delete(id)`: a stage with elements stays, and so does the successful one.
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, row) = named(state, call, STAGES)?;
    if text(row, "semantic") == "SUCCESS" {
        return Err(refused("0", "The successful stage can't be deleted"));
    }
    if rows(state, ITEMS).any(|(_, item)| number(item, "stageId") == id) {
        return Err(refused("0", "The stage has elements"));
    }
    record_rows::delete_where(state, TASKS, |row| number(row, "stageId") == id);
    record_rows::delete(state, STAGES, id);
    Ok(nothing())
}

/// `rpa.stage.listForType(typeId, start)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let process = process(state, call)?;
    let stages = of_process(state, process);
    let ids: Vec<u64> = stages.iter().map(|(id, _)| *id).collect();
    let page = Paging::Controller.page(ids.as_slice(), call.start(), call);
    let shown = page.ids.iter().filter_map(|id| {
        let row = record_rows::row(state, STAGES, *id)?;
        Some(listed(state, *id, row))
    });
    let output = under("stages", shown.collect::<Value>());
    Ok(page.with_pagination_fields(output))
}
