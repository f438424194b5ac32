//! The errors of REST 3.0: `{"error": {code, message, validation?}}`, where the code is the name of a class.

use brimful_protocol::{Array, Value};

use crate::context::MethodError;

const PREFIX: &str = "BITRIX_REST_V3_EXCEPTION_";

fn exception(status: u16, class: &str, message: impl Into<String>) -> MethodError {
    MethodError::new(status, &format!("{PREFIX}{class}EXCEPTION"), message)
}

/// Whatever is wrong with the credentials.
pub(crate) fn unauthorised() -> MethodError {
    exception(401, "ACCESSDENIED", "Access denied")
}

pub(crate) fn access_denied() -> MethodError {
    exception(403, "ACCESSDENIED", "Access denied")
}

pub(crate) fn insufficient_scope() -> MethodError {
    exception(
        403,
        "INSUFFICIENTSCOPE",
        "The current authorization scope is insufficient for this method",
    )
}

pub(crate) fn method_not_found(method: &str) -> MethodError {
    exception(
        404,
        "METHODNOTFOUND",
        format!("Method `{method}` was not found."),
    )
}

/// The operating limiter.
pub(crate) fn rate_limit() -> MethodError {
    exception(
        429,
        "RATELIMIT",
        "Method is blocked due to operation time limit.",
    )
}

pub(crate) fn invalid_json() -> MethodError {
    exception(400, "INVALIDJSON", "The request body is not valid JSON")
}

/// What no portal can hold. A real one dies of it, so the class is ours.
pub(crate) fn too_large() -> MethodError {
    exception(413, "REQUESTTOOLARGE", "The request is too large")
}

pub(crate) fn entity_not_found(id: &str) -> MethodError {
    exception(
        400,
        "ENTITYNOTFOUND",
        format!("Record with ID = `{id}` not found"),
    )
}

pub(crate) fn unknown_field(field: &str, dto: &str) -> MethodError {
    exception(
        400,
        "UNKNOWNDTOPROPERTY",
        format!("Unknown field `{field}` for entity `{dto}`"),
    )
}

pub(crate) fn invalid_select(select: &str) -> MethodError {
    exception(
        400,
        "INVALIDSELECT",
        format!("Unable to recognize select expression `{select}`"),
    )
}

pub(crate) fn invalid_filter(filter: &str) -> MethodError {
    exception(
        400,
        "INVALIDFILTER",
        format!("Unable to recognize filter expression `{filter}`"),
    )
}

pub(crate) fn unknown_operator(operator: &str) -> MethodError {
    exception(
        400,
        "UNKNOWNFILTEROPERATOR",
        format!("Unknown filter operator `{operator}`"),
    )
}

pub(crate) fn invalid_order(order: &str) -> MethodError {
    exception(
        400,
        "INVALIDORDER",
        format!("Unable to recognize order parameter `{order}`"),
    )
}

pub(crate) fn invalid_pagination(pagination: &str) -> MethodError {
    exception(
        400,
        "INVALIDPAGINATION",
        format!("Unable to recognize pagination parameter `{pagination}`"),
    )
}

pub(crate) fn invalid_key() -> MethodError {
    exception(
        400,
        "INVALIDIDEMPOTENCYKEY",
        "The value of `Idempotency-Key` must be 1 to 255 printable ASCII characters",
    )
}

pub(crate) fn key_reused() -> MethodError {
    exception(
        422,
        "IDEMPOTENCYKEYREUSED",
        "The value of `Idempotency-Key` was already used with another request body",
    )
}

/// Something is wrong with fields of the request.
pub(crate) fn validation<'f>(fields: impl IntoIterator<Item = (&'f str, String)>) -> MethodError {
    let mut error = exception(
        400,
        "VALIDATION_REQUESTVALIDATION",
        "Error validating request object",
    );
    let fields = fields.into_iter().map(|(field, message)| {
        Value::Array(Array::from_iter([
            ("message", Value::Text(message)),
            ("field", field.into()),
        ]))
    });
    error.extra.insert("validation", fields.collect::<Value>());
    error
}

pub(crate) fn required(field: &str) -> MethodError {
    validation([(field, format!("Required field `{field}` is not specified"))])
}

pub(crate) fn wrong_type(field: &str, kind: &str) -> MethodError {
    validation([(
        field,
        format!("Field `{field}` requires data type `{kind}` for this request"),
    )])
}

/// The field cannot be used for this: it is not `Filterable`, `Sortable` or `Editable`.
pub(crate) fn lacks(attribute: &str, dto: &str, field: &str) -> MethodError {
    validation([(
        field,
        format!(
            "In DTO `{dto}`, field `{field}` requires the `{attribute}` attribute for this request"
        ),
    )])
}
