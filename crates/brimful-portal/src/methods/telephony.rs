//! `telephony.externalcall.*`: a call is registered, and stands in the statistics when it is finished.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::crm::activity;
use super::crm::store::{self, Author};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::{COMPANY, CONTACT, LEAD, USER};
use crate::data::hash;
use crate::data::records::{self, RecordTable, table::Writer};
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::{UNSIGNED, UPLOAD_URL};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!(
            "telephony",
            "telephony.externalcall.searchcrmentities",
            find_records
        ),
        read!(
            "telephony",
            "telephony.externalcall.attachrecord",
            attach_record
        ),
        write!("telephony", "telephony.externalcall.register", register),
        write!("telephony", "telephony.externalcall.finish", finish),
        read!("telephony", "telephony.externalcall.show", card),
        read!("telephony", "telephony.externalcall.hide", card),
    ]
    .into_iter()
}

const CALLS: &str = "telephony.externalcall";
const STATISTICS: &str = "voximplant.statistic";

fn table<'s>(state: &'s mut PortalData, name: &str) -> Option<&'s mut RecordTable> {
    let place = records::place(name)?;
    state.records.get_mut(place)
}

fn refused(text: &str) -> MethodError {
    MethodError::new(400, "ERROR_CORE", text)
}

fn writer(call: &Call<'_>) -> Writer {
    Writer {
        user: call.user,
        now: call.seconds(),
    }
}

/// `telephony.externalcall.register`
pub(crate) fn register(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = user(state, call)?;
    let number = call.text("PHONE_NUMBER");
    if number.is_empty() {
        return Err(refused("PHONE_NUMBER should not be empty."));
    }
    let kind = call.text("TYPE");
    if !matches!(kind.as_str(), "1" | "2" | "3" | "4") {
        return Err(refused("Unknown TYPE."));
    }
    let writer = writer(call);
    let party = party(state, call, &number, user);
    let calls = table(state, CALLS).ok_or_else(crate::context::errors::method_not_found)?;
    let count = calls.ids(&[], &[]).len() as u64;
    let code = hash::mix(writer.now.unsigned_abs() ^ hash::mix(count + 1));
    let name = format!(
        "externalCall.{code:016x}{:016x}.{}",
        hash::mix(code),
        writer.now
    );
    let mut given = call.params.clone();
    given.insert("CALL_ID", name.as_str());
    given.insert("USER_ID", user as i64);
    if let Some(party) = &party {
        given.insert("CRM_ENTITY_TYPE", party.kind);
        given.insert("CRM_ENTITY_ID", party.id as i64);
    }
    calls.add(&given, writer);
    let mut answer = Array::new();
    answer.insert("CALL_ID", name);
    let made = party.as_ref().filter(|party| party.is_new);
    answer.insert(
        "CRM_CREATED_LEAD",
        made.map_or(Value::Null, |lead| Value::Int(lead.id as i64)),
    );
    let made = made.map(|lead| {
        let mut one = Array::new();
        one.insert("ENTITY_TYPE", lead.kind);
        one.insert("ENTITY_ID", lead.id as i64);
        one
    });
    answer.insert("CRM_CREATED_ENTITIES", made.into_iter().collect::<Value>());
    let (kind, id) = party.map_or((Value::Null, Value::Null), |party| {
        (party.kind.into(), Value::Int(party.id as i64))
    });
    answer.insert("CRM_ENTITY_TYPE", kind);
    answer.insert("CRM_ENTITY_ID", id);
    Ok(Output::value(&Value::Array(answer)))
}

/// The record of the CRM that a call is with.
struct Party {
    kind: &'static str,
    id: u64,
    /// Whether it was made for the call.
    is_new: bool,
}

/// The types of records that calls are with, the likeliest first: their names, their tables and their numbers.
const PARTIES: [(&str, usize, i64); 3] = [
    ("CONTACT", CONTACT, 3),
    ("COMPANY", COMPANY, 4),
    ("LEAD", LEAD, 1),
];

/// The record that a call names, or that has the number, or a lead that is made because nobody has it.
fn party(state: &mut PortalData, call: &mut Call<'_>, number: &str, user: u64) -> Option<Party> {
    let named = call.text("CRM_ENTITY_TYPE").to_ascii_uppercase();
    let of_type = PARTIES.iter().find(|(kind, _, _)| *kind == named);
    let id = call.text("CRM_ENTITY_ID").parse().unwrap_or(0);
    if let Some(&(kind, _, _)) = of_type
        && id > 0
    {
        let is_new = false;
        return Some(Party { kind, id, is_new });
    }
    if let Some((kind, id)) = holder(state, call, number) {
        let is_new = false;
        return Some(Party { kind, id, is_new });
    }
    if call.text("CRM_CREATE").trim() != "1" {
        return None;
    }
    let id = lead_of(state, call, number, user);
    Some(Party {
        kind: "LEAD",
        id,
        is_new: true,
    })
}

/// The record that has a phone number.
fn holder(state: &PortalData, call: &mut Call<'_>, number: &str) -> Option<(&'static str, u64)> {
    let asked = Array::from_iter([("type", "PHONE"), ("values", number)]);
    let params = std::mem::replace(&mut call.params, asked);
    let found = super::crm::duplicates::find_by_comm(state, call);
    call.params = params;
    let found = found.ok()?;
    PARTIES.iter().find_map(|(kind, _, _)| {
        let ids = found.to_value().get(kind)?.as_array()?;
        let first = ids.values().next()?.to_int();
        Some((*kind, u64::try_from(first).ok()?))
    })
}

/// Makes a lead for a call whose number nobody has.
fn lead_of(state: &mut PortalData, call: &Call<'_>, number: &str, user: u64) -> u64 {
    let title = match call.text("TYPE").as_str() {
        "2" | "3" => format!("{number} - Входящий звонок"),
        _ => format!("{number} - Исходящий звонок"),
    };
    let source = match call.text("CRM_SOURCE") {
        source if source.is_empty() => "CALL".to_owned(),
        source => source,
    };
    let phone = Array::from_iter([("VALUE", number), ("VALUE_TYPE", "WORK")]);
    let phones: Value = [phone].into_iter().collect();
    let schema = &state.table(LEAD).schema;
    let values = [
        ("TITLE", Value::Text(title)),
        ("SOURCE_ID", Value::Text(source)),
        ("ASSIGNED_BY_ID", Value::Int(user as i64)),
        ("PHONE", phones),
    ];
    let values = values
        .into_iter()
        .filter_map(|(name, value)| Some((schema.legacy(name)?, value)));
    let author = Author {
        user,
        now: call.seconds(),
    };
    store::add(state, LEAD, values.collect(), author)
}

/// Writes a call that has ended into the activities of the record that it was with; the ID of the activity.
fn note_activity(
    state: &mut PortalData,
    call: &Call<'_>,
    registered: &Map<String, Json>,
    (user, duration): (u64, i64),
) -> Option<u64> {
    let known = |name: &str| known(registered, name);
    let kind = known("CRM_ENTITY_TYPE").to_text();
    let (_, entity, number) = *PARTIES.iter().find(|(name, _, _)| *name == kind)?;
    let owner = u64::try_from(known("CRM_ENTITY_ID").to_int()).ok()?;
    if !state.table(entity).contains(owner) {
        return None;
    }
    let phone = known("PHONE_NUMBER").to_text();
    let is_incoming = matches!(known("TYPE").to_text().as_str(), "2" | "3");
    let subject = if is_incoming {
        format!("Входящий от {phone}")
    } else {
        format!("Исходящий на {phone}")
    };
    let begin = moment::parse(&known("CALL_START_DATE").to_text(), call.seconds());
    let begin = begin.unwrap_or_else(|| call.seconds());
    let end = Value::Text(moment::text(begin + duration));
    let mut communication = Array::new();
    communication.insert("TYPE", "PHONE");
    communication.insert("VALUE", phone.as_str());
    communication.insert("ENTITY_ID", owner as i64);
    communication.insert("ENTITY_TYPE_ID", number);
    let name = known("CALL_ID").to_text();
    // A call that nobody took is left to be made.
    let is_done = duration > 0 || !is_incoming;
    let values = vec![
        ("OWNER_TYPE_ID", Value::Int(number)),
        ("OWNER_ID", Value::Int(owner as i64)),
        ("TYPE_ID", Value::Int(2)),
        ("PROVIDER_ID", "VOXIMPLANT_CALL".into()),
        ("PROVIDER_TYPE_ID", "CALL".into()),
        ("SUBJECT", Value::Text(subject)),
        ("DIRECTION", Value::Int(if is_incoming { 1 } else { 2 })),
        ("START_TIME", Value::Text(moment::text(begin))),
        ("END_TIME", end.clone()),
        ("DEADLINE", end),
        ("COMPLETED", if is_done { "Y" } else { "N" }.into()),
        ("STATUS", Value::Int(if is_done { 2 } else { 1 })),
        ("ORIGIN_ID", Value::Text(format!("VI_{name}"))),
        ("COMMUNICATIONS", [communication].into_iter().collect()),
    ];
    Some(activity::insert(state, values, user as i64, call))
}

/// The user that a call names by ID or by inner number.
fn user(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    if let Ok(user) = call.text("USER_ID").parse() {
        return match state.table(USER).get(user) {
            Some(_) => Ok(user),
            None => Err(refused("User is not found or is not active")),
        };
    }
    if call.text("USER_PHONE_INNER").is_empty() {
        return Err(refused("USER_ID or USER_PHONE_INNER should be set"));
    }
    // Users have no inner numbers here, so it is the caller.
    Ok(call.user)
}

/// `telephony.externalcall.finish`: the call leaves those that go on, and stands in the statistics.
pub(crate) fn finish(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let name = call.text("CALL_ID");
    if name.is_empty() {
        return Err(MethodError::new(
            400,
            "INVALID_ARGUMENT",
            "CALL_ID must be a string",
        ));
    }
    let user = user(state, call)?;
    let writer = writer(call);
    let calls = table(state, CALLS).ok_or_else(crate::context::errors::method_not_found)?;
    let not_found = "Call is not found (call should be registered prior to finishing)";
    let id = calls.find(&[name], &[]).ok_or_else(|| refused(not_found))?;
    let registered = calls.get(id).cloned().unwrap_or_default();
    calls.delete(id);
    let known = |name: &str| known(&registered, name);
    let duration = call.params.get_ignoring_case("DURATION");
    let duration = duration.map_or(0, Value::to_int);
    let status = match call.text("STATUS_CODE") {
        status if !status.is_empty() => status,
        _ if duration > 0 => "200".to_owned(),
        _ => "304".to_owned(),
    };
    let mut given = statistics_of(&registered, call);
    given.insert("PORTAL_USER_ID", user as i64);
    given.insert("CALL_DURATION", duration);
    given.insert("CALL_FAILED_CODE", status.as_str());
    let activity = note_activity(state, call, &registered, (user, duration));
    let activity = activity.map_or(Value::Null, |id| Value::Int(id as i64));
    given.insert("CRM_ACTIVITY_ID", activity.clone());
    let statistics =
        table(state, STATISTICS).ok_or_else(crate::context::errors::method_not_found)?;
    let id = statistics.add(&given, writer);
    let mut answer = Array::new();
    for field in [
        "CALL_ID",
        "EXTERNAL_CALL_ID",
        "PHONE_NUMBER",
        "PORTAL_NUMBER",
    ] {
        answer.insert(field, given.get(field).cloned().unwrap_or_default());
    }
    answer.insert("PORTAL_USER_ID", user as i64);
    answer.insert("INCOMING", known("TYPE").to_text());
    answer.insert("CALL_DURATION", duration);
    answer.insert("CALL_START_DATE", Array::new());
    let cost = call
        .params
        .get_ignoring_case("COST")
        .map_or(0.0, Value::to_float);
    let vote = call.params.get_ignoring_case("VOTE");
    let vote = vote.map_or(Value::Null, |vote| Value::Int(vote.to_int()));
    answer.insert("COST", cost);
    answer.insert("COST_CURRENCY", call.text("COST_CURRENCY"));
    answer.insert("CALL_STATUS", i64::from(status == "200"));
    answer.insert("CALL_VOTE", vote);
    answer.insert("CALL_FAILED_CODE", status);
    answer.insert("CALL_FAILED_REASON", call.text("FAILED_REASON"));
    answer.insert("REST_APP_ID", Value::Null);
    answer.insert("REST_APP_NAME", Value::Null);
    answer.insert("CRM_ACTIVITY_ID", activity);
    answer.insert("COMMENT", Value::Null);
    answer.insert("CRM_ENTITY_TYPE", known("CRM_ENTITY_TYPE"));
    answer.insert("CRM_ENTITY_ID", known("CRM_ENTITY_ID"));
    answer.insert("ID", id as i64);
    // The server writes the date as an object without fields.
    let written = String::from_utf8_lossy(&Output::value(&Value::Array(answer)).json)
        .replace("\"CALL_START_DATE\":[]", "\"CALL_START_DATE\":{}");
    Ok(Output::json(written.into_bytes()))
}

/// A field of a call that was registered.
fn known(registered: &Map<String, Json>, name: &str) -> Value {
    let value = registered.get(name).cloned().map(Value::from);
    value.unwrap_or_default()
}

/// What the statistics keep of a call: what it was registered with, and what is said at its end.
fn statistics_of(registered: &Map<String, Json>, call: &Call<'_>) -> Array {
    let mut row = Array::new();
    for (field, from) in [
        ("CALL_ID", "CALL_ID"),
        ("EXTERNAL_CALL_ID", "EXTERNAL_CALL_ID"),
        ("PHONE_NUMBER", "PHONE_NUMBER"),
        ("PORTAL_NUMBER", "LINE_NUMBER"),
        ("CALL_START_DATE", "CALL_START_DATE"),
        ("CRM_ENTITY_TYPE", "CRM_ENTITY_TYPE"),
        ("CRM_ENTITY_ID", "CRM_ENTITY_ID"),
        ("CALL_TYPE", "TYPE"),
    ] {
        row.insert(field, known(registered, from));
    }
    for (field, from) in [
        ("CALL_FAILED_REASON", "FAILED_REASON"),
        ("COST", "COST"),
        ("COST_CURRENCY", "COST_CURRENCY"),
        ("CALL_RECORD_URL", "RECORD_URL"),
        ("CALL_VOTE", "VOTE"),
    ] {
        if let Some(value) = call.params.get_ignoring_case(from) {
            row.insert(field, value.clone());
        }
    }
    row
}

/// `telephony.externalcall.show` and `hide`: whether the call goes on.
pub(crate) fn card(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let calls = state.record_table(CALLS);
    let goes_on = calls.is_some_and(|calls| calls.find(&[call.text("CALL_ID")], &[]).is_some());
    Ok(Output::value(&Value::Bool(goes_on)))
}

/// `telephony.externalcall.searchcrmentities`: the leads, contacts and companies that have a phone.
pub(crate) fn find_records(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = call.text("PHONE_NUMBER");
    if number.is_empty() {
        return Err(refused("PHONE_NUMBER is empty"));
    }
    call.params = Array::from_iter([("type", "PHONE"), ("values", number.as_str())]);
    let found = super::crm::duplicates::find_by_comm(state, call)?;
    let mut rows = Vec::new();
    for (kind, entity, _) in PARTIES {
        let ids = found.to_value().get(kind).and_then(Value::as_array);
        for id in ids.into_iter().flat_map(Array::values).map(Value::to_int) {
            let table = state.table(entity);
            let of = table.row(id.unsigned_abs());
            let text = |name: &str| {
                let field = table.schema.legacy(name)?;
                of.cell(field).to_text()
            };
            let names = ["TITLE", "NAME", "LAST_NAME"].map(text);
            let names: Vec<String> = names.into_iter().flatten().collect();
            let responsible = text("ASSIGNED_BY_ID").unwrap_or_default();
            let mut row = Array::new();
            row.insert("CRM_ENTITY_TYPE", kind);
            row.insert("CRM_ENTITY_ID", id);
            row.insert("ASSIGNED_BY_ID", responsible.parse::<i64>().unwrap_or(0));
            row.insert("NAME", names.join(" ").trim());
            let mut user = Array::new();
            user.insert("ID", responsible);
            user.insert("TIMEMAN_STATUS", "");
            for phone in [
                "USER_PHONE_INNER",
                "WORK_PHONE",
                "PERSONAL_PHONE",
                "PERSONAL_MOBILE",
            ] {
                user.insert(phone, Value::Null);
            }
            row.insert("ASSIGNED_BY", user);
            rows.push(row);
        }
    }
    Ok(Output::value(&rows.into_iter().collect::<Value>()))
}

/// `telephony.externalcall.attachrecord`: to a call that is finished. The record is heard, and not kept.
pub(crate) fn attach_record(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (name, url) = (call.text("FILENAME"), call.text("RECORD_URL"));
    if name.is_empty() && url.is_empty() {
        return Err(refused(
            "Required parameters are not set. Request should contain either URL or FILENAME parameter",
        ));
    }
    let id = call.text("CALL_ID");
    let table = state.record_table(STATISTICS);
    let is_it = |row: &serde_json::Map<String, serde_json::Value>| {
        row.get("CALL_ID").and_then(serde_json::Value::as_str) == Some(id.as_str())
    };
    let number = table.and_then(|table| {
        let mut ids = table.ids(&[], &[]).into_iter();
        ids.find(|&number| table.get(number).is_some_and(is_it))
    });
    let number = number.ok_or_else(|| {
        refused("Call is not found in the statistic table. It looks like it is not finished yet.")
    })?;
    let lower = name.to_ascii_lowercase();
    let is_audio = [".mp3", ".wav"].iter().any(|end| lower.ends_with(end));
    if !name.is_empty() && !is_audio {
        return Err(refused(
            "Wrong file extension. Only wav and mp3 are allowed",
        ));
    }
    if url.is_empty() {
        let content = call.params.get_ignoring_case("FILE_CONTENT");
        let content = content.filter(|content| !matches!(content, Value::Null));
        let Some(content) = content.map(Value::to_text) else {
            let what = serde_json::json!({
                "action": "attachRecord",
                "CALL_ID": id,
                "FILENAME": name,
            });
            let what = brimful_protocol::query::encode(&what);
            let mut answer = Array::new();
            answer.insert(UPLOAD_URL, format!("{UNSIGNED}{what}"));
            answer.insert("fieldName", "file");
            return Ok(Output::value(&Value::Array(answer)));
        };
        if content.is_empty() {
            return Err(refused("File content is empty."));
        }
        if super::disk::decoded(&content).is_none() {
            return Err(refused(
                "File content is not properly encoded. Base64 encoding is expected.",
            ));
        }
    }
    let answer = Array::from_iter([("FILE_ID", (number * 2 + 1) as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}
