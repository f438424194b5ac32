//! `task.checklistitem.*`: the checklists of tasks, all at once.

use brimful_protocol::{Array, Key, Value};

use super::history;
use super::positional::{allowed, arguments, array, check_task_number, given, of_task, task};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHECKLIST, TASK, USER};
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

/// The name of a checklist that the server itself makes for an item.
const FIRST_CHECKLIST: &str = "BX_CHECKLIST_1";

/// `task.checklistitem.add(TASKID, {TITLE, IS_COMPLETE, …})` gives the ID of the item. Without a `PARENT_ID` the item
/// belongs to the first checklist of the task, which is made if there is none; with one that is 0, or not there, it is a
/// new checklist.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    check_task_number(arguments.first().copied(), "ctaskchecklistitem")?;
    let task = task(state, arguments.first().copied())?;
    let Some(fields) = array(&arguments, 1).filter(|fields| !fields.is_empty()) else {
        let text = "TASKS_ERROR_EXCEPTION_#256; Param #1 (arFields) expected by method ctaskchecklistitem::add(), but not given.; 256/TE/WRONG_ARGUMENTS<br>";
        return Err(MethodError::new(400, "ERROR_CORE", text));
    };
    let text = |name: &str| fields.get(name).map(Value::to_text);
    let title = text("TITLE").unwrap_or_default();
    if title.is_empty() {
        let text = "TASKS_ERROR_EXCEPTION_#8; Item name not specified; 8/TE/ACTION_FAILED_TO_BE_PROCESSED<br>";
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    let flag = |name: &str| text(name).is_some_and(|flag| flag == "Y");
    let (complete, important) = (flag("IS_COMPLETE"), flag("IS_IMPORTANT"));
    let sort = text("SORT_INDEX").and_then(|sort| sort.parse().ok());
    let asked = text("PARENT_ID").filter(|id| !id.is_empty());
    let parent = match asked.map(|id| id.parse::<u64>().unwrap_or(0)) {
        Some(id) if is_of(state, task, id) => id,
        Some(_) => 0,
        None => match first_checklist(state, task) {
            Some(id) => id,
            None => insert(state, call, (task, 0), FIRST_CHECKLIST, Item::default()),
        },
    };
    history::note(
        state,
        task,
        call,
        "CHECKLIST_ITEM_CREATE",
        title.as_str().into(),
    );
    let people = fields.get("MEMBERS").and_then(Value::as_array).cloned();
    let item = Item {
        complete,
        important,
        sort,
        members: members(state, people.as_ref()),
    };
    if let Some(people) = &people {
        let changed = involve(state, task, people);
        if !changed.is_empty() {
            super::actions::change(state, task, changed, call);
        }
    }
    let id = insert(state, call, (task, parent), &title, item);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// What an item is beside its text.
#[derive(Debug, Clone, Default)]
struct Item {
    complete: bool,
    important: bool,
    /// Its place among the items of its parent; the last one if not said.
    sort: Option<i64>,
    /// Who takes part in it, as it shows them.
    members: Value,
}

/// Those who take part in an item, as it shows them: `MEMBERS` has their roles by their IDs.
fn members(state: &PortalData, people: Option<&Array>) -> Value {
    let users = state.table(USER);
    let member = |(id, given): (&Key, &Value)| {
        let id = id.to_text().parse().ok()?;
        let row = users.get(id)?;
        let text = |name: &str| {
            let at = users.schema.legacy(name)?;
            row.cell(at).to_text()
        };
        let name = ["NAME", "LAST_NAME"].map(|name| text(name).unwrap_or_default());
        let mut member = Array::new();
        member.insert("ID", id.to_string());
        member.insert("TYPE", role(given));
        member.insert("NAME", name.join(" ").trim());
        for name in ["PERSONAL_PHOTO", "PERSONAL_GENDER"] {
            member.insert(name, text(name).unwrap_or_default());
        }
        member.insert("IMAGE", "/bitrix/images/tasks/default_avatar.png");
        member.insert("IS_COLLABER", false);
        Some(member)
    };
    let people = people.into_iter().flat_map(Array::iter);
    people.filter_map(member).collect()
}

fn list_or_empty(value: Value) -> Value {
    match value {
        Value::Null => Value::Array(Array::new()),
        list => list,
    }
}

/// `A` takes part, `U` looks on.
fn role(given: &Value) -> String {
    let role = given.get("TYPE").map(Value::to_text);
    role.filter(|role| role == "U")
        .unwrap_or_else(|| "A".to_owned())
}

/// What a task says of its people with those of an item, who have the same roles in it.
fn involve(state: &PortalData, task: u64, people: &Array) -> Vec<(usize, Value)> {
    let table = state.table(TASK);
    let row = table.row(task);
    let known = |id: &Key| {
        let id: u64 = id.to_text().parse().ok()?;
        state.table(USER).contains(id).then_some(id as i64)
    };
    let lists = [("A", "ACCOMPLICES"), ("U", "AUDITORS")].into_iter();
    let changed = lists.filter_map(|(wanted, name)| {
        let at = table.schema.legacy(name)?;
        let mut all = super::actions::people(&row, at);
        let before = all.len();
        let new = people.iter().filter(|(_, given)| role(given) == wanted);
        for id in new.filter_map(|(id, _)| known(id)) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        (all.len() > before).then(|| (at, all.into_iter().collect()))
    });
    changed.collect()
}

/// Adds a row for an item of a task, below a parent that is 0 for a checklist itself.
fn insert(
    state: &mut PortalData,
    call: &Call<'_>,
    (task, parent): (u64, u64),
    title: &str,
    item: Item,
) -> u64 {
    let beside = items(state, task, Some(parent)).len() as i64;
    let flag = |flag: bool| Value::from(if flag { "Y" } else { "N" });
    let table = state.table_mut(CHECKLIST);
    let mut record = Record::default();
    for (name, value) in [
        ("TASK_ID", Value::Int(task as i64)),
        ("PARENT_ID", Value::Int(parent as i64)),
        ("CREATED_BY", Value::Int(call.user as i64)),
        ("TITLE", title.into()),
        ("SORT_INDEX", Value::Int(item.sort.unwrap_or(beside))),
        ("IS_COMPLETE", flag(item.complete)),
        ("IS_IMPORTANT", flag(item.important)),
        ("MEMBERS", list_or_empty(item.members)),
        ("ATTACHMENTS", Value::Array(Array::new())),
    ] {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    table.insert(record)
}

/// The IDs of the items of a task, or of those directly below a parent.
pub(super) fn items(state: &PortalData, task: u64, parent: Option<u64>) -> Vec<u64> {
    let table = state.table(CHECKLIST);
    let equal = |name: &str, id: u64| {
        table.schema.legacy(name).map_or(Condition::Never, |at| {
            Condition::equal(at, Operand::Int(id as i64))
        })
    };
    let mut condition = equal("TASK_ID", task);
    if let Some(parent) = parent {
        condition = condition.and(equal("PARENT_ID", parent));
    }
    Query::new(table, condition, Vec::new()).page(0, u64::MAX)
}

fn first_checklist(state: &PortalData, task: u64) -> Option<u64> {
    items(state, task, Some(0)).first().copied()
}

/// Whether an item belongs to a task.
fn is_of(state: &PortalData, task: u64, id: u64) -> bool {
    items(state, task, None).binary_search(&id).is_ok()
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

/// `task.checklistitem.moveafteritem(TASKID, ITEMID, AFTERITEMID)`
pub(crate) fn move_after(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let arguments = given(call, &["taskId", "itemId", "afterItemId"])?;
    let task = task(state, arguments.first().copied())?;
    let number = |place: usize| {
        let id = arguments.get(place).map_or(0, |id| id.to_int());
        u64::try_from(id).ok().filter(|&id| is_of(state, task, id))
    };
    let (Some(moved), Some(after)) = (number(1), number(2)) else {
        let text = "TASKS_ERROR_EXCEPTION_#8; Moving item: action not allowed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED<br>";
        return Err(MethodError::new(400, "ERROR_CORE", text));
    };
    let table = state.table(CHECKLIST);
    let value = |id: u64, name: &str| {
        let at = table.schema.legacy(name)?;
        table.row(id).cell(at).to_int()
    };
    let parent = value(after, "PARENT_ID").unwrap_or(0);
    let mut beside = items(state, task, Some(parent.unsigned_abs()));
    beside.retain(|&id| id != moved);
    beside.sort_by_key(|&id| value(id, "SORT_INDEX"));
    let place = beside.iter().position(|&id| id == after);
    beside.insert(place.map_or(beside.len(), |place| place + 1), moved);
    let schema = &state.table(CHECKLIST).schema;
    let (sort, of) = (schema.legacy("SORT_INDEX"), schema.legacy("PARENT_ID"));
    for (index, id) in beside.into_iter().enumerate() {
        let values = [(sort, index as i64), (of, parent)];
        let values: Vec<(usize, Value)> = values
            .into_iter()
            .filter_map(|(at, value)| Some((at?, Value::Int(value))))
            .collect();
        state.table_mut(CHECKLIST).update(id, values);
    }
    Ok(Output::value(&Value::Null))
}

/// `task.checklistitem.isactionallowed(TASKID, ITEMID, ACTIONID)`
pub(crate) fn is_allowed(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    allowed(state, call, CHECKLIST, 5)
}
