//! `crm.type.*`: the smart processes.

use brimful_protocol::{Array, Value};

use super::item::not_found;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::smart;
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
    super::dictionary::controller_list("types", types, "id", call)
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
