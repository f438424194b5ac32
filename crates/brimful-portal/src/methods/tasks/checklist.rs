//! `task.checklistitem.*`: the checklists of tasks, all at once.

use brimful_protocol::Value;

use super::history;
use super::positional::{arguments, array, failed, of_task, task};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::CHECKLIST;
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::plan::Plan;
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;
use crate::data::table::Record;
use crate::methods::crm::legacy_filter;

/// `task.checklistitem.getlist(TASKID, ORDER)`: without pages and without a `total`.
pub(crate) fn get_list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(CHECKLIST);
    let schema = &table.schema;
    let arguments = arguments(call);
    let of = Operand::Int(task(state, arguments.first().copied())? as i64);
    let at = schema.legacy("TASK_ID");
    let condition = at.map_or(Condition::Never, |at| Condition::equal(at, of));
    let order = legacy_filter::order(schema, array(&arguments, 1));
    let ids = Query::new(table, condition, order).page(0, u64::MAX);
    Work {
        rows: ids.len() as u64,
        ..Work::default()
    }
    .charge(call);
    let plan = Plan::new(table, Shape::Task, 0..schema.fields().len()).with_upper_names();
    Ok(plan.output(None, &ids))
}

/// `task.checklistitem.add(TASKID, {TITLE, IS_COMPLETE})` gives the ID of the item.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let task = task(state, arguments.first().copied())?;
    let text = |name: &str| {
        let fields = array(&arguments, 1)?;
        fields.get(name).map(Value::to_text)
    };
    let title = text("TITLE").unwrap_or_default();
    if title.is_empty() {
        return Err(failed("TITLE is empty"));
    }
    let complete = text("IS_COMPLETE").is_some_and(|flag| flag == "Y");
    let parent = text("PARENT_ID")
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    history::note(
        state,
        task,
        call,
        "CHECKLIST_ITEM_CREATE",
        title.as_str().into(),
    );
    let table = state.table_mut(CHECKLIST);
    let mut record = Record::default();
    for (name, value) in [
        ("TASK_ID", Value::Int(task as i64)),
        ("PARENT_ID", Value::Int(parent)),
        ("CREATED_BY", Value::Int(call.user as i64)),
        ("TITLE", title.into()),
        ("SORT_INDEX", Value::Int(0)),
        ("IS_COMPLETE", if complete { "Y" } else { "N" }.into()),
        ("IS_IMPORTANT", "N".into()),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    Ok(Output::value(&Value::Int(table.insert(record) as i64)))
}

/// `task.checklistitem.get(TASKID, ITEMID)`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(CHECKLIST);
    let id = of_task(state, CHECKLIST, &arguments(call))?;
    let mut out = Vec::new();
    Plan::new(table, Shape::Task, 0..table.schema.fields().len())
        .with_upper_names()
        .write(&mut out, &table.row(id));
    Ok(Output::json(out))
}

/// `task.checklistitem.complete(TASKID, ITEMID)` and `.renew`
pub(crate) fn tick<const DONE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = of_task(state, CHECKLIST, &arguments(call))?;
    let schema = &state.table(CHECKLIST).schema;
    let values: Vec<(usize, Value)> = [
        ("IS_COMPLETE", if DONE { "Y" } else { "N" }.into()),
        ("TOGGLED_BY", Value::Int(call.user as i64)),
        ("TOGGLED_DATE", Value::Text(moment::text(call.seconds()))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((schema.legacy(name)?, value)))
    .collect();
    state.table_mut(CHECKLIST).update(id, values);
    Ok(Output::value(&Value::Bool(true)))
}

/// `task.checklistitem.update(TASKID, ITEMID, {TITLE, SORT_INDEX, IS_COMPLETE, IS_IMPORTANT})`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let id = of_task(state, CHECKLIST, &arguments)?;
    let schema = &state.table(CHECKLIST).schema;
    let mut values = Vec::new();
    if let Some(fields) = array(&arguments, 2) {
        for name in ["TITLE", "IS_COMPLETE", "IS_IMPORTANT"] {
            if let (Some(at), Some(value)) = (schema.legacy(name), fields.get(name)) {
                values.push((at, Value::Text(value.to_text())));
            }
        }
        for name in ["SORT_INDEX", "PARENT_ID"] {
            if let (Some(at), Some(value)) = (schema.legacy(name), fields.get(name)) {
                values.push((at, Value::Int(value.to_int())));
            }
        }
    }
    state.table_mut(CHECKLIST).update(id, values);
    Ok(Output::value(&Value::Null))
}

/// `task.checklistitem.delete(TASKID, ITEMID)`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = of_task(state, CHECKLIST, &arguments(call))?;
    state.table_mut(CHECKLIST).delete(id);
    Ok(Output::value(&Value::Bool(true)))
}
