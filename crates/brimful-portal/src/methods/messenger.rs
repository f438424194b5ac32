//! Who and what there is in the messenger: users, departments, dialogs and their members, and what one user keeps for
//! himself, such as his status and what he has pinned.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::bots::events;
use super::chats::{self, ChatDetails, cell, done, refused, word};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, DEPARTMENT, MESSAGE, USER};
use crate::data::table::Row;
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
        read!("im", "im.dialog.get", dialog_by_id),
        read!("im", "im.dialog.read", read),
        read!("im", "im.dialog.read.all", acknowledged),
        write!("im", "im.dialog.unread", unread_from),
        read!("im", "im.dialog.writing", writing),
        read!("im", "im.dialog.users.list", dialog_members),
        write!("im", "im.recent.pin", pin),
        write!("im", "im.recent.unread", mark_unread),
        write!("im", "im.recent.hide", hide),
        read!("im", "im.chat.user.list", chat_members),
        write!("im", "im.chat.user.add", add_members),
        write!("im", "im.chat.user.delete", delete_member),
        write!("im", "im.chat.setowner", set_owner),
        read!("imbot", "imbot.chat.user.list", chat_members),
        write!("imbot", "imbot.chat.user.add", add_members),
        write!("imbot", "imbot.chat.user.delete", delete_member),
        write!("imbot", "imbot.chat.setowner", set_owner),
        write!("imbot", "imbot.chat.leave", leave),
        write!("imbot", "imbot.chat.updatecolor", recolor),
        write!("imbot", "imbot.chat.updateavatar", change_avatar),
        write!("imbot", "imbot.chat.setmanager", set_manager),
        read!("imbot", "imbot.dialog.get", dialog_by_id),
        write!("im", "im.chat.leave", leave),
        write!("im", "im.chat.mute", mute),
        write!("im", "im.chat.updatecolor", recolor),
        write!("im", "im.chat.updateavatar", change_avatar),
    ]
    .into_iter()
}

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

fn departments_of(row: &Row<'_>) -> Vec<i64> {
    let mut departments = Vec::new();
    cell(row, "UF_DEPARTMENT").any(|department| {
        departments.extend(department.to_int());
        false
    });
    departments
}

/// A user, or a bot, as the messenger shows him.
pub(super) fn user(state: &PortalData, id: u64) -> Option<Array> {
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
pub(super) fn last_activity(row: &Row<'_>) -> Value {
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

/// The chat that a call wants to look into.
fn seen_dialog(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    chat_id(state, call).map_err(|refused| match refused.code.as_str() {
        "ACCESS_ERROR" => {
            let text = "You do not have access to the specified dialog";
            MethodError::new(403, "ACCESS_ERROR", text)
        }
        _ => refused,
    })
}

/// A chat as the user who calls sees it.
pub(super) fn dialog(state: &PortalData, row: &Row<'_>, caller: u64) -> Array {
    let details = ChatDetails::of(state, row.id);
    let owner = cell(row, "OWNER").to_int().unwrap_or(0);
    let members = chats::members(state, row.id);
    let written = chats::written_messages(state, row.id);
    let last = written.last().copied().unwrap_or(0) as i64;
    let (entity_type, entity_id) = details.entity();
    let caller = caller as i64;
    let role = if owner == caller {
        "owner"
    } else if details.managers().contains(&caller) {
        "manager"
    } else if members.contains(&caller) {
        "member"
    } else {
        "guest"
    };
    let mut dialog = Array::new();
    dialog.insert("id", row.id as i64);
    dialog.insert("parent_chat_id", 0);
    dialog.insert("parent_message_id", 0);
    dialog.insert("name", word(row, "TITLE"));
    dialog.insert("description", details.description());
    dialog.insert("owner", owner);
    dialog.insert("extranet", false);
    dialog.insert("avatar", details.avatar());
    dialog.insert("color", details.color());
    dialog.insert("type", "chat");
    dialog.insert("counter", cell(row, "COUNTER").to_int().unwrap_or(0));
    dialog.insert("user_counter", members.len() as i64);
    dialog.insert("message_count", written.len() as i64);
    dialog.insert("unread_id", 0);
    dialog.insert("last_message_id", last);
    dialog.insert("last_id", last);
    dialog.insert("marked_id", 0);
    dialog.insert("disk_folder_id", 0);
    dialog.insert("entity_type", entity_type);
    dialog.insert("entity_id", entity_id);
    for data in ["entity_data_1", "entity_data_2", "entity_data_3"] {
        dialog.insert(data, "");
    }
    dialog.insert("mute_list", details.muted().into_iter().collect::<Value>());
    dialog.insert("date_create", word(row, "DATE_CREATE"));
    dialog.insert("message_type", "C");
    dialog.insert("public", "");
    dialog.insert("role", role);
    dialog.insert("text_field_enabled", details.has_text_field());
    dialog.insert("background_id", Value::Null);
    dialog.insert("manager_list", managers_with(&details, owner));
    dialog.insert("dialog_id", format!("chat{}", row.id));
    dialog
}

/// The managers of a chat; its owner is one.
fn managers_with(details: &ChatDetails, owner: i64) -> Value {
    let mut managers = details.managers();
    if !managers.contains(&owner) {
        managers.insert(0, owner);
    }
    managers.into_iter().collect()
}

/// `im.dialog.get`
pub(crate) fn dialog_by_id(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    dialog_id(call)?;
    let chat = seen_dialog(state, call)?;
    let row = state.table(CHAT).row(chat);
    let mut shown = dialog(state, &row, call.user);
    let mut restrictions = super::im::restrictions();
    for name in ["path", "path_title"] {
        restrictions.insert(name, true);
    }
    shown.insert("restrictions", restrictions);
    shown.insert("permissions", super::im::permissions());
    let (kind, id) = ChatDetails::of(state, chat).entity();
    shown.insert("entity_link", super::im::entity_link(&kind, id));
    shown.insert("is_new", false);
    let written = chats::written_messages(state, chat);
    let viewers = readers(state, chat, written.last().copied());
    shown.insert("readed_list", viewers.iter().cloned().collect::<Value>());
    let mut views = Array::new();
    views.insert("message_id", written.last().copied().unwrap_or(0) as i64);
    let first = viewers.iter().take(1).map(|viewer| {
        let mut shown = viewer.clone();
        shown.remove("message_id");
        shown
    });
    views.insert("first_viewers", first.collect::<Value>());
    views.insert("count_of_viewers", viewers.len() as i64);
    shown.insert("last_message_views", views);
    Ok(Output::value(&Value::Array(shown)))
}

/// The members of a chat who have read its last message, but for its author.
fn readers(state: &PortalData, chat: u64, last: Option<u64>) -> Vec<Array> {
    let Some(last) = last else {
        return Vec::new();
    };
    let message = state.table(MESSAGE).row(last);
    let author = cell(&message, "AUTHOR_ID").to_int();
    let dialog = format!("chat{chat}");
    let members = chats::members(state, chat).into_iter();
    let readers = members
        .filter(|member| Some(*member) != author)
        .filter_map(|member| {
            let id = u64::try_from(member).ok()?;
            let marks = chats::DialogMarks::of(state, id, &dialog);
            if marks.read_to() < last {
                return None;
            }
            let name = user(state, id).and_then(|user| user.get("name").cloned());
            let mut reader = Array::new();
            reader.insert("user_id", member);
            reader.insert("user_name", name.unwrap_or_default());
            reader.insert("message_id", last as i64);
            reader.insert("date", word(&message, "DATE"));
            Some(reader)
        });
    readers.collect()
}

/// `im.dialog.read`: up to the last message.
pub(crate) fn read(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    let chat = chats::number_of(&dialog, call.user).unwrap_or(0) as i64;
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

/// `im.dialog.writing`: others see it for a moment, and nothing is kept of it.
pub(crate) fn writing(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    dialog_id(call)?;
    Ok(done())
}

/// Whether a `Y`/`N` parameter is on. Everything but `N` is, also no value, as in the portal.
pub(super) fn is_not_switched_off(call: &Call<'_>, name: &str) -> bool {
    !call.text(name).eq_ignore_ascii_case("N")
}

/// `im.recent.pin`
pub(crate) fn pin(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    chats::mark_dialog(
        state,
        call,
        &dialog,
        "pinned",
        is_not_switched_off(call, "PIN"),
    );
    Ok(done())
}

/// `im.recent.unread`
pub(crate) fn mark_unread(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    chats::mark_dialog(
        state,
        call,
        &dialog,
        "unread",
        is_not_switched_off(call, "ACTION"),
    );
    Ok(done())
}

/// `im.dialog.unread`: from a message on.
pub(crate) fn unread_from(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    if ids(call, "MESSAGE_ID").is_empty() {
        let text = "First unread message id can't be empty";
        return Err(refused("MESSAGE_ID_ERROR", text));
    }
    chats::mark_dialog(state, call, &dialog, "unread", true);
    Ok(done())
}

/// `im.recent.hide`: until somebody writes in the dialog.
pub(crate) fn hide(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dialog = dialog_id(call)?;
    chats::mark_dialog(state, call, &dialog, "hidden", true);
    Ok(done())
}

/// `im.chat.mute`
pub(crate) fn mute(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let (caller, is_muted) = ([call.user as i64], is_not_switched_off(call, "MUTE"));
    chats::list_users(state, call, chat, "muted", &caller, is_muted);
    Ok(done())
}

/// `im.chat.leave`: the caller is a member no more.
pub(crate) fn leave(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    if let Some(members) = state.chat_members.get_mut(&chat) {
        members.remove(&call.user);
    }
    Ok(done())
}

/// `im.chat.updatecolor`
pub(crate) fn recolor(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let color = chats::color(&call.text("COLOR"));
    let color = color.ok_or_else(|| refused("WRONG_COLOR", "This color currently unavailable"))?;
    if ChatDetails::of(state, chat).color() == color {
        let text = "This color currently set or chat doesn't exist";
        return Err(refused("WRONG_REQUEST", text));
    }
    chats::set_details(state, call, chat, [("color", color.into())]);
    Ok(done())
}

/// `im.chat.updateavatar`
pub(crate) fn change_avatar(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let content = call.text("AVATAR");
    if super::disk::decoded(&content).is_none_or(|content| content.is_empty()) {
        return Err(refused("AVATAR_ERROR", "Avatar incorrect type"));
    }
    let avatar = format!("/upload/im/chat{chat}/avatar.png");
    chats::set_details(state, call, chat, [("avatar", avatar.into())]);
    Ok(done())
}

/// `imbot.chat.setmanager`
pub(crate) fn set_manager(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let users: Vec<i64> = ids(call, "USER_ID")
        .into_iter()
        .map(|id| id as i64)
        .collect();
    if users.is_empty() {
        return Err(refused("USER_ID_EMPTY", "User ID can't be empty"));
    }
    let is_one = is_not_switched_off(call, "IS_MANAGER");
    chats::list_users(state, call, chat, "managers", &users, is_one);
    Ok(done())
}

/// `im.chat.user.list`
pub(crate) fn chat_members(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let members: Value = chats::members(state, chat).into_iter().collect();
    Ok(Output::value(&members))
}

/// `im.dialog.users.list`
pub(crate) fn dialog_members(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    dialog_id(call)?;
    let chat = seen_dialog(state, call)?;
    let members = chats::members(state, chat).into_iter();
    let users = members.filter_map(|id| user(state, u64::try_from(id).ok()?));
    Ok(Output::value(&users.collect::<Value>()))
}

/// `im.chat.user.add`
pub(crate) fn add_members(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = chat_id(state, call)?;
    let mut added = ids(call, "USERS");
    let members = state.chat_members.entry(chat).or_default();
    added.retain(|id| members.insert(*id));
    events::members_added(state, call, chat, &added);
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
