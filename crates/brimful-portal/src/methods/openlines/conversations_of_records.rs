//! Conversations of records of the CRM (`imopenlines.crm.*`): their chats, members and messages.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::{
    CLOSED, Conversation, chat_id, conversations, missing_argument, named_conversation, text,
    update_conversation,
};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, LEAD};
use crate::data::records::RecordTable;
use crate::methods::chats::{done, refused, say, word};
use crate::methods::crm;
use crate::methods::messenger::is_not_switched_off;
use crate::methods::method::{Handler, Method, read, write};

/// The methods.
pub(super) fn methods() -> [Method; 6] {
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

/// `imopenlines.crm.lead.create(CHAT_ID)`: a lead that the conversation belongs to.
fn make_lead(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, row) = named_conversation(state, call)?;
    let chat = chat_id(&row);
    let title = word(&state.table(CHAT).row(chat), "TITLE");
    let fields = Array::from_iter([("TITLE", title), ("SOURCE_ID", "WEB".to_owned())]);
    call.params = Array::from_iter([("fields", fields)]);
    let lead = crm::legacy::add::<LEAD>(state, call)?.to_value().to_int();
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
