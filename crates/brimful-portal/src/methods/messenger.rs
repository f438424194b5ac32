//! The messenger: dialogs and their members, and what one user keeps for himself, such as what he
//! has pinned. Users, departments and the search are in `people`.

mod people;

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use people::ids;
pub(super) use people::{last_activity, user};

use super::bots::events;
use super::chats::{self, ChatDetails, cell, done, refused, word};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::table::Row;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
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
    .chain(people::methods())
}

/// What is acknowledged and changes nothing that can be asked for: that somebody is idle, or writes.
fn acknowledged(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
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
