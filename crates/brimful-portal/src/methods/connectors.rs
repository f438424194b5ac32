//! `imconnector.*`: the channels of open lines, registered, connected and listed.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::records;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::RecordTable;
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("imconnector", "imconnector.list", list),
        read!("imconnector", "imconnector.status", status),
        write!("imconnector", "imconnector.register", register),
        write!("imconnector", "imconnector.activate", activate),
    ]
    .into_iter()
}

/// `imconnector.register`: what is wrong with a connector is the result of the method, not its refusal.
fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let is_text = |value: Option<&Value>| {
        value.is_some_and(|value| value.as_array().is_none() && !value.to_text().is_empty())
    };
    let given = |name: &str| call.params.get_ignoring_case(name);
    let image = given("ICON").and_then(|icon| icon.get("DATA_IMAGE"));
    let wrong = if !is_text(given("ID")) {
        Some(("CONNECTOR_ID_REQUIRED", "Connector ID is not specified"))
    } else if call.text("ID").contains('.') {
        let text = "Using a dot in the connector identifier is not allowed";
        Some(("APPLICATION_REGISTRATION_ERROR_POINT", text))
    } else if !is_text(given("NAME")) {
        Some(("NAME_REQUIRED", "Connector name is not specified"))
    } else if !is_text(image) {
        Some(("ICON_REQUIRED", "Connector icon is not specified"))
    } else if !is_text(given("PLACEMENT_HANDLER")) {
        let text = "Failed to get embedding handler URL";
        Some(("NO_PLACEMENT_HANDLER", text))
    } else {
        None
    };
    let Some((code, text)) = wrong else {
        return records::write(state, call);
    };
    let mut answer = Array::from_iter([("result", false)]);
    answer.insert("error", code);
    answer.insert("error_description", text);
    Ok(Output::value(&Value::Array(answer)))
}

/// `imconnector.activate(CONNECTOR, LINE, ACTIVE)`
fn activate(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for name in ["CONNECTOR", "LINE", "ACTIVE"] {
        // `false` is a value, though its text is empty.
        let given = call.params.get_ignoring_case(name);
        if given.is_none_or(|value| !matches!(value, Value::Bool(_)) && value.to_text().is_empty())
        {
            let text = format!("Argument '{name}' is null or empty");
            return Err(MethodError::new(400, "ERROR_ARGUMENT", text));
        }
    }
    records::write(state, call)
}

fn table<'s>(state: &'s PortalData, name: &str) -> Option<&'s RecordTable> {
    state.record_table(name)
}

/// `imconnector.list`: the names of all channels by their codes.
pub(crate) fn list(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut all = Array::from_iter([
        ("livechat", "Онлайн-чат"),
        ("telegrambot", "Telegram"),
        ("network", "Битрикс24.Network"),
    ]);
    if let Some(table) = table(state, "imconnector") {
        let rows = table
            .ids(&[], &[])
            .into_iter()
            .filter_map(|id| table.get(id));
        for row in rows {
            let text = |name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default();
            all.insert(text("ID"), text("NAME"));
        }
    }
    Ok(Output::value(&Value::Array(all)))
}

/// `imconnector.status`: whether a channel is connected to a line.
pub(crate) fn status(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (connector, line) = (call.text("CONNECTOR"), call.text("LINE"));
    if connector.is_empty() {
        let text = "Argument 'CONNECTOR' is null or empty";
        return Err(MethodError::new(400, "ERROR_ARGUMENT", text));
    }
    let key = [connector.clone(), line.clone()];
    let lines = table(state, "imconnector.line");
    let row = lines.and_then(|table| table.get(table.find(&key, &[])?));
    let active = row.and_then(|row| row.get("ACTIVE")?.as_bool()) == Some(true);
    let mut map = Array::new();
    map.insert("LINE", line.parse::<i64>().unwrap_or(0));
    map.insert("CONNECTOR", connector);
    map.insert("ERROR", false);
    map.insert("CONFIGURED", active);
    map.insert("STATUS", active);
    Ok(Output::value(&Value::Array(map)))
}
