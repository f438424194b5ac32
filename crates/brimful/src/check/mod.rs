//! Parameters that cannot mean what the caller thinks, found before they are sent.
//!
//! A portal takes most of them without a word: a `select` that is not a list selects everything, a filter that is not a
//! map filters nothing. Each refusal names the parameter and what to write instead. [`Checks::Off`] sends them anyway.

pub(crate) mod conditions;
pub(crate) mod first_rows;
mod moments;
mod parameter;
pub(crate) mod reference_marks;
pub(crate) mod values;

use brimful_protocol::catalogue;
use brimful_protocol::list_fields;
use serde_json::{Map, Number, Value};

use parameter::Parameter;

use crate::effect::{self, Effect};
use crate::error::{Error, ParameterProblem};

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

/// The target of the log lines that name doubts about what a list was asked for: `brimful::doubts`. They are warnings.
///
/// ```
/// // A filter for `tracing_subscriber::filter::Targets` that lets these lines through, and nothing else.
/// let filter = format!("{}=warn", brimful::DOUBT_LOG);
/// assert_eq!(filter, "brimful::doubts=warn");
/// ```
pub const DOUBT_LOG: &str = "brimful::doubts";

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
        parameter.is_given_once(params)?;
        match key.to_ascii_lowercase().as_str() {
            "select" | "arselect" => {
                parameter.list()?;
                parameter.documented_select()?;
            }
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
        if let Some(problem) = conditions::passed_over(method, &condition) {
            let passed_over = ParameterProblem::PassedOver(condition.key());
            return Err(
                Error::config(format!("{method}: {problem}")).with_problems(vec![passed_over])
            );
        }
        if let Some(problem) = conditions::wrong_value(method, &condition) {
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
            "{method:?} is not a method: a name has letters, digits and dots, such as crm.lead.list"
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
/// `"7,8"`, `[7]` or `-7`.
pub(crate) fn is_whole_number(value: &Value) -> bool {
    /// The largest number below which a float keeps every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            number.is_u64()
                || number
                    .as_f64()
                    .is_some_and(|float| float.fract() == 0.0 && (0.0..EXACT).contains(&float))
        }
        Value::String(text) => {
            let text = text.trim();
            text.parse::<i64>()
                .is_ok_and(|number| number >= 0 && number.to_string() == text)
        }
        _ => false,
    }
}

/// Whether a value can stand for the ID of one thing in `parameter` of `method`. Lists whose conditions are parameters,
/// such as `department.get`, take several.
pub(crate) fn is_id_for(method: &catalogue::Method, parameter: &str, value: &Value) -> bool {
    if !method.takes_number(parameter) || is_whole_number(value) {
        return true;
    }
    if value.is_null() {
        // Another one may be left out, which nothing at all is as good as.
        return !method.takes_own_id(parameter);
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

#[cfg(test)]
mod tests;
