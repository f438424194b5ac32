//! `crm.requisite.userfield.*` and `crm.invoice.userfield.*`: the fields that a portal has added to requisites and to older
//! invoices.

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::dictionary::{chosen, written};
use super::user_fields::{LABELS, described, merged, named_and_typed, refused, sort};
use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::fixtures::collection::to_json;
use crate::data::records::{self, RecordTable};
use crate::methods::params::legacy_error;

/// The kind that the methods of a call are about.
fn kind(call: &Call<'_>) -> String {
    let kind = call.method.rsplit_once('.').map(|(kind, _)| kind);
    kind.unwrap_or_default().to_owned()
}

/// What the fields of a kind belong to: `CRM_REQUISITE`.
fn entity(call: &Call<'_>) -> String {
    let name = kind(call);
    let name = name
        .trim_start_matches("crm.")
        .trim_end_matches(".userfield");
    format!("CRM_{}", name.to_ascii_uppercase())
}

fn table<'s>(state: &'s PortalData, call: &Call<'_>) -> Result<&'s RecordTable, MethodError> {
    let place = records::place(&kind(call)).ok_or_else(errors::method_not_found)?;
    Ok(&state.records[place])
}

fn table_mut<'s>(
    state: &'s mut PortalData,
    call: &Call<'_>,
) -> Result<&'s mut RecordTable, MethodError> {
    let place = records::place(&kind(call)).ok_or_else(errors::method_not_found)?;
    Ok(&mut state.records[place])
}

/// The fields, in the order in which they came.
fn rows(state: &PortalData, call: &Call<'_>) -> Result<Vec<Array>, MethodError> {
    let rows = table(state, call)?.rows();
    Ok(rows.map(|(_, row)| array(row)).collect())
}

fn array(row: &Map<String, Json>) -> Array {
    match Value::from(Json::Object(row.clone())) {
        Value::Array(row) => row,
        _ => Array::new(),
    }
}

/// The number of the field that a call names.
fn named(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| legacy_error("ID is not defined or invalid."))?;
    if table(state, call)?.get(id).is_none() {
        let text = format!("The entity with ID '{id}' is not found.");
        return Err(MethodError::new(400, "ERROR_NOT_FOUND", text));
    }
    Ok(id)
}

fn keep(state: &mut PortalData, call: &Call<'_>, id: u64, row: &Array) -> Result<(), MethodError> {
    if let Json::Object(row) = to_json(&Value::Array(row.clone())) {
        let mut row = row;
        row.insert("ID".to_owned(), Json::from(id.to_string()));
        table_mut(state, call)?.load(vec![row]);
    }
    Ok(())
}

/// `crm.requisite.userfield.list`: labels come in the language that `LANG` of the filter names.
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut filter = call.legacy_array("filter").cloned().unwrap_or_default();
    let language = filter.remove("LANG");
    let mut all = rows(state, call)?;
    for row in &mut all {
        for name in LABELS {
            let text = language.as_ref().and_then(|language| {
                let texts = row.get(name)?;
                texts.get(&language.to_text()).cloned()
            });
            row.insert(name, text.unwrap_or_default());
        }
    }
    let mut all = chosen(all, Some(&filter));
    sort(&mut all, call.legacy_array("order"));
    let mut output = written(None, &all);
    output.total = Some(all.len() as i64);
    Ok(output)
}

/// `crm.requisite.userfield.get`: the labels by language.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let row = table(state, call)?.get(id).map(array).unwrap_or_default();
    Ok(Output::value(&Value::Array(row)))
}

/// `crm.requisite.userfield.add`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let Some(fields) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let (name, kind) = named_and_typed(fields, "UF_CRM_")?;
    let is_it = |row: &Array| row.get("FIELD_NAME").is_some_and(|of| of.to_text() == name);
    if rows(state, call)?.iter().any(is_it) {
        return Err(refused(&format!(
            "The field {name} for the {} object already exists.",
            entity(call)
        )));
    }
    let id = table(state, call)?.last() + 1;
    let mut row = Array::new();
    row.insert("ID", id.to_string());
    row.insert("ENTITY_ID", entity(call));
    row.insert("FIELD_NAME", name);
    for (name, value) in described(fields, &kind, id as i64)?.iter() {
        row.insert(name.clone(), value.clone());
    }
    keep(state, call, id, &row)?;
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `crm.requisite.userfield.update`: what is given, but for the name and the type.
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let Some(given) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let known = table(state, call)?.get(id).map(array).unwrap_or_default();
    let row = merged(known, given, id as i64)?;
    keep(state, call, id, &row)?;
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.requisite.userfield.delete`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    table_mut(state, call)?.delete(id);
    Ok(Output::value(&Value::Bool(true)))
}
