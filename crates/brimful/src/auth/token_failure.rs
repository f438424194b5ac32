//! Why there is no token: told to everybody who waited for it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use brimful_protocol::ApiError;

use crate::error::{Error, ErrorKind, Execution};

/// Why there is no token.
#[derive(Debug, Clone)]
pub(crate) struct TokenFailure {
    pub(crate) kind: ErrorKind,
    message: String,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    /// What the token server answered.
    answer: Option<ApiError>,
}

impl TokenFailure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
            answer: None,
        }
    }

    pub(crate) fn answered(mut self, answer: ApiError) -> Self {
        self.answer = Some(answer);
        self
    }

    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into().into());
        self
    }

    /// What else is to be said of it.
    pub(crate) fn because(mut self, more: &str) -> Self {
        self.message = format!("{} ({more})", self.message);
        self
    }

    /// The error of a call that did not run for want of a token.
    pub(crate) fn into_error(self, what: &str) -> Error {
        let error = Error::new(
            self.kind,
            Execution::NotRun,
            format!("{what}: {}", self.message),
        );
        let error = match self.answer {
            Some(answer) => error.with_api(answer),
            None => error,
        };
        match self.cause {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
