//! `crm.activity.binding.move`: an activity belongs to another record of the same type from now on.

use brimful_protocol::{Array, Key, Value};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::records::{self, table::Writer};

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

pub(crate) fn move_to(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| {
        let value = call.params.get_ignoring_case(name);
        let value = value.filter(|value| !value.to_text().is_empty());
        let text = format!("Could not find value for parameter {{{name}}}");
        value
            .map(Value::to_int)
            .ok_or_else(|| refused("100", &text))
    };
    let activity = number("activityId")?;
    let (from_type, from) = (number("sourceEntityTypeId")?, number("sourceEntityId")?);
    let (to_type, to) = (number("targetEntityTypeId")?, number("targetEntityId")?);
    if from_type != to_type {
        let text = "Source and target entity types are not equal";
        let code = "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR";
        return Err(refused(code, text));
    }
    if from == to {
        let text = "Source and target entity IDs are equal";
        return Err(refused("SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR", text));
    }
    if let Some(table) = state.by_type(to_type)
        && !table.contains(to.unsigned_abs())
    {
        return Err(refused("OWNER_NOT_FOUND", "Owner was not found"));
    }
    let place = records::place("crm.activity.binding").ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[place];
    let key = |of_type: i64, id: i64| [activity, of_type, id].map(|part| part.to_string());
    let bound = table.find(&key(from_type, from), &[]);
    let bound = bound.ok_or_else(|| refused("BINDING_NOT_FOUND", "Binding not found"))?;
    if table.find(&key(to_type, to), &[]).is_some() {
        return Err(refused(
            "ACTIVITY_IS_ALREADY_BOUND",
            "Activity is already bound",
        ));
    }
    let row = table.get(bound).cloned().unwrap_or_default();
    let mut given: Array = row
        .into_iter()
        .map(|(name, value)| (Key::from(name.as_str()), Value::from(value)))
        .collect();
    given.insert("entityId", to);
    table.delete(bound);
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    table.add(&given, writer);
    Ok(Output::value(&Value::Bool(true)))
}
