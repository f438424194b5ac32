//! `crm.stagehistory.list`: the stages that records went through.

use brimful_protocol::{Array, Value};

use super::item_filter::{invalid, wanted_direction};
use super::legacy_filter;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::entities::{DEAL, LEAD, SMART, STAGE_HISTORY};
use crate::data::list::condition::{Condition, Operand};
use crate::data::list::filter_key::{Family, FilterKey};
use crate::data::list::paging::Paging;
use crate::data::list::plan::Plan;
use crate::data::list::query::Query;
use crate::data::list::shape::Shape;
use crate::data::table::Record;
use crate::data::{PortalData, stages};
use crate::methods::params::strings;

/// A controller with the names of older methods. Its IDs are numbers, as documented; portals of 2022 had strings.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STAGE_HISTORY);
    let schema = &table.schema;
    let of_type = call.required("entityTypeId")?.to_int();
    let has_stages = of_type == OLD_INVOICE
        || state
            .by_type(of_type)
            .is_some_and(|table| has_stages(table.entity));
    if !has_stages {
        let text = format!("Entity type {of_type} is not supported");
        return Err(MethodError::new(400, "ENTITY_TYPE_NOT_SUPPORTED", text));
    }
    let entity_type = Operand::Int(of_type);
    // Leads have statuses where the others have stages.
    let renamed = |name: &str| match name {
        "STATUS_ID" if of_type == LEADS => "STAGE_ID".to_owned(),
        "STATUS_SEMANTIC_ID" if of_type == LEADS => "STAGE_SEMANTIC_ID".to_owned(),
        name => name.to_owned(),
    };
    let at = schema.item("ENTITY_TYPE_ID");
    let of = at.map_or(Condition::Always, |at| Condition::equal(at, entity_type));
    let array = |name: &str| call.params.get(name).and_then(Value::as_array);
    let mut wanted = Array::new();
    for (key, value) in array("filter").into_iter().flat_map(Array::iter) {
        let text = key.to_text();
        let key = FilterKey::parse(&text, Family::Crm);
        let name = renamed(key.name);
        if schema.legacy(&name).is_none() {
            return Err(invalid(format!(
                "Invalid filter: field '{}' is not allowed in filter",
                key.name
            )));
        }
        let prefix = &text[..text.len() - key.name.len()];
        wanted.insert(format!("{prefix}{name}").as_str(), value.clone());
    }
    let mut sorted = Array::new();
    for (key, direction) in array("order").into_iter().flat_map(Array::iter) {
        let said = key.to_text();
        let name = renamed(&said);
        if schema.legacy(&name).is_none() {
            return Err(invalid(format!(
                "Invalid order: field '{said}' is not allowed in order"
            )));
        }
        wanted_direction(&said, direction)?;
        sorted.insert(name.as_str(), direction.clone());
    }
    let filter = legacy_filter::condition(schema, Some(&wanted), call.seconds());
    let order = legacy_filter::order(schema, Some(&sorted));
    let names = strings(call.params.get("select"));
    let names: Vec<String> = names.into_iter().map(renamed).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut select: Vec<usize> = legacy_filter::select(schema, &names).into_iter().collect();
    if of_type == LEADS {
        let category = schema.legacy("CATEGORY_ID");
        select.retain(|at| Some(*at) != category);
    }
    let start = call.start();
    let page = Paging::Controller.page(&Query::new(table, filter.and(of), order), start, call);
    let plan = Plan::new(table, Shape::Item, select).with_upper_names();
    let output = plan.output(Some("items"), &page.ids);
    Ok(page.with_pagination_fields(if of_type == LEADS {
        of_leads(&output)
    } else {
        output
    }))
}

/// The same rows with the names that leads have.
fn of_leads(output: &Output) -> Output {
    let row = |row: &Value| -> Value {
        let fields = row.as_array().into_iter().flat_map(Array::iter);
        let fields = fields.map(|(key, value)| {
            let name = match key.to_text().as_str() {
                "STAGE_ID" => "STATUS_ID".to_owned(),
                "STAGE_SEMANTIC_ID" => "STATUS_SEMANTIC_ID".to_owned(),
                other => other.to_owned(),
            };
            (name, value.clone())
        });
        let mut renamed = Array::new();
        for (name, value) in fields {
            renamed.insert(name.as_str(), value);
        }
        Value::Array(renamed)
    };
    let items = output.to_value().get("items").and_then(Value::as_array);
    let items: Value = items.into_iter().flat_map(Array::values).map(row).collect();
    Output::value(&Value::Array(Array::from_iter([("items", items)])))
}

const LEADS: i64 = 1;
const OLD_INVOICE: i64 = 5;

/// Whether the records of an entity move through stages.
fn has_stages(entity: usize) -> bool {
    entity == LEAD || entity == DEAL || entity >= SMART
}

/// Writes down the stage that a record is in now, if it was made (`from` is nothing) or if it has moved.
pub(super) fn note(
    state: &mut PortalData,
    entity: usize,
    id: u64,
    from: Option<&(String, i64)>,
    now: i64,
) {
    let Some((stage, category)) = stage(state, entity, id) else {
        return;
    };
    let semantic = stages::semantic(&stage);
    let kind = match from {
        None => 1,
        Some((before, of)) if *before == stage && *of == category => return,
        Some((_, of)) if *of != category => 5,
        Some(_) if semantic == "P" => 2,
        Some(_) => 3,
    };
    let of_type = i64::from(state.table(entity).entity_type);
    let table = state.table(STAGE_HISTORY);
    let mut record = Record::default();
    for (name, value) in [
        ("TYPE_ID", Value::Int(kind)),
        ("OWNER_ID", Value::Int(id as i64)),
        ("CREATED_TIME", Value::Text(moment::text(now))),
        ("CATEGORY_ID", Value::Int(category)),
        ("STAGE_SEMANTIC_ID", semantic.into()),
        ("STAGE_ID", stage.into()),
        ("ENTITY_TYPE_ID", Value::Int(of_type)),
    ] {
        if let Some(field) = table.schema.item(name) {
            record.set(field, value);
        }
    }
    state.note_stage(record);
}

/// The stage and the funnel of a record, if records of its kind have stages.
pub(super) fn stage(state: &PortalData, entity: usize, id: u64) -> Option<(String, i64)> {
    if !has_stages(entity) {
        return None;
    }
    let table = state.table(entity);
    let row = table.get(id)?;
    let at = ["STATUS_ID", "STAGE_ID"]
        .iter()
        .find_map(|name| table.schema.legacy(name))?;
    let category = table.schema.legacy("CATEGORY_ID");
    let category = category.and_then(|at| row.cell(at).to_int()).unwrap_or(0);
    Some((row.cell(at).to_text()?, category))
}
