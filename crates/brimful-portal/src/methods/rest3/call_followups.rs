//! `call.followup.get` and `.list`: what is known of calls with video when they are over. Nobody calls here: they are those
//! that were loaded.

use std::borrow::Cow;

use brimful_protocol::{Array, Key, Value};
use serde_json::{Map, Value as Json};

use super::error;
use super::object_fields;
use super::params::under;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::records::rest3::CALL_FOLLOWUPS;
use crate::methods::method::{Handler, Method, read};
use crate::methods::record_rows::{number, rows, text};

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("call", "call.followup.get", get),
        read!("call", "call.followup.list", list),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// What is shown of a call where nothing is selected.
const BASE: [&str; 6] = [
    "callId",
    "callType",
    "initiatorId",
    "startDate",
    "endDate",
    "durationSeconds",
];

/// Parts of which a part can be selected.
const PARTS: [(&str, &[&str]); 4] = [
    ("transcription", &["language", "segments"]),
    (
        "overview",
        &[
            "topic",
            "detailedTakeaways",
            "meetingType",
            "agenda",
            "agreements",
            "actionItems",
            "meetings",
        ],
    ),
    (
        "insights",
        &[
            "speakerEvaluationAvailable",
            "speakerAnalysis",
            "meetingStrengths",
            "meetingWeaknesses",
            "speechStyleInfluence",
            "engagementLevel",
            "areasOfResponsibility",
            "finalRecommendations",
        ],
    ),
    ("evaluation", &["efficiencyValue", "calendar", "criteria"]),
];

/// Parts that are so large that fewer calls come with them.
const HEAVY: [&str; 3] = ["transcription", "overview", "insights"];

/// The paths that a call selects; `None` if it says nothing.
fn selected(call: &Call<'_>) -> Result<Option<Vec<String>>, MethodError> {
    let invalid = || MethodError::new(400, "invalid_select_field", "Invalid field in select");
    let names = match call.params.get("select") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(invalid()),
    };
    let names: Vec<String> = names.values().map(Value::to_text).collect();
    let is_known = |path: &String| match path.split_once('.') {
        None => object_fields::has("call.followup", path),
        Some((part, inner)) => PARTS
            .iter()
            .any(|(name, parts)| *name == part && parts.contains(&inner)),
    };
    if names.iter().all(is_known) {
        Ok(Some(names))
    } else {
        Err(invalid())
    }
}

/// Refuses a format of mentions that there is not.
fn check_mentions(call: &Call<'_>) -> Result<(), MethodError> {
    match call.text("mentionFormat").as_str() {
        "" | "bb" | "html" | "none" => Ok(()),
        _ => {
            let text = "The value must be one of bb, html, none";
            Err(error::validation([("mentionFormat", text.to_owned())]))
        }
    }
}

/// A call with what is selected of it. What is not known is null.
fn shown(row: &Row, paths: &[String]) -> Value {
    let mut item = Array::new();
    for path in std::iter::once("callId").chain(paths.iter().map(String::as_str)) {
        let value = |row: &Row, name: &str| {
            let value = row.get(name).cloned().map(Value::from);
            value.unwrap_or_default()
        };
        let Some((part, inner)) = path.split_once('.') else {
            item.insert(path, value(row, path));
            continue;
        };
        let Some(whole) = row.get(part).and_then(Json::as_object) else {
            item.insert(part, Value::Null);
            continue;
        };
        let mut chosen = match item.get(part) {
            Some(Value::Array(chosen)) => chosen.clone(),
            _ => Array::new(),
        };
        chosen.insert(inner, value(whole, inner));
        item.insert(Key::from(part), chosen);
    }
    Value::Array(item)
}

fn paths(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Whether a user took part in a call.
fn took_part(row: &Row, user: u64) -> bool {
    let participants = row.get("participants").and_then(Json::as_array);
    let mut participants = participants.into_iter().flatten();
    participants.any(|one| one.get("userId").and_then(Json::as_u64) == Some(user))
        || number(row, "initiatorId") == user
}

/// `call.followup.get(callId, select, mentionFormat)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = match call.params.get("callId") {
        None | Some(Value::Null) => return Err(error::required("callId")),
        Some(Value::Int(id)) => u64::try_from(*id).unwrap_or(0),
        Some(_) => return Err(error::wrong_type("callId", "int")),
    };
    check_mentions(call)?;
    let paths = match selected(call)? {
        None => object_fields::names("call.followup"),
        Some(none) if none.is_empty() => paths(&BASE),
        Some(some) => some,
    };
    let found = rows(state, CALL_FOLLOWUPS).find(|(_, row)| number(row, "callId") == id);
    let is_allowed = |row: &Row| call.rights == Rights::All || took_part(row, call.user);
    match found {
        Some((_, row)) if is_allowed(row) => Ok(Output::value(&under("item", shown(row, &paths)))),
        None if call.rights == Rights::All => Err(error::entity_not_found(&id.to_string())),
        _ => {
            let text = "No access to Follow-up data";
            Err(MethodError::new(403, "access_denied", text))
        }
    }
}

/// The period that a list is about, in Unix seconds.
fn period(filter: Option<&Array>) -> Result<(i64, i64), MethodError> {
    let invalid = |text: &str| MethodError::new(400, "invalid_date_range", text);
    let bounds = filter.and_then(|filter| filter.get("startDate")?.as_array());
    let bound = |name: &str| {
        let text = bounds?.get(name)?.to_text();
        moment::parse(&text, 0).filter(|_| text.contains('T'))
    };
    match (bound("from"), bound("to")) {
        (Some(from), Some(to)) if from <= to => Ok((from, to)),
        (Some(_), Some(_)) => Err(invalid("Incorrect date range: from must not be after to")),
        _ => Err(invalid(
            "Incorrect date range: both from and to are required",
        )),
    }
}

/// Whether the earliest call comes first.
fn is_ascending(call: &Call<'_>) -> Result<bool, MethodError> {
    let invalid = || MethodError::new(400, "invalid_order", "Incorrect parameter order");
    let order = match call.params.get("order") {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Array(order)) if order.len() == 1 => order,
        Some(_) => return Err(invalid()),
    };
    let way = order.get("startDate").map(Value::to_text);
    match way.map(|way| way.to_lowercase()).as_deref() {
        Some("asc") => Ok(true),
        Some("desc") => Ok(false),
        _ => Err(invalid()),
    }
}

/// How many calls a page has, and the last call of the page before it.
fn page(call: &Call<'_>, most: usize) -> Result<(usize, Option<(i64, u64)>), MethodError> {
    const USUAL: usize = 50;
    let invalid = || MethodError::new(400, "invalid_pagination", "Incorrect parameter pagination");
    let pagination = match call.params.get("pagination") {
        None | Some(Value::Null) => return Ok((USUAL.min(most), None)),
        Some(Value::Array(pagination)) => pagination,
        Some(_) => return Err(invalid()),
    };
    let limit = match pagination.get("limit") {
        None | Some(Value::Null) => USUAL,
        Some(limit) => match usize::try_from(limit.to_int()) {
            Ok(limit) if limit > 0 => limit,
            _ => return Err(invalid()),
        },
    };
    let after = match pagination.get("afterCursor") {
        None | Some(Value::Null) => None,
        Some(cursor) => {
            let cursor = cursor.as_array().ok_or_else(invalid)?;
            let start = cursor.get("startDate").map(Value::to_text);
            let start = start.and_then(|start| moment::parse(&start, 0));
            let id = cursor
                .get("id")
                .and_then(|id| u64::try_from(id.to_int()).ok());
            Some(start.zip(id).ok_or_else(invalid)?)
        }
    };
    Ok((limit.min(most), after))
}

/// `call.followup.list(filter, select, order, pagination, mentionFormat)`
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let filter = call.params.get("filter").and_then(Value::as_array);
    let (from, to) = period(filter)?;
    let participant = match filter.and_then(|filter| filter.get("participantId")) {
        None | Some(Value::Null) => None,
        Some(Value::Int(id)) => Some(u64::try_from(*id).unwrap_or(0)),
        Some(_) => return Err(error::wrong_type("filter.participantId", "int")),
    };
    let participant = match call.rights {
        Rights::All => participant,
        _ => Some(call.user),
    };
    check_mentions(call)?;
    let paths = match selected(call)? {
        Some(some) if !some.is_empty() => some,
        _ => paths(&BASE),
    };
    let is_heavy = |path: &String| HEAVY.contains(&path.split('.').next().unwrap_or_default());
    let most = if paths.iter().any(is_heavy) { 20 } else { 200 };
    let ascending = is_ascending(call)?;
    let (limit, after) = page(call, most)?;
    let key = |row: &Row| {
        let start = moment::parse(&text(row, "startDate"), 0).unwrap_or(0);
        (start, number(row, "callId"))
    };
    let calls = rows(state, CALL_FOLLOWUPS).map(|(_, row)| (key(row), row));
    let mut calls: Vec<((i64, u64), &Row)> = calls
        .filter(|((start, _), row)| {
            (from..=to).contains(start) && participant.is_none_or(|user| took_part(row, user))
        })
        .collect();
    calls.sort_by_key(|(key, _)| *key);
    if !ascending {
        calls.reverse();
    }
    calls.retain(|(key, _)| after.is_none_or(|after| (*key > after) == ascending && *key != after));
    let has_more = calls.len() > limit;
    calls.truncate(limit);
    let cursor = calls.last().filter(|_| has_more).map(|((start, id), _)| {
        let mut cursor = Array::from_iter([("startDate", moment::text(*start))]);
        cursor.insert("id", *id as i64);
        Value::Array(cursor)
    });
    let items: Value = calls.iter().map(|(_, row)| shown(row, &paths)).collect();
    let mut answer = Array::from_iter([("items", items)]);
    answer.insert("hasMore", has_more);
    answer.insert("afterCursor", cursor.unwrap_or_default());
    Ok(Output::value(&Value::Array(answer)))
}
