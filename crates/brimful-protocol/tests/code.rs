//! Error codes: an open set, compared without case.

use brimful_protocol::{ErrorCode, KnownCode};

fn known(code: &str) -> KnownCode {
    ErrorCode::new(code).known()
}

#[test]
fn codes_are_equal_in_any_case() {
    assert_eq!(
        ErrorCode::new("EXPIRED_TOKEN"),
        ErrorCode::new("expired_token")
    );
    assert_eq!(ErrorCode::new("Expired_Token"), "expired_token");
    assert_ne!(ErrorCode::new("0"), "");
    assert_ne!(ErrorCode::new("ERROR"), "ERROR_CORE");
}

#[test]
fn a_code_is_shown_as_it_came() {
    let code = ErrorCode::new("expired_Token");
    assert_eq!(
        (code.as_str(), code.to_string().as_str()),
        ("expired_Token", "expired_Token")
    );
    assert_eq!(format!("{code:?}"), "\"expired_Token\"");
}

#[test]
fn the_codes_that_matter_are_known_in_any_case() {
    let codes = [
        ("QUERY_LIMIT_EXCEEDED", KnownCode::QueryLimitExceeded),
        ("OPERATION_TIME_LIMIT", KnownCode::OperationTimeLimit),
        ("OVERLOAD_LIMIT", KnownCode::OverloadLimit),
        ("expired_token", KnownCode::ExpiredToken),
        ("NO_AUTH_FOUND", KnownCode::Auth),
        ("INVALID_CREDENTIALS", KnownCode::Auth),
        ("invalid_token", KnownCode::Auth),
        ("authorization_error", KnownCode::Auth),
        ("APPLICATION_NOT_FOUND", KnownCode::Auth),
        ("insufficient_scope", KnownCode::InsufficientScope),
        ("ACCESS_DENIED", KnownCode::AccessDenied),
        ("access_denied", KnownCode::AccessDenied),
        ("user_access_error", KnownCode::AccessDenied),
        ("ERROR_METHOD_NOT_FOUND", KnownCode::MethodNotFound),
        ("NOT_FOUND", KnownCode::NotFound),
        ("ERROR_NOT_FOUND", KnownCode::NotFound),
        ("ENTITY_NOT_FOUND", KnownCode::NotFound),
        ("OWNER_NOT_FOUND", KnownCode::NotFound),
        (
            "ERROR_BATCH_LENGTH_EXCEEDED",
            KnownCode::BatchLengthExceeded,
        ),
        (
            "ERROR_BATCH_METHOD_NOT_ALLOWED",
            KnownCode::BatchMethodNotAllowed,
        ),
        ("INTERNAL_SERVER_ERROR", KnownCode::Internal),
        ("ERROR_UNEXPECTED_ANSWER", KnownCode::Internal),
        ("PORTAL_DELETED", KnownCode::PortalDeleted),
    ];
    for (code, expected) in codes {
        assert_eq!(known(code), expected, "{code}");
        assert_eq!(known(&code.to_ascii_lowercase()), expected, "{code}");
        assert_eq!(known(&code.to_ascii_uppercase()), expected, "{code}");
    }
}

#[test]
fn the_long_names_of_rest_3_mean_the_same() {
    let codes = [
        ("ACCESSDENIEDEXCEPTION", KnownCode::AccessDenied),
        ("INSUFFICIENTSCOPEEXCEPTION", KnownCode::InsufficientScope),
        ("METHODNOTFOUNDEXCEPTION", KnownCode::MethodNotFound),
        ("ENTITYNOTFOUNDEXCEPTION", KnownCode::NotFound),
        ("RATELIMITEXCEPTION", KnownCode::OperationTimeLimit),
        ("INTERNALEXCEPTION", KnownCode::Internal),
        ("INVALIDSELECTEXCEPTION", KnownCode::Other),
    ];
    for (name, expected) in codes {
        assert_eq!(
            known(&format!("BITRIX_REST_V3_EXCEPTION_{name}")),
            expected,
            "{name}"
        );
    }
}

#[test]
fn anything_else_is_a_code_too() {
    for code in [
        "",
        "0",
        "100",
        "ERROR_CORE",
        "INVALID_ARG_VALUE",
        "нет",
        "QUERY_LIMIT_EXCEEDED ",
    ] {
        assert_eq!(known(code), KnownCode::Other, "{code:?}");
    }
}
