//! `crm.{lead,deal,contact,company,quote}.userfield.*`: the fields that a portal has added to its records.

use brimful_protocol::{Array, Value};

use super::dictionary::{chosen, written};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::ENTITIES;
use crate::data::schema::{Field, Kind};
use crate::data::table::Table;
use crate::methods::params::legacy_error;

/// The ID of a field, by its place among the fields of its entity.
fn id(entity: usize, at: usize) -> i64 {
    (entity * 1_000 + at * 2 + 1) as i64
}

fn describe(entity: usize, at: usize, field: &Field) -> Array {
    let flag = |flag: bool| if flag { "Y" } else { "N" };
    let mut row = Array::new();
    row.insert("ID", id(entity, at).to_string());
    let of = ENTITIES[entity].name.to_ascii_uppercase();
    row.insert("ENTITY_ID", format!("CRM_{of}"));
    row.insert("FIELD_NAME", field.name.as_ref());
    row.insert("USER_TYPE_ID", field.kind.type_name());
    row.insert("XML_ID", Value::Null);
    row.insert("SORT", "100");
    row.insert("MULTIPLE", flag(field.traits.multiple));
    row.insert("MANDATORY", flag(field.traits.required));
    row.insert("SHOW_FILTER", "E");
    row.insert("SHOW_IN_LIST", "Y");
    row.insert("EDIT_IN_LIST", "Y");
    row.insert("IS_SEARCHABLE", "N");
    row.insert("SETTINGS", Array::from_iter([("DEFAULT_VALUE", "")]));
    row
}

fn rows(table: &Table, label: impl Fn(&Field) -> Value) -> Vec<Array> {
    let fields = table.schema.fields().iter().enumerate();
    let user_fields = fields.filter(|(_, field)| field.is_user_field());
    user_fields
        .map(|(at, field)| {
            let mut row = describe(table.entity, at, field);
            for name in ["EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"] {
                row.insert(name, label(field));
            }
            row.insert("ERROR_MESSAGE", Value::Null);
            row.insert("HELP_MESSAGE", Value::Null);
            if let Kind::Enumeration(items) = field.kind {
                row.insert("LIST", items.iter().map(choice).collect::<Value>());
            }
            row
        })
        .collect()
}

fn choice((id, value): &(i64, &'static str)) -> Array {
    let mut choice = Array::new();
    choice.insert("ID", id.to_string());
    choice.insert("SORT", (id * 10).to_string());
    choice.insert("VALUE", *value);
    choice.insert("DEF", "N");
    choice
}

/// `crm.*.userfield.list`: all of them at once, with a `total`. Labels come if a language is asked for by `LANG`.
pub(crate) fn list<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let mut filter = call.legacy_array("filter").cloned().unwrap_or_default();
    let labelled = filter.remove("LANG").is_some();
    let label = |field: &Field| {
        if labelled {
            field.title.as_ref().into()
        } else {
            Value::Null
        }
    };
    let rows = chosen(rows(state.table(ENTITY), label), Some(&filter));
    let mut output = written(None, &rows);
    output.total = Some(rows.len() as i64);
    Ok(output)
}

/// `crm.*.userfield.get`: the labels by language.
pub(crate) fn get<const ENTITY: usize>(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    if id <= 0 {
        return Err(legacy_error("ID is not defined or invalid."));
    }
    let label = |field: &Field| {
        let title = field.title.as_ref();
        Value::Array(Array::from_iter([("ru", title), ("en", title)]))
    };
    let found = rows(state.table(ENTITY), label)
        .into_iter()
        .find(|row| row.get("ID").is_some_and(|of| of.to_int() == id));
    let found = found.ok_or_else(|| {
        let text = format!("The entity with ID '{id}' is not found.");
        MethodError::new(400, "ERROR_NOT_FOUND", text)
    })?;
    Ok(Output::value(&Value::Array(found)))
}

/// `crm.*.userfield.add`: a field that all records have from now on, and that is empty in all of them. Its name gets
/// `UF_CRM_` in front of it.
pub(crate) fn add<const ENTITY: usize>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let Some(fields) = call.legacy_array("fields") else {
        return Err(legacy_error("Parameter 'fields' must be array."));
    };
    let text = |name: &str| fields.get(name).map(Value::to_text).unwrap_or_default();
    let kind = text("USER_TYPE_ID");
    if kind.is_empty() {
        return Err(legacy_error("The 'USER_TYPE_ID' field is not found."));
    }
    let given = text("FIELD_NAME").to_ascii_uppercase();
    let bare = given.strip_prefix("UF_CRM_").unwrap_or(&given);
    let name = if bare.is_empty() {
        format!("UF_CRM_{}", call.seconds())
    } else {
        format!("UF_CRM_{bare}")
    };
    let table = state.table_mut(ENTITY);
    if table.schema.legacy(&name).is_some() {
        return Err(legacy_error(&format!("The field {name} already exists.")));
    }
    let labels = ["LABEL", "EDIT_FORM_LABEL", "LIST_COLUMN_LABEL"].map(text);
    let title = labels
        .into_iter()
        .find(|label| !label.is_empty() && label != "Array");
    let mut field = Field::of_user(&name, &kind, title.as_deref().unwrap_or(&name));
    field.traits.multiple = text("MULTIPLE") == "Y";
    field.traits.required = text("MANDATORY") == "Y";
    let at = table.schema.push(field);
    Ok(Output::value(&Value::Int(id(ENTITY, at))))
}
