//! Conversations with clients (`imopenlines.session.*`): their chats, history, beginnings, ratings and modes.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::{
    CLOSED, Conversation, FIRST_MESSAGE, add_conversation, chat_id, check_open_line, conversations,
    last_conversation, last_conversation_of_chat, named_chat, named_conversation, text,
    update_conversation, update_last_conversation,
};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::records::RecordTable;
use crate::methods::chats::{self, done, int, refused, say, word};
use crate::methods::messenger::{self, is_not_switched_off};
use crate::methods::method::{Handler, Method, read, write};

/// The methods.
pub(super) fn methods() -> [Method; 12] {
    [
        read!("imopenlines", "imopenlines.dialog.get", get_dialog),
        read!("imopenlines", "imopenlines.session.open", find_chat),
        read!(
            "imopenlines",
            "imopenlines.session.history.get",
            get_history
        ),
        write!(
            "imopenlines",
            "imopenlines.session.start",
            start_conversation
        ),
        write!(
            "imopenlines",
            "imopenlines.message.session.start",
            start_conversation
        ),
        write!("imopenlines", "imopenlines.session.head.vote", rate),
        write!("imopenlines", "imopenlines.session.join", join_chat),
        write!("imopenlines", "imopenlines.session.mode.pin", switch_pin),
        write!(
            "imopenlines",
            "imopenlines.session.mode.silent",
            switch_silence
        ),
        write!(
            "imopenlines",
            "imopenlines.session.mode.pinall",
            pin_all::<true>
        ),
        write!(
            "imopenlines",
            "imopenlines.session.mode.unpinall",
            pin_all::<false>
        ),
        write!(
            "imopenlines",
            "imopenlines.bot.session.message.send",
            say_as_bot
        ),
    ]
}

/// `imopenlines.dialog.get(CHAT_ID, DIALOG_ID, SESSION_ID or USER_CODE)`
fn get_dialog(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let [chat, dialog, session, code] =
        ["CHAT_ID", "DIALOG_ID", "SESSION_ID", "USER_CODE"].map(|name| call.text(name));
    let chat = if !chat.is_empty() {
        Some(chat)
    } else if !dialog.is_empty() {
        Some(dialog.trim_start_matches("chat").to_owned())
    } else {
        let is_it = |row: &Conversation| {
            (!code.is_empty() && text(row, "USER_CODE") == code) || text(row, "ID") == session
        };
        last_conversation(state, is_it).map(|(_, row)| text(&row, "CHAT_ID"))
    };
    let chat = chat.and_then(|chat| chat.parse().ok());
    let chat = chat.filter(|&chat| state.table(CHAT).contains(chat));
    let denied = || {
        let text = "You do not have access to the specified dialog";
        refused("ACCESS_ERROR", text)
    };
    let row = state.table(CHAT).row(chat.ok_or_else(denied)?);
    let mut dialog = messenger::dialog(state, &row, call.user);
    dialog.insert("type", "lines");
    dialog.insert("message_type", "L");
    Ok(Output::value(&Value::Array(dialog)))
}

/// `imopenlines.session.open(USER_CODE)`
fn find_chat(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let code = call.text("USER_CODE");
    let code = code.trim_start_matches("imol|");
    let found = last_conversation(state, |row| text(row, "USER_CODE") == code);
    let (_, row) = found.ok_or_else(|| {
        let text =
            "You cannot open this conversation because you do not have sufficient permissions";
        refused("ACCESS_DENIED", text)
    })?;
    let answer = Array::from_iter([("chatId", text(&row, "CHAT_ID"))]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `imopenlines.session.history.get(SESSION_ID or CHAT_ID)`
fn get_history(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let [session, chat] = ["SESSION_ID", "CHAT_ID"].map(|name| call.text(name));
    if session.is_empty() && chat.is_empty() {
        let text = "Session ID or Chat ID must be provided";
        return Err(refused("MISSING_REQUIRED_PARAM", text));
    }
    let is_it = |row: &Conversation| {
        text(row, "ID") == session || (session.is_empty() && text(row, "CHAT_ID") == chat)
    };
    let (id, row) = last_conversation(state, is_it).ok_or_else(|| {
        let text = "Unable to determine session ID from provided parameters";
        refused("INVALID_SESSION_ID", text)
    })?;
    let chat = text(&row, "CHAT_ID");
    let said = messages_of_conversation(state, id, &row);
    let mut messages = Array::new();
    for message in &said {
        let row = state.table(MESSAGE).row(*message);
        let mut about = Array::new();
        about.insert("id", message.to_string());
        about.insert("chatid", chat.as_str());
        about.insert("senderid", int(&row, "AUTHOR_ID").to_string());
        about.insert("recipientid", format!("chat{chat}"));
        about.insert("date", word(&row, "DATE"));
        about.insert("text", word(&row, "TEXT"));
        about.insert("textlegacy", word(&row, "TEXT"));
        about.insert("params", chats::message_params(state, *message));
        messages.insert(message.to_string().as_str(), about);
    }
    let ids = said.iter().map(u64::to_string);
    let of_chat = Array::from_iter([(chat.as_str(), ids.collect::<Value>())]);
    let vote = text(&row, "VOTE_HEAD").parse::<i64>().unwrap_or(0);
    let comment = row.get("COMMENT_HEAD").cloned().map(Value::from);
    let mut answer = Array::new();
    answer.insert("chatId", chat_id(&row) as i64);
    answer.insert("canJoin", "Y");
    answer.insert("canVoteHead", "Y");
    answer.insert("sessionId", id as i64);
    answer.insert("sessionVoteHead", vote);
    answer.insert("sessionCommentHead", comment.unwrap_or_default());
    answer.insert("userId", format!("chat{chat}"));
    answer.insert("message", messages);
    answer.insert("usersMessage", of_chat);
    answer.insert("users", Array::new());
    answer.insert("files", Array::new());
    Ok(Output::value(&Value::Array(answer)))
}

/// The messages of a conversation: those of its chat from its first one up to the first one of the next conversation.
fn messages_of_conversation(state: &PortalData, id: u64, row: &Conversation) -> Vec<u64> {
    let first = |row: &Conversation| text(row, FIRST_MESSAGE).parse::<u64>().unwrap_or(0);
    let chat = text(row, "CHAT_ID");
    let rows = conversations(state).into_iter().flat_map(RecordTable::rows);
    let mut later = rows.filter(|(other, row)| *other > id && text(row, "CHAT_ID") == chat);
    let end = later.next().map_or(u64::MAX, |(_, next)| first(next));
    let mut said = chats::written_messages(state, chat_id(row));
    said.retain(|message| (first(row)..end).contains(message));
    said
}

/// `imopenlines.session.start` and `.message.session.start`: a new conversation in the chat.
fn start_conversation(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, row) = named_conversation(state, call)?;
    let of = |name: &'static str| (name, Value::from(text(&row, name)));
    let mut values = vec![("OPERATOR_ID", Value::Int(call.user as i64))];
    values.extend(["CHAT_ID", "USER_CODE", "CONNECTOR_ID", "LINE_ID"].map(of));
    if call.method.contains(".message.") {
        let first = call.text("MESSAGE_ID").parse::<i64>().unwrap_or(0);
        if first <= 0 {
            return Err(refused("MESSAGE_ID_ERROR", "Message ID can't be empty"));
        }
        values.push((FIRST_MESSAGE, Value::Int(first)));
    }
    update_conversation(state, call, id, &[("STATUS", CLOSED.into())]);
    add_conversation(state, call, &values);
    Ok(done())
}

/// `imopenlines.session.head.vote(SESSION_ID, RATING, COMMENT)`
fn rate(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.text("SESSION_ID");
    if id.is_empty() {
        return Err(refused("EMPTY_SESSION_ID", "Session ID can't be empty"));
    }
    let given: Vec<(&str, Value)> = [("RATING", "VOTE_HEAD"), ("COMMENT", "COMMENT_HEAD")]
        .into_iter()
        .filter_map(|(param, field)| Some((field, call.params.get_ignoring_case(param)?.clone())))
        .collect();
    if given.is_empty() {
        let text = "At least one of the parameters RATING or COMMENT must be specified";
        return Err(refused("EMPTY_VOTE_PARAMS", text));
    }
    if let Ok(id) = id.parse() {
        update_conversation(state, call, id, &given);
    }
    Ok(done())
}

/// `imopenlines.session.join(CHAT_ID)`: the caller looks on.
pub(super) fn join_chat(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (_, row) = named_conversation(state, call)?;
    let chat = chat_id(&row);
    state
        .chat_members
        .entry(chat)
        .or_default()
        .insert(call.user);
    Ok(done())
}

/// `imopenlines.session.mode.pin(CHAT_ID, ACTIVATE)`: a conversation that stays with its operator.
fn switch_pin(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let is_on = Value::Bool(is_not_switched_off(call, "ACTIVATE"));
    update_last_conversation(state, call, &[("PINNED", is_on)])
}

/// `imopenlines.session.mode.silent(CHAT_ID, ACTIVATE)`: what is written is not sent to the client.
fn switch_silence(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let is_on = Value::Bool(is_not_switched_off(call, "ACTIVATE"));
    update_last_conversation(state, call, &[("SILENT", is_on)])
}

/// `imopenlines.session.mode.pinall` and `.unpinall`: the conversations of the caller that are changed by it.
fn pin_all<const ON: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let caller = call.user.to_string();
    let rows = conversations(state).into_iter().flat_map(RecordTable::rows);
    let changed = rows.filter(|(_, row)| {
        let is_pinned = row.get("PINNED").is_some_and(|pinned| pinned == true);
        text(row, "OPERATOR_ID") == caller && text(row, "STATUS") != CLOSED && is_pinned != ON
    });
    let ids: Vec<u64> = changed.map(|(id, _)| id).collect();
    for id in &ids {
        update_conversation(state, call, *id, &[("PINNED", Value::Bool(ON))]);
    }
    let ids = ids.into_iter().map(|id| Value::Int(id as i64));
    Ok(Output::value(&ids.collect::<Value>()))
}

/// `imopenlines.bot.session.message.send(CHAT_ID, MESSAGE or NAME)`: a text that the line says by itself.
fn say_as_bot(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if let Some((_, row)) = last_conversation_of_chat(state, &named_chat(call)?) {
        let chat = chat_id(&row);
        let message = call.text("MESSAGE");
        if !message.is_empty() {
            say(state, call, chat, 0, &message);
        }
    }
    Ok(done())
}
