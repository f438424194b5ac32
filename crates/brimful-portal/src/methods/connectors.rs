//! `imconnector.list` and `imconnector.status`: the channels of open lines.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::RecordTable;
use crate::methods::method::{Handler, Method, read};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("imconnector", "imconnector.list", list),
        read!("imconnector", "imconnector.status", status),
    ]
    .into_iter()
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
