//! The methods of REST 3.0 on rows that were given, and recorded results.

use brimful_protocol::{Array, Value};

use super::collection::Collection;
use super::filter::{Operation, Test};
use super::{Door, Service, Verb, php, serve};
use crate::list::plan::list_of_places as write_list;
use crate::list::query::Work;
use crate::method::{Call, MethodError, Output};
use crate::methods::{Slice, strings};
use crate::rest3::given as said;
use crate::state::State;

/// A call that changes nothing.
pub(super) fn read(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    match state.shelf.find(Door::Rest3, call.method) {
        Some(Service::Recorded(recorded)) => Ok(recorded.output()),
        Some(Service::Rows(place, Verb::List)) => list(&state.shelf.collections[*place], call),
        Some(Service::Rows(place, _)) => get(&state.shelf.collections[*place], call),
        None => Err(said::no_method(call.method)),
    }
}

/// A call that changes rows.
pub(super) fn write(state: &mut State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Some(Service::Rows(place, verb)) = state.shelf.find(Door::Rest3, call.method) else {
        return Err(said::no_method(call.method));
    };
    let (place, verb) = (*place, *verb);
    let of = &mut state.shelf.collections[place];
    if verb == Verb::Add {
        let id = of.add(&said::fields(call)?);
        return of.get(id).map(item).ok_or_else(|| said::no_record(id));
    }
    let id = said::id(call)?;
    let done = match verb {
        Verb::Update => of.update(id, &said::fields(call)?),
        _ => of.delete(id),
    };
    if done {
        Ok(Output::json(br#"{"result":true}"#.to_vec()))
    } else {
        Err(said::no_record(id))
    }
}

fn list(of: &Collection, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let tests = tests(of, call.params.get("filter"))?;
    let order = call.params.get("order").and_then(Value::as_array);
    let places = of.places(&tests, &serve::order(of, order));
    let (offset, limit) = said::pagination(call)?;
    let page = Slice { offset, limit }.page(places.as_slice(), call);
    // What no row has is left out in silence, and a select of nothing that rows have is none.
    let names = strings(call.params.get("select"));
    let known: Vec<&str> = names.iter().filter_map(|name| of.key(name)).collect();
    let is_wanted = |key: &str| known.is_empty() || known.contains(&key);
    Ok(write_list(
        of.manner.key.or(Some("items")),
        &page,
        |out, place| {
            if let Some(row) = of.at(place) {
                php::write_map(out, row, is_wanted);
            }
        },
    ))
}

fn get(of: &Collection, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = said::id(call)?;
    let row = of.get(id).ok_or_else(|| said::no_record(id))?;
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    Ok(item(row))
}

fn item(row: &serde_json::Map<String, serde_json::Value>) -> Output {
    let mut out = br#"{"item":"#.to_vec();
    php::write_map(&mut out, row, |_| true);
    out.push(b'}');
    Output::json(out)
}

/// The tests of a list of `[field, operator, value]` and `[field, value]`; groups with a logic of their own are more
/// than rows that were merely given are asked for.
fn tests(of: &Collection, filter: Option<&Value>) -> Result<Vec<Test>, MethodError> {
    let conditions = match filter {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(conditions)) => conditions,
        Some(other) => return Err(said::no_filter(other)),
    };
    let mut tests = Vec::new();
    for condition in conditions.values() {
        let parts: Vec<&Value> = condition.as_array().map_or_else(Vec::new, values);
        let (name, operator, value) = match parts.as_slice() {
            [Value::Text(name), value @ Value::Array(_)] => (name, "in", *value),
            [Value::Text(name), value] => (name, "=", *value),
            [Value::Text(name), Value::Text(operator), value] => (name, operator.as_str(), *value),
            _ => return Err(said::no_filter(condition)),
        };
        let operation = match operator.to_ascii_lowercase().as_str() {
            "=" | "in" => Operation::OneOf,
            "!=" => Operation::NoneOf,
            ">" => Operation::Greater,
            ">=" => Operation::GreaterOrEqual,
            "<" => Operation::Less,
            "<=" => Operation::LessOrEqual,
            "between" => Operation::Between,
            _ => return Err(said::no_operator(operator)),
        };
        let test = Test::new(of, name, operation, value);
        tests.push(test.ok_or_else(|| said::no_field(name, &of.manner.name))?);
    }
    Ok(tests)
}

fn values(array: &Array) -> Vec<&Value> {
    array.values().collect()
}
