//! `crm.activity.configurable.*`: activities whose look an application describes.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::records;

const KIND: &str = "crm.activity.configurable";

/// `crm.activity.configurable.add`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut fields = Array::new();
    fields.insert("typeId", "CONFIGURABLE");
    fields.insert("completed", false);
    fields.insert("deadline", Value::Null);
    fields.insert("pingOffsets", Array::new());
    fields.insert("isIncomingChannel", false);
    fields.insert("responsibleId", call.user as i64);
    fields.insert("badgeCode", "");
    fields.insert("originatorId", Value::Null);
    fields.insert("originId", Value::Null);
    write(state, call, fields)
}

/// `crm.activity.configurable.update`: fields that are not given stay.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.text("id").trim().parse().unwrap_or_default();
    let known = state.record_table(KIND).and_then(|table| table.get(id));
    let known = known.and_then(|row| row.get("fields")).cloned();
    let Value::Array(fields) = known.map(Value::from).unwrap_or_default() else {
        return records::write(state, call);
    };
    write(state, call, fields)
}

/// Writes the fields that a call gives over others.
fn write(
    state: &mut PortalData,
    call: &mut Call<'_>,
    mut fields: Array,
) -> Result<Output, MethodError> {
    let given = call.params.get_ignoring_case("fields");
    let given = given.and_then(Value::as_array).cloned();
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        for (name, value) in given.iter() {
            let name = name.to_text();
            let value = match name.as_str() {
                "completed" | "isIncomingChannel" => Value::Bool(is_yes(value)),
                "responsibleId" => Value::Int(value.to_int()),
                _ => value.clone(),
            };
            fields.insert(name.as_str(), value);
        }
        call.params.insert("fields", fields);
    }
    records::write(state, call)
}

/// Flags come as `Y` and `N`, as 1 and 0, as true and false.
fn is_yes(value: &Value) -> bool {
    let text = value.to_text().to_ascii_lowercase();
    matches!(text.as_str(), "y" | "1" | "true")
}
