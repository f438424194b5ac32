//! Error codes: an open set, compared without case.

use std::fmt;

/// The code of an error as the portal wrote it: any string, `""`, `"0"` and `"100"` included.
///
/// Portals and their documentation disagree about case and HTTP status, so decide by [`ErrorCode::known`] and compare
/// codes with `==`, which ignores the case of ASCII letters.
#[derive(Clone, Eq)]
pub struct ErrorCode(Box<str>);

/// The codes that this system acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KnownCode {
    /// `QUERY_LIMIT_EXCEEDED`: too many requests; refused before the method ran.
    QueryLimitExceeded,
    /// `OPERATION_TIME_LIMIT`: the method used up its operating time; refused before it ran.
    OperationTimeLimit,
    /// `OVERLOAD_LIMIT`: blocked by hand by the portal's support.
    OverloadLimit,
    /// `expired_token`: the OAuth access token has expired.
    ExpiredToken,
    /// `NO_AUTH_FOUND`, `INVALID_CREDENTIALS`, `invalid_token`, `authorization_error` and their like.
    Auth,
    /// `insufficient_scope`: the webhook or application may not call this method.
    InsufficientScope,
    /// `ACCESS_DENIED` and `user_access_error`.
    AccessDenied,
    /// `ERROR_METHOD_NOT_FOUND`.
    MethodNotFound,
    /// `NOT_FOUND`, `ERROR_NOT_FOUND`, `ENTITY_NOT_FOUND` and their like.
    NotFound,
    /// `ERROR_BATCH_LENGTH_EXCEEDED`: the command was the 51st or later.
    BatchLengthExceeded,
    /// `ERROR_BATCH_METHOD_NOT_ALLOWED`: `batch` inside `batch`.
    BatchMethodNotAllowed,
    /// `INTERNAL_SERVER_ERROR`, `ERROR_UNEXPECTED_ANSWER`: the method may have run or not.
    Internal,
    /// `PORTAL_DELETED`.
    PortalDeleted,
    /// Anything else.
    Other,
}

impl ErrorCode {
    /// A code as it came.
    pub fn new(code: impl Into<Box<str>>) -> Self {
        Self(code.into())
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of the codes that matter it is. REST 3.0 codes are the same ones under a long name.
    pub fn known(&self) -> KnownCode {
        const V3: &str = "BITRIX_REST_V3_EXCEPTION_";
        let upper = self.0.to_ascii_uppercase();
        match upper.strip_prefix(V3).unwrap_or(&upper) {
            "QUERY_LIMIT_EXCEEDED" => KnownCode::QueryLimitExceeded,
            "OPERATION_TIME_LIMIT" | "RATELIMITEXCEPTION" => KnownCode::OperationTimeLimit,
            "OVERLOAD_LIMIT" => KnownCode::OverloadLimit,
            "EXPIRED_TOKEN" => KnownCode::ExpiredToken,
            "NO_AUTH_FOUND"
            | "INVALID_CREDENTIALS"
            | "INVALID_TOKEN"
            | "AUTHORIZATION_ERROR"
            | "WRONG_AUTH_TYPE"
            | "APPLICATION_NOT_FOUND" => KnownCode::Auth,
            "INSUFFICIENT_SCOPE" | "INSUFFICIENTSCOPEEXCEPTION" => KnownCode::InsufficientScope,
            "ACCESS_DENIED" | "USER_ACCESS_ERROR" | "ACCESSDENIEDEXCEPTION" => {
                KnownCode::AccessDenied
            }
            "ERROR_METHOD_NOT_FOUND" | "METHODNOTFOUNDEXCEPTION" => KnownCode::MethodNotFound,
            "NOT_FOUND"
            | "ERROR_NOT_FOUND"
            | "ENTITY_NOT_FOUND"
            | "ERROR_ENTITY_NOT_FOUND"
            | "OWNER_NOT_FOUND"
            | "ENTITYNOTFOUNDEXCEPTION" => KnownCode::NotFound,
            "ERROR_BATCH_LENGTH_EXCEEDED" => KnownCode::BatchLengthExceeded,
            "ERROR_BATCH_METHOD_NOT_ALLOWED" => KnownCode::BatchMethodNotAllowed,
            "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" | "INTERNALEXCEPTION" => {
                KnownCode::Internal
            }
            "PORTAL_DELETED" => KnownCode::PortalDeleted,
            _ => KnownCode::Other,
        }
    }
}

impl PartialEq for ErrorCode {
    fn eq(&self, other: &Self) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
