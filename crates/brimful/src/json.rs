//! From the caller's types to JSON and back, with errors that name the method, the field and its value.

mod not_finite;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::error::Error;

/// Parameters or an item of the caller's, as JSON. `what` is named in the error.
///
/// # Errors
/// They cannot be written as JSON: a number that is not finite, or an error of their own.
pub fn to_value(params: impl Serialize, what: &str) -> Result<Value, Error> {
    let value = serde_json::to_value(&params).map_err(|error| {
        Error::config(format!("{what} cannot be written as JSON: {error}")).with_source(error)
    })?;
    // A number that JSON doesn't have has become null: a portal would clear the field.
    if has_null(&value)
        && let Some((place, number)) = not_finite::find(&params)
    {
        let place = if place.is_empty() { "it" } else { &place };
        return Err(Error::config(format!(
            "{what} cannot be written as JSON: {place} is {number}, and JSON has no such number"
        )));
    }
    Ok(value)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// The parameters of a call of `method`.
pub(crate) fn params(method: &str, params: impl Serialize) -> Result<Value, Error> {
    to_value(params, &format!("the parameters of {method}"))
}

/// Parameters that a builder collects. What cannot be written as JSON, or has no place, is the error that its first request
/// ends with.
#[derive(Debug, Clone)]
pub(crate) struct Params(Result<Value, Error>);

impl Default for Params {
    fn default() -> Self {
        Self(Ok(Value::Object(Map::new())))
    }
}

impl Params {
    pub(crate) fn of(params: impl Serialize) -> Self {
        Self(to_value(params, "what is given as all parameters"))
    }

    /// Replaces all of them.
    pub(crate) fn set_all(&mut self, params: impl Serialize) {
        *self = Self::of(params);
    }

    /// Sets one.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Serialize) {
        let name = name.into();
        let Ok(params) = &mut self.0 else {
            return;
        };
        let written = match params {
            Value::Object(params) => {
                to_value(value, &format!("the parameter {name}")).map(|value| {
                    params.insert(name, value);
                })
            }
            other => Err(Error::config(format!(
                "the parameter {name} has no place, because the parameters are not an object but {other}"
            ))),
        };
        if let Err(error) = written {
            self.0 = Err(error);
        }
    }

    /// Those that are there, where they have names.
    pub(crate) fn named_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.as_mut().ok().and_then(Value::as_object_mut)
    }

    /// The parameters.
    pub(crate) fn finish(self) -> Result<Value, Error> {
        self.0
    }
}

/// JSON of the portal as a type of the caller's. `what` is named in the error: `the result of crm.lead.get`.
pub fn decode<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| explain::<T>(json, what, &error))
}

/// JSON as it is, with U+FFFD for each escape that is half of a character.
pub(crate) fn with_whole_characters(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(place) = rest.find('\\') {
        let (before, escape) = rest.split_at(place);
        whole.push_str(before);
        let (taken, len) = match (unit_of(escape), unit_of(escape.get(6..).unwrap_or(""))) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (escape.get(..12), 12),
            (Some(0xD800..=0xDFFF), _) => (Some("\\ufffd"), 6),
            _ => (escape.get(..2), 2),
        };
        // What is behind a backslash at the end is not JSON, and stays.
        whole.push_str(taken.unwrap_or(escape));
        rest = escape.get(len..).unwrap_or("");
    }
    whole.push_str(rest);
    whole
}

/// The number that an escape such as `\u0416` begins a text with.
fn unit_of(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Reads once more, to find the field that does not fit.
fn explain<T: DeserializeOwned>(json: &str, what: &str, error: &serde_json::Error) -> Error {
    let mut reader = serde_json::Deserializer::from_str(json);
    let mut place = String::new();
    if let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader)
        && let Some(value) = value_at(json, error.path())
    {
        let mut shown = value.to_string();
        if shown.chars().count() > 60 {
            shown = shown.chars().take(60).chain(['…']).collect();
        }
        place = match error.path().to_string() {
            whole if whole == "." => format!("it is {shown}: "),
            path => format!("{path} is {shown}: "),
        };
    }
    let mut why = format!("{place}{error}");
    if error.to_string().starts_with("invalid type: string") {
        why.push_str(
            "; portals write numbers and flags as text: deserialize such a field with brimful::protocol::scalar",
        );
    }
    Error::undecodable(what, &why)
}

fn value_at(json: &str, path: &Path) -> Option<Value> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    for segment in path {
        value = match (segment, value) {
            (Segment::Seq { index }, Value::Array(mut items)) if *index < items.len() => {
                items.swap_remove(*index)
            }
            (Segment::Map { key }, Value::Object(mut fields)) => fields.remove(key)?,
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Lead {
        #[serde(rename = "ID")]
        #[expect(dead_code, reason = "only decoded")]
        id: u64,
    }

    #[test]
    fn a_number_that_comes_as_text_is_named_with_its_field_and_what_reads_it() {
        let error = decode::<Vec<Lead>>(r#"[{"ID":7},{"ID":"8"}]"#, "the result of crm.lead.list");
        let said = error.unwrap_err().to_string();
        assert!(
            said.starts_with(
                r#"the result of crm.lead.list is not of the type asked for: [1].ID is "8": invalid type: string"#
            ),
            "{said}"
        );
        assert!(said.contains("brimful::protocol::scalar"), "{said}");
    }

    #[test]
    fn what_is_of_another_shape_as_a_whole_is_shown() {
        let said = decode::<Vec<Lead>>("true", "the result of crm.lead.list")
            .unwrap_err()
            .to_string();
        assert!(said.contains("it is true: invalid type: boolean"), "{said}");
    }

    #[test]
    fn a_parameter_that_has_no_place_or_is_not_json_is_an_error_and_not_left_out() {
        let mut params = Params::default();
        params.set("a", 1);
        params.set("b", std::collections::HashMap::from([((1, 2), 3)]));
        params.set("c", 1);
        let said = params.finish().unwrap_err().to_string();
        assert!(
            said.starts_with("the parameter b cannot be written as JSON"),
            "{said}"
        );
        let mut params = Params::default();
        params.set_all([1, 2]);
        params.set("a", 1);
        let said = params.finish().unwrap_err().to_string();
        assert!(
            said.contains("the parameters are not an object but [1,2]"),
            "{said}"
        );
    }

    #[test]
    fn a_number_that_json_does_not_have_is_refused_by_name_and_not_sent_as_null() {
        let fields = std::collections::BTreeMap::from([("OPPORTUNITY", f64::NAN)]);
        let sent = std::collections::BTreeMap::from([("fields", fields)]);
        let said = super::params("crm.deal.add", &sent)
            .unwrap_err()
            .to_string();
        assert_eq!(
            said,
            "the parameters of crm.deal.add cannot be written as JSON: fields[OPPORTUNITY] is NaN, and JSON has no such number"
        );
        let mut params = Params::default();
        params.set("entityTypeId", f64::INFINITY);
        let said = params.finish().unwrap_err().to_string();
        assert!(said.contains("it is inf"), "{said}");
        assert!(super::params("crm.deal.add", [None, Some(1.5)]).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let params = std::collections::HashMap::from([((1, 2), 3)]);
        let said = to_value(params, "the parameters of crm.lead.list").unwrap_err();
        assert!(
            said.to_string()
                .starts_with("the parameters of crm.lead.list cannot be written"),
            "{said}"
        );
    }
}
