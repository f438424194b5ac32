//! `entity.rights`: who may do what with a storage of an application.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::records::{self, table::Writer};
use crate::methods::method::{Handler, Method, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [write!("entity", "entity.rights", rights)].into_iter()
}

pub(crate) fn rights(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity = call.text("ENTITY");
    if entity.is_empty() {
        let text = "Argument 'ENTITY' is null or empty";
        return Err(MethodError::new(400, "ERROR_ARGUMENT", text));
    }
    let place = records::place("entity").ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[place];
    let Some(id) = table.find(&[entity], &[]) else {
        return Ok(Output::value(&Value::Null));
    };
    let known = table.get(id).and_then(|row| row.get("ACCESS")?.as_object());
    let mut rights = levels(known.cloned().unwrap_or_default());
    let own = (format!("U{}", call.user), Json::from("X"));
    if let Some(Value::Array(given)) = call.params.get_ignoring_case("ACCESS") {
        let given = given.iter().map(|(code, level)| {
            let level = Json::from(level.to_text().to_ascii_uppercase());
            (code.to_text(), level)
        });
        rights = levels(given.collect());
        rights.extend([own]);
        let rights = Value::from(Json::Object(rights.clone()));
        let writer = Writer {
            user: call.user,
            now: call.seconds(),
        };
        table.update(id, &Array::from_iter([("ACCESS", rights)]), writer);
    } else if rights.is_empty() {
        // Who has made a storage manages it.
        rights.extend([own]);
    }
    Ok(Output::value(&Value::from(Json::Object(rights))))
}

/// The entries with a level that there is: to read, to write, to manage.
fn levels(rights: Map<String, Json>) -> Map<String, Json> {
    let is_level = |level: &Json| matches!(level.as_str(), Some("R" | "W" | "X"));
    rights
        .into_iter()
        .filter(|(_, level)| is_level(level))
        .collect()
}
