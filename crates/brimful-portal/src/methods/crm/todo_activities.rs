//! `crm.activity.todo.*`: activities that people plan, with a deadline. They are rows of `crm.activity.*`.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::activity;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::ACTIVITY;
use crate::data::records::{OwnerRule, Refusal};
use crate::methods::method::{Handler, Method, write};
use crate::methods::owners;
use crate::methods::params::missing;

const PROVIDER: &str = "CRM_TODO";
const PROVIDER_TYPE: &str = "TODO";

/// The colours of the timeline: seven, and the usual one.
const COLORS: [&str; 8] = ["default", "1", "2", "3", "4", "5", "6", "7"];

const OWNER: OwnerRule = OwnerRule {
    type_field: "ownerTypeId",
    id_field: "ownerId",
    types: &[],
    unknown_type: Refusal {
        code: "NOT_FOUND",
        text: "Not found.",
    },
    not_found: Refusal {
        code: "OWNER_NOT_FOUND",
        text: "Owner was not found",
    },
};

pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("crm", "crm.activity.todo.add", add),
        write!("crm", "crm.activity.todo.update", update),
        write!("crm", "crm.activity.todo.updatedeadline", update_deadline),
        write!(
            "crm",
            "crm.activity.todo.updatedescription",
            update_description
        ),
        write!(
            "crm",
            "crm.activity.todo.updateresponsibleuser",
            update_responsible
        ),
        write!("crm", "crm.activity.todo.updatecolor", update_color),
    ]
    .into_iter()
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// What a call says in a parameter that it has to have.
fn needed<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c Value, MethodError> {
    let value = call.params.get_ignoring_case(name);
    value
        .filter(|value| !value.to_text().trim().is_empty())
        .ok_or_else(|| missing(name))
}

/// Refuses a call that names no owner, or one that is not there.
fn check_owner(state: &PortalData, call: &Call<'_>) -> Result<(), MethodError> {
    needed(call, "ownerTypeId")?;
    needed(call, "ownerId")?;
    owners::check(state, &OWNER, &call.params, call)
}

/// A moment in a parameter, as rows have it.
fn deadline(call: &Call<'_>, name: &str) -> Result<Value, MethodError> {
    let given = needed(call, name)?.to_text();
    let seconds = moment::parse(&given, call.seconds());
    let seconds =
        seconds.ok_or_else(|| refused("WRONG_DATETIME_FORMAT", "Wrong datetime format"))?;
    Ok(Value::Text(moment::text(seconds)))
}

fn with_deadline(values: &mut Vec<(&'static str, Value)>, deadline: &Value) {
    for name in ["DEADLINE", "START_TIME", "END_TIME"] {
        values.push((name, deadline.clone()));
    }
}

/// What a call says beside the deadline, as rows have it. `settings` is what the to-do has of them.
fn with_texts(values: &mut Vec<(&'static str, Value)>, call: &Call<'_>, mut settings: Array) {
    for (param, name) in [("title", "SUBJECT"), ("description", "DESCRIPTION")] {
        if let Some(value) = call.params.get_ignoring_case(param) {
            values.push((name, Value::Text(value.to_text())));
        }
    }
    let mut is_changed = false;
    for (param, name) in [
        ("colorId", "COLOR"),
        ("pingOffsets", "PING_OFFSETS"),
        ("parentActivityId", "PARENT_ACTIVITY_ID"),
    ] {
        if let Some(value) = call.params.get_ignoring_case(param) {
            settings.insert(name, value.clone());
            is_changed = true;
        }
    }
    if is_changed {
        values.push(("SETTINGS", Value::Array(settings)));
    }
}

/// `crm.activity.todo.add(ownerTypeId, ownerId, deadline, …)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_owner(state, call)?;
    let deadline = deadline(call, "deadline")?;
    let responsible = call.params.get_ignoring_case("responsibleId");
    let responsible = responsible.map_or(call.user as i64, Value::to_int);
    let number =
        |name: &str| Value::Int(call.params.get_ignoring_case(name).map_or(0, Value::to_int));
    let mut values = vec![
        ("OWNER_TYPE_ID", number("ownerTypeId")),
        ("OWNER_ID", number("ownerId")),
        ("TYPE_ID", Value::Int(activity::OF_PROVIDER)),
        ("PROVIDER_ID", PROVIDER.into()),
        ("PROVIDER_TYPE_ID", PROVIDER_TYPE.into()),
        ("SUBJECT", "".into()),
    ];
    with_deadline(&mut values, &deadline);
    with_texts(&mut values, call, Array::new());
    let id = activity::insert(state, values, responsible, call);
    Ok(answer(id))
}

fn answer(id: u64) -> Output {
    Output::value(&Value::Array(Array::from_iter([("id", id as i64)])))
}

/// The to-do that a call names. One that is done is not changed; `done` is what is said then.
fn named(state: &PortalData, call: &Call<'_>, done: &str) -> Result<u64, MethodError> {
    let id = u64::try_from(needed(call, "id")?.to_int()).unwrap_or(0);
    check_owner(state, call)?;
    let number = |name: &str| call.params.get_ignoring_case(name).map_or(0, Value::to_int);
    let is_it = state.table(ACTIVITY).contains(id)
        && activity::text(state, id, "PROVIDER_ID") == PROVIDER
        && activity::text(state, id, "OWNER_TYPE_ID") == number("ownerTypeId").to_string()
        && activity::text(state, id, "OWNER_ID") == number("ownerId").to_string();
    if !is_it {
        return Err(refused("NOT_FOUND", "Not found."));
    }
    if activity::text(state, id, "COMPLETED") == "Y" {
        return Err(refused(done, "A completed to-do can't be changed"));
    }
    Ok(id)
}

const DONE: &str = "CAN_NOT_UPDATE_COMPLETED_TODO";

/// `crm.activity.todo.update(id, ownerTypeId, ownerId, deadline, …)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call, DONE)?;
    let deadline = deadline(call, "deadline")?;
    let parent = call.params.get_ignoring_case("parentActivityId");
    let parent = parent.and_then(|parent| u64::try_from(parent.to_int()).ok());
    if let Some(parent) = parent.filter(|parent| state.table(ACTIVITY).contains(*parent))
        && activity::text(state, parent, "COMPLETED") == "Y"
    {
        let text = "A to-do can't be planned after an activity that is completed";
        return Err(refused("ERROR_PARENT_ACTIVITY_RESTRICT", text));
    }
    let mut values = Vec::new();
    with_deadline(&mut values, &deadline);
    with_texts(&mut values, call, activity::map(state, id, "SETTINGS"));
    if let Some(user) = call.params.get_ignoring_case("responsibleId") {
        values.push(("RESPONSIBLE_ID", Value::Int(user.to_int())));
    }
    activity::write(state, id, values, call);
    Ok(answer(id))
}

/// `crm.activity.todo.updateDeadline(id, ownerTypeId, ownerId, value)`
fn update_deadline(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call, DONE)?;
    let mut values = Vec::new();
    with_deadline(&mut values, &deadline(call, "value")?);
    activity::write(state, id, values, call);
    Ok(answer(id))
}

/// `crm.activity.todo.updateDescription(id, ownerTypeId, ownerId, value)`
fn update_description(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call, DONE)?;
    let value = call.params.get_ignoring_case("value");
    let text = value.ok_or_else(|| missing("value"))?.to_text();
    activity::write(state, id, vec![("DESCRIPTION", Value::Text(text))], call);
    Ok(answer(id))
}

/// `crm.activity.todo.updateResponsibleUser(id, ownerTypeId, ownerId, responsibleId)`
fn update_responsible(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(
        state,
        call,
        "CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO",
    )?;
    let user = needed(call, "responsibleId")?.to_int();
    if user <= 0 {
        let text = "Parameter \"responsibleId\" must be greater than 0";
        return Err(refused("INVALID_ARG_VALUE", text));
    }
    activity::write(state, id, vec![("RESPONSIBLE_ID", Value::Int(user))], call);
    Ok(answer(id))
}

/// `crm.activity.todo.updateColor(id, ownerTypeId, ownerId, colorId)`
fn update_color(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call, "CAN_NOT_UPDATE_COLOR_COMPLETED_TODO")?;
    let color = needed(call, "colorId")?.to_text();
    if !COLORS.contains(&&*color) {
        let text = "Invalid color value";
        return Err(refused("CAN_NOT_UPDATE_WRONG_COLOR_TODO", text));
    }
    let mut settings = activity::map(state, id, "SETTINGS");
    settings.insert("COLOR", color);
    activity::write(state, id, vec![("SETTINGS", Value::Array(settings))], call);
    Ok(answer(id))
}
