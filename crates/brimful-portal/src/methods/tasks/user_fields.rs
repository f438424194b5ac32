//! `task.item.userfield.*`: the fields that a portal has added to its tasks. They are fields as those of the CRM are; the
//! methods call their parameters otherwise.

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::methods::crm::user_fields;

/// The refusals of these methods have a code.
fn coded(mut refused: MethodError) -> MethodError {
    if refused.code.is_empty() {
        "ERROR_CORE".clone_into(&mut refused.code);
    }
    refused
}

/// Calls a parameter what the methods of the CRM call it.
fn rename(call: &mut Call<'_>, from: &str) {
    if let Some(fields) = call.params.get_ignoring_case(from).cloned() {
        call.params.insert("fields", fields);
    }
}

pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    user_fields::list::<TASK>(state, call).map_err(coded)
}

pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    user_fields::get::<TASK>(state, call).map_err(coded)
}

pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    rename(call, "PARAMS");
    user_fields::add::<TASK>(state, call).map_err(coded)
}

pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    rename(call, "DATA");
    user_fields::update::<TASK>(state, call).map_err(coded)
}

pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    user_fields::delete::<TASK>(state, call).map_err(coded)
}
