//! `crm.category.*` and, for deals alone, the older `crm.dealcategory.*`: the funnels.

use brimful_protocol::{Array, Value};

use super::dictionary::{chosen, written};
use super::item::{not_found, table};
use super::statuses;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::entities::smart;
use crate::data::{PortalData, stages};
use crate::methods::params::legacy_error;

const DEAL: u32 = 2;

/// The funnels of an entity: those that the portal was given, or else those that every portal has.
fn of(state: &PortalData, entity_type: u32) -> Vec<Array> {
    let given = state.categories.of(i64::from(entity_type));
    if !given.is_empty() {
        return given;
    }
    let names: Vec<(i64, &str)> = match entity_type {
        DEAL => stages::DEAL_CATEGORIES
            .iter()
            .map(|category| (category.id, category.name))
            .collect(),
        process if process >= 128 => vec![(smart::category(process), "Общая")],
        _ => vec![(0, "Общая")],
    };
    let categories = names.iter().enumerate().map(|(i, (id, name))| {
        let mut map = Array::new();
        map.insert("id", *id);
        map.insert("name", *name);
        map.insert("sort", (i as i64 + 1) * 100);
        map.insert("entityTypeId", i64::from(entity_type));
        map.insert("isDefault", if i == 0 { "Y" } else { "N" });
        // The general one has no origin (observed).
        if i > 0 {
            map.insert("originId", "");
            map.insert("originatorId", "");
        }
        map
    });
    categories.collect()
}

/// `crm.category.list`: all of them at once, however many there are, with a `total` and without a `next` (observed: 52
/// in one reply).
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = table(state, call)?.entity_type;
    let filter = call.params.get("filter").and_then(Value::as_array);
    let rows = chosen(of(state, entity_type), filter);
    let mut output = written(Some("categories"), &rows);
    output.total = Some(rows.len() as i64);
    Ok(output)
}

/// `crm.category.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = table(state, call)?.entity_type;
    let id = call.required("id")?.to_int();
    let category = of(state, entity_type)
        .into_iter()
        .find(|row| row.get("id").is_some_and(|of| of.to_int() == id))
        .ok_or_else(not_found)?;
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "category", category,
    )]))))
}

/// A funnel as the older methods show it.
fn older(category: &Array) -> Array {
    let text = |name: &str| category.get(name).map(Value::to_text).unwrap_or_default();
    let mut row = Array::new();
    row.insert("ID", text("id"));
    row.insert("CREATED_DATE", moment::text(1_577_826_000));
    row.insert("NAME", text("name"));
    row.insert("IS_LOCKED", "N");
    row.insert("SORT", text("sort"));
    row
}

/// `crm.dealcategory.list`: the funnels without the general one, all at once.
pub(crate) fn deals(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let rows = of(state, DEAL);
    let rows = rows
        .iter()
        .filter(|row| row.get("id").is_some_and(Value::is_truthy));
    let rows = chosen(rows.map(older).collect(), call.legacy_array("filter"));
    let mut output = written(None, &rows);
    output.total = Some(rows.len() as i64);
    Ok(output)
}

/// `crm.dealcategory.get`
pub(crate) fn deal(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let found = of(state, DEAL)
        .into_iter()
        .find(|row| id > 0 && row.get("id").is_some_and(|of| of.to_int() == id))
        .ok_or_else(|| legacy_error("Not found"))?;
    Ok(Output::value(&Value::Array(older(&found))))
}

/// `crm.dealcategory.default.get`
pub(crate) fn default(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let rows = of(state, DEAL);
    let general = rows
        .iter()
        .find(|row| row.get("id").is_some_and(|id| id.to_int() == 0));
    let name = general.and_then(|row| row.get("name"));
    let mut map = Array::new();
    map.insert("ID", "0");
    map.insert("NAME", name.map(Value::to_text).unwrap_or_default());
    Ok(Output::value(&Value::Array(map)))
}

/// `crm.dealcategory.status`: the dictionary of the stages of a funnel.
pub(crate) fn dictionary(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Text(dictionary_of(call))))
}

/// `crm.dealcategory.stage.list`: the stages of a funnel, without a `total` (observed).
pub(crate) fn deal_stages(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dictionary = dictionary_of(call);
    Ok(statuses::of(state, &dictionary, call))
}

fn dictionary_of(call: &Call<'_>) -> String {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    stages::dictionary_of_deals(id)
}
