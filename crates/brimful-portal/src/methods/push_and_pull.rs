//! `pull.application.*`: the channels of an application, and what it sends through them.
//!
//! No push server listens behind the addresses that are given: what was sent is kept as records.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::json;

use super::chats::{done, refused};
use super::disk::OWN_ADDRESS;
use super::record_rows;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::hash;
use crate::data::records::push::{EVENTS, NOTIFICATIONS};
use crate::methods::method::{Handler, Method, read, write};

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("pull", "pull.application.config.get", config),
        write!("pull", "pull.application.event.add", add_event),
        write!("pull", "pull.application.push.add", add_notification),
    ]
    .into_iter()
}

const OF_APPLICATIONS: &str =
    "Get access to application config available only for application authorization.";

/// The application that calls.
fn application<'c>(call: &Call<'c>, refusal: &str) -> Result<&'c str, MethodError> {
    call.application
        .ok_or_else(|| MethodError::new(403, "WRONG_AUTH_TYPE", refusal))
}

/// Seconds that a channel is open.
const OPEN: i64 = 12 * 3600;

/// A channel: the name by which it is subscribed, and how long it is open.
fn channel(state: &PortalData, call: &Call<'_>, name: &str) -> (String, String, String) {
    let start = call.seconds().div_euclid(OPEN) * OPEN;
    let salt = hash::salt(name) ^ hash::salt(call.application.unwrap_or_default());
    let first = hash::mix(state.seed() ^ salt ^ start.unsigned_abs());
    let second = hash::mix(first);
    let id = format!("{first:016x}{second:016x}");
    (id, moment::text(start), moment::text(start + OPEN))
}

/// `pull.application.config.get`
fn config(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    application(call, OF_APPLICATIONS)?;
    let user = call.user;
    let (shared, start, end) = channel(state, call, "shared");
    let (private, ..) = channel(state, call, &format!("private{user}"));
    let (public, ..) = channel(state, call, &format!("public{user}"));
    let (signature, ..) = channel(state, call, &format!("signature{user}"));
    let address = |path: &str| format!("{OWN_ADDRESS}/{path}/");
    let config = json!({
        "server": {
            "version": 4,
            "server_enabled": false,
            "mode": "personal",
            "hostname": address(""),
            "long_polling": address("sub2"),
            "long_pooling_secure": address("sub2"),
            "websocket_enabled": false,
            "websocket": address("subws2"),
            "websocket_secure": address("subws2"),
            "publish_enabled": false,
            "publish": address("rest"),
            "publish_secure": address("rest"),
            "config_timestamp": call.seconds().div_euclid(OPEN) * OPEN,
        },
        "api": { "revision_web": 19, "revision_mobile": 3 },
        "channels": {
            "shared": { "id": shared, "start": start, "end": end, "type": "shared" },
            "private": {
                "id": private, "public_id": public, "start": start, "end": end, "type": "private",
            },
        },
        "exp": call.seconds() + OPEN,
        "publicChannels": {
            user.to_string(): {
                "user_id": user, "public_id": public, "signature": signature, "start": start, "end": end,
            },
        },
    });
    Ok(Output::value(&Value::from(config)))
}

/// Whether a text has nothing but these letters; an empty one has none.
fn consists_of(text: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_allowed)
}

/// `pull.application.event.add(COMMAND, PARAMS, MODULE_ID, USER_ID)`: to everybody where no user is named.
fn add_event(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = application(call, OF_APPLICATIONS)?;
    let users = record_rows::numbers(call.params.get_ignoring_case("USER_ID"));
    if call.rights != Rights::All && users.iter().any(|user| *user != call.user) {
        let text = "Only admin can send notifications to other channels";
        return Err(refused("USER_ID_ACCESS_ERROR", text));
    }
    let module = match call.params.get_ignoring_case("MODULE_ID") {
        None | Some(Value::Null) => "application".to_owned(),
        Some(module) => module.to_text(),
    };
    let is_of_module = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '_')
    };
    if !consists_of(&module, is_of_module) {
        return Err(refused("MODULE_ID_ERROR", "Module ID format error"));
    }
    let command = call.text("COMMAND");
    let is_of_command = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':' | '|' | '.' | '-')
    };
    if !consists_of(&command, is_of_command) {
        return Err(refused("COMMAND_ERROR", "Command format error"));
    }
    let params = match call.params.get_ignoring_case("PARAMS") {
        None | Some(Value::Null) => Value::Array(Array::new()),
        Some(Value::Array(params)) => Value::Array(params.clone()),
        Some(_) => return Err(refused("PARAMS_ERROR", "Params format error")),
    };
    let mut event = sent(application, &users);
    event.insert("module", module);
    event.insert("command", command);
    event.insert("params", params);
    record_rows::add(state, call, EVENTS, &event);
    Ok(done())
}

fn sent(application: &str, users: &[u64]) -> Array {
    let users: Value = users.iter().map(|user| *user as i64).collect();
    Array::from_iter([("application", Value::from(application)), ("users", users)])
}

/// `pull.application.push.add(USER_ID, TEXT, AVATAR)`
fn add_notification(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = application(
        call,
        "Send push notifications available only for application authorization.",
    )?;
    if call.rights != Rights::All {
        let text = "You do not have access to send push notifications";
        return Err(refused("ACCESS_ERROR", text));
    }
    let text = call.text("TEXT");
    if text.trim().is_empty() {
        return Err(refused("TEXT_ERROR", "Text can't be empty"));
    }
    let users = record_rows::numbers(call.params.get_ignoring_case("USER_ID"));
    let mut notification = sent(application, &users);
    notification.insert("text", text);
    notification.insert("avatar", call.text("AVATAR"));
    record_rows::add(state, call, NOTIFICATIONS, &notification);
    Ok(done())
}
