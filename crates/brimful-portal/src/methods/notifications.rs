//! Notifications: messages that one user gets and that are in no chat, and their state.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::chats::{self, done, insert, int, refused};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::MESSAGE;
use crate::data::records;
use crate::data::records::messenger::NOTIFICATIONS;
use crate::methods::method::{Handler, Method, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("im", "im.notify", add),
        write!("im", "im.notify.personal.add", add),
        write!("im", "im.notify.system.add", add),
        write!("im", "im.notify.delete", delete_named),
        write!("im", "im.notify.answer", answer),
        write!("im", "im.notify.confirm", confirm),
        write!("im", "im.notify.read.all", read_all),
        write!("im", "im.notify.read", read),
        write!("im", "im.notify.read.list", read_list),
    ]
    .into_iter()
}

/// What is known of a notification beside its text.
pub(super) struct NotificationDetails {
    set: Array,
}

impl NotificationDetails {
    pub(super) fn of(state: &PortalData, id: u64) -> Self {
        Self {
            set: chats::kept(state, NOTIFICATIONS, &[id.to_string()]),
        }
    }

    fn text(&self, name: &str) -> String {
        self.set.get(name).map(Value::to_text).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        self.set.get(name).is_some_and(Value::is_truthy)
    }

    pub(super) fn tag(&self) -> String {
        self.text("tag")
    }

    pub(super) fn sub_tag(&self) -> String {
        self.text("subTag")
    }

    pub(super) fn is_read(&self) -> bool {
        self.flag("isRead")
    }

    /// The number of the type: that of systems, and that of persons.
    pub(super) fn kind(&self) -> i64 {
        if self.flag("system") { 4 } else { 2 }
    }
}

fn set(
    state: &mut PortalData,
    call: &Call<'_>,
    id: u64,
    values: impl IntoIterator<Item = (&'static str, Value)>,
) {
    let key = [("messageId", Value::Int(id as i64))];
    chats::keep(state, call, NOTIFICATIONS, &key, values);
}

/// Whether a message is a notification of a user.
pub(super) fn is_of(state: &PortalData, id: u64, user: u64) -> bool {
    let row = state.table(MESSAGE).get(id);
    row.is_some_and(|row| int(&row, "CHAT_ID") == 0 && int(&row, "AUTHOR_ID") == user as i64)
}

/// The notifications of a user that calls have written.
fn written(state: &PortalData, user: u64) -> Vec<u64> {
    let ids = state.table(MESSAGE).written().iter().copied();
    ids.filter(|id| is_of(state, *id, user)).collect()
}

/// A tag as the portal keeps it: what one application calls a notification is another's name too.
fn tag_of(call: &Call<'_>, name: &str) -> String {
    let tag = call.text(name);
    if tag.is_empty() {
        return tag;
    }
    let application = match call.text("CLIENT_ID") {
        client if client.is_empty() => call.application.unwrap_or_default().to_owned(),
        client => client,
    };
    format!("MP|{application}|{tag}")
}

/// The notifications that carry a tag.
fn tagged(state: &PortalData, name: &str, tag: &str) -> Vec<u64> {
    let table = state.record_table(NOTIFICATIONS);
    let rows = table.into_iter().flat_map(records::RecordTable::rows);
    let carries = rows.filter(|(_, row)| row.get(name).and_then(|tag| tag.as_str()) == Some(tag));
    let ids = carries.filter_map(|(_, row)| row.get("messageId")?.as_u64());
    ids.collect()
}

fn delete(state: &mut PortalData, id: u64) {
    state.table_mut(MESSAGE).delete(id);
    chats::forget(state, NOTIFICATIONS, &[id.to_string()]);
}

/// `im.notify.personal.add` and `im.notify.system.add`: the ID of the notification. One with the same tag goes.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = match call.text("USER_ID") {
        user if user.is_empty() => call.text("TO").parse().ok(),
        user => user.parse().ok(),
    };
    let user = user.filter(|&user: &u64| user > 0);
    let user = user.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
    let message = call.text("MESSAGE").trim().to_owned();
    if message.is_empty() {
        return Err(refused("MESSAGE_EMPTY", "Message can't be empty"));
    }
    super::messages::check_parts(call)?;
    let tag = tag_of(call, "TAG");
    if !tag.is_empty() {
        for earlier in tagged(state, "tag", &tag) {
            delete(state, earlier);
        }
    }
    let id = insert(
        state,
        MESSAGE,
        [
            ("CHAT_ID", Value::Int(0)),
            ("AUTHOR_ID", Value::Int(user as i64)),
            ("DATE", Value::Text(moment::text(call.seconds()))),
            ("TEXT", Value::Text(message)),
        ],
    );
    let is_system = call.method.contains("system") || call.text("TYPE") == "SYSTEM";
    let details = [
        ("system", Value::Bool(is_system)),
        ("tag", tag.into()),
        ("subTag", tag_of(call, "SUB_TAG").into()),
    ];
    set(state, call, id, details);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `im.notify.delete`: true, whether the caller had such a notification or not.
pub(crate) fn delete_named(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let [tag, sub_tag] = ["TAG", "SUB_TAG"].map(|name| tag_of(call, name));
    let mut named = if let Ok(id) = call.text("ID").parse() {
        vec![id]
    } else if !tag.is_empty() {
        tagged(state, "tag", &tag)
    } else if !sub_tag.is_empty() {
        tagged(state, "subTag", &sub_tag)
    } else {
        return Err(refused("PARAMS_ERROR", "Incorrect params"));
    };
    named.retain(|&id| is_of(state, id, call.user));
    for id in named {
        delete(state, id);
    }
    Ok(done())
}

/// Whether a call marks notifications as read; it marks them as unread if it says anything but `Y`.
fn reads(call: &Call<'_>) -> bool {
    matches!(call.text("ACTION").as_str(), "" | "Y")
}

/// `im.notify.read`: one, or one and all after it.
pub(crate) fn read(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Ok(id) = call.text("ID").parse::<u64>() else {
        return Ok(done());
    };
    let only = call.text("ONLY_CURRENT") == "Y";
    let mut named = written(state, call.user);
    named.retain(|one| if only { *one == id } else { *one >= id });
    let is_read = reads(call);
    for id in named {
        set(state, call, id, [("isRead", Value::Bool(is_read))]);
    }
    Ok(done())
}

/// `im.notify.read.list`
pub(crate) fn read_list(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let ids = call
        .params
        .get_ignoring_case("IDS")
        .and_then(Value::as_array);
    let ids = ids.ok_or_else(|| refused("PARAMS_ERROR", "No IDS param or it is not an array"))?;
    let ids = ids.values().map(Value::to_int);
    let ids: Vec<u64> = ids
        .map_while(|id| u64::try_from(id).ok().filter(|id| *id > 0))
        .collect();
    let is_read = reads(call);
    for id in ids
        .into_iter()
        .filter(|id| is_of(state, *id, call.user))
        .collect::<Vec<_>>()
    {
        set(state, call, id, [("isRead", Value::Bool(is_read))]);
    }
    Ok(done())
}

/// `im.notify.read.all`
pub(crate) fn read_all(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for id in written(state, call.user) {
        set(state, call, id, [("isRead", Value::Bool(true))]);
    }
    let mut answer = Array::from_iter([("result", true)]);
    answer.insert("newCounter", 0);
    Ok(Output::value(&Value::Array(answer)))
}

/// The notification that a call answers to, if it is one of the caller's.
fn answered(state: &PortalData, call: &Call<'_>) -> Result<Option<u64>, MethodError> {
    let named = match call.text("NOTIFY_ID") {
        id if id.is_empty() => call.text("ID"),
        id => id,
    };
    let id = named.parse().ok().filter(|&id: &u64| id > 0);
    let id = id.ok_or_else(|| refused("ID_ERROR", "Notification ID can't be empty"))?;
    Ok(Some(id).filter(|&id| is_of(state, id, call.user)))
}

fn reply_message(text: &str) -> Output {
    let texts: Value = [text].into_iter().collect();
    Output::value(&Value::Array(Array::from_iter([("result_message", texts)])))
}

/// `im.notify.answer`: the notification is read then.
pub(crate) fn answer(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = answered(state, call)?;
    let text = call.text("ANSWER_TEXT");
    if text.trim().is_empty() {
        return Err(refused("ANSWER_TEXT_ERROR", "ANSWER_TEXT can't be empty"));
    }
    if let Some(id) = id {
        let values = [("isRead", Value::Bool(true)), ("answer", text.into())];
        set(state, call, id, values);
    }
    Ok(reply_message("Your response has been successfully sent."))
}

/// `im.notify.confirm`: a notification whose button was pressed is gone.
pub(crate) fn confirm(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = answered(state, call)?;
    if call.text("NOTIFY_VALUE").is_empty() {
        let text = "Notification Value can't be empty";
        return Err(refused("NOTIFY_VALUE_ERROR", text));
    }
    if let Some(id) = id {
        delete(state, id);
    }
    Ok(reply_message("Invitation accepted"))
}
