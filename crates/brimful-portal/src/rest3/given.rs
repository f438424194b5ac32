//! What methods on rows that were given share with those that are modelled: parameters and errors.

use brimful_protocol::{Array, Value, json};

use super::pagination::Pagination;
use super::{error, params};
use crate::method::{Call, MethodError};

pub(crate) fn no_method(name: &str) -> MethodError {
    error::method_not_found(name)
}

pub(crate) fn no_record(id: u64) -> MethodError {
    error::entity_not_found(&id.to_string())
}

pub(crate) fn no_filter(filter: &Value) -> MethodError {
    error::invalid_filter(&json::to_string(filter))
}

pub(crate) fn no_operator(operator: &str) -> MethodError {
    error::unknown_operator(operator)
}

pub(crate) fn no_field(field: &str, of: &str) -> MethodError {
    error::unknown_field(field, of)
}

/// The parameter `id`.
pub(crate) fn id(call: &Call<'_>) -> Result<u64, MethodError> {
    params::id(call)
}

/// The parameter `fields`.
pub(crate) fn fields(call: &Call<'_>) -> Result<Array, MethodError> {
    params::fields(call)
}

/// The offset and the limit that `pagination` states.
pub(crate) fn pagination(call: &Call<'_>) -> Result<(u64, u64), MethodError> {
    let said = Pagination::parse(call.params.get("pagination"))?;
    Ok((said.offset, said.limit))
}
