//! `imbot.v2.Command.*`: the commands that users give to bots. They are kept where those of `imbot.command.*` are.

use super::{
    Array, Call, Cow, Handler, Json, Method, MethodError, Output, PortalData, Value, done, fields,
    is_yes, named, read, refused, text, write, writer,
};
use crate::data::records::{self, RecordTable};
use crate::methods::bots::messages;

const KIND: &str = "imbot.command";

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("imbot", "imbot.v2.command.register", register),
        write!("imbot", "imbot.v2.command.update", update),
        write!("imbot", "imbot.v2.command.unregister", unregister),
        read!("imbot", "imbot.v2.command.list", list),
        write!("imbot", "imbot.v2.command.answer", answer),
        write!("imbot", "imbot.command.answer", answer_as_before),
    ]
    .into_iter()
}

fn table(state: &PortalData) -> Option<&RecordTable> {
    state.record_table(KIND)
}

pub(super) fn value(state: &PortalData, id: u64, name: &str) -> Value {
    let row = table(state).and_then(|table| table.get(id));
    let value = row.and_then(|row| row.get(name)).cloned();
    value.map(Value::from).unwrap_or_default()
}

/// The commands of a bot.
pub(super) fn of(state: &PortalData, bot: u64) -> Vec<u64> {
    let rows = table(state).into_iter().flat_map(RecordTable::rows);
    let ids = rows.map(|(id, _)| id);
    ids.filter(|id| value(state, *id, "BOT_ID").to_int() == bot as i64)
        .collect()
}

/// What a command is called by: its name with the slash.
pub(super) fn called(state: &PortalData, id: u64) -> String {
    format!("/{}", value(state, id, "COMMAND").to_text())
}

/// Deletes the commands of a bot.
pub(super) fn forget(state: &mut PortalData, bot: u64) {
    let commands = of(state, bot);
    if let Some(place) = records::place(KIND) {
        for id in commands {
            state.records[place].delete(id);
        }
    }
}

/// The command of the bot that a call names.
fn command(state: &PortalData, call: &Call<'_>, bot: u64) -> Result<u64, MethodError> {
    let id = call.text("commandId").parse().ok();
    let id = id.filter(|id| of(state, bot).contains(id));
    id.ok_or_else(|| refused("COMMAND_NOT_FOUND", "Command not found"))
}

/// The name that `fields` give, without the slash.
fn name(fields: &Array) -> Result<Option<String>, MethodError> {
    match fields.get("command") {
        None => Ok(None),
        Some(Value::Text(name)) => Ok(Some(name.trim_start_matches('/').to_owned())),
        Some(_) => Err(refused("COMMAND_NAME_INVALID", "Command name is invalid")),
    }
}

/// The titles and parameters by language: a language that is null goes, others stay as they are.
fn translations(fields: &Array, before: &Value) -> Value {
    let mut all = before.as_array().cloned().unwrap_or_default();
    for (part, ours) in [("title", "TITLE"), ("params", "PARAMS")] {
        let given = fields.get(part).and_then(Value::as_array);
        for (language, text) in given.into_iter().flat_map(Array::iter) {
            let language = language.to_text();
            let known = all.get(&language).and_then(Value::as_array);
            let mut entry = known.cloned().unwrap_or_default();
            match text {
                Value::Null if part == "title" => {
                    all.remove(&language);
                    continue;
                }
                text => entry.insert(ours, text.to_text()),
            }
            all.insert(language.as_str(), entry);
        }
    }
    Value::Array(all)
}

fn flags(fields: &Array) -> Array {
    let mut given = Array::new();
    for (ours, theirs) in [
        ("COMMON", "common"),
        ("HIDDEN", "hidden"),
        ("EXTRANET_SUPPORT", "extranetSupport"),
    ] {
        if let Some(value) = fields.get(theirs) {
            given.insert(ours, if is_yes(value) { "Y" } else { "N" });
        }
    }
    given
}

fn with_name(state: &PortalData, bot: u64, name: &str) -> Option<u64> {
    let mut commands = of(state, bot).into_iter();
    commands.find(|id| value(state, *id, "COMMAND").to_text() == name)
}

/// `imbot.v2.Command.register(botId, fields)`: the command with this name, if the bot has one, as it is.
fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let fields = fields(call);
    let name = name(&fields)?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| refused("COMMAND_REQUIRED", "Command is required"))?;
    if let Some(id) = with_name(state, bot, &name) {
        return Ok(shown(state, id));
    }
    let is_hidden = fields.get("hidden").is_some_and(is_yes);
    let has_title = fields.get("title").and_then(Value::as_array);
    if !is_hidden && has_title.is_none_or(Array::is_empty) {
        let text = "Command title is required";
        return Err(refused("COMMAND_TITLE_REQUIRED", text));
    }
    let mut given = flags(&fields);
    given.insert("BOT_ID", bot as i64);
    given.insert("COMMAND", name);
    given.insert("LANG", translations(&fields, &Value::Null));
    let by = writer(call);
    let place = records::place(KIND);
    let id = place.map_or(0, |place| state.records[place].add(&given, by));
    Ok(shown(state, id))
}

/// `imbot.v2.Command.update(botId, commandId, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let id = command(state, call, bot)?;
    let fields = fields(call);
    let mut given = flags(&fields);
    if let Some(name) = name(&fields)? {
        if name.is_empty() {
            return Err(refused("COMMAND_NAME_EMPTY", "Command name is empty"));
        }
        if with_name(state, bot, &name).is_some_and(|other| other != id) {
            let text = "Command already exists";
            return Err(refused("COMMAND_ALREADY_EXISTS", text));
        }
        given.insert("COMMAND", name);
    }
    given.insert("LANG", translations(&fields, &value(state, id, "LANG")));
    let by = writer(call);
    if let Some(place) = records::place(KIND) {
        state.records[place].update(id, &given, by);
    }
    Ok(shown(state, id))
}

/// `imbot.v2.Command.unregister(botId, commandId)`
fn unregister(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let id = command(state, call, bot)?;
    if let Some(place) = records::place(KIND) {
        state.records[place].delete(id);
    }
    Ok(done())
}

/// `imbot.v2.Command.list(botId)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let commands = of(state, bot).into_iter().map(|id| {
        let mut command = describe(state, id);
        let languages = value(state, id, "LANG");
        let mut first = languages.as_array().into_iter().flat_map(Array::values);
        let of = first.find_map(Value::as_array);
        let text = |name: &str| of.map(|of| super::text(of, name)).unwrap_or_default();
        command.insert("title", text("TITLE"));
        command.insert("params", text("PARAMS"));
        let name = super::field(state, bot, &["PROPERTIES", "NAME"]);
        command.insert("category", name);
        command.insert("context", "");
        command
    });
    let answer = Array::from_iter([("commands", commands.collect::<Value>())]);
    Ok(Output::value(&Value::Array(answer)))
}

fn describe(state: &PortalData, id: u64) -> Array {
    let of = |name: &str| value(state, id, name);
    let mut command = Array::new();
    command.insert("id", id as i64);
    command.insert("botId", of("BOT_ID").to_int());
    command.insert("command", called(state, id));
    command.insert("common", of("COMMON").to_text() == "Y");
    command.insert("hidden", of("HIDDEN").to_text() == "Y");
    command.insert("extranetSupport", of("EXTRANET_SUPPORT").to_text() == "Y");
    command
}

fn shown(state: &PortalData, id: u64) -> Output {
    let answer = Array::from_iter([("command", describe(state, id))]);
    Output::value(&Value::Array(answer))
}

fn failed() -> MethodError {
    refused("COMMAND_ANSWER_FAILED", "Command answer failed")
}

/// `imbot.v2.Command.answer(botId, commandId, messageId, dialogId, fields)`: into the chat of the message, whether the bot
/// is in it or not.
fn answer(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    command(state, call, bot).map_err(|_| failed())?;
    let message = text(&fields(call), "message");
    reply(state, call, bot, &message).ok_or_else(failed)?;
    Ok(done())
}

/// Says something where the message that a call names was said: the ID of the answer.
fn reply(state: &mut PortalData, call: &Call<'_>, bot: u64, message: &str) -> Option<u64> {
    let asked = match call.text("messageId") {
        id if id.is_empty() => call.text("MESSAGE_ID"),
        id => id,
    };
    let asked = asked.parse().ok();
    let chat = asked.and_then(|asked| messages::chat_of(state, asked))?;
    if message.is_empty() {
        return None;
    }
    Some(crate::methods::chats::say(state, call, chat, bot, message))
}

/// `imbot.command.answer(COMMAND_ID or COMMAND, MESSAGE_ID, MESSAGE)`
fn answer_as_before(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let named = call.text("COMMAND");
    let is_it = |(id, row): &(u64, &serde_json::Map<String, Json>)| {
        let name = row.get("COMMAND").and_then(Json::as_str);
        id.to_string() == call.text("COMMAND_ID") || (!named.is_empty() && name == Some(&named))
    };
    let found = table(state).and_then(|table| table.rows().find(is_it));
    let id = found.map(|(id, _)| id);
    let id = id.ok_or_else(|| refused("COMMAND_ID_ERROR", "Command not found"))?;
    if call.text("MESSAGE_ID").is_empty() {
        return Err(refused("MESSAGE_ID_EMPTY", "Message ID can't be empty"));
    }
    let message = call.text("MESSAGE");
    if message.is_empty() {
        return Err(refused("MESSAGE_EMPTY", "Message can't be empty"));
    }
    let bot = u64::try_from(value(state, id, "BOT_ID").to_int()).unwrap_or(0);
    let answer = reply(state, call, bot, &message);
    let answer = answer.ok_or_else(|| refused("WRONG_REQUEST", "Something went wrong"))?;
    Ok(Output::value(&Value::Int(answer as i64)))
}
