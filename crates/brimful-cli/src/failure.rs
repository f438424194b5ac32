//! Failures: what is said when something goes wrong, what to do about it, and how the program then ends.

use std::error::Error as _;

use brimful::{DidItRun, Error, ErrorKind};
use brimful_protocol::{KnownCode, catalogue};

use crate::exit::Exit;

/// Why the program cannot go on: one line, and a hint if there is something to be done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// What lies behind it; shown with `-v`.
    pub(crate) causes: Vec<String>,
    /// What there is although it failed.
    pub(crate) kept: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            kept: None,
            hint: None,
        }
    }

    /// The command line asks for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// It was tried, and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// What to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// One more thing to do about it.
    pub(crate) fn and_hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = Some(match self.hint.take() {
            Some(first) => format!("{first}; {hint}"),
            None => hint,
        });
        self
    }

    /// What there is although it failed.
    pub(crate) fn kept(mut self, kept: impl Into<String>) -> Self {
        self.kept = Some(kept.into());
        self
    }

    /// A call that writes has failed. Whoever takes one that may have run for one that did not makes it twice.
    pub(crate) fn of_write(mut self, called: &str, error: &Error) -> Self {
        if error.did_it_run() == DidItRun::Unknown {
            self.exit = Exit::Incomplete;
            self.hint = Some(format!(
                "{called} may have run all the same: look in the portal before it is called again"
            ));
        }
        self
    }

    /// A failure of the client, with what can be done about it.
    pub(crate) fn of(error: &Error) -> Self {
        // What the client refuses before it asks a portal was asked for wrongly.
        let exit = match (error.kind(), error.method()) {
            (ErrorKind::Config, None) => Exit::Usage,
            _ => Exit::Failed,
        };
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            exit,
            message: error.to_string(),
            causes,
            kept: None,
            hint: hint(error),
        }
    }
}

/// Whether it is a login that is over. A webhook is refused with other codes.
fn is_of_tokens(error: &Error) -> bool {
    error.api_error().is_none_or(|api| {
        api.code.known() == KnownCode::ExpiredToken
            || api.code == "invalid_token"
            || api.code == "invalid_grant"
    })
}

fn hint(error: &Error) -> Option<String> {
    let method = error.method().unwrap_or_default();
    let hint = match error.kind() {
        ErrorKind::Transport => {
            "is the address right, and can this machine reach the portal? -v shows what the network said".to_owned()
        }
        ErrorKind::Decode => {
            "this is not how a Bitrix24 portal answers: is the address right, is a proxy in between?".to_owned()
        }
        ErrorKind::Auth if is_of_tokens(error) => "log in again: brimful login".to_owned(),
        ErrorKind::Auth => {
            "the portal does not know this webhook: check its user and code, or make a new one".to_owned()
        }
        ErrorKind::InsufficientScope => {
            let scope = catalogue::find(method)
                .map(|method| method.scope)
                .filter(|scope| !scope.is_empty());
            match scope {
                Some(scope) => format!("tick the scope {scope:?} in the webhook's settings"),
                None => "tick the method's scope in the webhook's settings".to_owned(),
            }
        }
        ErrorKind::AccessDenied => {
            "the webhook's user may not do this, or the portal's plan has no REST API".to_owned()
        }
        ErrorKind::MethodNotFound => match catalogue::nearest(method) {
            Some(near) if !near.eq_ignore_ascii_case(method) => format!("did you mean {near}?"),
            _ => "has the portal this method, and the webhook its scope?".to_owned(),
        },
        ErrorKind::QueryLimit => {
            "others use the portal from this address too: wait, or give this run less with --limit 20,1".to_owned()
        }
        ErrorKind::OperationTimeLimit => {
            "the portal gives a method so much time in ten minutes: go on later, or select fewer fields".to_owned()
        }
        _ => return None,
    };
    Some(hint)
}
