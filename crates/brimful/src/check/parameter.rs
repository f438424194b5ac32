//! One parameter of a call: whether its shape can be meant, and whether the method takes it.

use brimful_protocol::catalogue::{self, KeysetForm, Method, Paging, RESERVED_PARAMETERS};
use brimful_protocol::list_fields;
use brimful_protocol::query;
use serde_json::{Map, Value};

use super::conditions::{self, Condition};
use super::{Carrier, Wish, false_is_lost, has_reference, is_id_for, is_misspelt, reads};
use crate::error::{Error, ParameterProblem};

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
pub(super) struct Parameter<'a> {
    pub(super) method: &'a str,
    pub(super) key: &'a str,
    pub(super) value: &'a Value,
}

impl Parameter<'_> {
    /// Refuses another value for the same parameter in letters of another case: which of them counts differs from method
    /// to method.
    pub(super) fn is_given_once(&self, params: &Map<String, Value>) -> Result<(), Error> {
        let is_same = |(key, value): &(&String, &Value)| {
            *key != self.key && key.eq_ignore_ascii_case(self.key) && *value != self.value
        };
        let Some((other, _)) = params.iter().find(is_same) else {
            return Ok(());
        };
        let documented = catalogue::find(self.method).is_some_and(|known| {
            let has = |name: &str| known.parameters().any(|own| own == name);
            has(self.key) && has(other)
        });
        if documented {
            return Ok(());
        }
        Err(Error::config(format!(
            "{method} is given {} and {other}, which are one parameter with two values: leave one of them out",
            self.key,
            method = self.method,
        )))
    }

    pub(super) fn list(&self) -> Result<(), Error> {
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

    pub(super) fn conditions(&self) -> Result<(), Error> {
        match self.value {
            Value::Object(_) | Value::Null => Ok(()),
            // Groups of conditions; REST 3.0 writes conditions as lists of three.
            Value::Array(items) if items.iter().all(|item| item.is_object() || item.is_array()) => {
                Ok(())
            }
            _ => Err(self.refuse(r#"a map of conditions, such as {">ID": 100}"#)),
        }
    }

    pub(super) fn order(&self) -> Result<(), Error> {
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
    pub(super) fn reaches_the_method(&self) -> Result<(), Error> {
        let documented = catalogue::find(self.method)
            .is_some_and(|known| known.parameters().any(|name| name == self.key));
        if documented || !RESERVED_PARAMETERS.contains(&self.key) {
            return Ok(());
        }
        Err(Error::config(format!(
            "{} does not reach {}: a portal takes a parameter of this name for itself, as it does with {}. Leave it out",
            self.key,
            self.method,
            RESERVED_PARAMETERS
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

    pub(super) fn documented_select(&self) -> Result<(), Error> {
        let Some(known) = self.list_without_it("select") else {
            return Ok(());
        };
        let instead = match known.select {
            Some(select) => format!("it selects by {select}"),
            None => "its rows come with all their fields, so leave it out".to_owned(),
        };
        let problem = ParameterProblem::SelectPassedOver(self.key.to_owned());
        Err(self
            .passed_over(known, &format!(": {instead}"))
            .with_problems(vec![problem]))
    }

    pub(super) fn documented_order(&self) -> Result<(), Error> {
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

    pub(super) fn documented_filter(&self) -> Result<(), Error> {
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
            let is_wrong = |one: &Condition| {
                conditions::passed_over(known.name, one).is_some()
                    || conditions::wrong_value(known.name, one).is_some()
            };
            if given.iter().any(is_wrong) {
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
    pub(super) fn known_name(&self, wish: Wish) -> Result<(), Error> {
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
        .with_problems(vec![ParameterProblem::PassedOver(self.key.to_owned())])
    }

    pub(super) fn map(&self) -> Result<(), Error> {
        match self.value {
            Value::Object(_) => Ok(()),
            _ => Err(self.refuse(r#"a map of values, such as {"TITLE": "New"}"#)),
        }
    }

    /// What is not a number in the place of an ID: the portal would take another record.
    pub(super) fn id(&self, carrier: Carrier) -> Result<(), Error> {
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

    pub(super) fn number(&self) -> Result<(), Error> {
        match self.value {
            Value::Number(_) | Value::Null => Ok(()),
            // In a batch it may refer to an earlier command.
            Value::String(text) if text.parse::<i64>().is_ok() || text.starts_with('$') => Ok(()),
            _ => Err(self.refuse("a number of rows to skip, or -1 for no counting")),
        }
    }

    pub(super) fn arrives(&self) -> Result<(), Error> {
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
            // A parameter that is empty as a whole counts as absent, unless it is what is to be written.
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
