//! `rpa.*`: processes with stages, through which elements go.

mod items;
mod processes;
mod stages;
mod tasks;
mod timeline;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{refused, word};
use super::record_rows::{number, row, text};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::records::rpa::{ITEMS, TYPES};
use crate::methods::method::Method;

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    processes::methods()
        .chain(stages::methods())
        .chain(items::methods())
        .chain(tasks::methods())
        .chain(timeline::methods())
}

type Row = Map<String, Json>;

fn not_found() -> MethodError {
    refused("NOT_FOUND", "Element not found")
}

/// The number that a parameter has, which must be there.
fn needed(call: &Call<'_>, name: &str) -> Result<u64, MethodError> {
    let value = call.required(name)?;
    Ok(u64::try_from(value.to_int()).unwrap_or(0))
}

/// The parameter `fields`, which must be an object.
fn fields(call: &Call<'_>) -> Result<Array, MethodError> {
    let fields = call.required("fields")?.as_array().cloned();
    fields.ok_or_else(|| super::params::missing("fields"))
}

/// The process that a call names. Rows that were loaded may be of one that is not there.
fn process(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = needed(call, "typeId")?;
    let is_there = row(state, TYPES, id).is_some() || is_loaded(state);
    is_there.then_some(id).ok_or_else(not_found)
}

/// Whether elements were loaded.
fn is_loaded(state: &PortalData) -> bool {
    let items = state.record_table(ITEMS);
    items.is_some_and(|items| items.is_loaded)
}

/// The row that a call names by its number.
fn named<'s>(
    state: &'s PortalData,
    call: &Call<'_>,
    kind: &str,
) -> Result<(u64, &'s Row), MethodError> {
    let id = needed(call, "id")?;
    let found = row(state, kind, id).ok_or_else(not_found)?;
    Ok((id, found))
}

/// A result under its name.
fn under(name: &str, value: impl Into<Value>) -> Output {
    Output::value(&Value::Array(Array::from_iter([(name, value.into())])))
}

fn nothing() -> Output {
    Output::value(&Value::Null)
}

/// The users who have to do with something, by their numbers.
fn people(state: &PortalData, ids: impl IntoIterator<Item = u64>) -> Value {
    let mut people = Array::new();
    let table = state.table(USER);
    for id in ids {
        let Some(user) = table.get(id) else { continue };
        let [name, second, last] =
            ["NAME", "SECOND_NAME", "LAST_NAME"].map(|field| word(&user, field));
        let full = format!("{name} {last}");
        let mut person = Array::from_iter([("id", Value::from(id.to_string()))]);
        person.insert("name", name);
        person.insert("secondName", second);
        person.insert("lastName", last);
        person.insert("title", Value::Null);
        person.insert("workPosition", word(&user, "WORK_POSITION"));
        person.insert("fullName", full.trim());
        person.insert("link", format!("/company/personal/user/{id}/"));
        people.insert(id.to_string().as_str(), person);
    }
    Value::Array(people)
}

/// The name of an element: what its field `UF_RPA_…_NAME` says.
fn item_name(item: &Row) -> String {
    let process = number(item, "typeId");
    text(item, &format!("UF_RPA_{process}_NAME"))
}
