//! `calendar.accessibility.get`: when users have something in their calendars.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};

use super::calendar_events::invites;
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method, read};

/// The methods of this subject.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [read!(
        "calendar",
        "calendar.accessibility.get",
        accessibility
    )]
    .into_iter()
}

/// The events of each user between two days.
pub(crate) fn accessibility(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    const DAY: i64 = 86_400;
    for name in ["from", "to", "users"] {
        if call
            .params
            .get_ignoring_case(name)
            .is_none_or(|value| !value.is_truthy())
        {
            let text = format!(
                "The required parameter \"{name}\" for the method \"calendar.accessibility.get\" is not set."
            );
            return Err(MethodError::new(400, "", text));
        }
    }
    let time = |text: &str| moment::parse(text, 0);
    let (from, to) = (time(&call.text("from")), time(&call.text("to")));
    let table = state.record_table("calendar.event");
    let ids = table.map(|table| table.ids(&[], &[])).unwrap_or_default();
    let users = call.params.get_ignoring_case("users");
    let mut result = Array::new();
    for user in users
        .and_then(Value::as_array)
        .into_iter()
        .flat_map(Array::values)
    {
        let user = user.to_text();
        let rows = ids.iter().filter_map(|id| table?.get(*id));
        let events = rows.filter_map(|row| {
            let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
            let is_of_user = (text("OWNER_ID") == Some(&user) || invites(row, &user))
                && text("CAL_TYPE") == Some("user");
            let begin = text("DATE_FROM").and_then(time);
            let end = text("DATE_TO").and_then(time);
            let is_between = from.zip(end).is_none_or(|(from, end)| end >= from)
                && to.zip(begin).is_none_or(|(to, begin)| begin < to + DAY);
            (is_of_user && is_between).then(|| {
                let shown = [
                    "ID",
                    "NAME",
                    "DATE_FROM",
                    "DATE_TO",
                    "TZ_FROM",
                    "TZ_TO",
                    "ACCESSIBILITY",
                    "IMPORTANCE",
                ];
                let value = |name: &'static str| {
                    let value = row.get(name).cloned().map(Value::from);
                    (name, value.unwrap_or_default())
                };
                Array::from_iter(shown.map(value))
            })
        });
        result.insert(user.as_str(), events.collect::<Value>());
    }
    Ok(Output::value(&Value::Array(result)))
}
