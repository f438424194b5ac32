//! The methods of the older REST on rows that were given, and recorded results.

use brimful_protocol::catalogue::{Paging as Family, Shape};
use brimful_protocol::{Array, Key, Value, json};
use serde_json::{Map, Value as Json};

use super::collection::Collection;
use super::{Door, Service, Shelf, Verb, filter, php};
use crate::list::PAGE;
use crate::list::plan::list_of_places as write_list;
use crate::list::query::Work;
use crate::method::{Call, MethodError, Output};
use crate::methods::{Page, Paging, Slice, element_not_found, legacy_error, strings};
use crate::respond;
use crate::state::State;

/// A call that changes nothing.
pub(super) fn read(state: &State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    match state.shelf.find(Door::Rest, call.method) {
        Some(Service::Recorded(recorded)) => Ok(recorded.output()),
        Some(Service::Rows(place, Verb::List)) => Ok(list(&state.shelf.collections[*place], call)),
        Some(Service::Rows(place, _)) => get(&state.shelf.collections[*place], call),
        None => Err(respond::method_not_found()),
    }
}

/// A call that changes rows.
pub(super) fn write(state: &mut State, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Some(Service::Rows(place, verb)) = state.shelf.find(Door::Rest, call.method) else {
        return Err(respond::method_not_found());
    };
    let (place, verb) = (*place, *verb);
    change(&mut state.shelf, place, verb, call)
}

fn list(of: &Collection, call: &mut Call<'_>) -> Output {
    let tests = filter::tests(call.legacy_array("filter"), of);
    let places = of.places(&tests, &order(of, call.legacy_array("order")));
    let start = call
        .params
        .get_ignoring_case("start")
        .map_or(0, Value::to_int);
    let everything = Slice {
        offset: 0,
        limit: u64::MAX,
    };
    let page = match of.manner.paging {
        Family::Page => Paging::Legacy.page(places.as_slice(), start, call),
        Family::Controller => Paging::Controller.page(places.as_slice(), start, call),
        Family::Offset => Paging::Offset.page(places.as_slice(), start, call),
        Family::NavParams => {
            let params = call
                .params
                .values()
                .find(|param| param.get("NAV_PARAMS").is_some());
            let slice = Slice::of_nav_params(params).unwrap_or(everything);
            slice.counted(places.as_slice(), call)
        }
        Family::LimitOffset => {
            Slice::of_limit(&call.params, PAGE).of_counted(places.as_slice(), call)
        }
        _ => everything.of_counted(places.as_slice(), call),
    };
    let select = select(of, call);
    let is_wanted = |key: &str| {
        select
            .as_ref()
            .is_none_or(|keys| keys.iter().any(|k| k == key))
    };
    let mut output = if of.manner.shape == Shape::Map {
        map(of, &page.ids, is_wanted)
    } else {
        write_list(of.manner.key, &page.ids, |out, place| {
            if let Some(row) = of.at(place) {
                php::write_map(out, row, is_wanted);
            }
        })
    };
    output = page.lift(output);
    if !of.manner.total {
        output.total = None;
    }
    output
}

/// Rows by their ID, under a key if there is one.
fn map(of: &Collection, places: &[u64], is_wanted: impl Fn(&str) -> bool) -> Output {
    let rows: Vec<(Key, &Map<String, Json>)> = places
        .iter()
        .filter_map(|&place| of.at(place))
        .map(|row| {
            let id = row.get(&of.manner.id).cloned().map(Value::from);
            (Key::new(&id.unwrap_or_default().to_text()), row)
        })
        .collect();
    let is_list = rows
        .iter()
        .enumerate()
        .all(|(place, (id, _))| *id == Key::Int(place as i64));
    let mut out = Vec::new();
    if let Some(key) = of.manner.key {
        out.extend_from_slice(format!("{{\"{key}\":").as_bytes());
    }
    out.push(if is_list { b'[' } else { b'{' });
    for (place, (id, row)) in rows.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if !is_list {
            json::write_key(&mut out, &id);
            out.push(b':');
        }
        php::write_map(&mut out, row, &is_wanted);
    }
    out.push(if is_list { b']' } else { b'}' });
    if of.manner.key.is_some() {
        out.push(b'}');
    }
    Output::json(out)
}

/// The keys to sort by, and whether downwards; what no row has is dropped.
pub(super) fn order(of: &Collection, order: Option<&Array>) -> Vec<(String, bool)> {
    let sort = |(key, way): (&Key, &Value)| {
        let key = of.key(&key.to_text())?.to_owned();
        Some((
            key,
            way.to_text()
                .trim()
                .to_ascii_lowercase()
                .starts_with("desc"),
        ))
    };
    order
        .into_iter()
        .flat_map(Array::iter)
        .filter_map(sort)
        .collect()
}

/// The keys that a `select` names, and the ID; `None` if it names none that rows have, or all.
fn select(of: &Collection, call: &Call<'_>) -> Option<Vec<String>> {
    let names = strings(call.legacy("select"));
    if names.contains(&"*") {
        return None;
    }
    let known = names.iter().filter_map(|name| of.key(name));
    let mut keys: Vec<String> = known.map(str::to_owned).collect();
    if keys.is_empty() {
        return None;
    }
    keys.push(of.manner.id.clone());
    Some(keys)
}

fn get(of: &Collection, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let row = id(call).and_then(|id| of.get(id));
    let row = row.ok_or_else(|| not_found(of))?;
    Work {
        rows: 1,
        ..Work::default()
    }
    .charge(call);
    Ok(one(of, row, "get"))
}

/// A row as the method beside the list that ends in `word` returns it.
fn one(of: &Collection, row: &Map<String, Json>, word: &str) -> Output {
    let known = of.manner.beside(word);
    let key = match known.and_then(|known| known.key) {
        Some(key) => Some(key.to_owned()),
        // The catalogue knows the keys of lists only; the key of one row follows from them.
        None => of.manner.is_controller().then(|| of.manner.singular()),
    };
    let mut out = Vec::new();
    if let Some(key) = &key {
        out.push(b'{');
        json::write_string(&mut out, key);
        out.push(b':');
    }
    php::write_map(&mut out, row, |_| true);
    if key.is_some() {
        out.push(b'}');
    }
    Output::json(out)
}

fn change(
    shelf: &mut Shelf,
    place: usize,
    verb: Verb,
    call: &Call<'_>,
) -> Result<Output, MethodError> {
    let of = &mut shelf.collections[place];
    let empty = Array::new();
    let fields = call
        .params
        .get_ignoring_case("fields")
        .and_then(Value::as_array);
    let shape = |of: &Collection, word: &str| of.manner.beside(word).map(|known| known.shape);
    match verb {
        Verb::Add => {
            let id = of.add(fields.unwrap_or(&call.params));
            let returns_id = match shape(of, "add") {
                Some(Shape::Scalar) => true,
                Some(Shape::Object | Shape::Wrapped) => false,
                _ => !of.manner.is_controller(),
            };
            Ok(match of.get(id) {
                Some(row) if !returns_id => one(of, row, "add"),
                _ => Output::value(&Value::Int(id as i64)),
            })
        }
        Verb::Update => {
            let id = id(call).ok_or_else(|| not_found(of))?;
            if !of.update(id, fields.unwrap_or(&empty)) {
                return Err(not_found(of));
            }
            let returns_row = matches!(shape(of, "update"), Some(Shape::Object | Shape::Wrapped));
            Ok(match of.get(id) {
                Some(row) if returns_row => one(of, row, "update"),
                _ => Output::value(&Value::Bool(true)),
            })
        }
        _ => match id(call) {
            Some(id) if of.delete(id) => Ok(Output::value(&Value::Bool(true))),
            _ => Err(not_found(of)),
        },
    }
}

/// The ID that a call names.
pub(super) fn id(call: &Call<'_>) -> Option<u64> {
    let id = call.params.get_ignoring_case("id")?.to_int();
    u64::try_from(id).ok().filter(|&id| id > 0)
}

/// What is said of a row that is not there is documented for a few methods only: these are the words of the CRM.
fn not_found(of: &Collection) -> MethodError {
    if of.manner.is_controller() {
        element_not_found()
    } else {
        legacy_error("Not found")
    }
}

impl Slice {
    /// These rows, and how many there are.
    fn of_counted(self, places: &[u64], call: &mut Call<'_>) -> Page {
        Page {
            ids: self.page(places, call),
            next: None,
            total: Some(places.len() as u64),
        }
    }
}
