//! `imbot.app.*`: applications that a bot puts into chats, as icons that run something or open a frame.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::messenger::BOT_APPS;
use crate::methods::chats::{done, refused};
use crate::methods::method::{Handler, Method, write};
use crate::methods::record_rows::{self, given_number, row, text};

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("imbot", "imbot.app.register", register),
        write!("imbot", "imbot.app.update", update),
        write!("imbot", "imbot.app.unregister", unregister),
    ]
    .into_iter()
}

fn given(fields: &Array, name: &str) -> String {
    let value = fields.get_ignoring_case(name);
    value.map(Value::to_text).unwrap_or_default()
}

fn check_frame(fields: &Array) -> Result<(), MethodError> {
    let frame = given(fields, "IFRAME");
    if frame.is_empty() || frame.starts_with("https://") {
        return Ok(());
    }
    let text = "The link to IFRAME must lead to a site with an active HTTPS certificate";
    Err(refused("IFRAME_HTTPS", text))
}

/// `imbot.app.register`: the number of the application in chats.
fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = row(state, "imbot", given_number(call, "BOT_ID"));
    if bot.is_none() {
        return Err(refused("BOT_ID_ERROR", "Bot not found"));
    }
    let fields = call.params.clone();
    let (frame, runs) = (given(&fields, "IFRAME"), given(&fields, "JS_METHOD"));
    if !matches!(runs.as_str(), "" | "PUT" | "SEND" | "CALL" | "SUPPORT")
        || (frame.is_empty() && runs.is_empty())
    {
        let text = "Error specifying JS command or IFRAME parameters";
        return Err(refused("PARAMS_ERROR", text));
    }
    if runs.is_empty() {
        check_frame(&fields)?;
        if given(&fields, "HASH").is_empty() {
            return Err(refused("HASH_ERROR", "Hash can't be empty"));
        }
    }
    let phrases = fields.get_ignoring_case("LANG").and_then(Value::as_array);
    let is_hidden = given(&fields, "HIDDEN") == "Y";
    if !is_hidden && phrases.is_none_or(Array::is_empty) {
        return Err(refused("LANG_ERROR", "Lang set can't be empty"));
    }
    let mut fields = fields;
    fields.insert("APPLICATION", call.application.unwrap_or_default());
    let id = record_rows::add(state, call, BOT_APPS, &fields);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// The application in chats that a call names, which has to belong to the caller.
fn own(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = given_number(call, "APP_ID");
    let app = row(state, BOT_APPS, id);
    let app = app.ok_or_else(|| refused("CHAT_APP_ID_ERROR", "Application not found"))?;
    let owner = text(app, "APPLICATION");
    if owner != call.application.unwrap_or_default() && !owner.is_empty() {
        let text = "The chat application does not belong to this rest application";
        return Err(refused("APP_ID_ERROR", text));
    }
    Ok(id)
}

/// `imbot.app.update(APP_ID, FIELDS)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = own(state, call)?;
    let fields = call.params.get_ignoring_case("FIELDS");
    let mut fields = match fields {
        Some(Value::Array(fields)) => fields.clone(),
        _ => call.params.clone(),
    };
    check_frame(&fields)?;
    fields.remove("APPLICATION");
    record_rows::update(state, call, BOT_APPS, id, &fields);
    Ok(done())
}

/// `imbot.app.unregister(APP_ID)`
fn unregister(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = own(state, call)?;
    record_rows::delete(state, BOT_APPS, id);
    Ok(done())
}
