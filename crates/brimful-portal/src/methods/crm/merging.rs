//! `crm.entity.mergeBatch`: several records become the first of them. And the fields that duplicates may be looked for by.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{COMPANY, CONTACT, LEAD};
use crate::data::schema::Class;

/// The types of records that can be duplicates, and their tables.
const TYPES: [(i64, usize); 3] = [(1, LEAD), (3, CONTACT), (4, COMPANY)];

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "0", text)
}

fn table_of(kind: i64) -> Option<usize> {
    let mut types = TYPES.into_iter();
    types
        .find(|(known, _)| *known == kind)
        .map(|(_, table)| table)
}

/// `crm.entity.mergeBatch(params)`: what the first record lacks it takes from the others, which are deleted.
pub(crate) fn merge(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = call.params.get("params").and_then(Value::as_array).cloned();
    let given = given.unwrap_or_default();
    let kind = given.get("entityTypeId").map_or(0, Value::to_int);
    if kind == 0 {
        return Err(refused("The parameter entityTypeId is required."));
    }
    let entity = table_of(kind);
    let entity = entity.ok_or_else(|| refused(&format!("Entity type {kind} is not supported")))?;
    let ids = given.get("entityIds").and_then(Value::as_array);
    let ids: Vec<u64> = ids
        .into_iter()
        .flat_map(Array::values)
        .filter_map(|id| u64::try_from(id.to_int()).ok().filter(|id| *id > 0))
        .collect();
    if ids.is_empty() {
        let text = "The parameter entityIds does not contains valid elements.";
        return Err(refused(text));
    }
    let [first, others @ ..] = ids.as_slice() else {
        return Err(refused(
            "The parameter entityIds must contains at least two elements.",
        ));
    };
    if others.is_empty() {
        return Err(refused(
            "The parameter entityIds must contains at least two elements.",
        ));
    }
    let table = state.table(entity);
    if ids.iter().any(|id| !table.contains(*id)) {
        return Err(refused("Owner was not found"));
    }
    let mut taken = Vec::new();
    for (at, field) in table.schema.fields().iter().enumerate().skip(1) {
        let is_empty = |id: u64| match table.row(id).cell(at) {
            Cell::Null => true,
            Cell::Stored(Value::Array(values)) => values.is_empty(),
            cell => cell.to_text().is_none_or(|text| text.is_empty()),
        };
        if field.traits.read_only || !is_empty(*first) {
            continue;
        }
        let Some(other) = others.iter().find(|id| !is_empty(**id)) else {
            continue;
        };
        let row = table.row(*other);
        let value = match row.cell(at) {
            Cell::Stored(value) => value.clone(),
            cell => match field.kind.class() {
                Class::Integer => cell.to_int().map_or(Value::Null, Value::Int),
                Class::Number => cell.to_float().map_or(Value::Null, Value::Float),
                _ => cell.to_text().map_or(Value::Null, Value::Text),
            },
        };
        taken.push((at, value));
    }
    state.table_mut(entity).update(*first, taken);
    for id in others {
        state.delete_row(entity, *id);
    }
    let mut answer = Array::from_iter([("STATUS", "SUCCESS")]);
    let gone = others.iter().map(|id| Value::Int(*id as i64));
    answer.insert("ENTITY_IDS", gone.collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}

/// `crm.duplicate.volatileType.fields(entityTypeId)`: the fields with texts.
pub(crate) fn fields(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let wanted = call
        .params
        .get_ignoring_case("entityTypeId")
        .map(Value::to_int);
    let types = TYPES
        .into_iter()
        .filter(|(kind, _)| wanted.is_none_or(|wanted| wanted == *kind));
    let mut fields = Vec::new();
    for (kind, entity) in types {
        for field in state.table(entity).schema.fields() {
            let is_text = matches!(field.kind.class(), Class::Text);
            if field.traits.read_only || field.traits.multiple || !is_text {
                continue;
            }
            let mut about = Array::from_iter([("entityTypeId", kind)]);
            about.insert("fieldCode", &*field.name);
            about.insert("fieldTitle", &*field.title);
            fields.push(about);
        }
    }
    Ok(Output::value(&fields.into_iter().collect::<Value>()))
}
