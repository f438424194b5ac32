//! `*.field.list` and `*.field.get`: what is known about the fields of objects.

use brimful_protocol::{Array, Value};

use super::dto::{Dto, Field, Kind, always};
use super::event_log::EVENT_LOG_DTO;
use super::params::under;
use super::select::Selection;
use super::task_fields::TASK_DTO;
use super::{error, task_writing};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;

/// The objects that have fields to list.
pub(super) const TASK: usize = 0;
pub(super) const EVENT_LOG: usize = 1;
const DTOS: [&Dto; 2] = [&TASK_DTO, &EVENT_LOG_DTO];

/// What is said about a field.
pub(super) static FIELD_DTO: Dto = Dto {
    name: "DtoFieldDto",
    fields: &[
        always("name", Kind::Text, "null"),
        always("type", Kind::Text, "null"),
        always("title", Kind::Text, "null"),
        always("description", Kind::Text, "null"),
        always("validationRules", Kind::List, "null"),
        always("requiredGroups", Kind::List, "null"),
        always("filterable", Kind::Flag, "null"),
        always("sortable", Kind::Flag, "null"),
        always("editable", Kind::Flag, "null"),
        always("multiple", Kind::Flag, "null"),
        always("elementType", Kind::Text, "null"),
    ],
};

pub(super) fn list<const OF: usize>(
    _: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let selection = selection(call)?;
    let items: Value = DTOS[OF]
        .fields
        .iter()
        .map(|field| describe(field, &selection))
        .collect();
    Ok(Output::value(&under("items", items)))
}

pub(super) fn get<const OF: usize>(
    _: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let selection = selection(call)?;
    let name = match call.params.get("name") {
        None | Some(Value::Null) => return Err(error::required("name")),
        Some(Value::Text(name)) => name,
        Some(_) => return Err(error::wrong_type("name", "string")),
    };
    let field = DTOS[OF]
        .field(name)
        .ok_or_else(|| error::entity_not_found(name))?;
    Ok(Output::value(&under("item", describe(field, &selection))))
}

fn selection(call: &Call<'_>) -> Result<Selection, MethodError> {
    let selection = Selection::parse_strictly(&FIELD_DTO, call.params.get("select"))?;
    Ok(selection.unwrap_or_else(|| Selection::base(&FIELD_DTO)))
}

fn describe(field: &Field, selection: &Selection) -> Array {
    let value = |name: &str| -> Value {
        match name {
            "name" | "title" => field.name.into(),
            "type" => field.kind.type_name().into(),
            "filterable" => field.traits.filterable.into(),
            "sortable" => field.traits.sortable.into(),
            "editable" => field.traits.editable.into(),
            "multiple" => field.is_multiple().into(),
            "elementType" => field
                .related()
                .map_or(Value::Null, |related| related.name.into()),
            "requiredGroups" if task_writing::REQUIRED.contains(&field.name) => {
                ["add"].into_iter().collect()
            }
            "validationRules" | "requiredGroups" => Value::Array(Array::new()),
            _ => Value::Null,
        }
    };
    selection
        .fields()
        .map(|(of, _)| (of.name, value(of.name)))
        .collect()
}
