//! What calls write to tasks: fields of REST 3.0 become those of the record.

use brimful_protocol::{Array, Value};

use super::dto::{Field, Kind};
use super::error;
use super::task_fields::TASK_DTO;
use crate::context::MethodError;
use crate::context::moment;
use crate::data::PortalData;
use crate::data::entities::{TASK, USER};

/// The fields that a new task must have.
pub(super) const REQUIRED: [&str; 3] = ["title", "creatorId", "responsibleId"];

/// Whether a task is being made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    New,
    /// The task with this ID.
    Change(u64),
}

/// The record's fields for `fields`.
pub(super) fn translated(
    state: &PortalData,
    fields: &Array,
    writing: Writing,
    now: i64,
) -> Result<Array, MethodError> {
    let missing = |name: &&&str| match fields.get(name) {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str().is_some_and(|text| text.trim().is_empty()),
    };
    let missing: Vec<&str> = REQUIRED
        .iter()
        .filter(|_| writing == Writing::New)
        .filter(missing)
        .copied()
        .collect();
    if !missing.is_empty() {
        let say = |name| (name, format!("Required field `{name}` is not specified"));
        return Err(error::validation(missing.into_iter().map(say)));
    }
    let mut record = Array::new();
    for (key, value) in fields.iter() {
        let name = key.to_text();
        let field = TASK_DTO
            .field(&name)
            .ok_or_else(|| error::unknown_field(&name, TASK_DTO.name))?;
        let Some(column) = column(field, writing) else {
            return Err(error::lacks("Editable", TASK_DTO.name, &name));
        };
        record.insert(column, stored(field, value, now)?);
        exists(state, field, value, writing)?;
    }
    Ok(record)
}

/// The field of the record that a field writes, if it may be written.
fn column(field: &Field, writing: Writing) -> Option<&'static str> {
    match (field.name, writing) {
        ("accomplices", _) => Some("ACCOMPLICES"),
        ("auditors", _) => Some("AUDITORS"),
        // Who makes a task is said once.
        ("creatorId", Writing::New) => Some("CREATED_BY"),
        _ => field.column().filter(|_| field.traits.editable),
    }
}

/// A value as records hold it. Types are not cast.
fn stored(field: &Field, value: &Value, now: i64) -> Result<Value, MethodError> {
    let wrong = || error::wrong_type(field.name, field.kind.expected());
    match (field.kind, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Kind::Int | Kind::Count, Value::Int(number)) => Ok(Value::Int(*number)),
        (Kind::Text, Value::Text(text)) => Ok(Value::Text(text.clone())),
        (Kind::Moment, Value::Text(text)) => moment::parse(text, now)
            .map(|seconds| Value::Text(moment::text(seconds)))
            .ok_or_else(wrong),
        (Kind::Flag, Value::Bool(flag)) => Ok(if *flag { "Y" } else { "N" }.into()),
        (Kind::Flag, Value::Text(text)) if text == "Y" || text == "N" => Ok(value.clone()),
        (Kind::List, Value::Array(values)) => Ok(Value::Array(values.clone())),
        (Kind::Words(words), Value::Text(text)) => words
            .iter()
            .find(|(_, word)| word == text)
            .map(|(number, _)| Value::from(*number))
            .ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// Whether what a field names is there.
fn exists(
    state: &PortalData,
    field: &Field,
    value: &Value,
    writing: Writing,
) -> Result<(), MethodError> {
    let id = u64::try_from(value.to_int()).unwrap_or(0);
    let complaint = match field.name {
        "responsibleId" if !state.table(USER).contains(id) => {
            "The user specified in the \"Assignee\" field was not found"
        }
        "creatorId" if !state.table(USER).contains(id) => "",
        "parentId" if writing == Writing::Change(id) => "A node cannot be attached to itself",
        "parentId" if id > 0 && !state.table(TASK).contains(id) => {
            "The task specified in the \"Parent task\" field was not found"
        }
        _ => return Ok(()),
    };
    Err(error::validation([(field.name, complaint.to_owned())]))
}
