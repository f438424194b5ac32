//! `crm.activity.*`: activities of records. The record that owns one also goes by the older names `ENTITY_TYPE` and
//! `ENTITY_ID`.

use std::ops::RangeInclusive;

use brimful_protocol::{Array, Key, Value};

use super::{legacy, store};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::ACTIVITY;
use crate::methods::owners;
use crate::methods::params::legacy_error;

/// The older names of the owner.
const OLDER: [(&str, &str); 2] = [("ENTITY_TYPE", "OWNER_TYPE_ID"), ("ENTITY_ID", "OWNER_ID")];

pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    rename(&mut call.params);
    legacy::list::<ACTIVITY>(state, call)
}

pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    rename(&mut call.params);
    let responsible = responsible(state, call);
    check(state, call, responsible)?;
    let fields = call.legacy_array("fields");
    let kind = fields.and_then(|fields| fields.get("TYPE_ID"));
    let provider = provider(kind.map_or(0, Value::to_int));
    let output = legacy::add::<ACTIVITY>(state, call)?;
    let id = u64::try_from(output.to_value().to_int()).unwrap_or(0);
    begin(state, id, responsible, call);
    if let Some((provider, kind)) = provider {
        let values = [
            ("PROVIDER_ID", provider.into()),
            ("PROVIDER_TYPE_ID", kind.into()),
        ];
        set_where_empty(state, id, values);
    }
    Ok(output)
}

/// Adds an activity of a provider; returns its ID.
pub(in crate::methods) fn insert(
    state: &mut PortalData,
    values: Vec<(&'static str, Value)>,
    responsible: i64,
    call: &Call<'_>,
) -> u64 {
    let values = by_field(state, values);
    let id = store::add(state, ACTIVITY, values, legacy::author(call));
    begin(state, id, responsible, call);
    id
}

/// Writes to an activity, and who did it when.
pub(super) fn write(
    state: &mut PortalData,
    id: u64,
    mut values: Vec<(&'static str, Value)>,
    call: &Call<'_>,
) {
    values.push(("LAST_UPDATED", Value::Text(moment::text(call.seconds()))));
    values.push(("EDITOR_ID", Value::Int(call.user as i64)));
    let values = by_field(state, values);
    store::update(state, ACTIVITY, id, values, legacy::author(call));
}

fn by_field(state: &PortalData, values: Vec<(&'static str, Value)>) -> Vec<(usize, Value)> {
    let schema = &state.table(ACTIVITY).schema;
    let values = values.into_iter();
    values
        .filter_map(|(name, value)| Some((schema.legacy(name)?, value)))
        .collect()
}

/// A field of an activity as text; empty if it has none.
pub(super) fn text(state: &PortalData, id: u64, name: &str) -> String {
    let table = state.table(ACTIVITY);
    let at = table.schema.legacy(name);
    let text = at.and_then(|at| table.row(id).cell(at).to_text());
    text.unwrap_or_default()
}

/// A field of an activity that has a map.
pub(super) fn map(state: &PortalData, id: u64, name: &str) -> Array {
    let table = state.table(ACTIVITY);
    let at = table.schema.legacy(name);
    match at.map(|at| table.row(id).cell(at)) {
        Some(Cell::Stored(Value::Array(map))) => map.clone(),
        _ => Array::new(),
    }
}

/// Sets what every new activity has, where nothing else is said.
fn begin(state: &mut PortalData, id: u64, responsible: i64, call: &Call<'_>) {
    let now = || Value::Text(moment::text(call.seconds()));
    let user = || Value::Int(call.user as i64);
    set_where_empty(
        state,
        id,
        [
            ("CREATED", now()),
            ("LAST_UPDATED", now()),
            ("AUTHOR_ID", user()),
            ("EDITOR_ID", user()),
            ("RESPONSIBLE_ID", Value::Int(responsible)),
            ("COMPLETED", "N".into()),
            ("STATUS", Value::Int(1)),
            ("PRIORITY", Value::Int(2)),
            ("DESCRIPTION", "".into()),
            ("DESCRIPTION_TYPE", Value::Int(1)),
            ("DIRECTION", Value::Int(0)),
            ("LOCATION", "".into()),
            ("SETTINGS", Value::Array(Array::new())),
            ("PROVIDER_PARAMS", Value::Array(Array::new())),
            ("ASSOCIATED_ENTITY_ID", Value::Int(0)),
            ("NOTIFY_TYPE", Value::Int(0)),
            ("NOTIFY_VALUE", Value::Int(0)),
            ("RESULT_STATUS", Value::Int(0)),
            ("RESULT_STREAM", Value::Int(0)),
            ("RESULT_MARK", Value::Int(0)),
            ("AUTOCOMPLETE_RULE", Value::Int(0)),
        ],
    );
}

pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    rename(&mut call.params);
    let subject = call.legacy_array("fields");
    let subject = subject.and_then(|fields| fields.get("SUBJECT"));
    if subject.is_some_and(|subject| subject.to_text().trim().is_empty()) {
        return Err(legacy_error("The field SUBJECT is not defined or empty."));
    }
    legacy::update::<ACTIVITY>(state, call)
}

/// Activities that people make. Those of other types need an application, or the methods of tasks.
const MEETING: i64 = 1;
const CALL: i64 = 2;
const EMAIL: i64 = 4;

/// All types that there are, as `crm.enum.activitytype` lists them: also tasks, actions of the timeline and those of a
/// provider.
const TYPES: RangeInclusive<i64> = 1..=6;
pub(super) const OF_PROVIDER: i64 = 6;

/// Activities that applications make. Some have methods of their own.
pub(super) const CONFIGURABLE: &str = "CONFIGURABLE_REST_APP";
const OF_APPLICATION: &str = "REST_APP";

const NO_BINDING: &str = "Could not build binding. Please ensure that owner info and communications are defined correctly.";

/// What an activity of this type belongs to, where the call does not say it.
fn provider(kind: i64) -> Option<(&'static str, &'static str)> {
    match kind {
        MEETING => Some(("CRM_MEETING", "MEETING")),
        CALL => Some(("VOXIMPLANT_CALL", "CALL")),
        EMAIL => Some(("CRM_EMAIL", "EMAIL")),
        _ => None,
    }
}

/// Who is responsible for a new activity: who is named, or else who is responsible for its owner. 0 if there is nobody.
fn responsible(state: &PortalData, call: &Call<'_>) -> i64 {
    let fields = call.legacy_array("fields");
    let number = |name: &str| {
        fields
            .and_then(|fields| fields.get(name))
            .map_or(0, Value::to_int)
    };
    let named = number("RESPONSIBLE_ID");
    if named > 0 {
        return named;
    }
    let of_owner = || {
        let table = state.by_type(number("OWNER_TYPE_ID"))?;
        let id = u64::try_from(number("OWNER_ID")).ok()?;
        if !table.contains(id) {
            return None;
        }
        table
            .row(id)
            .cell(table.schema.legacy("ASSIGNED_BY_ID")?)
            .to_int()
    };
    of_owner().unwrap_or(0)
}

/// Refuses an activity that lacks what it needs.
fn check(state: &PortalData, call: &Call<'_>, responsible: i64) -> Result<(), MethodError> {
    let fields = call.legacy_array("fields");
    let given = |name: &str| fields.and_then(|fields| fields.get(name));
    let number = |name: &str| given(name).map_or(0, Value::to_int);
    for owner in ["OWNER_TYPE_ID", "OWNER_ID"] {
        if number(owner) <= 0 {
            return Err(legacy_error(&format!(
                "The field {owner} is required or invalid."
            )));
        }
    }
    let kind = number("TYPE_ID");
    if !TYPES.contains(&kind) {
        return Err(legacy_error("The field TYPE_ID is not defined or invalid."));
    }
    check_provider(call, kind)?;
    if given("SUBJECT").is_none_or(|subject| subject.to_text().trim().is_empty()) {
        return Err(legacy_error("The field SUBJECT is not defined or empty."));
    }
    if responsible <= 0 {
        return Err(legacy_error(
            "The field RESPONSIBLE_ID is not defined or invalid.",
        ));
    }
    let communications = given("COMMUNICATIONS").and_then(Value::as_array);
    let count = communications.map_or(0, |all| all.values().count());
    if matches!(kind, MEETING | CALL | EMAIL) {
        if count == 0 {
            return Err(legacy_error(
                "The field COMMUNICATIONS is not defined or invalid.",
            ));
        }
        if kind == CALL && count > 1 {
            return Err(legacy_error(
                "The only one communication is allowed for activity of specified type.",
            ));
        }
    }
    if !owners::is_type(state, &number("OWNER_TYPE_ID").to_string()) {
        return Err(legacy_error(NO_BINDING));
    }
    Ok(())
}

/// Refuses an activity of a provider that this method makes none of.
fn check_provider(call: &Call<'_>, kind: i64) -> Result<(), MethodError> {
    let fields = call.legacy_array("fields");
    let provider = fields.and_then(|fields| fields.get("PROVIDER_ID"));
    let provider = provider.map(Value::to_text).unwrap_or_default();
    let is_usual = matches!(kind, MEETING | CALL | EMAIL);
    let why = match provider.as_str() {
        CONFIGURABLE => "Use crm.activity.configurable.add for this activity provider.",
        OF_APPLICATION if call.application.is_none() => "Application context required.",
        _ if is_usual || (kind == OF_PROVIDER && !provider.is_empty()) => return Ok(()),
        _ => "The custom activity without provider is not supported in current context.",
    };
    Err(legacy_error(why))
}

/// `crm.activity.get`: with the records that it is bound to.
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = legacy::existing(state.table(ACTIVITY), call)?;
    let output = legacy::get::<ACTIVITY>(state, call)?;
    let table = state.table(ACTIVITY);
    let row = table.row(id);
    let text = |name: &str| {
        let at = table.schema.legacy(name)?;
        row.cell(at).to_text()
    };
    let Value::Array(activity) = output.to_value() else {
        return Ok(output);
    };
    let mut activity = activity.clone();
    let owner = ["OWNER_ID", "OWNER_TYPE_ID"].map(|name| (name, text(name).unwrap_or_default()));
    let bindings: Value = [Array::from_iter(owner)].into_iter().collect();
    activity.insert("BINDINGS", bindings);
    Ok(Output::value(&Value::Array(activity)))
}

fn set_where_empty<const N: usize>(state: &mut PortalData, id: u64, values: [(&str, Value); N]) {
    let table = state.table_mut(ACTIVITY);
    let row = table.row(id);
    let empty = |(name, value): (&str, Value)| {
        let field = table.schema.legacy(name)?;
        row.cell(field).is_empty().then_some((field, value))
    };
    let values: Vec<(usize, Value)> = values.into_iter().filter_map(empty).collect();
    table.update(id, values);
}

/// Puts today's names in the place of the older ones, whatever prefix stands before them.
fn rename(params: &mut Array) {
    for value in params.values_mut() {
        let Value::Array(inner) = value else { continue };
        *inner = inner
            .iter()
            .map(|(key, value)| (today(key), value.clone()))
            .collect();
    }
}

fn today(key: &Key) -> Key {
    let Key::Text(text) = key else {
        return key.clone();
    };
    for (older, name) in OLDER {
        if let Some(prefix) = text.strip_suffix(older)
            && !prefix.contains(|c: char| c.is_alphanumeric() || c == '_')
        {
            return Key::new(&format!("{prefix}{name}"));
        }
    }
    key.clone()
}
