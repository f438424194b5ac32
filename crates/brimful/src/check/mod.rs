//! Parameters that cannot mean what the caller thinks, found before they are sent.
//!
//! A portal takes most of them without a word: a `select` that is no list selects everything, a filter that is no map
//! filters nothing. Each refusal names the parameter and what to write instead. [`Checks::Off`] sends them all the same.

pub(crate) mod conditions;
pub(crate) mod values;

use brimful_protocol::catalogue::{self, KeysetForm, Method, Paging};
use brimful_protocol::list_fields;
use brimful_protocol::query;
use serde_json::{Map, Number, Value};

use conditions::Condition;

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

/// What is asked of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    OneCall,
    WholeList,
}

/// Checks the parameters of one call.
pub(crate) fn call(method: &str, params: &Value, carrier: Carrier) -> Result<(), Error> {
    check(method, params, carrier, Wish::OneCall)
}

/// Checks the parameters of a list that is read whole.
pub(crate) fn list(method: &str, params: &Value) -> Result<(), Error> {
    check(method, params, Carrier::Json, Wish::WholeList)
}

fn check(method: &str, params: &Value, carrier: Carrier, wish: Wish) -> Result<(), Error> {
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
        parameter.reaches_the_method()?;
        match key.to_ascii_lowercase().as_str() {
            "select" | "arselect" => parameter.list()?,
            "filter" | "arfilter" => {
                parameter.conditions()?;
                parameter.documented_filter()?;
            }
            "order" | "arorder" => {
                parameter.order()?;
                parameter.documented_order()?;
            }
            "fields" | "arfields" if writes(method) => parameter.map()?,
            "start" => parameter.number()?,
            _ => parameter.known_name(wish)?,
        }
        parameter.id(carrier)?;
        if carrier == Carrier::Query {
            parameter.arrives()?;
        }
    }
    for condition in conditions::of_call(method, params) {
        if let Some(problem) = conditions::problem(method, &condition) {
            return Err(Error::config(format!("{method}: {problem}")));
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

/// What servers take out of a call before a method sees it, above all to know who calls.
const RESERVED: [&str; 8] = [
    "auth",
    "access_token",
    "auth_connector",
    "aplogin",
    "ap",
    "sessid",
    "state",
    "token",
];

/// How other services call a part of a list.
const PAGING_WORDS: [&str; 14] = [
    "limit",
    "top",
    "page",
    "pages",
    "page_size",
    "pagesize",
    "page_number",
    "per_page",
    "perpage",
    "offset",
    "skip",
    "count",
    "rows",
    "next",
];

/// The documented parameters, with commas between them.
fn own_parameters(known: &Method) -> String {
    known.parameters().collect::<Vec<_>>().join(", ")
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

    /// What the portal takes for itself.
    fn reaches_the_method(&self) -> Result<(), Error> {
        let documented = catalogue::find(self.method)
            .is_some_and(|known| known.parameters().any(|name| name == self.key));
        if documented || !RESERVED.contains(&self.key) {
            return Ok(());
        }
        Err(Error::config(format!(
            "{} does not reach {}: a portal takes a parameter of this name for itself, as it does with {}. Leave it out",
            self.key,
            self.method,
            RESERVED
                .iter()
                .copied()
                .filter(|name| *name != self.key)
                .collect::<Vec<_>>()
                .join(", ")
        )))
    }

    /// The method, if it is a list that passes this parameter over, and there is something in it.
    fn list_without_it(&self, parameter: &str) -> Option<&'static Method> {
        let says_something = match self.value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        };
        catalogue::find(self.method).filter(|known| says_something && known.passes_over(parameter))
    }

    fn documented_order(&self) -> Result<(), Error> {
        let Some(known) = self.list_without_it("order") else {
            return Ok(());
        };
        if known.parameter("sort").is_some() {
            return Ok(());
        }
        let sorts = match known.order {
            Some(order) => format!("it sorts by {order}"),
            None => "sort its rows".to_owned(),
        };
        Err(self.passed_over(known, &format!(": {sorts}")))
    }

    fn documented_filter(&self) -> Result<(), Error> {
        let Some(known) = self.list_without_it("filter") else {
            return Ok(());
        };
        if list_fields::find(known.name).is_some_and(|list| list.bare) {
            // They take such a wrapper around the conditions, in capitals.
            if self.key == "FILTER" {
                return Ok(());
            }
            let mut given = Vec::new();
            conditions::collect(self.value, &mut given, &mut false);
            // What is wrong with a condition is said of it.
            if given
                .iter()
                .any(|one| conditions::problem(known.name, one).is_some())
            {
                return Ok(());
            }
            let given: Vec<String> = given.iter().map(Condition::as_parameter).collect();
            return Err(self.passed_over(
                known,
                &format!(
                    ": it takes conditions as parameters of their own: {}",
                    given.join(", ")
                ),
            ));
        }
        if let Some(place) = known.filter {
            return Err(self.passed_over(known, &format!(": its filter is {place}")));
        }
        let takes = match own_parameters(known) {
            names if names.is_empty() => ": it takes no parameters".to_owned(),
            names => format!(": its parameters are {names}"),
        };
        Err(self.passed_over(known, &takes))
    }

    /// A parameter that a list doesn't have: portals pass it over, and everything comes.
    fn known_name(&self, wish: Wish) -> Result<(), Error> {
        let Some(known) = self.list_without_it(self.key) else {
            return Ok(());
        };
        // One call of these gives all that there is, and has nothing to choose rows by.
        let is_plain = known.filter.is_none() && known.paging == Paging::None;
        if is_plain && wish == Wish::OneCall {
            return Ok(());
        }
        // What is wrong with its conditions is said of them.
        if list_fields::find(self.method).is_some_and(|list| list.bare) {
            return Ok(());
        }
        let key = self.key.to_ascii_lowercase();
        let places = [known.filter, known.select, known.order];
        let documented = |place: Option<&'static str>| place.filter(|place| !place.contains('['));
        let meant = match key.as_str() {
            "where" | "conditions" | "condition" => documented(known.filter),
            "columns" => documented(known.select),
            "sort" | "sortby" | "orderby" | "order_by" | "sort_by" => documented(known.order),
            _ if PAGING_WORDS.contains(&key.as_str()) => {
                let pages = match (known.paging, known.page) {
                    (Paging::None, _) => "all its rows come at once".to_owned(),
                    (Paging::Page | Paging::Controller | Paging::Offset, page) => {
                        format!(
                            "a page has {} rows, and start says where it begins",
                            page.unwrap_or(50)
                        )
                    }
                    _ => format!("its parameters are {}", own_parameters(known)),
                };
                return Err(self.passed_over(known, &format!(": {pages}")));
            }
            _ => {
                let mut places = places.into_iter().filter_map(documented);
                places
                    .find(|place| is_misspelt(&key, &place.to_ascii_lowercase()))
                    .or_else(|| catalogue::nearest_name(self.key, known.parameters()))
            }
        };
        let advice = match (meant, known.filter) {
            (Some(meant), _) => format!(" (did you mean {meant}?)"),
            (None, Some(place)) => {
                let condition =
                    Value::Object(Map::from_iter([(self.key.to_owned(), self.value.clone())]));
                let inside = match place.trim_end_matches(']').split_once('[') {
                    Some((outer, inner)) => {
                        format!("{{\"{outer}\": {{\"{inner}\": {condition}}}}}")
                    }
                    None => format!("{{\"{place}\": {condition}}}"),
                };
                format!(": a condition stands in its filter, {inside}")
            }
            (None, None) => match own_parameters(known) {
                names if names.is_empty() => ": it takes no parameters".to_owned(),
                names => format!(": its parameters are {names}"),
            },
        };
        Err(self.passed_over(known, &advice))
    }

    fn passed_over(&self, known: &Method, advice: &str) -> Error {
        Error::config(format!(
            "{} has no parameter {}, and the portal would pass it over{advice}",
            known.name, self.key
        ))
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
            (
                json!({"STAGE_ID": "WON"}),
                r#"no parameter STAGE_ID, and the portal would pass it over: a condition stands in its filter, {"filter": {"STAGE_ID":"WON"}}"#,
            ),
            (json!({"ID": 5}), r#"{"filter": {"ID":5}}"#),
            (json!({"offset": 50}), "a page has 50 rows, and start says"),
            (json!({"page": 2}), "a page has 50 rows"),
            (json!({"halt": 1}), "no parameter halt"),
            (json!({"entityTypeId": 2}), "no parameter entityTypeId"),
            (json!({"auth": "x"}), "auth does not reach crm.lead.list"),
            (json!({"filter": {"ID": true}}), "ID is true"),
            (json!({"filter": {"ID": "5;6"}}), "is not a number"),
            (json!({"filter": {"=>ID": 5}}), "write >=ID"),
            (
                json!({"filter": {"0": {"CATEGORY_ID": "a"}}}),
                "CATEGORY_ID",
            ),
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
    fn what_the_documentation_of_a_list_does_not_have_is_refused_for_every_list() {
        let lists = catalogue::all()
            .iter()
            .filter(|known| known.list && known.rest == 2 && known.source.is_some());
        let mut checked = 0;
        for known in lists {
            if known.name.starts_with("task.") {
                continue;
            }
            for wish in [Wish::OneCall, Wish::WholeList] {
                if wish == Wish::OneCall && known.filter.is_none() && known.paging == Paging::None {
                    continue;
                }
                for name in ["QX_NOSUCH", "qxNosuch"] {
                    let params = json!({ name: "1" });
                    let given = check(known.name, &params, Carrier::Json, wish).err();
                    let takes_fields =
                        known.filter == Some("FILTER") && known.name.starts_with("user.");
                    assert_eq!(given.is_none(), takes_fields, "{} {given:?}", known.name);
                }
            }
            for name in known.parameters() {
                let nothing = json!({ name: null });
                assert_eq!(
                    refusal(known.name, &nothing, Carrier::Json),
                    None,
                    "{}",
                    known.name
                );
            }
            checked += 1;
        }
        assert!(checked > 250, "{checked}");
    }

    #[test]
    fn a_filter_or_an_order_is_refused_where_a_list_has_none() {
        for (method, params, named) in [
            (
                "crm.currency.list",
                json!({"filter": {"CURRENCY": "EUR"}}),
                "no parameter filter, and the portal would pass it over: its parameters are order",
            ),
            (
                "crm.enum.ownertype",
                json!({"filter": {"ID": 1}}),
                "it takes no parameters",
            ),
            (
                "crm.enum.ownertype",
                json!({"order": {"ID": "ASC"}}),
                "sort its rows",
            ),
            (
                "lists.get",
                json!({"order": {"ID": "ASC"}}),
                "it sorts by IBLOCK_ORDER",
            ),
            (
                "voximplant.user.get",
                json!({"ID": 1}),
                "its parameters are USER_ID",
            ),
            (
                "landing.site.getList",
                json!({"filter": {"ID": 1}}),
                "its filter is params[filter]",
            ),
            (
                "landing.site.getList",
                json!({"ACTIVE": "Y"}),
                r#"{"params": {"filter": {"ACTIVE":"Y"}}}"#,
            ),
        ] {
            let said = refusal(method, &params, Carrier::Json)
                .unwrap_or_else(|| panic!("{method} {params} passed"));
            assert!(said.contains(named), "{said}");
        }
    }

    #[test]
    fn departments_are_compared_for_equality_alone() {
        for (params, named) in [
            (json!({">ID": 1}), "it compares for equality alone"),
            (
                json!({"FILTER": {">ID": 1}}),
                "it compares for equality alone",
            ),
            (
                json!({"@ID": [1, 2]}),
                "give ID a list of values, such as [1, 2]",
            ),
            (json!({"=ID": 1}), "write ID"),
            (json!({"name": "x"}), "did you mean NAME?"),
            (json!({"PARENTS": 1}), "did you mean PARENT?"),
            (
                json!({"COLOUR_OF": 1}),
                "its conditions are ID, NAME, SORT, PARENT, UF_HEAD",
            ),
            (json!({"ID": "2,3"}), "ID"),
            (json!({"PARENT": "abc"}), "PARENT"),
            (json!({"filter": {"ID": 1}}), "no parameter filter"),
        ] {
            let said = refusal("department.get", &params, Carrier::Json)
                .unwrap_or_else(|| panic!("{params} passed"));
            assert!(said.contains(named), "{said}");
        }
        for params in [
            json!({"ID": [1, 2]}),
            json!({"NAME": "Sales", "sort": "NAME", "order": "DESC", "START": 50}),
            json!({"FILTER": {"PARENT": 1}}),
            json!({"SORT": 500}),
        ] {
            assert_eq!(
                refusal("department.get", &params, Carrier::Json),
                None,
                "{params}"
            );
        }
    }

    #[test]
    fn a_parameter_that_a_portal_takes_for_itself_is_refused_unless_the_method_documents_it() {
        for name in [
            "auth",
            "access_token",
            "aplogin",
            "ap",
            "sessid",
            "state",
            "token",
        ] {
            for method in ["crm.lead.add", "crm.lead.list", "some.other.method"] {
                let said = refusal(method, &json!({ name: "x" }), Carrier::Json).unwrap();
                assert!(
                    said.contains(&format!("{name} does not reach {method}")),
                    "{said}"
                );
            }
        }
        let documented = json!({"auth_connector": "x"});
        assert_eq!(
            refusal("event.offline.list", &documented, Carrier::Json),
            None
        );
        assert_eq!(
            refusal("crm.lead.add", &json!({"TOKEN": 1}), Carrier::Json),
            None
        );
    }

    #[test]
    fn numbers_that_a_portal_does_not_describe_are_numbers() {
        for (method, params) in [
            (
                "tasks.task.list",
                json!({"filter": {"STATUS": "in-progress"}}),
            ),
            ("tasks.task.list", json!({"filter": {"REAL_STATUS": "2,3"}})),
            (
                "tasks.task.list",
                json!({"filter": {"::SUBFILTER-1": {"@REAL_STATUS": "2,3"}}}),
            ),
            ("user.get", json!({"UF_DEPARTMENT": "1,2"})),
            ("user.get", json!({"FILTER": {"UF_DEPARTMENT": true}})),
            ("crm.deal.list", json!({"filter": {"ID": [true]}})),
        ] {
            assert!(
                refusal(method, &params, Carrier::Json).is_some(),
                "{params}"
            );
        }
        for (method, params) in [
            (
                "tasks.task.list",
                json!({"filter": {"@STATUS": [2, "3"], "!REAL_STATUS": "-1"}}),
            ),
            ("user.get", json!({"UF_DEPARTMENT": [1, 2], "ACTIVE": true})),
            ("crm.deal.list", json!({"filter": {"ID": [1, 2]}})),
        ] {
            assert_eq!(refusal(method, &params, Carrier::Json), None, "{params}");
        }
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
                json!({"order": {"ID": "nulls,asc"}, "entityTypeId": null, "x": []}),
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
