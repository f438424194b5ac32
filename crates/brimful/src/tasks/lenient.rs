//! Values as portals send them: numbers as texts, `Y` and `N`, empty texts for nothing, maps by ID for lists.
//!
//! A value is taken out of a row only where it is understood; anything else stays where it is, so that nothing is lost.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::moment::Moment;
use super::value;

/// A row, from which values are taken one by one.
pub(super) struct Row(pub(super) Map<String, Value>);

impl Row {
    fn take<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = read(self.0.get(key)?)?;
        self.0.shift_remove(key);
        Some(value)
    }

    /// A value that may be there and empty: then it is understood, too.
    fn take_or_empty<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        if self.0.get(key).is_some_and(is_empty) {
            self.0.shift_remove(key);
            return None;
        }
        self.take(key, read)
    }

    /// An ID; 0 means none.
    pub(super) fn id(&mut self, key: &str) -> Option<u64> {
        self.take_or_empty(key, id)
    }

    pub(super) fn number(&mut self, key: &str) -> Option<i64> {
        self.take_or_empty(key, number)
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.take_or_empty(key, |value| match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.as_str() {
                "Y" | "y" | "1" | "true" => Some(true),
                "N" | "n" | "0" | "false" => Some(false),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        // An empty text is a text.
        if self.0.get(key) == Some(&Value::String(String::new())) {
            return self.take(key, |_| Some(String::new()));
        }
        self.take_or_empty(key, text)
    }

    pub(super) fn moment(&mut self, key: &str) -> Option<Moment> {
        self.take_or_empty(key, |value| value.as_str()?.parse().ok())
    }

    pub(super) fn word<T: FromStr>(&mut self, key: &str) -> Option<T> {
        self.take_or_empty(key, value::of)
    }

    /// A list: an array, a map by IDs or places, one value, or nothing. All of its items are understood, or none.
    pub(super) fn list<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
        let list = self.take_or_empty(key, |value| match value {
            Value::Array(items) => items.iter().map(&read).collect(),
            Value::Object(map) => map.values().map(&read).collect(),
            one => read(one).map(|one| vec![one]),
        });
        list.unwrap_or_default()
    }

    /// An object, read by a function that may leave things in it.
    pub(super) fn object<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Self) -> Option<T>,
    ) -> Option<T> {
        self.take_or_empty(key, |value| read(Self(value.as_object()?.clone())))
    }
}

/// Any of the ways in which PHP says nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

pub(super) fn id(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
