//! The parameters of a call, put together from `--json`, `--param`, `--select` and `--filter`.

use std::path::Path;

use brimful_protocol::catalogue;
use brimful_protocol::list_fields::FILTER_SIGNS;
use clap::Args;
use serde_json::{Map, Value};

use crate::args::filter::{self, Condition};
use crate::exact_json::{self, NotExact};
use crate::failure::Failure;
use crate::format::shell_word;
use crate::input;

#[derive(Debug, Args)]
pub(crate) struct ParamsOption {
    /// Give a parameter: numbers, booleans, lists and objects as JSON, anything else as text; may be nested: `a[b]=1`
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse)]
    pub(crate) params: Vec<Param>,
    /// Give parameters as a JSON object; those of other options are merged over it, key by key; @FILE or - reads it from
    /// there
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) json: Option<String>,
}

/// One `--param NAME=VALUE`. The name may be nested as in a query: `fields[TITLE]`, `select[]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Param {
    path: Vec<Step>,
    value: Value,
}

impl Param {
    /// Whether its value takes the place of another one, or of something that another one is inside of.
    fn hides(&self, earlier: &Self) -> bool {
        earlier.path.starts_with(&self.path) && !self.path.contains(&Step::Next)
    }

    /// The name of the parameter that it is, or is inside of.
    pub(crate) fn first_name(&self) -> Option<&str> {
        match self.path.first() {
            Some(Step::Key(name)) => Some(name),
            _ => None,
        }
    }

    /// The name and the value, where the name is not nested.
    pub(crate) fn plain(&self) -> Option<(&str, &Value)> {
        match self.path.as_slice() {
            [Step::Key(name)] => Some((name, &self.value)),
            _ => None,
        }
    }

    /// The name as it is written.
    fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if name.is_empty() => name.push_str(key),
                Step::Key(key) => name.extend(["[", key, "]"]),
                Step::Next => name.push_str("[]"),
            }
        }
        name
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    /// `[]`: one more item of a list.
    Next,
}

/// Reads `NAME=VALUE`.
pub(crate) fn parse(text: &str) -> Result<Param, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("it has no value: write it as entityTypeId=2")?;
    Ok(Param {
        path: path(name)?,
        value: typed(value)?,
    })
}

fn path(name: &str) -> Result<Vec<Step>, String> {
    let end = name.find('[').unwrap_or(name.len());
    let (first, mut rest) = name.split_at(end);
    if first.is_empty() {
        return Err("it has no name: write it as entityTypeId=2".to_owned());
    }
    if first.contains(['{', '(']) {
        return Err("names are nested in square brackets: write it as fields[TITLE]=…".to_owned());
    }
    let unmatched = "its brackets do not match: write it as fields[TITLE]=…";
    if first.contains(']') {
        return Err(unmatched.to_owned());
    }
    let mut path = vec![Step::Key(first.to_owned())];
    while !rest.is_empty() {
        let (key, after) = rest
            .strip_prefix('[')
            .and_then(|inside| inside.split_once(']'))
            .filter(|(key, _)| !key.contains('['))
            .ok_or(unmatched)?;
        path.push(if key.is_empty() {
            Step::Next
        } else {
            Step::Key(key.to_owned())
        });
        rest = after;
    }
    Ok(path)
}

/// Numbers, booleans, objects and lists are read as JSON; anything else is text. A number that JSON would write in
/// another way (`007`, `1.10`, more digits than it keeps) is text too: what was typed is what is sent.
fn typed(text: &str) -> Result<Value, String> {
    Ok(match exact_json::read(text.as_bytes()) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        Ok(Value::Bool(yes)) if text == if yes { "true" } else { "false" } => yes.into(),
        Ok(Value::Number(number)) if number.to_string() == text => number.into(),
        Err(NotExact::Altered(why)) if text.trim_start().starts_with(['{', '[']) => {
            return Err(format!("its value {why}"));
        }
        _ => Value::from(text),
    })
}

/// All that the command line says about the parameters of a call.
#[derive(Debug, Default)]
pub(crate) struct CallParams<'a> {
    /// The list that filter and select are for: some spell these parameters in a way of their own.
    pub(crate) list: Option<&'a str>,
    pub(crate) json: Option<&'a str>,
    pub(crate) params: &'a [Param],
    pub(crate) select: &'a [String],
    pub(crate) filter: &'a [Condition],
}

impl CallParams<'_> {
    /// The parameters: `--json` first, and the others over it.
    pub(crate) fn assemble(&self) -> Result<Value, Failure> {
        let base = self.json.map_or(Ok(Value::Object(Map::new())), |given| {
            read_json(given, "--json")
        })?;
        let plain = self.params.is_empty() && self.select.is_empty() && self.filter.is_empty();
        let mut params = match base {
            Value::Object(params) => params,
            // Old methods take their parameters by position.
            Value::Array(_) if plain => return Ok(base),
            Value::Array(_) => {
                return Err(Failure::usage(
                    "--json gives parameters by position, which cannot be joined with named ones",
                ));
            }
            other => {
                return Err(Failure::usage(format!(
                    "--json is {}, not an object of parameters",
                    kind(&other)
                )));
            }
        };
        for (at, param) in self.params.iter().enumerate() {
            if let Some(earlier) = self.params[..at].iter().find(|other| param.hides(other)) {
                return Err(Failure::usage(format!(
                    "--param {} is given twice, and would hide the earlier {}",
                    param.name(),
                    earlier.name()
                ))
                .hint("a list is written as NAME[]=VALUE, once for each item"));
            }
            insert(&mut params, &param.path, param.value.clone()).map_err(Failure::usage)?;
        }
        if !self.select.is_empty() {
            if self.select.iter().all(|field| field.trim().is_empty()) {
                return Err(
                    Failure::usage("--select has no field, and every field would come")
                        .hint("name the fields, such as --select ID,TITLE, or leave it out"),
                );
            }
            if let Some(names) = self
                .select
                .iter()
                .map(|names| names.trim())
                .find(|names| names.contains(char::is_whitespace))
            {
                let names: Vec<&str> = names.split_whitespace().collect();
                return Err(Failure::usage("--select has blanks between its fields")
                    .hint(format!("--select {}", names.join(","))));
            }
            let fields: Vec<Value> = self
                .select
                .iter()
                .map(|field| Value::from(field.trim()))
                .filter(|field| field != "")
                .collect();
            let (params, name) = self.parameter(&mut params, "select")?;
            params.insert(name, fields.into());
        }
        if !self.filter.is_empty() {
            self.add_filter(&mut params)?;
        }
        trim_names(&mut params);
        Ok(Value::Object(params))
    }

    /// Where the parameter is, and how it is spelt there: in `params[filter]` it is inside of another one.
    fn parameter<'p>(
        &self,
        params: &'p mut Map<String, Value>,
        name: &str,
    ) -> Result<(&'p mut Map<String, Value>, String), Failure> {
        let known = self.list.and_then(catalogue::find);
        let documented = known.and_then(|known| match name {
            "select" => known.select,
            _ => known.filter,
        });
        let Some((outer, _)) = documented.and_then(|place| place.split_once('[')) else {
            let name = spelling(params, name);
            return Ok((params, name));
        };
        let outer = spelling(params, outer);
        let inside = params
            .entry(outer.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inside) = inside else {
            return Err(Failure::usage(format!(
                "{outer} is {}, so {name} cannot be put into it",
                kind(inside)
            )));
        };
        let name = spelling(inside, name);
        Ok((inside, name))
    }

    fn add_filter(&self, params: &mut Map<String, Value>) -> Result<(), Failure> {
        let (params, name) = self.parameter(params, "filter")?;
        let filter = params
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(filter) = filter else {
            return Err(Failure::usage(format!(
                "the filter is {} already, so --filter cannot add to it",
                kind(filter)
            )));
        };
        let mut seen: Vec<&str> = Vec::new();
        for condition in self.filter {
            if seen.contains(&condition.key.as_str()) {
                let field = condition.key.trim_start_matches(FILTER_SIGNS);
                let signs = condition.key.trim_end_matches(field);
                let hint = match signs {
                    "" | "=" | "@" | "=@" => {
                        format!("for one of several values: --filter '@{field}=A,B'")
                    }
                    "!" | "!=" | "!@" => format!("for none of several: --filter '!@{field}=A,B'"),
                    _ => "leave one of them out: a row would have to meet both".to_owned(),
                };
                return Err(Failure::usage(format!(
                    "--filter has {} twice, and a filter holds it once",
                    condition.key
                ))
                .hint(hint));
            }
            seen.push(&condition.key);
            filter.insert(condition.key.clone(), condition.value.clone());
        }
        Ok(())
    }
}

/// Blanks are not part of a field's name, though JSON may have them: `" STAGE_ID"`, `">= DATE_CREATE"`.
fn trim_names(params: &mut Map<String, Value>) {
    for (key, value) in params.iter_mut() {
        match (key.to_ascii_lowercase().as_str(), value) {
            ("filter" | "arfilter" | "order" | "arorder", Value::Object(fields)) => {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(name, value)| (filter::trim_key(&name), value))
                    .collect();
            }
            ("select" | "arselect", Value::Array(fields)) => {
                for field in fields {
                    if let Value::String(name) = field {
                        *name = name.trim().to_owned();
                    }
                }
            }
            _ => {}
        }
    }
}

/// The name under which a parameter is there already: old methods take it in any case.
fn spelling(params: &Map<String, Value>, name: &str) -> String {
    params
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .map_or_else(|| name.to_owned(), Clone::clone)
}

fn insert(params: &mut Map<String, Value>, path: &[Step], value: Value) -> Result<(), String> {
    let Some((Step::Key(first), rest)) = path.split_first() else {
        return Err("a parameter has no name".to_owned());
    };
    let mut at = params.entry(first.clone()).or_insert(Value::Null);
    for step in rest {
        at = match step {
            Step::Key(key) => {
                if at.is_null() {
                    *at = Value::Object(Map::new());
                }
                let kind = kind(at);
                at.as_object_mut()
                    .ok_or_else(|| format!("--param {first} is {kind}, so it has no [{key}]"))?
                    .entry(key.clone())
                    .or_insert(Value::Null)
            }
            Step::Next => {
                if at.is_null() {
                    *at = Value::Array(Vec::new());
                }
                let kind = kind(at);
                let items = at
                    .as_array_mut()
                    .ok_or_else(|| format!("--param {first} is {kind}, so it has no next item"))?;
                items.push(Value::Null);
                let last = items.len() - 1;
                &mut items[last]
            }
        };
    }
    *at = value;
    Ok(())
}

/// JSON given by the option `option`: the text itself, or where it is to be read.
pub(crate) fn read_json(given: &str, option: &str) -> Result<Value, Failure> {
    let place = (given == "-")
        .then_some(given)
        .or_else(|| given.strip_prefix('@'))
        .map(Path::new);
    let (text, from) = match place {
        Some(place) => (input::read(place)?, input::display_name(place)),
        None => (given.to_owned(), option.to_owned()),
    };
    exact_json::read(text.as_bytes()).map_err(|error| {
        let failure = Failure::usage(format!("{from} {error}"));
        match error {
            NotExact::NotJson(_) if place.is_none() && is_path(given) => failure.hint(format!(
                "to read the file, write {option} {}",
                shell_word(&format!("@{given}"))
            )),
            NotExact::NotJson(_) if place.is_none() => failure.hint(format!(
                "{option} takes JSON, such as '{{\"id\": 1}}', or @FILE or - to read it from there"
            )),
            _ => failure,
        }
    })
}

/// Whether a text that is not JSON can be the name of a file.
fn is_path(text: &str) -> bool {
    let text = text.trim();
    let is_text = text.is_empty() || text.starts_with(['{', '[', '"']) || text.contains('\n');
    !is_text && (Path::new(text).extension().is_some() || Path::new(text).exists())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(texts: &[&str]) -> Value {
        let params: Vec<Param> = texts.iter().map(|text| parse(text).unwrap()).collect();
        CallParams {
            params: &params,
            ..CallParams::default()
        }
        .assemble()
        .unwrap()
    }

    #[test]
    fn brackets_of_a_name_have_to_match() {
        for name in [
            "fields[TITLE",
            "fields]",
            "fields]x[",
            "fields[a[b]]",
            "fields[a]b",
            "a][b]",
        ] {
            let said = parse(&format!("{name}=x")).unwrap_err();
            assert!(
                said.starts_with("its brackets do not match"),
                "{name}: {said}"
            );
        }
        assert!(parse("fields[PHONE][0][VALUE]=x").is_ok());
    }

    #[test]
    fn values_are_json_where_they_are_numbers_booleans_objects_or_lists() {
        assert_eq!(
            params(&["a=1", "b=true", "c=[1]", "d={\"x\":null}", "e=-1.5"]),
            json!({"a": 1, "b": true, "c": [1], "d": {"x": null}, "e": -1.5})
        );
    }

    #[test]
    fn anything_else_is_text_as_it_was_typed() {
        assert_eq!(
            params(&[
                "a=007",
                "b=1.10",
                "c=null",
                "d=",
                "e=x=y",
                "f=12345678901234567890123"
            ]),
            json!({"a": "007", "b": "1.10", "c": "null", "d": "", "e": "x=y", "f": "12345678901234567890123"})
        );
    }

    #[test]
    fn blanks_around_a_value_are_kept() {
        assert_eq!(
            params(&["a= 1", "b=true ", "c= ", "d=[1] "]),
            json!({"a": " 1", "b": "true ", "c": " ", "d": [1]})
        );
    }

    #[test]
    fn a_parameter_that_would_hide_another_one_is_refused() {
        for texts in [
            ["a=1", "a=2"],
            ["a[b]=1", "a[b]=2"],
            ["a[b]=1", "a={\"c\": 2}"],
        ] {
            let given = texts.map(|text| parse(text).unwrap());
            let given = CallParams {
                params: &given,
                ..CallParams::default()
            };
            assert!(given.assemble().is_err(), "{texts:?}");
        }
        assert!(parse("a={\"b\": 1, \"b\": 2}").is_err());
        assert!(parse("a=[12345678901234567890123]").is_err());
        assert_eq!(
            params(&["a={\"b\": 1}", "a[c]=2"]),
            json!({"a": {"b": 1, "c": 2}})
        );
    }

    #[test]
    fn names_may_be_nested_as_in_a_query() {
        assert_eq!(
            params(&[
                "fields[TITLE]=a",
                "fields[PHONE][][VALUE]=1",
                "select[]=ID",
                "select[]=TITLE"
            ]),
            json!({"fields": {"TITLE": "a", "PHONE": [{"VALUE": 1}]}, "select": ["ID", "TITLE"]})
        );
    }

    #[test]
    fn a_name_that_cannot_be_nested_is_refused() {
        for text in ["=1", "a", "[x]=1", "a[b=1", "a[b]c=1"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let clash = [parse("a=1").unwrap(), parse("a[b]=2").unwrap()];
        let given = CallParams {
            params: &clash,
            ..CallParams::default()
        };
        assert!(given.assemble().is_err());
    }

    #[test]
    fn what_is_given_apart_lies_over_the_json() {
        let conditions = [filter::parse(">ID=5").unwrap()];
        let given = CallParams {
            json: Some(r#"{"FILTER": {"STAGE_ID": "NEW", ">ID": 1}, "entityTypeId": 2}"#),
            params: &[parse("entityTypeId=4").unwrap()],
            select: &["ID".to_owned(), " TITLE".to_owned()],
            filter: &conditions,
            ..CallParams::default()
        };
        assert_eq!(
            given.assemble().unwrap(),
            json!({"FILTER": {"STAGE_ID": "NEW", ">ID": "5"}, "entityTypeId": 4, "select": ["ID", "TITLE"]})
        );
    }

    #[test]
    fn blanks_around_names_are_not_part_of_them() {
        let given = CallParams {
            json: Some(
                r#"{"filter": {">= ID ": 5}, "order": {" ID": "ASC"}, "select": ["ID ", " TITLE"]}"#,
            ),
            ..CallParams::default()
        };
        assert_eq!(
            given.assemble().unwrap(),
            json!({"filter": {">=ID": 5}, "order": {"ID": "ASC"}, "select": ["ID", "TITLE"]})
        );
    }

    #[test]
    fn filter_and_select_stand_where_the_list_takes_them() {
        let conditions = [filter::parse("ACTIVE=Y").unwrap()];
        let given = CallParams {
            list: Some("landing.site.getList"),
            params: &[parse("params[order][ID]=ASC").unwrap()],
            select: &["ID".to_owned()],
            filter: &conditions,
            ..CallParams::default()
        };
        assert_eq!(
            given.assemble().unwrap(),
            json!({"params": {"order": {"ID": "ASC"}, "select": ["ID"], "filter": {"ACTIVE": "Y"}}})
        );
    }

    #[test]
    fn the_same_condition_twice_is_refused() {
        for (one, other, hint) in [
            ("STAGE_ID=NEW", "STAGE_ID=WON", "--filter '@STAGE_ID=A,B'"),
            (
                "!STAGE_ID=NEW",
                "!STAGE_ID=WON",
                "--filter '!@STAGE_ID=A,B'",
            ),
            (">ID=1", ">ID=2", "leave one of them out"),
        ] {
            let conditions = [filter::parse(one).unwrap(), filter::parse(other).unwrap()];
            let given = CallParams {
                filter: &conditions,
                ..CallParams::default()
            };
            let failure = given.assemble().unwrap_err();
            assert!(failure.hint.unwrap().contains(hint), "{one}");
        }
    }

    #[test]
    fn parameters_by_position_stay_alone() {
        let given = CallParams {
            json: Some("[1, {}]"),
            ..CallParams::default()
        };
        assert_eq!(given.assemble().unwrap(), json!([1, {}]));
        let given = CallParams {
            json: Some("[1]"),
            select: &["ID".to_owned()],
            ..CallParams::default()
        };
        assert!(given.assemble().is_err());
    }
}
