//! Texts that a portal replaces in a batch: whatever looks like a reference to the result of another command.

use serde_json::Value;

use crate::error::Error;

/// The maps of a portal that references look into; a name that begins with another one stands before it.
pub(crate) const NAMES: [&str; 6] = [
    "result",
    "next",
    "total",
    "time",
    "error_description",
    "error",
];

/// Where a portal sees a reference: at a `$` that the name of one of its maps follows, in any case.
pub(crate) fn taken_for_references(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('$').filter_map(|(at, _)| {
        let after = &text[at + 1..];
        let named = |name: &&str| {
            after
                .get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        NAMES.iter().any(named).then_some(at)
    })
}

/// Refuses parameters of a method that is asked in batches although its caller knows of no batch: a portal would put
/// another text, or none, in the place of one that looks like a reference, and other rows would come.
pub(crate) fn refuse_in_batches(method: &str, params: &Value) -> Result<(), Error> {
    match first(params) {
        None => Ok(()),
        Some(text) => Err(Error::config(format!(
            "{method}: the text {text:?} cannot be asked for in a batch, where the portal takes it for a reference to \
             another command and replaces it; call sends it as it is"
        ))),
    }
}

fn first(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => taken_for_references(text).next().is_some().then_some(text),
        Value::Array(items) => items.iter().find_map(first),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let in_name = taken_for_references(name).next().is_some();
            in_name.then_some(name.as_str()).or_else(|| first(value))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_batch_would_replace_is_refused_wherever_it_stands() {
        for params in [
            json!({"filter": {"TITLE": "$result[a]"}}),
            json!({"filter": {"%TITLE": "the $Total of it"}}),
            json!({"filter": {"$next[a]": 1}}),
            json!({"filter": {"@ID": [1, "$result"]}}),
        ] {
            assert!(
                refuse_in_batches("crm.deal.list", &params).is_err(),
                "{params}"
            );
        }
        for params in [
            json!({"filter": {"TITLE": "100 $"}}),
            json!({"filter": {"TITLE": "$100 result"}}),
        ] {
            assert!(
                refuse_in_batches("crm.deal.list", &params).is_ok(),
                "{params}"
            );
        }
    }
}
