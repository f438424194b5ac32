//! What is posted to bots of `imbot.register`: messages to them, commands, chats that they are added to.
//!
//! A bot hears what names it (`[USER=ID]`), what is written to it alone, and all that is written in a chat where it is a
//! supervisor. Of messages that are changed or deleted hear bots of open lines and supervisors alone.

use brimful_protocol::Value;
use serde_json::{Map, Value as Json, json};

use super::{bots, chats, commands, field, messages, user};
use crate::context::Call;
use crate::data::PortalData;
use crate::data::bot_posts::{self, BotPost, BotPostForm, PostedBot};
use crate::data::entities::CHAT;
use crate::data::records::RecordTable;
use crate::methods::chats as dialogs;

/// Bots of `imbot.register`.
pub(super) fn older(state: &PortalData) -> Vec<u64> {
    let rows = bots(state).into_iter().flat_map(RecordTable::rows);
    let older = rows.filter(|(_, row)| !bot_posts::is_newer(row));
    older.map(|(id, _)| id).collect()
}

/// A value as posts have it: all of them are texts.
pub(super) fn posted(value: &Value) -> Json {
    match value {
        Value::Null => json!(""),
        Value::Bool(value) => json!(if *value { "1" } else { "0" }),
        Value::Array(array) => {
            let members = array.iter();
            Json::Object(
                members
                    .map(|(name, value)| (name.to_text(), posted(value)))
                    .collect(),
            )
        }
        other => json!(other.to_text()),
    }
}

/// Has a bot be told of something at the address that it has under `name`, if it has one.
fn post(
    state: &mut PortalData,
    bot: u64,
    (event, name): (&'static str, &str),
    data: Map<String, Json>,
    form: BotPostForm,
) {
    let row = bots(state).and_then(|bots| bots.get(bot));
    let Some(row) = row else {
        return;
    };
    let handler = bot_posts::handler(row, name);
    if handler.is_empty() {
        return;
    }
    let post = BotPost {
        bot: PostedBot::of(bot, row),
        event,
        handler,
        data,
        form,
    };
    state.post_to_bot(post);
}

/// Posts an event to a bot of the newer API.
pub(super) fn newer(
    state: &mut PortalData,
    bot: u64,
    event: &'static str,
    data: impl IntoIterator<Item = (&'static str, Value)>,
) {
    let data = data.into_iter();
    let data = data.map(|(name, value)| (name.to_owned(), posted(&value)));
    let handler = (event, "EVENT_HANDLER");
    post(state, bot, handler, data.collect(), BotPostForm::Newer);
}

/// The author of a message, or who has added a bot to a chat.
fn about_user(state: &PortalData, id: u64) -> Json {
    let Some(shown) = user(state, id) else {
        return json!({});
    };
    let of = |name: &str| shown.get(name).map(Value::to_text).unwrap_or_default();
    let is_bot = shown.get("bot").is_some_and(Value::is_truthy);
    json!({
        "ID": id.to_string(),
        "NAME": of("name"),
        "FIRST_NAME": of("firstName"),
        "LAST_NAME": of("lastName"),
        "WORK_POSITION": of("workPosition"),
        "GENDER": of("gender"),
        "IS_BOT": if is_bot { "Y" } else { "N" },
        "IS_CONNECTOR": "N",
        "IS_NETWORK": "N",
        "IS_EXTRANET": "N",
    })
}

fn params(params: Json) -> Map<String, Json> {
    match params {
        Json::Object(params) => params,
        _ => Map::new(),
    }
}

/// What a post says of the chat of a message; nothing of the chat that a user has with the bot alone.
fn about_chat(state: &PortalData, chat: u64, bot: u64) -> Map<String, Json> {
    if !state.table(CHAT).contains(chat) {
        return Map::new();
    }
    let shown = chats::describe(state, chat, bot);
    let of = |name: &str| shown.get(name).map(Value::to_text).unwrap_or_default();
    params(json!({
        "CHAT_ID": chat.to_string(),
        "CHAT_TITLE": of("name"),
        "CHAT_AUTHOR_ID": of("owner"),
        "CHAT_ENTITY_TYPE": of("entityType"),
        "CHAT_ENTITY_ID": of("entityId"),
        "CHAT_ENTITY_DATA_1": of("entityData1"),
        "CHAT_ENTITY_DATA_2": of("entityData2"),
        "CHAT_ENTITY_DATA_3": of("entityData3"),
        "CHAT_USER_COUNT": of("userCounter"),
    }))
}

/// A text without the bot's own name before it, or nothing if it is not named.
fn without_name(text: &str, bot: u64) -> Option<String> {
    let (before, named) = text.split_once(&format!("[USER={bot}]"))?;
    let (_, after) = named.split_once("[/USER]")?;
    let after = after.strip_prefix(',').unwrap_or(after);
    let after = after.strip_prefix(' ').unwrap_or(after);
    Some(format!("{before}{after}"))
}

/// What a post says of a message.
fn about_message(state: &PortalData, message: u64, bot: u64) -> Option<Map<String, Json>> {
    let chat = messages::chat_of(state, message)?;
    let by = u64::try_from(messages::author(state, message)).unwrap_or(0);
    let is_private = !state.table(CHAT).contains(chat);
    let letter = if is_private { "P" } else { "C" };
    let text = messages::text_of(state, message);
    let named = without_name(&text, bot).filter(|_| !is_private);
    let dialog = if is_private {
        by.to_string()
    } else {
        format!("chat{chat}")
    };
    let mut said = params(json!({
        "MESSAGE": named.as_ref().unwrap_or(&text),
        "MESSAGE_ID": message.to_string(),
        "MESSAGE_TYPE": letter,
        "CHAT_TYPE": letter,
        "FROM_USER_ID": by.to_string(),
        "AUTHOR_ID": by.to_string(),
        "DIALOG_ID": dialog,
        "TO_CHAT_ID": chat.to_string(),
        "CHAT_USER_COUNT": "2",
        "SYSTEM": "N",
        "PUSH": "Y",
        "PUSH_IMPORTANT": "N",
        "SKIP_COMMAND": "N",
        "SKIP_CONNECTOR": "N",
        "SILENT_CONNECTOR": "N",
        "COMMAND_CONTEXT": "TEXTAREA",
        "PLATFORM_CONTEXT": "web",
        "LANGUAGE": "ru",
    }));
    said.extend(about_chat(state, chat, bot));
    if is_private || named.is_some() {
        said.insert("TO_USER_ID".to_owned(), json!(bot.to_string()));
    }
    if named.is_some() {
        let name = bot.to_string();
        said.insert("MENTIONED_LIST".to_owned(), json!({ name.clone(): name }));
        said.insert("MESSAGE_ORIGINAL".to_owned(), json!(text));
    }
    Some(said)
}

fn data(said: &Map<String, Json>, user: &Json) -> Map<String, Json> {
    params(json!({"PARAMS": said, "USER": user}))
}

/// A message was written to a bot of `imbot.register`.
pub(super) fn message_written(state: &mut PortalData, bot: u64, message: u64, by: u64) {
    let Some(said) = about_message(state, message, bot) else {
        return;
    };
    let is_first = messages::chat_of(state, message).is_some_and(|chat| {
        let is_private = chat == dialogs::private_chat(bot, by);
        is_private && dialogs::written_messages(state, chat).first() == Some(&message)
    });
    if is_first {
        joined_private(state, bot, by);
    }
    let user = about_user(state, by);
    let text = messages::text_of(state, message);
    let called = super::events::called(state, bot, &text);
    if called.is_empty() {
        let event = ("ONIMBOTMESSAGEADD", "EVENT_MESSAGE_ADD");
        post(state, bot, event, data(&said, &user), BotPostForm::UnderBot);
        return;
    }
    for (id, name, rest) in called {
        let handler = commands::value(state, id, "EVENT_COMMAND_ADD").to_text();
        let called = params(json!({
            "COMMAND": name.trim_start_matches('/'),
            "COMMAND_ID": id.to_string(),
            "COMMAND_PARAMS": rest,
            "COMMAND_CONTEXT": "TEXTAREA",
            "MESSAGE_ID": message.to_string(),
        }));
        let row = bots(state).and_then(|bots| bots.get(bot));
        let Some(row) = row.filter(|_| !handler.is_empty()) else {
            continue;
        };
        let post = BotPost {
            bot: PostedBot::of(bot, row),
            event: "ONIMCOMMANDADD",
            handler,
            data: data(&said, &user),
            form: BotPostForm::UnderCommand(id, called),
        };
        state.post_to_bot(post);
    }
}

/// Whether a bot hears of messages that are changed and deleted.
fn hears_of_changes(state: &PortalData, bot: u64) -> bool {
    let is_plain = matches!(
        field(state, bot, &["TYPE"]).to_text().as_str(),
        "B" | "H" | ""
    );
    !is_plain || field(state, bot, &["OPENLINE"]).to_text() == "Y"
}

/// A message to a bot of `imbot.register` was changed, or is about to be deleted.
pub(super) fn message_changed(
    state: &mut PortalData,
    bot: u64,
    message: u64,
    by: u64,
    (event, handler): (&'static str, &str),
) {
    if !hears_of_changes(state, bot) {
        return;
    }
    if let Some(mut said) = about_message(state, message, bot) {
        said.insert("ID".to_owned(), json!(message.to_string()));
        let user = about_user(state, by);
        post(
            state,
            bot,
            (event, handler),
            data(&said, &user),
            BotPostForm::UnderBot,
        );
    }
}

const JOINED: (&str, &str) = ("ONIMBOTJOINCHAT", "EVENT_WELCOME_MESSAGE");

/// A user has begun a chat with a bot alone.
fn joined_private(state: &mut PortalData, bot: u64, by: u64) {
    let said = params(json!({
        "CHAT_TYPE": "P",
        "MESSAGE_TYPE": "P",
        "BOT_ID": bot.to_string(),
        "USER_ID": by.to_string(),
        "TO_USER_ID": by.to_string(),
        "FROM_USER_ID": bot.to_string(),
        "DIALOG_ID": by.to_string(),
        "LANGUAGE": "ru",
    }));
    let user = about_user(state, by);
    post(
        state,
        bot,
        JOINED,
        data(&said, &user),
        BotPostForm::UnderBot,
    );
}

/// Bots of `imbot.register` among those who were added to a chat hear of it.
pub(super) fn members_added(state: &mut PortalData, call: &Call<'_>, chat: u64, added: &[u64]) {
    for bot in older(state) {
        if !added.contains(&bot) {
            continue;
        }
        let mut said = params(json!({
            "CHAT_TYPE": "C",
            "MESSAGE_TYPE": "C",
            "BOT_ID": bot.to_string(),
            "USER_ID": call.user.to_string(),
            "ACCESS_HISTORY": "1",
            "DIALOG_ID": format!("chat{chat}"),
            "LANGUAGE": "ru",
        }));
        said.extend(about_chat(state, chat, bot));
        let user = about_user(state, call.user);
        post(
            state,
            bot,
            JOINED,
            data(&said, &user),
            BotPostForm::UnderBot,
        );
    }
}
