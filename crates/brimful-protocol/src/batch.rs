//! The `batch` method: up to 50 commands in one request, run one after the other.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::envelope::ApiError;
use crate::query;
use crate::time::Time;
use crate::value::Array;

/// The most commands that a portal runs in one batch; the 51st and later are answered with an error each.
pub const MAX_COMMANDS: usize = 50;

/// A command as it goes into `cmd`: `method?query`, one level of percent-encoding.
///
/// ```
/// use brimful_protocol::batch;
/// let command = batch::command("crm.lead.add", &serde_json::json!({"fields": {"TITLE": "A & B"}}));
/// assert_eq!(command, "crm.lead.add?fields%5BTITLE%5D=A+%26+B");
/// ```
pub fn command(method: &str, params: &Json) -> String {
    format!("{method}?{}", query::encode(params))
}

/// Takes a command apart as the portal does (`parse_url`, then `parse_str`): the path, if there is one, and the
/// parameters. A fragment is dropped, control characters become `_`.
pub fn parse_command(command: &str) -> (Option<String>, Array) {
    let clean = |part: &str| -> String {
        part.chars()
            .map(|c| if c.is_ascii_control() { '_' } else { c })
            .collect()
    };
    let whole = command
        .split_once('#')
        .map_or(command, |(before, _)| before);
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    let params = query::decode(clean(query).as_bytes());
    let path = if path.is_empty() && !command.is_empty() {
        None
    } else {
        Some(clean(path))
    };
    (path, params)
}

/// The result of a `batch` call. Each part is a PHP array keyed by the commands' labels: a JSON object, or a JSON array
/// where the keys are `0..n` or where it is empty. Labels are in the portal's order.
#[derive(Debug, Deserialize)]
pub struct BatchReply<'a> {
    /// The results of the commands that succeeded.
    #[serde(borrow, default, deserialize_with = "labelled")]
    pub result: IndexMap<String, &'a RawValue>,
    /// The errors of those that failed.
    #[serde(default, deserialize_with = "labelled_if_any")]
    pub result_error: IndexMap<String, ApiError>,
    /// `total` of those that count.
    #[serde(borrow, default, deserialize_with = "labelled")]
    pub result_total: IndexMap<String, &'a RawValue>,
    /// `next` of those that have another page.
    #[serde(borrow, default, deserialize_with = "labelled")]
    pub result_next: IndexMap<String, &'a RawValue>,
    /// `time` of those that succeeded.
    #[serde(default, deserialize_with = "labelled_if_any")]
    pub result_time: IndexMap<String, Time>,
}

impl<'a> BatchReply<'a> {
    /// Reads the `result` of a `batch` envelope.
    ///
    /// ```
    /// use brimful_protocol::{Envelope, batch::BatchReply};
    /// let body = br#"{"result":{"result":{"a":1},"result_error":{"b":{"error":"","error_description":"no"}}}}"#;
    /// let reply = BatchReply::parse(Envelope::parse(body).unwrap().result.unwrap()).unwrap();
    /// assert_eq!(reply.result["a"].get(), "1");
    /// assert_eq!(reply.result_error["b"].description, "no");
    /// ```
    pub fn parse(result: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str(result.get())
    }
}

/// [`labelled`], without the entries that are `null` or of another shape than expected: no batch is lost because of an
/// odd `time`.
fn labelled_if_any<'de, D, T>(deserializer: D) -> Result<IndexMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let entries: IndexMap<String, &'de RawValue> = labelled(deserializer)?;
    let known = |raw: &RawValue| match raw.get() {
        "null" => None,
        json => serde_json::from_str(json).ok(),
    };
    Ok(entries
        .into_iter()
        .filter_map(|(label, raw)| Some((label, known(raw)?)))
        .collect())
}

/// Reads a PHP array of either JSON form, `null` and other scalars as empty.
fn labelled<'de, D, T>(deserializer: D) -> Result<IndexMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(Labelled(std::marker::PhantomData))
}

struct Labelled<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Labelled<T> {
    type Value = IndexMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PHP array")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(IndexMap::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut map = IndexMap::new();
        while let Some(item) = items.next_element()? {
            map.insert(map.len().to_string(), item);
        }
        Ok(map)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = IndexMap::new();
        while let Some((label, item)) = entries.next_entry()? {
            map.insert(label, item);
        }
        Ok(map)
    }
}
