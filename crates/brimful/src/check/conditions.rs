//! Conditions of a filter that are wrong whatever the fields of the portal are: their signs, and values of numbers.

use brimful_protocol::catalogue::{self, KeysetForm, Method};
use brimful_protocol::list_fields::{self, FILTER_SIGNS, ListFields};
use serde_json::{Map, Value};

use super::values;

/// One condition of a filter.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) value: Value,
}

impl Condition {
    pub(crate) fn new(key: &str, value: &Value) -> Self {
        let name = key.trim_start_matches(FILTER_SIGNS);
        Self {
            prefix: key[..key.len() - name.len()].to_owned(),
            name: name.to_owned(),
            value: value.clone(),
        }
    }

    /// As a parameter of its own: `NAME=Sales`.
    pub(super) fn as_parameter(&self) -> String {
        match &self.value {
            Value::String(text) => format!("{}={text}", self.name),
            other => format!("{}={other}", self.name),
        }
    }

    /// The key of the filter.
    pub(super) fn key(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }
}

/// The conditions of a filter, those in groups included.
pub(crate) fn collect(filter: &Value, conditions: &mut Vec<Condition>, has_groups: &mut bool) {
    match filter {
        Value::Object(filter) => {
            for (key, value) in filter {
                let is_group = key.parse::<u32>().is_ok() || key.starts_with("::");
                if is_group || key.eq_ignore_ascii_case("logic") {
                    *has_groups = true;
                    collect(value, conditions, has_groups);
                } else {
                    conditions.push(Condition::new(key, value));
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter().filter(|item| item.is_object()) {
                *has_groups = true;
                collect(item, conditions, has_groups);
            }
        }
        _ => {}
    }
}

/// The parameters by which a call chooses its rows, their fields and their order: its own ones, and those inside of another
/// one, such as `params[filter]`.
pub(crate) fn choosing<'a>(
    own: Option<&Method>,
    params: &'a Map<String, Value>,
) -> Vec<(&'a String, &'a Value)> {
    let places = own.map(|own| [own.filter, own.order, own.select]);
    let mut outer = places.into_iter().flatten().flatten();
    let outer = outer.find_map(|place| Some(place.split_once('[')?.0));
    let inside = params
        .iter()
        .filter(|(key, _)| outer.is_some_and(|outer| key.eq_ignore_ascii_case(outer)))
        .filter_map(|(_, value)| value.as_object())
        .flatten();
    params.iter().chain(inside).collect()
}

/// The conditions among the parameters of a call: those in its filter, and those beside it where a list has them there.
pub(super) fn of_call(method: &str, params: &Map<String, Value>) -> Vec<Condition> {
    let own = catalogue::find(method);
    let bare = list_fields::find(method).is_some_and(|known| known.bare);
    let mut conditions = Vec::new();
    for (key, value) in choosing(own, params) {
        match key.to_ascii_lowercase().as_str() {
            "filter" | "arfilter" => collect(value, &mut conditions, &mut false),
            // A parameter that is null as a whole is as good as none.
            _ if bare && is_beside(own, key) && !value.is_null() => {
                conditions.push(Condition::new(key, value));
            }
            _ => {}
        }
    }
    conditions
}

/// Whether a parameter of a list that takes conditions as parameters is one of these.
pub(crate) fn is_beside(own: Option<&Method>, key: &str) -> bool {
    let others = ["filter", "select", "order", "sort", "start"];
    match own {
        // It has a filter too: what is documented beside it is not a condition.
        Some(own) if own.filter.is_some() => own.parameter(key).is_none(),
        // `SORT` is a field, and `sort` says by which one to sort.
        _ => key == "SORT" || !others.iter().any(|other| key.eq_ignore_ascii_case(other)),
    }
}

/// Why the portal would pass a condition over, whatever its fields are.
pub(super) fn passed_over(method: &str, condition: &Condition) -> Option<String> {
    let known = list_fields::find(method)?;
    values::prefix(known, &condition.prefix, &condition.name)
        .or_else(|| by_equality_alone(known, catalogue::find(method), condition))
}

/// What is wrong with the value of a condition, whatever the fields of the portal are.
pub(super) fn wrong_value(method: &str, condition: &Condition) -> Option<String> {
    if let Some(problem) = values::nothing(&condition.key(), &condition.value) {
        return Some(problem);
    }
    if let Some(known) = list_fields::find(method) {
        let is_flag = known.flags.contains(&condition.name.as_str());
        let text = condition.value.as_str().filter(|_| is_flag);
        let is_number = known.numbers.contains(&condition.name.as_str());
        let problem = text
            .and_then(|text| values::flag(&condition.name, text))
            .or_else(|| is_number.then(|| of_number(condition)).flatten());
        if problem.is_some() {
            return problem;
        }
    }
    // A list that is walked by ID has numbers for IDs, whatever else its fields are.
    let keyset = catalogue::find(method)?.keyset?;
    let is_id = keyset.form != KeysetForm::Triples && condition.name == keyset.filter;
    is_id.then(|| of_number(condition)).flatten()
}

fn of_number(condition: &Condition) -> Option<String> {
    values::number(&condition.prefix, &condition.name, &condition.value)
}

/// Lists such as `department.get` compare a few parameters of their own for equality, and nothing else.
fn by_equality_alone(
    known: &ListFields,
    own: Option<&Method>,
    condition: &Condition,
) -> Option<String> {
    let own = own.filter(|own| known.bare && own.filter.is_none())?;
    let names = || own.parameters().filter(|name| is_beside(Some(own), name));
    let key = condition.key();
    if names().any(|name| name == key) {
        return None;
    }
    let documented = names().any(|name| name == condition.name);
    let passed_over = "and the portal would pass it over";
    Some(match condition.prefix.as_str() {
        _ if !documented => {
            let near = catalogue::nearest_name(&condition.name, names());
            let near = near.map_or_else(
                || {
                    format!(
                        ": its conditions are {}",
                        names().collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!(" (did you mean {near}?)"),
            );
            format!("it has no condition {key}, {passed_over}{near}")
        }
        "=" => format!(
            "it has no condition {key}, {passed_over}: write {}",
            condition.name
        ),
        "@" => format!(
            "it has no condition {key}, {passed_over}: give {} a list of values, such as [1, 2]",
            condition.name
        ),
        _ => format!(
            "it has no condition {key}, {passed_over}: it compares for equality alone, so read the whole list and filter its rows"
        ),
    })
}
