//! Messages, notifications and chats that integrations write, and the bots that write them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::bots::events;
use super::chats::{self, done, insert, refused};
use super::messenger;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::fixtures::collection::to_json;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("im", "im.chat.get", chat_of_object),
        write!("im", "im.message.add", add),
        write!("im", "im.message.update", update),
        write!("im", "im.message.delete", delete),
        write!("im", "im.message.like", like),
        write!("im", "im.message.share", share),
        write!("imbot", "imbot.message.like", like),
        write!("im", "im.chat.add", add_chat),
        write!("im", "im.chat.updatetitle", rename_chat),
        read!("imbot", "imbot.bot.list", bots),
        write!("imbot", "imbot.message.add", add_as_bot),
        write!("imbot", "imbot.message.update", update),
        write!("imbot", "imbot.message.delete", delete),
        write!("imbot", "imbot.chat.add", add_chat),
        write!("imbot", "imbot.chat.get", chat_of_object),
        write!("imbot", "imbot.chat.updatetitle", rename_chat),
    ]
    .into_iter()
}

/// `im.message.add`: the ID of the message.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let author = call.user;
    write(state, call, author)
}

/// `imbot.message.add`: as its bot.
pub(crate) fn add_as_bot(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let bot = call.params.get_ignoring_case("BOT_ID").map(Value::to_text);
    let bots = state.record_table("imbot");
    let found = match (bots, bot) {
        (Some(bots), Some(bot)) => bots.find(&[bot], &[]),
        // Without a name it is the only bot that there is.
        (Some(bots), None) => bots.ids(&[], &[]).first().copied(),
        _ => None,
    };
    let bot = found.ok_or_else(|| refused("BOT_ID_ERROR", "Bot not found"))?;
    write(state, call, bot)
}

fn write(state: &mut PortalData, call: &Call<'_>, author: u64) -> Result<Output, MethodError> {
    let message = call.text("MESSAGE");
    let has_attachment = call.params.get_ignoring_case("ATTACH").is_some();
    if message.is_empty() && !has_attachment {
        return Err(refused("MESSAGE_EMPTY", "Message can't be empty"));
    }
    check_parts(call)?;
    let (dialog, chat) = (call.text("DIALOG_ID"), call.text("CHAT_ID"));
    let dialog = if dialog.is_empty() && !chat.is_empty() {
        format!("chat{chat}")
    } else {
        dialog
    };
    let chat = if let Some(chat) = dialog.strip_prefix("chat") {
        let chat = chat.parse().ok();
        chat.filter(|&id| state.table(CHAT).get(id).is_some())
    } else {
        let user: Option<u64> = dialog.parse().ok();
        let user = user.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
        if messenger::user(state, user).is_none() {
            return Err(refused("USER_NOT_FOUND", "User not found"));
        }
        Some(chats::private_chat(author, user))
    };
    let chat = chat.ok_or_else(|| {
        refused(
            "ACCESS_ERROR",
            "You do not have access to the specified dialog",
        )
    })?;
    let id = chats::say(state, call, chat, author, &message);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// Refuses an attachment, a keyboard or a menu that is not well formed. An empty one counts as absent.
pub(super) fn check_parts(call: &Call<'_>) -> Result<(), MethodError> {
    /// So many letters an attachment has at most, written as JSON.
    const LONGEST: usize = 60_000;
    for (name, code, text) in [
        ("ATTACH", "ATTACH_ERROR", "Incorrect attach params"),
        ("KEYBOARD", "KEYBOARD_ERROR", "Incorrect keyboard params"),
        ("MENU", "MENU_ERROR", "Incorrect menu params"),
    ] {
        let Some(given) = call.params.get_ignoring_case(name) else {
            continue;
        };
        let written = match given {
            Value::Array(_) => to_json(given).to_string(),
            Value::Text(text) => text.clone(),
            _ => String::new(),
        };
        // A text may be the JSON of it.
        let is_json = written.trim_start().starts_with(['{', '['])
            && serde_json::from_str::<serde_json::Value>(&written).is_ok();
        let is_emptied = matches!(given, Value::Text(text) if matches!(text.as_str(), "" | "N"));
        if !is_json && !is_emptied {
            return Err(refused(code, text));
        }
        if name == "ATTACH" && written.chars().count() > LONGEST {
            let text = "You have exceeded the maximum allowable size of attach";
            return Err(refused("ATTACH_OVERSIZE", text));
        }
    }
    Ok(())
}

/// `im.message.update` and `imbot.message.update`: an empty text deletes the message.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    let message = call.text("MESSAGE");
    let table = state.table_mut(MESSAGE);
    match table.schema.legacy("TEXT") {
        Some(field) if !message.is_empty() => {
            table.update(id, [(field, Value::Text(message))]);
            events::message_changed(state, call, id);
        }
        _ => {
            events::message_deleted(state, call, id);
            state.table_mut(MESSAGE).delete(id);
        }
    }
    Ok(done())
}

/// `im.message.delete` and `imbot.message.delete`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = existing(state, call)?;
    events::message_deleted(state, call, id);
    state.table_mut(MESSAGE).delete(id);
    Ok(done())
}

/// `im.message.like` and `imbot.message.like`: sets the mark, takes it away, or does the other than there is.
pub(crate) fn like(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id: Option<u64> = call.text("MESSAGE_ID").parse().ok();
    let id = id.filter(|&id| state.table(MESSAGE).contains(id));
    let id = id.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    let by = match call.text("BOT_ID").parse() {
        Ok(bot) => bot,
        Err(_) => call.user,
    };
    let is_liked = || {
        let marks = chats::reactions(state, id);
        marks
            .iter()
            .any(|(mark, user)| mark == "like" && *user == by)
    };
    let is_set = match call.text("ACTION").to_ascii_lowercase().as_str() {
        "plus" => true,
        "minus" => false,
        _ => !is_liked(),
    };
    if !chats::react(state, call, id, by, ("like", is_set)) {
        let text = "Action completed without changes";
        return Err(refused("WITHOUT_CHANGES", text));
    }
    Ok(done())
}

/// `im.message.share`: a chat, a task, a post in the feed or an event in the calendar with the text of the message.
pub(crate) fn share(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id: Option<u64> = call.text("MESSAGE_ID").parse().ok();
    let id = id.filter(|&id| state.table(MESSAGE).contains(id));
    let id = id.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    if call.text("DIALOG_ID").is_empty() {
        return Err(refused("DIALOG_ID_EMPTY", "Dialog ID can't be empty"));
    }
    let text = chats::word(&state.table(MESSAGE).row(id), "TEXT");
    let fields = |pairs: &[(&str, &str)]| -> Array {
        pairs.iter().map(|(name, value)| (*name, *value)).collect()
    };
    let user = call.user.to_string();
    let (method, params) = match call.text("TYPE").to_ascii_uppercase().as_str() {
        "CHAT" => ("im.chat.add", fields(&[("TITLE", &text)])),
        "TASK" => {
            let task = fields(&[("TITLE", &text), ("RESPONSIBLE_ID", &user)]);
            ("tasks.task.add", Array::from_iter([("fields", task)]))
        }
        "POST" => ("log.blogpost.add", fields(&[("POST_MESSAGE", &text)])),
        "CALEND" => {
            let now = moment::text(call.seconds());
            let event = [
                ("type", "user"),
                ("ownerId", &user),
                ("name", &text),
                ("from", &now),
                ("to", &now),
            ];
            ("calendar.event.add", fields(&event))
        }
        _ => return Err(refused("PARAMS_ERROR", "Incorrect params")),
    };
    call.method = method.into();
    call.params = params;
    let method = super::find(method).map(|method| method.handler);
    match method {
        Some(super::method::Handler::Write(write)) => write(state, call)?,
        _ => return Err(refused("PARAMS_ERROR", "Incorrect params")),
    };
    Ok(done())
}

fn existing(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id: Option<u64> = call.text("MESSAGE_ID").parse().ok();
    let id = id.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    let found = state.table(MESSAGE).get(id).map(|_| id);
    found.ok_or_else(|| {
        let why = "Time has expired for modification or you don't have access";
        refused("CANT_EDIT_MESSAGE", why)
    })
}

/// Adds a chat of the caller. Gives its ID.
pub(super) fn new_chat(state: &mut PortalData, call: &Call<'_>, title: &str, text: &str) -> u64 {
    let now = || Value::Text(moment::text(call.seconds()));
    insert(
        state,
        CHAT,
        [
            ("TITLE", title.into()),
            ("OWNER", Value::Int(call.user as i64)),
            ("COUNTER", Value::Int(0)),
            ("PINNED", Value::Bool(false)),
            ("UNREAD", Value::Bool(false)),
            ("DATE_CREATE", now()),
            ("DATE_UPDATE", now()),
            ("TEXT", text.into()),
        ],
    )
}

/// `im.chat.add`: the ID of the chat.
pub(crate) fn add_chat(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = new_chat(state, call, &call.text("TITLE"), &call.text("MESSAGE"));
    let users: Vec<u64> = match call.params.get_ignoring_case("USERS") {
        Some(Value::Array(users)) => users
            .values()
            .filter_map(|user| u64::try_from(user.to_int()).ok())
            .collect(),
        _ => Vec::new(),
    };
    if !users.is_empty() {
        let members = state.chat_members.entry(id).or_default();
        members.extend(users.iter().copied());
    }
    let mut details = vec![
        ("description", Value::from(call.text("DESCRIPTION"))),
        ("entityType", call.text("ENTITY_TYPE").into()),
        ("entityId", call.text("ENTITY_ID").into()),
    ];
    details.extend(chats::color(&call.text("COLOR")).map(|color| ("color", color.into())));
    chats::set_details(state, call, id, details);
    events::members_added(state, call, id, &users);
    let first = call.text("MESSAGE");
    if !first.is_empty() {
        chats::say(state, call, id, call.user, &first);
    }
    if !call.text("ENTITY_TYPE").is_empty() {
        let kept = state.preferences.entry(None).or_default();
        kept.insert(object_of_chat(call).as_str(), id as i64);
    }
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `im.chat.updatetitle`
pub(crate) fn rename_chat(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id: Option<u64> = call.text("CHAT_ID").parse().ok();
    let id = id.ok_or_else(|| refused("CHAT_ID_EMPTY", "Chat ID can't be empty"))?;
    let title = call.text("TITLE");
    if title.is_empty() {
        return Err(refused("TITLE_EMPTY", "Title can't be empty"));
    }
    let table = state.table_mut(CHAT);
    if table.get(id).is_none() {
        return Err(refused("ACCESS_ERROR", "Action unavailable"));
    }
    if let Some(field) = table.schema.legacy("TITLE") {
        table.update(id, [(field, Value::Text(title))]);
    }
    Ok(done())
}

/// `imbot.bot.list`: by ID.
pub(crate) fn bots(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut bots = Array::new();
    if let Some(table) = state.record_table("imbot") {
        for id in table.ids(&[], &[]) {
            let row = table.get(id).cloned().map(serde_json::Value::Object);
            let row = row.map(Value::from).unwrap_or_default();
            let text = |path: &[&str]| row.deepest(path).to_text();
            let mut bot = Array::new();
            bot.insert("ID", id as i64);
            bot.insert("NAME", text(&["PROPERTIES", "NAME"]));
            bot.insert("CODE", text(&["CODE"]));
            bot.insert("OPENLINE", text(&["OPENLINE"]));
            bots.insert(id.to_string().as_str(), bot);
        }
    }
    Ok(Output::value(&Value::Array(bots)))
}

/// `im.chat.get`: the chat that an object has, by the type and the ID that the chat was added with.
pub(crate) fn chat_of_object(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let name = object_of_chat(call);
    let kept = state
        .preferences
        .get(&None)
        .and_then(|kept| kept.get(&name));
    let id = kept
        .map(Value::to_int)
        .and_then(|id| u64::try_from(id).ok());
    let id = id.filter(|&id| state.table(CHAT).contains(id));
    Ok(Output::value(&match id {
        Some(id) => Value::Array(Array::from_iter([("ID", id as i64)])),
        None => Value::Null,
    }))
}

/// How the chat of an object is kept among the preferences of the portal.
fn object_of_chat(call: &Call<'_>) -> String {
    format!(
        "im.chat.{}.{}",
        call.text("ENTITY_TYPE"),
        call.text("ENTITY_ID")
    )
}
