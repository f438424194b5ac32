//! Open lines (`imopenlines.*`) and the messages that connectors bring: a client's chat with the conversations of
//! operators in it.
//!
//! Conversations come of `imconnector.send.messages`. In a portal they come in other ways too, so methods of bots take a
//! chat without a conversation for one of those: what they ask of it is acknowledged.

mod connector_messages;
mod conversations_of_records;
mod operators;
mod sessions;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{self, done, refused, writer};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::CHAT;
use crate::data::records::messenger::CONVERSATIONS;
use crate::data::records::{self, RecordTable};
use crate::methods::method::Method;

/// The statuses of a conversation: it waits for an operator, has one, or is over.
const NEW: &str = "new";
const ANSWERED: &str = "answered";
const CLOSED: &str = "closed";
/// The field of a conversation with the number of its first message.
const FIRST_MESSAGE: &str = "FIRST_MESSAGE_ID";
/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    connector_messages::methods()
        .into_iter()
        .chain(sessions::methods())
        .chain(operators::methods())
        .chain(conversations_of_records::methods())
}

/// A conversation as it is kept: its fields by their names.
type Conversation = Map<String, Json>;

/// All conversations, the oldest first.
fn conversations(state: &PortalData) -> Option<&RecordTable> {
    state.record_table(CONVERSATIONS)
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

/// Refuses a chat that is not an open line, but for methods that pass over it.
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
