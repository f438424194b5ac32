//! `task.checklistitem.*`: the checklists of tasks, all at once.

use brimful_protocol::Value;

use super::positional::{arguments, array, failed, task};
use crate::list::condition::{Condition, Operand};
use crate::list::plan::Plan;
use crate::list::query::{Query, Work};
use crate::list::shape::Shape;
use crate::method::{Call, MethodError, Output};
use crate::methods::crm::legacy_filter;
use crate::state::State;
use crate::state::entities::CHECKLIST;
use crate::state::table::Record;

/// `task.checklistitem.getlist(TASKID, ORDER)`: without pages and without a `total`.
pub(crate) fn get_list(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn add(state: &mut State, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
    let table = state.table_mut(CHECKLIST);
    let mut record = Record::default();
    for (name, value) in [
        ("TASK_ID", Value::Int(task as i64)),
        ("PARENT_ID", Value::Int(0)),
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
