//! `tasks.task.counters.get`: overdue tasks are counted; of comments the emulator does not know who has read them.

use brimful_protocol::{Array, Value};

use super::filter::Reader;
use super::status::StatusFields;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::{TASK, USER};
use crate::data::list::condition::{Condition, Operand, Predicate};
use crate::data::list::query::Query;

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| {
        let value = call.params.get(name).filter(|value| **value != Value::Null);
        value.map(Value::to_int)
    };
    let user = number("userId").unwrap_or(call.user as i64);
    let known = u64::try_from(user).is_ok_and(|user| state.table(USER).contains(user));
    // The user of the webhook may be one that nobody has made.
    if !known && user != call.user as i64 {
        return Ok(Output::value(&Value::Array(Array::new())));
    }
    let table = state.table(TASK);
    let role = call
        .params
        .get("type")
        .map(Value::to_text)
        .unwrap_or_default();
    let fields: &[&str] = match role.as_str() {
        "view_role_responsible" => &["RESPONSIBLE_ID"],
        "view_role_accomplice" => &["ACCOMPLICES"],
        "view_role_auditor" => &["AUDITORS"],
        "view_role_originator" => &["CREATED_BY"],
        _ => &["RESPONSIBLE_ID", "ACCOMPLICES", "AUDITORS", "CREATED_BY"],
    };
    let concerned = fields.iter().filter_map(|name| table.schema.legacy(name));
    let mut condition = Condition::Any(
        concerned
            .map(|at| Condition::test(at, Predicate::OneOf(vec![Operand::Int(user)])))
            .collect(),
    );
    let reader = Reader {
        user: u64::try_from(user).unwrap_or(0),
        now: call.seconds(),
    };
    if let Some(clockwork) = StatusFields::new(&table.schema, reader) {
        condition = condition.and(clockwork.any(|status| status == -1));
    }
    if let Some(group) = number("groupId").filter(|group| *group != 0)
        && let Some(at) = table.schema.legacy("GROUP_ID")
    {
        condition = condition.and(Condition::equal(at, Operand::Int(group)));
    }
    let expired = Query::new(table, condition, Vec::new()).count();
    let counter = |count: u64, code: i64| {
        let mut counter = Array::new();
        counter.insert("counter", count as i64);
        counter.insert("code", code);
        counter
    };
    let mut counters = Array::new();
    counters.insert("expired", counter(expired, 6_291_456));
    counters.insert("new_comments", counter(0, 12_582_912));
    let mut output = Output::value(&Value::Array(counters));
    output.total = Some(1);
    Ok(output)
}
