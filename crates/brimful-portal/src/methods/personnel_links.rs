//! `humanresources.hcmlink.*`: the people of companies as a personnel system knows them.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{refused, word};
use super::record_rows::{self, number, rows, text};
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::records::signing::{EMPLOYEES, PERSONS};
use crate::methods::method::{Handler, Method, read, write};

const COMPANIES: &str = "humanresources.hcmlink.company";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!(
            "humanresources.hcmlink",
            "humanresources.hcmlink.company.user.list",
            companies_of_user
        ),
        read!(
            "humanresources.hcmlink",
            "humanresources.hcmlink.employee.list",
            employees
        ),
        write!(
            "humanresources.hcmlink",
            "humanresources.hcmlink.employee.set",
            set_employees
        ),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// Refuses a call that does not come from an application.
pub(super) fn check_application(call: &Call<'_>, text: &str) -> Result<(), MethodError> {
    if call.application.is_some() {
        return Ok(());
    }
    Err(MethodError::new(403, "WRONG_AUTH_TYPE", text))
}

fn check_administrator(call: &Call<'_>) -> Result<(), MethodError> {
    check_application(call, "Application context required")?;
    if call.rights == Rights::All {
        return Ok(());
    }
    let text = "Access denied! Access denied.";
    Err(MethodError::new(403, "ACCESS_DENIED", text))
}

/// The rows that `limit` and `offset` leave: 100 if the call doesn't say, 1,000 at the most.
pub(super) fn page(call: &Call<'_>, rows: impl Iterator<Item = Value>) -> Output {
    const USUAL: u64 = 100;
    const MOST: u64 = 1000;
    let limit = match record_rows::given_number(call, "limit") {
        0 => USUAL,
        limit => limit.min(MOST),
    };
    let offset = record_rows::given_number(call, "offset");
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Output::value(&rows.skip(size(offset)).take(size(limit)).collect::<Value>())
}

/// `humanresources.hcmlink.company.user.list(limit, offset)`: the companies that know the caller.
fn companies_of_user(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_application(call, "Application context required")?;
    let own = rows(state, PERSONS).filter(|(_, row)| number(row, "userId") == call.user);
    let companies = own.filter_map(|(_, person)| {
        let code = text(person, "company");
        let (_, company) =
            rows(state, COMPANIES).find(|(_, company)| text(company, "company") == code)?;
        let part = |name: &'static str| {
            let value = company.get(name).cloned().map(Value::from);
            (name, value.unwrap_or_default())
        };
        let mut shown: Array = ["id", "company", "crmCompanyId", "title", "data"]
            .map(part)
            .into_iter()
            .collect();
        shown.insert("person", text(person, "person"));
        Some(Value::Array(shown))
    });
    Ok(page(call, companies))
}

/// `humanresources.hcmlink.employee.list(company, limit, offset, updatedAt)`: who is a user of the portal.
fn employees(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_administrator(call)?;
    let company = call.text("company");
    let mut companies = rows(state, COMPANIES);
    if company.is_empty() || companies.all(|(_, row)| text(row, "company") != company) {
        return Err(refused("510", "Operation failed"));
    }
    let after = moment::parse(&call.text("updatedAt"), 0);
    let changed = |row: &Row| moment::parse(&text(row, "updatedAt"), 0);
    let known = rows(state, PERSONS).filter(|(_, row)| {
        text(row, "company") == company
            && number(row, "userId") > 0
            && after.is_none_or(|after| changed(row).is_some_and(|at| at > after))
    });
    let shown = known.map(|(_, person)| {
        let code = text(person, "person");
        let of_person = rows(state, EMPLOYEES)
            .filter(|(_, row)| text(row, "company") == company && text(row, "person") == code);
        let parts = |row: &Row, names: &[&'static str]| -> Array {
            let part = |name: &&'static str| {
                let value = row.get(*name).cloned().map(Value::from);
                (*name, value.unwrap_or_default())
            };
            names.iter().map(part).collect()
        };
        let employees =
            of_person.map(|(_, row)| parts(row, &["id", "employee", "data", "createdAt"]));
        let employees: Value = employees.collect();
        let mut shown = parts(person, &["id", "company", "person"]);
        shown.insert("employees", employees);
        for (name, value) in parts(person, &["userId", "title", "createdAt", "updatedAt"]).iter() {
            shown.insert(name.clone(), value.clone());
        }
        Value::Array(shown)
    });
    Ok(page(call, shown))
}

/// `humanresources.hcmlink.employee.set(company, data)`: writes people and what they are employed as by their codes.
fn set_employees(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_administrator(call)?;
    let data = call.params.get("data").and_then(Value::as_array);
    let data = data.filter(|data| !data.is_empty()).cloned();
    let mut errors = Vec::new();
    if data.is_none() {
        errors.push("Parameter 'data' must be a non empty array ".to_owned());
    }
    let company = call.text("company");
    for (place, item) in data.iter().flat_map(Array::values).enumerate() {
        let is_set = item
            .as_array()
            .is_some_and(|item| set_employee(state, call, &company, item));
        if !is_set {
            let text = format!("Item #{place} should have not empty 'employee', 'person', 'data'");
            errors.push(text);
        }
    }
    let status = if errors.is_empty() { "ok" } else { "error" };
    let mut answer = Array::from_iter([("status", status)]);
    answer.insert("errors", errors.into_iter().collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}

/// Writes one employee; whether all that is needed was given.
fn set_employee(state: &mut PortalData, call: &Call<'_>, company: &str, item: &Array) -> bool {
    let given = |name: &str| item.get(name).map(Value::to_text).unwrap_or_default();
    let (employee, person, user) = (given("employee"), given("person"), given("userId"));
    let data = item.get("data").and_then(Value::as_array);
    let data = data.filter(|data| data.values().any(|value| !value.to_text().is_empty()));
    let Some(data) = data.filter(|_| !employee.is_empty() && !person.is_empty()) else {
        return false;
    };
    let user: u64 = user.trim().parse().unwrap_or(0);
    let names = ["firstName", "lastName"].map(|name| {
        let name = data.get(name).map(Value::to_text);
        name.unwrap_or_default()
    });
    let title = match names.join(" ").trim() {
        "" => name_of(state, user),
        title => title.to_owned(),
    };
    let mut row = Array::from_iter([("company", company), ("person", person.as_str())]);
    row.insert("title", title);
    if user > 0 {
        row.insert("userId", user as i64);
    }
    put(state, call, PERSONS, ("person", &person), &row);
    let mut row = Array::from_iter([("company", company), ("person", person.as_str())]);
    row.insert("employee", employee.as_str());
    row.insert("data", data.clone());
    put(state, call, EMPLOYEES, ("employee", &employee), &row);
    true
}

fn name_of(state: &PortalData, user: u64) -> String {
    let row = state.table(USER).get(user);
    let names = row.map(|row| [word(&row, "NAME"), word(&row, "LAST_NAME")].join(" "));
    names.unwrap_or_default().trim().to_owned()
}

/// Writes the row of a company that has this code, or adds it.
fn put(
    state: &mut PortalData,
    call: &Call<'_>,
    kind: &str,
    (field, code): (&'static str, &str),
    given: &Array,
) {
    let company = given.get("company").map(Value::to_text).unwrap_or_default();
    let is_it = |row: &Row| text(row, "company") == company && text(row, field) == code;
    let earlier = rows(state, kind)
        .find(|(_, row)| is_it(row))
        .map(|(id, _)| id);
    match earlier {
        Some(id) => record_rows::update(state, call, kind, id, given),
        None => {
            record_rows::add(state, call, kind, given);
        }
    }
}
