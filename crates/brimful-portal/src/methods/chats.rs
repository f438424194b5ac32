//! What is set of chats, of the dialogs of a user, and of messages, and how the messenger's methods read and write it.

use std::collections::BTreeMap;

use brimful_protocol::{Array, Value};

use super::bots::events;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::records::messenger::{CHAT_DETAILS, DIALOG_MARKS, REACTIONS};
use crate::data::records::{self, table::Writer};
use crate::data::table::{Record, Row};

pub(super) fn writer(call: &Call<'_>) -> Writer {
    Writer {
        user: call.user,
        now: call.seconds(),
    }
}

pub(super) fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// The record of a kind with this key, as a map; empty if there is none.
pub(super) fn kept(state: &PortalData, kind: &str, key: &[String]) -> Array {
    let table = state.record_table(kind);
    let row = table.and_then(|table| table.get(table.find(key, &[])?));
    let pairs = row.into_iter().flatten();
    pairs
        .map(|(name, value)| {
            (
                brimful_protocol::Key::from(name.as_str()),
                Value::from(value.clone()),
            )
        })
        .collect()
}

/// Writes to the record of a kind that has this key; adds it if there is none.
pub(super) fn keep(
    state: &mut PortalData,
    call: &Call<'_>,
    kind: &str,
    key: &[(&str, Value)],
    values: impl IntoIterator<Item = (&'static str, Value)>,
) {
    let Some(place) = records::place(kind) else {
        return;
    };
    let table = &mut state.records[place];
    let mut given: Array = values.into_iter().collect();
    let named: Vec<String> = key.iter().map(|(_, value)| value.to_text()).collect();
    if let Some(id) = table.find(&named, &[]) {
        table.update(id, &given, writer(call));
        return;
    }
    for (name, value) in key {
        given.insert(*name, value.clone());
    }
    table.add(&given, writer(call));
}

/// Deletes the record of a kind that has this key; whether there was one.
pub(super) fn forget(state: &mut PortalData, kind: &str, key: &[String]) -> bool {
    let Some(place) = records::place(kind) else {
        return false;
    };
    let table = &mut state.records[place];
    table.find(key, &[]).is_some_and(|id| table.delete(id))
}

/// What is set of a chat.
pub(super) struct ChatDetails {
    set: Array,
}

impl ChatDetails {
    pub(super) fn of(state: &PortalData, chat: u64) -> Self {
        Self {
            set: kept(state, CHAT_DETAILS, &[chat.to_string()]),
        }
    }

    fn text(&self, name: &str, otherwise: &str) -> String {
        let set = self.set.get(name).map(Value::to_text);
        set.unwrap_or_else(|| otherwise.to_owned())
    }

    pub(super) fn color(&self) -> String {
        self.text("color", "#4ba984")
    }

    pub(super) fn description(&self) -> String {
        self.text("description", "")
    }

    pub(super) fn avatar(&self) -> String {
        self.text("avatar", "")
    }

    pub(super) fn entity(&self) -> (String, String) {
        (self.text("entityType", ""), self.text("entityId", ""))
    }

    pub(super) fn has_text_field(&self) -> bool {
        self.set.get("textField").is_none_or(Value::is_truthy)
    }

    fn users(&self, name: &str) -> Vec<i64> {
        let users = self.set.get(name).and_then(Value::as_array);
        users
            .into_iter()
            .flat_map(Array::values)
            .map(Value::to_int)
            .collect()
    }

    pub(super) fn managers(&self) -> Vec<i64> {
        self.users("managers")
    }

    pub(super) fn muted(&self) -> Vec<i64> {
        self.users("muted")
    }
}

/// Sets something of a chat.
pub(super) fn set_details(
    state: &mut PortalData,
    call: &Call<'_>,
    chat: u64,
    values: impl IntoIterator<Item = (&'static str, Value)>,
) {
    let key = [("chatId", Value::Int(chat as i64))];
    keep(state, call, CHAT_DETAILS, &key, values);
}

/// Puts users into one of the lists that a chat has, or takes them out of it.
pub(super) fn list_users(
    state: &mut PortalData,
    call: &Call<'_>,
    chat: u64,
    list: &'static str,
    users: &[i64],
    is_in: bool,
) {
    let mut listed = ChatDetails::of(state, chat).users(list);
    listed.retain(|user| !users.contains(user));
    if is_in {
        listed.extend(users);
    }
    set_details(state, call, chat, [(list, listed.into_iter().collect())]);
}

/// The colours that chats may have, by their names.
const COLORS: [(&str, &str); 16] = [
    ("red", "#df532d"),
    ("green", "#64a513"),
    ("mint", "#4ba984"),
    ("lightblue", "#4ba5c3"),
    ("darkblue", "#3e99ce"),
    ("purple", "#8474c8"),
    ("aqua", "#1eb4aa"),
    ("pink", "#f76187"),
    ("lime", "#58cc47"),
    ("brown", "#ab7761"),
    ("azure", "#29619b"),
    ("khaki", "#728f7a"),
    ("sand", "#ba9c7b"),
    ("marengo", "#556574"),
    ("gray", "#909090"),
    ("graphite", "#5e5f5e"),
];

/// The colour with a name: `LIGHT_BLUE` or `lightBlue`.
pub(super) fn color(name: &str) -> Option<&'static str> {
    let name = name.replace('_', "").to_ascii_lowercase();
    let mut colors = COLORS.into_iter();
    colors
        .find(|(known, _)| *known == name)
        .map(|(_, color)| color)
}

/// What a user has set of a dialog.
pub(super) struct DialogMarks {
    set: Array,
}

impl DialogMarks {
    pub(super) fn of(state: &PortalData, user: u64, dialog: &str) -> Self {
        let key = [user.to_string(), dialog.to_owned()];
        Self {
            set: kept(state, DIALOG_MARKS, &key),
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.set.get(name).map(Value::is_truthy)
    }

    /// Whether it is pinned; none if the user has not said so.
    pub(super) fn pinned(&self) -> Option<bool> {
        self.flag("pinned")
    }

    pub(super) fn unread(&self) -> Option<bool> {
        self.flag("unread")
    }

    /// The last message that the user has read, by those who say so.
    pub(super) fn read_to(&self) -> u64 {
        let id = self.set.get("readTo").map_or(0, Value::to_int);
        u64::try_from(id).unwrap_or(0)
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.flag("hidden").unwrap_or(false)
    }
}

/// Notes up to which message a user has read a dialog, and says up to which one he had before.
pub(super) fn read_up_to(
    state: &mut PortalData,
    call: &Call<'_>,
    user: u64,
    dialog: &str,
    message: u64,
) -> u64 {
    let before = DialogMarks::of(state, user, dialog).read_to();
    let key = [
        ("userId", Value::Int(user as i64)),
        ("dialogId", dialog.into()),
    ];
    let read_to = Value::Int(before.max(message) as i64);
    keep(state, call, DIALOG_MARKS, &key, [("readTo", read_to)]);
    before
}

/// Sets something of a dialog for the user who calls.
pub(super) fn mark_dialog(
    state: &mut PortalData,
    call: &Call<'_>,
    dialog: &str,
    mark: &'static str,
    is_set: bool,
) {
    let key = [
        ("userId", Value::Int(call.user as i64)),
        ("dialogId", dialog.into()),
    ];
    keep(
        state,
        call,
        DIALOG_MARKS,
        &key,
        [(mark, Value::Bool(is_set))],
    );
}

/// Forgets that users had hidden a dialog: something was written in it.
pub(super) fn show_dialog(state: &mut PortalData, dialog: &str) {
    let Some(place) = records::place(DIALOG_MARKS) else {
        return;
    };
    let table = &mut state.records[place];
    let is_hidden = |row: &serde_json::Map<String, serde_json::Value>| {
        row.get("dialogId").and_then(|id| id.as_str()) == Some(dialog)
            && row.get("hidden").is_some_and(|hidden| hidden == true)
    };
    let hidden: Vec<u64> = table
        .rows()
        .filter(|(_, row)| is_hidden(row))
        .map(|(id, _)| id)
        .collect();
    let shown = Array::from_iter([("hidden", false)]);
    for id in hidden {
        table.update(id, &shown, Writer { user: 0, now: 0 });
    }
}

/// The users who marked a message, by the mark, the first first.
pub(super) fn reactions(state: &PortalData, message: u64) -> Vec<(String, u64)> {
    let table = state.record_table(REACTIONS);
    let rows = table.into_iter().flat_map(records::RecordTable::rows);
    let of = rows.filter(|(_, row)| {
        row.get("messageId").and_then(serde_json::Value::as_u64) == Some(message)
    });
    of.filter_map(|(_, row)| {
        let mark = row.get("reaction")?.as_str()?;
        Some((mark.to_owned(), row.get("userId")?.as_u64()?))
    })
    .collect()
}

/// The `params` of a message: who likes it. PHP writes an empty map as a list.
pub(super) fn message_params(state: &PortalData, message: u64) -> Array {
    let likes = reactions(state, message).into_iter();
    let likes = likes.filter(|(mark, _)| mark == "like");
    let users: Vec<i64> = likes.map(|(_, user)| user as i64).collect();
    let mut params = Array::new();
    if !users.is_empty() {
        params.insert("LIKE", users.into_iter().collect::<Value>());
    }
    params
}

/// Marks a message, or takes the mark away; whether that changes anything.
pub(super) fn react(
    state: &mut PortalData,
    call: &Call<'_>,
    message: u64,
    user: u64,
    (reaction, is_set): (&str, bool),
) -> bool {
    let key = [message.to_string(), user.to_string(), reaction.to_owned()];
    if !is_set {
        let was_set = forget(state, REACTIONS, &key);
        if was_set {
            events::reaction_changed(state, call, message, user, (reaction, false));
        }
        return was_set;
    }
    if !kept(state, REACTIONS, &key).is_empty() {
        return false;
    }
    let key = [
        ("messageId", Value::Int(message as i64)),
        ("userId", Value::Int(user as i64)),
        ("reaction", reaction.into()),
    ];
    keep(state, call, REACTIONS, &key, []);
    events::reaction_changed(state, call, message, user, (reaction, true));
    true
}

pub(super) fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.legacy(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

pub(super) fn int(row: &Row<'_>, name: &str) -> i64 {
    cell(row, name).to_int().unwrap_or(0)
}

pub(super) fn word(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

/// Adds a row with these values.
pub(super) fn insert<const N: usize>(
    state: &mut PortalData,
    entity: usize,
    values: [(&str, Value); N],
) -> u64 {
    let table = state.table_mut(entity);
    let mut record = Record::default();
    for (name, value) in values {
        if let Some(field) = table.schema.legacy(name) {
            record.set(field, value);
        }
    }
    table.insert(record)
}

/// Writes a message into a chat: its ID.
pub(super) fn say(
    state: &mut PortalData,
    call: &Call<'_>,
    chat: u64,
    author: u64,
    message: &str,
) -> u64 {
    let now = crate::context::moment::text(call.seconds());
    let id = insert(
        state,
        MESSAGE,
        [
            ("CHAT_ID", Value::Int(chat as i64)),
            ("AUTHOR_ID", Value::Int(author as i64)),
            ("DATE", Value::Text(now.clone())),
            ("TEXT", message.into()),
        ],
    );
    let table = state.table_mut(CHAT);
    if table.contains(chat) {
        let values = [("TEXT", Value::from(message)), ("DATE_UPDATE", now.into())];
        let values: Vec<(usize, Value)> = values
            .into_iter()
            .filter_map(|(name, value)| Some((table.schema.legacy(name)?, value)))
            .collect();
        table.update(chat, values);
        show_dialog(state, &format!("chat{chat}"));
    }
    events::message_written(state, call, id);
    id
}

/// The number of the first chat of two users.
const FIRST_PRIVATE: u64 = 1_000_000_000;
/// More than there are users.
const USERS: u64 = 10_000_000;

/// The number of the chat that two users have with each other. Chats of more have lower ones.
pub(super) fn private_chat(one: u64, other: u64) -> u64 {
    FIRST_PRIVATE + one.min(other) % USERS * USERS + one.max(other) % USERS
}

/// The other one of the two whose chat this is, if it is a chat of `user` with somebody.
fn other_in(chat: u64, user: u64) -> Option<u64> {
    let pair = chat.checked_sub(FIRST_PRIVATE)?;
    match (pair / USERS, pair % USERS) {
        (one, other) if one == user => Some(other),
        (one, other) if other == user => Some(one),
        _ => None,
    }
}

/// What two users have written to each other, as one of them sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PrivateDialog {
    pub(super) other: u64,
    /// The last message.
    pub(super) last: u64,
    /// How many messages of the other are not read.
    pub(super) unread: i64,
}

/// The dialogs that a user has with others, the one with the latest message first.
pub(super) fn private_dialogs(state: &PortalData, user: u64) -> Vec<PrivateDialog> {
    let messages = state.table(MESSAGE);
    let mut dialogs: BTreeMap<u64, Vec<(u64, i64)>> = BTreeMap::new();
    for &id in messages.written() {
        let row = messages.row(id);
        let chat = u64::try_from(int(&row, "CHAT_ID")).ok();
        if let Some(other) = chat.and_then(|chat| other_in(chat, user)) {
            let message = (id, int(&row, "AUTHOR_ID"));
            dialogs.entry(other).or_default().push(message);
        }
    }
    let seen = |(other, messages): (u64, Vec<(u64, i64)>)| {
        let read_to = DialogMarks::of(state, user, &other.to_string()).read_to();
        let unread = messages
            .iter()
            .filter(|(id, author)| *id > read_to && *author != user as i64);
        PrivateDialog {
            other,
            last: messages.last().map_or(0, |(id, _)| *id),
            unread: unread.count() as i64,
        }
    };
    let mut dialogs: Vec<PrivateDialog> = dialogs.into_iter().map(seen).collect();
    dialogs.sort_by_key(|dialog| std::cmp::Reverse(dialog.last));
    dialogs
}

/// The number of the chat that a user means by `chat5`, or by `5`, another user.
pub(super) fn number_of(dialog: &str, user: u64) -> Option<u64> {
    match dialog.strip_prefix("chat") {
        Some(chat) => chat.parse().ok(),
        None => dialog.parse().ok().map(|other| private_chat(user, other)),
    }
}

/// The members of a chat: its owner, and who was added.
pub(super) fn members(state: &PortalData, chat: u64) -> Vec<i64> {
    let row = state.table(CHAT).row(chat);
    let owner = cell(&row, "OWNER").to_int();
    let added = state.chat_members.get(&chat).cloned().unwrap_or_default();
    let mut members: Vec<i64> = owner.into_iter().collect();
    let added = added.into_iter().map(|id| id as i64);
    members.extend(added.filter(|id| Some(*id) != owner));
    members
}

/// The messages of a chat that calls have written, by their IDs.
pub(super) fn written_messages(state: &PortalData, chat: u64) -> Vec<u64> {
    let messages = state.table(MESSAGE);
    let ids = messages.written().iter().copied();
    ids.filter(|id| int(&messages.row(*id), "CHAT_ID") == chat as i64)
        .collect()
}

/// `true`, under nothing.
pub(super) fn done() -> Output {
    Output::value(&Value::Bool(true))
}
