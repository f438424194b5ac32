//! References in parameters: which commands they name, and what they stand for once those have answered.

use std::collections::HashSet;

use brimful_protocol::json;
use brimful_protocol::reference::substitute;
use brimful_protocol::{Array, Value as Php};
use serde_json::Value;
use serde_json::value::RawValue;

/// The labels that `params` refers to, wherever in them.
pub(crate) fn labels(params: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    collect(params, &mut found);
    found
}

fn collect(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::String(text) => found.extend(in_text(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        // Keys are never substituted.
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// The label of each reference in a text.
fn in_text(text: &str) -> impl Iterator<Item = &str> {
    taken_for_references(text).filter_map(|run| {
        let (_, path) = run.split_once('[')?;
        Some(path.split_once(']')?.0)
    })
}

/// Where a portal sees a reference: behind a `$` the name of one of its maps, in any case, and all up to white space.
fn taken_for_references(text: &str) -> impl Iterator<Item = &str> {
    const NAMES: [&str; 5] = ["result", "next", "total", "time", "error"];
    text.split('$').skip(1).filter_map(|after| {
        let run = after.split(char::is_whitespace).next().unwrap_or_default();
        let named = |name: &&str| {
            run.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        NAMES.iter().any(named).then_some(run)
    })
}

/// A text in `params` that a portal would take for a reference and that names no command: `$total due`.
pub(crate) fn nameless(params: &Value) -> Option<&str> {
    match params {
        Value::String(text) => taken_for_references(text)
            .any(|run| !run.contains('[') || !run.contains(']'))
            .then_some(text),
        Value::Array(items) => items.iter().find_map(nameless),
        Value::Object(fields) => fields.values().find_map(nameless),
        _ => None,
    }
}

/// Whether a portal would replace anything in `params`, were they those of a command.
pub(crate) fn any(params: &Value) -> bool {
    match params {
        Value::String(text) => taken_for_references(text).next().is_some(),
        Value::Array(items) => items.iter().any(any),
        Value::Object(fields) => fields.values().any(any),
        _ => false,
    }
}

/// What commands of earlier requests returned, as a portal would hold it.
#[derive(Debug)]
pub(crate) struct Known(Array);

impl Default for Known {
    fn default() -> Self {
        let mut maps = Array::new();
        for name in ["result", "total", "next"] {
            maps.insert(name, Array::new());
        }
        Self(maps)
    }
}

impl Known {
    pub(crate) fn has(&self, label: &str) -> bool {
        self.0
            .get("result")
            .is_some_and(|map| map.get(label).is_some())
    }

    pub(crate) fn note(
        &mut self,
        label: &str,
        result: &RawValue,
        total: Option<u64>,
        next: Option<u64>,
    ) {
        let json: Value = serde_json::from_str(result.get()).unwrap_or_default();
        self.insert("result", label, json.into());
        for (name, number) in [("total", total), ("next", next)] {
            if let Some(number) = number.and_then(|n| i64::try_from(n).ok()) {
                self.insert(name, label, Php::from(number));
            }
        }
    }

    fn insert(&mut self, name: &str, label: &str, value: Php) {
        if let Some(Php::Array(map)) = self.0.get_mut(name) {
            map.insert(label, value);
        }
    }

    /// `params` with references to known results replaced by what they stand for, as the portal would do it. `None`: a
    /// text in it refers to known and to unknown results at once, and only a portal that has both could resolve it.
    pub(crate) fn resolve(&self, params: &Value) -> Option<Value> {
        Some(match params {
            Value::String(text) => {
                let mut labels = in_text(text).peekable();
                if labels.peek().is_none() {
                    return Some(params.clone());
                }
                let (known, unknown): (Vec<&str>, Vec<&str>) = labels.partition(|l| self.has(l));
                match (known.is_empty(), unknown.is_empty()) {
                    (true, _) => params.clone(),
                    (false, true) => {
                        let mut value = Php::from(text.as_str());
                        substitute(&mut value, &self.0);
                        serde_json::from_str(&json::to_string(&value)).unwrap_or_default()
                    }
                    (false, false) => return None,
                }
            }
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.resolve(item))
                    .collect::<Option<_>>()?,
            ),
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| Some((key.clone(), self.resolve(value)?)))
                    .collect::<Option<_>>()?,
            ),
            other => other.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(label: &str, result: &Value) -> Known {
        let mut known = Known::default();
        let raw = serde_json::value::to_raw_value(result).unwrap();
        known.note(label, &raw, Some(7), None);
        known
    }

    #[test]
    fn a_reference_to_a_known_result_is_replaced_with_its_type() {
        let known = known("lead", &json!({"ID": "5", "TAGS": [1, 2]}));
        let params = json!({
            "id": "$result[lead][ID]",
            "tags": "$result[lead][TAGS]",
            "count": "$total[lead]",
            "text": "no. $result[lead][ID] of many",
            "other": "$result[contact]",
        });
        assert_eq!(
            known.resolve(&params).unwrap(),
            json!({"id": "5", "tags": [1, 2], "count": 7, "text": "no. 5 of many", "other": "$result[contact]"})
        );
    }

    #[test]
    fn a_text_that_mixes_known_and_unknown_is_not_resolved() {
        let known = known("lead", &json!(5));
        assert_eq!(
            known.resolve(&json!("$result[lead] $result[contact]")),
            None
        );
    }

    #[test]
    fn labels_are_found_wherever_they_stand() {
        let params = json!({"a": ["$result[x][0]"], "b": {"c": "to $Total[y] and $next[z]"}, "$result[key]": 1, "d": "$5 [no]"});
        let mut found: Vec<String> = labels(&params).into_iter().collect();
        found.sort();
        assert_eq!(found, ["x", "y", "z"]);
    }
}
