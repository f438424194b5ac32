//! `crm.type.*`: the smart processes.

use brimful_protocol::{Array, Key, Value};

use super::dictionary::passes;
use super::item::not_found;
use super::item_filter::{invalid, wanted_direction};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::smart;
use crate::data::list::filter_key::{Family, FilterKey};
use crate::data::table::Table;

/// The ID of a smart process, as opposed to its `entityTypeId`.
fn type_id(table: &Table) -> i64 {
    (table.entity - crate::data::entities::SMART) as i64 + 1
}

fn describe(table: &Table) -> Array {
    let mut map = Array::new();
    map.insert("id", type_id(table));
    let title = match smart::process(table.entity_type) {
        Some(process) => process.title.to_owned(),
        None => format!("Смарт-процесс {}", table.entity_type),
    };
    map.insert("title", title);
    map.insert("code", "");
    map.insert("createdBy", 1);
    map.insert("entityTypeId", i64::from(table.entity_type));
    map.insert("customSectionId", Value::Null);
    for (name, flag) in [
        ("isCategoriesEnabled", "Y"),
        ("isStagesEnabled", "Y"),
        ("isBeginCloseDatesEnabled", "Y"),
        ("isClientEnabled", "Y"),
        ("isUseInUserfieldEnabled", "Y"),
        ("isLinkWithProductsEnabled", "Y"),
        ("isMycompanyEnabled", "Y"),
        ("isDocumentsEnabled", "N"),
        ("isSourceEnabled", "Y"),
        ("isObserversEnabled", "N"),
        ("isRecyclebinEnabled", "N"),
        ("isAutomationEnabled", "N"),
        ("isBizProcEnabled", "N"),
        ("isSetOpenPermissions", "Y"),
        ("isPaymentsEnabled", "N"),
        ("isCountersEnabled", "N"),
    ] {
        map.insert(name, flag);
    }
    map.insert("createdTime", moment::text(1_577_826_000));
    map.insert("updatedTime", moment::text(1_577_826_000));
    map.insert("updatedBy", 1);
    map
}

/// `crm.type.list`: the filter knows IDs, `entityTypeId` and titles by equality and the prefixes of order.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    // Below 128 are the types that come with the product, the invoices: this list leaves them out.
    let processes = state
        .smart()
        .iter()
        .filter(|table| table.entity_type >= 128);
    let types: Vec<Array> = processes.map(describe).collect();
    if let (Some(order), Some(known)) = (call.params.get("order"), types.first()) {
        check_order(known, order)?;
    }
    let types = match call.params.get("filter").and_then(Value::as_array) {
        None => types,
        Some(filter) => {
            let mut chosen = Vec::new();
            for row in types {
                if admits(&row, filter)? {
                    chosen.push(row);
                }
            }
            chosen
        }
    };
    super::dictionary::page_of("types", types, "id", call)
}

/// Whether a type passes a filter. Groups are nested under numbers; a name that types lack is refused.
fn admits(row: &Array, filter: &Array) -> Result<bool, MethodError> {
    let mut passed = Vec::new();
    for (key, value) in filter.iter() {
        let text = key.to_text();
        match (key, value) {
            _ if text.eq_ignore_ascii_case("logic") => {}
            (Key::Int(_), Value::Array(group)) => passed.push(admits(row, group)?),
            _ => {
                let key = FilterKey::parse(&text, Family::Items);
                let field = row.get(key.name).ok_or_else(|| {
                    invalid(format!(
                        "Invalid filter: field '{}' is not allowed in filter",
                        key.name
                    ))
                })?;
                passed.push(passes(field, &key, value));
            }
        }
    }
    let any = filter
        .get_ignoring_case("logic")
        .is_some_and(|logic| logic.to_text().eq_ignore_ascii_case("or"));
    Ok(if any && !passed.is_empty() {
        passed.contains(&true)
    } else {
        !passed.contains(&false)
    })
}

fn check_order(known: &Array, order: &Value) -> Result<(), MethodError> {
    for (key, direction) in order.as_array().into_iter().flat_map(Array::iter) {
        let name = key.to_text();
        if known.get(&name).is_none() {
            return Err(invalid(format!(
                "Invalid order: field '{name}' is not allowed in order"
            )));
        }
        wanted_direction(&name, direction)?;
    }
    Ok(())
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("id")?.to_int();
    one(state.smart().iter().find(|table| type_id(table) == id))
}

pub(crate) fn get_by_entity_type_id(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let entity_type = call.required("entityTypeId")?.to_int();
    one(state
        .smart()
        .iter()
        .find(|table| i64::from(table.entity_type) == entity_type))
}

fn one(table: Option<&Table>) -> Result<Output, MethodError> {
    let table = table.ok_or_else(not_found)?;
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "type",
        describe(table),
    )]))))
}
