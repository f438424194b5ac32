//! `event.bind`, `event.unbind`, `event.get`: which handlers an application has its events sent to. They are records of
//! the kind `event`; `calls/events` posts to them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json, json};

use super::constants;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::event_bindings::{BINDINGS, EventBinding};
use crate::data::fixtures::collection::to_json;
use crate::data::records;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("", "event.bind", bind),
        write!("", "event.unbind", unbind),
        read!("", "event.get", get),
    ]
    .into_iter()
}

/// `event.bind`
pub(crate) fn bind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = call.application.unwrap_or_default();
    let event = call.text("event").trim().to_ascii_uppercase();
    let handler = call.text("handler").trim().to_owned();
    if event.is_empty() {
        return Err(empty_argument("event"));
    }
    if !is_known(&event) {
        let text = "Event not found";
        return Err(MethodError::new(400, "ERROR_EVENT_NOT_FOUND", text));
    }
    let is_offline = is_offline(call);
    let auth_type = call.params.get_ignoring_case("auth_type");
    let auth_type = auth_type.map_or(0, Value::to_int);
    if call.rights != Rights::All {
        if is_offline {
            return Err(denied("Offline events binding"));
        }
        if auth_type != 0 && auth_type != call.user as i64 {
            return Err(denied("Event binding with AUTH_TYPE"));
        }
    }
    if !is_offline && handler.is_empty() {
        return Err(empty_argument("handler"));
    }
    let connector = call.connector.unwrap_or_default();
    let is_taken = state.event_bindings().any(|bound| {
        bound.application == application
            && bound.event == event
            && bound.is_offline == is_offline
            && if is_offline {
                bound.connector == connector
            } else {
                bound.handler == handler && bound.auth_type == auth_type
            }
    });
    if is_taken {
        let text = "Unable to set event handler: Handler already binded";
        return Err(MethodError::new(400, "ERROR_EVENT_BINDING_EXISTS", text));
    }
    let options = call.params.get_ignoring_case("options");
    let Json::Object(row) = json!({
        "event": event,
        "handler": if is_offline { "" } else { handler.as_str() },
        "auth_type": auth_type.to_string(),
        "offline": i64::from(is_offline),
        "connector_id": connector,
        "options": options.map_or(Json::Null, to_json),
        "application": application,
        "user": call.user,
    }) else {
        return Ok(Output::value(&Value::Bool(false)));
    };
    if let Some(place) = records::place(BINDINGS) {
        state.records[place].load(vec![row]);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `event.unbind`
pub(crate) fn unbind(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = call.application.unwrap_or_default();
    let event = call.text("event").trim().to_ascii_uppercase();
    if event.is_empty() {
        return Err(empty_argument("event"));
    }
    let handler = call.text("handler").trim().to_owned();
    let auth_type = call.params.get_ignoring_case("auth_type");
    // An empty one stands for the bindings without one.
    let auth_type = auth_type.map(Value::to_int);
    let connector = call.connector;
    let is_offline = is_offline(call);
    let user = (call.rights != Rights::All).then_some(call.user as i64);
    let is_meant = |bound: &EventBinding<'_>| {
        bound.application == application
            && bound.event == event
            && bound.is_offline == is_offline
            && user.is_none_or(|user| !bound.is_offline && bound.auth_type == user)
            && (handler.is_empty() || bound.handler == handler)
            && auth_type.is_none_or(|given| bound.auth_type == given)
            && connector.is_none_or(|given| bound.connector == given)
    };
    let going: Vec<u64> = state
        .event_bindings()
        .filter(is_meant)
        .map(|bound| bound.number)
        .collect();
    if let Some(place) = records::place(BINDINGS) {
        for number in &going {
            state.records[place].delete(*number);
        }
    }
    let count = Array::from_iter([("count", going.len() as i64)]);
    Ok(Output::value(&Value::Array(count)))
}

/// `event.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let application = call.application.unwrap_or_default();
    let user = (call.rights != Rights::All).then_some(call.user as i64);
    let mut bound: Vec<Map<String, Json>> = Vec::new();
    for binding in state.event_bindings() {
        let is_seen = user.is_none_or(|user| !binding.is_offline && binding.auth_type == user);
        if binding.application != application || !is_seen {
            continue;
        }
        let shown = if binding.is_offline {
            json!({ "event": binding.event, "connector_id": binding.connector, "offline": 1 })
        } else {
            json!({
                "event": binding.event,
                "handler": binding.handler,
                "auth_type": binding.auth_type.to_string(),
                "offline": 0,
            })
        };
        if let Json::Object(shown) = shown {
            bound.push(shown);
        }
    }
    let rows = bound.into_iter().map(|row| Value::from(Json::Object(row)));
    Ok(Output::value(&rows.collect::<Value>()))
}

fn is_offline(call: &Call<'_>) -> bool {
    call.text("event_type").eq_ignore_ascii_case("offline")
}

fn is_known(event: &str) -> bool {
    const OF_TYPES: &str = "ONCRMDYNAMICITEM";
    event.starts_with(OF_TYPES) || constants::event_names().any(|name| name == event)
}

fn denied(what: &str) -> MethodError {
    let text = format!("Access denied! {what} requires administrator access rights");
    MethodError::new(403, "ACCESS_DENIED", text)
}

fn empty_argument(name: &str) -> MethodError {
    let text = format!("Argument '{name}' is null or empty");
    MethodError::new(400, "ERROR_CORE", text)
}
