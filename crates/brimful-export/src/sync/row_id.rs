//! The ID of a row: as text, and in as little memory as a million of them may take.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use brimful::protocol::rows::Row;
use serde_json::Value;

/// An ID. Nearly all are numbers, which need no memory of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CompactId {
    Number(u64),
    /// What is not the usual spelling of a number.
    Text(Box<str>),
}

impl FromStr for CompactId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let has_usual_spelling = text == "0" || !text.starts_with(['0', '+']);
        Ok(match text.parse() {
            Ok(number) if has_usual_spelling => Self::Number(number),
            _ => Self::Text(text.into()),
        })
    }
}

impl fmt::Display for CompactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The same as [`row_id`].
pub(crate) fn compact_row_id(row: &Row<'_>, field: &str) -> Option<CompactId> {
    if let Some(id) = row.id {
        return Some(CompactId::Number(id));
    }
    row_id(row, field)?.parse().ok()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_spelling_that_it_came_with() {
        for text in [
            "0",
            "7",
            "18446744073709551615",
            "007",
            "+7",
            "-1",
            "RUB",
            "",
            "1.0",
        ] {
            let id: CompactId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        assert_eq!("7".parse(), Ok(CompactId::Number(7)));
        assert_eq!("007".parse(), Ok(CompactId::Text("007".into())));
        assert_eq!(size_of::<CompactId>(), 16);
    }
}
