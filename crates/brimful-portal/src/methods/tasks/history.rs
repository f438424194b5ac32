//! `tasks.task.history.list`, and what is written down for it.

use std::cmp::Reverse;

use brimful_protocol::{Array, Value};

use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{TASK, USER};
use crate::data::history::Change;

/// The fields whose changes are written down, as documented.
const TOLD: [&str; 22] = [
    "TITLE",
    "DESCRIPTION",
    "STATUS",
    "PRIORITY",
    "MARK",
    "PARENT_ID",
    "GROUP_ID",
    "STAGE_ID",
    "CREATED_BY",
    "RESPONSIBLE_ID",
    "ACCOMPLICES",
    "AUDITORS",
    "DEADLINE",
    "START_DATE_PLAN",
    "END_DATE_PLAN",
    "DURATION_PLAN",
    "TIME_ESTIMATE",
    "TAGS",
    "ADD_IN_REPORT",
    "TASK_CONTROL",
    "ALLOW_TIME_TRACKING",
    "ALLOW_CHANGE_DEADLINE",
];

/// Writes down that something happened to a task.
pub(super) fn note(state: &mut PortalData, task: u64, call: &Call<'_>, field: &str, to: Value) {
    let change = Change {
        id: 0,
        at: call.seconds(),
        user: call.user,
        field: field.to_owned(),
        from: Value::Null,
        to,
    };
    state.history.note(task, change);
}

/// Writes down which of the values differ from what a task has.
pub(super) fn note_changes(
    state: &mut PortalData,
    id: u64,
    values: &[(usize, Value)],
    call: &Call<'_>,
) {
    let table = state.table(TASK);
    let row = table.row(id);
    let mut changes = Vec::new();
    for (at, value) in values {
        let field = table.schema.get(*at);
        if !TOLD.contains(&&*field.name) {
            continue;
        }
        let mut parts = Vec::new();
        row.cell(*at).any(|cell| {
            parts.extend(cell.to_text());
            false
        });
        let from = parts.join(",");
        let to = match value {
            Value::Array(items) => {
                let items: Vec<String> = items.values().map(Value::to_text).collect();
                items.join(",")
            }
            one => one.to_text(),
        };
        if from != to {
            changes.push((field.name.to_string(), from, to));
        }
    }
    for (field, from, to) in changes {
        let change = Change {
            id: 0,
            at: call.seconds(),
            user: call.user,
            field,
            from: from.into(),
            to: to.into(),
        };
        state.history.note(id, change);
    }
}

/// Newest first, unless `order` says otherwise; of a task that is not there nothing.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let task = super::named(state, call)?;
    let wanted = call
        .params
        .get("filter")
        .and_then(|filter| filter.get("FIELD"));
    let changes = task.into_iter().flat_map(|task| state.history.of(task));
    let mut changes: Vec<&Change> = changes
        .filter(|change| wanted.is_none_or(|wanted| change.field == wanted.to_text()))
        .collect();
    let ascending = call
        .params
        .get("order")
        .and_then(Value::as_array)
        .and_then(|order| order.values().next())
        .is_some_and(|way| way.to_text().eq_ignore_ascii_case("asc"));
    if !ascending {
        changes.sort_by_key(|change| (Reverse(change.at), Reverse(change.id)));
    }
    let rows: Value = changes
        .into_iter()
        .map(|change| describe(state, change))
        .collect();
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "list", rows,
    )]))))
}

fn describe(state: &PortalData, change: &Change) -> Array {
    let users = state.table(USER);
    let text = |name: &str| {
        let row = users.get(change.user)?;
        row.cell(users.schema.legacy(name)?).to_text()
    };
    let mut user = Array::new();
    user.insert("id", change.user as i64);
    for (key, name) in [
        ("name", "NAME"),
        ("lastName", "LAST_NAME"),
        ("secondName", "SECOND_NAME"),
        ("login", "LOGIN"),
    ] {
        user.insert(key, text(name).unwrap_or_default());
    }
    let mut value = Array::new();
    value.insert("from", change.from.clone());
    value.insert("to", change.to.clone());
    let mut row = Array::new();
    row.insert("id", change.id as i64);
    row.insert("createdDate", moment::text(change.at));
    row.insert("field", change.field.as_str());
    row.insert("value", value);
    row.insert("user", user);
    row
}
