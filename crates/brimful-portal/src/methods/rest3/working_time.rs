//! `timeman.record.list`: the working days of one employee.

use std::borrow::Cow;

use brimful_protocol::{Array, Value, json};

use super::error;
use super::page::Pagination;
use super::params::under;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::workdays::Workday;
use crate::methods::method::{Handler, Method};

const FIELDS: [&str; 8] = [
    "id",
    "userId",
    "startTime",
    "endTime",
    "duration",
    "breakLength",
    "state",
    "isApproved",
];

pub(super) fn methods() -> impl Iterator<Item = Method> {
    std::iter::once(Method {
        name: Cow::Borrowed("timeman.record.list"),
        scope: "timeman",
        handler: Handler::Read(list),
    })
}

fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let page = Pagination::parse(call.params.get("pagination"))?;
    let filter = Filter::parse(call.params.get("filter"))?;
    let wanted: Vec<&str> = match call.params.get("select") {
        None | Some(Value::Null) => FIELDS.to_vec(),
        Some(Value::Array(names)) => {
            let named = |field: &&str| names.values().any(|name| name.as_str() == Some(*field));
            FIELDS.into_iter().filter(named).collect()
        }
        Some(other) => return Err(error::invalid_select(&json::to_string(other))),
    };
    let days = state.workdays.get(&filter.user);
    let items: Value = days
        .into_iter()
        .filter(|day| filter.admits(day.start))
        .skip(usize::try_from(page.offset).unwrap_or(usize::MAX))
        .take(usize::try_from(page.limit).unwrap_or(usize::MAX))
        .map(|day| describe(filter.user, day, &wanted, call.seconds()))
        .collect();
    Ok(Output::value(&under("items", items)))
}

fn describe(user: u64, day: &Workday, wanted: &[&str], now: i64) -> Array {
    let value = |name: &str| -> Value {
        match name {
            // A user has one day here, so its number is the user's.
            "id" | "userId" => Value::Int(user as i64),
            "startTime" => moment::text(day.start).into(),
            "endTime" => day.finish.map_or(Value::Null, |at| moment::text(at).into()),
            "duration" => Value::Int(day.worked()),
            "breakLength" => Value::Int(day.paused(now)),
            "state" => day.status().into(),
            "isApproved" => true.into(),
            _ => Value::Null,
        }
    };
    wanted.iter().map(|name| (*name, value(name))).collect()
}

/// The employee, and between which moments (Unix seconds) their days began.
struct Filter {
    user: u64,
    from: i64,
    to: i64,
}

impl Filter {
    fn parse(filter: Option<&Value>) -> Result<Self, MethodError> {
        let (mut user, mut from, mut to) = (None, i64::MIN, i64::MAX);
        let conditions = match filter {
            None | Some(Value::Null) => None,
            Some(Value::Array(conditions)) => Some(conditions),
            Some(other) => return Err(error::invalid_filter(&json::to_string(other))),
        };
        for condition in conditions.into_iter().flat_map(Array::values) {
            let wrong = || error::invalid_filter(&json::to_string(condition));
            let parts: Vec<&Value> = condition
                .as_array()
                .map(|parts| parts.values().collect())
                .unwrap_or_default();
            let (name, sign, value) = match parts[..] {
                [name, value] => (name, "=".to_owned(), value),
                [name, sign, value] => (name, sign.to_text(), value),
                _ => return Err(wrong()),
            };
            let at = |value: &Value| moment::parse(&value.to_text(), 0).ok_or_else(wrong);
            match (name.to_text().as_str(), sign.as_str()) {
                ("userId", "=") => {
                    let named = u64::try_from(value.to_int()).unwrap_or(0);
                    if user.is_some_and(|other| other != named) {
                        return Err(wrong());
                    }
                    user = Some(named);
                }
                ("startTime", "=") => (from, to) = (from.max(at(value)?), to.min(at(value)?)),
                ("startTime", ">=") => from = from.max(at(value)?),
                ("startTime", ">") => from = from.max(at(value)?.saturating_add(1)),
                ("startTime", "<=") => to = to.min(at(value)?),
                ("startTime", "<") => to = to.min(at(value)?.saturating_sub(1)),
                ("startTime", "between") => match value.as_array() {
                    Some(ends) if ends.len() == 2 => {
                        let mut ends = ends.values();
                        from = from.max(at(ends.next().unwrap_or(&Value::Null))?);
                        to = to.min(at(ends.next().unwrap_or(&Value::Null))?);
                    }
                    _ => return Err(wrong()),
                },
                _ => return Err(wrong()),
            }
        }
        let user = user.ok_or_else(|| {
            let text = "Required field `filter.userId` is not specified".to_owned();
            error::validation([("filter.userId", text)])
        })?;
        Ok(Self { user, from, to })
    }

    fn admits(&self, start: i64) -> bool {
        (self.from..=self.to).contains(&start)
    }
}
