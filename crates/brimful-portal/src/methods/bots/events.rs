//! What bots hear: messages to them, commands, chats that they are added to, and reactions to what they have written.
//!
//! Bots of the newer API ask for it (`imbot.v2.Event.get`), or are posted to (`eventMode` is `webhook`), as those of
//! `imbot.register` always are (`posts.rs`). `withUserEvents` is passed over.

use brimful_protocol::{Array, Value};

use super::{bot, bots, chats, commands, field, kind, messages, named, posts, user};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::bot_posts;
use crate::data::entities::CHAT;
use crate::data::records::messenger::BOT_EVENTS;
use crate::data::records::{self, RecordTable};
use crate::methods::chats as dialogs;

/// So many events wait at the most, of all bots together; the oldest are dropped.
const MOST: usize = 10_000;

/// The bots of the newer API.
fn newer(state: &PortalData) -> Vec<u64> {
    let rows = bots(state).into_iter().flat_map(RecordTable::rows);
    let newer = rows.filter(|(_, row)| bot_posts::is_newer(row));
    newer.map(|(id, _)| id).collect()
}

/// Whether a bot is in a chat, or the chat is one with it alone.
fn is_in(state: &PortalData, chat: u64, bot: u64, other: u64) -> bool {
    if chat == dialogs::private_chat(bot, other) {
        return true;
    }
    state.table(CHAT).contains(chat) && chats::is_member(state, chat, bot)
}

/// A chat as events show it: nothing of it depends on who looks.
fn chat(state: &PortalData, id: u64, bot: u64, other: u64) -> Array {
    if state.table(CHAT).contains(id) {
        let mut chat = chats::describe(state, id, bot);
        chat.remove("role");
        chat.remove("muteList");
        return chat;
    }
    let mut chat = Array::from_iter([("id", id as i64)]);
    chat.insert("dialogId", other.to_string());
    chat.insert("type", "private");
    chat.insert("name", "");
    chat.insert("entityType", "");
    chat.insert("owner", bot as i64);
    chat.insert("avatar", "");
    chat.insert("color", "#ab7761");
    chat
}

/// Puts an event into the queue of a bot, or posts it to the bot. What it says of the bot is added when it is read.
fn note(
    state: &mut PortalData,
    call: &Call<'_>,
    bot: u64,
    event: &'static str,
    data: impl IntoIterator<Item = (&'static str, Value)>,
) {
    if field(state, bot, &["EVENT_MODE"]).to_text() == "webhook" {
        posts::newer(state, bot, event, data);
        return;
    }
    let Some(place) = records::place(BOT_EVENTS) else {
        return;
    };
    let mut given = Array::from_iter([("botId", bot as i64)]);
    given.insert("type", event);
    given.insert("date", moment::text(call.seconds()));
    given.insert("data", data.into_iter().collect::<Array>());
    let table = &mut state.records[place];
    table.add(&given, dialogs::writer(call));
    let oldest = table.rows().next().map(|(id, _)| id);
    let is_full = table.rows().count() > MOST;
    if let Some(oldest) = oldest.filter(|_| is_full) {
        table.delete(oldest);
    }
}

/// Forgets what waits for a bot.
pub(super) fn forget(state: &mut PortalData, bot: u64) {
    if let Some(place) = records::place(BOT_EVENTS) {
        for number in of_bot(&state.records[place], bot) {
            state.records[place].delete(number);
        }
    }
}

/// The events that wait for a bot.
fn of_bot(table: &RecordTable, bot: u64) -> Vec<u64> {
    let own = table.rows().filter(|(_, row)| {
        let of = row.get("botId").and_then(serde_json::Value::as_u64);
        of == Some(bot)
    });
    own.map(|(number, _)| number).collect()
}

/// What an event says of a message: itself, its chat and its author.
fn about(
    state: &PortalData,
    message: u64,
    bot: u64,
    by: u64,
) -> Option<Vec<(&'static str, Value)>> {
    let id = messages::chat_of(state, message)?;
    Some(vec![
        ("message", Value::Array(messages::describe(state, message))),
        ("chat", Value::Array(chat(state, id, bot, by))),
        ("user", user(state, by).map_or(Value::Null, Value::Array)),
        ("language", "ru".into()),
    ])
}

/// Who wrote a message.
fn author(state: &PortalData, message: u64) -> u64 {
    u64::try_from(messages::author(state, message)).unwrap_or(0)
}

/// The bots that a message is for, beside the one that wrote it: those that it names, that it is for alone, or that hear
/// everything.
fn hearers(state: &PortalData, bots: Vec<u64>, message: u64) -> Vec<u64> {
    let by = author(state, message);
    let Some(chat) = messages::chat_of(state, message) else {
        return Vec::new();
    };
    let text = messages::text_of(state, message);
    let is_for = |bot: &u64| {
        let is_private = chat == dialogs::private_chat(*bot, by);
        let hears_all = matches!(kind(state, *bot), "personal" | "supervisor");
        let is_named = text.contains(&format!("[USER={bot}]"));
        *bot != by
            && is_in(state, chat, *bot, by)
            && (is_private || hears_all || is_named || !called(state, *bot, &text).is_empty())
    };
    bots.into_iter().filter(is_for).collect()
}

/// The commands of a bot that a text calls, each with what follows it.
pub(super) fn called(state: &PortalData, bot: u64, text: &str) -> Vec<(u64, String, String)> {
    let commands = commands::of(state, bot).into_iter();
    let commands: Vec<(u64, String)> = commands
        .map(|id| (id, commands::called(state, id)))
        .collect();
    let mut found = Vec::new();
    for line in text.lines() {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let command = commands.iter().find(|(_, name)| name == word);
        found.extend(command.map(|(id, name)| (*id, name.clone(), rest.trim().to_owned())));
    }
    found
}

/// A message was written.
pub(in crate::methods) fn message_written(state: &mut PortalData, call: &Call<'_>, message: u64) {
    let by = author(state, message);
    for bot in hearers(state, newer(state), message) {
        let Some(data) = about(state, message, bot, by) else {
            continue;
        };
        let called = called(state, bot, &messages::text_of(state, message));
        if called.is_empty() {
            note(state, call, bot, "ONIMBOTV2MESSAGEADD", data);
            continue;
        }
        for (id, name, params) in called {
            let mut command = Array::from_iter([("id", id as i64)]);
            command.insert("command", name);
            command.insert("params", params);
            command.insert("context", "textarea");
            let command = ("command", Value::Array(command));
            let data = std::iter::once(command).chain(data.clone());
            note(state, call, bot, "ONIMBOTV2COMMANDADD", data);
        }
    }
    for bot in hearers(state, posts::older(state), message) {
        posts::message_written(state, bot, message, by);
    }
}

/// A message was changed.
pub(in crate::methods) fn message_changed(state: &mut PortalData, call: &Call<'_>, message: u64) {
    let by = author(state, message);
    for bot in hearers(state, newer(state), message) {
        if let Some(data) = about(state, message, bot, by) {
            note(state, call, bot, "ONIMBOTV2MESSAGEUPDATE", data);
        }
    }
    let event = ("ONIMBOTMESSAGEUPDATE", "EVENT_MESSAGE_UPDATE");
    for bot in hearers(state, posts::older(state), message) {
        posts::message_changed(state, bot, message, by, event);
    }
}

/// A message is about to be deleted.
pub(in crate::methods) fn message_deleted(state: &mut PortalData, call: &Call<'_>, message: u64) {
    let by = author(state, message);
    for bot in hearers(state, newer(state), message) {
        let data = about(state, message, bot, by)
            .unwrap_or_default()
            .into_iter();
        let id = ("messageId", Value::Int(message as i64));
        let data = data.filter(|(name, _)| *name != "message");
        note(
            state,
            call,
            bot,
            "ONIMBOTV2MESSAGEDELETE",
            std::iter::once(id).chain(data),
        );
    }
    let event = ("ONIMBOTMESSAGEDELETE", "EVENT_MESSAGE_DELETE");
    for bot in hearers(state, posts::older(state), message) {
        posts::message_changed(state, bot, message, by, event);
    }
}

/// Users were added to a chat, bots perhaps among them.
pub(in crate::methods) fn members_added(
    state: &mut PortalData,
    call: &Call<'_>,
    id: u64,
    added: &[u64],
) {
    posts::members_added(state, call, id, added);
    for bot in newer(state) {
        if !added.contains(&bot) {
            continue;
        }
        let by = user(state, call.user).map_or(Value::Null, Value::Array);
        let data = [
            ("dialogId", format!("chat{id}").into()),
            ("chat", Value::Array(chat(state, id, bot, call.user))),
            ("user", by),
            ("language", "ru".into()),
        ];
        note(state, call, bot, "ONIMBOTV2JOINCHAT", data);
    }
}

/// Somebody has changed a reaction to a message; bots hear of those to their own.
pub(in crate::methods) fn reaction_changed(
    state: &mut PortalData,
    call: &Call<'_>,
    message: u64,
    by: u64,
    (reaction, is_set): (&str, bool),
) {
    let bot = author(state, message);
    if bot == by || !newer(state).contains(&bot) {
        return;
    }
    let Some(about) = about(state, message, bot, by) else {
        return;
    };
    let action = if is_set { "add" } else { "delete" };
    let data = [("reaction", reaction.into()), ("action", action.into())];
    let data = data.into_iter().chain(about);
    note(state, call, bot, "ONIMBOTV2REACTIONCHANGE", data);
}

/// `imbot.v2.Event.get(botId, offset, limit)`: what waits; events below the offset are confirmed and gone.
pub(super) fn get(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: usize = 100;
    const LARGEST: usize = 1_000;
    let id = named(state, call)?;
    let number = |name: &str| call.text(name).trim().parse::<u64>().ok();
    let offset = number("offset").unwrap_or(0);
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.unwrap_or(USUAL).clamp(1, LARGEST);
    let mut waiting = Vec::new();
    if let Some(place) = records::place(BOT_EVENTS) {
        let table = &mut state.records[place];
        for number in of_bot(table, id) {
            if number < offset {
                table.delete(number);
            } else {
                waiting.push(number);
            }
        }
    }
    let has_more = waiting.len() > limit;
    waiting.truncate(limit);
    let next = waiting.last().map_or(offset, |last| last + 1);
    let events: Value = waiting
        .into_iter()
        .map(|number| event(state, id, number))
        .collect();
    let mut answer = Array::from_iter([("events", events)]);
    answer.insert("nextOffset", next as i64);
    answer.insert("hasMore", has_more);
    Ok(Output::value(&Value::Array(answer)))
}

fn event(state: &PortalData, id: u64, number: u64) -> Array {
    let table = state.record_table(BOT_EVENTS);
    let row = table.and_then(|table| table.get(number));
    let of = |name: &str| {
        let value = row.and_then(|row| row.get(name)).cloned();
        value.map(Value::from).unwrap_or_default()
    };
    let mut data = Array::from_iter([("bot", bot(state, id))]);
    if let Value::Array(about) = of("data") {
        for (name, value) in about.iter() {
            data.insert(name.clone(), value.clone());
        }
    }
    let mut event = Array::from_iter([("eventId", number as i64)]);
    event.insert("type", of("type"));
    event.insert("date", of("date"));
    event.insert("data", data);
    event
}
