//! `bizproc.workflow.*`: workflows that are started from templates and ended by calls. Nothing runs in them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::fixtures::filter;
use crate::data::hash;
use crate::data::list::plan;
use crate::data::records;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("bizproc", "bizproc.task.complete", complete_task),
        write!("bizproc", "bizproc.task.delegate", delegate_tasks),
        write!("bizproc", "bizproc.workflow.start", start),
        write!("bizproc", "bizproc.workflow.terminate", terminate),
        write!("bizproc", "bizproc.workflow.kill", terminate),
        read!("bizproc", "bizproc.workflow.instances", instances),
    ]
    .into_iter()
}

fn wrong(text: &str) -> MethodError {
    MethodError::new(400, "ERROR_WRONG_WORKFLOW_ID", text)
}

fn place() -> Result<usize, MethodError> {
    records::place("bizproc.workflow").ok_or_else(crate::context::errors::method_not_found)
}

/// `bizproc.workflow.start(TEMPLATE_ID, DOCUMENT_ID)`: the ID of the workflow.
pub(crate) fn start(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let template = call.text("TEMPLATE_ID");
    if template.is_empty() || template == "0" {
        return Err(wrong("Empty TEMPLATE_ID"));
    }
    let templates = records::place("bizproc.workflow.template");
    let found = templates.and_then(|place| {
        let table = &state.records[place];
        table.get(table.find(std::slice::from_ref(&template), &[])?)
    });
    let template_row = found.cloned().ok_or_else(|| wrong("Template not found"))?;
    let document = call.params.get_ignoring_case("DOCUMENT_ID");
    let parts: Vec<String> = document
        .and_then(Value::as_array)
        .into_iter()
        .flat_map(Array::values)
        .map(Value::to_text)
        .collect();
    let [module, entity, id] = parts.as_slice() else {
        return Err(MethodError::new(400, "", "Wrong DOCUMENT_ID!"));
    };
    let of_template = template_row.get("DOCUMENT_TYPE").and_then(Json::as_array);
    let of_template = of_template.and_then(|of| of.get(1)?.as_str());
    if of_template.is_some_and(|of| of != entity) {
        let text = "Template type and DOCUMENT_ID mismatch!";
        return Err(MethodError::new(400, "", text));
    }
    let place = place()?;
    let table = &mut state.records[place];
    let count = table.ids(&[], &[]).last().copied().unwrap_or(0) + 1;
    let now = call.seconds();
    let workflow = format!(
        "{now:08x}{:06x}.{:08}",
        count % 0xff_ffff,
        hash::mix(count) % 100_000_000
    );
    let row = serde_json::json!({
        "ID": workflow, "MODULE_ID": module, "ENTITY": entity, "DOCUMENT_ID": id, "STARTED": moment::text(now),
        "STARTED_BY": call.user.to_string(), "OWNED_UNTIL": null, "TEMPLATE_ID": template,
    });
    if let Json::Object(row) = row {
        table.put(count, row);
    }
    Ok(Output::value(&Value::Text(workflow)))
}

/// `bizproc.workflow.terminate` and `bizproc.workflow.kill`
pub(crate) fn terminate(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = call.text("ID");
    if id.is_empty() {
        return Err(wrong("Empty workflow instance ID"));
    }
    let table = &mut state.records[place()?];
    let number = table.find(std::slice::from_ref(&id), &[]);
    let number = number.ok_or_else(|| wrong("Workflow not found"))?;
    table.delete(number);
    Ok(Output::value(&Value::Bool(true)))
}

/// `bizproc.workflow.instances`: those that were started and have not been ended.
pub(crate) fn instances(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = &state.records[place()?];
    let given = call.legacy_array("filter");
    let tests = filter::tests(given, |name| table.field_name(name));
    let ids = table.ids(&tests, &[]);
    let mut output = plan::list(None, &ids, |out, id| {
        if let Some(row) = table.get(id) {
            let row = Value::from(Json::Object(row.clone()));
            brimful_protocol::json::write(out, &row);
        }
    });
    output.total = Some(ids.len() as i64);
    Ok(output)
}

/// `bizproc.task.complete(TASK_ID, STATUS, COMMENT, FIELDS)`
pub(crate) fn complete_task(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const WAITING: &str = "0";
    let wrong = |code: &str, text: &str| MethodError::new(400, code, text);
    let place = records::place("bizproc.task");
    let place = place.ok_or_else(crate::context::errors::method_not_found)?;
    let id = call.text("TASK_ID").parse().unwrap_or(0);
    let status = call.text("STATUS");
    let text = |row: &serde_json::Map<String, Json>, name: &str| {
        row.get(name)
            .cloned()
            .map(Value::from)
            .unwrap_or_default()
            .to_text()
    };
    let row = state.records[place].get(id).cloned();
    let row = row.ok_or_else(|| wrong("ERROR_TASK_VALIDATION", "Task not found"))?;
    if !matches!(text(&row, "STATUS").as_str(), "" | WAITING) {
        return Err(wrong("ERROR_TASK_COMPLETED", "Task already completed"));
    }
    if !matches!(status.as_str(), "1" | "2" | "3" | "4") {
        return Err(wrong("ERROR_TASK_VALIDATION", "Incorrect task STATUS"));
    }
    let given = brimful_protocol::Array::from_iter([
        ("STATUS", status.clone()),
        ("USER_STATUS", status),
        ("MODIFIED", moment::text(call.seconds())),
    ]);
    let writer = records::table::Writer {
        user: call.user,
        now: call.seconds(),
    };
    state.records[place].update(id, &given, writer);
    Ok(Output::value(&Value::Bool(true)))
}

/// `bizproc.task.delegate(TASK_IDS, FROM_USER_ID, TO_USER_ID)`
pub(crate) fn delegate_tasks(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let place = records::place("bizproc.task");
    let place = place.ok_or_else(crate::context::errors::method_not_found)?;
    let [from, to] = ["FROM_USER_ID", "TO_USER_ID"].map(|name| call.text(name));
    let ids: Vec<u64> = match call.params.get_ignoring_case("TASK_IDS") {
        Some(Value::Array(ids)) => ids
            .values()
            .filter_map(|id| u64::try_from(id.to_int()).ok())
            .collect(),
        Some(one) => one.to_text().parse().into_iter().collect(),
        None => Vec::new(),
    };
    if ids.is_empty() || from.is_empty() || to.is_empty() {
        return Err(MethodError::new(400, "ACCESS_DENIED", "Access denied!"));
    }
    let writer = records::table::Writer {
        user: call.user,
        now: call.seconds(),
    };
    let given = brimful_protocol::Array::from_iter([("USER_ID", to)]);
    let table = &mut state.records[place];
    for id in ids {
        let of = table.get(id).and_then(|row| row.get("USER_ID")).cloned();
        if of.is_some_and(|of| Value::from(of).to_text() == from) {
            table.update(id, &given, writer);
        }
    }
    Ok(Output::value(&Value::Bool(true)))
}
