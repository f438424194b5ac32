//! How methods of REST 3.0 read their parameters.

use brimful_protocol::{Array, Value};

use super::error;
use crate::context::{Call, MethodError};

/// The parameter `id`, which must be a number: digits in a string are not a number.
pub(crate) fn id(call: &Call<'_>) -> Result<u64, MethodError> {
    match call.params.get("id") {
        None | Some(Value::Null) => Err(error::required("id")),
        // Below 1 there is no record; nor is there one with the ID 0.
        Some(Value::Int(id)) => Ok(u64::try_from(*id).unwrap_or(0)),
        Some(_) => Err(error::wrong_type("id", "int")),
    }
}

/// The parameter `fields`, which must be an object.
pub(crate) fn fields(call: &Call<'_>) -> Result<Array, MethodError> {
    match call.params.get("fields") {
        None | Some(Value::Null) => Err(error::required("fields")),
        Some(Value::Array(fields)) => Ok(fields.clone()),
        Some(_) => Err(error::wrong_type("fields", "array")),
    }
}

/// `{key: value}`, as results are.
pub(super) fn under(key: &str, value: impl Into<Value>) -> Value {
    Value::Array(Array::from_iter([(key, value.into())]))
}
