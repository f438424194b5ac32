//! `rpa.type.*` and `rpa.fields.*`: processes, and which fields of their elements are shown where.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Value as Json, json};

use super::{fields, named, nothing, process, under};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::fixtures::collection::to_json;
use crate::data::records::rpa::{ITEMS, STAGES, TASKS, TIMELINE, TYPES, VISIBILITY};
use crate::methods::chats::refused;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::record_rows::{self, number, rows, text};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("rpa", "rpa.type.add", add),
        write!("rpa", "rpa.type.update", update),
        write!("rpa", "rpa.type.delete", delete),
        read!("rpa", "rpa.fields.getsettings", settings),
        write!("rpa", "rpa.fields.setsettings", set_settings),
        write!("rpa", "rpa.fields.setvisibilitysettings", set_visibility),
    ]
    .into_iter()
}

/// The permissions of a process, with their numbers.
fn permissions(process: u64, given: &Value) -> Json {
    let given = given.as_array().into_iter().flat_map(Array::values);
    let permissions = given.filter_map(Value::as_array).enumerate();
    permissions
        .map(|(place, permission)| {
            let value = |name: &str| permission.get(name).map(Value::to_text);
            json!({
                "id": (place + 1).to_string(), "entity": "TYPE", "entityId": process.to_string(),
                "accessCode": value("accessCode"), "action": value("action"),
                "permission": value("permission"),
            })
        })
        .collect()
}

fn shown(state: &PortalData, id: u64) -> Output {
    let process = record_rows::row(state, TYPES, id).cloned();
    under(
        "type",
        Value::from(Json::Object(process.unwrap_or_default())),
    )
}

/// Writes the permissions that a call gives.
fn set_permissions(state: &mut PortalData, call: &Call<'_>, id: u64, fields: &Array) {
    if let Some(given) = fields.get("permissions") {
        let permissions = permissions(id, given);
        record_rows::set(state, call, TYPES, id, &[("permissions", permissions)]);
    }
}

/// `rpa.type.add(fields)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = fields(call)?;
    if fields.get("title").is_none_or(|title| !title.is_truthy()) {
        return Err(refused("0", "Required fields: title"));
    }
    let id = record_rows::add(state, call, TYPES, &fields);
    set_permissions(state, call, id, &fields);
    Ok(shown(state, id))
}

/// `rpa.type.update(id, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, TYPES)?;
    let fields = fields(call)?;
    record_rows::update(state, call, TYPES, id, &fields);
    set_permissions(state, call, id, &fields);
    Ok(shown(state, id))
}

/// `rpa.type.delete(id)`: with all that belongs to it.
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (id, _) = named(state, call, TYPES)?;
    for kind in [STAGES, ITEMS, TASKS, TIMELINE, VISIBILITY] {
        record_rows::delete_where(state, kind, |row| number(row, "typeId") == id);
    }
    record_rows::delete(state, TYPES, id);
    Ok(nothing())
}

/// The process and the stage that settings are of; 0 is not a stage.
fn place(state: &PortalData, call: &Call<'_>) -> Result<(u64, u64), MethodError> {
    let process = process(state, call)?;
    Ok((process, record_rows::given_number(call, "stageId")))
}

/// `rpa.fields.getSettings(typeId, stageId)`
fn settings(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let place = place(state, call)?;
    let mut settings = Array::new();
    for (_, row) in rows(state, VISIBILITY) {
        if (number(row, "typeId"), number(row, "stageId")) != place {
            continue;
        }
        let names = row.get("fields").and_then(Json::as_array);
        let names = names.into_iter().flatten().filter_map(Json::as_str);
        let names: Array = names.map(|name| (name, true)).collect();
        settings.insert(text(row, "visibility").as_str(), names);
    }
    Ok(under("fields", settings))
}

/// Has these fields shown in one way, and no others.
fn show(
    state: &mut PortalData,
    call: &Call<'_>,
    (process, stage): (u64, u64),
    visibility: &str,
    fields: &Value,
) {
    record_rows::delete_where(state, VISIBILITY, |row| {
        (number(row, "typeId"), number(row, "stageId")) == (process, stage)
            && text(row, "visibility") == visibility
    });
    let names = fields.as_array().into_iter().flat_map(Array::values);
    let names: Json = names.map(to_json).collect();
    let mut given = Array::from_iter([("typeId", process as i64), ("stageId", stage as i64)]);
    given.insert("visibility", visibility);
    given.insert("fields", Value::from(names));
    record_rows::add(state, call, VISIBILITY, &given);
}

/// `rpa.fields.setSettings(typeId, stageId, fields)`: all settings; none if `fields` is empty.
fn set_settings(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let place = place(state, call)?;
    let all = fields(call)?;
    record_rows::delete_where(state, VISIBILITY, |row| {
        (number(row, "typeId"), number(row, "stageId")) == place
    });
    for (visibility, names) in all.iter() {
        show(state, call, place, &visibility.to_text(), names);
    }
    settings(state, call)
}

/// `rpa.fields.setVisibilitySettings(typeId, visibility, stageId, fields)`: the other settings stay.
fn set_visibility(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let place = place(state, call)?;
    let visibility = call.required("visibility")?.to_text();
    let names = Value::Array(fields(call)?);
    show(state, call, place, &visibility, &names);
    settings(state, call)
}
