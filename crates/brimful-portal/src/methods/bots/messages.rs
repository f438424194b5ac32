//! `imbot.v2.Chat.Message.*`: what bots say, read and mark.

use super::chats::{denied, dialog, is_member};
use super::{
    Array, CHAT, Call, Cow, Handler, MESSAGE, Method, MethodError, Output, PortalData, Value, done,
    fields, kind, named, read, refused, text, user, word, write,
};
use crate::methods::chats::{self, int};

/// The marks that a message may get.
const REACTIONS: [&str; 49] = [
    "like",
    "dislike",
    "faceWithTearsOfJoy",
    "redHeart",
    "neutralFace",
    "fire",
    "cry",
    "slightlySmilingFace",
    "winkingFace",
    "laugh",
    "kiss",
    "wonder",
    "slightlyFrowningFace",
    "loudlyCryingFace",
    "faceWithStuckOutTongue",
    "faceWithStuckOutTongueAndWinkingEye",
    "smilingFaceWithSunglasses",
    "confusedFace",
    "flushedFace",
    "thinkingFace",
    "angry",
    "smilingFaceWithHorns",
    "faceWithThermometer",
    "facepalm",
    "poo",
    "flexedBiceps",
    "clappingHands",
    "raisedHand",
    "smilingFaceWithHeartEyes",
    "smilingFaceWithHearts",
    "pleadingFace",
    "relievedFace",
    "foldedHands",
    "thankYou",
    "okHand",
    "signHorns",
    "loveYouGesture",
    "clownFace",
    "partyingFace",
    "questionMark",
    "exclamationMark",
    "lightBulb",
    "bomb",
    "sleepingSymbol",
    "crossMark",
    "whiteHeavyCheckMark",
    "eyes",
    "handshake",
    "hundredPoints",
];

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("imbot", "imbot.v2.chat.message.send", send),
        write!("imbot", "imbot.v2.chat.message.update", update),
        write!("imbot", "imbot.v2.chat.message.delete", delete),
        read!("imbot", "imbot.v2.chat.message.get", get),
        read!("imbot", "imbot.v2.chat.message.getcontext", get_context),
        write!("imbot", "imbot.v2.chat.message.read", mark_read),
        write!("imbot", "imbot.v2.chat.message.reaction.add", react::<true>),
        write!(
            "imbot",
            "imbot.v2.chat.message.reaction.delete",
            react::<false>
        ),
    ]
    .into_iter()
}

/// The message that a call names.
fn message(state: &PortalData, call: &Call<'_>) -> Option<u64> {
    let id = call.text("messageId").parse().ok();
    id.filter(|&id| state.table(MESSAGE).contains(id))
}

/// The chat that a message was written in.
pub(super) fn chat_of(state: &PortalData, message: u64) -> Option<u64> {
    let row = state.table(MESSAGE).get(message)?;
    u64::try_from(int(&row, "CHAT_ID"))
        .ok()
        .filter(|chat| *chat > 0)
}

pub(super) fn author(state: &PortalData, message: u64) -> i64 {
    int(&state.table(MESSAGE).row(message), "AUTHOR_ID")
}

/// Whether a bot may see a message: it is in the chat, or wrote it.
fn sees(state: &PortalData, bot: u64, message: u64) -> bool {
    let chat = chat_of(state, message);
    let is_in = |chat: u64| state.table(CHAT).contains(chat) && is_member(state, chat, bot);
    author(state, message) == bot as i64 || chat.is_some_and(is_in)
}

/// A text is cut after so many letters.
const LONGEST: usize = 20_000;

fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} (...)", &message[..at]),
        None => message.to_owned(),
    }
}

/// `imbot.v2.Chat.Message.send(botId, dialogId, fields)`
fn send(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let dialog = dialog(state, call, bot)?;
    let fields = fields(call);
    let forwarded = fields.get("forwardIds").and_then(Value::as_array).cloned();
    let message = cut(&text(&fields, "message"));
    let has_attachment = fields.get("attach").is_some_and(Value::is_truthy);
    let forwarded = forwarded.unwrap_or_default();
    if message.is_empty() && !has_attachment && forwarded.is_empty() {
        return Err(refused("EMPTY_MESSAGE", "Message is empty"));
    }
    let is_system = fields.get("system").is_some_and(super::is_yes);
    let by = if is_system { 0 } else { bot };
    let mut id = 0;
    if !message.is_empty() || has_attachment {
        id = chats::say(state, call, dialog.number(), by, &message);
    }
    let mut ids = Array::new();
    for (uuid, forwarded) in forwarded.iter() {
        let of = u64::try_from(forwarded.to_int()).unwrap_or(0);
        if state.table(MESSAGE).contains(of) && sees(state, bot, of) {
            let text = word(&state.table(MESSAGE).row(of), "TEXT");
            id = chats::say(state, call, dialog.number(), by, &text);
            ids.insert(uuid.clone(), id as i64);
        }
    }
    let mut answer = Array::from_iter([("id", id as i64)]);
    answer.insert("uuidMap", ids);
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.Chat.Message.update(botId, messageId, fields)`: only what the bot has said itself.
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let id = message(state, call).filter(|&id| author(state, id) == bot as i64);
    let id = id.ok_or_else(denied)?;
    if let Some(text) = fields(call).get("message").map(Value::to_text) {
        let table = state.table_mut(MESSAGE);
        if let Some(field) = table.schema.legacy("TEXT") {
            table.update(id, [(field, cut(&text).into())]);
        }
    }
    Ok(done())
}

/// `imbot.v2.Chat.Message.delete(botId, messageId)`: its own messages, and all in the chats that it owns or manages.
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let id = message(state, call).ok_or_else(denied)?;
    let rules = |chat: u64| {
        let table = state.table(CHAT);
        let owner = table.get(chat).map(|row| int(&row, "OWNER"));
        let managers = chats::ChatDetails::of(state, chat).managers();
        owner == Some(bot as i64) || managers.contains(&(bot as i64))
    };
    if author(state, id) != bot as i64 && !chat_of(state, id).is_some_and(rules) {
        return Err(denied());
    }
    state.table_mut(MESSAGE).delete(id);
    Ok(done())
}

/// Refuses bots that may not read what others write.
fn check_reader(state: &PortalData, bot: u64) -> Result<(), MethodError> {
    match kind(state, bot) {
        "supervisor" | "personal" => Ok(()),
        _ => Err(refused("BOT_TYPE_NOT_ALLOWED", "Bot type not allowed")),
    }
}

/// The message that a bot may read.
fn readable(state: &PortalData, call: &Call<'_>, bot: u64) -> Result<u64, MethodError> {
    check_reader(state, bot)?;
    let id = message(state, call);
    let id = id.ok_or_else(|| refused("MESSAGE_NOT_FOUND", "Message not found"))?;
    if !sees(state, bot, id) {
        let text = "Message access denied";
        return Err(refused("MESSAGE_ACCESS_DENIED", text));
    }
    Ok(id)
}

/// The text of a message.
pub(super) fn text_of(state: &PortalData, message: u64) -> String {
    word(&state.table(MESSAGE).row(message), "TEXT")
}

pub(super) fn describe(state: &PortalData, id: u64) -> Array {
    let row = state.table(MESSAGE).row(id);
    let author = int(&row, "AUTHOR_ID");
    let mut message = Array::new();
    message.insert("id", id as i64);
    message.insert("chatId", int(&row, "CHAT_ID"));
    message.insert("authorId", author);
    message.insert("date", word(&row, "DATE"));
    message.insert("text", word(&row, "TEXT"));
    message.insert("isSystem", author == 0);
    message.insert("uuid", "");
    message.insert("forward", Value::Null);
    message.insert("params", chats::message_params(state, id));
    message.insert("viewedByOthers", true);
    message
}

/// `imbot.v2.Chat.Message.get(botId, messageId)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let id = readable(state, call, bot)?;
    let by = u64::try_from(author(state, id)).unwrap_or(0);
    let mut answer = Array::from_iter([("message", describe(state, id))]);
    answer.insert("user", user(state, by).map_or(Value::Null, Value::Array));
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.Chat.Message.getContext(botId, messageId, range)`: the oldest first.
fn get_context(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const MOST: usize = 50;
    let bot = named(state, call)?;
    let id = readable(state, call, bot)?;
    let range = call.text("range").parse().unwrap_or(MOST).clamp(1, MOST);
    let chat = chat_of(state, id).unwrap_or(0);
    let mut all = chats::written_messages(state, chat);
    if !all.contains(&id) {
        all.push(id);
        all.sort_unstable();
    }
    let at = all.iter().position(|one| *one == id).unwrap_or(0);
    let (from, to) = (at.saturating_sub(range), (at + range + 1).min(all.len()));
    let shown = &all[from..to];
    let mut authors: Vec<u64> = shown
        .iter()
        .filter_map(|id| u64::try_from(author(state, *id)).ok())
        .collect();
    authors.sort_unstable();
    authors.dedup();
    let messages = shown.iter().map(|id| describe(state, *id));
    let mut answer = Array::new();
    answer.insert("messages", messages.collect::<Value>());
    let users = authors.into_iter().filter_map(|id| user(state, id));
    answer.insert("users", users.collect::<Value>());
    answer.insert("hasPrevPage", from > 0);
    answer.insert("hasNextPage", to < all.len());
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.Chat.Message.read(botId, dialogId, messageId)`: all up to a message. `viewedMessages` are those that the bot
/// had not read before, and `counter` those of others that it has still to read.
fn mark_read(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let dialog = dialog(state, call, bot)?;
    let all = chats::written_messages(state, dialog.number());
    let last = if call.text("messageId").is_empty() {
        all.last().copied().unwrap_or(0)
    } else {
        let id = message(state, call).filter(|id| all.contains(id));
        id.ok_or_else(|| refused("MESSAGE_NOT_FOUND", "Message not found"))?
    };
    let read_before = chats::read_up_to(state, call, bot, &call.text("dialogId"), last);
    let viewed = all
        .iter()
        .filter(|id| (read_before + 1..=last).contains(id));
    let is_of_others = |id: &&u64| author(state, **id) != bot as i64;
    let unread = all.iter().filter(|id| **id > last.max(read_before));
    let mut answer = Array::new();
    answer.insert("chatId", dialog.number() as i64);
    answer.insert("lastId", last as i64);
    answer.insert("counter", unread.filter(is_of_others).count() as i64);
    let viewed = viewed.map(|id| Value::Int(*id as i64));
    answer.insert("viewedMessages", viewed.collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.Chat.Message.Reaction.add(botId, messageId, reaction)` and `.delete`
fn react<const IS_SET: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let reaction = call.text("reaction");
    let not_found = || refused("REACTION_NOT_FOUND", "Reaction not found");
    if !REACTIONS.contains(&reaction.as_str()) {
        return Err(not_found());
    }
    let id = message(state, call).filter(|&id| sees(state, bot, id));
    let id = id.ok_or_else(denied)?;
    if !chats::react(state, call, id, bot, (&reaction, IS_SET)) {
        return Err(if IS_SET {
            refused("REACTION_ALREADY_SET", "Reaction already set")
        } else {
            not_found()
        });
    }
    Ok(done())
}
