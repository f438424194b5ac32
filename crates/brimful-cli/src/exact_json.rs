//! JSON that a user gives, read so that nothing of it is lost: a name that comes twice and a number that would be rounded
//! are refused, where readers of JSON take the last of both without a word.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotExact {
    /// It is not JSON: what is wrong, with the place.
    NotJson(String),
    /// It is JSON, and would not be kept as it is written: what would be lost.
    Altered(String),
}

impl fmt::Display for NotExact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(why) => write!(f, "is not JSON: {why}"),
            Self::Altered(why) => f.write_str(why),
        }
    }
}

/// Reads JSON.
pub(crate) fn read(json: &[u8]) -> Result<Value, NotExact> {
    let Exact(value) = serde_json::from_slice(json).map_err(|error| {
        let said = error.to_string();
        match said.strip_prefix(TWICE) {
            Some(twice) => NotExact::Altered(format!("has {twice}")),
            None => NotExact::NotJson(said),
        }
    })?;
    match rounded(json) {
        Some(number) => Err(NotExact::Altered(format!(
            "has the number {number}, which has more digits than a number keeps: write it as text"
        ))),
        None => Ok(value),
    }
}

const TWICE: &str = "twice: ";

/// A value whose objects have no name twice.
struct Exact(Value);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactVisitor).map(Exact)
    }
}

struct ExactVisitor;

impl<'de> Visitor<'de> for ExactVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Exact(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Exact(value))) = entries.next_entry::<String, Exact>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("{TWICE}{name:?} twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// The first number of a JSON text that is not kept as it is written.
fn rounded(json: &[u8]) -> Option<&str> {
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => at = end_of_text(json, at),
            b'-' | b'0'..=b'9' => {
                let of_number =
                    |b: &u8| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = json[at..].iter().take_while(|b| of_number(b)).count();
                let number = std::str::from_utf8(&json[at..at + length]).unwrap_or_default();
                if !is_kept(number) {
                    return Some(number);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// Behind the closing quote of the text that begins at `at`.
fn end_of_text(json: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < json.len() {
        match json[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Whether a number comes back with the digits that it was written with.
fn is_kept(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok();
    }
    let written = digits(number);
    written.len() <= 15
        || number
            .parse::<f64>()
            .is_ok_and(|kept| digits(&format!("{kept:e}")) == written)
}

/// The digits that count: without zeros at either end, and without the exponent.
fn digits(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_it_is_written() {
        let text = r#"{"b": [1, -2.50, 1e3, "1.10", true, null, {}], "a": {"x": "\"1234567890123456789012\"", "é": ""}}"#;
        let value = read(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(
            value.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["b", "a"]
        );
        assert_eq!(read(b"9223372036854775807").unwrap(), json!(i64::MAX));
        assert_eq!(
            read(b"0.1234567890123456").unwrap(),
            json!(0.123_456_789_012_345_6)
        );
    }

    #[test]
    fn what_would_be_lost_is_named() {
        for (text, said) in [
            (r#"{"a": {"TITLE": 1, "TITLE": 2}}"#, "has \"TITLE\" twice"),
            (
                "[1, 12345678901234567890123]",
                "has the number 12345678901234567890123,",
            ),
            ("9223372036854775808", "has the number 9223372036854775808,"),
            (
                "{\"x\": 0.12345678901234567890}",
                "has the number 0.12345678901234567890,",
            ),
            ("{\"x\": }", "is not JSON: expected value"),
        ] {
            let why = read(text.as_bytes()).unwrap_err().to_string();
            assert!(why.starts_with(said), "{text}: {why}");
        }
    }
}
