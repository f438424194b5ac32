//! What an answer says: a result, or why the attempt failed and whether the next one may do better.

use std::time::Duration;

use brimful_protocol::rows::RowsError;
use brimful_protocol::{ApiError, Envelope, EnvelopeError, KnownCode};
use bytes::Bytes;
use http::StatusCode;
use http::header::LOCATION;
use url::Url;

use crate::auth::{host_of, may_follow};
use crate::error::{Error, ErrorKind, Execution};
use crate::retry::Failure;
use crate::transport::{Response, TransportError};

/// An attempt that did not succeed.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) failure: Failure,
    /// Where the portal has moved to, if that is what it answered.
    pub(super) redirect: Option<Box<Redirect>>,
    pub(super) error: Error,
}

/// From which address to which a portal has moved.
#[derive(Debug)]
pub(super) struct Redirect {
    pub(super) from: Url,
    pub(super) to: Url,
}

impl FailedAttempt {
    fn new(failure: Failure, error: Error) -> Self {
        Self {
            failure,
            redirect: None,
            error,
        }
    }

    /// The next answer would be the same.
    fn fatal(error: Error) -> Self {
        Self::new(Failure::Final, error)
    }

    /// No proper answer; the error says whether the call may have run.
    fn no_answer(error: Error) -> Self {
        let ran = error.execution();
        let first_contact = false;
        Self::new(Failure::NoAnswer { ran, first_contact }, error)
    }

    /// The same of a call in steps, of which those before the refused one have been done: it is not made again. Whether
    /// there is such a method, and who calls, is asked before the first step.
    pub(super) fn of_steps(self) -> Self {
        let ran_in_part = match self.failure {
            Failure::OperatingTimeUsedUp(_) => true,
            _ => self.error.kind() == ErrorKind::InsufficientScope,
        };
        if ran_in_part {
            Self::fatal(self.error.may_have_run())
        } else {
            self
        }
    }
}

/// Reads an answer. The code in the body decides before the status does: portals differ in their statuses.
pub(super) fn judge<T>(
    response: &Response,
    sent_to: &Url,
    read: impl Fn(&Bytes) -> Result<T, RowsError>,
) -> Result<T, FailedAttempt> {
    let status = response.status;
    if status.is_redirection() {
        return Err(redirected(response, sent_to));
    }
    let decode = |ran, message| Error::new(ErrorKind::Decode, ran, message);
    if status.is_success() {
        return read(&response.body).map_err(|error| {
            let message = format!("the portal sent {error}");
            match error {
                RowsError::Api(error) => refusal(error, status),
                // A sound answer of another kind will not be another one next time.
                RowsError::NoRows(_) | RowsError::Envelope(EnvelopeError::NoResult(_)) => {
                    FailedAttempt::fatal(decode(Execution::Ran, message))
                }
                RowsError::Envelope(EnvelopeError::NotJson { .. })
                    if response.body.trim_ascii_start().starts_with(b"{") =>
                {
                    let ran = Execution::Unknown;
                    FailedAttempt::new(Failure::BrokenAnswer { ran }, decode(ran, message))
                }
                _ => FailedAttempt::no_answer(decode(Execution::Unknown, message)),
            }
        });
    }
    Err(match Envelope::parse(&response.body) {
        Ok(Envelope {
            error: Some(error), ..
        }) => refusal(error, status),
        Ok(_) => unreadable(status, "JSON that is not an error"),
        Err(error) => unreadable(status, &error.to_string()),
    })
}

/// No server finds a body of this many bytes too large: who says so of a smaller one means something else.
pub(super) const SMALLEST_TOO_LARGE: usize = 1 << 10;

/// The server did not take the body of a request, so nothing of it was run.
pub(super) fn too_large(bytes: usize) -> FailedAttempt {
    let message = format!("the server takes no request of {bytes} bytes (413)");
    FailedAttempt::fatal(Error::new(ErrorKind::TooLarge, Execution::NotRun, message))
}

/// There is no answer at all.
pub(super) fn unanswered(failure: TransportError) -> FailedAttempt {
    let is_lasting = failure.kind.is_lasting();
    let error = failure.into_error();
    if is_lasting {
        FailedAttempt::fatal(error)
    } else {
        FailedAttempt::no_answer(error)
    }
}

fn unreadable(status: StatusCode, what: &str) -> FailedAttempt {
    let message = format!("the portal answered {status} with {what}");
    let error = |kind, ran| Error::new(kind, ran, message);
    match status {
        // The operating limit says so in JSON, and lasts minutes. This is somebody in front of the portal.
        StatusCode::TOO_MANY_REQUESTS => {
            FailedAttempt::no_answer(error(ErrorKind::QueryLimit, Execution::NotRun))
        }
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            FailedAttempt::no_answer(error(ErrorKind::Decode, Execution::Unknown))
        }
        // Something before the portal answered, or the portal's server: what stands behind it is not known.
        _ => FailedAttempt::fatal(error(ErrorKind::Decode, Execution::Unknown)),
    }
}

/// The portal said no.
fn refusal(error: ApiError, status: StatusCode) -> FailedAttempt {
    let known = error.code.known();
    let error = Error::api(error);
    match known {
        KnownCode::QueryLimitExceeded => {
            FailedAttempt::new(Failure::RateLimited { gated: false }, error)
        }
        KnownCode::OperationTimeLimit => {
            FailedAttempt::new(Failure::OperatingTimeUsedUp(Duration::ZERO), error)
        }
        // A front end that lost the script behind it answers in JSON too.
        KnownCode::Internal => FailedAttempt::no_answer(error),
        KnownCode::Other if status.is_server_error() => {
            FailedAttempt::no_answer(error.may_have_run())
        }
        KnownCode::ExpiredToken => FailedAttempt::new(Failure::TokenRefused, error),
        KnownCode::Auth if error.has_code("invalid_token") => {
            FailedAttempt::new(Failure::TokenRefused, error)
        }
        // REST 3.0 says so of whatever is wrong with a credential, and 403 of what a user may not do.
        KnownCode::AccessDenied
            if status == StatusCode::UNAUTHORIZED
                && error.has_code("BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION") =>
        {
            FailedAttempt::new(Failure::TokenRefused, error.was_not_let_in())
        }
        _ => FailedAttempt::fatal(error),
    }
}

/// A portal that was renamed sends to the same path at its new host. The client goes there with all that it has, so the
/// way must not lead into the clear, and a redirect to anywhere else (a login form) is not followed.
fn redirected(response: &Response, sent_to: &Url) -> FailedAttempt {
    let status = response.status;
    let location = response.headers.get(LOCATION);
    let to = location
        .and_then(|to| to.to_str().ok())
        .and_then(|to| sent_to.join(to).ok());
    let error = |message| Error::new(ErrorKind::Redirect, Execution::NotRun, message);
    let Some(to) = to.filter(Url::has_host) else {
        return FailedAttempt::fatal(error(format!(
            "the portal answered {status} without saying where it has moved to"
        )));
    };
    let host = host_of(&to);
    if status != StatusCode::FOUND {
        return FailedAttempt::fatal(error(format!(
            "the portal answered {status}, to {host}: a portal that was renamed answers 302, and to no other redirect a secret is sent. If it is your portal, use that address"
        )));
    }
    let trimmed = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let bare = to.username().is_empty() && to.password().is_none() && to.query().is_none();
    if trimmed(&to) != trimmed(sent_to) || to.origin() == sent_to.origin() || !bare {
        return FailedAttempt::fatal(error(format!(
            "the portal answered {status}, to another page of {host}: it does not answer there as a REST interface does"
        )));
    }
    if !may_follow(sent_to, &to) {
        return FailedAttempt::fatal(error(format!(
            "the portal has moved to {host} by plain {}, where no secret is sent: use its https address",
            to.scheme()
        )));
    }
    let error = error(format!("the portal has moved to {host}: use that address"));
    let from = sent_to.clone();
    FailedAttempt {
        redirect: Some(Box::new(Redirect { from, to })),
        ..FailedAttempt::new(Failure::Redirected, error)
    }
}
