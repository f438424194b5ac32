//! `tasks.flow.Flow.isExists`: whether there is a flow with a name, beside the one that is being changed.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::records;
use crate::methods::params::missing;

/// `tasks.flow.Flow.isExists(flowData)`: by `name`, without the flow `id`; by `id` alone if there is no name.
pub(crate) fn exists(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let flow = call
        .params
        .get_ignoring_case("flowData")
        .and_then(Value::as_array);
    let flow = flow.ok_or_else(|| missing("flowData"))?;
    let of = |name: &str| flow.get(name).map(Value::to_text).unwrap_or_default();
    let (name, id) = (of("name"), of("id"));
    let table = state.record_table("tasks.flow.flow");
    let mut rows = table.into_iter().flat_map(records::RecordTable::rows);
    let is_it = rows.any(|(number, row)| {
        let is_named = row.get("name").and_then(|of| of.as_str()) == Some(&name);
        let is_numbered = number.to_string() == id;
        if name.is_empty() {
            is_numbered
        } else {
            is_named && !is_numbered
        }
    });
    let answer = Array::from_iter([("exists", is_it)]);
    Ok(Output::value(&Value::Array(answer)))
}
