//! The error that a method or the portal itself answers with, and those that every API of the portal has.

use brimful_protocol::Array;

use crate::context::settings::AuthStatuses;

/// The error that a method answers with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MethodError {
    /// The HTTP status of a single call; a batch answers 200 whatever its commands say.
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) description: String,
    /// Further keys of the error envelope, such as `argument`.
    pub(crate) extra: Array,
}

impl MethodError {
    pub(crate) fn new(status: u16, code: &str, description: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            description: description.into(),
            extra: Array::new(),
        }
    }
}

pub(crate) fn operation_time_limit() -> MethodError {
    MethodError::new(
        429,
        "OPERATION_TIME_LIMIT",
        "Method is blocked due to operation time limit.",
    )
}

pub(crate) fn expired_token(statuses: AuthStatuses) -> MethodError {
    authorisation(
        statuses,
        "expired_token",
        "The access token provided has expired",
    )
}

/// The refusal of a body beyond the limit, or of one that would become too much.
pub(crate) fn too_large() -> MethodError {
    MethodError::new(413, "REQUEST_ENTITY_TOO_LARGE", "Request entity too large")
}

/// The answer to a request that is not HTTP.
pub(crate) fn broken_request() -> MethodError {
    MethodError::new(400, "INVALID_REQUEST", "The request is broken")
}

pub(crate) fn method_not_found() -> MethodError {
    MethodError::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
}

/// An authorisation error with the status of the portal's kind.
pub(crate) fn authorisation(statuses: AuthStatuses, code: &str, description: &str) -> MethodError {
    let status = match (statuses, code) {
        (
            AuthStatuses::Docs,
            "INVALID_CREDENTIALS" | "insufficient_scope" | "user_access_error" | "ACCESS_DENIED",
        ) => 403,
        _ => 401,
    };
    MethodError::new(status, code, description)
}
