//! The CRM: contacts, opportunities, tasks and cases.

use brimful_portal::extension::samples;
use serde_json::{Value as Json, json};

use crate::api_failure::ApiFailure;
use crate::call::{Call, Output};
use crate::list::{COUNTED, Conditions, ListBehaviour};
use crate::params;
use crate::row::{Row, copy_texts, flag, nested, number, row, set, time};
use crate::store::{Entity, Sample, Store};

const ALL: i64 = 0;
const COMPANIES: i64 = 1;
const PEOPLE: i64 = 2;
const WITH_OPPORTUNITY: i64 = 3;
/// The values of `contactListView`, which says which contacts are listed.
const CONTACT_LIST_VIEWS: &[(&str, i64)] = &[
    ("all", ALL),
    ("company", COMPANIES),
    ("person", PEOPLE),
    ("withOpportunity", WITH_OPPORTUNITY),
];

/// Generates a contact: a person, or every fourth a company.
pub(super) fn generate_contact(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Contact, number);
    let company = sample.draw("company", 4) == 0;
    let first = sample.pick("first", samples::FIRST);
    let last = sample.pick("last", samples::LAST);
    let name = sample.pick("name", samples::COMPANIES);
    let phone = format!("+7 900 {:07}", sample.draw("phone", 10_000_000));
    let mut contact = row(json!({
        "id": number,
        "isCompany": company,
        "companyName": name,
        "firstName": first,
        "lastName": last,
        "displayName": if company { name.to_owned() } else { format!("{first} {last}") },
        "title": sample.pick("title", samples::POSTS),
        "smallFotoUrl": format!("/products/crm/app_themes/default/images/empty_{number}.png"),
        "commonData": [
            { "id": number, "infoType": 0, "category": 1, "data": phone, "isPrimary": true },
        ],
        "tags": [sample.pick("tag", samples::TAGS)],
        "contactType": sample.draw("type", 4),
        "contactStage": sample.draw("stage", 3),
        "haveLateTasks": false,
        "isShared": sample.draw("shared", 2) == 0,
    }));
    let of_others: &[&str] = if company {
        &["firstName", "lastName", "title"]
    } else {
        &["companyName"]
    };
    contact.retain(|field, _| !of_others.contains(&field.as_str()));
    add_author(&mut contact, sample);
    contact
}

fn add_author(row: &mut Row, sample: Sample<'_>) {
    let author = sample.person("author");
    set(row, "createBy", author.clone());
    set(row, "responsible", author);
    set(row, "created", sample.store.moment(sample.made_at()));
}

/// Generates an opportunity.
pub(super) fn generate_opportunity(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Opportunity, number);
    let mut opportunity = row(json!({
        "id": number,
        "title": sample.title(samples::SUBJECTS),
        "bidValue": sample.draw("value", 100_000) * 10,
        "bidCurrency": { "abbreviation": "RUB", "symbol": "₽" },
        "stage": { "id": 1 + sample.draw("stage", 5) },
    }));
    add_author(&mut opportunity, sample);
    opportunity
}

/// Generates a task of the CRM.
pub(super) fn generate_task(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::CrmTask, number);
    let mut task = row(json!({
        "id": number,
        "title": sample.title(samples::CHORES),
        "isClosed": sample.draw("closed", 3) == 0,
        "deadLine": store.moment(sample.made_at() + 7 * 86_400),
    }));
    add_author(&mut task, sample);
    task
}

/// Generates a case.
pub(super) fn generate_case(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Case, number);
    let mut case = row(json!({
        "id": number,
        "title": sample.title(samples::SUBJECTS),
        "isClosed": sample.draw("closed", 3) == 0,
    }));
    add_author(&mut case, sample);
    case
}

fn has_responsible(row: &Row, id: &str) -> bool {
    nested(row, "responsible", "id").is_some_and(|responsible| responsible == id)
}

/// `GET crm/contact/filter`: the newest first unless an order is asked for.
pub(super) fn filter_contacts(call: &Call<'_>) -> Result<Output, ApiFailure> {
    let given = &call.query;
    let mut conditions = Conditions::new();
    match params::one_of(given, "contactListView", CONTACT_LIST_VIEWS)? {
        None | Some(ALL) => {}
        Some(COMPANIES) => conditions.push(Box::new(|row| flag(row, "isCompany"))),
        Some(PEOPLE) => conditions.push(Box::new(|row| !flag(row, "isCompany"))),
        // Opportunities are generated without a contact; every third contact counts as one that has some.
        Some(WITH_OPPORTUNITY) => conditions.push(Box::new(|row| {
            number(row, "id").is_some_and(|id| id % 3 == 0)
        })),
        Some(other) => {
            return Err(ApiFailure::conversion(
                "contactListView",
                &other.to_string(),
            ));
        }
    }
    for name in ["contactStage", "contactType"] {
        if let Some(wanted) = params::number(given, name)?.filter(|wanted| *wanted >= 0) {
            conditions.push(Box::new(move |row| number(row, name) == Some(wanted)));
        }
    }
    if let Some(shared) = params::flag(given, "isShared")? {
        conditions.push(Box::new(move |row| {
            row.get("isShared").and_then(Json::as_bool) == Some(shared)
        }));
    }
    if let Some(id) = params::text(given, "responsibleid") {
        conditions.push(Box::new(move |row| has_responsible(row, &id)));
    }
    for tag in params::list(given, "tags") {
        conditions.push(Box::new(move |row| {
            let tags = row.get("tags").and_then(Json::as_array);
            tags.is_some_and(|tags| tags.iter().any(|own| own == tag.as_str()))
        }));
    }
    if let Some(from) = params::date(given, "fromDate")? {
        conditions.push(Box::new(move |row| {
            time(row, "created").is_some_and(|at| at >= from)
        }));
    }
    if let Some(to) = params::date(given, "toDate")? {
        conditions.push(Box::new(move |row| {
            time(row, "created").is_some_and(|at| at <= to)
        }));
    }
    let behaviour = ListBehaviour {
        search: &["displayName", "title", "companyName", "commonData.data"],
        newest_first: true,
        ..COUNTED
    };
    call.select(Entity::Contact, behaviour, &conditions)
}

/// `GET crm/opportunity/filter` and its like.
pub(super) fn filter(call: &Call<'_>, entity: Entity) -> Result<Output, ApiFailure> {
    let mut conditions = Conditions::new();
    if let Some(id) = params::text(&call.query, "responsibleid") {
        conditions.push(Box::new(move |row| has_responsible(row, &id)));
    }
    let behaviour = ListBehaviour {
        search: &["title"],
        newest_first: true,
        ..COUNTED
    };
    call.select(entity, behaviour, &conditions)
}

/// `GET crm/contact/{id}`
pub(super) fn get(call: &Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Contact, "contactid", id)?;
    call.row(Entity::Contact, number).map(Output::one)
}

/// What a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContactKind {
    Person,
    Company,
}

/// `POST crm/contact/person` and `POST crm/contact/company`
pub(super) fn add(call: &mut Call<'_>, kind: ContactKind) -> Result<Output, ApiFailure> {
    call.require(match kind {
        ContactKind::Person => &["firstName", "lastName"],
        ContactKind::Company => &["companyName"],
    })?;
    let number = call.store.next(Entity::Contact);
    let author = call.store.person(call.person);
    let mut contact = row(json!({
        "id": number,
        "isCompany": kind == ContactKind::Company,
        "commonData": [],
        "tags": [],
        "contactType": 0,
        "contactStage": 0,
        "isShared": false,
        "createBy": author,
        "responsible": author,
        "created": call.store.moment(call.now),
    }));
    change(&call.body, &mut contact)?;
    Ok(call.save(Entity::Contact, number, contact))
}

/// `PUT crm/contact/person/{id}` and `PUT crm/contact/company/{id}`
pub(super) fn update(
    call: &mut Call<'_>,
    id: &str,
    kind: ContactKind,
) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Contact, "contactid", id)?;
    let mut contact = call.row(Entity::Contact, number)?;
    if contact.get("isCompany").and_then(Json::as_bool) != Some(kind == ContactKind::Company) {
        return Err(ApiFailure::item_not_found());
    }
    change(&call.body, &mut contact)?;
    set(&mut contact, "updated", call.store.moment(call.now));
    Ok(call.save(Entity::Contact, number, contact))
}

/// Puts what the body says into a contact.
fn change(body: &Json, contact: &mut Row) -> Result<(), ApiFailure> {
    copy_texts(
        body,
        contact,
        &[
            ("firstName", "firstName"),
            ("lastName", "lastName"),
            ("companyName", "companyName"),
            ("jobTitle", "title"),
            ("about", "about"),
        ],
    );
    if let Some(shared) = params::flag(body, "isShared")? {
        set(contact, "isShared", shared);
    }
    if let Some(company) = params::number(body, "companyId")? {
        set(contact, "companyId", company);
    }
    let name = |field: &str| contact.get(field).map(params::scalar).unwrap_or_default();
    let display = if flag(contact, "isCompany") {
        name("companyName")
    } else {
        format!("{} {}", name("firstName"), name("lastName"))
    };
    set(contact, "displayName", display.trim());
    Ok(())
}

/// `DELETE crm/contact/{id}`
pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Contact, "contactid", id)?;
    call.delete(Entity::Contact, number)
}
