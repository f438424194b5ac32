//! Rows: the properties of a thing in the order in which the server writes them.

use brimful_r7_protocol::Moment;
use serde_json::{Map, Value as Json};

use crate::params;

/// A row.
pub(super) type Row = Map<String, Json>;

/// A row of the members of a JSON object.
pub(super) fn row(object: Json) -> Row {
    match object {
        Json::Object(row) => row,
        _ => Row::new(),
    }
}

/// Sets a property.
pub(super) fn set(row: &mut Row, name: &str, value: impl Into<Json>) {
    row.insert(name.to_owned(), value.into());
}

/// Sets the properties that a body gives as text: pairs of the body's name and the property's.
pub(super) fn copy_texts(body: &Json, row: &mut Row, names: &[(&str, &str)]) {
    for (param, name) in names {
        if let Some(text) = params::text(body, param) {
            set(row, name, text);
        }
    }
}

/// A whole number.
pub(super) fn number(row: &Row, name: &str) -> Option<i64> {
    row.get(name)?.as_i64()
}

/// A truth value; a missing one is false.
pub(super) fn flag(row: &Row, name: &str) -> bool {
    row.get(name).and_then(Json::as_bool).unwrap_or(false)
}

/// A text; a missing one is empty.
pub(super) fn text<'r>(row: &'r Row, name: &str) -> &'r str {
    row.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// A member of a property that is an object.
pub(super) fn nested<'r>(row: &'r Row, name: &str, member: &str) -> Option<&'r Json> {
    row.get(name)?.get(member)
}

/// A date, in Unix seconds.
pub(super) fn time(row: &Row, name: &str) -> Option<i64> {
    let moment: Moment = row.get(name)?.as_str()?.parse().ok()?;
    Some(moment.unix())
}
