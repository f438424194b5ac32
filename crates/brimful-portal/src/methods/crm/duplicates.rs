//! `crm.duplicate.findbycomm`: who has this phone or e-mail.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{COMPANY, CONTACT, LEAD};
use crate::data::list::condition::{Condition, Predicate};
use crate::data::list::query::Query;
use crate::data::table::Table;
use crate::methods::params::legacy_error;

/// At most so many values are asked for, and so many records of an entity are named.
const MOST: usize = 20;

pub(crate) fn find_by_comm(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let text = |name: &str| {
        call.legacy(name)
            .map(|value| value.to_text().to_uppercase())
            .unwrap_or_default()
    };
    let comm = text("type");
    if comm != "PHONE" && comm != "EMAIL" {
        return Err(legacy_error(
            "Communication type is not defined or invalid.",
        ));
    }
    let values: Vec<String> = match call.legacy("values") {
        Some(Value::Array(values)) => values
            .values()
            .take(MOST)
            .map(|value| normal(&comm, &value.to_text()))
            .collect(),
        Some(Value::Text(one)) => vec![normal(&comm, one)],
        _ => Vec::new(),
    };
    if values.iter().all(String::is_empty) {
        return Err(legacy_error("Values are not defined or invalid."));
    }
    let asked = text("entity_type");
    let mut found = Array::new();
    for (name, entity) in [("LEAD", LEAD), ("CONTACT", CONTACT), ("COMPANY", COMPANY)] {
        if !asked.is_empty() && asked != name {
            continue;
        }
        let ids = holders(state.table(entity), &comm, &values);
        if !ids.is_empty() {
            found.insert(name, ids.into_iter().map(|id| id as i64).collect::<Value>());
        }
    }
    Ok(Output::value(&Value::Array(found)))
}

fn holders(table: &Table, comm: &str, values: &[String]) -> Vec<u64> {
    let Some(field) = table.schema.legacy(comm) else {
        return Vec::new();
    };
    // Nobody has an index here: every row that has any is looked at.
    let filter = Condition::test(field, Predicate::Empty).not();
    let candidates = Query::new(table, filter, Vec::new());
    let mut found = Vec::new();
    candidates.each(|id| {
        let has = table.row(id).cell(field).any(|value: Cell<'_>| {
            value
                .to_text()
                .is_some_and(|text| values.contains(&normal(comm, &text)))
        });
        if has {
            found.push(id);
        }
        found.len() < MOST
    });
    found
}

/// Phones are compared by their digits, e-mails without regard to case.
fn normal(comm: &str, text: &str) -> String {
    if comm == "EMAIL" {
        return text.trim().to_lowercase();
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('8') {
        Some(rest) if digits.len() == 11 => format!("7{rest}"),
        _ => digits,
    }
}
