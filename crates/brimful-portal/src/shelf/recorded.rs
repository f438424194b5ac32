//! A recorded result.

use serde_json::{Map, Value as Json};

use super::{Door, php};
use crate::method::Output;

/// The result of a method, written once.
#[derive(Debug)]
pub(super) struct Recorded {
    json: Vec<u8>,
    next: Option<i64>,
    total: Option<i64>,
}

impl Recorded {
    /// What was recorded: a result, or a whole reply. In REST 3.0 nothing of a result goes to the envelope.
    pub(super) fn new(reply: Json, door: Door) -> Self {
        let (mut result, mut next, mut total) = match reply {
            Json::Object(mut reply) if is_whole(&reply) => (
                reply.remove("result").unwrap_or_default(),
                count(reply.get("next")),
                count(reply.get("total")),
            ),
            result => (result, None, None),
        };
        if let (Json::Object(map), Door::Rest) = (&mut result, door) {
            if map.get("next").is_some_and(|next| !next.is_null()) {
                next = count(map.shift_remove("next").as_ref());
            }
            if let Some(lifted) = map.shift_remove("total") {
                total = Some(count(Some(&lifted)).unwrap_or(0));
            }
            // What is left of `{"total": 0}` is an empty array, and not the object that it was written as.
            if map.is_empty() && total.or(next).is_some() {
                result = Json::Array(Vec::new());
            }
        }
        let mut json = Vec::new();
        php::write(&mut json, &result);
        Self { json, next, total }
    }

    pub(super) fn output(&self) -> Output {
        let mut output = Output::json(self.json.clone());
        (output.next, output.total) = (self.next, self.total);
        output
    }
}

/// Whether an object is a whole reply: a result alone may have a `result` in it, but not the `time` beside it.
fn is_whole(reply: &Map<String, Json>) -> bool {
    reply.contains_key("result") && reply.get("time").is_some_and(Json::is_object)
}

fn count(value: Option<&Json>) -> Option<i64> {
    match value? {
        Json::Null => None,
        value => Some(brimful_protocol::Value::from(value.clone()).to_int()),
    }
}
