//! `task.dependence.*`: which task waits for which.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::records::{self, table::Writer};

/// `task.dependence.add(taskIdFrom, taskIdTo, linkType)`
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let number = |name: &str| call.params.get_ignoring_case(name).map_or(0, Value::to_int);
    let (from, to) = (number("taskIdFrom"), number("taskIdTo"));
    let is_there = |id: i64| u64::try_from(id).is_ok_and(|id| state.table(TASK).contains(id));
    let link = call.params.get_ignoring_case("linkType");
    let is_known = link.is_some_and(|link| (0..=3).contains(&link.to_int()));
    if from == to || !is_there(from) || !is_there(to) || !is_known {
        let text = "Unable to add a link between tasks";
        return Err(MethodError::new(400, "ACTION_NOT_ALLOWED", text));
    }
    let place = records::place("task.dependence").ok_or_else(errors::method_not_found)?;
    let table = &mut state.records[place];
    if table
        .find(&[from.to_string(), to.to_string()], &[])
        .is_some()
    {
        let text = "A link between tasks already exists";
        return Err(MethodError::new(400, "ILLEGAL_NEW_LINK", text));
    }
    let writer = Writer {
        user: call.user,
        now: call.seconds(),
    };
    table.add(&call.params, writer);
    Ok(Output::value(&Value::Array(Array::new())))
}
