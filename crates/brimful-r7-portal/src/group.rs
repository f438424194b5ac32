//! Groups, which people belong to.

use brimful_portal::extension::samples;
use serde_json::{Value as Json, json};

use crate::api_failure::ApiFailure;
use crate::call::{Call, Output};
use crate::list::{Conditions, IN_MEMORY};
use crate::row::{Row, row, set, text};
use crate::store::{Entity, Store};

/// Generates a group as lists of groups show it.
pub(super) fn generate(store: &Store, number: u64) -> Row {
    let names = samples::DEPARTMENTS;
    let index = (number - 1) as usize;
    let name = match index / names.len() {
        0 => names[index].to_owned(),
        round => format!("{} {}", names[index % names.len()], round + 1),
    };
    let mut group = row(json!({ "id": store.guid(Entity::Group, number), "name": name }));
    if let Some(manager) = store.sample(Entity::Group, number).person_number("manager") {
        let manager = store.sample(Entity::Person, manager);
        set(&mut group, "manager", manager.user_name());
    }
    group
}

/// The group of a generated person, as the person's row shows it.
pub(super) fn of_person(store: &Store, person: u64) -> Json {
    match store.generated(Entity::Group) {
        0 => json!({}),
        groups => {
            let number = 1 + store.sample(Entity::Person, person).draw("group", groups);
            Json::Object(generate(store, number))
        }
    }
}

/// The group with this GUID, as people's rows show it.
pub(super) fn find(store: &Store, id: &str) -> Option<Json> {
    let number = store.find(Entity::Group, id)?;
    store.get(Entity::Group, number).map(Json::Object)
}

/// Whether a person is in the group with this GUID.
pub(super) fn has_member(person: &Row, group: &str) -> bool {
    let groups = person.get("groups").and_then(Json::as_array);
    groups.is_some_and(|groups| {
        groups.iter().any(|one| {
            one["id"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(group))
        })
    })
}

/// `GET group`
pub(super) fn all(call: &Call<'_>) -> Result<Output, ApiFailure> {
    call.select(Entity::Group, IN_MEMORY, &Conditions::new())
}

/// `GET group/{guid}`. `@self` is not a GUID, though the documentation of batches shows it.
pub(super) fn get(call: &Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    if id == "@self" && call.config.documented_group_self {
        return of(call, call.person);
    }
    let number = call.guid(Entity::Group, "groupid", id)?;
    let mut group = call.row(Entity::Group, number)?;
    let store = &call.store;
    let members: Vec<Json> = store
        .numbers(Entity::Person)
        .filter(|person| {
            store
                .get(Entity::Person, *person)
                .is_some_and(|person| has_member(&person, text(&group, "id")))
        })
        .map(|person| store.person(person))
        .collect();
    set(&mut group, "members", members);
    Ok(Output::one(group))
}

/// `GET group/user/{userid}`
pub(super) fn of_user(call: &Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let person = call.guid(Entity::Person, "userid", id)?;
    of(call, person)
}

fn of(call: &Call<'_>, person: u64) -> Result<Output, ApiFailure> {
    let person = call.row(Entity::Person, person)?;
    let groups = person.get("groups").and_then(Json::as_array);
    let groups = groups.into_iter().flatten().cloned().map(row);
    Ok(Output::List(
        call.list()?.select_from(groups.collect(), IN_MEMORY),
    ))
}
