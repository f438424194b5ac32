//! `task.stages.canmovetask`

use brimful_protocol::Value;

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::methods::params::missing;

/// Whether who calls may move tasks between the stages of a plan, which is his own one alone, or of a group.
pub(crate) fn can_move(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = call.required("entityId")?.to_int();
    let kind = call.required("entityType")?.to_text();
    let may = match kind.to_ascii_uppercase().as_str() {
        "U" => id == call.user as i64,
        "G" => id > 0,
        _ => return Err(missing("entityType")),
    };
    Ok(Output::value(&Value::Bool(may)))
}
