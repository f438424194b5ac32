//! `crm.calllist.*`: lists of contacts or companies to call, and how far each call is.

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records::{self, RecordTable};
use crate::methods::records as record_methods;

const STATUSES: [&str; 4] = ["IN_WORK", "SUCCESS", "WRONG_NUMBER", "STOP_CALLING"];

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// The `entityTypeId` behind the name of a type.
fn type_id(name: &str) -> Option<i64> {
    match name.trim().to_ascii_uppercase().as_str() {
        "CONTACT" => Some(3),
        "COMPANY" => Some(4),
        _ => None,
    }
}

/// `crm.calllist.add` and `crm.calllist.update`
pub(crate) fn write(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let kind = call.text("ENTITY_TYPE");
    let entity_type = type_id(&kind);
    if !kind.is_empty() && entity_type.is_none() {
        let text = "Incorrect entity type";
        return Err(refused("ENTITY_TYPE_ERROR", text));
    }
    if let Some(members) = call.params.get_ignoring_case("ENTITIES")
        && members.as_array().is_some_and(Array::is_empty)
    {
        return Err(refused("ENTITIES_ERROR", "Entities are not specified"));
    }
    let output = record_methods::write(state, call)?;
    let place = records::place("crm.calllist");
    if let (Some(table), Some(entity_type)) =
        (place.map(|place| &mut state.records[place]), entity_type)
    {
        let named = call.params.get_ignoring_case("LIST_ID").map(Value::to_int);
        let id = named.map_or_else(|| table.last(), i64::unsigned_abs);
        let number = Json::from(entity_type.to_string());
        table.set(id, &[("ENTITY_TYPE_ID", number)]);
    }
    Ok(output)
}

/// `crm.calllist.items.get(LIST_ID, FILTER)`
pub(crate) fn items(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let named = call.text("LIST_ID");
    if named.is_empty() {
        return Err(refused("ERROR_ARGUMENT", "LIST_ID is not found"));
    }
    let id = call
        .params
        .get_ignoring_case("LIST_ID")
        .map_or(0, Value::to_int);
    if id < 1 {
        return Err(refused("LIST_ID_ERROR", "List id should be positive"));
    }
    let filter = call.params.get_ignoring_case("FILTER");
    let status = filter
        .and_then(Value::as_array)
        .and_then(|filter| filter.get_ignoring_case("STATUS"))
        .map(Value::to_text);
    if status
        .as_deref()
        .is_some_and(|status| !STATUSES.contains(&status))
    {
        return Err(refused("STATUS_ERROR", "Incorrect status"));
    }
    let table: Option<&RecordTable> = state.record_table("crm.calllist");
    let row = table.and_then(|table| table.get(id.unsigned_abs()));
    let row = row.ok_or_else(|| refused("LIST_ID_ERROR", "Call list is not found"))?;
    let entity_type = row.get("ENTITY_TYPE").and_then(Json::as_str);
    let entity_type = entity_type.and_then(type_id).unwrap_or(0);
    let members = row.get("ENTITIES").cloned().map(Value::from);
    let members = members.as_ref().and_then(Value::as_array);
    // Nobody calls here, so every call is still to be made.
    let is_wanted = status.as_deref().is_none_or(|status| status == STATUSES[0]);
    let items: Value = members
        .into_iter()
        .flat_map(Array::values)
        .filter(|_| is_wanted)
        .map(|member| {
            let mut item = Array::new();
            item.insert("ID", member.to_int());
            item.insert("STATUS", STATUSES[0]);
            item.insert("ENTITY_TYPE", entity_type);
            item
        })
        .collect();
    Ok(Output::value(&items))
}
