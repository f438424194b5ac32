//! `biconnector.source.get`: a source as three things, its connection, its connector and its settings.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records;
use crate::methods::method::{Handler, Method, read};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [read!("biconnector", "biconnector.source.get", source)].into_iter()
}

pub(crate) fn source(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.text("id");
    if id.is_empty() {
        let text = "ID is missing.";
        return Err(MethodError::new(400, "VALIDATION_ID_NOT_PROVIDED", text));
    }
    let place = records::place("biconnector.source");
    let table = place.map(|place| &state.records[place]);
    let row = table.and_then(|table| table.get(table.find(&[id], &[])?));
    let mut connection = row
        .cloned()
        .ok_or_else(|| MethodError::new(400, "SOURCE_NOT_FOUND", "Source was not found."))?;
    let mut taken = |name: &str| Value::from(connection.shift_remove(name).unwrap_or(Json::Null));
    let (connector, settings) = (taken("connectorId"), taken("settings"));
    let mut item = Array::new();
    item.insert("connection", Value::from(Json::Object(connection)));
    item.insert("connectorId", connector);
    item.insert("settings", settings);
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "item", item,
    )]))))
}
