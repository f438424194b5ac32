//! `mail.message.*`: letters that are read, sent and made into something else. A portal has those that were loaded and those
//! that calls have sent.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::page::Pagination;
use super::params::under;
use crate::context::{Call, MethodError, Output, errors, moment};
use crate::data::PortalData;
use crate::data::entities::{CONTACT, USER};
use crate::data::records::{self, RecordTable, table::Writer};
use crate::methods::method::{Handler, Method, read, write};

const KIND: &str = "mail.message";
const MAILBOXES: &str = "mail.mailbox";
const SENT: &str = "SENT";

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("mail", "mail.message.list", list),
        read!("mail", "mail.message.get", get),
        read!("mail", "mail.message.thread", thread),
        write!("mail", "mail.message.send", send),
        write!("mail", "mail.message.reply", send),
        write!("mail", "mail.message.forward", send),
        write!("mail", "mail.message.movetofolder", move_to_folder),
        write!("mail", "mail.message.createtask", make::<0>),
        write!("mail", "mail.message.createchat", make::<1>),
        write!("mail", "mail.message.createfeedpost", make::<2>),
        write!("mail", "mail.message.createcalendarevent", make::<3>),
        write!("mail", "mail.message.createcrmactivity", bind),
        write!("mail", "mail.message.removecrmactivity", unbind),
        read!("mail", "mail.recipient.listemployees", employees),
        read!("mail", "mail.recipient.listcontacts", contacts),
    ]
    .into_iter()
}

fn table(state: &PortalData) -> Result<&RecordTable, MethodError> {
    let place = records::place(KIND).ok_or_else(errors::method_not_found)?;
    Ok(&state.records[place])
}

fn table_mut(state: &mut PortalData) -> Result<&mut RecordTable, MethodError> {
    let place = records::place(KIND).ok_or_else(errors::method_not_found)?;
    Ok(&mut state.records[place])
}

fn text(row: &Map<String, Json>, name: &str) -> String {
    row.get(name)
        .cloned()
        .map(Value::from)
        .unwrap_or_default()
        .to_text()
}

fn writer(call: &Call<'_>) -> Writer {
    Writer {
        user: call.user,
        now: call.seconds(),
    }
}

fn invalid(field: &str, text: &str) -> MethodError {
    error::validation([(field, text.to_owned())])
}

/// What is not shown of a letter.
const HIDDEN: [&str; 2] = ["folder", "thread"];

fn shown(row: &Map<String, Json>, wanted: &[String]) -> Array {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    row.iter()
        .filter(|(name, _)| !HIDDEN.contains(&name.as_str()) && is_wanted(name))
        .map(|(name, value)| {
            (
                brimful_protocol::Key::from(name.as_str()),
                Value::from(value.clone()),
            )
        })
        .collect()
}

/// The part of a list that `pagination` asks for, under `items`.
fn page(call: &Call<'_>, items: Vec<Array>) -> Result<Output, MethodError> {
    let page = Pagination::parse(call.params.get("pagination"))?;
    let items = items
        .into_iter()
        .skip(usize::try_from(page.offset).unwrap_or(usize::MAX))
        .take(usize::try_from(page.limit).unwrap_or(usize::MAX));
    Ok(Output::value(&under("items", items.collect::<Value>())))
}

/// A moment that a call names; it has to be one of ISO 8601.
fn bound(call: &Call<'_>, name: &str) -> Result<Option<i64>, MethodError> {
    let given = call.text(name);
    if given.is_empty() {
        return Ok(None);
    }
    let at = moment::parse(&given, 0).filter(|_| given.contains('T'));
    at.map(Some).ok_or_else(|| {
        let text = format!(
            "Parameter `{name}` must be in ISO 8601 format (DATE_ATOM), for example `2026-01-01T00:00:00+00:00`"
        );
        invalid(name, &text)
    })
}

/// `mail.message.list`: the last first.
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (from, to) = (bound(call, "dateFrom")?, bound(call, "dateTo")?);
    let [mailbox, searched, folder] =
        ["mailboxId", "searchQuery", "folder"].map(|name| call.text(name).to_lowercase());
    let flag = |name: &str| call.params.get(name).map(Value::is_truthy);
    let (seen, attached) = (flag("isSeen"), flag("hasAttachments"));
    let passes = |row: &Map<String, Json>| {
        let at = moment::parse(&text(row, "date"), 0).unwrap_or(0);
        let is = |name: &str, wanted: Option<bool>| {
            let has = row.get(name).is_some_and(|value| *value == true);
            wanted.is_none_or(|wanted| wanted == has)
        };
        let has_text = |name: &&str| text(row, name).to_lowercase().contains(&searched);
        (mailbox.is_empty() || text(row, "mailboxId") == mailbox)
            && (folder.is_empty() || text(row, "folder").to_lowercase() == folder)
            && is("isSeen", seen)
            && is("hasAttachments", attached)
            && from.is_none_or(|from| at >= from)
            && to.is_none_or(|to| at <= to)
            && (searched.is_empty() || ["subject", "body", "from", "to"].iter().any(has_text))
    };
    let rows = table(state)?.rows().map(|(_, row)| row);
    let mut items: Vec<Array> = rows
        .filter(|row| passes(row))
        .map(|row| shown(row, &[]))
        .collect();
    items.reverse();
    page(call, items)
}

/// The letter that a call names.
fn named(state: &PortalData, call: &Call<'_>, param: &str) -> Result<u64, MethodError> {
    let id = call.params.get(param).filter(|id| **id != Value::Null);
    let id = id.ok_or_else(|| error::required(param))?.to_text();
    let number = id.parse().ok();
    let number =
        number.filter(|&number| table(state).is_ok_and(|table| table.get(number).is_some()));
    number.ok_or_else(|| {
        if param == "id" {
            error::entity_not_found(&id)
        } else {
            invalid(param, "Message was deleted or moved to another folder")
        }
    })
}

/// `mail.message.get(id, select)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call, "id")?;
    let wanted = call.params.get("select").and_then(Value::as_array);
    let wanted: Vec<String> = wanted
        .into_iter()
        .flat_map(Array::values)
        .map(Value::to_text)
        .collect();
    for name in &wanted {
        let known = records::fields(KIND).iter();
        if !{ known }.any(|field| field.name == name && !field.hidden) {
            return Err(error::unknown_field(name, "MessageDto"));
        }
    }
    let row = table(state)?.get(id).cloned().unwrap_or_default();
    Ok(Output::value(&under("item", shown(&row, &wanted))))
}

/// `mail.message.thread(id, limit)`: the oldest first.
fn thread(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: usize = 20;
    const MOST: usize = 50;
    const SHOWN: [&str; 7] = ["id", "subject", "from", "to", "cc", "date", "body"];
    let id = named(state, call, "id")?;
    let limit = call.text("limit").parse().unwrap_or(USUAL).clamp(1, MOST);
    let table = table(state)?;
    let of = |number: u64| {
        let row = table.get(number);
        let first = row.map(|row| text(row, "thread")).unwrap_or_default();
        first.parse().unwrap_or(number)
    };
    let wanted = SHOWN.map(str::to_owned);
    let letters = table.rows().filter(|(number, _)| of(*number) == of(id));
    let letters = letters.take(limit).map(|(_, row)| shown(row, &wanted));
    Ok(Output::value(&letters.collect::<Value>()))
}

/// The addresses of a parameter.
fn addresses(call: &Call<'_>, name: &str) -> Vec<String> {
    let given = call.params.get(name);
    let given: Vec<String> = match given {
        Some(Value::Array(given)) => given.values().map(Value::to_text).collect(),
        Some(one) => vec![one.to_text()],
        None => Vec::new(),
    };
    given
        .into_iter()
        .filter(|address| address.contains('@'))
        .collect()
}

/// `mail.message.send`, `.reply` and `.forward`: the letter is among those that were sent.
fn send(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let answered = match call.method.rsplit('.').next() {
        Some("reply") => Some("replyToMessageId"),
        Some("forward") => Some("forwardMessageId"),
        _ => None,
    };
    for name in answered
        .into_iter()
        .chain(["from", "to", "subject", "body"])
    {
        if call
            .params
            .get(name)
            .is_none_or(|value| *value == Value::Null)
        {
            return Err(error::required(name));
        }
    }
    let to = addresses(call, "to");
    if to.is_empty() {
        return Err(invalid("to", "NO_RECIPIENTS"));
    }
    let from = call.text("from");
    let boxes = state.record_table(MAILBOXES);
    let mailbox = boxes.and_then(|boxes| {
        let mut rows = boxes.rows();
        rows.find(|(_, row)| text(row, "email") == from)
            .map(|(id, _)| id)
    });
    let mailbox = mailbox.ok_or_else(|| invalid("from", "MESSAGE_SEND_FAILED"))?;
    let mut given = Array::new();
    if let Some(param) = answered {
        let failed = if param.starts_with("reply") {
            "MESSAGE_REPLY_FAILED"
        } else {
            "MESSAGE_FORWARD_FAILED"
        };
        let before = named(state, call, param).map_err(|_| invalid(param, failed))?;
        let row = table(state)?.get(before);
        let first = row.map(|row| text(row, "thread")).unwrap_or_default();
        given.insert("thread", first.parse().unwrap_or(before as i64));
    }
    given.insert("mailboxId", mailbox as i64);
    given.insert("mailboxEmail", from.as_str());
    given.insert("from", from.as_str());
    given.insert("to", to.join(", "));
    given.insert("cc", addresses(call, "cc").join(", "));
    given.insert("subject", call.text("subject"));
    given.insert("body", call.text("body"));
    given.insert("folder", SENT);
    let by = writer(call);
    table_mut(state)?.add(&given, by);
    let mut answer = Array::from_iter([("success", true)]);
    answer.insert("to", to.into_iter().collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}

/// `mail.message.movetofolder(messageIds, action, folder)`
fn move_to_folder(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let ids = call
        .params
        .get("messageIds")
        .and_then(Value::as_array)
        .cloned();
    let ids = ids.ok_or_else(|| error::required("messageIds"))?;
    let action = call.text("action");
    let folder = match action.as_str() {
        "move" if call.text("folder").is_empty() => {
            return Err(invalid(
                "folder",
                "The `folder` parameter is required when `action=move`",
            ));
        }
        "move" => call.text("folder"),
        "spam" => "SPAM".to_owned(),
        "delete" => "TRASH".to_owned(),
        _ => {
            let text = "The `action` parameter must be `move`, `spam`, or `delete`";
            return Err(invalid("action", text));
        }
    };
    let by = writer(call);
    let table = table_mut(state)?;
    let ids = ids
        .values()
        .filter_map(|id| u64::try_from(id.to_int()).ok());
    let ids: Vec<u64> = ids.filter(|id| table.get(*id).is_some()).collect();
    if ids.is_empty() {
        return Err(invalid("messageIds", "No accessible messages found"));
    }
    let given = Array::from_iter([("folder", folder)]);
    for id in &ids {
        table.update(*id, &given, by);
    }
    let mut answer = Array::from_iter([("success", true)]);
    answer.insert("movedCount", ids.len() as i64);
    answer.insert("action", action);
    Ok(Output::value(&Value::Array(answer)))
}

/// What a letter is made into: the method that adds it, and what the answer calls its ID.
const MADE: [(&str, &str); 4] = [
    ("tasks.task.add", "taskId"),
    ("im.chat.add", "chatId"),
    ("log.blogpost.add", "postId"),
    ("calendar.event.add", "eventId"),
];

/// `mail.message.createtask`, `.createchat`, `.createfeedpost` and `.createcalendarevent`
fn make<const WHAT: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = named(state, call, "messageId")?;
    let (method, key) = MADE[WHAT];
    for name in ["dateFrom", "dateTo"] {
        if key == "eventId" && call.text(name).is_empty() {
            return Err(error::required(name));
        }
    }
    let bindings = table(state)?
        .get(id)
        .and_then(|row| row.get("bindings"))
        .cloned();
    let mut bindings = bindings
        .and_then(|list| list.as_array().cloned())
        .unwrap_or_default();
    let known = bindings.iter().find(|one| one["type"] == key).cloned();
    let existing = known.filter(|_| key == "chatId");
    let made = match &existing {
        Some(known) => known["id"].as_i64().unwrap_or(0),
        None => add(state, call, (method, key), id)?,
    };
    if existing.is_none() {
        bindings.push(serde_json::json!({"type": key, "id": made}));
        let by = writer(call);
        let list = Array::from_iter([("bindings", Value::from(Json::Array(bindings)))]);
        table_mut(state)?.update(id, &list, by);
    }
    let mut answer = Array::from_iter([("success", true)]);
    answer.insert(key, made);
    answer.insert("messageId", id as i64);
    if key == "chatId" {
        answer.insert("existing", existing.is_some());
    }
    Ok(Output::value(&Value::Array(answer)))
}

/// Adds what a letter is made into: its ID.
fn add(
    state: &mut PortalData,
    call: &mut Call<'_>,
    (method, key): (&'static str, &str),
    letter: u64,
) -> Result<i64, MethodError> {
    let row = table(state)?.get(letter).cloned().unwrap_or_default();
    let or = |name: &str, otherwise: &str| match call.text(name) {
        given if given.is_empty() => text(&row, otherwise),
        given => given,
    };
    let user = call.user.to_string();
    let responsible = match call.text("responsibleId") {
        given if given.is_empty() => user.clone(),
        given => given,
    };
    let pairs: Vec<(&str, String)> = match key {
        "taskId" => vec![
            ("TITLE", or("title", "subject")),
            ("DESCRIPTION", or("description", "body")),
            ("RESPONSIBLE_ID", responsible),
        ],
        "chatId" => vec![("TITLE", text(&row, "subject"))],
        "postId" => vec![
            ("POST_TITLE", or("title", "subject")),
            ("POST_MESSAGE", text(&row, "body")),
        ],
        _ => vec![
            ("type", "user".to_owned()),
            ("ownerId", user),
            ("name", or("name", "subject")),
            ("description", or("description", "body")),
            ("from", call.text("dateFrom")),
            ("to", call.text("dateTo")),
        ],
    };
    let fields: Array = pairs.into_iter().collect();
    call.params = if key == "taskId" {
        Array::from_iter([("fields", fields)])
    } else {
        fields
    };
    call.method = Cow::Borrowed(method);
    let handler = crate::methods::find(method).map(|method| method.handler);
    let Some(Handler::Write(handler)) = handler else {
        return Err(errors::method_not_found());
    };
    let added = handler(state, call)?;
    Ok(match key {
        "taskId" => added.deepest(&["task", "id"]).to_int(),
        _ => added.to_value().to_int(),
    })
}

/// `mail.message.createcrmactivity(messageId)`
fn bind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    set_bound(state, call, true)
}

/// `mail.message.removecrmactivity(messageId)`
fn unbind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    set_bound(state, call, false)
}

fn set_bound(
    state: &mut PortalData,
    call: &mut Call<'_>,
    is_bound: bool,
) -> Result<Output, MethodError> {
    let id = named(state, call, "messageId")?;
    let bindings = table(state)?
        .get(id)
        .and_then(|row| row.get("bindings"))
        .cloned();
    let mut bindings = bindings
        .and_then(|list| list.as_array().cloned())
        .unwrap_or_default();
    bindings.retain(|one| one["type"] != "crmActivity");
    if is_bound {
        bindings.push(serde_json::json!({"type": "crmActivity", "id": id}));
    }
    let by = writer(call);
    let list = Array::from_iter([("bindings", Value::from(Json::Array(bindings)))]);
    table_mut(state)?.update(id, &list, by);
    Ok(Output::value(&Value::Bool(true)))
}

/// People of an entity whose name or address holds what is searched for.
fn people(state: &PortalData, call: &Call<'_>, entity: usize) -> Vec<Array> {
    let searched = call.text("query").to_lowercase();
    let people = state.table(entity);
    let of = |id: u64, name: &str| {
        let row = people.row(id);
        let at = people.schema.legacy(name);
        at.and_then(|at| row.cell(at).to_text()).unwrap_or_default()
    };
    let mut found = Vec::new();
    for id in people.ids(1, u64::MAX).take(10_000) {
        let name = [of(id, "NAME"), of(id, "LAST_NAME")].join(" ");
        let email = of(id, "EMAIL");
        let is_it =
            name.to_lowercase().contains(&searched) || email.to_lowercase().contains(&searched);
        if is_it {
            let mut one = Array::from_iter([("id", id as i64)]);
            one.insert("email", email);
            one.insert("name", name.trim());
            found.push(one);
        }
    }
    found
}

/// `mail.recipient.listemployees(query)`
fn employees(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.params.get("query").is_none() {
        return Err(error::required("query"));
    }
    page(call, people(state, call, USER))
}

/// `mail.recipient.listcontacts(query)`
fn contacts(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    page(call, people(state, call, CONTACT))
}
