//! `rpa.item.*`: the elements of processes, which go from stage to stage.

use std::borrow::Cow;

use brimful_protocol::{Array, Key, Value};
use serde_json::Value as Json;

use super::{
    Row, fields, is_loaded, item_name, needed, not_found, nothing, people, process, stages, tasks,
    timeline, under,
};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::fixtures::collection::compare;
use crate::data::fixtures::filter;
use crate::data::list::paging::Paging;
use crate::data::records::rpa::{ITEMS, STAGES, TASKS, TIMELINE};
use crate::methods::chats::refused;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, row, rows, text};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("rpa", "rpa.item.add", add),
        read!("rpa", "rpa.item.get", get),
        read!("rpa", "rpa.item.list", list),
        write!("rpa", "rpa.item.update", update),
        write!("rpa", "rpa.item.delete", delete),
    ]
    .into_iter()
}

/// The element that a call names, of the process that it names.
fn named<'s>(state: &'s PortalData, call: &Call<'_>) -> Result<(u64, &'s Row), MethodError> {
    let process = process(state, call)?;
    let id = needed(call, "id")?;
    let item = row(state, ITEMS, id).filter(|item| number(item, "typeId") == process);
    Ok((id, item.ok_or_else(not_found)?))
}

const MOMENTS: [&str; 3] = ["createdTime", "updatedTime", "movedTime"];

/// An element as lists show it.
fn listed(id: u64, item: &Row) -> Array {
    const SHOWN: [&str; 9] = [
        "stageId",
        "previousStageId",
        "typeId",
        "createdBy",
        "updatedBy",
        "movedBy",
        "createdTime",
        "updatedTime",
        "movedTime",
    ];
    let mut shown = Array::from_iter([("id", id as i64)]);
    shown.insert("name", item_name(item));
    for name in SHOWN {
        let value = item.get(name).cloned().map(Value::from).unwrap_or_default();
        let at = moment::parse(&value.to_text(), 0).filter(|_| MOMENTS.contains(&name));
        shown.insert(name, at.map_or(value, |at| moment::russian(at).into()));
    }
    let process = number(item, "typeId");
    shown.insert("detailUrl", format!("/rpa/item/{process}/{id}/"));
    for (name, value) in item.iter().filter(|(name, _)| name.starts_with("UF_")) {
        shown.insert(Key::from(name.as_str()), Value::from(value.clone()));
    }
    shown
}

/// An element as it is read alone: with the users of its tasks.
fn shown(state: &PortalData, call: &Call<'_>, id: u64) -> Output {
    let Some(item) = row(state, ITEMS, id) else {
        return nothing();
    };
    let mut shown = listed(id, item);
    let all = tasks::of_element(state, id);
    let of = |is_wanted: &dyn Fn(bool) -> bool| -> Value {
        let users = all.iter().filter(|(_, is_done)| is_wanted(*is_done));
        users.map(|(id, _)| *id as i64).collect()
    };
    let mut faces = Array::from_iter([("completed", of(&|is_done| is_done))]);
    faces.insert("running", of(&|is_done| !is_done));
    faces.insert("all", of(&|_| true));
    let open = tasks::open(state, id, call.user).count();
    shown.insert("tasksCounter", open as i64);
    shown.insert("tasksFaces", faces);
    let mut users: Vec<u64> = ["createdBy", "updatedBy", "movedBy"]
        .map(|name| number(item, name))
        .into_iter()
        .chain(all.iter().map(|(id, _)| *id))
        .collect();
    users.sort_unstable();
    users.dedup();
    shown.insert("users", people(state, users));
    under("item", shown)
}

/// The custom fields that a call gives. All others are passed over.
fn custom(fields: &Array) -> Array {
    let is_custom = |(name, _): &(&Key, &Value)| name.to_text().starts_with("UF_");
    let custom = fields.iter().filter(is_custom);
    custom
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// `rpa.item.add(typeId, fields)`: in the first stage of the process.
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let process = process(state, call)?;
    let given = call.params.get("fields").and_then(Value::as_array);
    let mut given = given.map(custom).unwrap_or_default();
    given.insert("typeId", process as i64);
    let first = stages::of_process(state, process)
        .first()
        .map(|(id, _)| *id);
    if let Some(first) = first {
        given.insert("stageId", first as i64);
    }
    let id = record_rows::add(state, call, ITEMS, &given);
    timeline::note(state, call, (process, id), "create", Array::new());
    Ok(shown(state, call, id))
}

/// `rpa.item.get(typeId, id)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call)?;
    Ok(shown(state, call, id))
}

/// A stage as the timeline tells of it.
fn stage_then(state: &PortalData, id: u64) -> Value {
    let name = row(state, STAGES, id).map(|row| text(row, "name"));
    let mut stage = Array::from_iter([("id", id as i64)]);
    stage.insert("name", name.unwrap_or_default());
    Value::Array(stage)
}

/// `rpa.item.update(typeId, id, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, item) = named(state, call)?;
    let (process, from) = (number(item, "typeId"), number(item, "stageId"));
    let fields = fields(call)?;
    let to = fields.get("stageId").map(Value::to_int);
    let to = to.map(|id| u64::try_from(id).unwrap_or(0));
    if let Some(to) = to {
        let is_of_process = |row: &Row| number(row, "typeId") == process;
        if !row(state, STAGES, to).is_some_and(is_of_process) {
            return Err(refused("0", "Stage not found"));
        }
    }
    record_rows::update(state, call, ITEMS, id, &custom(&fields));
    let mut data = Array::from_iter([("stageFrom", stage_then(state, from))]);
    if let Some(to) = to.filter(|to| *to != from) {
        let moved = [
            ("stageId", Json::from(to)),
            ("previousStageId", Json::from(from)),
            ("movedBy", Json::from(call.user)),
            ("movedTime", Json::from(moment::text(call.seconds()))),
        ];
        record_rows::set(state, call, ITEMS, id, &moved);
        data.insert("stageTo", stage_then(state, to));
    }
    let changed = custom(&fields);
    let changed: Value = changed
        .iter()
        .map(|(name, _)| Array::from_iter([("name", name.to_text()), ("title", name.to_text())]))
        .collect();
    data.insert("fields", changed);
    timeline::note(state, call, (process, id), "update", data);
    Ok(shown(state, call, id))
}

/// `rpa.item.delete(typeId, id)`: with its tasks and what happened to it.
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call)?;
    for kind in [TASKS, TIMELINE] {
        record_rows::delete_where(state, kind, |row| number(row, "itemId") == id);
    }
    record_rows::delete(state, ITEMS, id);
    Ok(nothing())
}

/// Whether an element passes a filter: all of its conditions, or one of them where its `logic` is `or`.
fn passes(state: &PortalData, user: u64, (id, item): (u64, &Row), filter: &Array) -> bool {
    let is_any = filter.get_ignoring_case("logic");
    let is_any = is_any.is_some_and(|logic| logic.to_text().eq_ignore_ascii_case("or"));
    let conditions = filter.iter().filter(|(name, _)| {
        let name = name.to_text();
        !name.eq_ignore_ascii_case("logic")
    });
    let mut conditions = conditions.map(|(name, value)| {
        let name = name.to_text();
        match (name.as_str(), value) {
            ("tasks", value) => {
                let has_tasks = tasks::open(state, id, user).next().is_some();
                has_tasks == (value.to_text() == "has_tasks")
            }
            (name, Value::Array(group)) if name.chars().all(|c| c.is_ascii_digit()) => {
                passes(state, user, (id, item), group)
            }
            (name, value) => {
                let one = Array::from_iter([(name, value.clone())]);
                let tests = filter::tests(Some(&one), |name| Some(name.to_owned()));
                tests.iter().all(|test| test.holds(item))
            }
        }
    });
    if is_any {
        conditions.any(|passes| passes)
    } else {
        conditions.all(|passes| passes)
    }
}

/// `rpa.item.list(typeId, order, filter, start)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let process = match call.params.get("typeId") {
        None if is_loaded(state) => None,
        _ => Some(process(state, call)?),
    };
    let filter = call.params.get("filter").and_then(Value::as_array);
    let filter = filter.cloned().unwrap_or_default();
    let items = rows(state, ITEMS)
        .filter(|(_, item)| process.is_none_or(|process| number(item, "typeId") == process));
    let items = items.filter(|item| passes(state, call.user, *item, &filter));
    let mut items: Vec<(u64, &Row)> = items.collect();
    let order = call.params.get("order").and_then(Value::as_array);
    for (name, way) in order.into_iter().flat_map(Array::iter) {
        let name = name.to_text();
        items.sort_by(|(_, one), (_, other)| compare(one.get(&name), other.get(&name)));
        if way.to_text().eq_ignore_ascii_case("desc") {
            items.reverse();
        }
    }
    let ids: Vec<u64> = items.iter().map(|(id, _)| *id).collect();
    let page = Paging::Controller.page(ids.as_slice(), call.start(), call);
    let shown = page.ids.iter().filter_map(|id| {
        let item = row(state, ITEMS, *id)?;
        Some(listed(*id, item))
    });
    let output = under("items", shown.collect::<Value>());
    Ok(page.with_pagination_fields(output))
}
