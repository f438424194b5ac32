//! `timeman.*`: the working day of a user, which he opens, interrupts and closes.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use crate::context::moment;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::workdays::Workday;
use crate::methods::method::{Handler, Method, read, write};
use crate::methods::params::legacy_error;

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("timeman", "timeman.status", status),
        read!("timeman", "timeman.settings", settings),
        write!("timeman", "timeman.open", open),
        write!("timeman", "timeman.pause", pause),
        write!("timeman", "timeman.close", close),
    ]
    .into_iter()
}

fn user(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let named = call.params.get_ignoring_case("USER_ID").map(Value::to_int);
    let user = match named {
        Some(id) => u64::try_from(id).unwrap_or(0),
        None => call.user,
    };
    let found = state.table(USER).get(user).map(|_| user);
    found.ok_or_else(|| legacy_error("User not found"))
}

fn shown(day: Option<&Workday>, call: &Call<'_>) -> Output {
    let now = call.seconds();
    let mut map = Array::new();
    let clock = |seconds: i64| {
        let (hours, rest) = (seconds / 3600, seconds % 3600);
        format!("{hours:02}:{:02}:{:02}", rest / 60, rest % 60)
    };
    let moment = |at: Option<i64>| at.map_or(Value::Null, |at| Value::Text(moment::text(at)));
    map.insert("STATUS", day.map_or("CLOSED", |day| day.status()));
    map.insert("TIME_START", moment(day.map(|day| day.start)));
    map.insert("TIME_FINISH", moment(day.and_then(|day| day.finish)));
    map.insert("DURATION", clock(day.map_or(0, Workday::worked)));
    map.insert("TIME_LEAKS", clock(day.map_or(0, |day| day.paused(now))));
    map.insert("ACTIVE", false);
    for (name, value) in [("IP_OPEN", ""), ("IP_CLOSE", "")] {
        map.insert(name, value);
    }
    for name in ["LAT_OPEN", "LON_OPEN", "LAT_CLOSE", "LON_CLOSE"] {
        map.insert(name, 0);
    }
    map.insert("TZ_OFFSET", moment::zone());
    Output::value(&Value::Array(map))
}

/// `timeman.status`
pub(crate) fn status(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = user(state, call)?;
    Ok(shown(state.workdays.get(&user), call))
}

/// `timeman.open`: begins the day, or continues it.
pub(crate) fn open(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = user(state, call)?;
    let now = call.seconds();
    let day = state
        .workdays
        .entry(user)
        .or_insert_with(|| Workday::begun(now));
    day.go_on(now);
    Ok(shown(state.workdays.get(&user), call))
}

/// `timeman.pause`
pub(crate) fn pause(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = user(state, call)?;
    if let Some(day) = state.workdays.get_mut(&user) {
        day.pause(call.seconds());
    }
    Ok(shown(state.workdays.get(&user), call))
}

/// `timeman.close`
pub(crate) fn close(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let user = user(state, call)?;
    if let Some(day) = state.workdays.get_mut(&user) {
        day.close(call.seconds());
    }
    Ok(shown(state.workdays.get(&user), call))
}

/// `timeman.settings`
pub(crate) fn settings(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    user(state, call)?;
    let mut map = Array::new();
    map.insert("UF_TIMEMAN", true);
    map.insert("UF_TM_FREE", false);
    map.insert("UF_TM_MAX_START", "09:15:00");
    map.insert("UF_TM_MIN_FINISH", "17:45:00");
    map.insert("UF_TM_MIN_DURATION", "08:00:00");
    map.insert("UF_TM_ALLOWED_DELTA", "00:15:00");
    map.insert("ADMIN", call.rights == Rights::All);
    Ok(Output::value(&Value::Array(map)))
}
