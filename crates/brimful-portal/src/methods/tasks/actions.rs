//! What changes tasks.

use brimful_protocol::{Array, Value};

use super::{attachments, changed, existing, history};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::entities::{TASK, USER};
use crate::data::schema::{Class, Schema};
use crate::data::table::{Record, Row};
use crate::data::{PortalData, hash};
use crate::methods::params::missing;

fn time(seconds: i64) -> Value {
    Value::Text(moment::text(seconds))
}

pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = match call.required("fields")? {
        Value::Array(fields) if !fields.is_empty() => fields.clone(),
        _ => return Err(missing("fields")),
    };
    let schema = &state.table(TASK).schema;
    let given = |name: &str| {
        fields
            .get_ignoring_case(name)
            .map(Value::to_text)
            .filter(|text| !text.trim().is_empty())
    };
    if given("TITLE").is_none() {
        return Err(refused("Task title is not specified"));
    }
    if given("RESPONSIBLE_ID").is_none() {
        return Err(refused("Responsible person not specified"));
    }
    let now = call.seconds();
    check(state, &fields, None, now)?;
    let user = || Value::Int(call.user as i64);
    let mut record = Record::default();
    for (name, value) in [
        ("CREATED_BY", user()),
        ("CHANGED_BY", user()),
        ("CREATED_DATE", time(now)),
        ("CHANGED_DATE", time(now)),
        ("ACTIVITY_DATE", time(now)),
        ("STATUS_CHANGED_DATE", time(now)),
        ("STATUS", Value::Int(2)),
        ("PRIORITY", Value::Int(1)),
        ("GROUP_ID", Value::Int(0)),
        ("STAGE_ID", Value::Int(0)),
        ("TIME_ESTIMATE", Value::Int(0)),
        ("OUTLOOK_VERSION", Value::Int(1)),
        ("DESCRIPTION", "".into()),
        ("SITE_ID", "s1".into()),
        ("DURATION_TYPE", "days".into()),
        ("DESCRIPTION_IN_BBCODE", "Y".into()),
        ("MULTITASK", "N".into()),
        ("NOT_VIEWED", "N".into()),
        ("REPLICATE", "N".into()),
        ("ALLOW_CHANGE_DEADLINE", "N".into()),
        ("ALLOW_TIME_TRACKING", "N".into()),
        ("TASK_CONTROL", "N".into()),
        ("ADD_IN_REPORT", "N".into()),
        ("MATCH_WORK_TIME", "N".into()),
        ("SUBORDINATE", "N".into()),
        ("IS_MUTED", "N".into()),
        ("IS_PINNED", "N".into()),
        ("IS_PINNED_IN_GROUP", "N".into()),
        ("FAVORITE", "N".into()),
    ] {
        if let Some(field) = schema.legacy(name) {
            record.set(field, value);
        }
    }
    for (field, value) in written(schema, &fields, now) {
        record.set(field, value);
    }
    let id = state.table_mut(TASK).insert(record);
    name_by_guid(state, id);
    attachments::attach_named(state, call, id, &fields);
    history::note(state, id, call, "NEW", Value::Null);
    Ok(changed(state, id, call))
}

/// Gives a new task the GUID that calendars and mail programs know it by.
fn name_by_guid(state: &mut PortalData, id: u64) {
    let table = state.table_mut(TASK);
    let Some(at) = table.schema.legacy("GUID") else {
        return;
    };
    if !table.row(id).cell(at).is_empty() {
        return;
    }
    let high = hash::salt(&format!("task {id}"));
    let low = hash::salt(&format!("guid {id}"));
    let guid = format!(
        "{{{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}}}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    );
    table.update(id, [(at, Value::Text(guid))]);
}

/// The refusal of what is written to a task.
fn refused(why: &str) -> MethodError {
    MethodError::new(400, "ERROR_CORE", format!("{why}<br>"))
}

/// Refuses people, parents and statuses that are not there, and dates that cannot be; `task` is the one that is changed, if
/// it is not a new one.
fn check(
    state: &PortalData,
    fields: &Array,
    task: Option<u64>,
    now: i64,
) -> Result<(), MethodError> {
    check_dates(state, fields, task, now)?;
    let given = |name: &str| {
        let value = fields.get_ignoring_case(name)?;
        let is_empty = value.as_array().is_none() && value.to_text().trim().is_empty();
        (!is_empty).then(|| value.to_int())
    };
    let exists =
        |entity: usize, id: i64| u64::try_from(id).is_ok_and(|id| state.table(entity).contains(id));
    if given("RESPONSIBLE_ID").is_some_and(|id| !exists(USER, id)) {
        return Err(refused(
            "The user specified in the \"Responsible\" field was not found",
        ));
    }
    if given("CREATED_BY").is_some_and(|id| !exists(USER, id)) {
        return Err(refused(
            "The user specified in the \"Creator\" field was not found",
        ));
    }
    if given("STATUS").is_some_and(|status| !(1..=7).contains(&status)) {
        return Err(refused("Invalid status"));
    }
    if let Some(parent) = given("PARENT_ID").filter(|&parent| parent != 0) {
        if !exists(TASK, parent) {
            return Err(refused(
                "The task specified in the \"Parent Task\" field was not found",
            ));
        }
        if task.is_some_and(|task| i64::try_from(task) == Ok(parent)) {
            return Err(refused("Cannot bind the node to itself"));
        }
        if task.is_some_and(|task| is_below(state, parent, task)) {
            return Err(refused("Creating cyclic links in tasks is prohibited"));
        }
    }
    Ok(())
}

/// Refuses texts that are not dates, and a plan that ends before it begins or lasts too long.
fn check_dates(
    state: &PortalData,
    fields: &Array,
    task: Option<u64>,
    now: i64,
) -> Result<(), MethodError> {
    /// So many seconds a plan takes at the most.
    const LONGEST: i64 = i32::MAX as i64;
    let given = |name: &str| {
        let text = fields.get_ignoring_case(name).map(Value::to_text)?;
        (!text.trim().is_empty()).then_some(text)
    };
    for (name, title) in [
        ("DEADLINE", "Deadline"),
        ("START_DATE_PLAN", "Planned start date"),
        ("END_DATE_PLAN", "Planned end date"),
    ] {
        if given(name).is_some_and(|text| moment::parse(&text, now).is_none()) {
            return Err(refused(&format!("Invalid date in the \"{title}\" field")));
        }
    }
    let planned = |name: &str| {
        let of_task = || {
            let table = state.table(TASK);
            let row = table.get(task?)?;
            row.cell(table.schema.legacy(name)?).to_text()
        };
        let is_given = fields.get_ignoring_case(name).is_some();
        let text = if is_given { given(name) } else { of_task() };
        moment::parse(&text?, now)
    };
    let is_planned = ["START_DATE_PLAN", "END_DATE_PLAN"].map(given);
    if is_planned.iter().all(Option::is_none) {
        return Ok(());
    }
    match (planned("START_DATE_PLAN"), planned("END_DATE_PLAN")) {
        (Some(start), Some(end)) if end < start => Err(refused(
            "The end date specified in the scheduling is earlier than the start date",
        )),
        (Some(start), Some(end)) if end - start > LONGEST => Err(refused(
            "The duration of the task specified in the scheduling is too long",
        )),
        _ => Ok(()),
    }
}

/// Whether a task hangs below another, over any number of tasks between them.
fn is_below(state: &PortalData, task: i64, above: u64) -> bool {
    /// Generated tasks hang below each other a few steps deep; more steps than this are a circle.
    const DEEPEST: usize = 1_000;
    let table = state.table(TASK);
    let parent = |id: i64| {
        let row = table.get(u64::try_from(id).ok()?)?;
        row.cell(table.schema.legacy("PARENT_ID")?).to_int()
    };
    let mut at = Some(task);
    for _ in 0..DEEPEST {
        match at {
            Some(id) if i64::try_from(above) == Ok(id) => return true,
            Some(id) if id > 0 => at = parent(id),
            _ => return false,
        }
    }
    false
}

pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let Value::Array(fields) = call.required("fields")?.clone() else {
        return Err(missing("fields"));
    };
    let now = call.seconds();
    let title = fields.get_ignoring_case("TITLE").map(Value::to_text);
    if title.is_some_and(|title| title.trim().is_empty()) {
        return Err(refused("Task title is not specified"));
    }
    check(state, &fields, Some(id), now)?;
    let values = written(&state.table(TASK).schema, &fields, now);
    change(state, id, values, call);
    attachments::attach_named(state, call, id, &fields);
    Ok(changed(state, id, call))
}

pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    state.delete_row(TASK, id);
    Ok(Output::json(br#"{"task":true}"#.to_vec()))
}

/// `tasks.task.start` and the like: sets a status.
pub(crate) fn act<const STATUS: i64>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let values = state
        .table(TASK)
        .schema
        .legacy("STATUS")
        .map(|field| (field, Value::Int(STATUS)));
    change(state, id, values.into_iter().collect(), call);
    Ok(changed(state, id, call))
}

/// `tasks.task.delegate`: somebody else is to do it, and who was to looks on.
pub(crate) fn delegate(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let user = call.required("userId")?.to_int();
    let responsible = Array::from_iter([("RESPONSIBLE_ID", user)]);
    check(state, &responsible, Some(id), call.seconds())?;
    let schema = &state.table(TASK).schema;
    let (responsible, auditors) = (schema.legacy("RESPONSIBLE_ID"), schema.legacy("AUDITORS"));
    let mut values = Vec::new();
    if let (Some(responsible), Some(auditors)) = (responsible, auditors) {
        let row = state.table(TASK).row(id);
        let mut watching = people(&row, auditors);
        watching.extend(row.cell(responsible).to_int());
        values.push((responsible, Value::Int(user)));
        values.push((auditors, watching.into_iter().collect()));
    }
    change(state, id, values, call);
    Ok(changed(state, id, call))
}

/// `tasks.task.startwatch` and `.stopwatch`: the caller looks on, or no more.
pub(crate) fn watch<const YES: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let me = call.user as i64;
    let table = state.table(TASK);
    if let Some(at) = table.schema.legacy("AUDITORS") {
        let mut watching = people(&table.row(id), at);
        watching.retain(|user| *user != me);
        if YES {
            watching.push(me);
        }
        change(state, id, vec![(at, watching.into_iter().collect())], call);
    }
    Ok(changed(state, id, call))
}

pub(super) fn people(row: &Row<'_>, at: usize) -> Vec<i64> {
    let mut people = Vec::new();
    row.cell(at).any(|person| {
        people.extend(person.to_int());
        false
    });
    people
}

/// `tasks.task.mute`, `.unmute`, `.pin` and `.unpin`, whose task may be called `id` or `taskId`.
pub(crate) fn flag<const PIN: bool, const YES: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let table = state.table_mut(TASK);
    if let Some(at) = table
        .schema
        .legacy(if PIN { "IS_PINNED" } else { "IS_MUTED" })
    {
        table.update(id, [(at, Value::from(if YES { "Y" } else { "N" }))]);
    }
    Ok(changed(state, id, call))
}

/// `tasks.task.favorite.add` and `.remove`
pub(crate) fn favorite<const YES: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let table = state.table_mut(TASK);
    if let Some(field) = table.schema.legacy("FAVORITE") {
        table.update(id, [(field, Value::from(if YES { "Y" } else { "N" }))]);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// Writes values and what follows from them.
pub(super) fn change(
    state: &mut PortalData,
    id: u64,
    mut values: Vec<(usize, Value)>,
    call: &Call<'_>,
) {
    history::note_changes(state, id, &values, call);
    let table = state.table_mut(TASK);
    let now = call.seconds();
    let user = || Value::Int(call.user as i64);
    let schema = &table.schema;
    let mut touched = vec![
        ("CHANGED_DATE", time(now)),
        ("ACTIVITY_DATE", time(now)),
        ("CHANGED_BY", user()),
    ];
    let status = schema
        .legacy("STATUS")
        .and_then(|at| values.iter().find(|(field, _)| *field == at));
    if let Some((_, status)) = status {
        touched.push(("STATUS_CHANGED_DATE", time(now)));
        touched.push(("STATUS_CHANGED_BY", user()));
        let closed = status.to_int() == 5;
        touched.push(("CLOSED_DATE", if closed { time(now) } else { Value::Null }));
        touched.push(("CLOSED_BY", if closed { user() } else { Value::Int(0) }));
        if status.to_int() == 3 {
            touched.push(("DATE_START", time(now)));
        }
    }
    values.extend(
        touched
            .into_iter()
            .filter_map(|(name, value)| Some((schema.legacy(name)?, value))),
    );
    table.update(id, values);
}

/// What a call writes: names in any case, unknown ones dropped.
fn written(schema: &Schema, fields: &Array, now: i64) -> Vec<(usize, Value)> {
    let value = |(key, value): (&brimful_protocol::Key, &Value)| {
        let at = schema.ignoring_case(&key.to_text())?;
        let field = schema.get(at);
        if field.traits.read_only {
            return None;
        }
        if field.traits.multiple {
            let list: Value = match value {
                Value::Array(values) => values.values().cloned().collect(),
                other if other.to_text().is_empty() => Value::Array(Array::new()),
                one => std::iter::once(one.clone()).collect(),
            };
            return Some((at, list));
        }
        let value = match (field.kind.class(), value) {
            (_, Value::Null) => Value::Null,
            (_, Value::Bool(flag)) => if *flag { "Y" } else { "N" }.into(),
            (Class::Text, other) => Value::Text(other.to_text()),
            (_, other) if other.to_text().is_empty() => Value::Null,
            (Class::Time, other) => moment::parse(&other.to_text(), now).map_or(Value::Null, time),
            (Class::Integer, other) => Value::Int(other.to_int()),
            (Class::Number, other) => Value::Float(other.to_float()),
        };
        Some((at, value))
    };
    fields.iter().filter_map(value).collect()
}
