//! `rpa.task.*` and `rpa.item.getTasks`: what people have to do for an element to go on. Rules give tasks to people in a
//! portal; here tasks are those that were loaded as `rpa.task`.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Value as Json, json};

use super::{Row, needed, not_found, nothing, people, process, under};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::records::rpa::{ITEMS, TASKS};
use crate::methods::chats::{done, refused, word};
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, rows, text};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("rpa", "rpa.item.gettasks", of_item),
        write!("rpa", "rpa.task.adduser", add_user),
        write!("rpa", "rpa.task.delete", delete),
        write!("rpa", "rpa.task.do", complete),
    ]
    .into_iter()
}

/// The users of a task, and whether each has done it.
pub(super) fn users(task: &Row) -> Vec<(u64, bool)> {
    let users = task.get("users").and_then(Json::as_array);
    let user = |one: &Json| match one {
        Json::Object(one) => Some((one.get("id")?.as_u64()?, number(one, "status") > 0)),
        other => other.as_u64().map(|id| (id, false)),
    };
    users.into_iter().flatten().filter_map(user).collect()
}

fn with_users(users: &[(u64, bool)]) -> Json {
    let user = |(id, is_done): &(u64, bool)| json!({ "id": id, "status": i32::from(*is_done) });
    users.iter().map(user).collect()
}

/// The users of a task as a stage shows them.
pub(super) fn faces(state: &PortalData, users: &[(u64, bool)]) -> Value {
    let faces = users.iter().filter_map(|(id, _)| {
        let user = state.table(USER).get(*id)?;
        let mut face = Array::from_iter([("id", Value::from(format!("U{id}")))]);
        face.insert("entityId", *id as i64);
        face.insert("name", word(&user, "NAME"));
        face.insert("photoSrc", "");
        face.insert("url", format!("/company/personal/user/{id}/"));
        face.insert("entityType", "users");
        Some(face)
    });
    faces.collect()
}

/// The tasks of an element that a user has not done yet.
pub(super) fn open(state: &PortalData, item: u64, user: u64) -> impl Iterator<Item = (u64, &Row)> {
    rows(state, TASKS).filter(move |(_, task)| {
        number(task, "itemId") == item && users(task).contains(&(user, false))
    })
}

/// The users of all tasks of an element.
pub(super) fn of_element(state: &PortalData, item: u64) -> Vec<(u64, bool)> {
    let tasks = rows(state, TASKS).filter(|(_, task)| number(task, "itemId") == item);
    let mut all: Vec<(u64, bool)> = tasks.flat_map(|(_, task)| users(task)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// `rpa.item.getTasks(typeId, id)`
fn of_item(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let process = process(state, call)?;
    let id = needed(call, "id")?;
    let item = record_rows::row(state, ITEMS, id);
    if item.is_none_or(|item| number(item, "typeId") != process) {
        return Err(not_found());
    }
    let tasks = open(state, id, call.user).map(|(task_id, task)| {
        let all = users(task);
        let mut data = Array::from_iter([("participantJoint", Value::from("or"))]);
        data.insert("isMine", true);
        let controls = task.get("controls").cloned().map(Value::from);
        data.insert("controls", controls.unwrap_or_default());
        data.insert("type", text(task, "type"));
        data.insert("url", format!("/rpa/task/id/{task_id}/"));
        data.insert("fieldsToShow", Value::Null);
        let to_set = task.get("fieldsToSet").cloned().map(Value::from);
        data.insert("fieldsToSet", to_set.unwrap_or_default());
        data.insert("users", Value::from(with_users(&all)));
        let mut shown = Array::from_iter([("id", task_id.to_string())]);
        shown.insert("title", text(task, "title"));
        shown.insert("description", text(task, "description"));
        shown.insert("userId", call.user as i64);
        shown.insert("data", data);
        shown.insert("itemClassName", "BX.Rpa.Timeline.Task");
        shown.insert("users", people(state, all.iter().map(|(id, _)| *id)));
        shown
    });
    Ok(under("tasks", tasks.collect::<Value>()))
}

/// The tasks that a rule of a stage has given.
fn of_rule(state: &PortalData, call: &Call<'_>) -> Result<Vec<u64>, MethodError> {
    let process = process(state, call)?;
    let stage = needed(call, "stageId")?;
    let rule = call.required("robotName")?.to_text();
    let given = rows(state, TASKS).filter(|(_, task)| {
        (number(task, "typeId"), number(task, "stageId")) == (process, stage)
            && text(task, "robotName") == rule
    });
    let given: Vec<u64> = given.map(|(id, _)| id).collect();
    if given.is_empty() {
        return Err(not_found());
    }
    Ok(given)
}

/// The user of a text such as `Ann Lee [1]`.
fn user_of(text: &str) -> Option<u64> {
    let (_, number) = text.rsplit_once('[')?;
    number.strip_suffix(']')?.trim().parse().ok()
}

/// `rpa.task.addUser(typeId, stageId, robotName, userValue)`
fn add_user(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let tasks = of_rule(state, call)?;
    let value = call.required("userValue")?.to_text();
    let user = user_of(&value).filter(|id| state.table(USER).contains(*id));
    let user = user.ok_or_else(|| refused("0", "User not found"))?;
    for id in tasks {
        let task = record_rows::row(state, TASKS, id);
        let mut users = task.map(users).unwrap_or_default();
        if users.iter().all(|(id, _)| *id != user) {
            users.push((user, false));
        }
        let users = with_users(&users);
        record_rows::set(state, call, TASKS, id, &[("users", users)]);
    }
    Ok(done())
}

/// `rpa.task.delete(typeId, stageId, robotName)`
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for id in of_rule(state, call)? {
        record_rows::delete(state, TASKS, id);
    }
    Ok(nothing())
}

/// `rpa.task.do(taskId)`: the caller has done it.
fn complete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = needed(call, "taskId")?;
    let task = record_rows::row(state, TASKS, id).ok_or_else(not_found)?;
    let mut users = users(task);
    let own = users.iter_mut().find(|(user, _)| *user == call.user);
    own.ok_or_else(|| refused("ACCESS_DENIED", "Access denied"))?
        .1 = true;
    let users = with_users(&users);
    record_rows::set(state, call, TASKS, id, &[("users", users)]);
    Ok(done())
}
