//! `calendar.event.*`: what follows from the times of an event and from those who take part, and which events a list has.
//!
//! The portal knows one zone, its own: times without a zone are in it, whatever zone an event names.

use std::borrow::Cow;

use brimful_protocol::Value;
use serde_json::{Map, Value as Json, json};

use super::chats::word;
use super::record_rows::{self, given_number, number, numbers, row, rows, text};
use super::records as described_records;
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::methods::method::{Handler, Method, read, write};

pub(super) const EVENTS: &str = "calendar.event";
const SECTIONS: &str = "calendar.section";
const DAY: i64 = 86_400;

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("calendar", "calendar.event.add", add),
        write!("calendar", "calendar.event.update", update),
        read!("calendar", "calendar.event.get", list),
        read!("calendar", "calendar.event.get.nearest", nearest),
        read!("calendar", "calendar.resource.booking.list", bookings),
    ]
    .into_iter()
}

type Row = Map<String, Json>;

/// Parameters with Unix seconds that a call may give in the place of others.
const SECONDS: [(&str, &str); 2] = [("from_ts", "from"), ("to_ts", "to")];

/// `calendar.event.add`: its number.
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.params.get_ignoring_case("timezone_to").is_none()
        && let Some(zone) = call.params.get_ignoring_case("timezone_from").cloned()
    {
        call.params.insert("timezone_to", zone);
    }
    check(state, call)?;
    let output = described_records::write(state, call)?;
    let id = u64::try_from(output.to_value().to_int()).unwrap_or(0);
    let values = [
        ("PARENT_ID", Json::from(id.to_string())),
        ("MEETING_HOST", Json::from(call.user.to_string())),
    ];
    record_rows::set(state, call, EVENTS, id, &values);
    complete(state, call, id);
    Ok(output)
}

/// Refuses an event in a calendar that does not exist, with links to the CRM that are not a list, with a name or a
/// description that is not a text, and with times that cannot be read.
fn check(state: &PortalData, call: &Call<'_>) -> Result<(), MethodError> {
    let refused = |text: &str| Err(MethodError::new(400, "", text));
    let given = |name: &str| call.params.get_ignoring_case(name);
    for name in ["name", "description"] {
        if given(name).is_some_and(|value| value.as_array().is_some()) {
            return refused(&format!("Invalid value for the parameter \"{name}\""));
        }
    }
    if given("crm_fields").is_some_and(|links| links.as_array().is_none()) {
        return refused("The list of event links to CRM must be an array");
    }
    let section = given_number(call, "section");
    let is_given = !matches!(call.text("section").as_str(), "" | "0");
    if is_given && row(state, SECTIONS, section).is_none() {
        return refused(
            "You specified an invalid calendar section ID or the user does not have access to it",
        );
    }
    let times = ["from", "to"].map(|name| {
        let text = call.text(name);
        (!text.is_empty()).then(|| moment::parse(&text, call.seconds()))
    });
    let are_times = match times {
        [Some(Some(from)), Some(Some(to))] => from <= to,
        [from, to] => from != Some(None) && to != Some(None),
    };
    if are_times {
        Ok(())
    } else {
        refused("An error occurred while creating the event")
    }
}

/// `calendar.event.update`: its number.
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let output = described_records::write(state, call)?;
    complete(state, call, given_number(call, "id"));
    Ok(output)
}

/// Writes what follows from the rest of an event.
fn complete(state: &mut PortalData, call: &Call<'_>, id: u64) {
    let Some(event) = row(state, EVENTS, id) else {
        return;
    };
    let mut values = times(call, event);
    values.extend(recurrence(call, event));
    values.extend(guests(state, call, event));
    let description = text(event, "DESCRIPTION");
    values.push(("~DESCRIPTION", description.into()));
    if let Some(links) = call.params.get_ignoring_case("crm_fields") {
        let links = super::params::strings(Some(links));
        values.push(("UF_CRM_CAL_EVENT", json!(links)));
    }
    for name in ["DATE_CREATE", "TIMESTAMP_X"] {
        let at = moment::parse(&text(event, name), 0);
        values.extend(at.map(|at| (name, moment::russian(at).into())));
    }
    record_rows::put(state, EVENTS, id, &values);
}

/// `Wed Dec 11 2024 17:59:00`
fn formatted(seconds: i64) -> String {
    moment::in_words(seconds)
}

/// The times of an event in the format of the portal, and what they are for programs.
fn times(call: &Call<'_>, event: &Row) -> Vec<(&'static str, Json)> {
    let is_given = |name: &str| call.params.get_ignoring_case(name).is_some();
    let is_changed = SECONDS
        .iter()
        .any(|(seconds, date)| is_given(seconds) || is_given(date));
    let moments = ["DATE_FROM", "DATE_TO"].map(|name| moment::parse(&text(event, name), 0));
    let [Some(from), Some(to)] = moments else {
        return Vec::new();
    };
    let whole_days = text(event, "SKIP_TIME") == "Y";
    let shown = |at: i64| {
        let shown = moment::russian(at);
        match shown.split_once(' ') {
            Some((date, _)) if whole_days => date.to_owned(),
            _ => shown,
        }
    };
    let offset = moment::zone().to_string();
    let mut length = to.saturating_sub(from);
    if whole_days {
        length = length.saturating_add(DAY);
    }
    let mut values = vec![
        ("DATE_FROM", shown(from).into()),
        ("DATE_TO", shown(to).into()),
        ("TZ_OFFSET_FROM", offset.clone().into()),
        ("TZ_OFFSET_TO", offset.into()),
        ("DATE_FROM_TS_UTC", from.to_string().into()),
        ("DATE_TO_TS_UTC", to.to_string().into()),
        ("DT_SKIP_TIME", (if whole_days { "Y" } else { "N" }).into()),
        ("DT_LENGTH", length.into()),
        ("DATE_FROM_FORMATTED", formatted(from).into()),
        ("DATE_TO_FORMATTED", formatted(to).into()),
        ("~USER_OFFSET_FROM", moment::zone().into()),
        ("~USER_OFFSET_TO", moment::zone().into()),
    ];
    if text(event, "DAV_XML_ID").is_empty() || is_changed {
        let id = number(event, "ID");
        let name = format!("{}-{id:032x}@portal", moment::compact(from));
        values.push(("DAV_XML_ID", name.into()));
    }
    values
}

/// How an event comes again, with the days by their names and the last day in every form.
fn recurrence(call: &Call<'_>, event: &Row) -> Vec<(&'static str, Json)> {
    /// Without an end an event comes again until the first day of 2038.
    const FOREVER: i64 = 2_145_916_800;
    let Some(Json::Object(rule)) = event.get("RRULE") else {
        return Vec::new();
    };
    if call.params.get_ignoring_case("rrule").is_none() {
        return Vec::new();
    }
    let mut rule = rule.clone();
    let days: Option<Vec<String>> = match rule.get("BYDAY") {
        Some(Json::String(days)) => Some(days.split(',').map(str::to_owned).collect()),
        Some(Json::Array(days)) => {
            let days = days.iter().filter_map(Json::as_str);
            Some(days.map(str::to_owned).collect())
        }
        _ => None,
    };
    if let Some(days) = days {
        let days = days.into_iter().map(|day| (day.clone(), Json::from(day)));
        rule.insert("BYDAY".to_owned(), Json::Object(days.collect()));
    }
    let interval = text(&rule, "INTERVAL").trim().parse().unwrap_or(1);
    rule.insert("INTERVAL".to_owned(), Json::from(interval.max(1_i64)));
    let until = moment::parse(&text(&rule, "UNTIL"), 0);
    let end = until.unwrap_or(FOREVER);
    let date = moment::russian(end);
    let date = date.split(' ').next().unwrap_or_default();
    let said = if until.is_some() { date } else { "" };
    rule.insert("UNTIL".to_owned(), date.into());
    rule.insert("~UNTIL".to_owned(), said.into());
    rule.insert("UNTIL_TS".to_owned(), end.into());
    vec![("RRULE", Json::Object(rule))]
}

/// Who takes part in an event, and how it was called.
fn guests(state: &PortalData, call: &Call<'_>, event: &Row) -> Vec<(&'static str, Json)> {
    let id = text(event, "ID");
    let host = number(event, "MEETING_HOST");
    let is_meeting = event.get("IS_MEETING") == Some(&Json::Bool(true));
    let attendees = event.get("ATTENDEES_CODES").cloned().map(Value::from);
    let attendees = match attendees {
        Some(Value::Array(codes)) => {
            let codes = codes.values().map(Value::to_text);
            let users = codes.filter_map(|code| code.trim_start_matches('U').parse().ok());
            users.collect()
        }
        given => numbers(given.as_ref()),
    };
    let attendees: Vec<u64> = match (is_meeting, attendees.is_empty()) {
        (true, true) => vec![host],
        _ => attendees,
    };
    let codes: Vec<String> = attendees.iter().map(|user| format!("U{user}")).collect();
    let status = |user: u64| if user == host { "H" } else { "Q" };
    let listed = attendees
        .iter()
        .map(|user| json!({ "id": user, "entryId": id, "status": status(*user) }));
    let listed: Vec<Json> = listed.collect();
    let entities = attendees
        .iter()
        .map(|user| json!({ "entityId": "user", "id": user }));
    let entities: Vec<Json> = entities.collect();
    let mut values = vec![
        ("ATTENDEES_CODES", json!(codes)),
        ("ATTENDEE_LIST", Json::Array(listed)),
        ("attendeesEntityList", Json::Array(entities)),
    ];
    let given = call.params.get_ignoring_case("meeting");
    if given.is_some() || event.get("MEETING").is_none_or(Json::is_null) {
        values.push(("MEETING", meeting(state, host, given)));
    }
    values
}

fn meeting(state: &PortalData, host: u64, given: Option<&Value>) -> Json {
    let flag = |name: &str| {
        let value = given.and_then(|given| given.as_array()?.get_ignoring_case(name));
        let value = value.map(Value::to_text).unwrap_or_default();
        !matches!(value.as_str(), "" | "0" | "N" | "n" | "false")
    };
    let user = state.table(USER).get(host);
    let name = user.map(|user| [word(&user, "NAME"), word(&user, "LAST_NAME")].join(" "));
    json!({
        "HOST_NAME": name.unwrap_or_default().trim(), "NOTIFY": flag("notify"),
        "REINVITE": flag("reinvite"), "ALLOW_INVITE": flag("allow_invite"),
        "HIDE_GUESTS": flag("hide_guests"), "MEETING_CREATOR": host, "LANGUAGE_ID": "ru",
        "MAIL_FROM": "",
    })
}

/// When an event begins and when it ends for the last time; `None` if its row doesn't say.
fn span(event: &Row) -> Option<(i64, i64)> {
    let at = |name: &str| {
        let seconds = text(event, &format!("{name}_TS_UTC")).parse().ok();
        seconds.or_else(|| moment::parse(&text(event, name), 0))
    };
    let (from, to) = (at("DATE_FROM")?, at("DATE_TO")?);
    let until = event
        .get("RRULE")
        .and_then(|rule| rule.get("UNTIL_TS")?.as_i64());
    Some((from, until.map_or(to, |until| until.max(to))))
}

/// Whether a user takes part in an event: it is in the calendar of each of those who do.
pub(super) fn invites(event: &Row, user: &str) -> bool {
    let codes = event.get("ATTENDEES_CODES").and_then(Json::as_array);
    let mut codes = codes.into_iter().flatten().filter_map(Json::as_str);
    codes.any(|code| code.strip_prefix('U') == Some(user))
}

fn in_order(mut events: Vec<&Row>) -> Value {
    events.sort_by_key(|event| span(event).map_or(0, |(from, _)| from));
    let events = events.into_iter().cloned();
    events
        .map(|event| Value::from(Json::Object(event)))
        .collect()
}

/// Whether rows of events were loaded. They may lack what lists ask for.
fn is_loaded(state: &PortalData) -> bool {
    let table = state.record_table(EVENTS);
    table.is_some_and(|table| table.is_loaded)
}

/// `calendar.event.get(type, ownerId, from, to, section)`: from a month ago to three months from now where nothing is
/// said.
fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    for name in ["type", "ownerId"] {
        if call.text(name).is_empty() && !is_loaded(state) {
            let text = format!(
                "The required parameter \"{name}\" for the method \"calendar.event.get\" is not set"
            );
            return Err(MethodError::new(400, "", text));
        }
    }
    let now = call.seconds();
    let bound = |name: &str, usual: i64| match moment::parse(&call.text(name), now) {
        Some(at) => Some(at),
        None => (!is_loaded(state)).then_some(usual),
    };
    let from = bound("from", moment::midnight(now) - 31 * DAY);
    let to = bound("to", moment::midnight(now) + 92 * DAY);
    let sections = numbers(call.params.get_ignoring_case("section"));
    let is_wanted = |event: &Row| {
        let [kind, owner] =
            [("type", "CAL_TYPE"), ("ownerId", "OWNER_ID")].map(|(param, field)| {
                call.text(param).is_empty() || call.text(param) == text(event, field)
            });
        let owner = owner || (call.text("type") == "user" && invites(event, &call.text("ownerId")));
        let in_section = sections.is_empty() || sections.contains(&number(event, "SECT_ID"));
        let in_time = span(event).is_none_or(|(begin, end)| {
            from.is_none_or(|from| end >= from) && to.is_none_or(|to| begin < to + DAY)
        });
        kind && owner && in_section && in_time
    };
    let events = rows(state, EVENTS).map(|(_, event)| event);
    Ok(Output::value(&in_order(
        events.filter(|event| is_wanted(event)).collect(),
    )))
}

/// `calendar.event.get.nearest(type, ownerId, days, forCurrentUser, maxEventsCount)`: those that are still to come.
fn nearest(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL_DAYS: u64 = 60;
    let days = match given_number(call, "days") {
        0 => USUAL_DAYS,
        days => days.min(3650),
    };
    let own = !matches!(
        call.text("forCurrentUser").as_str(),
        "0" | "N" | "n" | "false"
    );
    let (kind, owner) = match (call.text("type"), call.text("ownerId")) {
        (kind, owner) if kind.is_empty() && owner.is_empty() && own => {
            ("user".to_owned(), call.user.to_string())
        }
        given => given,
    };
    let now = call.seconds();
    let end = now + i64::try_from(days).unwrap_or(0) * DAY;
    let is_wanted = |event: &Row| {
        let is_of = |field: &str, wanted: &str| wanted.is_empty() || text(event, field) == wanted;
        let is_invited = kind == "user" && invites(event, &owner);
        let is_near = span(event).is_none_or(|(from, to)| to >= now && from <= end);
        is_of("CAL_TYPE", &kind) && (is_of("OWNER_ID", &owner) || is_invited) && is_near
    };
    let events = rows(state, EVENTS).map(|(_, event)| event);
    let mut events: Vec<&Row> = events.filter(|event| is_wanted(event)).collect();
    events.sort_by_key(|event| span(event).map_or(0, |(from, _)| from));
    if let most @ 1.. = given_number(call, "maxEventsCount") {
        events.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Ok(Output::value(&in_order(events)))
}

/// `calendar.resource.booking.list(filter)`: the events of resources, by their calendars or by their own numbers.
fn bookings(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let filter = call.params.get_ignoring_case("filter");
    let given = |name: &str| {
        let value = filter.and_then(|filter| filter.as_array()?.get_ignoring_case(name));
        numbers(value)
    };
    let (kinds, resources) = (given("resourceTypeIdList"), given("resourceIdList"));
    if kinds.is_empty() && resources.is_empty() {
        let text = "The required parameter \"filter['resourceTypeIdList']\" is not set for the method \"calendar.resource.booking.list\"";
        return Err(MethodError::new(400, "", text));
    }
    let is_wanted = |event: &Row| {
        let kind = kinds.is_empty() || kinds.contains(&number(event, "SECT_ID"));
        let own = resources.is_empty() || resources.contains(&number(event, "ID"));
        text(event, "CAL_TYPE") == "resource" && kind && own
    };
    let events = rows(state, EVENTS).map(|(_, event)| event);
    Ok(Output::value(&in_order(
        events.filter(|event| is_wanted(event)).collect(),
    )))
}
