//! Read the loosely typed scalars of Bitrix24: the same value comes as a number or a string, as `Y` or `true`, and "empty"
//! is `null`, `""`, `[]`, `{}` or `false`.
//!
//! Use them with `#[serde(deserialize_with = "…")]`, together with `#[serde(default)]`, on fields of your own row types:
//!
//! ```
//! use brimful_protocol::scalar;
//! #[derive(serde::Deserialize)]
//! struct Deal {
//!     #[serde(rename = "ID", deserialize_with = "scalar::id")]
//!     id: u64,
//!     #[serde(rename = "CLOSED", deserialize_with = "scalar::flag", default)]
//!     closed: Option<bool>,
//!     #[serde(rename = "OPPORTUNITY", deserialize_with = "scalar::number", default)]
//!     opportunity: Option<f64>,
//! }
//! let deal: Deal = serde_json::from_str(r#"{"ID":"7","CLOSED":"Y","OPPORTUNITY":""}"#).unwrap();
//! assert_eq!((deal.id, deal.closed, deal.opportunity), (7, Some(true), None));
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// Whole numbers below this are exact as `f64`: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An ID: a number or a string of digits.
///
/// # Errors
///
/// Anything else, and any spelling of empty.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    optional_id(deserializer)?.ok_or_else(|| Error::invalid_value(Unexpected::Unit, &"an ID"))
}

/// An ID, or any spelling of empty.
pub fn optional_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Empty | Scalar::Bool(false) => Ok(None),
        Scalar::Int(i) => u64::try_from(i).map(Some).map_err(|_| invalid(i, "an ID")),
        Scalar::Unsigned(u) => Ok(Some(u)),
        Scalar::Float(f) if f.fract() == 0.0 && (0.0..EXACT).contains(&f) => Ok(Some(f as u64)),
        Scalar::Text(s) => s.trim().parse().map(Some).map_err(|_| invalid(s, "an ID")),
        other => Err(invalid(other, "an ID")),
    }
}

/// An integer as a number or a string, or any spelling of empty.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Empty | Scalar::Bool(false) => Ok(None),
        Scalar::Bool(true) => Ok(Some(1)),
        Scalar::Int(i) => Ok(Some(i)),
        Scalar::Unsigned(u) => i64::try_from(u)
            .map(Some)
            .map_err(|_| invalid(u, "an integer")),
        Scalar::Float(f) if f.fract() == 0.0 && f.abs() < i64::MAX as f64 => Ok(Some(f as i64)),
        Scalar::Float(f) => Err(invalid(f, "an integer")),
        Scalar::Text(s) => s
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| invalid(s, "an integer")),
    }
}

/// A number as a number or a string, or any spelling of empty.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Empty | Scalar::Bool(false) => Ok(None),
        Scalar::Bool(true) => Ok(Some(1.0)),
        Scalar::Int(i) => Ok(Some(i as f64)),
        Scalar::Unsigned(u) => Ok(Some(u as f64)),
        Scalar::Float(f) => Ok(Some(f)),
        Scalar::Text(s) => match s.trim().parse() {
            Ok(f) if f64::is_finite(f) => Ok(Some(f)),
            _ => Err(invalid(s, "a number")),
        },
    }
}

/// A boolean as `Y`/`N`, `1`/`0`, `true`/`false`, or any spelling of empty. JSON's `false` is a no, not an empty.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Empty => Ok(None),
        Scalar::Bool(b) => Ok(Some(b)),
        Scalar::Int(i) => Ok(Some(i != 0)),
        Scalar::Unsigned(u) => Ok(Some(u != 0)),
        Scalar::Float(f) => Ok(Some(f != 0.0)),
        Scalar::Text(s) => match s.as_str() {
            "Y" | "y" | "1" | "true" | "TRUE" => Ok(Some(true)),
            "N" | "n" | "0" | "false" | "FALSE" => Ok(Some(false)),
            _ => Err(invalid(s, "Y, N, 1, 0, true or false")),
        },
    }
}

/// A string; numbers and `true` become text, and any spelling of empty, `false` among them, is `None`.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Empty | Scalar::Bool(false) => None,
        other => Some(other.to_string()),
    })
}

/// A value of any type, or `None` for `null`, `""`, `false`, `[]` and `{}`.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    use serde_json::Value as Json;
    let json = Json::deserialize(deserializer)?;
    let empty = match &json {
        Json::Null | Json::Bool(false) => true,
        Json::String(s) => s.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    };
    if empty {
        Ok(None)
    } else {
        serde_json::from_value(json)
            .map(Some)
            .map_err(Error::custom)
    }
}

/// Read a count of a reply, a number or a string of digits. `None` if it is neither: the reply is not lost for that.
pub fn parse_count(json: &str) -> Option<u64> {
    let bare = json.trim_matches('"');
    bare.strip_suffix(".0").unwrap_or(bare).parse().ok()
}

fn invalid<E: Error>(found: impl fmt::Display, expected: &str) -> E {
    // Sixty characters of it; as a precision they would be the decimals of a number.
    let found = found.to_string();
    E::custom(format_args!("{found:.60} is not {expected}"))
}

/// What a portal may send where one scalar is meant.
pub(crate) enum Scalar {
    Empty,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Unsigned(u) => write!(f, "{u}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Text(s) => f.write_str(s),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a string, a boolean or nothing")
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Empty)
    }

    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Empty)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Scalar, E> {
        Ok(Scalar::Int(i))
    }

    fn visit_u64<E>(self, u: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(u).map_or(Scalar::Unsigned(u), Scalar::Int))
    }

    fn visit_f64<E>(self, f: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(f))
    }

    fn visit_str<E>(self, s: &str) -> Result<Scalar, E> {
        Ok(if s.is_empty() {
            Scalar::Empty
        } else {
            Scalar::Text(s.to_owned())
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        match items.next_element::<IgnoredAny>()? {
            None => Ok(Scalar::Empty),
            Some(_) => Err(Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
        match entries.next_key::<IgnoredAny>()? {
            None => Ok(Scalar::Empty),
            Some(_) => Err(Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

/// A list that may come as a map with numeric keys, as one bare value, or as any spelling of empty. Its items may be
/// numbers or strings, whichever of them `T` is.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + FromStr> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Vec<T>, E> {
        if b {
            self.visit_str("true")
        } else {
            Ok(Vec::new())
        }
    }

    fn visit_u64<E: Error>(self, u: u64) -> Result<Vec<T>, E> {
        self.visit_str(&u.to_string())
    }

    fn visit_i64<E: Error>(self, i: i64) -> Result<Vec<T>, E> {
        self.visit_str(&i.to_string())
    }

    fn visit_f64<E: Error>(self, f: f64) -> Result<Vec<T>, E> {
        self.visit_str(&f.to_string())
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<Vec<T>, E> {
        if s.is_empty() {
            return Ok(Vec::new());
        }
        item(s).map(|item| vec![item])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(Item(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some((_, Item(item))) = entries.next_entry::<IgnoredAny, Item<T>>()? {
            list.push(item);
        }
        Ok(list)
    }
}

fn item<T: FromStr, E: Error>(text: &str) -> Result<T, E> {
    text.parse()
        .map_err(|_| invalid(text, "an item of the list"))
}

/// An item of a list: scalars by their text, so that `"7"` is a number where numbers are meant.
struct Item<T>(T);

impl<'de, T: Deserialize<'de> + FromStr> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ItemVisitor(PhantomData))
            .map(Self)
    }
}

struct ItemVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + FromStr> Visitor<'de> for ItemVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item of a list")
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<T, E> {
        item(if b { "true" } else { "false" })
    }

    fn visit_u64<E: Error>(self, u: u64) -> Result<T, E> {
        item(&u.to_string())
    }

    fn visit_i64<E: Error>(self, i: i64) -> Result<T, E> {
        item(&i.to_string())
    }

    fn visit_f64<E: Error>(self, f: f64) -> Result<T, E> {
        item(&f.to_string())
    }

    fn visit_str<E: Error>(self, s: &str) -> Result<T, E> {
        item(s)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries))
    }
}
