//! `crm.activity.configurable.*`: activities whose look an application describes. They are rows of `crm.activity.*`.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Value as Json, json};

use super::activity;
use super::store::is_yes;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::ACTIVITY;
use crate::data::fixtures::collection::to_json;
use crate::data::records::RecordTable;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::owners;
use crate::methods::params::missing;

/// The type of an activity that names none.
const USUAL_TYPE: &str = "CONFIGURABLE";

pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("crm", "crm.activity.configurable.add", add),
        write!("crm", "crm.activity.configurable.update", update),
        read!("crm", "crm.activity.configurable.get", get),
    ]
    .into_iter()
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

fn answer(id: u64) -> Output {
    Output::value(&Value::from(json!({ "activity": { "id": id } })))
}

/// The texts and flags of a call by the fields of rows.
fn with_fields(
    values: &mut Vec<(&'static str, Value)>,
    fields: &Array,
    call: &Call<'_>,
) -> Result<(), MethodError> {
    if let Some(deadline) = fields.get("deadline") {
        let given = deadline.to_text();
        let seconds = moment::parse(&given, call.seconds());
        if seconds.is_none() && !given.is_empty() {
            return Err(refused(
                "WRONG_FIELD_VALUE",
                "Wrong value of the field deadline",
            ));
        }
        let deadline = seconds.map_or(Value::Null, |seconds| Value::Text(moment::text(seconds)));
        for name in ["DEADLINE", "START_TIME", "END_TIME"] {
            values.push((name, deadline.clone()));
        }
    }
    for (param, name) in [
        ("completed", "COMPLETED"),
        ("isIncomingChannel", "IS_INCOMING_CHANNEL"),
    ] {
        if let Some(flag) = fields.get(param) {
            values.push((name, if is_yes(flag) { "Y" } else { "N" }.into()));
        }
    }
    for (param, name) in [
        ("typeId", "PROVIDER_TYPE_ID"),
        ("originatorId", "ORIGINATOR_ID"),
        ("originId", "ORIGIN_ID"),
    ] {
        if let Some(text) = fields.get(param) {
            values.push((name, Value::Text(text.to_text())));
        }
    }
    if let Some(user) = fields.get("responsibleId") {
        values.push(("RESPONSIBLE_ID", Value::Int(user.to_int())));
    }
    Ok(())
}

/// What rows have in `PROVIDER_PARAMS`: the badge, the reminders, and whose activity it is.
fn with_badge(params: &mut Array, fields: &Array) {
    for name in ["badgeCode", "pingOffsets"] {
        if let Some(value) = fields.get(name) {
            params.insert(name, value.clone());
        }
    }
}

/// Refuses a type that no application has registered for such activities, and a deadline of what came in.
fn check(state: &PortalData, id: Option<u64>, fields: &Array) -> Result<(), MethodError> {
    let kind = fields.get("typeId").map(Value::to_text).unwrap_or_default();
    let is_registered = || {
        let table = state.record_table("crm.activity.type");
        let mut rows = table.into_iter().flat_map(RecordTable::rows);
        rows.any(|(_, row)| {
            row.get("TYPE_ID").and_then(Json::as_str) == Some(&*kind)
                && row.get("IS_CONFIGURABLE_TYPE").and_then(Json::as_str) == Some("Y")
        })
    };
    if !kind.is_empty() && kind != USUAL_TYPE && !is_registered() {
        let text = "Wrong value of the field typeId";
        return Err(refused("WRONG_FIELD_VALUE", text));
    }
    let has = |field: &str, column: &str| match (fields.get(field), id) {
        (Some(value), _) => match field {
            "deadline" => !value.to_text().is_empty(),
            _ => is_yes(value),
        },
        (None, Some(id)) => !matches!(&*activity::text(state, id, column), "" | "N"),
        (None, None) => false,
    };
    if has("isIncomingChannel", "IS_INCOMING_CHANNEL") && has("deadline", "DEADLINE") {
        let code = "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE";
        return Err(refused(
            code,
            "An incoming activity can't be with a deadline",
        ));
    }
    Ok(())
}

/// The layout that a call gives, as rows have it.
fn layout(call: &Call<'_>) -> Result<Option<Vec<(&'static str, Value)>>, MethodError> {
    let Some(given) = call.params.get_ignoring_case("layout") else {
        return Ok(None);
    };
    let layout = given.as_array().filter(|layout| !layout.is_empty());
    let layout =
        layout.ok_or_else(|| refused("ERROR_EMPTY_LAYOUT", "The layout field must be filled"))?;
    let title = layout.get("header").and_then(|header| header.get("title"));
    let title = title.map(Value::to_text).unwrap_or_default();
    let written = to_json(given).to_string();
    Ok(Some(vec![
        ("PROVIDER_DATA", Value::Text(written)),
        ("SUBJECT", Value::Text(title)),
    ]))
}

/// `crm.activity.configurable.add(ownerTypeId, ownerId, fields, layout)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| {
        let value = call.params.get_ignoring_case(name);
        let value = value.filter(|value| !value.to_text().trim().is_empty());
        Ok(value.ok_or_else(|| missing(name))?.to_int())
    };
    let (owner_type, owner) = (number("ownerTypeId")?, number("ownerId")?);
    let fields = call.params.get_ignoring_case("fields");
    let fields = fields.and_then(Value::as_array).cloned();
    let fields = fields.ok_or_else(|| missing("fields"))?;
    let layout = layout(call)?.ok_or_else(|| missing("layout"))?;
    if !owners::is_there(state, owner_type, owner) {
        return Err(refused("ACCESS_DENIED", "Access denied."));
    }
    check(state, None, &fields)?;
    let mut values = vec![
        ("OWNER_TYPE_ID", Value::Int(owner_type)),
        ("OWNER_ID", Value::Int(owner)),
        ("TYPE_ID", Value::Int(activity::OF_PROVIDER)),
        ("PROVIDER_ID", activity::CONFIGURABLE.into()),
        ("PROVIDER_TYPE_ID", USUAL_TYPE.into()),
    ];
    values.extend(layout);
    with_fields(&mut values, &fields, call)?;
    let mut params = Array::new();
    if let Some(application) = call.application {
        params.insert("clientId", application);
    }
    with_badge(&mut params, &fields);
    values.push(("PROVIDER_PARAMS", Value::Array(params)));
    let id = activity::insert(state, values, call.user as i64, call);
    Ok(answer(id))
}

/// The activity that a call names.
fn named(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id");
    let id = id.ok_or_else(|| missing("id"))?.to_int();
    let id = u64::try_from(id).ok();
    let is_it = |id: &u64| {
        state.table(ACTIVITY).contains(*id)
            && activity::text(state, *id, "PROVIDER_ID") == activity::CONFIGURABLE
    };
    id.filter(is_it)
        .ok_or_else(|| refused("NOT_FOUND", "Not found."))
}

/// `crm.activity.configurable.update(id, fields, layout)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let mut params = activity::map(state, id, "PROVIDER_PARAMS");
    if let (Some(by), Some(now)) = (params.get("clientId"), call.application)
        && by.to_text() != now
    {
        let text = "The activity can only be updated by the application that created it";
        return Err(refused("ERROR_WRONG_APPLICATION", text));
    }
    let fields = call.params.get_ignoring_case("fields");
    let fields = fields
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    check(state, Some(id), &fields)?;
    let mut values = layout(call)?.unwrap_or_default();
    with_fields(&mut values, &fields, call)?;
    with_badge(&mut params, &fields);
    values.push(("PROVIDER_PARAMS", Value::Array(params)));
    activity::write(state, id, values, call);
    Ok(answer(id))
}

/// `crm.activity.configurable.get(id)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = named(state, call)?;
    let text = |name: &str| activity::text(state, id, name);
    let number = |name: &str| text(name).parse::<i64>().unwrap_or(0);
    let or_null = |name: &str| match text(name) {
        text if text.is_empty() => Json::Null,
        text => Json::from(text),
    };
    let params = activity::map(state, id, "PROVIDER_PARAMS");
    let layout: Json = serde_json::from_str(&text("PROVIDER_DATA")).unwrap_or_default();
    let pings = params.get("pingOffsets").map(to_json);
    let badge = params.get("badgeCode").map(Value::to_text);
    let activity = json!({
        "id": id,
        "ownerTypeId": number("OWNER_TYPE_ID"),
        "ownerId": number("OWNER_ID"),
        "fields": {
            "typeId": text("PROVIDER_TYPE_ID"),
            "completed": text("COMPLETED") == "Y",
            "deadline": or_null("DEADLINE"),
            "pingOffsets": pings.unwrap_or_else(|| json!([])),
            "isIncomingChannel": text("IS_INCOMING_CHANNEL") == "Y",
            "responsibleId": number("RESPONSIBLE_ID"),
            "badgeCode": badge.unwrap_or_default(),
            "originatorId": or_null("ORIGINATOR_ID"),
            "originId": or_null("ORIGIN_ID"),
        },
        "layout": layout,
    });
    Ok(Output::value(&Value::from(json!({ "activity": activity }))))
}
