//! `im.*`: chats by `LIMIT` and `OFFSET`, their messages by the ID of the last one seen.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::chats::{self, ChatDetails, DialogMarks, PrivateDialog, int, word as text};
use super::notifications::NotificationDetails;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::list::condition::{Condition, Operand, Relation};
use crate::data::list::paging::Slice;
use crate::data::list::query::{Direction, Query, Sort, Work};
use crate::data::schema::ID;
use crate::data::table::Row;
use crate::methods::method::{Handler, Method, read};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("im", "im.counters.get", counters),
        read!("im", "im.recent.list", recent),
        read!("im", "im.recent.get", recent_alone),
        read!("im", "im.notify.get", notifications),
        read!("im", "im.notify.history.search", find_notifications),
        read!("im", "im.dialog.messages.search", find_messages),
        read!("im", "im.dialog.messages.get", messages),
    ]
    .into_iter()
}

/// `im.recent.list`: dialogs with people, then chats, the later first. Next to the rows stand words about them, and
/// `total` is -1 (documented), for nobody counts them.
pub(crate) fn recent(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const MOST: u64 = 50;
    let table = state.table(CHAT);
    let newest = vec![Sort {
        field: ID,
        direction: Direction::Descending,
    }];
    let query = Query::new(table, Condition::Always, newest);
    let caller = call.user;
    let is_hidden = |dialog: &str| DialogMarks::of(state, caller, dialog).is_hidden();
    let mut people = chats::private_dialogs(state, caller);
    people.retain(|dialog| !is_hidden(&dialog.other.to_string()));
    let slice = Slice::of_limit(&call.params, MOST);
    let count = people.len() as u64;
    let shown = people.iter().skip(slice.offset as usize);
    let people: Vec<&PrivateDialog> = shown.take(slice.limit as usize).collect();
    let behind = Slice {
        offset: slice.offset.saturating_sub(count),
        limit: slice.limit - people.len() as u64,
    };
    let mut ids = behind.page(&query, call);
    let more = behind.offset.saturating_add(ids.len() as u64) < query.count();
    ids.retain(|id| !is_hidden(&format!("chat{id}")));
    let people = people
        .into_iter()
        .filter_map(|dialog| person(state, dialog, caller));
    let chats = ids.iter().map(|&id| chat(state, &table.row(id), caller));
    let items: Value = people.chain(chats).collect();
    let mut answer = Array::from_iter([("items", items)]);
    answer.insert("hasMorePages", more);
    answer.insert("hasMore", more);
    answer.insert("copilot", Value::Null);
    answer.insert("messagesAutoDeleteConfigs", Array::new());
    let mut output = Output::value(&Value::Array(answer));
    output.total = Some(-1);
    Ok(output)
}

/// A dialog with somebody as the user who calls sees it.
fn person(state: &PortalData, dialog: &PrivateDialog, caller: u64) -> Option<Array> {
    let other = super::messenger::user(state, dialog.other)?;
    let messages = state.table(MESSAGE);
    let row = messages.row(dialog.last);
    let marks = DialogMarks::of(state, caller, &dialog.other.to_string());
    let of = |name: &str| other.get(name).cloned().unwrap_or_default();
    let mut avatar = Array::from_iter([("url", of("avatar"))]);
    avatar.insert("color", of("color"));
    let author = int(&row, "AUTHOR_ID");
    let mut item = Array::new();
    item.insert("id", dialog.other.to_string());
    item.insert("chat_id", int(&row, "CHAT_ID"));
    item.insert("type", "user");
    item.insert("avatar", avatar);
    item.insert("title", of("name"));
    item.insert("message", last_message(dialog.last as i64, &row, author));
    item.insert("counter", dialog.unread);
    item.insert("last_id", marks.read_to() as i64);
    item.insert("pinned", marks.pinned().unwrap_or(false));
    item.insert("unread", marks.unread().unwrap_or(false));
    item.insert("has_reminder", false);
    item.insert("date_update", text(&row, "DATE"));
    item.insert("date_last_activity", text(&row, "DATE"));
    item.insert("user", other);
    item.insert("options", Array::new());
    Some(item)
}

fn last_message(id: i64, row: &Row<'_>, author: i64) -> Array {
    let date = ["DATE_UPDATE", "DATE"].map(|name| text(row, name));
    let date = date.into_iter().find(|date| !date.is_empty());
    let mut message = Array::new();
    message.insert("id", id);
    message.insert("text", text(row, "TEXT"));
    message.insert("file", false);
    message.insert("author_id", author);
    message.insert("attach", false);
    message.insert("date", date.unwrap_or_default());
    message.insert("status", "received");
    message.insert("uuid", Value::Null);
    message.insert("sticker", Value::Null);
    message
}

/// `im.counters.get`: what the user who calls has not read: notifications, and messages of others to him.
fn counters(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let caller = call.user;
    let ids = found(state, call, notifications_of(state, caller), |_| true);
    let unread = ids
        .iter()
        .filter(|&&id| !NotificationDetails::of(state, id).is_read());
    let notified = unread.count() as i64;
    let people = chats::private_dialogs(state, caller);
    let people = people.into_iter().filter(|dialog| dialog.unread > 0);
    let people: Vec<(String, i64)> = people
        .map(|dialog| (dialog.other.to_string(), dialog.unread))
        .collect();
    let written: i64 = people.iter().map(|(_, unread)| unread).sum();
    let mut kinds = Array::from_iter([("ALL", notified + written), ("NOTIFY", notified)]);
    for (name, count) in [
        ("CHAT", 0),
        ("LINES", 0),
        ("DIALOG", written),
        ("MESSENGER", written),
    ] {
        kinds.insert(name, count);
    }
    let mut counters = Array::from_iter([("TYPE", kinds)]);
    for name in ["CHAT", "CHAT_MUTED", "CHAT_UNREAD", "LINES"] {
        counters.insert(name, Array::new());
    }
    let mut by_person = Array::new();
    for (other, unread) in people {
        by_person.insert(other.as_str(), unread);
    }
    counters.insert("DIALOG", by_person);
    counters.insert("DIALOG_UNREAD", Array::new());
    Ok(Output::value(&Value::Array(counters)))
}

fn flag(row: &Row<'_>, name: &str) -> bool {
    matches!(text(row, name).as_str(), "Y" | "1" | "true")
}

/// A chat as the user who calls sees it.
fn chat(state: &PortalData, row: &Row<'_>, caller: u64) -> Array {
    let id = row.id as i64;
    let details = ChatDetails::of(state, row.id);
    let marks = DialogMarks::of(state, caller, &format!("chat{id}"));
    let message = last_message(id, row, int(row, "OWNER"));
    let mut about = super::messenger::dialog(state, row, caller);
    about.insert("contains_collaber", false);
    about.insert("restrictions", restrictions());
    let (entity_type, entity_id) = details.entity();
    about.insert("entity_link", entity_link(&entity_type, entity_id));
    about.insert("permissions", permissions());
    let mut item = Array::new();
    item.insert("id", format!("chat{id}"));
    item.insert("chat_id", id);
    item.insert("type", "chat");
    item.insert(
        "avatar",
        Array::from_iter([("url", details.avatar()), ("color", details.color())]),
    );
    item.insert("title", text(row, "TITLE"));
    item.insert("message", message);
    item.insert("counter", int(row, "COUNTER"));
    item.insert("last_id", id);
    item.insert(
        "pinned",
        marks.pinned().unwrap_or_else(|| flag(row, "PINNED")),
    );
    item.insert(
        "unread",
        marks.unread().unwrap_or_else(|| flag(row, "UNREAD")),
    );
    item.insert("has_reminder", false);
    item.insert("date_update", text(row, "DATE_UPDATE"));
    item.insert("date_last_activity", text(row, "DATE_UPDATE"));
    item.insert("chat", about);
    // A chat is nobody's dialog.
    item.insert("user", Array::from_iter([("id", 0)]));
    item.insert("options", Array::new());
    item
}

/// What a chat belongs to.
pub(super) fn entity_link(kind: &str, id: String) -> Array {
    let mut link = Array::from_iter([("type", kind)]);
    link.insert("url", "");
    link.insert("id", id);
    link
}

/// What may be done in a chat at all.
pub(super) fn restrictions() -> Array {
    let names = [
        "avatar",
        "rename",
        "extend",
        "call",
        "mute",
        "leave",
        "leave_owner",
        "send",
        "user_list",
    ];
    names.into_iter().map(|name| (name, true)).collect()
}

/// Which role a member needs for what.
pub(super) fn permissions() -> Array {
    Array::from_iter([
        ("manage_users_add", "member"),
        ("manage_users_delete", "manager"),
        ("manage_ui", "member"),
        ("manage_settings", "owner"),
        ("manage_messages", "member"),
        ("can_post", "member"),
    ])
}

/// `im.dialog.messages.get`: with `LAST_ID` the messages before it, the latest first; with `FIRST_ID` those after it,
/// the earliest first; with neither the latest. 20 of them, or `LIMIT`, and never more than 50.
pub(crate) fn messages(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: i64 = 20;
    const MOST: i64 = 50;
    let dialog = call.params.get_ignoring_case("DIALOG_ID");
    let dialog = dialog.map(Value::to_text).unwrap_or_default();
    let chat = chats::number_of(&dialog, call.user).and_then(|chat| i64::try_from(chat).ok());
    let chat =
        chat.ok_or_else(|| MethodError::new(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty"))?;
    let number = |name: &str| call.params.get_ignoring_case(name).map(Value::to_int);
    let limit = number("LIMIT").filter(|&limit| limit > 0).unwrap_or(USUAL);
    let limit = limit.min(MOST).unsigned_abs();
    let (bound, direction) = match (number("FIRST_ID"), number("LAST_ID")) {
        (Some(first), _) => (
            Condition::compare(ID, Relation::Greater, Operand::Int(first)),
            Direction::Ascending,
        ),
        (None, Some(last)) if last > 0 => (
            Condition::compare(ID, Relation::Less, Operand::Int(last)),
            Direction::Descending,
        ),
        (None, _) => (Condition::Always, Direction::Descending),
    };
    let table = state.table(MESSAGE);
    let of = in_chat(state, chat);
    let order = vec![Sort {
        field: ID,
        direction,
    }];
    let ids = Query::new(table, of.and(bound), order).page(0, limit);
    Work {
        rows: ids.len() as u64,
        ..Work::default()
    }
    .charge(call);
    let rows = ids.iter().map(|&id| message(state, &table.row(id)));
    let mut authors: Vec<i64> = ids
        .iter()
        .map(|&id| int(&table.row(id), "AUTHOR_ID"))
        .collect();
    authors.sort_unstable();
    authors.dedup();
    let users = authors.into_iter().map(|id| user(state, id));
    let mut result = Array::new();
    result.insert("chat_id", chat);
    result.insert("messages", rows.collect::<Value>());
    result.insert("users", users.collect::<Value>());
    result.insert("files", Array::new());
    Ok(Output::value(&Value::Array(result)))
}

fn message(state: &PortalData, row: &Row<'_>) -> Array {
    let mut message = Array::new();
    message.insert("id", row.id as i64);
    message.insert("chat_id", int(row, "CHAT_ID"));
    message.insert("author_id", int(row, "AUTHOR_ID"));
    message.insert("date", text(row, "DATE"));
    message.insert("text", text(row, "TEXT"));
    message.insert("unread", flag(row, "UNREAD"));
    message.insert("uuid", text(row, "UUID"));
    message.insert("replaces", Array::new());
    message.insert("params", chats::message_params(state, row.id));
    message.insert("disappearing_date", Value::Null);
    message
}

/// A user as the messenger shows him; of one who is not there, his number.
fn user(state: &PortalData, id: i64) -> Array {
    let known = u64::try_from(id).ok();
    let known = known.and_then(|id| super::messenger::user(state, id));
    known.unwrap_or_else(|| Array::from_iter([("id", id)]))
}

/// `im.recent.get`: what `im.recent.list` shows first, without words about it.
pub(crate) fn recent_alone(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let all = recent(state, call)?;
    let items = all.to_value().get("items").cloned().unwrap_or_default();
    Ok(Output::value(&items))
}

/// Messages that meet a condition and pass a test, the latest first, from before `LAST_ID` and at most `LIMIT` of them.
fn found(
    state: &PortalData,
    call: &mut Call<'_>,
    condition: Condition,
    passes: impl Fn(&Row<'_>) -> bool,
) -> Vec<u64> {
    const MOST: usize = 50;
    let number = |name: &str| call.params.get_ignoring_case(name).map(Value::to_int);
    let limit = number("LIMIT").and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|&limit| limit > 0).unwrap_or(MOST).min(MOST);
    let before = number("LAST_ID").filter(|&last| last > 0);
    let before = before.map_or(Condition::Always, |before| {
        Condition::compare(ID, Relation::Less, Operand::Int(before))
    });
    let newest = vec![Sort {
        field: ID,
        direction: Direction::Descending,
    }];
    let table = state.table(MESSAGE);
    let all = Query::new(table, condition.and(before), newest).page(0, u64::MAX);
    let passing = all.into_iter().filter(|id| passes(&table.row(*id)));
    let ids: Vec<u64> = passing.take(limit).collect();
    Work {
        rows: ids.len() as u64,
        ..Work::default()
    }
    .charge(call);
    ids
}

/// What the messages have in common that are in a chat.
fn in_chat(state: &PortalData, chat: i64) -> Condition {
    let at = state.table(MESSAGE).schema.legacy("CHAT_ID");
    at.map_or(Condition::Never, |at| {
        Condition::equal(at, Operand::Int(chat))
    })
}

/// What the notifications of a user have in common: such messages are in no chat.
fn notifications_of(state: &PortalData, user: u64) -> Condition {
    let at = state.table(MESSAGE).schema.legacy("AUTHOR_ID");
    let of_user = at.map_or(Condition::Never, |at| {
        Condition::equal(at, Operand::Int(user as i64))
    });
    in_chat(state, 0).and(of_user)
}

fn notification(state: &PortalData, row: &Row<'_>) -> Array {
    let details = NotificationDetails::of(state, row.id);
    let mut map = Array::new();
    map.insert("id", row.id as i64);
    map.insert("chat_id", 0);
    map.insert("author_id", int(row, "AUTHOR_ID"));
    map.insert("date", text(row, "DATE"));
    map.insert("notify_type", details.kind());
    map.insert("notify_module", "rest");
    map.insert("notify_event", "rest_notify");
    map.insert("notify_tag", details.tag());
    map.insert("notify_sub_tag", details.sub_tag());
    map.insert("notify_title", "");
    map.insert("setting_name", "rest|rest_notify");
    map.insert("text", text(row, "TEXT"));
    map.insert("notify_read", if details.is_read() { "Y" } else { "N" });
    map.insert("params", Value::Null);
    map
}

fn check_last(call: &Call<'_>) -> Result<(), MethodError> {
    let last = call.text("LAST_ID");
    if !last.is_empty() && last.parse::<u64>().is_err() {
        let text = "Last notification ID can't be string";
        return Err(MethodError::new(400, "LAST_ID_STRING", text));
    }
    Ok(())
}

/// `im.notify.get`: the notifications of the caller, the latest first.
pub(crate) fn notifications(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    if call.text("LAST_ID").is_empty() != call.text("LAST_TYPE").is_empty() {
        let text = "Parameters LAST_ID and LAST_TYPE should be used together";
        return Err(MethodError::new(400, "LAST_ID_AND_LAST_TYPE", text));
    }
    check_last(call)?;
    let caller = call.user;
    let ids = found(state, call, notifications_of(state, caller), |_| true);
    let mut result = Array::new();
    result.insert("total_count", ids.len() as i64);
    let unread = ids
        .iter()
        .filter(|&&id| !NotificationDetails::of(state, id).is_read());
    result.insert("total_unread_count", unread.count() as i64);
    result.insert("chat_id", 0);
    Ok(with_notifications(result, state, caller, &ids))
}

/// A result with notifications of a user, and the user.
fn with_notifications(mut result: Array, state: &PortalData, caller: u64, ids: &[u64]) -> Output {
    let table = state.table(MESSAGE);
    let rows = ids.iter().map(|&id| notification(state, &table.row(id)));
    result.insert("notifications", rows.collect::<Value>());
    let users = [user(state, caller as i64)];
    result.insert("users", users.into_iter().collect::<Value>());
    Output::value(&Value::Array(result))
}

/// `im.notify.history.search`: those that hold a text of three letters or more.
pub(crate) fn find_notifications(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const SHORTEST: usize = 3;
    check_last(call)?;
    let searched = call.text("SEARCH_TEXT").to_lowercase();
    if !searched.is_empty() && searched.chars().count() < SHORTEST {
        let text = "SEARCH_TEXT can't be less than 3 symbols";
        return Err(MethodError::new(400, "SEARCH_TEXT_ERROR", text));
    }
    let caller = call.user;
    let ids = found(state, call, notifications_of(state, caller), |row| {
        text(row, "TEXT").to_lowercase().contains(&searched)
    });
    let mut result = Array::new();
    result.insert("chat_id", 0);
    result.insert("total_results", ids.len() as i64);
    Ok(with_notifications(result, state, caller, &ids))
}

/// `im.dialog.messages.search`: the messages of a chat that hold a text.
pub(crate) fn find_messages(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let chat = call.text("CHAT_ID");
    if chat.is_empty() {
        let text = "CHAT_ID can't be empty";
        return Err(MethodError::new(400, "CHAT_ID_EMPTY", text));
    }
    let of: i64 = chat.parse().unwrap_or(0);
    let is_known = u64::try_from(of).is_ok_and(|id| state.table(CHAT).contains(id));
    if !is_known {
        let text = "You do not have access to this chat";
        return Err(MethodError::new(403, "ACCESS_ERROR", text));
    }
    let searched = call.text("SEARCH_MESSAGE").to_lowercase();
    let ids = found(state, call, in_chat(state, of), |row| {
        text(row, "TEXT").to_lowercase().contains(&searched)
    });
    let table = state.table(MESSAGE);
    let mut authors: Vec<i64> = ids
        .iter()
        .map(|&id| int(&table.row(id), "AUTHOR_ID"))
        .collect();
    authors.sort_unstable();
    authors.dedup();
    let rows = ids.iter().map(|&id| message(state, &table.row(id)));
    let mut result = Array::new();
    result.insert(
        "users",
        authors
            .into_iter()
            .map(|id| user(state, id))
            .collect::<Value>(),
    );
    result.insert("messages", rows.collect::<Value>());
    for nothing in [
        "files",
        "additionalMessages",
        "stickers",
        "reactions",
        "usersShort",
    ] {
        result.insert(nothing, Array::new());
    }
    result.insert("copilot", Value::Null);
    let restrictions = Array::from_iter([("isHistoryLimitExceeded", false)]);
    result.insert("tariffRestrictions", restrictions);
    Ok(Output::value(&Value::Array(result)))
}
