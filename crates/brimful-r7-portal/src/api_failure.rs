//! What the API refuses, and how it says so.

/// An error of a method or of what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiFailure {
    pub(super) status: u16,
    pub(super) message: String,
    /// The number of the exception in .NET.
    pub(super) hresult: i64,
}

impl ApiFailure {
    fn new(status: u16, hresult: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            hresult,
        }
    }

    pub(super) fn item_not_found() -> Self {
        Self::new(404, -2_146_233_088, "Item not found")
    }

    pub(super) fn method_not_found() -> Self {
        Self::new(404, -2_146_233_069, "Method not found")
    }

    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(400, -2_147_024_809, message)
    }

    /// A parameter that is not of its type.
    pub(super) fn conversion(name: &str, text: &str) -> Self {
        let message = format!("Could not resolve value \"{text}\" of parameter {name}");
        Self::new(400, -2_146_233_088, message)
    }

    pub(super) fn access_denied() -> Self {
        Self::new(403, -2_146_233_078, "Access denied.")
    }

    /// Anything that is in no table.
    pub(super) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(500, -2_146_233_088, message)
    }
}
