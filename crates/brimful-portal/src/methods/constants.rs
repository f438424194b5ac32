//! What is the same in every portal: dictionaries, the fields of parts of records, the names of events and widgets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use brimful_protocol::{Array, Value, catalogue};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::methods::list_fields;
use crate::methods::method::{Handler, Method};
use crate::methods::params::missing;

/// The results by method.
fn results() -> &'static HashMap<String, Value> {
    static RESULTS: OnceLock<HashMap<String, Value>> = OnceLock::new();
    // A test reads the file, so it would not come so far if it could not be read.
    RESULTS.get_or_init(|| serde_json::from_str(include_str!("constants.json")).unwrap_or_default())
}

/// Dictionaries that come with the count of their entries, and the key under which these stand.
const COUNTED: [(&str, &str); 2] = [
    ("catalog.pricetypelang.getlanguages", "languages"),
    ("sale.statuslang.getlistlangs", "langs"),
];

/// Dictionaries with a `total` beside them that counts nothing.
const WITH_ZERO: [&str; 2] = [
    "task.item.userfield.getfields",
    "task.item.userfield.gettypes",
];

/// Dictionaries of which a call may ask for one part, and the parameter that names it.
const PARTS: [(&str, &str); 1] = [("landing.block.getrepository", "section")];

/// The names of all events.
pub(crate) fn event_names() -> impl Iterator<Item = String> {
    let names = results().get("events").and_then(Value::as_array);
    names
        .into_iter()
        .flat_map(Array::values)
        .map(Value::to_text)
}

/// The methods, sorted by nothing.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    results().keys().map(|name| Method {
        name: Cow::Borrowed(name),
        scope: match catalogue::find(name).map(|known| known.scope) {
            None | Some("basic") => "",
            Some(scope) => scope,
        },
        handler: Handler::Read(read),
    })
}

/// How a call without a parameter is refused.
type Refuse = fn(&str) -> MethodError;

/// Dictionaries of which a call has to say what they are of, the parameter that says it (or several, any of which does),
/// and how a call without it is refused.
const NEEDED: [(&str, &str, Refuse); 3] = [
    ("userfieldconfig.gettypes", "moduleId", missing),
    (
        "lists.field.type.get",
        "IBLOCK_TYPE_ID",
        list_fields::missing,
    ),
    (
        "lists.field.type.get",
        "IBLOCK_ID|IBLOCK_CODE",
        list_fields::missing,
    ),
];

fn read(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for (method, params, refuse) in NEEDED {
        let mut names = params.split('|');
        if method == call.method && names.all(|name| call.text(name).is_empty()) {
            return Err(refuse(params.split('|').next().unwrap_or_default()));
        }
    }
    let result = results().get(&*call.method);
    let result = result.ok_or_else(errors::method_not_found)?;
    let scope = call.text("SCOPE").to_ascii_uppercase();
    // Names of events and of places begin with their scope.
    let prefix = match &*call.method {
        "events" if !scope.is_empty() => format!("ON{scope}"),
        "placement.list" if !scope.is_empty() => format!("{scope}_"),
        name => {
            let part = PARTS.iter().find(|(method, _)| *method == name);
            let part = part.map(|(_, param)| call.text(param));
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                let part = result.get(&part).cloned();
                return Ok(Output::value(&part.unwrap_or(Value::Bool(false))));
            }
            let mut output = Output::value(result);
            let counted = COUNTED.iter().find(|(method, _)| *method == name);
            let entries = counted.and_then(|(_, key)| result.get(key)?.as_array());
            output.total = entries.map(|entries| entries.len() as i64);
            if WITH_ZERO.contains(&name) {
                output.total = Some(0);
            }
            return Ok(output);
        }
    };
    let names = result.as_array().into_iter().flat_map(Array::values);
    let of_scope = names.filter(|name| name.to_text().starts_with(&prefix));
    Ok(Output::value(&of_scope.cloned().collect::<Value>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_of_a_method_that_the_catalogue_knows() {
        assert!(results().len() > 20);
        for name in results().keys() {
            assert!(catalogue::find(name).is_some(), "{name}");
        }
    }
}
