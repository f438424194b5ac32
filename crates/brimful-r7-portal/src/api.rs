//! The methods of the API, by HTTP method and path.

use http::Method as Verb;
use serde_json::Value as Json;

use super::config::R7Config;
use super::crm::{self, Whom};
use super::failure::Failure;
use super::group;
use super::list::{Listed, Query};
use super::people::{self, Contacts};
use super::project;
use super::store::{Kind, Row, Store};

/// One call of a method.
pub(super) struct Call<'a> {
    pub(super) config: &'a R7Config,
    pub(super) store: &'a mut Store,
    /// The number of the person who calls.
    pub(super) person: u64,
    pub(super) query: Json,
    pub(super) body: Json,
    /// Unix seconds.
    pub(super) now: i64,
}

/// What a method returns.
pub(super) enum Output {
    One(Json),
    List(Listed),
}

impl Output {
    pub(super) fn one(row: Row) -> Self {
        Self::One(Json::Object(row))
    }
}

impl Call<'_> {
    /// What the query says about a list.
    pub(super) fn list(&self) -> Result<Query, Failure> {
        Query::read(&self.query, self.config.largest_page)
    }
}

/// Calls the method at `path`, whose pieces these are.
pub(super) fn run(call: &mut Call<'_>, verb: &Verb, path: &[&str]) -> Result<Output, Failure> {
    match verb.as_str() {
        "GET" | "HEAD" => read(call, path),
        "POST" => create(call, path),
        "PUT" => change(call, path),
        "DELETE" => remove(call, path),
        _ => Err(Failure::method_not_found()),
    }
}

fn read(call: &mut Call<'_>, path: &[&str]) -> Result<Output, Failure> {
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
        ["crm", "contact", "filter"] => crm::filter(call),
        ["crm", "opportunity", "filter"] => crm::titled_filter(call, Kind::Opportunity),
        ["crm", "task", "filter"] => crm::titled_filter(call, Kind::CrmTask),
        ["crm", "case", "filter"] => crm::titled_filter(call, Kind::Case),
        ["crm", "contact", id] => crm::get(call, id),
        ["project", "filter"] => project::titled_filter(call, Kind::Project),
        ["project", "@self"] => project::own(call, Kind::Project),
        ["project", "milestone", "filter"] => project::titled_filter(call, Kind::Milestone),
        ["project", "task", "filter"] => project::task_filter(call),
        ["project", "task", "@self"] => project::own(call, Kind::Task),
        ["project", "task", id] => project::get(call, Kind::Task, id),
        ["project", id] => project::get(call, Kind::Project, id),
        _ => Err(Failure::method_not_found()),
    }
}

fn create(call: &mut Call<'_>, path: &[&str]) -> Result<Output, Failure> {
    match path {
        ["people"] => people::add(call),
        ["people", id, "contacts"] => people::change_contacts(call, id, Contacts::Add),
        ["crm", "contact", "person"] => crm::add(call, Whom::Person),
        ["crm", "contact", "company"] => crm::add(call, Whom::Company),
        ["project", id, "task"] => project::add_task(call, id),
        _ => Err(Failure::method_not_found()),
    }
}

fn change(call: &mut Call<'_>, path: &[&str]) -> Result<Output, Failure> {
    match path {
        ["people", id] => people::update(call, id),
        ["people", id, "contacts"] => people::change_contacts(call, id, Contacts::Set),
        ["crm", "contact", "person", id] => crm::update(call, id, Whom::Person),
        ["crm", "contact", "company", id] => crm::update(call, id, Whom::Company),
        ["project", "task", id, "status"] => project::set_status(call, id),
        ["project", "task", id] => project::update_task(call, id),
        _ => Err(Failure::method_not_found()),
    }
}

fn remove(call: &mut Call<'_>, path: &[&str]) -> Result<Output, Failure> {
    match path {
        ["people", id] => people::delete(call, id),
        ["people", id, "contacts"] => people::change_contacts(call, id, Contacts::Remove),
        ["crm", "contact", id] => crm::delete(call, id),
        ["project", "task", id] => project::delete_task(call, id),
        _ => Err(Failure::method_not_found()),
    }
}
