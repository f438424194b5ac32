//! `crm.category.*` and, for deals alone, the older `crm.dealcategory.*`: the funnels.

use brimful_protocol::{Array, Value};

use super::dictionary::{chosen, written};
use super::item::{not_found, table};
use super::statuses;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::entities::{LEAD, QUOTE, smart};
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::query::Query;
use crate::data::table::Table;
use crate::data::{PortalData, stages};
use crate::methods::params::legacy_error;

const DEAL: u32 = 2;
const CONTACT_TYPE: u32 = 3;
const COMPANY_TYPE: u32 = 4;

/// The funnels of an entity: those that the portal was given, or else those that every portal has.
pub(super) fn of(state: &PortalData, entity_type: u32) -> Vec<Array> {
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

/// `crm.category.list`: all of them at once, by `sort`, however many there are, with a `total` and without a `next` (observed: 52
/// in one reply).
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = funnelled(state, call)?.entity_type;
    let filter = call.params.get("filter").and_then(Value::as_array);
    let mut rows = chosen(of(state, entity_type), filter);
    let number = |row: &Array, name: &str| row.get(name).map_or(0, Value::to_int);
    rows.sort_by_key(|row| (number(row, "sort"), number(row, "id")));
    let mut output = written(Some("categories"), &rows);
    output.total = Some(rows.len() as i64);
    Ok(output)
}

/// The table of an entity that has funnels.
fn funnelled<'s>(state: &'s PortalData, call: &Call<'_>) -> Result<&'s Table, MethodError> {
    let table = table(state, call)?;
    let name = match table.entity {
        LEAD => "LEAD",
        QUOTE => "QUOTE",
        _ => return Ok(table),
    };
    let text = format!("Entity type {name} is not supported");
    Err(MethodError::new(400, "ENTITY_TYPE_NOT_SUPPORTED", text))
}

fn under_category(category: Array) -> Output {
    Output::value(&Value::Array(Array::from_iter([("category", category)])))
}

/// How funnels refuse what has no code of its own.
fn refused(text: &str) -> MethodError {
    MethodError::new(400, "0", text)
}

fn is_default(row: &Array) -> bool {
    row.get("isDefault")
        .is_some_and(|flag| flag.to_text() == "Y")
}

/// `crm.category.fields`
pub(crate) fn fields(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const FIELDS: [(&str, &str, bool, bool); 7] = [
        ("id", "integer", false, true),
        ("name", "string", false, false),
        ("sort", "integer", false, false),
        ("entityTypeId", "integer", true, true),
        ("isDefault", "boolean", false, true),
        ("originId", "string", false, false),
        ("originatorId", "string", false, false),
    ];
    funnelled(state, call)?;
    let fields = FIELDS.iter().map(|&(name, kind, required, read_only)| {
        let title = match name {
            "id" => "ID".to_owned(),
            name => super::types::upper(name),
        };
        (
            name,
            super::types::describe_field(kind, required, read_only, false, &title, &title),
        )
    });
    let fields: Array = fields.collect();
    Ok(Output::value(&Value::Array(Array::from_iter([(
        "fields", fields,
    )]))))
}

/// `crm.category.add`: the new funnel, with the stages that a funnel begins with.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = funnelled(state, call)?.entity_type;
    let given = given(call)?;
    let added = create(state, entity_type, &given)?;
    Ok(under_category(added))
}

fn given(call: &Call<'_>) -> Result<Array, MethodError> {
    let fields = call.required("fields")?.as_array();
    Ok(fields.cloned().unwrap_or_default())
}

fn create(state: &mut PortalData, entity_type: u32, given: &Array) -> Result<Array, MethodError> {
    const NAME_LIMIT: usize = 255;
    let text = |name: &str| given.get_ignoring_case(name).map(Value::to_text);
    let name = text("name").unwrap_or_default();
    if name.trim().is_empty() {
        return Err(refused("Field 'NAME' is required"));
    }
    let mut rows = of(state, entity_type);
    let default = text("isDefault").as_deref() == Some("Y");
    if default && matches!(entity_type, CONTACT_TYPE | COMPANY_TYPE) {
        let text = "Default client category does not support updating default state";
        return Err(refused(text));
    }
    // Deals keep the funnel that they begin with.
    let default = default && entity_type != DEAL;
    if default {
        for row in &mut rows {
            row.insert("isDefault", "N");
        }
    }
    let known = rows
        .iter()
        .filter_map(|row| row.get("id"))
        .map(Value::to_int);
    let id = known.max().unwrap_or(0).max(state.categories.last()) + 2;
    let sort = given.get_ignoring_case("sort").map_or(500, Value::to_int);
    let mut row = Array::new();
    row.insert("id", id);
    row.insert("name", name.chars().take(NAME_LIMIT).collect::<String>());
    row.insert("sort", sort.max(0));
    row.insert("entityTypeId", i64::from(entity_type));
    row.insert("isDefault", if default { "Y" } else { "N" });
    if entity_type == DEAL {
        row.insert("originId", text("originId").unwrap_or_default());
        row.insert("originatorId", text("originatorId").unwrap_or_default());
    }
    rows.push(row.clone());
    state.categories.replace(i64::from(entity_type), rows);
    state.begin_funnel(entity_type, id);
    Ok(row)
}

/// `crm.category.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = funnelled(state, call)?.entity_type;
    let id = call.required("id")?.to_int();
    let given = given(call)?;
    let changed = change(state, entity_type, id, &given)?.ok_or_else(not_found)?;
    Ok(under_category(changed))
}

fn change(
    state: &mut PortalData,
    entity_type: u32,
    id: i64,
    given: &Array,
) -> Result<Option<Array>, MethodError> {
    let mut rows = of(state, entity_type);
    let is_it = |row: &Array| row.get("id").is_some_and(|of| of.to_int() == id);
    let Some(at) = rows.iter().position(is_it) else {
        return Ok(None);
    };
    if let Some(name) = given.get_ignoring_case("name").map(Value::to_text) {
        if name.trim().is_empty() {
            return Err(refused("Field 'NAME' is required"));
        }
        rows[at].insert("name", name);
    }
    if let Some(sort) = given.get_ignoring_case("sort") {
        rows[at].insert("sort", sort.to_int().max(0));
    }
    let becomes_default = given
        .get_ignoring_case("isDefault")
        .is_some_and(|flag| flag.to_text() == "Y");
    if becomes_default && entity_type != DEAL {
        for (place, row) in rows.iter_mut().enumerate() {
            row.insert("isDefault", if place == at { "Y" } else { "N" });
        }
    }
    let changed = rows[at].clone();
    state.categories.replace(i64::from(entity_type), rows);
    Ok(Some(changed))
}

/// `crm.category.delete`: a funnel that is not the default one, and that nothing is in.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = funnelled(state, call)?.entity_type;
    let id = call.required("id")?.to_int();
    if !remove(state, entity_type, id)? {
        return Err(not_found());
    }
    Ok(Output::value(&Value::Null))
}

fn remove(state: &mut PortalData, entity_type: u32, id: i64) -> Result<bool, MethodError> {
    let mut rows = of(state, entity_type);
    let is_it = |row: &Array| row.get("id").is_some_and(|of| of.to_int() == id);
    let Some(at) = rows.iter().position(is_it) else {
        return Ok(false);
    };
    let of_deals = entity_type == DEAL;
    if is_default(&rows[at]) {
        return Err(if of_deals {
            refused("Default deal category cannot be deleted")
        } else {
            MethodError::new(400, "BX_ERROR", "This funnel is the default funnel")
        });
    }
    let has_items = state.by_type(i64::from(entity_type)).is_some_and(|table| {
        let field = table.schema.item("CATEGORY_ID");
        field.is_some_and(|field| {
            let inside = Condition::equal(field, Operand::Int(id));
            !Query::new(table, inside, Vec::new()).page(0, 1).is_empty()
        })
    });
    if has_items {
        let name = rows[at].get("name").map(Value::to_text).unwrap_or_default();
        return Err(if of_deals {
            refused(&format!("Deals related to the funnel {name} found"))
        } else {
            let text = "Elements related to the funnel found";
            MethodError::new(400, "BX_ERROR", text)
        });
    }
    rows.remove(at);
    state.categories.replace(i64::from(entity_type), rows);
    state.end_funnel(entity_type, id);
    Ok(true)
}

/// `crm.dealcategory.fields`
pub(crate) fn deal_fields(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    const FIELDS: [(&str, &str, bool, bool); 5] = [
        ("ID", "integer", false, true),
        ("CREATED_DATE", "datetime", false, true),
        ("NAME", "string", true, false),
        ("IS_LOCKED", "char", false, true),
        ("SORT", "integer", false, false),
    ];
    let fields = FIELDS.iter().map(|&(name, kind, required, read_only)| {
        let mut map = super::types::describe_field(kind, required, read_only, false, name, name);
        map.remove("upperName");
        (name, map)
    });
    Ok(Output::value(&Value::Array(fields.collect())))
}

fn older_fields(call: &Call<'_>) -> Result<Array, MethodError> {
    let fields = call.legacy_array("fields").cloned();
    fields.ok_or_else(|| legacy_error("Parameter 'fields' must be array."))
}

/// `crm.dealcategory.add`: the ID.
pub(crate) fn add_deal(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let row = create(state, DEAL, &older_fields(call)?)?;
    let id = row.get("id").map_or(0, Value::to_int);
    Ok(Output::value(&Value::Int(id)))
}

fn older_id(call: &Call<'_>) -> Result<i64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    Some(id)
        .filter(|&id| id > 0)
        .ok_or_else(|| legacy_error("ID is not defined or invalid."))
}

/// `crm.dealcategory.update`
pub(crate) fn update_deal(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (id, fields) = (older_id(call)?, older_fields(call)?);
    change(state, DEAL, id, &fields)?.ok_or_else(|| legacy_error("Not found"))?;
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.dealcategory.delete`
pub(crate) fn delete_deal(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = older_id(call)?;
    if !remove(state, DEAL, id)? {
        return Err(legacy_error("Not found"));
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.dealcategory.default.set`: the name of the general funnel.
pub(crate) fn name_default(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let fields = Array::from_iter([("name", call.text("name"))]);
    change(state, DEAL, 0, &fields)?;
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.category.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let entity_type = funnelled(state, call)?.entity_type;
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
    map.insert("ID", 0);
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
