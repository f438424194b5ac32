//! Parameters of lists in their spellings: `filter`, `FILTER`, `arFilter`.

use brimful_protocol::catalogue::{Keyset, KeysetForm, Method};
use serde_json::{Map, Value};

use crate::check;
use crate::error::Error;
use crate::list::keyset::pages::{Bounds, Names};

/// In which order the caller wants the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sorted {
    /// In none, or in that of the IDs.
    ById,
    Otherwise,
}

/// Whether `key` is the parameter `name`, in any case of its letters and with or without the `ar` of the oldest ones.
pub(crate) fn is_named(key: &str, name: &str) -> bool {
    key.eq_ignore_ascii_case(name)
        || key.get(..2).is_some_and(|ar| ar.eq_ignore_ascii_case("ar"))
            && key[2..].eq_ignore_ascii_case(name)
}

fn get<'a>(params: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    params
        .iter()
        .find(|(key, value)| is_named(key, name) && holds_something(value))
        .map(|(_, value)| value)
}

fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// The order that the caller has given.
pub(crate) fn sorted(params: &Map<String, Value>, keyset: &Keyset) -> Sorted {
    let ascends = |value: &Value| {
        value
            .as_str()
            .is_some_and(|way| way.trim().eq_ignore_ascii_case("asc"))
    };
    let is_id = |name: &str| name.eq_ignore_ascii_case(keyset.filter);
    let by_id = match (get(params, "order"), get(params, "sort")) {
        (None, None) => true,
        (order, Some(sort)) if keyset.form == KeysetForm::Sort => {
            sort.as_str().is_some_and(is_id) && order.is_none_or(ascends)
        }
        (Some(Value::Object(order)), None) if keyset.form != KeysetForm::Sort => {
            order.len() == 1 && order.iter().all(|(name, way)| is_id(name) && ascends(way))
        }
        _ => false,
    };
    if by_id {
        Sorted::ById
    } else {
        Sorted::Otherwise
    }
}

/// Whether conditions stand beside the filter, as `user.get` takes them: with a filter they would count for nothing.
pub(crate) fn has_bare_conditions(
    params: &Map<String, Value>,
    known: Option<&Method>,
    keyset: &Keyset,
) -> bool {
    keyset.form == KeysetForm::Sort
        && params.keys().any(|key| {
            let own = known.is_some_and(|known| known.parameter(key).is_some());
            !own && !["filter", "select", "order", "sort"]
                .iter()
                .any(|name| is_named(key, name))
        })
}

/// Whether a row is in the list as long as it is there at all: nothing is said but which list, in which order, and which
/// of its fields.
pub(crate) fn has_no_conditions(params: &Map<String, Value>) -> bool {
    const NO_CONDITIONS: [&str; 7] = [
        "select",
        "order",
        "sort",
        "entityTypeId",
        "useOriginalUfNames",
        "IBLOCK_TYPE_ID",
        "IBLOCK_ID",
    ];
    params.iter().all(|(key, value)| {
        let says_nothing = is_named(key, "filter") && !holds_something(value);
        says_nothing || NO_CONDITIONS.iter().any(|name| is_named(key, name))
    })
}

/// One spelling of the parameters that a walk by ID writes: methods that are walked by ID take them in any.
pub(crate) fn canonical(
    params: &mut Map<String, Value>,
    names: Names,
    form: KeysetForm,
) -> Result<(), Error> {
    for name in [names.filter, names.select, names.order, names.sort] {
        let others: Vec<String> = params
            .keys()
            .filter(|key| key.as_str() != name && is_named(key, name))
            .cloned()
            .collect();
        for other in others {
            if params.contains_key(name) {
                return Err(Error::config(format!(
                    "{name} is given twice, as {name} and as {other}: the portal would take one of them"
                )));
            }
            if let Some(value) = params.shift_remove(&other) {
                params.insert(name.to_owned(), value);
            }
        }
    }
    let Some(filter) = params.shift_remove(names.filter) else {
        return Ok(());
    };
    let filter = match (form, filter) {
        (_, Value::Null) => return Ok(()),
        // A group of conditions is a condition.
        (KeysetForm::Triples, group @ Value::Object(_)) => Value::Array(vec![group]),
        (KeysetForm::Triples, filter @ Value::Array(_)) | (_, filter @ Value::Object(_)) => filter,
        // To PHP a list is a map with the keys 0, 1, …: groups of conditions may come so.
        (_, Value::Array(items)) => {
            Value::Object((0..).map(|i: usize| i.to_string()).zip(items).collect())
        }
        (_, other) => {
            return Err(Error::config(format!(
                "the filter is {other}, not an object of conditions"
            )));
        }
    };
    if holds_something(&filter) {
        params.insert(names.filter.to_owned(), filter);
    }
    Ok(())
}

/// Filter, select and order in the case of letters that is documented: methods that are not walked by ID may know no
/// other.
pub(crate) fn as_documented(params: &mut Map<String, Value>, known: Option<&Method>) {
    let Some(known) = known else { return };
    for name in [known.filter, known.select, known.order]
        .into_iter()
        .flatten()
    {
        if params.contains_key(name) {
            continue;
        }
        let other = params.keys().find(|key| key.eq_ignore_ascii_case(name));
        if let Some(other) = other.cloned()
            && let Some(value) = params.shift_remove(&other)
        {
            params.insert(name.to_owned(), value);
        }
    }
}

/// Whether the filter has `false` in it, and the method may read it otherwise than the 0 of a query string.
pub(crate) fn filters_by_false(method: &str, params: &Value) -> bool {
    let mut params = params.as_object().into_iter().flatten();
    params.any(|(key, value)| is_named(key, "filter") && check::false_is_lost(method, value))
}

/// The walk sorts by itself.
pub(crate) fn drop_order(params: &mut Map<String, Value>, names: Names) {
    params.shift_remove(names.order);
    params.shift_remove(names.sort);
}

/// The caller's bounds of the ID, taken out of the filter.
pub(crate) fn bounds(
    params: &mut Map<String, Value>,
    names: Names,
    keyset: &Keyset,
) -> Result<Bounds, Error> {
    match params.get_mut(names.filter) {
        Some(Value::Object(filter)) => Bounds::lift(filter, keyset.filter).map_err(Error::config),
        // Conditions of REST 3.0 do not collide with those of the walk.
        _ => Ok(Bounds::default()),
    }
}

/// The walk needs the ID of every row, so it is selected even where the caller did not ask for it.
pub(crate) fn select_id(params: &mut Map<String, Value>, id: &str) {
    let select = params.iter_mut().find(|(key, _)| is_named(key, "select"));
    if let Some((_, Value::Array(fields))) = select {
        let there = |field: &Value| field.as_str().is_some_and(|f| f == "*" || f == id);
        if !fields.is_empty() && !fields.iter().any(there) {
            fields.insert(0, Value::from(id));
        }
    }
}
