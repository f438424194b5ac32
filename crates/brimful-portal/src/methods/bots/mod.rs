//! `imbot.v2.*`: bots of the newer API. They are kept where those of `imbot.register` are, and write into the chats and
//! messages of the messenger.

mod apps;
mod chats;
mod commands;
pub(super) mod events;
mod files;
mod messages;
mod posts;
mod registration;

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::chats::{color, refused, word, writer};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{CHAT, MESSAGE, USER};
use crate::data::records::{self, RecordTable};
use crate::methods::method::{Handler, Method, read, write};

/// The kinds of bots, and the letter of each in `imbot.register`.
const TYPES: [(&str, &str); 5] = [
    ("bot", "B"),
    ("network", "N"),
    ("openline", "O"),
    ("supervisor", "S"),
    ("personal", "P"),
];

/// The application that a bot belongs to, or the token of a bot that a webhook has registered.
const OWNER: &str = "OWNER";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    let own = [
        write!("imbot", "imbot.register", registration::register),
        write!("imbot", "imbot.v2.bot.register", register),
        write!("imbot", "imbot.v2.bot.update", update),
        write!("imbot", "imbot.v2.bot.unregister", unregister),
        read!("imbot", "imbot.v2.bot.get", get),
        read!("imbot", "imbot.v2.bot.list", list),
        write!("imbot", "imbot.v2.event.get", events::get),
    ];
    own.into_iter()
        .chain(apps::methods())
        .chain(chats::methods())
        .chain(messages::methods())
        .chain(commands::methods())
        .chain(files::methods())
}

fn bots(state: &PortalData) -> Option<&RecordTable> {
    state.record_table("imbot")
}

fn bots_mut(state: &mut PortalData) -> Option<&mut RecordTable> {
    records::place("imbot").map(|place| &mut state.records[place])
}

/// The value that a bot has for a field.
fn field(state: &PortalData, bot: u64, path: &[&str]) -> Value {
    let row = bots(state).and_then(|bots| bots.get(bot)).cloned();
    let mut value = row.map(|row| Value::from(Json::Object(row)));
    for name in path {
        value = value.and_then(|value| value.get(name).cloned());
    }
    value.unwrap_or_default()
}

/// Who a call speaks for: its application, or the token that a webhook gives.
fn owner(call: &Call<'_>, token: &str) -> Result<String, MethodError> {
    match call.application {
        Some(application) => Ok(application.to_owned()),
        None if token.is_empty() => Err(refused(
            "BOT_TOKEN_NOT_SPECIFIED",
            "Bot token is not specified",
        )),
        None => Ok(format!("token:{token}")),
    }
}

/// The bot that a call names, if it belongs to the caller.
fn named(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let owner = owner(call, &call.text("botToken"))?;
    let id = call.text("botId");
    if id.is_empty() {
        return Err(refused("BOT_ID_REQUIRED", "Bot ID is required"));
    }
    let id = id.parse().ok();
    let id = id.filter(|&id| bots(state).is_some_and(|bots| bots.get(id).is_some()));
    let id = id.ok_or_else(|| refused("BOT_NOT_FOUND", "Bot not found"))?;
    let of = field(state, id, &[OWNER]).to_text();
    if !of.is_empty() && of != owner {
        let text = "Bot is registered by another application";
        return Err(refused("BOT_OWNERSHIP_ERROR", text));
    }
    Ok(id)
}

/// The array that a parameter has; empty if there is none.
fn fields(call: &Call<'_>) -> Array {
    let fields = call.params.get_ignoring_case("fields");
    fields
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn text(fields: &Array, name: &str) -> String {
    fields.get(name).map(Value::to_text).unwrap_or_default()
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Text(text) => !matches!(text.as_str(), "" | "0" | "N" | "n" | "false"),
        other => other.is_truthy(),
    }
}

/// `{"result": true}`, which methods answer that change something.
fn done() -> Output {
    Output::value(&Value::Array(Array::from_iter([("result", true)])))
}

/// What `fields` say of a bot, under the names by which `imbot.register` keeps it.
fn written(fields: &Array, before: &Value) -> Array {
    let mut given = Array::new();
    if let Some(properties) = fields.get("properties").and_then(Value::as_array) {
        let mut all = before.as_array().cloned().unwrap_or_default();
        for (ours, theirs) in [
            ("NAME", "name"),
            ("LAST_NAME", "lastName"),
            ("WORK_POSITION", "workPosition"),
            ("COLOR", "color"),
            ("GENDER", "gender"),
        ] {
            if let Some(value) = properties.get(theirs) {
                all.insert(ours, value.to_text());
            }
        }
        given.insert("PROPERTIES", all);
    }
    for (ours, theirs) in [
        ("HIDDEN", "isHidden"),
        ("REACTIONS", "isReactionsEnabled"),
        ("OPENLINE", "isSupportOpenline"),
    ] {
        if let Some(value) = fields.get(theirs) {
            given.insert(ours, if is_yes(value) { "Y" } else { "N" });
        }
    }
    for (ours, theirs) in [
        ("BACKGROUND_ID", "backgroundId"),
        ("EVENT_MODE", "eventMode"),
        ("EVENT_HANDLER", "webhookUrl"),
    ] {
        if let Some(value) = fields.get(theirs) {
            given.insert(ours, value.clone());
        }
    }
    given
}

fn check_event_mode(fields: &Array) -> Result<(), MethodError> {
    match text(fields, "eventMode").as_str() {
        "webhook" if text(fields, "webhookUrl").is_empty() => Err(refused(
            "BOT_WEBHOOK_URL_REQUIRED",
            "Webhook URL is required",
        )),
        "" | "fetch" | "webhook" => Ok(()),
        _ => Err(refused("BOT_INVALID_EVENT_MODE", "Invalid event mode")),
    }
}

/// `imbot.v2.Bot.register(fields)`: the bot with this code, if the application has one, as it is.
fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = fields(call);
    let owner = owner(call, &text(&fields, "botToken"))?;
    let code = text(&fields, "code");
    if code.is_empty() {
        return Err(refused("BOT_CODE_REQUIRED", "Bot code is required"));
    }
    let name = fields.get("properties").and_then(|of| of.get("name"));
    if name.is_none_or(|name| name.to_text().trim().is_empty()) {
        let text = "Bot properties are required";
        return Err(refused("BOT_PROPERTIES_REQUIRED", text));
    }
    let kind = match text(&fields, "type") {
        kind if kind.is_empty() => "bot".to_owned(),
        kind => kind,
    };
    let letter = TYPES.iter().find(|(name, _)| *name == kind);
    let (_, letter) = letter.ok_or_else(|| refused("BOT_INVALID_TYPE", "Invalid bot type"))?;
    check_event_mode(&fields)?;
    let with_code = |(id, row): (u64, &serde_json::Map<String, Json>)| {
        let of = |name: &str| row.get(name).and_then(Json::as_str).map(str::to_owned);
        (of("CODE").as_deref() == Some(&code)).then(|| (id, of(OWNER)))
    };
    let known = bots(state).and_then(|bots| bots.rows().find_map(with_code));
    if let Some((id, of)) = known {
        if of.is_some_and(|of| of != owner) {
            let text = "Bot code is already taken";
            return Err(refused("BOT_CODE_ALREADY_TAKEN", text));
        }
        return Ok(Output::value(&shown(state, id)));
    }
    let mut given = written(&fields, &Value::Null);
    given.insert("CODE", code);
    given.insert("TYPE", *letter);
    given.insert(OWNER, owner);
    let by = writer(call);
    let id = bots_mut(state).map_or(0, |bots| bots.add(&given, by));
    Ok(Output::value(&shown(state, id)))
}

/// `imbot.v2.Bot.update(botId, fields)`; a new `botToken` takes the place of the old one.
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let fields = fields(call);
    if text(&fields, "eventMode") != "webhook" {
        check_event_mode(&fields)?;
    }
    let mut given = written(&fields, &field(state, id, &["PROPERTIES"]));
    let token = text(&fields, "botToken");
    if !token.is_empty() && call.application.is_none() {
        given.insert(OWNER, format!("token:{token}"));
    }
    let by = writer(call);
    if let Some(bots) = bots_mut(state) {
        bots.update(id, &given, by);
    }
    Ok(Output::value(&shown(state, id)))
}

/// `imbot.v2.Bot.unregister(botId)`: its commands go with it.
fn unregister(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    if let Some(bots) = bots_mut(state) {
        bots.delete(id);
    }
    commands::forget(state, id);
    events::forget(state, id);
    Ok(done())
}

/// `imbot.v2.Bot.get(botId or code)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    owner(call, &call.text("botToken"))?;
    let code = call.text("code");
    let id = match call.text("botId") {
        id if id.is_empty() && code.is_empty() => {
            let text = "Required parameters are missing";
            return Err(refused("PARAMS_REQUIRED", text));
        }
        id if id.is_empty() => {
            let is_it = |row: &serde_json::Map<String, Json>| {
                row.get("CODE").and_then(Json::as_str) == Some(&code)
            };
            let found = bots(state).and_then(|bots| bots.rows().find(|(_, row)| is_it(row)));
            found.map(|(id, _)| id)
        }
        id => id.parse().ok(),
    };
    let id = id.filter(|&id| bots(state).is_some_and(|bots| bots.get(id).is_some()));
    let id = id.ok_or_else(|| refused("BOT_NOT_FOUND", "Bot not found"))?;
    Ok(Output::value(&shown(state, id)))
}

/// `imbot.v2.Bot.list(filter, limit, offset)`: the bots of the caller.
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let owner = owner(call, &call.text("botToken"))?;
    let wanted = call
        .params
        .get("filter")
        .and_then(|filter| filter.get("type"));
    let wanted = wanted.map(Value::to_text).unwrap_or_default();
    let mut ids: Vec<u64> = bots(state)
        .into_iter()
        .flat_map(RecordTable::rows)
        .map(|(id, _)| id)
        .filter(|&id| field(state, id, &[OWNER]).to_text() == owner)
        .filter(|&id| wanted.is_empty() || kind(state, id) == wanted)
        .collect();
    let number = |name: &str| call.text(name).parse::<usize>().ok();
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(50));
    let more = ids.len() > offset.saturating_add(limit);
    ids = ids.into_iter().skip(offset).take(limit).collect();
    let mut answer = Array::new();
    answer.insert(
        "bots",
        ids.iter().map(|&id| bot(state, id)).collect::<Value>(),
    );
    let users = ids.iter().filter_map(|&id| user(state, id));
    answer.insert("users", users.collect::<Value>());
    answer.insert("hasNextPage", more);
    Ok(Output::value(&Value::Array(answer)))
}

fn kind(state: &PortalData, bot: u64) -> &'static str {
    let letter = field(state, bot, &["TYPE"]).to_text();
    let mut types = TYPES.iter();
    types
        .find(|(_, of)| *of == letter)
        .map_or("bot", |(name, _)| *name)
}

fn shown(state: &PortalData, id: u64) -> Value {
    let mut answer = Array::new();
    answer.insert("bot", bot(state, id));
    answer.insert("users", user(state, id).into_iter().collect::<Value>());
    Value::Array(answer)
}

fn bot(state: &PortalData, id: u64) -> Array {
    let of = |name: &str| field(state, id, &[name]);
    let flag = |name: &str, otherwise: bool| match of(name).to_text().as_str() {
        "" => otherwise,
        letter => letter == "Y",
    };
    let messages = state.table(MESSAGE);
    let said = messages.written().iter();
    let said =
        said.filter(|said| super::chats::int(&messages.row(**said), "AUTHOR_ID") == id as i64);
    let is_in = |chat: &&u64| super::chats::members(state, **chat).contains(&(id as i64));
    let chats: Vec<u64> = state
        .table(CHAT)
        .written()
        .iter()
        .filter(is_in)
        .copied()
        .collect();
    let mut people: Vec<i64> = chats
        .iter()
        .flat_map(|chat| super::chats::members(state, *chat))
        .filter(|user| *user != id as i64)
        .collect();
    people.sort_unstable();
    people.dedup();
    let mut bot = Array::new();
    bot.insert("id", id as i64);
    bot.insert("code", of("CODE"));
    bot.insert("type", kind(state, id));
    bot.insert("isHidden", flag("HIDDEN", false));
    bot.insert("isSupportOpenline", flag("OPENLINE", false));
    bot.insert("isReactionsEnabled", flag("REACTIONS", true));
    bot.insert("backgroundId", of("BACKGROUND_ID"));
    bot.insert("language", "ru");
    bot.insert("moduleId", "rest");
    let mode = of("EVENT_MODE").to_text();
    bot.insert(
        "eventMode",
        if mode.is_empty() {
            "fetch"
        } else {
            mode.as_str()
        },
    );
    bot.insert("countMessage", said.count() as i64);
    bot.insert("countCommand", commands::of(state, id).len() as i64);
    bot.insert("countChat", chats.len() as i64);
    bot.insert("countUser", people.len() as i64);
    bot
}

/// A user, or a bot, as the newer API shows it.
fn user(state: &PortalData, id: u64) -> Option<Array> {
    let is_bot = bots(state).is_some_and(|bots| bots.get(id).is_some());
    let row = state.table(USER).get(id);
    if !is_bot && row.is_none() {
        return None;
    }
    let of = |users: &str| match &row {
        Some(row) if !is_bot => word(row, users),
        _ => field(state, id, &["PROPERTIES", users]).to_text(),
    };
    let (first, last) = (of("NAME"), of("LAST_NAME"));
    let mut user = Array::new();
    user.insert("id", id as i64);
    user.insert("active", is_bot || of("ACTIVE") != "N");
    user.insert("name", format!("{first} {last}").trim());
    user.insert("firstName", first);
    user.insert("lastName", last);
    user.insert("workPosition", of("WORK_POSITION"));
    user.insert("color", color(&of("COLOR")).unwrap_or("#4ba984"));
    user.insert("avatar", "");
    user.insert("gender", "M");
    user.insert("birthday", "");
    user.insert("extranet", false);
    user.insert("bot", is_bot);
    user.insert("connector", false);
    user.insert("externalAuthId", if is_bot { "bot" } else { "default" });
    user.insert("status", "online");
    user.insert("idle", false);
    let seen = match &row {
        Some(row) if !is_bot => super::messenger::last_activity(row),
        // A bot is active from the moment on when it was registered.
        _ => match field(state, id, &["REGISTERED"]) {
            Value::Text(moment) => Value::Text(moment),
            _ => Value::Bool(false),
        },
    };
    user.insert("lastActivityDate", seen);
    user.insert("absent", false);
    let departments = row.filter(|_| !is_bot).map(|row| {
        let mut departments = Vec::new();
        super::chats::cell(&row, "UF_DEPARTMENT").any(|department| {
            departments.extend(department.to_int());
            false
        });
        departments
    });
    let departments = departments.unwrap_or_else(|| vec![1]);
    user.insert("departments", departments.into_iter().collect::<Value>());
    user.insert("phones", false);
    user.insert("type", if is_bot { "bot" } else { "employee" });
    Some(user)
}
