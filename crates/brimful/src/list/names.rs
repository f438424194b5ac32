//! Names and values of a list's filter, select and order, held against the fields that the portal names.
//!
//! Older methods pass names over that they don't know: the condition is gone, and the whole list comes. The fields are
//! asked for in the first request of the list, so the check costs no request, and nothing is handed out before it.

use brimful_protocol::Envelope;
use brimful_protocol::batch::{BatchReply, command};
use brimful_protocol::catalogue::{self, nearest_name};
use brimful_protocol::list_fields::{self, ListFields, Spelling};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::check::conditions::{Condition, choosing, collect, is_beside};
use crate::check::values::{is_boolean_for_letter, problem};
use crate::error::{Error, ParameterProblem};
use crate::field::{self, Field, lower_camel};

/// The label of the command that asks for the fields. Those of the list are called otherwise.
pub(super) const LABEL: &str = "fields";

/// What a list is to be checked for.
#[derive(Debug)]
pub(crate) struct NamesCheck {
    known: &'static ListFields,
    /// The method that names the fields.
    fields: &'static str,
    /// The parameters of the method that names the fields.
    params: Value,
    conditions: Vec<Condition>,
    select: Vec<String>,
    order: Vec<String>,
}

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Filter,
    Select,
    Order,
}

impl NamesCheck {
    /// What is to be checked of these parameters of a list: `None` where its fields cannot be asked for, or nothing
    /// depends on them.
    ///
    /// # Errors
    /// The list takes no such filter at all, or no such names where all that it takes are documented.
    pub(crate) fn new(method: &str, params: &Value) -> Result<Option<Self>, Error> {
        let (Some(known), Some(params)) = (list_fields::find(method), params.as_object()) else {
            return Ok(None);
        };
        let own = catalogue::find(method);
        let id = own
            .and_then(|own| own.keyset)
            .map_or("ID", |keyset| keyset.filter);
        let is_ascending = |way: &Value| {
            way.as_str()
                .is_none_or(|way| way.trim().eq_ignore_ascii_case("asc"))
        };
        // A walk by ID sorts by itself, however the ID is spelt.
        let is_walked =
            |name: &str, way: &Value| name.eq_ignore_ascii_case(id) && is_ascending(way);
        let given = choosing(own, params);
        let ascends = given
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("order"))
            .all(|(_, way)| is_ascending(way));
        let mut check = Self {
            known,
            fields: known.fields.unwrap_or_default(),
            params: passed_on(known, params),
            conditions: Vec::new(),
            select: Vec::new(),
            order: Vec::new(),
        };
        let mut has_groups = false;
        for (key, value) in given {
            match key.to_ascii_lowercase().as_str() {
                "filter" | "arfilter" => collect(value, &mut check.conditions, &mut has_groups),
                "select" | "arselect" => check.select.extend(texts(value)),
                "order" | "arorder" => {
                    let order = value.as_object().into_iter().flatten();
                    let order = order.filter(|(name, way)| !is_walked(name, way));
                    check.order.extend(order.map(|(name, _)| name.clone()));
                }
                "sort" => {
                    let by = value.as_str();
                    let by = by.filter(|by| !(ascends && by.eq_ignore_ascii_case(id)));
                    check.order.extend(by.map(str::to_owned));
                }
                "start" => {}
                _ if known.bare && is_beside(own, key) => {
                    check.conditions.push(Condition::new(key, value));
                }
                _ => {}
            }
        }
        if has_groups && known.groups == Some(false) {
            let passed_over = ParameterProblem::PassedOver("LOGIC".to_owned());
            return Err(Error::config(format!(
                "{method} has no groups of conditions in its filter, and the portal would pass them over: crm.item.list has them"
            ))
            .with_problems(vec![passed_over]));
        }
        check.select.retain(|name| !is_mask(known, name));
        let is_open = |name: &String| name != id;
        let asks = check
            .conditions
            .iter()
            .any(|condition| is_open(&condition.name))
            || check.select.iter().any(is_open)
            || check.order.iter().any(is_open);
        if known.fields.is_none() {
            check.verdict_by(IndexMap::new())?;
            return Ok(None);
        }
        Ok(asks.then_some(check))
    }

    /// The method that names the fields, and its parameters.
    pub(crate) fn call(&self) -> (&'static str, &Value) {
        (self.fields, &self.params)
    }

    /// The same as a command of a batch.
    pub(crate) fn command(&self) -> String {
        command(self.fields, &self.params)
    }

    /// Holds what was asked for against the fields in `result`. What is not a description of fields proves nothing.
    ///
    /// # Errors
    /// Names that are no fields, with the nearest ones, and values that the fields cannot have.
    pub(crate) fn verdict(&self, result: &Value) -> Result<(), Error> {
        let Some(fields) = described(result) else {
            tracing::debug!(
                method = self.known.list,
                "names are not checked: {} describes no fields",
                self.fields
            );
            return Ok(());
        };
        self.verdict_by(fields)
    }

    fn verdict_by(&self, fields: IndexMap<String, Field>) -> Result<(), Error> {
        let fields = Names {
            known: self.known,
            fields,
        };
        let (mut wrong, mut problems) = (Vec::new(), Vec::new());
        for condition in &self.conditions {
            let Condition {
                prefix,
                name,
                value,
            } = condition;
            let field = fields.field(name);
            if !fields.has(name, Place::Filter) {
                wrong.push(fields.unknown(name, Place::Filter));
                problems.push(ParameterProblem::UnknownInFilter(name.clone()));
            } else if let Some(problem) = problem(prefix, name, value, field) {
                wrong.push(problem);
                if field.is_some_and(|field| is_boolean_for_letter(value, field)) {
                    problems.push(ParameterProblem::BooleanForLetter(name.clone()));
                }
            }
        }
        for (names, place) in [(&self.select, Place::Select), (&self.order, Place::Order)] {
            let unknown = names.iter().filter(|name| !fields.has(name, place));
            wrong.extend(unknown.map(|name| fields.unknown(name, place)));
        }
        wrong.dedup();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(
            Error::config(format!("{}: {}", self.known.list, wrong.join("; ")))
                .with_problems(problems),
        )
    }
}

/// Holds the names and values of a list's filter, select and order against the fields of the portal, as a list does
/// before its first row. `fields` is the result of the method that names them, such as `crm.deal.fields`; of what
/// describes no fields, and where no method names them, nothing is refused.
///
/// # Errors
/// Names that are no fields, with the nearest ones, and values that the fields cannot have.
pub fn check_names(method: &str, params: &Value, fields: &Value) -> Result<(), Error> {
    match NamesCheck::new(method, params)? {
        Some(check) => check.verdict(fields),
        None => Ok(()),
    }
}

/// What came of the command that asks for the fields: its result, or why there is none.
pub(super) fn in_batch(body: &Bytes) -> Result<Value, String> {
    let parsed = Envelope::parse(body)
        .map_err(|error| error.to_string())
        .and_then(|envelope| envelope.result.ok_or_else(|| "no result".to_owned()))
        .and_then(|result| BatchReply::parse(result).map_err(|error| error.to_string()))?;
    if let Some(error) = parsed.result_error.get(LABEL) {
        return Err(error.to_string());
    }
    let result = parsed.result.get(LABEL).ok_or("it was not run")?;
    serde_json::from_str(result.get()).map_err(|error| error.to_string())
}

/// The same of a call of its own.
pub(super) fn in_reply(body: &Bytes) -> Result<Value, String> {
    let envelope = Envelope::parse(body).map_err(|error| error.to_string())?;
    let result = envelope.result.ok_or("no result")?;
    serde_json::from_str(result.get()).map_err(|error| error.to_string())
}

/// Never none at all: what stands in for a portal may not expect a command without a query.
fn passed_on(known: &ListFields, params: &Map<String, Value>) -> Value {
    let wanted = |key: &str| {
        let mut names = known.passed_on.iter();
        names.any(|name| name.eq_ignore_ascii_case(key))
    };
    let passed = params.iter().filter(|(key, _)| wanted(key));
    let start = ("start".to_owned(), Value::from(0));
    let passed = passed.map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(passed.chain([start]).collect())
}

/// Whether a name in a select stands for many fields.
fn is_mask(known: &ListFields, name: &str) -> bool {
    let others = known.elsewhere.iter().filter(|other| other.ends_with('*'));
    ["*", "UF_*"].iter().chain(others).any(|mask| *mask == name)
}

fn texts(value: &Value) -> Vec<String> {
    let texts = |values: &mut dyn Iterator<Item = &Value>| {
        values
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    };
    match value {
        Value::Array(items) => texts(&mut items.iter()),
        Value::Object(items) => texts(&mut items.values()),
        _ => Vec::new(),
    }
}

/// The fields in a result, if it describes any: not what a portal answers that knows no such method, nor rows.
fn described(result: &Value) -> Option<IndexMap<String, Field>> {
    let listed = field::listed(result)?;
    let is_typed = |properties: &Value| {
        ["type", "TYPE"]
            .iter()
            .any(|name| properties.get(name).is_some_and(Value::is_string))
    };
    let has_id = listed.keys().any(|name| name.eq_ignore_ascii_case("id"));
    let typed = !listed.is_empty() && listed.values().all(is_typed);
    let labelled = has_id && listed.values().all(Value::is_string);
    (typed || labelled).then(|| {
        listed
            .iter()
            .map(|(name, properties)| (name.clone(), Field::read(name, properties)))
            .collect()
    })
}

/// The names that a list takes.
struct Names {
    known: &'static ListFields,
    fields: IndexMap<String, Field>,
}

impl Names {
    fn has(&self, name: &str, place: Place) -> bool {
        let beside = match place {
            Place::Filter => self.known.is_in_filter(name),
            Place::Select | Place::Order => self.known.is_elsewhere(name),
        };
        beside || self.may_be_of_a_relation(name) || self.field(name).is_some()
    }

    /// Fields of what a row refers to are not among its own. Methods of the ORM refuse by themselves what they don't
    /// know; others pass it over.
    fn may_be_of_a_relation(&self, name: &str) -> bool {
        let refuses = self.known.spelling == Spelling::CamelOrUpper
            || self.known.list.starts_with("catalog.")
            || self.known.list.starts_with("sale.");
        refuses && name.contains('.')
    }

    fn field(&self, name: &str) -> Option<&Field> {
        let listed = |name: &str| self.fields.get(name);
        match self.known.spelling {
            Spelling::Listed => listed(name).or_else(|| {
                // Tasks have their moments in seconds too.
                listed(name.strip_suffix("_TS")?)
            }),
            Spelling::CamelOrUpper => listed(name)
                .or_else(|| {
                    let is_upper = |field: &&Field| field.upper_name.as_deref() == Some(name);
                    self.fields.values().find(is_upper)
                })
                .or_else(|| {
                    let is_upper = name == name.to_ascii_uppercase();
                    listed(&lower_camel(name)).filter(|_| is_upper)
                }),
        }
    }

    fn unknown(&self, name: &str, place: Place) -> String {
        let beside = match place {
            Place::Filter => &self.known.in_filter,
            Place::Select | Place::Order => &self.known.elsewhere,
        };
        let names = self.fields.keys().map(String::as_str);
        let is_mask = name.ends_with('*');
        let beside = beside.iter().copied();
        let beside = beside.filter(|name| is_mask || !name.ends_with('*'));
        let masks = ["UF_*"].into_iter().filter(|_| is_mask);
        let names = names.chain(beside).chain(masks);
        let guess = nearest_name(name, names)
            .map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        let place = match place {
            Place::Filter => "filter",
            Place::Select => "select",
            Place::Order => "order",
        };
        format!("the {place} has {name}, which is not a field{guess}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(method: &str, params: &Value) -> Option<String> {
        let checked = NamesCheck::new(method, params);
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn names_of_lists_without_a_method_of_fields_are_held_against_their_documentation() {
        let inside = |part: &str, value: Value| json!({"PARAMS": {part: value}});
        let of_sites = |part: &str, value: Value| json!({"params": {part: value}});
        for (method, params, named) in [
            (
                "task.item.userfield.getlist",
                json!({"FILTER": {"FIELDNAME": "UF_X"}}),
                "the filter has FIELDNAME, which is not a field (did you mean FIELD_NAME?)",
            ),
            (
                "task.item.userfield.getlist",
                json!({"ORDER": {"NOPE": "ASC"}}),
                "the order has NOPE",
            ),
            (
                "landing.template.getlist",
                of_sites("filter", json!({">=NOPE": 1})),
                "NOPE",
            ),
            (
                "landing.template.getlist",
                of_sites("select", json!(["ID", "TITEL"])),
                "did you mean TITLE?",
            ),
            (
                "landing.template.getlist",
                of_sites("order", json!({"ID": "ASC", "NAME": "ASC"})),
                "NAME",
            ),
            (
                "landing.template.getlist",
                of_sites("filter", json!({"CREATED_BY.NAME": "x"})),
                "CREATED_BY.NAME",
            ),
            (
                "imopenlines.config.list.get",
                inside("filter", json!({"ACTIV": "Y"})),
                "did you mean ACTIVE?",
            ),
            (
                "imopenlines.config.list.get",
                inside("select", json!(["QUEUE"])),
                "QUEUE",
            ),
        ] {
            let said = said(method, &params).unwrap_or_else(|| panic!("{method} {params} passed"));
            assert!(said.contains(named), "{said}");
        }
        for (method, params) in [
            (
                "task.item.userfield.getlist",
                json!({"FILTER": {"FIELD_NAME": "UF_X"}, "ORDER": {"SORT": "ASC"}}),
            ),
            (
                "landing.template.getlist",
                of_sites("filter", json!({"=ACTIVE": "Y"})),
            ),
            (
                "imopenlines.config.list.get",
                inside("order", json!({"LINE_NAME": "DESC"})),
            ),
        ] {
            assert_eq!(said(method, &params), None, "{method}");
        }
    }

    #[test]
    fn older_lists_of_tasks_are_held_against_the_fields_of_tasks() {
        for method in ["task.item.list", "task.items.getlist"] {
            let check = NamesCheck::new(method, &json!({"FILTER": {"NOPE": 1}})).unwrap();
            assert_eq!(check.unwrap().call().0, "tasks.task.getFields", "{method}");
        }
    }
}
