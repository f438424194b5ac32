//! Parameters that cannot mean what the caller thinks, found before they are sent.
//!
//! A portal takes most of them without a word: a `select` that is no list selects everything, a filter that is no map
//! filters nothing. Each refusal names the parameter and what to write instead. [`Checks::Off`] sends them all the same.

use brimful_protocol::catalogue::{self, KeysetForm};
use brimful_protocol::list_fields;
use brimful_protocol::query;
use serde_json::{Map, Number, Value};

use crate::effect::{self, Effect};
use crate::error::Error;

/// Whether parameters are looked at before they are sent.
///
/// ```
/// use brimful::{Checks, Client};
///
/// let client = Client::builder("https://example.bitrix24.ru/rest/1/code/").checks(Checks::Off).build()?;
/// # Ok::<(), brimful::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// What cannot be meant is refused.
    #[default]
    On,
    /// Everything is sent as it is.
    Off,
}

/// How parameters travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// As JSON, which carries everything.
    Json,
    /// As a query string inside a batch, which drops nulls and empty lists.
    Query,
}

/// Checks the parameters of one call.
pub(crate) fn call(method: &str, params: &Value, carrier: Carrier) -> Result<(), Error> {
    name(method)?;
    if let Some((number, place)) = rounded(params) {
        return Err(Error::config(format!(
            "{number} as {place} of {method} has more digits than a portal keeps in a number: write it as text"
        )));
    }
    let Value::Object(params) = params else {
        return match params {
            // Positional parameters, or none.
            Value::Array(_) | Value::Null if carrier == Carrier::Json => Ok(()),
            Value::Null => Ok(()),
            Value::Array(_) => Err(Error::config(format!(
                "the parameters of {method} are a list, and a batch would lose its order: call the method by itself"
            ))),
            other => Err(Error::config(format!(
                "the parameters of {method} are {other}: they are an object of named parameters, or a list"
            ))),
        };
    };
    for (key, value) in params {
        let parameter = Parameter { method, key, value };
        match key.to_ascii_lowercase().as_str() {
            "select" | "arselect" => parameter.list()?,
            "filter" | "arfilter" => parameter.conditions()?,
            "order" | "arorder" => parameter.order()?,
            "fields" | "arfields" if writes(method) => parameter.map()?,
            "start" => parameter.number()?,
            _ => parameter.known_name()?,
        }
        parameter.id(carrier)?;
        if carrier == Carrier::Query {
            parameter.arrives()?;
        }
    }
    Ok(())
}

/// A number that PHP would round, and where it is: `fields[X]`.
fn rounded(params: &Value) -> Option<(&Number, String)> {
    fn find(value: &Value) -> Option<(&Number, Vec<String>)> {
        let under = |name: String, value| {
            find(value).map(|(number, mut path): (&Number, Vec<String>)| {
                path.push(name);
                (number, path)
            })
        };
        match value {
            Value::Number(number) => {
                (number.is_u64() && !number.is_i64()).then_some((number, Vec::new()))
            }
            Value::Array(items) => (0..)
                .zip(items)
                .find_map(|(at, item): (usize, _)| under(at.to_string(), item)),
            Value::Object(fields) => fields
                .iter()
                .find_map(|(name, item)| under(name.clone(), item)),
            _ => None,
        }
    }
    let (number, path) = find(params)?;
    let mut names = path.into_iter().rev();
    let first = names.next().unwrap_or_default();
    let place = names.fold(first, |place, name| format!("{place}[{name}]"));
    Some((number, place))
}

/// Checks that `method` can be one: an address or a query in its place would be sent somewhere else.
pub(crate) fn name(method: &str) -> Result<(), Error> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if method.is_empty() || !method.chars().all(sound) {
        return Err(Error::config(format!(
            "{method:?} is no method: a name has letters, digits and dots, such as crm.lead.list"
        )));
    }
    Ok(())
}

/// Says so where a list takes every field of every row: it costs the portal dearly.
pub(crate) fn everything(method: &str, params: &Map<String, Value>) -> Option<String> {
    let given = |name: &str| {
        params
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let all = given("select").is_some_and(|select| {
        let mut fields = select.as_array().into_iter().flatten();
        fields.any(|field| field == "*")
    });
    let unfiltered =
        given("filter").is_none_or(|filter| filter.as_object().is_none_or(Map::is_empty));
    (all && unfiltered).then(|| {
        format!("{method} is asked for all fields of all rows: select the fields you need, or filter the rows")
    })
}

/// Whether a filter has `false` in it, which a query string makes 0 of: to many methods a property that is 0 is another
/// one than a property that is not set.
pub(crate) fn false_is_lost(method: &str, filter: &Value) -> bool {
    fn has_false(value: &Value) -> bool {
        match value {
            Value::Bool(is) => !is,
            Value::Array(items) => items.iter().any(has_false),
            Value::Object(items) => items.values().any(has_false),
            _ => false,
        }
    }
    let reads_digits = list_fields::find(method).is_some_and(|known| !known.flags.is_empty());
    !reads_digits && has_false(filter)
}

/// Whether `name` is another name with a letter too many, too few or wrong, or two in each other's place.
fn is_misspelt(name: &str, meant: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let near = catalogue::nearest_name(name, [meant]).is_some();
    let (length, other) = (name.chars().count(), meant.chars().count());
    near && name != meant
        && (sorted(name) == sorted(meant)
            || length.abs_diff(other) <= 1 && common_ends(name, meant) + 1 >= length.min(other))
}

/// How many letters two names have in common at their beginnings and, behind those, at their ends.
fn common_ends(one: &str, other: &str) -> usize {
    let same = |(a, b): &(char, char)| a == b;
    let start = one.chars().zip(other.chars()).take_while(same).count();
    let rest = one.chars().count().min(other.chars().count()) - start;
    let end = one.chars().rev().zip(other.chars().rev());
    start + end.take_while(same).count().min(rest)
}

/// Whether a text refers to what another command of its batch returns.
fn has_reference(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default().to_ascii_lowercase();
    ["$result[", "$total[", "$next["]
        .iter()
        .any(|reference| text.contains(reference))
}

/// Whether the ID of one thing is a number that every portal reads as it is written: `7` and `"7"`, not `"07"`, `7.5`,
/// `"7,8"` or `[7]`.
pub(crate) fn is_whole_number(value: &Value) -> bool {
    /// The largest number below which a float keeps every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            number.is_i64()
                || number.is_u64()
                || number
                    .as_f64()
                    .is_some_and(|float| float.fract() == 0.0 && float.abs() < EXACT)
        }
        Value::String(text) => {
            let text = text.trim();
            text.parse::<i64>()
                .is_ok_and(|number| number.to_string() == text)
        }
        _ => false,
    }
}

/// Whether a value can stand for the ID of one thing in `parameter` of `method`. Lists whose conditions are parameters,
/// such as `department.get`, take several.
pub(crate) fn is_id_for(method: &catalogue::Method, parameter: &str, value: &Value) -> bool {
    if !method.takes_number(parameter) || value.is_null() || is_whole_number(value) {
        return true;
    }
    let takes_several = list_fields::find(method.name).is_some_and(|list| list.bare);
    let several = value.as_array().filter(|_| takes_several);
    several.is_some_and(|ids| ids.iter().all(is_whole_number))
}

fn reads(method: &str) -> bool {
    effect::of(method) == Effect::Read
}

/// Whether it takes the fields of what it writes as a map.
fn writes(method: &str) -> bool {
    let last = method.rsplit('.').next().unwrap_or_default();
    ["add", "update", "set"]
        .iter()
        .any(|verb| last.eq_ignore_ascii_case(verb))
}

/// A parameter as it was given.
struct Parameter<'a> {
    method: &'a str,
    key: &'a str,
    value: &'a Value,
}

impl Parameter<'_> {
    fn list(&self) -> Result<(), Error> {
        match self.value {
            Value::Null => Ok(()),
            Value::Array(names) if names.iter().all(Value::is_string) => Ok(()),
            // To PHP a map with the keys 0, 1, … is a list.
            Value::Object(map)
                if map
                    .iter()
                    .all(|(key, name)| key.parse::<u32>().is_ok() && name.is_string()) =>
            {
                Ok(())
            }
            _ => Err(self.refuse(r#"a list of names, such as ["ID", "TITLE"]"#)),
        }
    }

    fn conditions(&self) -> Result<(), Error> {
        match self.value {
            Value::Object(_) | Value::Null => Ok(()),
            // Groups of conditions; REST 3.0 writes conditions as lists of three.
            Value::Array(items) if items.iter().all(|item| item.is_object() || item.is_array()) => {
                Ok(())
            }
            _ => Err(self.refuse(r#"a map of conditions, such as {">ID": 100}"#)),
        }
    }

    fn order(&self) -> Result<(), Error> {
        let keyset = catalogue::find(self.method).and_then(|method| method.keyset);
        let by_words = keyset.is_none_or(|keyset| keyset.form == KeysetForm::Sort);
        match self.value {
            Value::Object(fields) => fields
                .iter()
                .try_for_each(|(field, direction)| self.direction(field, direction)),
            Value::Null => Ok(()),
            Value::Array(items) if items.is_empty() => Ok(()),
            // Some methods sort by two words: `sort` and `order`.
            Value::String(_) if by_words => Ok(()),
            _ => Err(self.refuse(r#"a map of directions, such as {"ID": "ASC"}"#)),
        }
    }

    /// Portals take every word but `DESC` for `ASC`.
    fn direction(&self, field: &str, direction: &Value) -> Result<(), Error> {
        let documented = catalogue::find(self.method).is_some_and(|method| method.order.is_some());
        let is_known = direction.as_str().is_some_and(|text| {
            // Some sort with `nulls,asc`.
            let mut words = text.split(',').map(|word| word.trim().to_ascii_lowercase());
            words.all(|word| matches!(word.as_str(), "asc" | "desc" | "nulls"))
        });
        if is_known || !documented {
            return Ok(());
        }
        Err(Error::config(format!(
            "{}[{field}] of {} is {direction}: it is \"ASC\" or \"DESC\"",
            self.key, self.method
        )))
    }

    /// A parameter that a list doesn't have, and that looks like the filter, the select or the order: portals pass it
    /// over, and everything comes.
    fn known_name(&self) -> Result<(), Error> {
        let Some(known) =
            catalogue::find(self.method).filter(|known| known.list && known.rest == 2)
        else {
            return Ok(());
        };
        let takes_conditions = list_fields::find(self.method).is_some_and(|list| list.bare);
        if takes_conditions || known.parameter(self.key).is_some() {
            return Ok(());
        }
        let key = self.key.to_ascii_lowercase();
        let documented = |place: Option<&'static str>| place.filter(|place| !place.contains('['));
        let meant = match key.as_str() {
            "where" | "conditions" | "condition" => documented(known.filter),
            "columns" => documented(known.select),
            "sort" | "sortby" | "orderby" | "order_by" | "sort_by" => documented(known.order),
            "limit" | "top" | "page_size" | "pagesize" if known.filter.is_some() => {
                return Err(Error::config(format!(
                    "{} has no parameter {}, and the portal would pass it over: a page has {} rows",
                    self.method,
                    self.key,
                    known.page.unwrap_or(50)
                )));
            }
            _ => {
                let places = [known.filter, known.select, known.order];
                places
                    .into_iter()
                    .filter_map(documented)
                    .find(|place| is_misspelt(&key, &place.to_ascii_lowercase()))
            }
        };
        match meant {
            Some(meant) => Err(Error::config(format!(
                "{} has no parameter {}, and the portal would pass it over (did you mean {meant}?)",
                self.method, self.key
            ))),
            None => Ok(()),
        }
    }

    fn map(&self) -> Result<(), Error> {
        match self.value {
            Value::Object(_) => Ok(()),
            _ => Err(self.refuse(r#"a map of values, such as {"TITLE": "New"}"#)),
        }
    }

    /// What is no number in the place of an ID: the portal would take another record.
    fn id(&self, carrier: Carrier) -> Result<(), Error> {
        // In a batch it may refer to an earlier command; its value is looked at when it is there.
        let refers = carrier == Carrier::Query && has_reference(self.value);
        match catalogue::find(self.method) {
            Some(method) if !refers && !is_id_for(method, self.key, self.value) => {
                Err(self.refuse(
                    "the ID of one thing, a whole number such as 42, and the portal would take another one",
                ))
            }
            _ => Ok(()),
        }
    }

    fn number(&self) -> Result<(), Error> {
        match self.value {
            Value::Number(_) | Value::Null => Ok(()),
            // In a batch it may refer to an earlier command.
            Value::String(text) if text.parse::<i64>().is_ok() || text.starts_with('$') => Ok(()),
            _ => Err(self.refuse("a number of rows to skip, or -1 for no counting")),
        }
    }

    fn arrives(&self) -> Result<(), Error> {
        let is_filter = ["filter", "arfilter"]
            .iter()
            .any(|name| self.key.eq_ignore_ascii_case(name));
        if is_filter && false_is_lost(self.method, self.value) {
            return Err(Error::config(format!(
                "false in the {} of {} would arrive as 0 in a batch, which may be another condition: write \"N\", \"0\" or \"\", or call the method by itself",
                self.key, self.method
            )));
        }
        match query::vanishing(self.value) {
            // A parameter that is nothing as a whole is as good as none, unless it is what is to be written.
            Some((what @ ("null" | "the empty list"), place))
                if !place.is_empty() || self.value.is_array() && !reads(self.method) =>
            {
                Err(Error::config(format!(
                    "{what} as {}{place} of {} would vanish in a batch: leave it out, write \"\" to clear a field, or call the method by itself",
                    self.key, self.method
                )))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, expected: &str) -> Error {
        let mut shown = self.value.to_string();
        if shown.chars().count() > 60 {
            shown = shown.chars().take(60).chain(['…']).collect();
        }
        Error::config(format!(
            "{} of {} is {shown}: it is {expected}",
            self.key, self.method
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(method: &str, params: &Value, carrier: Carrier) -> Option<String> {
        call(method, params, carrier)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_meant_is_named_with_what_to_write_instead() {
        for (params, named) in [
            (
                json!({"select": "ID"}),
                "select of crm.lead.list is \"ID\": it is a list",
            ),
            (json!({"SELECT": {"ID": 1}}), "SELECT"),
            (
                json!({"filter": "ID>5"}),
                "filter of crm.lead.list is \"ID>5\": it is a map",
            ),
            (json!({"filter": ["ID", ">", 5]}), "filter"),
            (json!({"order": "ID"}), "order"),
            (json!({"order": ["ID"]}), "order"),
            (json!({"start": [1]}), "start"),
            (json!({"start": "next"}), "start"),
            (json!({"select": [["ID"]]}), "select"),
            (
                json!({"order": {"TITLE": "up"}}),
                "order[TITLE] of crm.lead.list is \"up\": it is \"ASC\" or \"DESC\"",
            ),
            (json!({"order": {"ID": 1}}), "order[ID]"),
            (json!({"filters": {"ID": 1}}), "did you mean filter?"),
            (json!({"fitler": {"ID": 1}}), "did you mean filter?"),
            (json!({"where": {"ID": 1}}), "did you mean filter?"),
            (json!({"selct": ["ID"]}), "did you mean select?"),
            (json!({"sort": "ID"}), "did you mean order?"),
            (json!({"limit": 10}), "crm.lead.list has no parameter limit"),
            (json!("ID"), "object of named parameters"),
        ] {
            let said = refusal("crm.lead.list", &params, Carrier::Json)
                .unwrap_or_else(|| panic!("{params} passed"));
            assert!(said.contains(named), "{said}");
        }
        let fields = refusal("crm.lead.add", &json!({"fields": ["TITLE"]}), Carrier::Json).unwrap();
        assert!(fields.contains("fields of crm.lead.add"), "{fields}");
    }

    #[test]
    fn what_portals_take_passes() {
        for (method, params) in [
            (
                "crm.lead.list",
                json!({"select": ["ID"], "filter": {"0": {"logic": "OR"}}, "order": {"ID": "ASC"}, "start": -1}),
            ),
            (
                "crm.lead.list",
                json!({"select": {"0": "ID"}, "filter": [], "order": [], "start": "50"}),
            ),
            (
                "user.get",
                json!({"sort": "ID", "order": "ASC", "FILTER": {">ID": 1}}),
            ),
            ("task.item.list", json!([{"ID": "asc"}, {}, ["ID"]])),
            ("tasks.task.list", json!({"filter": [["id", ">", 5]]})),
            (
                "crm.lead.update",
                json!({"id": 1, "fields": {"COMMENTS": null}}),
            ),
            ("landing.block.update", json!({"fields": {"a": 1}})),
            (
                "crm.lead.list",
                json!({"order": {"ID": "nulls,asc"}, "halt": 1}),
            ),
            ("department.get", json!({"sort": "NAME", "order": "DESC"})),
            (
                "im.dialog.messages.get",
                json!({"DIALOG_ID": 1, "LIMIT": 10}),
            ),
        ] {
            assert_eq!(
                refusal(method, &params, Carrier::Json),
                None,
                "{method} {params}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_no_id_of_one_thing() {
        for id in [
            json!([6, 7]),
            json!([6]),
            json!({"0": 6}),
            json!(true),
            json!(false),
            json!(25.9),
            json!("9,10"),
            json!("5abc"),
            json!("23;24"),
            json!("2026-01-01"),
            json!("01"),
            json!("+1"),
            json!("1e3"),
            json!(""),
            json!("$result[a][ID]"),
        ] {
            for (method, name) in [
                ("crm.lead.delete", "id"),
                ("crm.deal.update", "ID"),
                ("crm.item.list", "entityTypeId"),
                ("tasks.task.update", "taskId"),
                ("disk.file.get", "id"),
            ] {
                let said = refusal(method, &json!({ name: id }), Carrier::Json)
                    .unwrap_or_else(|| panic!("{method} {id} passed"));
                assert!(said.contains("a whole number such as 42"), "{said}");
            }
        }
        for (method, params) in [
            ("crm.lead.delete", json!({"id": 6})),
            ("crm.lead.delete", json!({"id": " 6 "})),
            ("crm.lead.get", json!({"id": 6.0})),
            ("crm.lead.get", json!({"id": null})),
            ("crm.currency.get", json!({"id": "EUR"})),
            ("im.dialog.get", json!({"DIALOG_ID": "chat5"})),
            (
                "crm.status.list",
                json!({"filter": {"ENTITY_ID": "STATUS"}}),
            ),
            ("department.get", json!({"ID": [1, 2]})),
            (
                "lists.element.get",
                json!({"IBLOCK_ID": 5, "ELEMENT_ID": [1, 2]}),
            ),
            ("some.other.method", json!({"id": [1, 2]})),
        ] {
            assert_eq!(refusal(method, &params, Carrier::Json), None, "{params}");
        }
        let refers = json!({"id": "$result[a][ID]"});
        assert_eq!(refusal("crm.lead.delete", &refers, Carrier::Query), None);
    }

    #[test]
    fn what_would_vanish_in_a_batch_is_refused_there() {
        let said = refusal(
            "crm.lead.list",
            &json!({"filter": {"@ID": []}}),
            Carrier::Query,
        )
        .unwrap();
        assert!(
            said.contains("the empty list as filter[@ID] of crm.lead.list"),
            "{said}"
        );
        let said = refusal(
            "crm.lead.update",
            &json!({"id": 1, "fields": {"COMMENTS": null}}),
            Carrier::Query,
        )
        .unwrap();
        assert!(said.contains("null as fields[COMMENTS]"), "{said}");
        assert!(
            refusal("task.item.list", &json!([1, 2]), Carrier::Query)
                .unwrap()
                .contains("lose its order")
        );
        let by_false = json!({"FILTER": {"PROPERTY_5": false}});
        let said = refusal("lists.element.get", &by_false, Carrier::Query).unwrap();
        assert!(said.contains("would arrive as 0"), "{said}");
        for (method, params) in [
            ("crm.lead.list", json!({"filter": {}, "select": null})),
            ("crm.lead.list", json!({"filter": {"OPENED": true}})),
            ("user.get", json!({"FILTER": {"ACTIVE": false}})),
        ] {
            assert_eq!(refusal(method, &params, Carrier::Query), None);
        }
    }

    #[test]
    fn an_address_is_no_method() {
        for method in [
            "",
            "https://portal/rest/1/x/",
            "crm.lead.list?start=0",
            "crm lead",
            "сделки",
        ] {
            assert!(name(method).is_err(), "{method}");
        }
    }

    #[test]
    fn all_fields_of_all_rows_are_worth_a_warning() {
        let said = |params: Value| everything("crm.lead.list", params.as_object().unwrap());
        assert!(said(json!({"select": ["*", "UF_*"]})).is_some());
        assert!(said(json!({"select": ["*"], "filter": {}})).is_some());
        assert!(said(json!({"select": ["*"], "filter": {">ID": 5}})).is_none());
        assert!(said(json!({"select": ["ID"]})).is_none());
    }
}
