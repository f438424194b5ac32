//! `task.elapseditem.*`: time spent on tasks.

use brimful_protocol::{Array, Value};

use super::positional::{after_task, allowed, arguments, array, of_task, task};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::ELAPSED;
use crate::data::list::PAGE;
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::paging::Slice;
use crate::data::list::plan::Plan;
use crate::data::list::query::Query;
use crate::data::list::shape::Shape;
use crate::data::table::Record;
use crate::methods::crm::legacy_filter;
use crate::methods::params::strings;

/// `task.elapseditem.getlist([TASKID,] ORDER, FILTER, SELECT, PARAMS)`: pages by `PARAMS.NAV_PARAMS` and by nothing
/// else; of one task all rows come if nobody asks for a page.
pub(crate) fn get_list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(ELAPSED);
    let schema = &table.schema;
    let arguments = arguments(call);
    let (named, rest) = after_task(&arguments);
    let mut condition = legacy_filter::condition(schema, array(rest, 1), call.seconds());
    let whole = Slice {
        offset: 0,
        limit: if named.is_some() { u64::MAX } else { PAGE },
    };
    if let Some(named) = named {
        let of = Operand::Int(task(state, Some(named))? as i64);
        let at = schema.legacy("TASK_ID");
        condition = condition.and(at.map_or(Condition::Never, |at| Condition::equal(at, of)));
    }
    let order = legacy_filter::order(schema, array(rest, 0));
    let select = legacy_filter::select(schema, &strings(rest.get(2).copied()));
    let slice = Slice::of_nav_params(rest.get(3).copied()).unwrap_or(whole);
    let page = slice.counted(&Query::new(table, condition, order), call);
    Ok(page.with_pagination_fields(
        Plan::new(table, Shape::Task, select)
            .with_upper_names()
            .output(None, &page.ids),
    ))
}

/// `task.elapseditem.get(TASKID, ITEMID)`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(ELAPSED);
    let arguments = arguments(call);
    let id = of_task(state, ELAPSED, &arguments)?;
    let mut out = Vec::new();
    Plan::new(table, Shape::Task, 0..table.schema.fields().len())
        .with_upper_names()
        .write(&mut out, &table.row(id));
    Ok(Output::json(out))
}

/// `task.elapseditem.add(TASKID, {SECONDS, COMMENT_TEXT, USER_ID})` gives the ID of the entry.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let task = task(state, arguments.first().copied())?;
    let empty = Array::new();
    let fields = array(&arguments, 1).unwrap_or(&empty);
    let seconds = fields.get("SECONDS").map_or(0, Value::to_int);
    let user = fields
        .get("USER_ID")
        .map_or(call.user as i64, Value::to_int);
    let comment = fields.get("COMMENT_TEXT").map(Value::to_text);
    let now = || Value::Text(moment::text(call.seconds()));
    let table = state.table_mut(ELAPSED);
    let mut record = Record::default();
    for (name, value) in [
        ("TASK_ID", Value::Int(task as i64)),
        ("USER_ID", Value::Int(user)),
        ("COMMENT_TEXT", comment.unwrap_or_default().into()),
        ("SECONDS", Value::Int(seconds)),
        ("MINUTES", Value::Int(seconds / 60)),
        ("SOURCE", Value::Int(2)),
        ("CREATED_DATE", now()),
        ("DATE_START", now()),
        ("DATE_STOP", now()),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    Ok(Output::value(&Value::Int(table.insert(record) as i64)))
}

/// `task.elapseditem.update(TASKID, ITEMID, {SECONDS, COMMENT_TEXT})`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let id = of_task(state, ELAPSED, &arguments)?;
    let empty = Array::new();
    let fields = array(&arguments, 2).unwrap_or(&empty);
    let mut values = Vec::new();
    let schema = &state.table(ELAPSED).schema;
    if let Some(seconds) = fields.get("SECONDS").map(Value::to_int) {
        let spent = [("SECONDS", seconds), ("MINUTES", seconds / 60)];
        values.extend(
            spent
                .into_iter()
                .filter_map(|(name, value)| Some((schema.legacy(name)?, Value::Int(value)))),
        );
    }
    if let Some(comment) = fields.get("COMMENT_TEXT").map(Value::to_text) {
        values.extend(schema.legacy("COMMENT_TEXT").map(|at| (at, comment.into())));
    }
    state.table_mut(ELAPSED).update(id, values);
    Ok(Output::value(&Value::Null))
}

/// `task.elapseditem.delete(TASKID, ITEMID)`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = of_task(state, ELAPSED, &arguments(call))?;
    state.table_mut(ELAPSED).delete(id);
    Ok(Output::value(&Value::Null))
}

/// `task.elapseditem.isactionallowed(TASKID, ITEMID, ACTIONID)`
pub(crate) fn is_allowed(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    allowed(state, call, ELAPSED, 3)
}
