//! Open lines (`imopenlines.*`) and the messages that connectors bring: a client's chat with the conversations of
//! operators in it.
//!
//! Conversations come of `imconnector.send.messages`. In a portal they come in other ways too, so methods of bots take a
//! chat without a conversation for one of those: what they ask of it is acknowledged.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{self, done, insert, int, refused, say, word, writer};
use super::messenger::{self, is_not_switched_off};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::{CHAT, LEAD, MESSAGE, USER};
use crate::data::records::messenger::{CONNECTOR_MESSAGES, CONVERSATIONS};
use crate::data::records::{self, RecordTable};
use crate::methods::method::{Handler, Method, read, write};

/// The statuses of a conversation: it waits for an operator, has one, or is over.
const NEW: &str = "new";
const ANSWERED: &str = "answered";
const CLOSED: &str = "closed";
/// The field of a conversation with the number of its first message.
const FIRST_MESSAGE: &str = "FIRST_MESSAGE_ID";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    connector_methods()
        .into_iter()
        .chain(conversation_methods())
        .chain(record_methods())
}

/// Messages that connectors bring.
fn connector_methods() -> [Method; 3] {
    [
        write!("imconnector", "imconnector.send.messages", receive_messages),
        write!(
            "imconnector",
            "imconnector.update.messages",
            rewrite_messages::<false>
        ),
        write!(
            "imconnector",
            "imconnector.delete.messages",
            rewrite_messages::<true>
        ),
    ]
}

/// Conversations, their operators and modes.
fn conversation_methods() -> [Method; 22] {
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
        write!("imopenlines", "imopenlines.session.intercept", take_over),
        write!("imopenlines", "imopenlines.operator.answer", take_over),
        write!("imopenlines", "imopenlines.operator.transfer", transfer),
        write!("imopenlines", "imopenlines.bot.session.transfer", transfer),
        write!("imopenlines", "imopenlines.bot.session.operator", give_back),
        write!("imopenlines", "imopenlines.operator.skip", give_back),
        write!("imopenlines", "imopenlines.operator.finish", close::<false>),
        write!(
            "imopenlines",
            "imopenlines.bot.session.finish",
            close::<false>
        ),
        write!(
            "imopenlines",
            "imopenlines.operator.another.finish",
            close::<false>
        ),
        write!("imopenlines", "imopenlines.operator.spam", close::<true>),
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

/// Conversations of records of the CRM.
fn record_methods() -> [Method; 6] {
    [
        write!("imopenlines", "imopenlines.crm.lead.create", make_lead),
        read!("imopenlines", "imopenlines.crm.chat.get", chats_of_record),
        read!(
            "imopenlines",
            "imopenlines.crm.chat.getlastid",
            last_chat_of_record
        ),
        write!(
            "imopenlines",
            "imopenlines.crm.chat.user.add",
            member_of_record::<true>
        ),
        write!(
            "imopenlines",
            "imopenlines.crm.chat.user.delete",
            member_of_record::<false>
        ),
        write!("imopenlines", "imopenlines.crm.message.add", say_to_record),
    ]
}

/// A conversation as it is kept: its fields by their names.
type Conversation = Map<String, Json>;

/// All conversations, the oldest first.
fn conversations(state: &PortalData) -> Option<&RecordTable> {
    records::place(CONVERSATIONS).map(|place| &state.records[place])
}

fn text(row: &Conversation, name: &str) -> String {
    row.get(name)
        .cloned()
        .map(Value::from)
        .unwrap_or_default()
        .to_text()
}

/// The chat of a conversation.
fn chat_id(conversation: &Conversation) -> u64 {
    text(conversation, "CHAT_ID").parse().unwrap_or(0)
}

/// The last conversation that passes a test, and its number.
fn last_conversation(
    state: &PortalData,
    passes: impl Fn(&Conversation) -> bool,
) -> Option<(u64, Conversation)> {
    let rows = conversations(state)?.rows().filter(|(_, row)| passes(row));
    rows.last().map(|(id, row)| (id, row.clone()))
}

/// The last conversation of a chat, whether it is over or not.
fn last_conversation_of_chat(state: &PortalData, chat: &str) -> Option<(u64, Conversation)> {
    last_conversation(state, |row| text(row, "CHAT_ID") == chat)
}

/// Updates fields of a conversation.
fn update_conversation(state: &mut PortalData, call: &Call<'_>, id: u64, values: &[(&str, Value)]) {
    let given: Array = values
        .iter()
        .map(|(name, value)| (*name, value.clone()))
        .collect();
    if let Some(place) = records::place(CONVERSATIONS) {
        state.records[place].update(id, &given, writer(call));
    }
}

/// Adds a conversation. The messages that the chat has already belong to the conversations before it, unless the values
/// name the first message.
fn add_conversation(state: &mut PortalData, call: &Call<'_>, values: &[(&str, Value)]) -> u64 {
    let mut given: Array = values
        .iter()
        .map(|(name, value)| (*name, value.clone()))
        .collect();
    if given.get(FIRST_MESSAGE).is_none() {
        let chat = given.get("CHAT_ID").map_or(0, Value::to_int);
        let said = chats::written_messages(state, u64::try_from(chat).unwrap_or(0));
        let next = said.last().map_or(0, |last| last + 1);
        given.insert(FIRST_MESSAGE, next as i64);
    }
    let place = records::place(CONVERSATIONS);
    place.map_or(0, |place| state.records[place].add(&given, writer(call)))
}

/// The refusal of a call without an argument.
fn missing_argument(name: &str) -> MethodError {
    refused(
        "ERROR_ARGUMENT",
        &format!("Argument '{name}' is null or empty"),
    )
}

/// The connector, the line and the messages of a call.
fn connector_call(call: &Call<'_>) -> Result<(String, String, Vec<Array>), MethodError> {
    let [connector, line] = ["CONNECTOR", "LINE"].map(|name| call.text(name));
    if connector.is_empty() {
        return Err(missing_argument("CONNECTOR"));
    }
    if line.is_empty() {
        return Err(missing_argument("LINE"));
    }
    let messages = match call.params.get_ignoring_case("MESSAGES") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        Some(Value::Text(text)) if !text.is_empty() => {
            let why = "The value of an argument 'MESSAGES' must be of type array";
            return Err(refused("ERROR_ARGUMENT", why));
        }
        _ => return Err(missing_argument("MESSAGES")),
    };
    let messages = messages.values().map(|message| message.as_array().cloned());
    let messages: Option<Vec<Array>> = messages.collect();
    let messages = messages.ok_or_else(|| {
        let why = "The MESSAGES parameter must be an array of messages (arrays)";
        refused("ERROR_ARGUMENT", why)
    })?;
    Ok((connector, line, messages))
}

/// A value of a part of a connector's message: of its `user`, `chat` or `message`.
fn message_text(message: &Array, part: &str, name: &str) -> String {
    let value = message.get(part).and_then(|part| part.get(name));
    value.map(Value::to_text).unwrap_or_default()
}

/// The reply that has a result for each message.
fn message_results(rows: Vec<Array>) -> Output {
    let data = Array::from_iter([("RESULT", rows.into_iter().collect::<Value>())]);
    let mut answer = Array::from_iter([("SUCCESS", true)]);
    answer.insert("DATA", data);
    Output::value(&Value::Array(answer))
}

/// `imconnector.send.messages(CONNECTOR, LINE, MESSAGES)`: each into the chat of its client.
fn receive_messages(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (connector, line, messages) = connector_call(call)?;
    let is_whole = |message: &Array| {
        !message_text(message, "user", "id").is_empty()
            && !message_text(message, "chat", "id").is_empty()
    };
    if !messages.iter().all(is_whole) {
        let why = "The incorrect structure of a message inside MESSAGES parameter";
        return Err(refused("ERROR_ARGUMENT", why));
    }
    let mut rows = Vec::new();
    for message in messages {
        let of = |name: &str| message_text(&message, "chat", name);
        let client = message_text(&message, "user", "id");
        let code = format!("{connector}|{line}|{}|{client}", of("id"));
        let is_open =
            |row: &Conversation| text(row, "USER_CODE") == code && text(row, "STATUS") != CLOSED;
        let (session, chat) = match last_conversation(state, is_open) {
            Some((id, row)) => (id, chat_id(&row)),
            None => open_conversation(state, call, (&connector, &line), &code, &message),
        };
        let said = say(
            state,
            call,
            chat,
            0,
            &message_text(&message, "message", "text"),
        );
        let key = [
            ("CONNECTOR", Value::from(connector.as_str())),
            ("LINE", line.as_str().into()),
            (
                "EXTERNAL_ID",
                message_text(&message, "message", "id").into(),
            ),
        ];
        let number = [("MESSAGE_ID", Value::Int(said as i64))];
        chats::keep(state, call, CONNECTOR_MESSAGES, &key, number);
        let mut row = message.clone();
        row.insert("user", client);
        row.insert("SUCCESS", true);
        let mut about = Array::from_iter([("ID", session.to_string())]);
        about.insert("CHAT_ID", chat.to_string());
        row.insert("session", about);
        rows.push(row);
    }
    Ok(message_results(rows))
}

/// Adds a conversation with a client, in the client's chat or a new one. Returns the numbers of the conversation and the
/// chat.
fn open_conversation(
    state: &mut PortalData,
    call: &Call<'_>,
    (connector, line): (&str, &str),
    code: &str,
    message: &Array,
) -> (u64, u64) {
    let name = ["name", "last_name"]
        .map(|name| message_text(message, "user", name))
        .join(" ");
    let title = format!(
        "{} - {}",
        name.trim(),
        message_text(message, "chat", "name")
    );
    let now = || Value::Text(moment::text(call.seconds()));
    let known = last_conversation(state, |row| text(row, "USER_CODE") == code);
    let known = known.and_then(|(_, row)| text(&row, "CHAT_ID").parse().ok());
    let chat = known.unwrap_or_else(|| {
        let values = [
            ("TITLE", Value::from(title.trim_end_matches(" - "))),
            ("OWNER", Value::Int(call.user as i64)),
            ("COUNTER", Value::Int(0)),
            ("PINNED", Value::Bool(false)),
            ("UNREAD", Value::Bool(false)),
            ("DATE_CREATE", now()),
            ("DATE_UPDATE", now()),
        ];
        insert(state, CHAT, values)
    });
    let details = [
        ("entityType", Value::from("LINES")),
        ("entityId", code.into()),
    ];
    chats::set_details(state, call, chat, details);
    let session = add_conversation(
        state,
        call,
        &[
            ("CHAT_ID", Value::Int(chat as i64)),
            ("USER_CODE", code.into()),
            ("CONNECTOR_ID", connector.into()),
            ("LINE_ID", line.into()),
        ],
    );
    (session, chat)
}

/// `imconnector.update.messages` and `.delete.messages`
fn rewrite_messages<const DELETE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (connector, line, messages) = connector_call(call)?;
    let mut rows = Vec::new();
    for message in &messages {
        if DELETE {
            let mut row = message.clone();
            row.insert("SUCCESS", true);
            rows.push(row);
        }
        let key = [
            connector.clone(),
            line.clone(),
            message_text(message, "message", "id"),
        ];
        let known = chats::kept(state, CONNECTOR_MESSAGES, &key);
        let number = known.get("MESSAGE_ID").map_or(0, Value::to_int);
        let number = u64::try_from(number).unwrap_or(0);
        let table = state.table_mut(MESSAGE);
        if !table.contains(number) {
            continue;
        }
        if DELETE {
            table.delete(number);
        } else if let Some(field) = table.schema.legacy("TEXT") {
            table.update(
                number,
                [(field, message_text(message, "message", "text").into())],
            );
        }
    }
    if DELETE {
        return Ok(message_results(rows));
    }
    let mut answer = Array::from_iter([("SUCCESS", true)]);
    answer.insert("DATA", Array::new());
    Ok(Output::value(&Value::Array(answer)))
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

/// The last conversation of the chat that a call names.
fn named_conversation(
    state: &PortalData,
    call: &Call<'_>,
) -> Result<(u64, Conversation), MethodError> {
    let named = call.text("CHAT_ID");
    let number = named.parse::<u64>().unwrap_or(0);
    if !state.table(CHAT).contains(number) {
        let text = "The specified chat identifier is incorrect";
        return Err(refused("CHAT_ID", text));
    }
    last_conversation_of_chat(state, &named)
        .ok_or_else(|| refused("CHAT_TYPE", "The specified chat is not an open line"))
}

/// Refuses a chat that is no open line, but for methods that pass over it.
fn check_open_line(state: &PortalData, call: &Call<'_>) -> Result<(), MethodError> {
    let takes_any = call.method.contains(".bot.");
    if takes_any || call.method.ends_with(".mode.pin") {
        named_chat(call)?;
    }
    if !takes_any {
        named_conversation(state, call)?;
    }
    Ok(())
}

/// The chat that a call names.
fn named_chat(call: &Call<'_>) -> Result<String, MethodError> {
    match call.text("CHAT_ID") {
        chat if chat.is_empty() || chat == "0" => {
            Err(refused("CHAT_ID_EMPTY", "Chat ID can't be empty"))
        }
        chat => Ok(chat),
    }
}

/// Updates the last conversation of the chat that a call names, if it has one.
fn update_last_conversation(
    state: &mut PortalData,
    call: &Call<'_>,
    values: &[(&str, Value)],
) -> Result<Output, MethodError> {
    if let Some((id, _)) = last_conversation_of_chat(state, &call.text("CHAT_ID")) {
        update_conversation(state, call, id, values);
    }
    Ok(done())
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
fn join_chat(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (_, row) = named_conversation(state, call)?;
    let chat = chat_id(&row);
    state
        .chat_members
        .entry(chat)
        .or_default()
        .insert(call.user);
    Ok(done())
}

/// `imopenlines.operator.answer` and `imopenlines.session.intercept`: the caller is the operator.
fn take_over(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.method.ends_with(".intercept") {
        let chat = named_chat(call)?;
        last_conversation_of_chat(state, &chat).ok_or_else(wrong_operator)?;
    }
    join_chat(state, call)?;
    let values = [
        ("OPERATOR_ID", Value::Int(call.user as i64)),
        ("STATUS", ANSWERED.into()),
    ];
    update_last_conversation(state, call, &values)
}

/// The refusal of an operator who cannot take the conversation.
fn wrong_operator() -> MethodError {
    refused("OPERATOR_WRONG", "You cannot redirect to this operator")
}

/// `imopenlines.operator.transfer` and `imopenlines.bot.session.transfer`: to a user, or to another line.
fn transfer(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = named_chat(call)?;
    let [user, queue, to] = ["USER_ID", "QUEUE_ID", "TRANSFER_ID"].map(|name| call.text(name));
    let queue = match to.strip_prefix("queue") {
        Some(line) => line.to_owned(),
        None => queue,
    };
    let user = if user.is_empty() && !to.starts_with("queue") {
        to
    } else {
        user
    };
    if !queue.is_empty() {
        return update_last_conversation(
            state,
            call,
            &[("LINE_ID", queue.into()), ("STATUS", NEW.into())],
        );
    }
    // Bots may hand a conversation over to nobody in particular.
    if user.is_empty() && call.method.contains(".operator.") {
        let text = "Queue ID or User ID can't be empty";
        return Err(refused("TRANSFER_ID_EMPTY", text));
    }
    let number = user.parse::<u64>().unwrap_or(0);
    let is_there = user.is_empty() || state.table(USER).contains(number);
    if !is_there && last_conversation_of_chat(state, &chat).is_some() {
        return Err(wrong_operator());
    }
    update_last_conversation(state, call, &[("OPERATOR_ID", Value::Int(number as i64))])
}

/// `imopenlines.operator.skip` and `imopenlines.bot.session.operator`: it waits for the next operator.
///
/// # Errors
/// A conversation that is over waits for nobody.
fn give_back(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let last = last_conversation_of_chat(state, &call.text("CHAT_ID"));
    if last.is_some_and(|(_, row)| text(&row, "STATUS") == CLOSED) {
        let text = "Insufficient permissions to remove participants from the chat";
        return Err(refused("ACCESS_DENIED_KICK", text));
    }
    let values = [("OPERATOR_ID", Value::Int(0)), ("STATUS", NEW.into())];
    update_last_conversation(state, call, &values)
}

/// `imopenlines.operator.finish` and the like, and `imopenlines.operator.spam`
fn close<const SPAM: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let values = [("STATUS", Value::from(CLOSED)), ("SPAM", Value::Bool(SPAM))];
    update_last_conversation(state, call, &values)
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

/// `imopenlines.crm.lead.create(CHAT_ID)`: a lead that the conversation belongs to.
fn make_lead(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, row) = named_conversation(state, call)?;
    let chat = chat_id(&row);
    let title = word(&state.table(CHAT).row(chat), "TITLE");
    let fields = Array::from_iter([("TITLE", title), ("SOURCE_ID", "WEB".to_owned())]);
    call.params = Array::from_iter([("fields", fields)]);
    let lead = super::crm::legacy::add::<LEAD>(state, call)?
        .to_value()
        .to_int();
    let of_lead = [
        ("CRM_ENTITY_TYPE", Value::from("LEAD")),
        ("CRM_ENTITY", Value::Int(lead)),
    ];
    update_conversation(state, call, id, &of_lead);
    Ok(done())
}

/// The record of the CRM that a call names.
fn named_record(call: &Call<'_>) -> Result<(String, String), MethodError> {
    let [kind, id] = ["CRM_ENTITY_TYPE", "CRM_ENTITY"].map(|name| call.text(name));
    if kind.is_empty() {
        return Err(missing_argument("CRM_ENTITY_TYPE"));
    }
    if id.is_empty() {
        return Err(missing_argument("CRM_ENTITY"));
    }
    if id.parse::<u64>().is_err() {
        let text = "The value of an argument 'CRM_ENTITY' has an invalid type";
        return Err(refused("ERROR_ARGUMENT", text));
    }
    Ok((kind.to_ascii_uppercase(), id))
}

/// The conversations of a record of the CRM, the last first.
fn conversations_of_record(state: &PortalData, (kind, id): &(String, String)) -> Vec<Conversation> {
    let rows = conversations(state).into_iter().flat_map(RecordTable::rows);
    let of = rows
        .filter(|(_, row)| text(row, "CRM_ENTITY_TYPE") == *kind && text(row, "CRM_ENTITY") == *id);
    let mut rows: Vec<Conversation> = of.map(|(_, row)| row.clone()).collect();
    rows.reverse();
    rows
}

/// `imopenlines.crm.chat.get(CRM_ENTITY_TYPE, CRM_ENTITY, ACTIVE_ONLY)`
fn chats_of_record(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let record = named_record(call)?;
    let only_open = is_not_switched_off(call, "ACTIVE_ONLY");
    let rows = conversations_of_record(state, &record).into_iter();
    let rows = rows.filter(|row| !only_open || text(row, "STATUS") != CLOSED);
    let rows = rows.map(|row| {
        let connector = text(&row, "CONNECTOR_ID");
        Array::from_iter([
            ("CHAT_ID", text(&row, "CHAT_ID")),
            ("CONNECTOR_TITLE", connector.clone()),
            ("CONNECTOR_ID", connector),
        ])
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

/// `imopenlines.crm.chat.getLastId(CRM_ENTITY_TYPE, CRM_ENTITY)`
fn last_chat_of_record(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let empty = |text: &str| refused("CRM_CHAT_EMPTY_CRM_DATA", text);
    let record = named_record(call).map_err(|_| empty("Empty CRM data"))?;
    let rows = conversations_of_record(state, &record);
    let row = rows
        .first()
        .ok_or_else(|| empty("Could not find CRM object"))?;
    Ok(Output::value(&Value::Int(chat_id(row) as i64)))
}

/// The chat of a record that a call names by `CHAT_ID`, or the last of the record.
fn chat_of_record(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let rows = conversations_of_record(state, &named_record(call)?);
    let named = call.text("CHAT_ID");
    let is_it = |row: &&Conversation| named.is_empty() || text(row, "CHAT_ID") == named;
    let row = rows.iter().find(is_it).ok_or_else(|| {
        let text = "Chat does not belong to the CRM entity being checked";
        refused("CHAT_NOT_IN_CRM", text)
    })?;
    Ok(chat_id(row))
}

/// `imopenlines.crm.chat.user.add(CRM_ENTITY_TYPE, CRM_ENTITY, USER_ID, CHAT_ID)` and `.delete`: the chat.
fn member_of_record<const IN: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    named_record(call)?;
    let user = call.text("USER_ID").parse().ok();
    let user = user.ok_or_else(|| {
        if IN {
            missing_argument("Empty USER_ID")
        } else {
            refused("CRM_CHAT_EMPTY_USER", "Empty User ID")
        }
    })?;
    let chat = chat_of_record(state, call)?;
    let members = state.chat_members.entry(chat).or_default();
    if IN {
        members.insert(user);
    } else {
        members.remove(&user);
    }
    Ok(Output::value(&Value::Int(chat as i64)))
}

/// `imopenlines.crm.message.add(CRM_ENTITY_TYPE, CRM_ENTITY, USER_ID, CHAT_ID, MESSAGE)`: the message.
fn say_to_record(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    named_record(call)?;
    for name in ["USER_ID", "CHAT_ID", "MESSAGE"] {
        if call.text(name).is_empty() {
            return Err(missing_argument(name));
        }
    }
    let chat = chat_of_record(state, call)?;
    let author = call.text("USER_ID").parse().unwrap_or(call.user);
    let message = say(state, call, chat, author, &call.text("MESSAGE"));
    Ok(Output::value(&Value::Int(message as i64)))
}
