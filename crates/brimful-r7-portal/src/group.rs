//! Groups, which people belong to.

use serde_json::{Value as Json, json};

use super::api::{Call, Output};
use super::failure::Failure;
use super::guid;
use super::list::IN_MEMORY;
use super::store::{Kind, Row, Store};
use brimful_portal::extension::samples;

/// The group with this number: what lists of groups tell of it.
pub(super) fn generate(store: &Store, number: u64) -> Row {
    let words = samples::DEPARTMENTS;
    let at = (number - 1) as usize;
    let name = match at / words.len() {
        0 => words[at].to_owned(),
        round => format!("{} {}", words[at % words.len()], round + 1),
    };
    let mut row = Row::new();
    row.insert("id".to_owned(), store.guid(Kind::Group, number).into());
    row.insert("name".to_owned(), name.into());
    let manager = store.person_of(Kind::Group, number, "manager");
    if manager > 0 {
        let first = store.draw(Kind::Person, manager, "first", samples::FIRST.len() as u64);
        let last = store.draw(Kind::Person, manager, "last", samples::LAST.len() as u64);
        let name = format!(
            "{}.{}.{manager}",
            samples::FIRST_LATIN[first as usize],
            samples::LAST_LATIN[last as usize]
        );
        row.insert("manager".to_owned(), name.into());
    }
    row
}

/// The group of a generated person, as the person's row tells it.
pub(super) fn of_person(store: &Store, person: u64) -> Json {
    match store.generated(Kind::Group) {
        0 => json!({}),
        groups => {
            let number = 1 + store.draw(Kind::Person, person, "group", groups);
            Json::Object(generate(store, number))
        }
    }
}

/// A group as people's rows tell it.
pub(super) fn summary_of(store: &Store, id: &str) -> Option<Json> {
    let number = store.find(Kind::Group, id)?;
    store.get(Kind::Group, number).map(Json::Object)
}

/// `GET group`
pub(super) fn all(call: &mut Call<'_>) -> Result<Output, Failure> {
    let query = call.list()?;
    Ok(Output::List(query.run(
        call.store,
        Kind::Group,
        IN_MEMORY,
        None,
    )))
}

/// `GET group/{guid}`. `@self` is no GUID, though the documentation of batches shows it.
pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    if id == "@self" && call.config.documented_group_self {
        return of(call, call.person);
    }
    if !guid::is_guid(id) {
        return Err(Failure::conversion("groupid", id));
    }
    let number = call
        .store
        .find(Kind::Group, id)
        .ok_or_else(Failure::item_not_found)?;
    let store = &call.store;
    let mut row = store
        .get(Kind::Group, number)
        .ok_or_else(Failure::item_not_found)?;
    let is_member = |person: &Row| {
        let groups = person.get("groups").and_then(Json::as_array);
        groups.is_some_and(|groups| groups.iter().any(|group| group["id"] == row["id"]))
    };
    let members: Vec<Json> = store
        .numbers(Kind::Person)
        .filter(|person| {
            store
                .get(Kind::Person, *person)
                .as_ref()
                .is_some_and(is_member)
        })
        .map(|person| store.person(person))
        .collect();
    row.insert("members".to_owned(), members.into());
    Ok(Output::one(row))
}

/// `GET group/user/{userid}`
pub(super) fn of_user(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    if !guid::is_guid(id) {
        return Err(Failure::conversion("userid", id));
    }
    let number = call
        .store
        .find(Kind::Person, id)
        .ok_or_else(Failure::item_not_found)?;
    of(call, number)
}

fn of(call: &mut Call<'_>, person: u64) -> Result<Output, Failure> {
    let row = call
        .store
        .get(Kind::Person, person)
        .ok_or_else(Failure::item_not_found)?;
    let groups = row.get("groups").and_then(Json::as_array).cloned();
    let rows = groups
        .unwrap_or_default()
        .into_iter()
        .filter_map(|group| match group {
            Json::Object(row) => Some(row),
            _ => None,
        });
    Ok(Output::List(
        call.list()?.run_over(rows.collect(), IN_MEMORY),
    ))
}
