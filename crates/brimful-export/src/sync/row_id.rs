//! The ID of a row as text.

use brimful::protocol::rows::Row;
use serde_json::Value;

/// The ID of a row, be it a number or not.
pub(crate) fn row_id(row: &Row<'_>, field: &str) -> Option<String> {
    if let Some(id) = row.id {
        return Some(id.to_string());
    }
    let row: Value = serde_json::from_str(row.json).ok()?;
    text_of(row.get(field)?)
}

/// A value as text.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}
