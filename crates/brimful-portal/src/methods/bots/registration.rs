//! `imbot.register`: what is refused of a new bot of the older API, and a bot that is registered again.

use brimful_protocol::{Array, Value};

use super::{bots, bots_mut, writer};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::RecordTable;
use crate::methods::chats::refused;
use crate::methods::records;

/// The addresses that a bot without `EVENT_HANDLER` has, the codes of their refusals, what the refusals call them, and
/// whether a bot needs them.
const HANDLERS: [(&str, &str, &str, bool); 5] = [
    (
        "EVENT_MESSAGE_ADD",
        "EVENT_MESSAGE_ADD_ERROR",
        "Message add",
        true,
    ),
    (
        "EVENT_MESSAGE_UPDATE",
        "EVENT_MESSAGE_UPDATE_ERROR",
        "Message update",
        false,
    ),
    (
        "EVENT_MESSAGE_DELETE",
        "EVENT_MESSAGE_DELETE_ERROR",
        "Message delete",
        false,
    ),
    (
        "EVENT_WELCOME_MESSAGE",
        "EVENT_WELCOME_MESSAGE_ERROR",
        "Welcome message",
        true,
    ),
    (
        "EVENT_BOT_DELETE",
        "EVENT_BOT_DELETE_ERROR",
        "Bot delete",
        true,
    ),
];

/// `imbot.register`. A code that the portal has is answered with the bot that has it.
pub(crate) fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.application.is_none() && call.text("CLIENT_ID").is_empty() {
        let text = "Access denied! Client ID not specified";
        return Err(MethodError::new(403, "ACCESS_DENIED", text));
    }
    check_handlers(call)?;
    let code = call.text("CODE");
    if code.is_empty() {
        return Err(refused("CODE_ERROR", "Bot code isn't specified"));
    }
    let properties = call.params.get_ignoring_case("PROPERTIES");
    let properties = properties.and_then(Value::as_array);
    let is_named = |properties: &Array| {
        ["NAME", "LAST_NAME"].iter().any(|name| {
            let value = properties.get_ignoring_case(name);
            value.is_some_and(|value| !value.to_text().trim().is_empty())
        })
    };
    if !properties.is_some_and(is_named) {
        return Err(refused("NAME_ERROR", "Bot name isn't specified"));
    }
    let known = bots(state).into_iter().flat_map(RecordTable::rows);
    let same = known.filter(|(_, row)| {
        row.get("CODE").and_then(serde_json::Value::as_str) == Some(code.as_str())
    });
    let same = same.map(|(bot, _)| bot).min();
    if let Some(bot) = same {
        return Ok(Output::value(&Value::Int(bot as i64)));
    }
    let answer = records::write(state, call)?;
    let added = bots(state).into_iter().flat_map(RecordTable::rows);
    let added = added.map(|(bot, _)| bot).max();
    if let (Some(bot), Some(application)) = (added, call.application) {
        let given = Array::from_iter([("APPLICATION", application)]);
        if let Some(bots) = bots_mut(state) {
            bots.update(bot, &given, writer(call));
        }
    }
    Ok(answer)
}

/// Refuses a bot that says nowhere where its events go, and texts that are not addresses.
fn check_handlers(call: &Call<'_>) -> Result<(), MethodError> {
    let has_common = !call.text("EVENT_HANDLER").is_empty();
    for (name, code, called, is_needed) in HANDLERS {
        let address = call.text(name);
        if address.is_empty() {
            if is_needed && !has_common {
                let text = format!("Handler for \"{called}\" event isn't specified");
                return Err(refused(code, &text));
            }
            continue;
        }
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme));
        if rest.is_none_or(|rest| rest.trim_start_matches('/').is_empty()) {
            return Err(refused(code, "Wrong handler URL"));
        }
    }
    Ok(())
}
