//! Who and what there is in the messenger: users, departments, dialogs and their members, and what one user keeps for
//! himself, such as his status and what he has pinned.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{CHAT, DEPARTMENT, MESSAGE, USER};
use crate::data::table::Row;

/// What users set in the messenger goes by these names among their preferences.
const STATUS: &str = "im.status";
const LAST_SEARCHED: &str = "im.search.last";

/// The IDs of a parameter that is one or a list of them.
fn ids(call: &Call<'_>, name: &str) -> Vec<u64> {
    let id = |value: &Value| u64::try_from(value.to_int()).ok().filter(|&id| id > 0);
    match call.params.get_ignoring_case(name) {
        Some(Value::Array(values)) => values.values().filter_map(id).collect(),
        Some(one) => id(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

fn done() -> Output {
    Output::value(&Value::Bool(true))
}

fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.legacy(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

fn word(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

fn departments_of(row: &Row<'_>) -> Vec<i64> {
    let mut departments = Vec::new();
    cell(row, "UF_DEPARTMENT").any(|department| {
        departments.extend(department.to_int());
        false
    });
    departments
}

/// A user as the messenger shows him.
fn user(state: &PortalData, id: u64) -> Option<Array> {
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
    user.insert("last_activity_date", word(&row, "LAST_ACTIVITY_DATE"));
    user.insert("absent", false);
    user.insert(
        "departments",
        departments_of(&row).into_iter().collect::<Value>(),
    );
    Some(user)
}

fn kept(state: &PortalData, user: u64, name: &str) -> Option<Value> {
    state.preferences.get(&Some(user))?.get(name).cloned()
}

fn status(state: &PortalData, user: u64) -> String {
    kept(state, user, STATUS).map_or_else(|| "online".to_owned(), |status| status.to_text())
}

/// `im.user.get`: the user who calls if none is named.
pub(crate) fn user_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = ids(call, "ID").first().copied().unwrap_or(call.user);
    let user = user(state, id).ok_or_else(|| refused("USER_NOT_EXISTS", "User does not exist"))?;
    Ok(Output::value(&Value::Array(user)))
}

/// `im.user.list.get`: by ID; those that are not there are null.
pub(crate) fn users_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn own_status(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Text(status(state, call.user))))
}

/// `im.user.status.set`
pub(crate) fn set_status(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
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

/// What is acknowledged and changes nothing that can be asked for: that somebody is idle, or writes.
pub(crate) fn acknowledged(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(done())
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
pub(crate) fn departments(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(DEPARTMENT);
    let rows = ids(call, "ID").into_iter().filter_map(|id| table.get(id));
    let rows: Value = rows.map(|row| department(&row)).collect();
    Ok(Output::value(&rows))
}

/// `im.department.managers.get`: a list for each department.
pub(crate) fn managers(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn employees(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn colleagues(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn find_users(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
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
pub(crate) fn find_departments(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
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
pub(crate) fn find_chats(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let phrase = phrase(call)?;
    let table = state.table(CHAT);
    let rows = table.ids(1, u64::MAX).map(|id| table.row(id));
    let found = rows.filter(|row| word(row, "TITLE").to_lowercase().contains(&phrase));
    let found: Vec<Array> = found.take(50).map(|row| dialog(&row)).collect();
    let count = found.len() as i64;
    let mut output = Output::value(&found.into_iter().collect::<Value>());
    output.total = Some(count);
    Ok(output)
}

/// `im.search.last.get`: what was searched for last, the latest first.
pub(crate) fn last_searched(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let dialogs = kept(state, call.user, LAST_SEARCHED).unwrap_or_default();
    let item = |id: String| {
        let mut item = Array::new();
        let chat = id.strip_prefix("chat").and_then(|id| id.parse().ok());
        if let Some(row) = chat.and_then(|id: u64| state.table(CHAT).get(id)) {
            item.insert("id", id);
            item.insert("type", "chat");
            item.insert("title", word(&row, "TITLE"));
            item.insert("chat", dialog(&row));
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
pub(crate) fn add_last_searched(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const MOST: usize = 20;
    change_last_searched(state, call, |dialogs, dialog| {
        dialogs.insert(0, dialog);
        dialogs.truncate(MOST);
    })
}

/// `im.search.last.delete`
pub(crate) fn delete_last_searched(
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

fn dialog_id(call: &Call<'_>) -> Result<String, MethodError> {
    match call.text("DIALOG_ID") {
        id if id.is_empty() => Err(refused("DIALOG_ID_EMPTY", "Dialog ID can't be empty")),
        id => Ok(id),
    }
}

/// The chat that a call names by `CHAT_ID` or `DIALOG_ID`.
fn chat_id(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let named = match call.text("CHAT_ID") {
        id if id.is_empty() => call.text("DIALOG_ID"),
        id => id,
    };
    if named.is_empty() {
        return Err(refused("CHAT_ID_EMPTY", "Chat ID can't be empty"));
    }
    let id = named.strip_prefix("chat").unwrap_or(&named).parse().ok();
    let id = id.filter(|&id| state.table(CHAT).get(id).is_some());
    id.ok_or_else(|| refused("ACCESS_ERROR", "Action unavailable"))
}

fn dialog(row: &Row<'_>) -> Array {
    let mut dialog = Array::new();
    dialog.insert("id", row.id as i64);
    dialog.insert("parent_chat_id", 0);
    dialog.insert("parent_message_id", 0);
    dialog.insert("name", word(row, "TITLE"));
    dialog.insert("description", "");
    dialog.insert("owner", cell(row, "OWNER").to_int().unwrap_or(0));
    dialog.insert("extranet", false);
    dialog.insert("avatar", "");
    dialog.insert("color", "#4ba984");
    dialog.insert("type", "chat");
    dialog.insert("counter", cell(row, "COUNTER").to_int().unwrap_or(0));
    dialog.insert("user_counter", 1);
    dialog.insert("dialog_id", format!("chat{}", row.id));
    dialog.insert("date_create", word(row, "DATE_CREATE"));
    dialog
}

/// `im.dialog.get`
pub(crate) fn dialog_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    dialog_id(call)?;
    let chat = chat_id(state, call)?;
    let row = state.table(CHAT).row(chat);
    Ok(Output::value(&Value::Array(dialog(&row))))
}

/// `im.dialog.read`: up to the last message.
pub(crate) fn read(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    let chat: i64 = dialog
        .strip_prefix("chat")
        .unwrap_or(&dialog)
        .parse()
        .unwrap_or(0);
    let named: i64 = call.text("MESSAGE_ID").parse().unwrap_or(0);
    let messages = state.table(MESSAGE);
    let of_chat = |id: &u64| cell(&messages.row(*id), "CHAT_ID").to_int() == Some(chat);
    let last = messages.written().iter().copied().filter(of_chat).max();
    let mut answer = Array::new();
    answer.insert("dialogId", dialog);
    answer.insert("chatId", chat);
    answer.insert(
        "lastId",
        if named > 0 {
            named
        } else {
            last.unwrap_or(0) as i64
        },
    );
    answer.insert("counter", 0);
    Ok(Output::value(&Value::Array(answer)))
}

/// What is acknowledged of a dialog: that it is unread, pinned, hidden, or that somebody writes there.
pub(crate) fn heard_of_dialog(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    dialog_id(call)?;
    Ok(done())
}

/// What is acknowledged of a chat: its colour, its picture, that it is muted or left.
pub(crate) fn heard_of_chat(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    chat_id(state, call)?;
    Ok(done())
}

/// The members of a chat: its owner, and who was added.
fn members_of_chat(state: &PortalData, chat: u64) -> Vec<i64> {
    let row = state.table(CHAT).row(chat);
    let owner = cell(&row, "OWNER").to_int();
    let added = state.chat_members.get(&chat).cloned().unwrap_or_default();
    let mut members: Vec<i64> = owner.into_iter().collect();
    members.extend(
        added
            .into_iter()
            .map(|id| id as i64)
            .filter(|id| Some(*id) != owner),
    );
    members
}

/// `im.chat.user.list`
pub(crate) fn chat_members(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let members: Value = members_of_chat(state, chat).into_iter().collect();
    Ok(Output::value(&members))
}

/// `im.dialog.users.list`
pub(crate) fn dialog_members(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    dialog_id(call)?;
    let chat = chat_id(state, call)?;
    let members = members_of_chat(state, chat).into_iter();
    let users = members.filter_map(|id| user(state, u64::try_from(id).ok()?));
    Ok(Output::value(&users.collect::<Value>()))
}

/// `im.chat.user.add`
pub(crate) fn add_members(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let members = state.chat_members.entry(chat).or_default();
    members.extend(ids(call, "USERS"));
    Ok(done())
}

/// `im.chat.user.delete`
pub(crate) fn delete_member(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let users = ids(call, "USER_ID");
    let user = users.first().copied();
    let user = user.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
    if let Some(members) = state.chat_members.get_mut(&chat) {
        members.remove(&user);
    }
    Ok(done())
}

/// `im.chat.setowner`
pub(crate) fn set_owner(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let owner = ids(call, "USER_ID").first().copied();
    let owner = owner.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
    let table = state.table_mut(CHAT);
    if let Some(field) = table.schema.legacy("OWNER") {
        table.update(chat, [(field, Value::Int(owner as i64))]);
    }
    Ok(done())
}
