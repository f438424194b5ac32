//! Lines, users and automatic calls of telephony.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use crate::context::{Call, MethodError, Output};
use crate::data::entities::USER;
use crate::data::fixtures::collection::text;
use crate::data::{PortalData, hash, records};
use crate::methods::method::{Handler, Method, read, write};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("telephony", "voximplant.line.get", lines),
        read!("telephony", "voximplant.line.outgoing.get", outgoing),
        write!("telephony", "voximplant.line.outgoing.set", set_outgoing),
        write!(
            "telephony",
            "voximplant.line.outgoing.sip.set",
            set_outgoing_sip
        ),
        read!("telephony", "voximplant.user.get", users),
        write!(
            "telephony",
            "voximplant.user.activatephone",
            switch_phone::<true>
        ),
        write!(
            "telephony",
            "voximplant.user.deactivatephone",
            switch_phone::<false>
        ),
        read!("telephony", "voximplant.callback.start", call_back),
        read!("telephony", "voximplant.infocall.startwithtext", inform),
        read!("telephony", "voximplant.infocall.startwithsound", inform),
    ]
    .into_iter()
}

const SIP: &str = "voximplant.sip";

/// The preferences of the portal that have the line for outgoing calls and whose phones are switched on.
const OUTGOING: &str = "voximplant.outgoing";
const PHONES: &str = "voximplant.phones";

fn refused(code: &str, text: impl Into<String>) -> MethodError {
    MethodError::new(400, code, text.into())
}

/// What a line is called by, and its name.
fn line(row: &Map<String, Json>) -> (String, String) {
    let (number, kind) = match text(row.get("TYPE")).as_str() {
        "office" => (format!("sip{}", text(row.get("CONFIG_ID"))), "Office PBX"),
        _ => (format!("reg{}", text(row.get("REG_ID"))), "Cloud PBX"),
    };
    let title = text(row.get("TITLE"));
    let title = if title.is_empty() {
        format!("{kind} ({})", text(row.get("ID")))
    } else {
        title
    };
    (number, title)
}

fn all_lines(state: &PortalData) -> Vec<(String, String)> {
    let table = state.record_table(SIP);
    let rows = table.into_iter().flat_map(records::RecordTable::rows);
    rows.map(|(_, row)| line(row)).collect()
}

/// `voximplant.line.get`
pub(crate) fn lines(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut lines = Array::new();
    for (line, title) in all_lines(state) {
        lines.insert(line.as_str(), title);
    }
    Ok(Output::value(&Value::Array(lines)))
}

/// `voximplant.line.outgoing.get`: the first line, until another is chosen.
pub(crate) fn outgoing(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let chosen = state
        .preferences
        .get(&None)
        .and_then(|kept| kept.get(OUTGOING));
    let chosen = chosen.map(Value::to_text);
    let first = || all_lines(state).into_iter().next().map(|(line, _)| line);
    Ok(Output::value(
        &chosen.or_else(first).map_or(Value::Null, Value::Text),
    ))
}

fn keep(state: &mut PortalData, name: &str, value: impl Into<Value>) {
    state
        .preferences
        .entry(None)
        .or_default()
        .insert(name, value);
}

/// `voximplant.line.outgoing.set`: a line that is not there changes nothing.
pub(crate) fn set_outgoing(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let wanted = call.text("LINE_ID");
    if all_lines(state).iter().any(|(line, _)| *line == wanted) {
        keep(state, OUTGOING, wanted);
    }
    Ok(Output::value(&Value::Int(1)))
}

/// `voximplant.line.outgoing.sip.set`
pub(crate) fn set_outgoing_sip(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let table = state.record_table(SIP);
    let found = table.and_then(|table| {
        let id = table.find(&[call.text("CONFIG_ID")], &[])?;
        table.get(id).map(line)
    });
    let Some((line, _)) = found else {
        return Err(refused(
            "ERROR_ARGUMENT",
            "Specified CONFIG_ID is not found",
        ));
    };
    keep(state, OUTGOING, line);
    Ok(Output::value(&Value::Int(1)))
}

/// Whose phones are switched on.
fn phones(state: &PortalData) -> Array {
    let phones = state
        .preferences
        .get(&None)
        .and_then(|kept| kept.get(PHONES));
    phones
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn no_user() -> MethodError {
    refused("", "Parameter USER_ID is not set")
}

/// `voximplant.user.get`
pub(crate) fn users(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let named: Vec<i64> = match call.params.get_ignoring_case("USER_ID") {
        Some(Value::Array(ids)) => ids.values().map(Value::to_int).collect(),
        Some(id) if id.is_truthy() => vec![id.to_int()],
        _ => Vec::new(),
    };
    if named.is_empty() {
        return Err(no_user());
    }
    let phones = phones(state);
    let is_there = |id: &i64| u64::try_from(*id).is_ok_and(|id| state.table(USER).contains(id));
    let rows = named.into_iter().filter(is_there).map(|id| {
        let is_on = phones.get(&id.to_string()).is_some_and(Value::is_truthy);
        let mut row = Array::new();
        row.insert("ID", id.to_string());
        row.insert("DEFAULT_LINE", Value::Null);
        row.insert("PHONE_ENABLED", if is_on { "Y" } else { "N" });
        row.insert("SIP_SERVER", "ip.bitrixphone.test");
        row.insert("SIP_LOGIN", format!("phone{id}"));
        row.insert(
            "SIP_PASSWORD",
            format!("{:012x}", hash::mix(id.unsigned_abs()) >> 16),
        );
        row.insert("INNER_NUMBER", Value::Null);
        row
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

/// `voximplant.user.activatephone` and `.deactivatephone`
pub(crate) fn switch_phone<const ON: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = call
        .params
        .get_ignoring_case("USER_ID")
        .map_or(0, Value::to_int);
    if id <= 0 {
        return Err(no_user());
    }
    let mut phones = phones(state);
    phones.insert(id.to_string().as_str(), ON);
    keep(state, PHONES, phones);
    Ok(Output::value(&Value::Int(1)))
}

/// `voximplant.infocall.startwithtext` and `.startwithsound`: nobody is called.
pub(crate) fn inform(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    start_call(state, call, "infocall", "Could not find config for number")
}

/// `voximplant.callback.start(FROM_LINE, TO_NUMBER, TEXT_TO_PRONOUNCE)`: nobody is called.
pub(crate) fn call_back(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    start_call(state, call, "callback", "Could not find line")
}

/// What a call of this kind gets for a number; `no_line` is how a line that is not there is refused.
fn start_call(
    state: &PortalData,
    call: &Call<'_>,
    kind: &str,
    no_line: &str,
) -> Result<Output, MethodError> {
    let from = call.text("FROM_LINE");
    if !all_lines(state).iter().any(|(line, _)| *line == from) {
        return Err(refused("ERROR_CORE", format!("{no_line} {from}")));
    }
    let to = call.text("TO_NUMBER");
    if to.bytes().filter(u8::is_ascii_digit).count() < 5 {
        return Err(refused("ERROR_CORE", "Phone number is not correct"));
    }
    let now = call.seconds();
    let code = to.bytes().fold(now.unsigned_abs(), |code, byte| {
        hash::mix(code ^ u64::from(byte))
    });
    let mut answer = Array::new();
    answer.insert("RESULT", true);
    answer.insert(
        "CALL_ID",
        format!("{kind}.{code:016x}{:016x}.{now}", hash::mix(code)),
    );
    Ok(Output::value(&Value::Array(answer)))
}
