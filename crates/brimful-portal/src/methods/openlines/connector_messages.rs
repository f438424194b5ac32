//! Messages that connectors bring (`imconnector.*.messages`): each goes into the chat of its client.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::json;

use super::{
    CLOSED, Conversation, add_conversation, chat_id, last_conversation, missing_argument, text,
};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE};
use crate::data::fixtures::collection::to_json;
use crate::data::fixtures::php;
use crate::data::records::messenger::{CONNECTOR_CLIENTS, CONNECTOR_MESSAGES};
use crate::methods::chats::{self, insert, refused, say};
use crate::methods::method::{Handler, Method, write};

/// The methods.
pub(super) fn methods() -> [Method; 3] {
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
    let rows = rows.into_iter().map(|row| {
        let mut row = to_json(&Value::Array(row));
        // A moment has no text of its own in JSON of PHP.
        if let Some(date) = row.pointer_mut("/message/date") {
            *date = json!({});
        }
        row
    });
    let rows: Vec<serde_json::Value> = rows.collect();
    let answer = json!({ "SUCCESS": true, "DATA": { "RESULT": rows } });
    let mut out = Vec::new();
    php::write(&mut out, &answer);
    Output::json(out)
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
        let user = client_number(state, call, (&connector, &line), &client);
        let mut row = shown(&message);
        row.insert("user", user.to_string());
        row.insert("SUCCESS", true);
        let mut about = Array::from_iter([("ID", session.to_string())]);
        about.insert("CHAT_ID", chat.to_string());
        row.insert("session", about);
        rows.push(row);
    }
    Ok(message_results(rows))
}

/// The user that a portal makes of a client of a connector.
fn client_number(
    state: &mut PortalData,
    call: &Call<'_>,
    (connector, line): (&str, &str),
    client: &str,
) -> u64 {
    let key = [
        ("CONNECTOR", Value::from(connector)),
        ("LINE", line.into()),
        ("EXTERNAL_ID", client.into()),
    ];
    chats::keep(state, call, CONNECTOR_CLIENTS, &key, []);
    let key = key.map(|(_, value)| value.to_text());
    let table = state.record_table(CONNECTOR_CLIENTS);
    table.and_then(|table| table.find(&key, &[])).unwrap_or(0)
}

/// A message as the reply shows it, with all its parts.
fn shown(message: &Array) -> Array {
    let part = |name: &str| {
        let part = message.get(name).and_then(Value::as_array);
        part.cloned().unwrap_or_default()
    };
    let mut row = message.clone();
    let mut said = part("message");
    let files = said.remove("files").unwrap_or(Value::Array(Array::new()));
    said.insert("files", files);
    row.insert("message", said);
    let mut chat = part("chat");
    if let Some(url) = chat.remove("url").filter(Value::is_truthy) {
        let text = format!("Link to the original post: {}", url.to_text());
        chat.insert("description", text);
    }
    row.insert("chat", chat);
    let user = part("user");
    let mut extra = part("extra");
    if let Some(flag) = user.get("skip_phone_validate") {
        extra.insert("skip_phone_validate", flag.clone());
    }
    if let Some(flag) = part("message").get("disable_tracker") {
        extra.insert("disable_tracker", flag.clone());
    }
    if !extra.is_empty() {
        row.insert("extra", extra);
    }
    row
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
            row.insert("user", message_text(message, "user", "id"));
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
