//! The methods of the API, by HTTP method and path, and the generated rows of each entity.

use http::Method;

use crate::api_failure::ApiFailure;
use crate::call::{Call, Output};
use crate::crm::{self, ContactKind};
use crate::people::{self, ContactsChange};
use crate::row::Row;
use crate::store::{Entity, Store};
use crate::{group, project};

/// Generates the row of an entity with a number.
pub(super) fn generate(store: &Store, entity: Entity, number: u64) -> Row {
    match entity {
        Entity::Person => people::generate(store, number),
        Entity::Group => group::generate(store, number),
        Entity::Contact => crm::generate_contact(store, number),
        Entity::Opportunity => crm::generate_opportunity(store, number),
        Entity::CrmTask => crm::generate_task(store, number),
        Entity::Case => crm::generate_case(store, number),
        Entity::Project => project::generate(store, number),
        Entity::Task => project::generate_task(store, number),
        Entity::Milestone => project::generate_milestone(store, number),
    }
}

/// Calls the method at `path`, whose pieces these are.
pub(super) fn run(
    call: &mut Call<'_>,
    method: &Method,
    path: &[&str],
) -> Result<Output, ApiFailure> {
    match method.as_str() {
        "GET" | "HEAD" => read(call, path),
        "POST" => create(call, path),
        "PUT" => change(call, path),
        "DELETE" => remove(call, path),
        _ => Err(ApiFailure::method_not_found()),
    }
}

fn read(call: &Call<'_>, path: &[&str]) -> Result<Output, ApiFailure> {
    match path {
        ["people"] => people::active(call),
        ["people", "@self"] => people::me(call),
        ["people", "filter"] => people::filter(call),
        ["people", "simple", "filter"] => people::simple_filter(call),
        ["people", "email"] => people::by_email(call),
        ["people", "search"] => people::search(call),
        ["people", "status", status] => people::with_status(call, status),
        ["people", id] => people::get(call, id),
        ["group"] => group::all(call),
        ["group", "user", id] => group::of_user(call, id),
        ["group", id] => group::get(call, id),
        ["crm", "contact", "filter"] => crm::filter_contacts(call),
        ["crm", "opportunity", "filter"] => crm::filter(call, Entity::Opportunity),
        ["crm", "task", "filter"] => crm::filter(call, Entity::CrmTask),
        ["crm", "case", "filter"] => crm::filter(call, Entity::Case),
        ["crm", "contact", id] => crm::get(call, id),
        ["project", "filter"] => project::filter(call, Entity::Project),
        ["project", "@self"] => project::own(call, Entity::Project),
        ["project", "milestone", "filter"] => project::filter(call, Entity::Milestone),
        ["project", "task", "filter"] => project::filter_tasks(call),
        ["project", "task", "@self"] => project::own(call, Entity::Task),
        ["project", "task", id] => project::get(call, Entity::Task, id),
        ["project", id] => project::get(call, Entity::Project, id),
        _ => Err(ApiFailure::method_not_found()),
    }
}

fn create(call: &mut Call<'_>, path: &[&str]) -> Result<Output, ApiFailure> {
    match path {
        ["people"] => people::add(call),
        ["people", id, "contacts"] => people::change_contacts(call, id, ContactsChange::Add),
        ["crm", "contact", "person"] => crm::add(call, ContactKind::Person),
        ["crm", "contact", "company"] => crm::add(call, ContactKind::Company),
        ["project", id, "task"] => project::add_task(call, id),
        _ => Err(ApiFailure::method_not_found()),
    }
}

fn change(call: &mut Call<'_>, path: &[&str]) -> Result<Output, ApiFailure> {
    match path {
        ["people", id] => people::update(call, id),
        ["people", id, "contacts"] => people::change_contacts(call, id, ContactsChange::Set),
        ["crm", "contact", "person", id] => crm::update(call, id, ContactKind::Person),
        ["crm", "contact", "company", id] => crm::update(call, id, ContactKind::Company),
        ["project", "task", id, "status"] => project::set_status(call, id),
        ["project", "task", id] => project::update_task(call, id),
        _ => Err(ApiFailure::method_not_found()),
    }
}

fn remove(call: &mut Call<'_>, path: &[&str]) -> Result<Output, ApiFailure> {
    match path {
        ["people", id] => people::delete(call, id),
        ["people", id, "contacts"] => people::change_contacts(call, id, ContactsChange::Remove),
        ["crm", "contact", id] => crm::delete(call, id),
        ["project", "task", id] => project::delete_task(call, id),
        _ => Err(ApiFailure::method_not_found()),
    }
}
