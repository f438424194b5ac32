//! `event.offline.*`: events that wait until an application fetches them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::crm::legacy_filter;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::OFFLINE_EVENT;
use crate::data::list::condition::{Condition, Operand, Predicate};
use crate::data::list::paging::Paging;
use crate::data::list::query::{Query, Work};
use crate::data::table::Row;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("", "event.offline.get", get),
        read!("", "event.offline.list", list),
        write!("", "event.offline.clear", clear),
        write!("", "event.offline.error", fail),
    ]
    .into_iter()
}

/// `event.offline.get`: the earliest events, without a limit but the one asked for. They are deleted as they are read,
/// unless `clear` is 0: then they are set aside under a process until `event.offline.clear` or `event.offline.error`
/// names it. `process_id` asks again for those of a process, `error` for those that could not be worked on.
pub(crate) fn get(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: i64 = 50;
    let limit = call
        .params
        .get_ignoring_case("limit")
        .map_or(USUAL, Value::to_int);
    let Some(limit) = u64::try_from(limit).ok().filter(|&limit| limit > 0) else {
        let text = "Value must be greater than 0";
        return Err(MethodError::new(400, "ERROR_ARGUMENT", text));
    };
    let clear = call
        .params
        .get_ignoring_case("clear")
        .is_none_or(Value::is_truthy);
    let table = state.table(OFFLINE_EVENT);
    let schema = &table.schema;
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds());
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let mine = in_queue(state, call);
    let ids = Query::new(table, filter.and(wanted(state, call)).and(mine), order).page(0, limit);
    Work {
        rows: ids.len() as u64,
        ..Work::default()
    }
    .charge(call);
    let events: Value = ids.iter().map(|&id| describe(&table.row(id))).collect();
    let same = Some(call.text("process_id")).filter(|process| !process.is_empty());
    let process = (!clear).then(|| {
        if let Some(process) = same {
            return process;
        }
        let last = ids.last().copied().unwrap_or(0);
        format!("{:016x}{last:016x}", call.now.to_bits())
    });
    let table = state.table_mut(OFFLINE_EVENT);
    let field = table.schema.item("PROCESS_ID");
    for id in ids {
        match (&process, field) {
            (Some(process), Some(field)) => {
                table.update(id, [(field, Value::from(process.as_str()))]);
            }
            _ => {
                table.delete(id);
            }
        }
    }
    let mut result = Array::new();
    result.insert("process_id", process.map_or(Value::Null, Value::Text));
    result.insert("events", events);
    Ok(Output::value(&Value::Array(result)))
}

/// `event.offline.list`: what waits, without touching it.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(OFFLINE_EVENT);
    let schema = &table.schema;
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds());
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let start = call.start();
    let filter = filter.and(in_queue(state, call));
    let mut page = Paging::Offset.page(&Query::new(table, filter, order), start, call);
    page.total = page.total.or(Some(0));
    let output = crate::data::list::plan::list(None, &page.ids, |out, id| {
        let row = table.row(id);
        let mut event = describe(&row);
        event.insert("PROCESS_ID", text(&row, "PROCESS_ID"));
        event.insert("ERROR", if is_error(&row) { "1" } else { "0" });
        brimful_protocol::json::write(out, &Value::Array(event));
    });
    Ok(page.with_pagination_fields(output))
}

/// `event.offline.clear`: the events of a process are done with; all of them, or those that are named.
pub(crate) fn clear(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for id in of_process(state, call)? {
        state.table_mut(OFFLINE_EVENT).delete(id);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `event.offline.error`: the events of a process could not be worked on; all of them, or those that are named.
pub(crate) fn fail(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let ids = of_process(state, call)?;
    let table = state.table_mut(OFFLINE_EVENT);
    if let Some(field) = table.schema.item("ERROR") {
        for id in ids {
            table.update(id, [(field, Value::Int(1))]);
        }
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// The events that an application has set aside under the process that it names; of those the ones that it names.
fn of_process(state: &PortalData, call: &Call<'_>) -> Result<Vec<u64>, MethodError> {
    let process = call.text("process_id");
    if process.is_empty() {
        let text = "Process ID required";
        return Err(MethodError::new(400, "PROCESS_ID_REQUIRED", text));
    }
    let named = |name: &str| {
        let list = call.params.get_ignoring_case(name)?.as_array()?;
        Some(list.values().map(Value::to_text).collect::<Vec<_>>())
    };
    let (ids, messages) = (named("id"), named("message_id"));
    let application = call.application.unwrap_or_default();
    let table = state.table(OFFLINE_EVENT);
    let is_meant = |id: &u64| {
        let row = table.row(*id);
        let is_named = ids.as_ref().is_none_or(|ids| ids.contains(&id.to_string()))
            && messages
                .as_ref()
                .is_none_or(|all| all.contains(&text(&row, "MESSAGE_ID")));
        let whose = text(&row, "APPLICATION");
        let is_own = whose.is_empty() || whose == application;
        is_named && is_own && text(&row, "PROCESS_ID") == process
    };
    Ok(table.ids(1, u64::MAX).filter(is_meant).collect())
}

/// Events in the queue of the application that calls, and of the connector that it names. Generated events are in all of
/// them.
fn in_queue(state: &PortalData, call: &Call<'_>) -> Condition {
    let schema = &state.table(OFFLINE_EVENT).schema;
    let (Some(application), Some(connector)) =
        (schema.item("APPLICATION"), schema.item("CONNECTOR_ID"))
    else {
        return Condition::Always;
    };
    let of = |field, text: String| match text {
        text if text.is_empty() => Condition::test(field, Predicate::Empty),
        text => Condition::equal(field, Operand::Text(text)),
    };
    let own = of(application, call.application.unwrap_or_default().to_owned());
    let own = own.and(of(connector, call.connector.unwrap_or_default().to_owned()));
    Condition::test(application, Predicate::Empty).or(own)
}

/// The events that `event.offline.get` means: those that nobody has set aside, or those of a process, or those that could
/// not be worked on.
fn wanted(state: &PortalData, call: &Call<'_>) -> Condition {
    let schema = &state.table(OFFLINE_EVENT).schema;
    let (Some(process), Some(error)) = (schema.item("PROCESS_ID"), schema.item("ERROR")) else {
        return Condition::Always;
    };
    if call.text("error").trim() == "1" {
        return Condition::equal(error, Operand::Int(1));
    }
    let named = call.text("process_id");
    let of_process = if named.is_empty() {
        let none = Condition::test(process, Predicate::Empty);
        none.or(Condition::equal(process, Operand::Text(String::new())))
    } else {
        Condition::equal(process, Operand::Text(named.to_lowercase()))
    };
    of_process.and(Condition::equal(error, Operand::Int(1)).not())
}

fn is_error(row: &Row<'_>) -> bool {
    cell(row, "ERROR").to_int() == Some(1)
}

fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.item(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

fn text(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

fn describe(row: &Row<'_>) -> Array {
    let stored = |name: &str| match cell(row, name) {
        Cell::Stored(value) => Some(value.clone()),
        _ => None,
    };
    let object = || {
        let id = cell(row, "OBJECT_ID").to_int()?;
        let fields = Array::from_iter([("ID", id.to_string())]);
        Some(Value::Array(Array::from_iter([("FIELDS", fields)])))
    };
    let data = stored("EVENT_DATA").or_else(object);
    let mut event = Array::new();
    event.insert("ID", row.id.to_string());
    event.insert("TIMESTAMP_X", text(row, "TIMESTAMP_X"));
    event.insert("EVENT_NAME", text(row, "EVENT_NAME"));
    event.insert("EVENT_DATA", data.unwrap_or(Value::Bool(false)));
    event.insert(
        "EVENT_ADDITIONAL",
        stored("EVENT_ADDITIONAL").unwrap_or(Value::Bool(false)),
    );
    event.insert("MESSAGE_ID", text(row, "MESSAGE_ID"));
    event
}
