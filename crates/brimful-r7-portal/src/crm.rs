//! The CRM: contacts, opportunities, tasks and cases.

use brimful_r7_protocol::Moment;
use serde_json::{Value as Json, json};

use super::api::{Call, Output};
use super::failure::Failure;
use super::list::{COUNTED, Manner};
use super::params;
use super::store::{Kind, Row, Store};
use brimful_portal::extension::samples;

const VIEWS: &[(&str, i64)] = &[
    ("all", 0),
    ("company", 1),
    ("person", 2),
    ("withOpportunity", 3),
];

/// The contact with this number: a person, or every fourth a company.
pub(super) fn contact(store: &Store, number: u64) -> Row {
    let kind = Kind::Contact;
    let company = store.draw(kind, number, "company", 4) == 0;
    let first = store.pick(kind, number, "first", samples::FIRST);
    let last = store.pick(kind, number, "last", samples::LAST);
    let name = store.pick(kind, number, "name", samples::COMPANIES);
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("isCompany".to_owned(), company.into());
    if company {
        row.insert("companyName".to_owned(), name.into());
        row.insert("displayName".to_owned(), name.into());
    } else {
        row.insert("firstName".to_owned(), first.into());
        row.insert("lastName".to_owned(), last.into());
        row.insert("displayName".to_owned(), format!("{first} {last}").into());
        let title = store.pick(kind, number, "title", samples::POSTS);
        row.insert("title".to_owned(), title.into());
    }
    let photo = format!("/products/crm/app_themes/default/images/empty_{number}.png");
    row.insert("smallFotoUrl".to_owned(), photo.into());
    let phone = format!(
        "+7 900 {:07}",
        store.draw(kind, number, "phone", 10_000_000)
    );
    row.insert(
        "commonData".to_owned(),
        json!([{ "id": number, "infoType": 0, "category": 1, "data": phone, "isPrimary": true }]),
    );
    let tag = store.pick(kind, number, "tag", samples::TAGS);
    row.insert("tags".to_owned(), json!([tag]));
    row.insert(
        "contactType".to_owned(),
        store.draw(kind, number, "type", 4).into(),
    );
    row.insert(
        "contactStage".to_owned(),
        store.draw(kind, number, "stage", 3).into(),
    );
    row.insert("haveLateTasks".to_owned(), false.into());
    let shared = store.draw(kind, number, "shared", 2) == 0;
    row.insert("isShared".to_owned(), shared.into());
    finish(store, kind, number, &mut row);
    row
}

fn finish(store: &Store, kind: Kind, number: u64, row: &mut Row) {
    let person = store.person_of(kind, number, "author");
    row.insert("createBy".to_owned(), store.person(person));
    row.insert("responsible".to_owned(), store.person(person));
    row.insert(
        "created".to_owned(),
        store.moment(store.made_at(kind, number)),
    );
}

/// The opportunity with this number.
pub(super) fn opportunity(store: &Store, number: u64) -> Row {
    let kind = Kind::Opportunity;
    let mut row = titled(store, kind, number, samples::SUBJECTS);
    let value = store.draw(kind, number, "value", 100_000) * 10;
    row.insert("bidValue".to_owned(), value.into());
    row.insert(
        "bidCurrency".to_owned(),
        json!({ "abbreviation": "RUB", "symbol": "₽" }),
    );
    row.insert(
        "stage".to_owned(),
        json!({ "id": 1 + store.draw(kind, number, "stage", 5) }),
    );
    finish(store, kind, number, &mut row);
    row
}

/// The task of the CRM with this number.
pub(super) fn task(store: &Store, number: u64) -> Row {
    let kind = Kind::CrmTask;
    let mut row = titled(store, kind, number, samples::CHORES);
    row.insert(
        "isClosed".to_owned(),
        (store.draw(kind, number, "closed", 3) == 0).into(),
    );
    let deadline = store.made_at(kind, number) + 7 * 86_400;
    row.insert("deadLine".to_owned(), store.moment(deadline));
    finish(store, kind, number, &mut row);
    row
}

/// The case with this number.
pub(super) fn case(store: &Store, number: u64) -> Row {
    let kind = Kind::Case;
    let mut row = titled(store, kind, number, samples::SUBJECTS);
    row.insert(
        "isClosed".to_owned(),
        (store.draw(kind, number, "closed", 3) == 0).into(),
    );
    finish(store, kind, number, &mut row);
    row
}

fn titled(store: &Store, kind: Kind, number: u64, words: &[&str]) -> Row {
    let about = store.pick(kind, number, "about", words);
    let whom = store.pick(kind, number, "whom", samples::COMPANIES);
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("title".to_owned(), format!("{about}{whom}").into());
    row
}

/// `GET crm/contact/filter`: the newest first unless an order is asked for.
pub(super) fn filter(call: &mut Call<'_>) -> Result<Output, Failure> {
    let query = call.list()?;
    let given = &call.query;
    let view = params::one_of(given, "contactListView", VIEWS)?.filter(|view| *view != 0);
    let stage = params::number(given, "contactStage")?.filter(|stage| *stage >= 0);
    let kind = params::number(given, "contactType")?.filter(|kind| *kind >= 0);
    let shared = params::flag(given, "isShared")?;
    let responsible = params::text(given, "responsibleid");
    let tags = params::several(given, "tags");
    let (from, to) = (date(given, "fromDate")?, date(given, "toDate")?);
    let restricted = view.is_some()
        || stage.is_some()
        || kind.is_some()
        || shared.is_some()
        || responsible.is_some()
        || !tags.is_empty()
        || from.is_some()
        || to.is_some();
    let keep = |row: &Row| {
        let number = |name: &str| row.get(name).and_then(Json::as_i64);
        let company = row
            .get("isCompany")
            .and_then(Json::as_bool)
            .unwrap_or(false);
        let created = row
            .get("created")
            .and_then(|text| text.as_str()?.parse::<Moment>().ok());
        view.is_none_or(|view| match view {
            1 => company,
            2 => !company,
            _ => number("id").is_some_and(|id| id % 3 == 0),
        }) && stage.is_none_or(|stage| number("contactStage") == Some(stage))
            && kind.is_none_or(|kind| number("contactType") == Some(kind))
            && shared
                .is_none_or(|shared| row.get("isShared").and_then(Json::as_bool) == Some(shared))
            && responsible
                .as_ref()
                .is_none_or(|id| row["responsible"]["id"] == id.as_str())
            && tags.iter().all(|tag| {
                let own = row.get("tags").and_then(Json::as_array);
                own.is_some_and(|own| own.iter().any(|own| own == tag.as_str()))
            })
            && from.is_none_or(|from| created.is_some_and(|at| at.unix() >= from))
            && to.is_none_or(|to| created.is_some_and(|at| at.unix() <= to))
    };
    let manner = Manner {
        search: &["displayName", "title", "companyName", "commonData.data"],
        newest_first: true,
        ..COUNTED
    };
    let keep: Option<&dyn Fn(&Row) -> bool> = if restricted { Some(&keep) } else { None };
    Ok(Output::List(query.run(
        call.store,
        Kind::Contact,
        manner,
        keep,
    )))
}

/// A parameter that is a date.
pub(super) fn date(params: &Json, name: &str) -> Result<Option<i64>, Failure> {
    let Some(text) = params::text(params, name) else {
        return Ok(None);
    };
    match text.parse::<Moment>() {
        Ok(moment) => Ok(Some(moment.unix())),
        Err(_) => Err(Failure::conversion(name, &text)),
    }
}

/// `GET crm/opportunity/filter` and its like.
pub(super) fn titled_filter(call: &mut Call<'_>, kind: Kind) -> Result<Output, Failure> {
    let query = call.list()?;
    let responsible = params::text(&call.query, "responsibleid");
    let keep = |row: &Row| {
        responsible
            .as_ref()
            .is_none_or(|id| row["responsible"]["id"] == id.as_str())
    };
    let keep: Option<&dyn Fn(&Row) -> bool> = match &responsible {
        Some(_) => Some(&keep),
        None => None,
    };
    let manner = Manner {
        search: &["title"],
        newest_first: true,
        ..COUNTED
    };
    Ok(Output::List(query.run(call.store, kind, manner, keep)))
}

/// `GET crm/contact/{id}`
pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, id)?;
    let row = call.store.get(Kind::Contact, number);
    row.map(Output::one).ok_or_else(Failure::item_not_found)
}

fn number(store: &Store, id: &str) -> Result<u64, Failure> {
    if id.parse::<i64>().is_err() {
        return Err(Failure::conversion("contactid", id));
    }
    store
        .find(Kind::Contact, id)
        .ok_or_else(Failure::item_not_found)
}

/// What a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    Person,
    Company,
}

/// `POST crm/contact/person` and `POST crm/contact/company`
pub(super) fn add(call: &mut Call<'_>, whom: Whom) -> Result<Output, Failure> {
    let wanted: &[&str] = match whom {
        Whom::Person => &["firstName", "lastName"],
        Whom::Company => &["companyName"],
    };
    for name in wanted {
        if params::text(&call.body, name).is_none() {
            return Err(Failure::argument(format!(
                "Value cannot be null. Parameter name: {name}"
            )));
        }
    }
    let number = call.store.next(Kind::Contact);
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("isCompany".to_owned(), (whom == Whom::Company).into());
    row.insert("commonData".to_owned(), json!([]));
    row.insert("tags".to_owned(), json!([]));
    row.insert("contactType".to_owned(), 0.into());
    row.insert("contactStage".to_owned(), 0.into());
    row.insert("isShared".to_owned(), false.into());
    let author = call.store.person(call.person);
    row.insert("createBy".to_owned(), author.clone());
    row.insert("responsible".to_owned(), author);
    row.insert("created".to_owned(), call.store.moment(call.now));
    change(&call.body, &mut row)?;
    call.store.put(Kind::Contact, number, row.clone());
    Ok(Output::one(row))
}

/// `PUT crm/contact/person/{id}` and `PUT crm/contact/company/{id}`
pub(super) fn update(call: &mut Call<'_>, id: &str, whom: Whom) -> Result<Output, Failure> {
    let number = number(call.store, id)?;
    let mut row = call
        .store
        .get(Kind::Contact, number)
        .ok_or_else(Failure::item_not_found)?;
    if row.get("isCompany").and_then(Json::as_bool) != Some(whom == Whom::Company) {
        return Err(Failure::item_not_found());
    }
    change(&call.body, &mut row)?;
    row.insert("updated".to_owned(), call.store.moment(call.now));
    call.store.put(Kind::Contact, number, row.clone());
    Ok(Output::one(row))
}

fn change(body: &Json, row: &mut Row) -> Result<(), Failure> {
    for (param, name) in [
        ("firstName", "firstName"),
        ("lastName", "lastName"),
        ("companyName", "companyName"),
        ("jobTitle", "title"),
        ("about", "about"),
    ] {
        if let Some(text) = params::text(body, param) {
            row.insert(name.to_owned(), text.into());
        }
    }
    if let Some(shared) = params::flag(body, "isShared")? {
        row.insert("isShared".to_owned(), shared.into());
    }
    if let Some(company) = params::number(body, "companyId")? {
        row.insert("companyId".to_owned(), company.into());
    }
    let name = |key: &str| row.get(key).map(params::plain).unwrap_or_default();
    let display = match row.get("isCompany").and_then(Json::as_bool) {
        Some(true) => name("companyName"),
        _ => format!("{} {}", name("firstName"), name("lastName")),
    };
    row.insert("displayName".to_owned(), display.trim().into());
    Ok(())
}

/// `DELETE crm/contact/{id}`
pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, id)?;
    let row = call
        .store
        .get(Kind::Contact, number)
        .ok_or_else(Failure::item_not_found)?;
    call.store.delete(Kind::Contact, number);
    Ok(Output::one(row))
}
