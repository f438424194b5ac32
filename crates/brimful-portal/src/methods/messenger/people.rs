//! Users and departments as the messenger shows them, and what is searched in it.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::{acknowledged, dialog, dialog_id};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, DEPARTMENT, USER};
use crate::data::table::Row;
use crate::methods::chats::{self, cell, done, refused, word};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("im", "im.user.get", user_by_id),
        read!("im", "im.user.list.get", users_by_id),
        read!("im", "im.user.status.get", own_status),
        write!("im", "im.user.status.set", set_status),
        read!("im", "im.user.status.idle.start", acknowledged),
        read!("im", "im.user.status.idle.end", acknowledged),
        read!("im", "im.department.get", departments),
        read!("im", "im.department.managers.get", managers),
        read!("im", "im.department.employees.get", employees),
        read!("im", "im.department.colleagues.list", colleagues),
        read!("im", "im.search.user.list", find_users),
        read!("im", "im.search.department.list", find_departments),
        read!("im", "im.search.chat.list", find_chats),
        read!("im", "im.search.last.get", last_searched),
        write!("im", "im.search.last.add", add_last_searched),
        write!("im", "im.search.last.delete", delete_last_searched),
    ]
    .into_iter()
}

/// What users set in the messenger goes by these names among their preferences.
const STATUS: &str = "im.status";
const LAST_SEARCHED: &str = "im.search.last";

/// The IDs of a parameter that is one or a list of them.
pub(super) fn ids(call: &Call<'_>, name: &str) -> Vec<u64> {
    let id = |value: &Value| u64::try_from(value.to_int()).ok().filter(|&id| id > 0);
    match call.params.get_ignoring_case(name) {
        Some(Value::Array(values)) => values.values().filter_map(id).collect(),
        Some(one) => id(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn departments_of(row: &Row<'_>) -> Vec<i64> {
    let mut departments = Vec::new();
    cell(row, "UF_DEPARTMENT").any(|department| {
        departments.extend(department.to_int());
        false
    });
    departments
}

/// A user, or a bot, as the messenger shows him.
pub(crate) fn user(state: &PortalData, id: u64) -> Option<Array> {
    let mut user = person(state, id).or_else(|| bot(state, id))?;
    let row = state.table(USER).get(id);
    let of = |name: &str| row.as_ref().map(|row| word(row, name)).unwrap_or_default();
    let is_bot = user.get("bot").is_some_and(Value::is_truthy);
    user.insert("avatar_hr", "");
    user.insert("mobile_last_date", false);
    user.insert("desktop_last_date", false);
    let mut phones = Array::new();
    for (name, field) in [
        ("work_phone", "WORK_PHONE"),
        ("personal_mobile", "PERSONAL_MOBILE"),
        ("inner_phone", "UF_PHONE_INNER"),
    ] {
        let phone = of(field);
        if !phone.is_empty() {
            phones.insert(name, phone);
        }
    }
    let phones = if phones.is_empty() {
        Value::Bool(false)
    } else {
        phones.into()
    };
    user.insert("phones", phones);
    user.insert("bot_data", Value::Null);
    user.insert("type", if is_bot { "bot" } else { "user" });
    user.insert("website", of("PERSONAL_WWW"));
    user.insert("email", of("EMAIL"));
    Some(user)
}

fn person(state: &PortalData, id: u64) -> Option<Array> {
    let row = state.table(USER).get(id)?;
    let (first, last) = (word(&row, "NAME"), word(&row, "LAST_NAME"));
    let mut user = Array::new();
    user.insert("id", id as i64);
    user.insert("active", word(&row, "ACTIVE") != "N");
    user.insert("name", format!("{first} {last}").trim());
    user.insert("first_name", first);
    user.insert("last_name", last);
    user.insert("work_position", word(&row, "WORK_POSITION"));
    user.insert("color", "#4ba984");
    user.insert("avatar", "");
    user.insert("gender", "M");
    user.insert("birthday", "");
    for no in ["extranet", "network", "bot", "connector"] {
        user.insert(no, false);
    }
    user.insert("external_auth_id", "default");
    user.insert("status", status(state, id));
    user.insert("idle", false);
    user.insert("last_activity_date", last_activity(&row));
    user.insert("absent", false);
    user.insert(
        "departments",
        departments_of(&row).into_iter().collect::<Value>(),
    );
    Some(user)
}

/// When a user did something last, or `false`. Where lists of users show no moment, it is that of the last login.
pub(crate) fn last_activity(row: &Row<'_>) -> Value {
    let moments = ["LAST_ACTIVITY_DATE", "LAST_LOGIN"].map(|name| word(row, name));
    let is_moment = |text: &String| text.starts_with(|first: char| first.is_ascii_digit());
    let moment = moments.into_iter().find(is_moment);
    moment.map_or(Value::Bool(false), Value::Text)
}

/// A bot as the messenger shows it: a user like others.
fn bot(state: &PortalData, id: u64) -> Option<Array> {
    let table = state.record_table("imbot")?;
    let row = Value::from(serde_json::Value::Object(table.get(id)?.clone()));
    let of = |name: &str| {
        let property = row.get("PROPERTIES").and_then(|of| of.get(name));
        property.map(Value::to_text).unwrap_or_default()
    };
    let mut bot = Array::new();
    bot.insert("id", id as i64);
    bot.insert("active", true);
    bot.insert("name", format!("{} {}", of("NAME"), of("LAST_NAME")).trim());
    bot.insert("first_name", of("NAME"));
    bot.insert("last_name", of("LAST_NAME"));
    bot.insert("work_position", of("WORK_POSITION"));
    bot.insert("color", chats::color(&of("COLOR")).unwrap_or("#4ba984"));
    bot.insert("avatar", "");
    bot.insert("gender", "M");
    bot.insert("birthday", "");
    for (name, is_so) in [
        ("extranet", false),
        ("network", false),
        ("bot", true),
        ("connector", false),
    ] {
        bot.insert(name, is_so);
    }
    bot.insert("external_auth_id", "bot");
    bot.insert("status", "online");
    bot.insert("idle", false);
    bot.insert("last_activity_date", false);
    bot.insert("absent", false);
    bot.insert("departments", Array::new());
    Some(bot)
}

fn kept(state: &PortalData, user: u64, name: &str) -> Option<Value> {
    state.preferences.get(&Some(user))?.get(name).cloned()
}

fn status(state: &PortalData, user: u64) -> String {
    kept(state, user, STATUS).map_or_else(|| "online".to_owned(), |status| status.to_text())
}

/// `im.user.get`: the user who calls if none is named.
fn user_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = ids(call, "ID").first().copied().unwrap_or(call.user);
    let user = user(state, id).ok_or_else(|| refused("USER_NOT_EXISTS", "User does not exist"))?;
    Ok(Output::value(&Value::Array(user)))
}

/// `im.user.list.get`: by ID; those that are not there are null.
fn users_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = call
        .params
        .get_ignoring_case("ID")
        .and_then(Value::as_array);
    if given.is_none() {
        let why = "A wrong format for the ID field is passed";
        return Err(refused("INVALID_FORMAT", why));
    }
    let found = ids(call, "ID").into_iter();
    let found = found.map(|id| (id, user(state, id).map_or(Value::Null, Value::Array)));
    if call.text("RESULT_TYPE").eq_ignore_ascii_case("array") {
        let users: Value = found.map(|(_, user)| user).collect();
        return Ok(Output::value(&users));
    }
    Ok(Output::value(&by_id(found)))
}

fn by_id(found: impl Iterator<Item = (u64, Value)>) -> Value {
    let mut map = Array::new();
    for (id, value) in found {
        map.insert(id.to_string().as_str(), value);
    }
    Value::Array(map)
}

/// `im.user.status.get`
fn own_status(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Text(status(state, call.user))))
}

/// `im.user.status.set`
fn set_status(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let status = call.text("STATUS");
    if !matches!(status.as_str(), "online" | "dnd" | "away" | "break") {
        return Err(refused("STATUS_ERROR", "Status is not available"));
    }
    keep(state, call.user, STATUS, status.into());
    Ok(done())
}

fn keep(state: &mut PortalData, user: u64, name: &str, value: Value) {
    state
        .preferences
        .entry(Some(user))
        .or_default()
        .insert(name, value);
}

fn department(row: &Row<'_>) -> Array {
    let mut department = Array::new();
    let name = word(row, "NAME");
    department.insert("id", row.id as i64);
    department.insert("full_name", name.as_str());
    department.insert("name", name);
    department.insert(
        "manager_user_id",
        cell(row, "UF_HEAD").to_int().unwrap_or(0),
    );
    department
}

/// `im.department.get`
fn departments(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(DEPARTMENT);
    let named = ids(call, "ID");
    if named.is_empty() {
        let text = "A wrong format for the ID field is passed";
        return Err(refused("INVALID_FORMAT", text));
    }
    let rows = named.into_iter().filter_map(|id| table.get(id));
    let rows: Value = rows.map(|row| department(&row)).collect();
    Ok(Output::value(&rows))
}

/// `im.department.managers.get`: a list for each department.
fn managers(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(DEPARTMENT);
    // A department without a head has an empty list, so that the result stays a map.
    let manager = |id: u64| {
        let row = table.get(id);
        let head = row.and_then(|row| cell(&row, "UF_HEAD").to_int());
        let head = head.filter(|&head| head > 0);
        (id, head.into_iter().collect::<Value>())
    };
    Ok(Output::value(&by_id(named(call)?.into_iter().map(manager))))
}

/// `im.department.employees.get`: a list for each department.
fn employees(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let of = |id: u64| {
        (
            id,
            members(state, &[id as i64]).into_iter().collect::<Value>(),
        )
    };
    Ok(Output::value(&by_id(named(call)?.into_iter().map(of))))
}

fn named(call: &Call<'_>) -> Result<Vec<u64>, MethodError> {
    match ids(call, "ID") {
        ids if ids.is_empty() => Err(refused("ID_EMPTY", "Department ID can't be empty")),
        ids => Ok(ids),
    }
}

fn members(state: &PortalData, departments: &[i64]) -> Vec<i64> {
    let table = state.table(USER);
    let is_member = |id: &u64| {
        let of = departments_of(&table.row(*id));
        of.iter().any(|id| departments.contains(id))
    };
    table
        .ids(1, u64::MAX)
        .filter(is_member)
        .map(|id| id as i64)
        .collect()
}

/// `im.department.colleagues.list`: those of the departments of the user who calls.
fn colleagues(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let own = state.table(USER).get(call.user);
    let own = own.map(|row| departments_of(&row)).unwrap_or_default();
    let all = members(state, &own);
    let others: Vec<i64> = all
        .into_iter()
        .filter(|&id| id != call.user as i64)
        .collect();
    let mut output = Output::value(&others.iter().copied().collect::<Value>());
    output.total = Some(others.len() as i64);
    Ok(output)
}

/// What is searched for, in lower case; it has to have two letters at least.
fn phrase(call: &Call<'_>) -> Result<String, MethodError> {
    let phrase = call.text("FIND").trim().to_lowercase();
    if phrase.chars().count() < 2 {
        return Err(refused("FIND_SHORT", "Too short a search phrase"));
    }
    Ok(phrase)
}

/// `im.search.user.list`: by ID.
fn find_users(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let phrase = phrase(call)?;
    let users = state.table(USER).ids(1, u64::MAX);
    let users = users.filter_map(|id| Some((id, user(state, id)?)));
    let fits = |user: &Array| {
        let name = user.get("name").map(Value::to_text).unwrap_or_default();
        name.to_lowercase().contains(&phrase)
    };
    let found = users.filter(|(_, user)| fits(user)).take(50);
    let found: Vec<(u64, Value)> = found.map(|(id, user)| (id, Value::Array(user))).collect();
    let count = found.len() as i64;
    let mut output = Output::value(&by_id(found.into_iter()));
    output.total = Some(count);
    Ok(output)
}

/// `im.search.department.list`
fn find_departments(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let phrase = phrase(call)?;
    let table = state.table(DEPARTMENT);
    let rows = table.ids(1, u64::MAX).map(|id| table.row(id));
    let found = rows.filter(|row| word(row, "NAME").to_lowercase().contains(&phrase));
    let found: Vec<Array> = found.take(50).map(|row| department(&row)).collect();
    let count = found.len() as i64;
    let mut output = Output::value(&found.into_iter().collect::<Value>());
    output.total = Some(count);
    Ok(output)
}

/// `im.search.chat.list`
fn find_chats(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let phrase = phrase(call)?;
    let table = state.table(CHAT);
    let rows = table.ids(1, u64::MAX).map(|id| table.row(id));
    let found = rows.filter(|row| word(row, "TITLE").to_lowercase().contains(&phrase));
    let found: Vec<Array> = found
        .take(50)
        .map(|row| dialog(state, &row, call.user))
        .collect();
    let count = found.len() as i64;
    let mut output = Output::value(&found.into_iter().collect::<Value>());
    output.total = Some(count);
    Ok(output)
}

/// `im.search.last.get`: what was searched for last, the latest first.
fn last_searched(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dialogs = kept(state, call.user, LAST_SEARCHED).unwrap_or_default();
    let item = |id: String| {
        let mut item = Array::new();
        let chat = id.strip_prefix("chat").and_then(|id| id.parse().ok());
        if let Some(row) = chat.and_then(|id: u64| state.table(CHAT).get(id)) {
            item.insert("id", id);
            item.insert("type", "chat");
            item.insert("title", word(&row, "TITLE"));
            item.insert("chat", dialog(state, &row, call.user));
        } else {
            let user = user(state, id.parse().ok()?)?;
            item.insert("id", id);
            item.insert("type", "user");
            item.insert("title", user.get("name").cloned().unwrap_or_default());
            item.insert("user", user);
        }
        Some(item)
    };
    let dialogs = dialogs.as_array().into_iter().flat_map(Array::values);
    let items: Value = dialogs.map(Value::to_text).filter_map(item).collect();
    Ok(Output::value(&items))
}

/// `im.search.last.add`
fn add_last_searched(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const MOST: usize = 20;
    change_last_searched(state, call, |dialogs, dialog| {
        dialogs.insert(0, dialog);
        dialogs.truncate(MOST);
    })
}

/// `im.search.last.delete`
fn delete_last_searched(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    change_last_searched(state, call, |_, _| {})
}

fn change_last_searched(
    state: &mut PortalData,
    call: &Call<'_>,
    change: impl FnOnce(&mut Vec<String>, String),
) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    let before = kept(state, call.user, LAST_SEARCHED).unwrap_or_default();
    let before = before.as_array().into_iter().flat_map(Array::values);
    let mut dialogs: Vec<String> = before
        .map(Value::to_text)
        .filter(|id| *id != dialog)
        .collect();
    change(&mut dialogs, dialog);
    keep(
        state,
        call.user,
        LAST_SEARCHED,
        dialogs.into_iter().collect(),
    );
    Ok(done())
}
