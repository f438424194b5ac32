//! Reports on the time that users spend at work (`timeman.timecontrol.reports.*`), and the networks of the office.

use std::borrow::Cow;
use std::net::IpAddr;

use brimful_protocol::{Array, Value};

use super::portal_settings;
use crate::context::settings::Rights;
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::data::workdays::Workday;
use crate::methods::method::{Handler, Method, read};

const HOUR: i64 = 3_600;

/// The methods.
pub(crate) fn methods() -> [Method; 3] {
    [
        read!("timeman", "timeman.timecontrol.reports.get", report),
        read!("timeman", "timeman.timecontrol.reports.users.get", users),
        read!("timeman", "timeman.networkrange.check", check_network),
    ]
}

fn refused(code: &str, text: &str) -> MethodError {
    MethodError::new(400, code, text)
}

/// A user as reports show them.
fn shown(state: &PortalData, id: u64) -> Array {
    let table = state.table(USER);
    let row = table.row(id);
    let text = |name: &str| {
        let at = table.schema.legacy(name);
        at.and_then(|at| row.cell(at).to_text()).unwrap_or_default()
    };
    let name = [text("NAME"), text("LAST_NAME")].join(" ");
    let mut user = Array::from_iter([("id", id as i64)]);
    user.insert("active", true);
    user.insert("name", name.trim());
    user.insert("first_name", text("NAME"));
    user.insert("last_name", text("LAST_NAME"));
    user.insert("work_position", text("WORK_POSITION"));
    user.insert("avatar", text("PERSONAL_PHOTO"));
    user.insert("personal_gender", text("PERSONAL_GENDER"));
    user.insert("last_activity_date", text("LAST_LOGIN"));
    user
}

/// `timeman.timecontrol.reports.get(USER_ID, MONTH, YEAR, WORKDAY_HOURS)`: the days of the month that the user began.
fn report(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| call.text(name).trim().parse::<i64>().ok();
    let user = u64::try_from(number("USER_ID").unwrap_or(0)).unwrap_or(0);
    let is_seen = user == call.user || call.rights == Rights::All;
    if !is_seen || !state.table(USER).contains(user) {
        let text = "You don't have access to report for this user";
        return Err(refused("USER_ACCESS_ERROR", text));
    }
    // What is not a year or month has no first day, and is refused by that.
    let part = |name: &str| number(name).filter(|part| (1..=9_998).contains(part));
    let (year, month) = (part("YEAR").unwrap_or(0), part("MONTH").unwrap_or(0));
    let (next_year, next_month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    let first =
        |year: i64, month: i64| moment::parse(&format!("{year:04}-{month:02}-01T00:00:00"), 0);
    let bounds = first(year, month).zip(first(next_year, next_month));
    let Some((start, end)) = bounds.filter(|_| (1..=12).contains(&month)) else {
        let text = "You don't have access to this method";
        return Err(refused("ACCESS_ERROR", text));
    };
    let hours = number("WORKDAY_HOURS").unwrap_or(8).clamp(0, 24);
    let day = state.workdays.get(&user);
    let days = day.filter(|day| (start..end).contains(&day.start));
    let days: Value = days
        .map(|day| report_of_day(user, day, hours * HOUR, call.seconds()))
        .into_iter()
        .collect();
    let mut report = Array::from_iter([("month_title", MONTHS[(month - 1) as usize])]);
    report.insert("date_start", moment::text(start));
    report.insert("date_finish", moment::text(end - 1));
    report.insert("days", days);
    let mut answer = Array::from_iter([("report", report)]);
    answer.insert("user", shown(state, user));
    Ok(Output::value(&Value::Array(answer)))
}

const MONTHS: [&str; 12] = [
    "Январь",
    "Февраль",
    "Март",
    "Апрель",
    "Май",
    "Июнь",
    "Июль",
    "Август",
    "Сентябрь",
    "Октябрь",
    "Ноябрь",
    "Декабрь",
];

/// A day of a report. The wanted duration is in seconds.
fn report_of_day(user: u64, day: &Workday, wanted: i64, now: i64) -> Array {
    let began = moment::text(day.start);
    let date = began.split('T').next().unwrap_or_default();
    let finish = day.finish.map_or(Value::Null, |at| moment::text(at).into());
    let worked = match day.finish {
        Some(_) => day.worked(),
        None => (now - day.start - day.paused(now)).max(0),
    };
    let mut parts = date.splitn(3, '-');
    let [year, month, of_month] = [0; 3].map(|_| parts.next().unwrap_or_default());
    let mut start = Array::from_iter([("id", user.to_string())]);
    start.insert("user_id", user.to_string());
    start.insert("type", "TM_START");
    start.insert("date_start", began.as_str());
    start.insert("date_finish", began.as_str());
    start.insert("duration", 0);
    start.insert("active", false);
    start.insert("entry_id", user.to_string());
    start.insert("report_type", "WORK");
    for name in ["report_text", "system_text"] {
        start.insert(name, Value::Null);
    }
    for name in ["source_start", "source_finish"] {
        start.insert(name, "TM_EVENT");
    }
    let mut row = Array::from_iter([("index", date.replace('-', ""))]);
    row.insert("day_title", format!("{of_month}.{month}.{year}"));
    row.insert("workday_date_start", began.as_str());
    row.insert("workday_date_finish", finish);
    row.insert("workday_complete", day.finish.is_some());
    row.insert("workday_time_leaks_user", 0);
    row.insert("workday_time_leaks_final", (wanted - worked).max(0));
    row.insert("workday_duration", worked);
    row.insert("workday_duration_final", worked);
    row.insert("workday_duration_config", wanted);
    row.insert(
        "reports",
        [Value::Array(start)].into_iter().collect::<Value>(),
    );
    row.insert("workday_time_leaks_real", day.paused(now));
    row
}

/// `timeman.timecontrol.reports.users.get(DEPARTMENT_ID)`: the caller, or the users of a department for who sees them.
fn users(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(USER);
    let department = call.text("DEPARTMENT_ID").trim().parse::<i64>().ok();
    let ids: Vec<u64> = match department {
        Some(department) if call.rights == Rights::All => {
            let at = table.schema.legacy("UF_DEPARTMENT");
            let is_in = |id: &u64| {
                let cell = at.map(|at| table.row(*id).cell(at));
                cell.is_some_and(|cell| cell.any(|cell| cell.to_int() == Some(department)))
            };
            table.ids(1, u64::MAX).filter(is_in).collect()
        }
        _ => vec![call.user],
    };
    let rows = ids.into_iter().map(|id| {
        let mut user = shown(state, id);
        user.remove("active");
        user
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

/// `timeman.networkrange.check(IP)`: the network of the office that an address is in, or `false`.
fn check_network(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.rights != Rights::All {
        let text = "You don't have access to use this method";
        return Err(refused("ACCESS_ERROR", text));
    }
    let given = call.text("IP");
    // Calls come from this machine.
    let given = if given.is_empty() {
        "127.0.0.1"
    } else {
        &given
    };
    let ip = given.trim().parse::<IpAddr>().ok();
    let ranges = portal_settings::value(state, "timeman.networkrange.get", call);
    let ranges = ranges.as_array().into_iter().flat_map(Array::values);
    let text = |range: &Value, name: &str| {
        let value = range
            .as_array()
            .and_then(|range| range.get_ignoring_case(name));
        value.map(Value::to_text).unwrap_or_default()
    };
    let holds = |range: &&Value| {
        let range = text(range, "ip_range");
        let (first, last) = range.split_once('-').unwrap_or((&range, &range));
        let ends = [first, last].map(|end| end.trim().parse::<IpAddr>().ok());
        matches!((ends, ip), ([Some(first), Some(last)], Some(ip)) if first <= ip && ip <= last)
    };
    let found = ranges.into_iter().find(holds).map(|range| {
        let mut answer = Array::from_iter([("ip", given.to_owned())]);
        answer.insert("range", text(range, "ip_range"));
        answer.insert("name", text(range, "name"));
        Value::Array(answer)
    });
    Ok(Output::value(&found.unwrap_or(Value::Bool(false))))
}
