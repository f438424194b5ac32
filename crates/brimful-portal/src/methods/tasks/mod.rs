//! `tasks.task.*`: a controller with legacy filters, where everything is a string.

mod actions;
pub(crate) mod checklist;
pub(crate) mod comments;
pub(crate) mod counters;
pub(crate) mod elapsed;
mod fields;
mod filter;
pub(crate) mod history;
pub(crate) mod older;
mod permitted;
mod positional;
mod row;
mod status;

pub(crate) use actions::{act, add, delegate, delete, favorite, flag, update, watch};
pub(crate) use fields::get_fields;

use brimful_protocol::{Array, Value};
use filter::Reader;
use row::TaskPlan;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::list::paging::Paging;
use crate::data::list::plan::list as write_list;
use crate::data::list::query::{Query, Work};
use crate::methods::params::strings;

pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(TASK);
    let reader = Reader::of(call);
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
    let plan = TaskPlan::new(state, &strings(call.params.get("select")), reader);
    let start = call.start();
    let page = Paging::Controller.page(&Query::new(table, condition, order), start, call);
    let output = write_list(Some("tasks"), &page.ids, |out, id| {
        plan.write(out, &table.row(id));
    });
    Ok(page.lift(output))
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    let select = strings(call.params.get("select"));
    Ok(task(state, id, &select, Reader::of(call)))
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

/// The task that a call names.
fn existing(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = u64::try_from(call.required("taskId")?.to_int()).unwrap_or(0);
    if id == 0 {
        return Err(MethodError::new(400, "0", "wrong task id"));
    }
    if state.table(TASK).contains(id) {
        Ok(id)
    } else {
        // Not documented: the specification names no error for a task that is not there. The form is that of the older
        // task methods.
        Err(MethodError::new(
            400,
            "1048582",
            "TASKS_ERROR_EXCEPTION_#8; Action failed; not found or not accessible",
        ))
    }
}
